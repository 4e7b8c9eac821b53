/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trial.h"

enum {
	SECONDS_MAX = 5 /* of CPU time; what is well-formed takes milliseconds */
};

/* In the child: its end must not be seen, leave a core or outlive the tool. */
static void keep_quiet(void)
{
	static const int deadly[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGXCPU };
	const struct rlimit cpu = { SECONDS_MAX, SECONDS_MAX }, core = { 0, 0 };
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		signal(deadly[i], SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setrlimit(RLIMIT_CPU, &cpu);
	setrlimit(RLIMIT_CORE, &core);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
}

/*
 * The child says so when it is through. That, and not its exit status, tells:
 * who started the tool may have taken SIGCHLD away.
 */
int trial(void (*fn)(const void *bytes, size_t length), const void *bytes, size_t length)
{
	int ends[2];
	ssize_t got;
	char through = 0;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	child = fork();
	if (child < 0) {
		int err = -errno;

		close(ends[0]);
		close(ends[1]);
		return err;
	}
	if (!child) {
		keep_quiet();
		fn(bytes, length);
		_exit(write(ends[1], &through, 1) != 1);
	}
	close(ends[1]);
	do
		got = read(ends[0], &through, 1);
	while (got < 0 && errno == EINTR);
	close(ends[0]);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return got == 1 ? 0 : -EFAULT;
}
