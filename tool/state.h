/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is pinned for a chain, at a glance: which generations there are and
 * which one runs. Derived from bpffs each time, never stored.
 */
#ifndef STATE_H
#define STATE_H

#include <limits.h>
#include <stdbool.h>
#include <linux/types.h>

#include <galette/abi.h>

struct state_generation {
	__u32 number, parent;
	__u32 ingress_id;
};

struct state {
	char dir[PATH_MAX];
	int root_fd;   /* -1: no root */
	__u32 root_id; /* the program in root[0]; 0: none */
	struct state_generation *generations;
	int count;
	struct state_generation *build; /* gen/build, when it is complete enough to have run */
	bool build_exists;
	__u32 current;   /* 0: none, unless build_runs */
	bool build_runs; /* committed, but not yet given its number */
	__u32 previous;  /* to roll back to; 0: none */
};

/* 0, or a negative errno after printing an error. No root at all is a state, not an error. */
int state_read(const char *dir, struct state *state);
void state_free(struct state *state);

/* Whether the chain has been attached: some generation runs. */
static inline bool state_attached(const struct state *state)
{
	return state->current || state->build_runs;
}

#endif
