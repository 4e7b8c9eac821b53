// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
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
#include "monotonic.h"
#include "pipe.h"
#include "predecessor.h"
#include "process.h"
#include "setup.h"
#include "watchdog.h"

enum {
	EARLY_MS = 1000,
	EARLY_MAX = 10
};

struct helper {
	const struct helper_options *options;
	struct slow slow;
	struct watchdog watchdog;
	pid_t pids[GALETTE_PIPES_MAX];
	struct {
		__u64 at, packets; /* when it was started, and its count then */
		int early;         /* ends in a row that came at once and before any packet */
	} spawned[GALETTE_PIPES_MAX];
	int signals; /* signalfd */
	int lock;
	struct handover *handover;
	int handover_fd, memory_fd;
	int alive; /* pipes */
	bool stopping;
	int signal;    /* that told it to end; 0: none */
	int successor; /* pidfd; -1: there is none */
	bool failed;
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
	close(h->handover_fd);
	deliver_detach(&h->slow.deliver);
	handover_unmap(h->handover);
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
	h->spawned[pipe].at = monotonic_ns() / 1000000;
	h->spawned[pipe].packets = h->slow.records[pipe].packets;
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
	for (__u32 port = 0; port < slow->ports.memory.shape.ports; port++)
		memory_socket(&slow->ports.memory, port, pipe)->handled =
			ring_consumed(&slow->ports.port[port].pipes[pipe].rx);
}

static void stop(struct helper *h)
{
	h->stopping = true;
	__atomic_store_n(&h->slow.ports.memory.shared->stop, 1, __ATOMIC_SEQ_CST);
	for (__u32 i = 0; i < h->slow.ports.memory.shape.pipes; i++)
		if (h->pids[i])
			kill(h->pids[i], SIGTERM);
}

/* Whether a pipe has ended again and again before its first packet: the next would, too. */
static bool cannot_live(struct helper *h, __u32 pipe)
{
	bool early = monotonic_ns() / 1000000 - h->spawned[pipe].at < EARLY_MS &&
		     h->slow.records[pipe].packets == h->spawned[pipe].packets;

	h->spawned[pipe].early = early ? h->spawned[pipe].early + 1 : 0;
	if (h->spawned[pipe].early < EARLY_MAX)
		return false;
	error("pipe %u has ended %d times before its first packet", pipe, EARLY_MAX);
	return true;
}

/* A pipe has gone: not by itself, unless it is to stop. Its successor goes on with its rings. */
static void bury(struct helper *h, __u32 pipe, int status)
{
	/* A function can call exit(3), too. */
	bool done = h->stopping && WIFEXITED(status) && !WEXITSTATUS(status);

	h->pids[pipe] = 0;
	h->slow.records[pipe].pid = 0;
	h->alive--;
	h->slow.ports.memory.shared->busy[pipe] = 0;
	h->slow.ports.memory.shared->stop = h->stopping;
	frames_release(&h->slow.ports, pipe);
	if (!done) {
		h->slow.records[pipe].crashes++;
		count_packet(&h->slow, pipe);
	}
	deliver_flush(&h->slow.deliver, pipe, &h->slow.records[pipe]);
	if (!h->stopping && (cannot_live(h, pipe) || spawn(h, pipe))) {
		h->failed = true;
		stop(h); /* without a pipe its flows have no way: the others end, too */
	}
}

static void reap(struct helper *h)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (__u32 i = 0; i < h->slow.ports.memory.shape.pipes; i++)
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
		else {
			h->signal = info.ssi_signo;
			stop(h);
		}
	}
}

static bool successor_lives(const struct helper *h)
{
	return h->successor >= 0 && !process_ended(h->successor, 0);
}

/* One that asked to take over and has ended before it did: as if it had not. */
static void forget_successor(struct helper *h)
{
	if (h->successor >= 0)
		close(h->successor);
	h->successor = -1;
	h->handover->successor = 0;
}

/* By a pipe that has packets now, or by the next galette-slow. */
static void on_wake(struct helper *h)
{
	__u32 pid = __atomic_load_n(&h->handover->successor, __ATOMIC_SEQ_CST);

	watchdog_wake(&h->watchdog, &h->slow);
	if (!pid || h->successor >= 0)
		return;
	h->successor = syscall(SYS_pidfd_open, pid, 0);
	if (!successor_lives(h))
		forget_successor(h);
	else if (!h->stopping)
		stop(h);
}

/* The pipes have ended for a successor that has ended itself: the sockets are still this one's. */
static bool go_on(struct helper *h)
{
	int err = 0;

	if (h->signal || h->failed || !h->handover->adopted || h->successor < 0 ||
	    successor_lives(h))
		return false;
	forget_successor(h);
	h->stopping = false;
	frames_release_all(&h->slow.ports);
	h->slow.ports.memory.shared->stop = 0;
	for (__u32 i = 0; i < h->slow.ports.memory.shape.pipes && !err; i++)
		err = spawn(h, i);
	return !err;
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
			on_wake(h);
		if (fds[2].revents)
			watchdog_tick(&h->watchdog, &h->slow, h->pids);
	}
}

