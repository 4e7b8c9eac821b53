/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From a chain file on the command line to a checked model that the kernel can hold. */
#ifndef WANTED_H
#define WANTED_H

#include "check.h"
#include "options.h"

/*
 * Read FILE, a chain file or a bundle: before any lock is taken, for standard input may
 * be slow. NULL after printing why.
 */
struct chain *wanted_read(const char *file, struct diag *diag);

/*
 * Check a chain, which it takes over, for these interfaces; NULL after printing why.
 * *diag has the file's name and nothing else, ready for what plan has to say.
 */
struct model *wanted_check(const struct options *options, struct chain *chain, const char *name,
			   const struct binding *bindings, int binding_count,
			   struct diag *diag);

/* The mode that the options say, else the one that the running chain has. */
void wanted_mode(struct model *wanted, const struct options *options,
		 const struct model *running);

#endif
