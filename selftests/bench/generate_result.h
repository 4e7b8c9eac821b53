/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Of generate.c: what a run was like. */
#ifndef GENERATE_RESULT_H
#define GENERATE_RESULT_H

#include <linux/types.h>

#include "generate.h"

/* Frames so far, by the place where veth counts them. */
struct places {
	__u64 entered; /* the ring of the interface that the generator sends to has taken them */
	__u64 device;  /* dropped by a program there, or for want of memory */
	__u64 leaving; /* the ring of the interface behind was full */
	__u64 sink;    /* lost where the sink is, for want of memory */
};

struct kind {
	__u64 sent, received;
	double p50, p99, p999, max; /* ns */
};

struct result {
	double asked, seconds, rate, bits;
	__u64 sent, received;
	double cpu;            /* ns that `pid` had of a CPU, per second */
	double cpu_per_packet; /* ns */
	double heavy_rate;     /* received while sending: not what was in queues then */
	struct places lost;    /* entered: lost before that */
	struct kind kind[GENERATE_KINDS];
};

static double loss(const struct result *r)
{
	return r->sent ? 1 - (double)r->received / r->sent : 0;
}

#endif
