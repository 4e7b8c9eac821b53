/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Housekeeping of a chain's gen/ directory. All print one error and return a
 * negative errno when they fail; all may be repeated.
 */
#ifndef GENERATIONS_H
#define GENERATIONS_H

#include "state.h"

/* Give a generation that runs from gen/build its number; updates the state. */
int generations_name(struct state *state);

/* Remove gen/build. */
int generations_drop_build(struct state *state);

/* Let CHAIN/maps lead to the running generation's maps. */
int generations_point_maps(const struct state *state);

/* Remove all but the running generation and the one before, once no packet is in them. */
int generations_drop_old(struct state *state);

/*
 * The index that a generation has for an interface; -ENOENT: it does not have
 * that interface. Prints nothing.
 */
int generations_interface(const struct state *state, __u32 number, const char *name,
			  __u32 *ifindex);

/* Wait until every packet that is in some program now has left it (an RCU grace period). */
int generations_wait(void);

#endif
