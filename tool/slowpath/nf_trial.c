// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The child loads code that nobody vouches for: it has no privilege, no file but
 * the object and a pipe, and its time is limited. (Not its address space: what
 * compiles signatures takes what it needs, and ASan takes terabytes.) Through
 * the pipe comes a record a complaint and at last how it went; whoever wrote
 * them, nothing that they say is taken on trust.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/param.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "alloc.h"
#include "nf_host.h"
#include "nf_trial.h"

enum {
	SECONDS_MAX = 20, /* tens of thousands of signatures take some */
	COMPLAINTS_MAX = 1000,
	TEXT_MAX = 512,
	NOBODY = 65534,
	/* The child's descriptors: these and no others. */
	PIPE_FD = 3,
	OBJECT_FD = 4,
};

#define OBJECT_PATH "/proc/self/fd/4"

/* What a record is about, where not about f->files[about]. */
enum {
	ABOUT_OBJECT = -1,
	DONE = -2 /* the last one; line is 0 or a negative errno */
};

struct record {
	int about;
	int line, column;
	unsigned int length; /* of the text behind it */
};

/* ---- the child ---- */

struct child {
	const struct model_function *f;
	int complaints;
};

/* A record is shorter than PIPE_BUF: it is written whole. */
static void report(int about, struct loc loc, const char *text)
{
	char bytes[sizeof(struct record) + TEXT_MAX];
	struct record record = { about, loc.line, loc.column, strnlen(text, TEXT_MAX) };
	size_t size = sizeof(record) + record.length;

	memcpy(bytes, &record, sizeof(record));
	memcpy(bytes + sizeof(record), text, record.length);
	if (write(PIPE_FD, bytes, size) != (ssize_t)size)
		_exit(1);
}

static void complain(void *arg, const char *field, struct loc loc, const char *text)
{
	struct child *child = arg;
	int about = ABOUT_OBJECT;

	if (child->complaints++ >= COMPLAINTS_MAX)
		return;
	for (int i = 0; field && i < child->f->file_count; i++)
		if (!strcmp(child->f->files[i].field, field))
			about = i;
	report(about, loc, text);
}

/* Its end must not be seen, leave a core or outlive the tool. */
static void keep_quiet(unsigned int seconds)
{
	static const int deadly[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGXCPU };
	const struct rlimit cpu = { seconds, seconds }, none = { 0, 0 };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		signal(deadly[i], SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	setrlimit(RLIMIT_CPU, &cpu);
	setrlimit(RLIMIT_CORE, &none);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		dup2(null, fd);
}

/* Two descriptors to known places, the others closed. */
static int keep_two(int pipe_fd, int object_fd)
{
	int high = fcntl(pipe_fd, F_DUPFD, OBJECT_FD + 1);

	if (high < 0 || dup2(object_fd, OBJECT_FD) < 0 || dup2(high, PIPE_FD) < 0)
		return -errno;
	return close_range(OBJECT_FD + 1, ~0U, 0) ? -errno : 0;
}

/* The child of a tool that is no root is what the tool is, and can still gain nothing. */
static int drop_privilege(pid_t parent)
{
	const struct rlimit none = { 0, 0 };

	if (geteuid() == 0 && (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
			       setresuid(NOBODY, NOBODY, NOBODY)))
		return -errno;
	/* All of these a change of user has undone, or would be no limit to root. */
	if (setrlimit(RLIMIT_NPROC, &none) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL) ||
	    prctl(PR_SET_DUMPABLE, 1)) /* else /proc/self/fd is root's */
		return -errno;
	return getppid() == parent ? 0 : -ESRCH;
}

static int load(struct child *child, struct diag *diag)
{
	const struct model_function *f = child->f;
	struct nf_host_file *files = xcalloc(f->file_count + 1ul, sizeof(*files));
	struct nf_host *host;
	int err;

	host = nf_host_open(OBJECT_PATH, f->object, (struct loc) {}, diag);
	if (!host)
		return -EINVAL;
	err = nf_host_config(host, object_var(f->object, &f->object->config),
			     f->object->config.size);
	for (int i = 0; i < f->file_count; i++)
		files[i] = (struct nf_host_file) { f->files[i].field, f->files[i].bytes,
						   f->files[i].size };
	return err ?: nf_host_load(host, files, f->file_count, complain, child);
}

/* To the child it is a descriptor; to people, the file that it was read from. */
static const char *without_path(const char *text)
{
	static const char path[] = OBJECT_PATH ": ";

	return strncmp(text, path, sizeof(path) - 1) ? text : text + sizeof(path) - 1;
}

/* Nothing is freed: the child ends here. */
static void run_child(const struct model_function *f, int pipe_fd, int object_fd,
		      unsigned int seconds, pid_t parent)
{
	struct child child = { .f = f };
	struct diag diag = {};
	int err;

	keep_quiet(seconds);
	err = keep_two(pipe_fd, object_fd) ?: drop_privilege(parent);
	if (!err)
		err = load(&child, &diag);
	for (int i = 0; i < diag.count; i++)
		report(ABOUT_OBJECT, (struct loc) {}, without_path(diag.messages[i].text));
	report(DONE, (struct loc) { .line = err }, "");
	_exit(0);
}

/* ---- the parent ---- */

struct trial {
	const struct model_function *f;
	struct diag *diags; /* of f->files */
	char *trouble;      /* with the object */
	int result;
	bool done, late, ended; /* none of them: it says what makes no sense */
};

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Exactly size bytes before the deadline. False: there are not so many. */
static bool read_all(int fd, void *to, size_t size, long deadline)
{
	for (char *at = to; size;) {
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		long left = deadline - now_ms();
		ssize_t n;

		if (left <= 0)
			return false;
		n = poll(&wait, 1, (int)left);
		if (n > 0)
			n = read(fd, at, size);
		else if (n == 0)
			return false;
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		size -= n;
	}
	return true;
}

