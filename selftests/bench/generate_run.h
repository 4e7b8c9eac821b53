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

#include "generate.h"
#include "generate_net.h"

enum {
	PIDS_MAX = 256,
	QUIET_US = 50000, /* without a frame: none comes any more */
};

/* What the runs share. */
static struct {
	struct generate_state *state;
	struct generate_frame frame;
	int program;
	int size, batch;
	double seconds;
	int pid[PIDS_MAX];
	int pids;
} gen;

struct kind {
	__u64 sent, received;
	double p50, p99, p999, max; /* ns */
};

struct result {
	double asked, seconds, rate, bits;
	__u64 sent, received;
	double cpu;            /* ns that `pid` had of a CPU, per second */
	double cpu_per_packet; /* ns */
	struct places lost;    /* entered: lost before that */
	struct kind kind[GENERATE_KINDS];
};

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

static __u64 received(void)
{
	return __atomic_load_n(&gen.state->sunk[GENERATE_LIGHT].packets, __ATOMIC_RELAXED) +
	       __atomic_load_n(&gen.state->sunk[GENERATE_HEAVY].packets, __ATOMIC_RELAXED);
}

/* ---- the sender ---- */

/* In a thread of its own, for it is always in the kernel; a signal ends the call. */
static void *sender(void *unused)
{
	__u8 data[GENERATE_SIZE_MAX] = {};
	struct xdp_md ctx = { .ingress_ifindex = net.from.index,
			      .data_end = gen.size - GENERATE_FCS };
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = data, .data_size_in = ctx.data_end,
		    .ctx_in = &ctx, .ctx_size_in = sizeof(ctx), .repeat = 1 << 30,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = gen.batch);
	__u64 first;

	enter(&net.from);
	do {
		first = __atomic_load_n(&gen.state->first, __ATOMIC_RELAXED);
		if (bpf_prog_test_run_opts(gen.program, &run) && errno != EINTR)
			fail("BPF_PROG_TEST_RUN");
	} while (!first);
	return NULL;
}
