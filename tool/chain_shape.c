// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "chain_shape.h"

bool node_expect(const struct node *node, enum node_type type, const char *what,
		 struct diag *diag)
{
	if (node->type == type)
		return true;
	diag_error(diag, node->loc, "%s must be %s, not %s", what, node_type_name(type),
		   node_type_name(node->type));
	return false;
}

void node_unknown_key(const struct node *member, const char *where, const char *const *keys,
		      int n, struct diag *diag)
{
	const char *like = diag_suggest(member->key, keys, n);

	if (like)
		diag_error(diag, member->key_loc, "unknown key '%s' in %s (did you mean '%s'?)",
			   member->key, where, like);
	else
		diag_error(diag, member->key_loc, "unknown key '%s' in %s", member->key, where);
}
