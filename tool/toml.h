/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * TOML (1.1) as a tree of plain structs that know their places. toml.cc is the
 * one C++ file of the tool: toml++ behind this interface.
 */
#ifndef TOML_H
#define TOML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diag.h"

#ifdef __cplusplus
extern "C" {
#endif

enum node_type {
	NODE_TABLE,
	NODE_ARRAY,
	NODE_STRING,
	NODE_INTEGER,
	NODE_FLOAT,
	NODE_BOOLEAN
};

struct node {
	enum node_type type;
	struct loc loc;     /* of the value */
	struct loc key_loc; /* of the key, for members of a table */
	char *key;          /* NULL but for members of a table */
	union {
		struct {
			struct node *items; /* in file order */
			size_t count;
		};            /* NODE_TABLE, NODE_ARRAY */
		char *string; /* UTF-8, NUL-terminated, no NUL inside */
		int64_t integer;
		double floating;
		bool boolean;
	};
};

/*
 * Parse `length` bytes of text into a table; NULL after adding a located error
 * to diag. A date or time, a NUL in a string and text that is not UTF-8 are
 * errors too. Nesting is limited (256 levels).
 */
struct node *toml_parse(const char *text, size_t length, struct diag *diag);
void node_free(struct node *node);

/* The member of a table, or NULL. */
const struct node *node_member(const struct node *table, const char *key);

/* "a string", "an integer", … for messages. */
const char *node_type_name(enum node_type type);

/* The same values; places, and the order of a table's keys, do not count. */
bool node_equal(const struct node *a, const struct node *b);

#ifdef __cplusplus
}
#endif

#endif
