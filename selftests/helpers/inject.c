// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * inject [--calls LIST] [--kill N | --error ERRNO N] -- COMMAND …: run COMMAND;
 * count its system calls from its first to its last; at the Nth of those in
 * LIST kill it with SIGKILL before the call is made, or let the call fail with
 * ERRNO instead of being made. Its forks are a part of it, but not another program
 * that one of these executes: that runs on. LIST: names as below, "bpf:OBJ_PIN" for one
 * command of bpf(2), "all" for every call (the default).
 *
 * On descriptor 3, if open: "COUNT NAME", the calls counted and the one that
 * was hit ("-": the command ended before). Exit status: the command's, 137 when
 * it was killed, 125 when inject failed itself.
 */
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

#define CALL(NAME)                \
	{                         \
		SYS_##NAME, #NAME \
	}

static const struct {
	long nr;
	const char *name;
} calls[] = {
	CALL(bpf),        CALL(mkdirat),    CALL(unlinkat),   CALL(renameat2),  CALL(symlinkat),
	CALL(mount),      CALL(umount2),    CALL(sendto),     CALL(sendmsg),    CALL(socket),
	CALL(bind),       CALL(recvmsg),    CALL(flock),      CALL(openat),     CALL(ioctl),
	CALL(ftruncate),  CALL(fchmodat),   CALL(linkat),     CALL(write),      CALL(close),
	CALL(membarrier), CALL(setsockopt), CALL(getdents64), CALL(exit_group),
#ifdef __x86_64__
	CALL(mkdir),      CALL(unlink),     CALL(rmdir),      CALL(rename),     CALL(symlink),
	CALL(open),       CALL(link),
#endif
};

static const char *const commands[] = {
	"MAP_CREATE",        "MAP_LOOKUP_ELEM",
	"MAP_UPDATE_ELEM",   "MAP_DELETE_ELEM",
	"MAP_GET_NEXT_KEY",  "PROG_LOAD",
	"OBJ_PIN",           "OBJ_GET",
	"PROG_ATTACH",       "PROG_DETACH",
	"PROG_TEST_RUN",     "PROG_GET_NEXT_ID",
	"MAP_GET_NEXT_ID",   "PROG_GET_FD_BY_ID",
	"MAP_GET_FD_BY_ID",  "OBJ_GET_INFO_BY_FD",
	"PROG_QUERY",        "RAW_TRACEPOINT_OPEN",
	"BTF_LOAD",          "BTF_GET_FD_BY_ID",
	"TASK_FD_QUERY",     "MAP_LOOKUP_AND_DELETE",
	"MAP_FREEZE",        "BTF_GET_NEXT_ID",
	"MAP_LOOKUP_BATCH",  "MAP_LOOKUP_AND_DELETE_BATCH",
	"MAP_UPDATE_BATCH",  "MAP_DELETE_BATCH",
	"LINK_CREATE",       "LINK_UPDATE",
	"LINK_GET_FD_BY_ID", "LINK_GET_NEXT_ID",
	"ENABLE_STATS",      "ITER_CREATE",
	"LINK_DETACH",       "PROG_BIND_MAP",
};

static const struct {
	const char *name;
	int value;
} errors[] = { { "ENOMEM", ENOMEM }, { "EPERM", EPERM },
	       { "ENOSPC", ENOSPC }, { "EBUSY", EBUSY },
	       { "EINTR", EINTR },   { "EAGAIN", EAGAIN },
	       { "EINVAL", EINVAL }, { "EAFNOSUPPORT", EAFNOSUPPORT } };

static const char *list = "all";
static long at;         /* which call to hit; 0: none */
static int error_value; /* 0: kill */

static void die(const char *what)
{
	perror(what);
	exit(125);
}

static const char *call_name(const struct ptrace_syscall_info *info)
{
	static char name[64];

	if (info->entry.nr == SYS_bpf &&
	    info->entry.args[0] < sizeof(commands) / sizeof(*commands)) {
		snprintf(name, sizeof(name), "bpf:%s", commands[info->entry.args[0]]);
		return name;
	}
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if ((long)info->entry.nr == calls[i].nr)
			return calls[i].name;
	snprintf(name, sizeof(name), "#%llu", (unsigned long long)info->entry.nr);
	return name;
}

