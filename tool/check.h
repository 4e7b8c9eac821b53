/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a chain file's declarations to a model that can be built: every name
 * resolved, every object read, every rule of the chain file held. Needs no
 * privilege; reads object files and, when interfaces are bound, their indexes.
 */
#ifndef CHECK_H
#define CHECK_H

#include "model.h"

struct check_input {
	const char *name; /* the chain's */
	const char *nf_path;
	const struct binding *bindings;
	int binding_count;
	bool bound; /* every interface must exist: the chain is to be attached */
};

/*
 * The model of a chain, which it takes over; NULL: diag has the errors, all of
 * them. Warnings go to diag as well.
 */
struct model *check(struct chain *chain, const struct check_input *input, struct diag *diag);

/*
 * Whether the wanted edges hold together: no cycle unless `loops`, no path
 * longer than the kernel's tail calls. -EINVAL: diag says where.
 */
int check_paths(const struct model *model, struct diag *diag);

/* The stages of check(), one file each. */
void check_links(struct model *model, const struct check_input *input, struct diag *diag);
void check_maps(struct model *model, struct diag *diag);
void check_config(const struct model *model, struct diag *diag);
/* Which functions run where, and whether they can: in the order of the edges. */
void check_worlds(struct model *model, const struct check_input *input, struct diag *diag);
/* What native functions cannot do with maps. */
void check_slow_maps(const struct model *model, struct diag *diag);
/* The files that configs name, for functions that run natively; and a first try of these. */
void check_files(struct model *model, const struct check_input *input, struct diag *diag);

/* Whether an edge leads out of the kernel: to !F, or to a function that has disable_xdp. */
bool check_leads_out(const struct model *model, const struct model_edge *edge);

/* Whether a chain needs galette-slow: some edge leads out of the kernel. */
bool check_needs_slow(const struct model *model);

#endif
