/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From a chain file on the command line to a checked model that the kernel can hold. */
#ifndef WANTED_H
#define WANTED_H

#include "check.h"
#include "options.h"

/*
 * Read and check FILE for a chain on these interfaces; NULL after printing why.
 * *diag has the file's name and nothing else, ready for what plan has to say.
 */
struct model *wanted_read(const struct options *options, const char *file, const char *name,
			  const struct binding *bindings, int binding_count, struct diag *diag);

#endif