static void take(struct trial *t, const struct record *record, const char *text)
{
	if (record->about >= 0)
		diag_error(&t->diags[record->about],
			   (struct loc) { record->line, record->column }, "%s", text);
	else if (!t->trouble)
		t->trouble = xstrdup(text);
}

static void read_records(struct trial *t, int fd, long deadline)
{
	char text[TEXT_MAX + 1];
	struct record record;

	for (int i = 0; i <= COMPLAINTS_MAX + 1; i++) {
		if (!read_all(fd, &record, sizeof(record), deadline)) {
			t->late = now_ms() >= deadline;
			t->ended = !t->late;
			return;
		}
		if (record.about == DONE) {
			t->result = record.line < 0 ? MAX(record.line, -4095) : record.line;
			t->done = true;
			return;
		}
		if (record.about < ABOUT_OBJECT || record.about >= t->f->file_count ||
		    record.line < 0 || record.column < 0 || record.length > TEXT_MAX ||
		    !read_all(fd, text, record.length, deadline))
			return;
		text[record.length] = '\0';
		take(t, &record, text);
	}
}

/* A descriptor of the object's bytes, which no one can change; or a negative errno. */
static int object_fd(const struct native *native)
{
	int fd = memfd_create("galette-trial", MFD_CLOEXEC | MFD_ALLOW_SEALING), err = 0;

	if (fd < 0)
		return -errno;
	for (size_t at = 0; at < native->size && !err;) {
		ssize_t n = write(fd, (char *)native->bytes + at, native->size - at);

		err = n < 0 ? -errno : 0;
		at += n < 0 ? 0 : n;
	}
	if (!err && fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK))
		err = -errno;
	if (err)
		close(fd);
	return err ?: fd;
}

/* 0, or why it could not even be tried. *status: how the child ended, where that can be told. */
static int try(struct trial *t, unsigned int seconds, int *status)
{
	int ends[2] = { -1, -1 }, object = object_fd(t->f->native), err = 0;
	pid_t parent = getpid(), child = -1;

	if (object < 0)
		return object;
	if (pipe2(ends, O_CLOEXEC) || (child = fork()) < 0)
		err = -errno;
	if (!child)
		run_child(t->f, ends[1], object, seconds, parent);
	close(object);
	if (ends[1] >= 0)
		close(ends[1]);
	if (child > 0) {
		read_records(t, ends[0], now_ms() + 3000l * seconds);
		/* What it does now is of no interest. How it ended, if it has, stays so. */
		kill(child, SIGKILL);
		while (waitpid(child, status, 0) < 0 && errno == EINTR)
			;
	}
	if (ends[0] >= 0)
		close(ends[0]);
	return err;
}

/* Why it is not loaded, where it has no errors to show. */
static void explain(const struct trial *t, int status, unsigned int seconds, struct loc loc,
		    struct diag *diag)
{
	const char *name = t->f->name, *file = t->f->native->file;
	int fatal = t->ended && WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (t->trouble)
		diag_error(diag, loc, "%s: %s", file, t->trouble);
	else if (t->done)
		diag_error(diag, loc, "%s: '%s' cannot be loaded: %s", file, name,
			   strerror(-t->result));
	else if (t->late || fatal == SIGKILL || fatal == SIGXCPU)
		diag_error(diag, loc, "%s: '%s' is not loaded within %u seconds", file, name,
			   seconds);
	else if (fatal)
		diag_error(diag, loc, "%s: '%s' crashes when it is loaded: %s", file, name,
			   strsignal(fatal));
	else
		diag_error(diag, loc, "%s: '%s' ends when it is loaded", file, name);
}

/* Each file's errors, then one error in the chain file for all of them. True: there are some. */
static bool print_files(struct trial *t, struct loc loc, struct diag *diag)
{
	bool any = false;

	for (int i = 0; i < t->f->file_count; i++) {
		struct diag *file = &t->diags[i];

		if (!file->errors)
			continue;
		any = true;
		diag_flush(file);
		diag_error(diag, loc, "'%s' does not take %s '%s': %d error%s%s", t->f->name,
			   t->f->files[i].field, t->f->files[i].path, file->errors,
			   file->errors > 1 ? "s" : "",
			   file->errors >= COMPLAINTS_MAX ? " or more" : "");
	}
	return any;
}

int nf_trial_within(const struct model_function *f, unsigned int seconds, struct loc loc,
		    struct diag *diag)
{
	struct trial t = { .f = f, .diags = xcalloc(f->file_count + 1ul, sizeof(*t.diags)) };
	int status = 0, err;
	bool any, good;

	for (int i = 0; i < f->file_count; i++)
		t.diags[i].file = f->files[i].path;
	err = try(&t, seconds, &status);
	any = print_files(&t, loc, diag);
	good = !err && t.done && !t.result && !any && !t.trouble;
	if (err)
		diag_error(diag, loc, "'%s' cannot be tried: %s", f->name, strerror(-err));
	else if (!good && (!any || t.trouble || !t.done))
		explain(&t, status, seconds, loc, diag);
	free(t.trouble);
	free(t.diags);
	return good ? 0 : -EINVAL;
}

int nf_trial(const struct model_function *f, struct loc loc, struct diag *diag)
{
	return nf_trial_within(f, SECONDS_MAX, loc, diag);
}
