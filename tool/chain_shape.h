/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the readers of a chain file's tables have in common. Private to chain*.c. */
#ifndef CHAIN_SHAPE_H
#define CHAIN_SHAPE_H

#include "chain.h"

/* Whether the node is of this type; else an error that names what it is. */
bool node_expect(const struct node *node, enum node_type type, const char *what,
		 struct diag *diag);

/* A member that is none of keys[n], with the one that it may be a slip of. */
void node_unknown_key(const struct node *member, const char *where, const char *const *keys,
		      int n, struct diag *diag);

/* [slowpath]: what the table says goes over what is there. */
extern const struct slowpath slowpath_default;
void slowpath_parse(const struct node *table, struct slowpath *slowpath, struct diag *diag);

#endif
