/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What galette-slow needs of a function, put into the generation: gen/N/native/FUNCTION. */
#ifndef NATIVE_KEEP_H
#define NATIVE_KEEP_H

#include "model.h"

/*
 * Its native object, config, files and maps (which are there already), pinned.
 * 0, or a negative errno after printing an error.
 */
int native_keep(const char *generation_dir, const struct model *model, int function);

#endif
