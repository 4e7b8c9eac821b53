/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The same edges as in the slots, for galette-slow: gen/N/routes. */
#ifndef ROUTE_H
#define ROUTE_H

#include "model.h"

/* Write those of all edges. 0, or a negative errno after printing an error. */
int routes_write(const char *generation_dir, const struct model *model);

/* Rewrite one: one store, which packets see at once. */
int route_write(const char *generation_dir, const struct model *model, int edge);

#endif
