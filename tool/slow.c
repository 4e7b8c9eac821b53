/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "diag.h"
#include "generations.h"
#include "helper.skel.h"
#include "pins.h"
#include "process.h"
#include "slow.h"
#include "timing.h"
#include "upcall.h"

enum {
	STOP_MS = 20000, /* it ends by itself sooner, or something is very wrong with it */
	COUNT_MS = 500,
};

/* ---- its records ---- */

int slow_make(const char *chain_dir)
{
	struct helper_bpf *skel = helper_bpf__open_and_load();
	char path[PATH_MAX];
	int err = skel ? 0 : -errno;

	if (!err && (pins_path(path, chain_dir, "slow") || mkdir(path, 0700)))
		err = -errno;
	if (!err)
		err = pins_pin(bpf_map__fd(skel->maps.helper), chain_dir, "slow/helper")
			      ?: pins_pin(bpf_map__fd(skel->maps.pipes), chain_dir,
					  "slow/pipes")
			      ?: pins_pin(bpf_map__fd(skel->maps.delivered), chain_dir,
					  "slow/delivered");
	helper_bpf__destroy(skel);
	if (err)
		error("cannot make %s/slow: %s", chain_dir, strerror(-err));
	return err;
}

static int read_record(const char *chain_dir, const char *name, void *to, size_t size)
{
	int fd = pins_open(chain_dir, "slow/%s", name), err = fd < 0 ? fd : 0;
	void *at = err ? MAP_FAILED : mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);

	if (!err && at == MAP_FAILED)
		err = -errno;
	if (!err) {
		memcpy(to, at, size);
		munmap(at, size);
	}
	if (fd >= 0)
		close(fd);
	return err;
}

int slow_read(const char *chain_dir, struct slow_status *status)
{
	int err = read_record(chain_dir, "helper", &status->helper, sizeof(status->helper))
			  ?: read_record(chain_dir, "pipes", status->pipes,
					 sizeof(status->pipes));
	int pidfd = err ? -1 : process_open(&status->helper);

	status->alive = pidfd >= 0;
	/* What one that was killed could not take back. */
	for (int i = 0; i < GALETTE_PIPES_MAX && !status->alive; i++) {
		status->pipes[i].pid = 0;
		status->pipes[i].function = ~0u;
	}
	if (pidfd >= 0)
		close(pidfd);
	return err;
}

bool slow_runs(const char *chain_dir)
{
	struct slow_status status;

	return !slow_read(chain_dir, &status) && status.alive;
}

int slow_count(const char *chain_dir, struct slow_status *status)
{
	const struct timespec turn = { .tv_nsec = 1000000 };
	int err = slow_read(chain_dir, status), left = COUNT_MS;
	__u32 before = status->helper.counted;
	int pidfd = err || !status->alive ? -1 : process_open(&status->helper);

	if (pidfd < 0)
		return err;
	if (process_signal(pidfd, SIGUSR1))
		left = 0;
	close(pidfd);
	while (!err && status->helper.counted == before && left--) {
		nanosleep(&turn, NULL);
		err = slow_read(chain_dir, status);
	}
	return err;
}

/* ---- start ---- */

/* Beside this executable, which may run from the build tree; else wherever it is installed. */
static void run(const char *chain_dir, int ready)
{
	char self[PATH_MAX], path[PATH_MAX + 16], dir[PATH_MAX], name[PATH_MAX], number[16];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *argv[10] = { "galette-slow", "--replace",  "--ready",
			   number,         "--pin-root", dirname(strcpy(dir, chain_dir)) };
	int argc = 6;

	if (diag_verbose || diag_quiet)
		argv[argc++] = diag_verbose ? "-v" : "-q";
	argv[argc++] = "--";
	argv[argc] = basename(strcpy(name, chain_dir));
	pins_decode(argv[argc]);
	snprintf(number, sizeof(number), "%d", ready);
	fcntl(ready, F_SETFD, 0);
	self[length > 0 ? length : 0] = '\0';
	snprintf(path, sizeof(path), "%s/galette-slow", dirname(self));
	execv(path, argv);
	if (errno == ENOENT)
		execvp(argv[0], argv);
	error("cannot start galette-slow: %s", strerror(errno));
	_exit(127);
}

