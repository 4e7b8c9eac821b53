// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The tree that toml_parse() makes; the parser is in toml.cc. */
#include <stdlib.h>
#include <string.h>

#include "toml.h"

static void node_clear(struct node *node)
{
	free(node->key);
	if (node->type == NODE_STRING) {
		free(node->string);
	} else if (node->type == NODE_TABLE || node->type == NODE_ARRAY) {
		for (size_t i = 0; i < node->count; i++)
			node_clear(&node->items[i]);
		free(node->items);
	}
}

void node_free(struct node *node)
{
	if (!node)
		return;
	node_clear(node);
	free(node);
}

const struct node *node_member(const struct node *table, const char *key)
{
	if (!table || table->type != NODE_TABLE)
		return NULL;
	for (size_t i = 0; i < table->count; i++)
		if (!strcmp(table->items[i].key, key))
			return &table->items[i];
	return NULL;
}

const char *node_type_name(enum node_type type)
{
	switch (type) {
	case NODE_TABLE:
		return "a table";
	case NODE_ARRAY:
		return "an array";
	case NODE_STRING:
		return "a string";
	case NODE_INTEGER:
		return "an integer";
	case NODE_FLOAT:
		return "a float";
	case NODE_BOOLEAN:
		return "a boolean";
	}
	return "a value";
}

static bool items_equal(const struct node *a, const struct node *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct node *other = &b->items[i];

		/* Most often the order is the same; looking keys up is quadratic. */
		if (a->type == NODE_TABLE && strcmp(a->items[i].key, other->key))
			other = node_member(b, a->items[i].key);
		if (!other || !node_equal(&a->items[i], other))
			return false;
	}
	return true;
}

bool node_equal(const struct node *a, const struct node *b)
{
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case NODE_TABLE:
	case NODE_ARRAY:
		return items_equal(a, b);
	case NODE_STRING:
		return !strcmp(a->string, b->string);
	case NODE_INTEGER:
		return a->integer == b->integer;
	case NODE_FLOAT:
		/* As written: nan is itself, -0.0 is not 0.0. */
		return !memcmp(&a->floating, &b->floating, sizeof(a->floating));
	case NODE_BOOLEAN:
		return a->boolean == b->boolean;
	}
	return false;
}
