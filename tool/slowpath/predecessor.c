// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "diag.h"
#include "predecessor.h"
#include "process.h"

enum {
	PATIENCE_MS = 15000, /* for what is in the rings, whatever its watchdog would allow */
	TURN_MS = 20,
	PIPE_TURN_MS = 10,
	PIPE_MS = 2000,   /* for a process that has been killed */
	KILLED_MS = 5000, /* likewise */
};

static int get_fd(const struct predecessor *old, int number)
{
	int fd = syscall(SYS_pidfd_getfd, old->pidfd, number, 0);

	return fd < 0 ? -errno : fd;
}

static void find_handover(struct predecessor *old, int number)
{
	int fd = get_fd(old, number), err = fd < 0 ? fd : handover_map(fd, &old->handover);

	if (fd >= 0)
		close(fd);
	if (!err) {
		old->wake = get_fd(old, old->handover->wake);
		err = old->wake < 0 ? old->wake : 0;
	}
	if (!err)
		return;
	info("cannot take over from process %d: %s", old->pid, strerror(-err));
	if (old->handover)
		handover_unmap(old->handover);
	old->handover = NULL;
}

void predecessor_find(struct predecessor *old, const struct galette_helper *record)
{
	const struct galette_helper seen = *record;

	*old = (struct predecessor) {
		.pid = seen.pid, .pidfd = process_open(&seen), .wake = -1, .memory_fd = -1
	};
	if (old->pidfd >= 0)
		find_handover(old, seen.memory);
}

bool predecessor_adopt(struct predecessor *old, const struct slow_shape *shape)
{
	int err;

	if (!old->handover || memcmp(&old->handover->shape, shape, sizeof(*shape)))
		return false;
	old->memory_fd = get_fd(old, old->handover->memory);
	err = old->memory_fd < 0 ? old->memory_fd
				 : memory_map(shape, old->memory_fd, &old->ports.memory);
	if (!err) {
		err = ports_take(&old->ports, old->pidfd, old->handover->sockets);
		if (!err) {
			old->adopted = true;
			return true;
		}
		ports_close(&old->ports);
		memory_unmap(&old->ports.memory);
	}
	info("cannot take the sockets of process %d: %s", old->pid, strerror(-err));
	if (old->memory_fd >= 0)
		close(old->memory_fd);
	old->memory_fd = -1;
	return false;
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
		while (left > 0 && !process_ended(fd, PIPE_TURN_MS))
			left -= PIPE_TURN_MS;
		close(fd);
	}
}

/* Tell it to hand over; one that cannot be told so, to end. */
static void ask(struct predecessor *old, __u64 start)
{
	const __u64 one = 1;

	if (old->handover) {
		old->handover->adopted = old->adopted;
		old->handover->successor_start = start;
		__atomic_store_n(&old->handover->successor, getpid(), __ATOMIC_SEQ_CST);
		if (write(old->wake, &one, sizeof(one)) == sizeof(one))
			return;
	}
	process_signal(old->pidfd, SIGTERM);
}

/* Its pipes have ended. It may stay itself, for its init system. */
static bool has_handed(const struct predecessor *old)
{
	int left = PATIENCE_MS / TURN_MS;
	bool done = false;

	while (!done && left--)
		done = old->handover
			       ? handover_wait(old->handover) || process_ended(old->pidfd, 0)
			       : process_ended(old->pidfd, TURN_MS);
	return done;
}

static int end_by_force(const struct predecessor *old)
{
	int err = process_signal(old->pidfd, SIGKILL);

	if (!err && process_ended(old->pidfd, KILLED_MS))
		return 0;
	error("galette-slow, process %d, does not end: %s", old->pid,
	      err ? strerror(-err) : "it has been killed");
	return err ?: -EBUSY;
}

int predecessor_end(struct predecessor *old, __u64 start, const struct galette_pipe *pipes)
{
	int err = 0;

	ask(old, start);
	if (!has_handed(old))
		err = end_by_force(old);
	if (process_ended(old->pidfd, 0))
		await_pipes(pipes, GALETTE_PIPES_MAX);
	if (old->handover)
		handover_unmap(old->handover);
	close(old->wake);
	close(old->pidfd);
	old->pidfd = -1;
	return err;
}