/* ---- the end ---- */

/* Its signal, other than those of children and of who wants frames counted; 0: none. */
static int signal_to_end(const struct helper *h)
{
	struct signalfd_siginfo info;

	if (read(h->signals, &info, sizeof(info)) != sizeof(info) ||
	    info.ssi_signo == SIGCHLD || info.ssi_signo == SIGUSR1)
		return 0;
	return info.ssi_signo;
}

/*
 * An init system started this process and restarts it when it ends: as long as
 * one that took over runs, it sleeps, and passes signals to end on.
 */
static void outlive(struct helper *h, const struct galette_helper *record)
{
	struct pollfd fds[2] = { { .fd = h->successor, .events = POLLIN },
				 { .fd = h->signals, .events = POLLIN } };
	__u32 pid = h->handover->successor, next;

	if (h->signal) /* that came while it handed over */
		process_signal(h->successor, h->signal);

	while (fds[0].fd >= 0) {
		while (poll(fds, 2, -1) < 0 || !fds[0].revents) {
			int signal = fds[1].revents ? signal_to_end(h) : 0;

			if (signal)
				process_signal(fds[0].fd, signal);
		}
		close(fds[0].fd);
		next = record->pid;
		fds[0].fd = next && next != pid ? (int)syscall(SYS_pidfd_open, next, 0) : -1;
		pid = next;
	}
}

/* What has come behind a pipe's end, and what no interface took: the rings go. */
static void count_left(struct helper *h, __u32 pipe)
{
	struct galette_pipe *record = &h->slow.records[pipe];
	struct hand hand = { .ports = &h->slow.ports, .pipe = pipe };
	__u8 kind;

	frames_recover(&h->slow.ports, pipe);
	for (__u32 port = 0; port < h->slow.ports.memory.shape.ports; port++) {
		frames_reap(&hand, port);
		record->lost[GALETTE_LOSS_RX_DROPPED] +=
			ring_used(&h->slow.ports.port[port].pipes[pipe].rx);
		while (frames_take_back(&hand, port, &kind)) {
			*(kind == GALETTE_ROUTE_TX ? &record->tx : &record->redirect) -= 1;
			record->lost[GALETTE_LOSS_TX_FAILED]++;
		}
	}
}

/* Whoever only sleeps holds nothing of generations that go. */
static void forget_generations(struct helper *h)
{
	close(h->memory_fd);
	deliver_close(&h->slow.deliver);
	for (int i = 0; i < h->slow.generation_count; i++)
		generation_free(h->slow.generations[i]);
}

static int end(struct helper *h)
{
	struct slow_memory *m = &h->slow.ports.memory;
	struct galette_helper *record = h->slow.record;
	__u32 successor = successor_lives(h) ? h->handover->successor : 0;

	frames_release_all(&h->slow.ports);
	for (__u32 i = 0; i < m->shape.pipes && !(successor && h->handover->adopted); i++)
		count_left(h, i);
	/* Whoever wakes up now finds the one that follows, or that nobody does. */
	if (successor)
		record->start = h->handover->successor_start;
	record->pid = successor;
	close(h->lock); /* and so unlock, for the successor */
	ports_close(&h->slow.ports);
	memory_unmap(m);
	handover_done(h->handover);
	if (successor && h->options->foreground) {
		forget_generations(h);
		outlive(h, record);
	}
	return h->failed;
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
	err = setup_take(setup, &h->slow);
	if (err)
		return err;
	if (record->memory == ~0u)
		return -ENOENT;
	for (__u32 i = 0; i < GALETTE_PIPES_MAX; i++) {
		if (h->slow.records[i].pid && i < h->slow.ports.memory.shape.pipes)
			count_packet(&h->slow, i);
		h->slow.records[i].pid = 0;
		h->slow.records[i].function = ~0u;
	}
	record->pid = getpid();
	record->start = setup->start;
	record->ready = time(NULL);
	record->pipes = h->slow.ports.memory.shape.pipes;
	record->memory = setup->handover_fd;
	for (int i = 0; i < GENERATIONS_MAX; i++) {
		const struct generation *g =
			i < h->slow.generation_count ? h->slow.generations[i] : NULL;

		record->generations[i] = g ? g->number : 0;
		record->xsks[i] = g ? g->xsks_id : 0;
	}
	close(setup->turn);
	for (__u32 i = 0; i < h->slow.ports.memory.shape.pipes && !err; i++)
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
	struct helper h = { .options = options, .lock = -1, .successor = -1 };
	struct setup setup = { 0 };
	int err = open_descriptors(&h) ?: setup_open(&setup, &h.slow, options);

	if (!err)
		err = watchdog_open(&h.watchdog, &h.slow);
	h.lock = setup.lock;
	h.memory_fd = setup.memory_fd;
	h.handover_fd = setup.handover_fd;
	h.handover = setup.handover;
	if (!err)
		err = contain_supervisor();
	if (!err)
		err = begin(&h, &setup);
	if (err)
		return 1;
	say_ready(options);
	do
		loop(&h);
	while (go_on(&h));
	return end(&h);
}
