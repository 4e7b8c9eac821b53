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

/* The maps of a function that has no program, made and pinned likewise. */
int load_maps(struct model *model, int function, const char *generation_dir);

/*
 * Give all programs of an object the same attach type, before it is loaded. The
 * programs of one array must agree on it, and what libbpf would choose depends
 * on a probe of the kernel that can fail.
 */
void load_uniform(struct bpf_object *object);

/*
 * Have the verifier look at a function, without a chain: loaded, never attached, and
 * gone again. What it finds goes to diag. The model is good for nothing else then.
 */
void load_proof(const struct model *model, int function, struct diag *diag);

#endif
