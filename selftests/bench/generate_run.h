/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Of generate.c: one run at one rate. */
#ifndef GENERATE_RUN_H
#define GENERATE_RUN_H

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <time.h>

#include <bpf/bpf.h>

#include "generate_net.h"
#include "generate_result.h"

enum {
	PIDS_MAX = 256,
	QUIET_US = 50000,    /* without a frame: none comes any more */
	TIMED_MOST = 200000, /* frames a second whose latency is taken, at most */
};

/* What the runs share. */
static struct {
	struct generate_state *state;
	struct generate_frame frame;
	int program;
	int size;
	double seconds;
	int pid[PIDS_MAX];
	int pids;
} gen;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static __u64 total(const __u64 *sent)
{
	return __atomic_load_n(&sent[GENERATE_LIGHT], __ATOMIC_RELAXED) +
	       __atomic_load_n(&sent[GENERATE_HEAVY], __ATOMIC_RELAXED);
}

static __u64 sunk(int kind)
{
	return __atomic_load_n(&gen.state->sunk[kind].packets, __ATOMIC_RELAXED);
}

static __u64 received(void)
{
	return sunk(GENERATE_LIGHT) + sunk(GENERATE_HEAVY);
}

/* ---- the sender ---- */

static volatile bool stop;

/* Have the program run `times` times, in its interface's namespace. A signal ends the call. */
static void generate_frames(int times, int batch)
{
	__u8 data[GENERATE_SIZE_MAX] = {};
	struct xdp_md ctx = { .ingress_ifindex = net.from->index,
			      .data_end = gen.size - GENERATE_FCS };
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = data, .data_size_in = ctx.data_end,
		    .ctx_in = &ctx, .ctx_size_in = sizeof(ctx), .repeat = times,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = batch);

	if (bpf_prog_test_run_opts(gen.program, &run) && errno != EINTR)
		fail("BPF_PROG_TEST_RUN");
}

/* In a thread of its own, for it is always in the kernel. */
static void *sender(void *unused)
{
	/* Frames between two looks at whether others want the CPU: fewer than a million a second, or more. */
	int batch = gen.state->gap && gen.state->gap >> GENERATE_GAP_SHIFT > 1000 ? 16 : 64;

	enter(net.from);
	while (!stop)
		generate_frames(1 << 30, batch);
	return NULL;
}

static pthread_t start_sender(void)
{
	pthread_t thread;

	stop = false;
	errno = pthread_create(&thread, NULL, sender, NULL);
	if (errno)
		fail("a thread");
	/* Setting up the call takes some 20 ms. */
	while (!__atomic_load_n(&gen.state->first, __ATOMIC_RELAXED))
		usleep(200);
	return thread;
}

/* Again and again: a signal that comes just before the call does not end it. */
static void stop_sender(pthread_t thread)
{
	stop = true;
	do {
		pthread_kill(thread, SIGALRM);
		usleep(1000);
	} while (pthread_tryjoin_np(thread, NULL));
}

/* ---- CPU time ---- */

/* Of all threads of the processes, and of kernel threads. One that has ended is none of ours. */
static double cpu_seconds(void)
{
	struct timespec t;
	double sum = 0;
	clockid_t clock;

	for (int i = 0; i < gen.pids; i++)
		if (!clock_getcpuclockid(gen.pid[i], &clock) && !clock_gettime(clock, &t))
			sum += t.tv_sec + t.tv_nsec / 1e9;
	return sum;
}

struct moment {
	double time, cpu;
	__u64 received, heavy;
};

static struct moment moment(void)
{
	return (struct moment) { .time = now(),
				 .cpu = cpu_seconds(),
				 .received = received(),
				 .heavy = sunk(GENERATE_HEAVY) };
}

static void spent(const struct moment *from, const struct moment *to, struct result *r)
{
	double cpu = to->cpu - from->cpu;

	r->cpu = cpu / (to->time - from->time) * 1e9;
	r->heavy_rate = (to->heavy - from->heavy) / (to->time - from->time);
	r->cpu_per_packet =
		to->received > from->received ? cpu / (to->received - from->received) * 1e9 : 0;
}

/* ---- latency ---- */

static double quantile(const struct generate_counts *c, double q)
{
	__u64 want = ceil(c->timed * q), seen = 0;

	for (__u32 i = 0; i < GENERATE_SLOTS; i++) {
		seen += c->slot[i];
		if (seen >= want)
			return fmin(generate_slot_ns(i), c->max);
	}
	return c->max;
}

static void latency(const struct generate_counts *c, struct kind *kind)
{
	kind->received = c->packets;
	kind->p50 = quantile(c, 0.5);
	kind->p99 = quantile(c, 0.99);
	kind->p999 = quantile(c, 0.999);
	kind->max = c->max;
}

/* ---- a run ---- */

static void prepare(double rate)
{
	static int number;
	struct generate_state *s = gen.state;

	memset(s->sunk, 0, sizeof(s->sunk));
	memset(s->sent, 0, sizeof(s->sent));
	s->first = s->due = s->now = 0;
	/* Odd: not in step with flows and batches. */
	s->timed = isinf(rate) ? 17 : 1 + (__u32)(rate / TIMED_MOST) / 2 * 2;
	s->gap = isinf(rate) ? 0 : 1e9 / rate * (1 << GENERATE_GAP_SHIFT);
	s->length = gen.seconds * 1e9;
	s->frame = gen.frame;
	s->frame.magic = GENERATE_MAGIC + number++ % 256;
}

/* Until all is back or nothing comes any more; what comes later is another run's, and ignored. */
static void settle(void)
{
	__u64 before;

	do {
		before = received();
		for (int us = 0; us < QUIET_US && received() == before; us += 1000)
			if (received() == total(gen.state->sent))
				return;
			else
				usleep(1000);
	} while (received() != before);
}

static void send_for_a_while(struct result *r)
{
	pthread_t thread = start_sender();
	struct moment from = moment(), to;
	double left = gen.state->first / 1e9 + gen.seconds - now();

	if (left > 0)
		usleep(left * 1e6);
	to = moment();
	stop_sender(thread);
	spent(&from, &to, r);
}

static void rest_for_a_while(struct result *r)
{
	struct moment from = moment(), to;

	usleep(gen.seconds * 1e6);
	to = moment();
	spent(&from, &to, r);
}

/* `rate` frames a second; INFINITY: as many as can be; 0: none. */
static struct result run_at(double rate)
{
	struct result r = { .asked = rate, .seconds = gen.seconds };
	struct places before = places();

	prepare(rate);
	if (rate > 0)
		send_for_a_while(&r);
	else
		rest_for_a_while(&r);
	settle();
	r.lost = places();
	places_sub(&r.lost, &before);
	for (int i = 0; i < GENERATE_KINDS; i++) {
		r.kind[i].sent = gen.state->sent[i];
		r.sent += gen.state->sent[i];
		r.received += gen.state->sunk[i].packets;
		r.bits += gen.state->sunk[i].bytes * 8 / gen.seconds;
		latency(&gen.state->sunk[i], &r.kind[i]);
	}
	r.lost.entered = r.sent - r.lost.entered;
	r.rate = r.received / gen.seconds;
	return r;
}

#endif
