// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "contain.h"
#include "helper.h"
#include "pipe.h"
#include "predecessor.h"
#include "setup.h"
#include "watchdog.h"

struct helper {
	const struct helper_options *options;
	struct slow slow;
	struct watchdog watchdog;
	pid_t pids[GALETTE_PIPES_MAX];
	int signals; /* signalfd */
	int lock, memory_fd;
	int alive; /* pipes */
	bool stopping;
};

/* ---- pipes ---- */

static void on_sigterm(int signal)
{
	/* It ends ppoll(); the memory says the rest. */
}

/* A pipe has what it needs: its sockets and programs, not what the supervisor has. */
static void let_go(struct helper *h)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		dup3(h->options->null, fd, 0);
	close(h->options->null);
	if (h->options->ready >= 0)
		close(h->options->ready);
	close(h->signals);
	close(h->lock);
	close(h->watchdog.timer);
	close(h->memory_fd);
	for (int i = 0; i < h->slow.generation_count; i++)
		close(h->slow.generations[i]->xsks);
	/* Commands that root gives send signals to who is in it. */
	munmap(h->slow.record, sizeof(*h->slow.record));
	h->slow.record = NULL;
}

static void run_pipe(struct helper *h, __u32 pipe, pid_t parent)
{
	const struct sigaction wake = { .sa_handler = on_sigterm };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	sigaction(SIGTERM, &wake, NULL);
	let_go(h);
	if (contain_pipe())
		_exit(1);
	pipe_run(&h->slow, pipe);
	_exit(0);
}

static int spawn(struct helper *h, __u32 pipe)
{
	pid_t parent = getpid(), pid = fork();

	if (!pid)
		run_pipe(h, pipe, parent);
	if (pid < 0) {
		error("cannot start pipe %u: %s", pipe, strerror(errno));
		return -errno;
	}
	h->pids[pipe] = pid;
	h->slow.records[pipe].pid = pid;
	h->alive++;
	return 0;
}

static __u64 ended(const struct galette_pipe *record)
{
	__u64 sum = record->tx + record->redirect + record->pass + record->drop + record->abort;

	for (int i = 0; i < GALETTE_LOSS_RX_FULL; i++)
		sum += record->lost[i];
	return sum;
}

/* The packet that the dead pipe had, if its end was not counted; pipe.c's handled(). */
static void count_packet(struct slow *slow, __u32 pipe)
{
	struct galette_pipe *record = &slow->records[pipe];

	if (ended(record) == record->packets &&
	    (frames_unhandled(&slow->ports, pipe) || record->function != ~0u))
		record->lost[GALETTE_LOSS_CRASHED]++;
	record->packets = ended(record);
	record->function = ~0u;
	for (__u32 port = 0; port < slow->memory->ports; port++)
		memory_socket(slow->memory, port, pipe)->handled =
			ring_consumed(&slow->ports.port[port].pipes[pipe].rx);
}

static void stop(struct helper *h)
{
	h->stopping = true;
	__atomic_store_n(&h->slow.memory->stop, 1, __ATOMIC_SEQ_CST);
	for (__u32 i = 0; i < h->slow.memory->pipes; i++)
		if (h->pids[i])
			kill(h->pids[i], SIGTERM);
}

/* A pipe has gone: not by itself, unless it is to stop. Its successor goes on with its rings. */
static void bury(struct helper *h, __u32 pipe, int status)
{
	/* A function can call exit(3), too. */
	bool done = h->stopping && WIFEXITED(status) && !WEXITSTATUS(status);

	h->pids[pipe] = 0;
	h->slow.records[pipe].pid = 0;
	h->alive--;
	h->slow.memory->busy[pipe] = 0;
	frames_recover(&h->slow.ports, pipe);
	if (!done) {
		h->slow.records[pipe].crashes++;
		count_packet(&h->slow, pipe);
	}
	if (!h->stopping && spawn(h, pipe))
		stop(h); /* without a pipe its flows have no way: the others end, too */
}

static void reap(struct helper *h)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (__u32 i = 0; i < h->slow.memory->pipes; i++)
			if (h->pids[i] == pid)
				bury(h, i, status);
}

/* ---- the loop ---- */

static void count_frames(struct helper *h)
{
	frames_count(&h->slow.ports, h->slow.record);
	__atomic_fetch_add(&h->slow.record->counted, 1, __ATOMIC_RELEASE);
}

