/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The difference between a chain file and what runs: a pure function of the
 * two models. What it prints is what commit does.
 */
#ifndef PLAN_H
#define PLAN_H

#include "model.h"

enum change_op {
	CHANGE_ADD,
	CHANGE_REMOVE,
	CHANGE_MODIFY,
	CHANGE_KEEP
};

struct change {
	enum change_op op;
	/* "function", "link", "map", "interface", "slowpath", "bundle", "mode" */
	const char *kind;
	char *name;
	char *detail; /* "" where the name says all */
};

enum map_step {
	MAP_CREATE,
	MAP_KEEP
};

struct plan {
	struct change *changes;
	int count;
	bool changed;             /* some change is not CHANGE_KEEP */
	enum map_step *map_steps; /* for each of wanted->maps */
	int *map_from;            /* MAP_KEEP: its place in running->maps */
};

/*
 * running NULL: nothing runs. resets: maps to start empty. NULL: diag says why
 * it cannot be done (a map with content that does not fit, an unknown reset).
 */
struct plan *plan_make(const struct model *wanted, const struct model *running,
		       char *const *resets, int reset_count, struct diag *diag);
void plan_free(struct plan *plan);

/* To stdout: a line a change ("+ function dpi"), or JSON. */
void plan_print(const struct plan *plan, const struct model *wanted,
		const struct model *running);
void plan_print_json(const struct plan *plan, const struct model *wanted,
		     const struct model *running);

#endif
