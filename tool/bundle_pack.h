/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From a checked chain to the members of a bundle. */
#ifndef BUNDLE_PACK_H
#define BUNDLE_PACK_H

#include "bundle.h"
#include "model.h"

/*
 * Add the chain file, called `name`, its functions' objects, their natives for each of
 * `archs` (a NULL behind the last) and the files that configs name. Natives for other
 * machines are looked for in all directories of nf_path, and must be there for functions that
 * packets may meet in the slow path. diag has what is lacking.
 */
void bundle_pack(struct bundle_draft *draft, const struct model *model, const char *name,
		 const char *nf_path, char *const *archs, struct diag *diag);

/* Whether natives can be for a machine of that name. */
bool bundle_arch_known(const char *arch);

#endif
