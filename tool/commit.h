/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The only stage that changes what runs. Each function is called with the
 * chain's lock held and after recover(); returns 0, or a negative errno after
 * printing one error, and has then changed nothing that packets can see.
 */
#ifndef COMMIT_H
#define COMMIT_H

#include "model.h"
#include "plan.h"
#include "state.h"

/*
 * Build `wanted` and make it run: the first generation of a new chain, or the
 * next one. wanted->generation and each new interface's mode are set.
 */
int commit_generation(const struct state *state, struct model *wanted,
		      const struct model *running, const struct plan *plan);

/* Make the previous generation run again; no_helper: as struct galette_slowpath has it. */
int commit_rollback(const struct state *state, bool no_helper);

/* Start the galette-slow that the running generation needs, if there is none any more. */
int commit_nothing(const struct state *state, const struct model *running);

/* Rewrite one slot of the running generation. */
int commit_link(const struct state *state, struct model *running, int edge,
		const struct target *target);

/*
 * Let go of the interfaces and remove all pins, the directory included: of
 * whatever is there, attached or left by a command that was killed.
 */
int commit_detach(const struct state *state);

/*
 * Clean up after a command that was killed: finish what was committed, remove
 * what was not. On a chain that is not attached all pins are removed, and the
 * directory stays.
 */
int recover(struct state *state);

/*
 * Let graph and routes say what the slots hold, as `running` has it, and let go
 * of upcalls that no slot holds, and of the galette-slow that was for them.
 */
int repair(const struct state *state, const struct model *running);

/* Remove all pins of a chain that no packet runs through, but not its directory. */
int remove_chain(const char *dir);

#endif
