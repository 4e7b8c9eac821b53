/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the parts of inspect() share while they read one generation. */
#ifndef INSPECTION_H
#define INSPECTION_H

#include <limits.h>

#include "model.h"
#include "state.h"

struct inspection {
	const struct state *state;
	char dir[PATH_MAX]; /* of the generation */
	struct galette_info info;
	struct model *model;
	struct galette_slot *graph; /* info.slots of them */
};

/* Each adds to in->model; 0, or a negative errno after printing an error. */

/* The edges, what has gone over them, and where they lead: needs functions and interfaces. */
int inspect_edges(struct inspection *in);

/* The maps of a generation (its directory's name) that are not in the model yet. */
int inspect_maps_of(struct inspection *in, const char *generation);

/* Which functions use which map. */
int inspect_users(struct inspection *in);

#endif