/* Whether NAME, or its part before ':', is a word of the list. */
static int listed(const char *name)
{
	const char *colon = strchr(name, ':');
	size_t full = strlen(name), part = colon ? (size_t)(colon - name) : full;

	if (!strcmp(list, "all"))
		return 1;
	for (const char *word = list; word; word = strchr(word, ',')) {
		size_t len;

		word += *word == ',';
		len = strcspn(word, ",");
		if ((len == full || len == part) && !strncmp(word, name, len))
			return 1;
	}
	return 0;
}

#if defined(__x86_64__)
static void skip_call(pid_t pid)
{
	if (ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, orig_rax), -1L))
		die("ptrace");
}

static void set_result(pid_t pid, long value)
{
	if (ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, rax), value))
		die("ptrace");
}
#elif defined(__aarch64__)
static void skip_call(pid_t pid)
{
	int nr = -1;
	struct iovec iov = { &nr, sizeof(nr) };

	if (ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &iov))
		die("ptrace");
}

static void set_result(pid_t pid, long value)
{
	struct user_regs_struct regs;
	struct iovec iov = { &regs, sizeof(regs) };

	if (ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov))
		die("ptrace");
	regs.regs[0] = value;
	if (ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &iov))
		die("ptrace");
}
#else
#error "no way known to change a system call's result here"
#endif

static void report(long count, const char *hit)
{
	dprintf(3, "%ld %s\n", count, hit);
}

static pid_t start(char **argv)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		die("fork");
	if (!pid) {
		close(3);
		if (ptrace(PTRACE_TRACEME, 0, 0, 0) || raise(SIGSTOP))
			die("ptrace");
		execvp(argv[0], argv);
		die(argv[0]);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, pid, 0,
		   PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC |
			   PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE) ||
	    ptrace(PTRACE_SYSCALL, pid, 0, 0))
		die("ptrace");
	return pid;
}

/* Returns the exit status. */
static int trace(pid_t first)
{
	char hit[64] = "-";
	long count = 0;
	int running = 0; /* behind its execve */
	pid_t failing = 0;
	int status;

	for (;;) {
		pid_t pid = waitpid(-1, &status, __WALL);
		int sig = 0;

		if (pid < 0)
			die("waitpid");
		if (WIFEXITED(status) || WIFSIGNALED(status)) {
			if (pid != first)
				continue;
			report(count, hit);
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		}
		if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
			struct ptrace_syscall_info info = {};

			if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0) {
				if (errno == ESRCH) /* a child, killed with its parent */
					continue;
				die("ptrace");
			}
			if (running && info.op == PTRACE_SYSCALL_INFO_ENTRY) {
				const char *name = call_name(&info);

				if (listed(name) && ++count == at) {
					snprintf(hit, sizeof(hit), "%s", name);
					if (error_value) {
						skip_call(pid);
						failing = pid;
					} else {
						kill(first, SIGKILL);
						continue;
					}
				}
			} else if (info.op == PTRACE_SYSCALL_INFO_EXIT && failing == pid) {
				set_result(pid, -error_value);
				failing = 0;
			}
		} else if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8)) {
			if (pid != first) {
				ptrace(PTRACE_DETACH, pid, 0, 0);
				continue;
			}
			running = 1;
		} else if (!(status >> 16) && WSTOPSIG(status) != SIGSTOP) {
			sig = WSTOPSIG(status);
		}
		if (ptrace(PTRACE_SYSCALL, pid, 0, sig) && errno != ESRCH)
			die("ptrace");
	}
}

int main(int argc, char **argv)
{
	int i = 1;

	for (; i < argc && strcmp(argv[i], "--"); i++) {
		if (!strcmp(argv[i], "--calls") && i + 1 < argc) {
			list = argv[++i];
		} else if (!strcmp(argv[i], "--kill") && i + 1 < argc) {
			at = atol(argv[++i]);
		} else if (!strcmp(argv[i], "--error") && i + 2 < argc) {
			i++;
			for (size_t e = 0; e < sizeof(errors) / sizeof(*errors); e++)
				if (!strcmp(argv[i], errors[e].name))
					error_value = errors[e].value;
			at = atol(argv[++i]);
			if (!error_value)
				i = argc;
		} else {
			i = argc;
		}
	}
	if (i + 1 >= argc) {
		fprintf(stderr, "usage: inject [--calls LIST] [--kill N | --error ERRNO N] "
				"-- COMMAND ...\n");
		return 125;
	}
	return trace(start(argv + i + 1));
}