static void on_signals(struct helper *h)
{
	struct signalfd_siginfo info;

	while (read(h->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			reap(h);
		else if (info.ssi_signo == SIGUSR1)
			count_frames(h);
		else
			stop(h);
	}
}

static void loop(struct helper *h)
{
	struct pollfd fds[] = {
		{ .fd = h->signals, .events = POLLIN },
		{ .fd = h->slow.wake, .events = POLLIN },
		{ .fd = h->watchdog.timer, .events = POLLIN },
	};

	while (h->alive) {
		if (poll(fds, 3, -1) < 0)
			continue;
		if (fds[0].revents)
			on_signals(h);
		if (fds[1].revents)
			watchdog_wake(&h->watchdog, &h->slow);
		if (fds[2].revents)
			watchdog_tick(&h->watchdog, &h->slow, h->pids);
	}
}

/* ---- the end ---- */

/*
 * An init system started this process and restarts it when it ends: as long as
 * one that took over runs, it sleeps, and passes SIGTERM on.
 */
static void outlive(struct helper *h, struct galette_helper *record, __u32 successor)
{
	struct pollfd fds[2] = { { .events = POLLIN }, { .fd = h->signals, .events = POLLIN } };
	__u32 pid = successor;

	while (pid) {
		fds[0].fd = syscall(SYS_pidfd_open, pid, 0);
		if (fds[0].fd < 0)
			break;
		while (poll(fds, 2, -1) < 0 || !fds[0].revents) {
			struct signalfd_siginfo info;

			if (fds[1].revents &&
			    read(h->signals, &info, sizeof(info)) == sizeof(info) &&
			    info.ssi_signo != SIGCHLD && info.ssi_signo != SIGUSR1)
				kill(pid, SIGTERM);
		}
		close(fds[0].fd);
		pid = record->pid != pid ? record->pid : 0;
	}
}

/* What has come behind the pipes' end, and what no interface took: the rings go. */
static void count_left(struct helper *h)
{
	const struct slow_memory *m = h->slow.memory;

	for (__u32 port = 0; port < m->ports; port++) {
		for (__u32 pipe = 0; pipe < m->pipes; pipe++) {
			const struct pipe_socket *s = &h->slow.ports.port[port].pipes[pipe];
			__u64 *lost = h->slow.records[pipe].lost;

			lost[GALETTE_LOSS_RX_DROPPED] += ring_used(&s->rx);
			lost[GALETTE_LOSS_TX_FAILED] += ring_used(&s->tx);
		}
	}
}

/* Whoever only sleeps holds nothing of generations that go. */
static void forget_generations(struct helper *h)
{
	close(h->memory_fd);
	close(h->slow.deliver.native);
	close(h->slow.deliver.generic);
	for (int i = 0; i < h->slow.generation_count; i++)
		generation_free(h->slow.generations[i]);
}

static int end(struct helper *h)
{
	struct slow_memory *m = h->slow.memory;
	struct galette_helper *record = h->slow.record;
	__u32 successor = m->successor;

	if (!m->adopted)
		count_left(h);
	/* Whoever wakes up now finds the one that follows, or that nobody does. */
	if (successor)
		record->start = m->successor_start;
	record->pid = successor;
	close(h->lock); /* and so unlock, for the successor */
	ports_close(&h->slow.ports);
	__atomic_store_n(&m->handed, 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &m->handed, FUTEX_WAKE, 1);
	memory_unmap(m);
	if (successor && h->options->foreground) {
		forget_generations(h);
		outlive(h, record, successor);
	}
	return 0;
}

/* ---- the beginning ---- */

static int open_descriptors(struct helper *h)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	h->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	h->slow.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (h->signals < 0 || h->slow.wake < 0) {
		error("cannot wait for signals: %s", strerror(errno));
		return -errno;
	}
	return 0;
}

/* Whoever started this process was killed: what is there is as good as what would be. */
static bool is_unwanted(const struct helper *h, const struct setup *setup)
{
	struct pollfd waits = { .fd = h->options->ready };

	return h->options->ready >= 0 && !setup->alone && poll(&waits, 1, 0) > 0;
}

/* From here on the successor of whatever ran, or the first. */
static int begin(struct helper *h, struct setup *setup)
{
	struct galette_helper *record = h->slow.record;
	int err = 0;

	if (is_unwanted(h, setup))
		return -EPIPE;
	setup_take(setup, &h->slow);
	if (record->memory == ~0u)
		return -ENOENT;
	for (__u32 i = 0; i < GALETTE_PIPES_MAX; i++) {
		if (h->slow.records[i].pid && i < h->slow.memory->pipes)
			count_packet(&h->slow, i);
		h->slow.records[i].pid = 0;
		h->slow.records[i].function = ~0u;
	}
	record->pid = getpid();
	record->start = setup->start;
	record->ready = time(NULL);
	record->pipes = h->slow.memory->pipes;
	record->memory = setup->memory_fd;
	for (int i = 0; i < GENERATIONS_MAX; i++) {
		const struct generation *g =
			i < h->slow.generation_count ? h->slow.generations[i] : NULL;

		record->generations[i] = g ? g->number : 0;
		record->xsks[i] = g ? g->xsks_id : 0;
	}
	for (__u32 i = 0; i < h->slow.memory->pipes && !err; i++)
		err = spawn(h, i);
	return err;
}

static void say_ready(const struct helper_options *options)
{
	if (options->ready < 0)
		return;
	if (write(options->ready, "+", 1) != 1)
		warning("nobody waits for this galette-slow any more");
	close(options->ready);
	dup3(options->null, STDERR_FILENO, 0);
}

int helper_main(const struct helper_options *options)
{
	struct helper h = { .options = options, .lock = -1 };
	struct setup setup = { 0 };
	int err = open_descriptors(&h) ?: setup_open(&setup, &h.slow, options);

	if (!err)
		err = watchdog_open(&h.watchdog, &h.slow);
	h.lock = setup.lock;
	h.memory_fd = setup.memory_fd;
	if (!err)
		err = contain_supervisor();
	if (!err)
		err = begin(&h, &setup);
	if (err)
		return 1;
	say_ready(options);
	loop(&h);
	return end(&h);
}
