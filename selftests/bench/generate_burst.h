/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Of generate.c: how long a burst takes. What one of 128 takes longer than one of 64, by 64, is what
 * a packet costs all who have a hand in it, on one CPU one after the other; where each instruction
 * takes as long as any other, as in an emulator, it is how many there are.
 */
#ifndef GENERATE_BURST_H
#define GENERATE_BURST_H

#include "generate_run.h"

enum {
	BURST_MAX = 256, /* that a veth's ring has room for, and one batch of a test run */
	BURSTS = 15,
	BURST_LAST_US = 100000, /* for packets to come back */
	BURST_REST_US = 3000,   /* for what is still to do behind the last one */
};

static int compare(const void *a, const void *b)
{
	const __u64 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* How long one took; 0: not all came back. */
static __u64 burst(int frames)
{
	struct generate_state *s = gen.state;

	prepare(INFINITY);
	s->timed = 1;
	generate_frames(frames, frames);
	for (int us = 0; us < BURST_LAST_US && received() < (__u64)frames; us += 1000)
		usleep(1000);
	usleep(BURST_REST_US);
	return received() == (__u64)frames ? s->sunk[GENERATE_LIGHT].last - s->first : 0;
}

static void bursts(int frames)
{
	__u64 took[BURSTS], ns;
	int whole = 0;

	enter(net.from);
	for (int i = 0; i < BURSTS; i++) {
		ns = burst(frames);
		if (ns)
			took[whole++] = ns;
	}
	leave();
	qsort(took, whole, sizeof(*took), compare);
	printf("{\"burst\":%d,\"bursts\":%d,\"whole\":%d,\"took\":", frames, BURSTS, whole);
	if (whole)
		printf("%llu}\n", took[whole / 2]);
	else
		printf("null}\n");
}

#endif
