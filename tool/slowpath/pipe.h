/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A pipe: one process that takes packets from its sockets, one a port, and
 * brings each to the end of its chain. It sleeps in ppoll() when there is none, but
 * see spell.h.
 */
#ifndef SLOWPATH_PIPE_H
#define SLOWPATH_PIPE_H

#include "deliver.h"
#include "frames.h"
#include "generation.h"

enum {
	GENERATIONS_MAX = 3 /* the one that runs, the one before, the next */
};

/* What all pipes of one galette-slow have in common. */
struct slow {
	struct ports ports;
	struct generation *generations[GENERATIONS_MAX + 1]; /* one to spare while loading */
	int generation_count;
	struct galette_helper *record; /* mapped */
	struct galette_pipe *records;  /* mapped, one a pipe */
	struct deliver deliver;
	int wake; /* eventfd: the watchdog is to wake up */
	bool busy_poll;
};

/* Until the memory says stop, and then until what was there is done. */
void pipe_run(struct slow *slow, __u32 pipe);

#endif
