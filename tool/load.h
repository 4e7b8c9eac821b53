/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Load one function's program, and create and fill the maps that it is the first to use. */
#ifndef LOAD_H
#define LOAD_H

#include "model.h"

/*
 * Load function `function` of the model against the generation's slots and
 * edges, pin it as nf/NAME, and pin each map it creates as maps/NAME, both
 * below generation_dir. The program's fd, or a negative errno after printing
 * one error: the verifier's reason where it refused (its whole log under -v).
 */
int load_nf(struct model *model, int function, int slots, int edges,
	    const char *generation_dir);

#endif
