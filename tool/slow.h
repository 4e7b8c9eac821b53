/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* galette-slow of a chain, as the tool sees it: start it, stop it, ask how it is. */
#ifndef SLOW_H
#define SLOW_H

#include <stdbool.h>
#include <linux/types.h>

#include <galette/abi.h>

#include "state.h"

/* What CHAIN/slow holds, at this moment. */
struct slow_status {
	bool alive;
	struct galette_helper helper;
	struct galette_pipe pipes[GALETTE_PIPES_MAX];
};

/* Make CHAIN/slow. 0, or a negative errno after printing an error. */
int slow_make(const char *chain_dir);

/* 0, or a negative errno: there is none. Prints nothing. */
int slow_read(const char *chain_dir, struct slow_status *status);

/* Whether there is one, and it lives. */
bool slow_runs(const char *chain_dir);

/* Ask it to count its frames, and read again. */
int slow_count(const char *chain_dir, struct slow_status *status);

/*
 * Start one that handles all generations there are, and wait until it does. It
 * replaces one that runs, and loses none of its packets. 0, or a negative errno
 * after an error; what ran before then still runs.
 */
int slow_start(const char *chain_dir);

/* End it, when it has done what is in its rings; for_good: before the chain goes. */
void slow_stop(const char *chain_dir, bool for_good);

/*
 * Before a generation runs: if packets leave the kernel there, have a
 * galette-slow that knows it. With no_helper only one that runs is replaced.
 */
int slow_ensure(const struct state *state, const char *generation_dir, bool no_helper);

/*
 * Behind a change: one that is not needed any more is stopped, once no packet is
 * on its way to it. With no_helper it goes on.
 */
void slow_settle(const struct state *state, bool needed);

#endif