/* It says one byte when it handles packets, and nothing when it ends before. */
static int wait_ready(int ready)
{
	char byte;
	ssize_t got;

	do
		got = read(ready, &byte, 1);
	while (got < 0 && errno == EINTR);
	return got == 1 ? 0 : -ECHILD;
}

int slow_start(const char *chain_dir)
{
	int ends[2], err;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC)) {
		err = -errno;
		error("cannot start galette-slow: %s", strerror(-err));
		return err;
	}
	child = fork();
	if (!child)
		run(chain_dir, ends[1]);
	close(ends[1]);
	err = child < 0 ? -errno : wait_ready(ends[0]);
	close(ends[0]);
	if (err) {
		error("the slow path cannot be started");
		if (child > 0)
			waitpid(child, NULL, 0);
	}
	return err;
}

/* ---- stop ---- */

/* The one that runs, if any. */
static void end_running(const char *chain_dir)
{
	struct slow_status status;
	int pidfd;

	if (slow_read(chain_dir, &status) || !status.alive)
		return;
	pidfd = process_open(&status.helper);
	if (pidfd < 0)
		return;
	process_signal(pidfd, SIGTERM);
	if (!process_ended(pidfd, STOP_MS)) {
		warning("galette-slow (process %u) did not end: killed", status.helper.pid);
		process_signal(pidfd, SIGKILL);
		process_ended(pidfd, -1);
	}
	close(pidfd);
}

/* Nobody is to begin any more. */
static void forbid(const char *chain_dir)
{
	int fd = pins_open(chain_dir, "slow/helper");
	struct galette_helper *helper =
		fd < 0 ? MAP_FAILED
		       : mmap(NULL, sizeof(*helper), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (helper != MAP_FAILED) {
		__atomic_store_n(&helper->memory, ~0u, __ATOMIC_SEQ_CST);
		munmap(helper, sizeof(*helper));
	}
	if (fd >= 0)
		close(fd);
}

/*
 * One that a killed command has started may be about to begin. Whoever begins or
 * runs holds the lock: without it none is left, and with it none can begin.
 */
void slow_stop(const char *chain_dir, bool for_good)
{
	const struct timespec turn = { .tv_nsec = 1000000 };
	char path[PATH_MAX];
	int left = STOP_MS, lock = -1;

	if (!pins_path(path, chain_dir, "slow"))
		lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	end_running(chain_dir);
	while (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) && left--) {
		nanosleep(&turn, NULL);
		end_running(chain_dir);
	}
	if (for_good)
		forbid(chain_dir);
	if (lock >= 0)
		close(lock);
}

/* ---- as needed ---- */

static bool knows(const struct galette_helper *helper, const char *generation_dir)
{
	struct bpf_map_info info = { 0 };
	__u32 length = sizeof(info);
	int fd = pins_open(generation_dir, "xsks");
	bool known = false;

	if (fd < 0)
		return false;
	if (!bpf_obj_get_info_by_fd(fd, &info, &length))
		for (size_t i = 0; i < sizeof(helper->xsks) / sizeof(__u32); i++)
			known |= helper->xsks[i] == info.id;
	close(fd);
	return known;
}

int slow_ensure(const struct state *state, const char *generation_dir, bool no_helper)
{
	struct slow_status status;
	enum timing before;
	int err;

	if (!upcall_any(generation_dir))
		return 0;
	err = slow_read(state->dir, &status);
	if (err) {
		error("cannot read %s/slow: %s", state->dir, strerror(-err));
		return err;
	}
	if (status.alive ? knows(&status.helper, generation_dir) : no_helper)
		return 0;
	before = timing_enter(TIMING_SLOW);
	err = slow_start(state->dir);
	timing_enter(before);
	return err;
}

/* By an init system, which would start it again at once, and give up in the end. */
static bool is_kept(const char *generation_dir)
{
	int fd = pins_open(generation_dir, "slowpath");
	struct galette_slowpath slowpath = { 0 };
	__u32 zero = 0;

	if (fd < 0)
		return false;
	bpf_map_lookup_elem(fd, &zero, &slowpath);
	close(fd);
	return slowpath.no_helper;
}

void slow_settle(const struct state *state, bool needed)
{
	struct slow_status status;
	char dir[PATH_MAX];

	if (needed || !state->current || pins_path(dir, state->dir, "gen/%u", state->current) ||
	    is_kept(dir) || slow_read(state->dir, &status) || !status.alive)
		return;
	if (!generations_wait())
		slow_stop(state->dir, false);
}
