/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The edges as galette-slow reads them: gen/N/routes. An edge that the kernel can
 * take has its slot beside it, which comes first where they differ.
 */
#ifndef ROUTE_H
#define ROUTE_H

#include "model.h"

/* Write those of all edges. 0, or a negative errno after printing an error. */
int routes_write(const char *generation_dir, const struct model *model);

/* Let an edge of this generation's model lead where a route says, if it does not yet. */
void route_read(const struct model *model, __u64 route, struct model_edge *edge);

/* Rewrite one: one store, which packets see at once. */
int route_write(const char *generation_dir, const struct model *model, int edge);

#endif
