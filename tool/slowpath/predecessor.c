// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "diag.h"
#include "predecessor.h"
#include "process.h"

enum {
	PATIENCE_MS = 15000, /* for what is in the rings; its own watchdog is quicker */
	PIPE_TURN_MS = 10,
	PIPE_MS = 2000, /* for a process that has been killed */
};

void predecessor_find(struct predecessor *old, const struct galette_helper *record)
{
	*old = (struct predecessor) { .pidfd = process_open(record), .memory_fd = -1 };
	old->pid = old->pidfd >= 0 ? (int)record->pid : 0;
}

bool predecessor_adopt(struct predecessor *old, const struct galette_helper *record,
		       const struct slow_shape *shape)
{
	int err;

	old->memory_fd = syscall(SYS_pidfd_getfd, old->pidfd, record->memory, 0);
	if (old->memory_fd < 0) {
		info("cannot take over from process %d: %s", old->pid, strerror(errno));
		return false;
	}
	old->memory = memory_map(old->memory_fd);
	if (old->memory && memory_fits(old->memory, shape)) {
		err = ports_take(&old->ports, old->memory, old->pidfd);
		old->adopted = !err;
		if (!err)
			return true;
		info("cannot take the sockets of process %d: %s", old->pid, strerror(-err));
		ports_close(&old->ports);
	}
	close(old->memory_fd);
	old->memory_fd = -1;
	return false;
}

static bool has_ended(int pidfd, int ms)
{
	struct pollfd poll_fd = { .fd = pidfd, .events = POLLIN };

	return poll(&poll_fd, 1, ms) > 0;
}

/*
 * Its supervisor is gone; pipes follow it (PR_SET_PDEATHSIG), but not at the same
 * moment. The numbers are where pipes write: not to be trusted with a signal.
 */
static void await_pipes(const struct galette_pipe *pipes, __u32 count)
{
	int left = PIPE_MS;

	for (__u32 i = 0; i < count; i++) {
		int fd = pipes[i].pid ? (int)syscall(SYS_pidfd_open, pipes[i].pid, 0) : -1;

		if (fd < 0)
			continue;
		while (left > 0 && !has_ended(fd, PIPE_TURN_MS))
			left -= PIPE_TURN_MS;
		close(fd);
	}
}

/* `handed` is set when its pipes have ended; it may stay itself, for its init system. */
void predecessor_end(struct predecessor *old, __u64 start, const struct galette_pipe *pipes)
{
	const struct timespec turn = { .tv_nsec = 20000000 };
	int left = PATIENCE_MS / 20;
	bool handed = false, ended = false;

	if (old->memory) {
		old->memory->adopted = old->adopted;
		old->memory->successor_start = start;
		__atomic_store_n(&old->memory->successor, getpid(), __ATOMIC_SEQ_CST);
	}
	process_signal(old->pidfd, SIGTERM);
	while (!handed && !ended && left--) {
		if (old->memory)
			syscall(SYS_futex, &old->memory->handed, FUTEX_WAIT, 0, &turn);
		handed = old->memory && __atomic_load_n(&old->memory->handed, __ATOMIC_SEQ_CST);
		ended = has_ended(old->pidfd, old->memory ? 0 : 20);
	}
	if (!handed && !ended) {
		process_signal(old->pidfd, SIGKILL);
		ended = has_ended(old->pidfd, -1);
	}
	if (!handed)
		await_pipes(pipes, GALETTE_PIPES_MAX);
	if (old->memory && !old->adopted)
		memory_unmap(old->memory);
	close(old->pidfd);
	old->pidfd = -1;
}
