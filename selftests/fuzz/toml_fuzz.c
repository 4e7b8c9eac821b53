// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Any bytes: a tree that is whole, or an error; never both or neither. */
#include <stdlib.h>
#include <string.h>

#include "toml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct node *node, int depth)
{
	if (depth > 257)
		abort();
	if (node->type == NODE_STRING && !node->string)
		abort();
	if (node->type != NODE_TABLE && node->type != NODE_ARRAY)
		return;
	for (size_t i = 0; i < node->count; i++) {
		const struct node *item = &node->items[i];

		if (item->loc.line < 1 || item->loc.column < 1)
			abort();
		if ((node->type == NODE_TABLE) != !!item->key)
			abort();
		if (item->key && node_member(node, item->key) != item)
			abort();
		check(item, depth + 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diag diag = { .file = "fuzz" };
	struct node *root = toml_parse((const char *)data, size, &diag);

	if (!root != !!diag.errors)
		abort();
	if (root) {
		check(root, 0);
		if (!node_equal(root, root))
			abort();
	}
	node_free(root);
	diag_free(&diag);
	return 0;
}
