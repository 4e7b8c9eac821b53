/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From bpffs to the same model that check makes of a chain file: what runs, by
 * what the kernel holds. Reads only.
 */
#ifndef INSPECT_H
#define INSPECT_H

#include "model.h"
#include "state.h"

/*
 * The running generation of an attached chain; its maps too that only the
 * previous generation uses (without users). NULL after printing an error.
 */
struct model *inspect(const struct state *state, const char *name);

/* Entries in a map now, exact while nobody changes it; a negative errno: it cannot be read. */
long inspect_map_entries(const struct model_map *map);

#endif
