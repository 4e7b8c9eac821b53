// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Reading values: from TOML nodes, and from words, into bytes of a BTF type. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "value.h"
#include "value_type.h"

/* Of a struct, for messages and suggestions. */
#define NAMES_MAX   64
#define NAMES_SHOWN 12

struct reader {
	struct diag *diag;
	const char *what;
	const char *word; /* of value_from_text(): a place in it means nothing to people */
	bool show_word;   /* the value is only a part of it */
	int depth;
	char path[200]; /* "flow.ports[2]" */
};

__attribute__((format(printf, 3, 4))) static int fail(struct reader *r, struct loc loc,
						      const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	diag_error(r->diag, r->word ? (struct loc) { 0, 0 } : loc, "%s%s%s: %s%s%s%s", r->what,
		   *r->path ? ": " : "", r->path, text, r->show_word ? " (in '" : "",
		   r->show_word ? r->word : "", r->show_word ? "')" : "");
	return -EINVAL;
}

/* As far as it has room: a longer path is cut, not lost. */
__attribute__((format(printf, 2, 3))) static size_t enter(struct reader *r, const char *fmt,
							  ...)
{
	size_t length = strlen(r->path);
	va_list args;

	va_start(args, fmt);
	vsnprintf(r->path + length, sizeof(r->path) - length, fmt, args);
	va_end(args);
	r->depth++;
	return length;
}

static void leave(struct reader *r, size_t length)
{
	r->path[length] = '\0';
	r->depth--;
}

static int expected(struct reader *r, const struct node *node, const char *wanted)
{
	if (node->type == NODE_STRING)
		return fail(r, node->loc, "expected %s, not '%s'", wanted, node->string);
	return fail(r, node->loc, "expected %s, not %s", wanted, node_type_name(node->type));
}

/* ---- numbers ---- */

static int out_of_range(struct reader *r, const struct value_type *type, struct loc loc,
			const char *number)
{
	__u64 top = type->bits == 64 ? ~0ull : (1ull << type->bits) - 1;
	char range[64];

	if (type->is_signed)
		snprintf(range, sizeof(range), "%" PRId64 " to %" PRId64,
			 -(int64_t)(top >> 1) - 1, (int64_t)(top >> 1));
	else
		snprintf(range, sizeof(range), "0 to %" PRIu64, (uint64_t)top);
	if (type->bits < type->size * 8)
		return fail(r, loc, "%s is out of range of %u bits of %s (%s)", number,
			    type->bits, type->name, range);
	return fail(r, loc, "%s is out of range of %s (%s)", number,
		    *type->name ? type->name : "the type", range);
}

static bool in_range(const struct value_type *type, __u64 magnitude, bool negative)
{
	__u64 top = type->bits == 64 ? ~0ull : (1ull << type->bits) - 1;

	if (!type->is_signed)
		return magnitude <= top && (!negative || !magnitude);
	return magnitude <= (top >> 1) + negative;
}

static int read_integer(struct reader *r, const struct value_type *type,
			const struct node *node, __u64 *value)
{
	char number[32];
	bool negative;
	int err = 0;

	if (node->type == NODE_INTEGER) {
		negative = node->integer < 0;
		*value = negative ? -(__u64)node->integer : (__u64)node->integer;
		snprintf(number, sizeof(number), "%" PRId64, node->integer);
	} else if (node->type == NODE_STRING) {
		err = value_parse_integer(node->string, value, &negative);
		if (err == -EINVAL)
			return expected(r, node, "an integer");
		snprintf(number, sizeof(number), "%.31s", node->string);
	} else {
		return expected(r, node, "an integer");
	}
	if (err || !in_range(type, *value, negative))
		return out_of_range(r, type, node->loc, number);
	if (negative)
		*value = -*value;
	return 0;
}

static void list_names(const char *const *names, int n, char *out, size_t size)
{
	size_t used = 0;

	*out = '\0';
	for (int i = 0; i < n && used < size; i++) {
		if (i == NAMES_SHOWN) {
			snprintf(out + used, size - used, ", …");
			break;
		}
		used += snprintf(out + used, size - used, "%s%s", i ? ", " : "", names[i]);
	}
}

static int unknown_name(struct reader *r, struct loc loc, const char *kind, const char *name,
			const char *const *names, int n)
{
	const char *near = diag_suggest(name, names, n);
	char list[300];

	list_names(names, n, list, sizeof(list));
	if (near)
		return fail(r, loc, "no %s '%s' (did you mean '%s'?)", kind, name, near);
	return fail(r, loc, "no %s '%s'%s%s%s", kind, name, n ? " (there are: " : "", list,
		    n ? ")" : "");
}

static int read_enum(struct reader *r, const struct value_type *type, const struct node *node,
		     __u64 *value)
{
	char names[NAMES_MAX][VALUE_NAME_MAX];
	const char *pointers[NAMES_MAX];
	bool negative;
	__u64 number;
	int n;

	if (node->type != NODE_STRING)
		return node->type == NODE_INTEGER ? read_integer(r, type, node, value)
						  : expected(r, node, "a name or an integer");
	if (value_enum_find(type, node->string, value)) {
		/* An enumerator that does not fit its bitfield, or a lying size. */
		negative = type->is_signed && (__s64)*value < 0;
		if (!in_range(type, negative ? -*value : *value, negative))
			return out_of_range(r, type, node->loc, node->string);
		return 0;
	}
	if (!value_parse_integer(node->string, &number, &negative))
		return read_integer(r, type, node, value);

	for (n = 0; n < NAMES_MAX && n < btf_vlen(type->type); n++) {
		value_enumerator(type, n, names[n]);
		pointers[n] = names[n];
	}
	return unknown_name(r, node->loc, "value", node->string, pointers, n);
}

static int read_number(struct reader *r, const struct value_type *type, const struct node *node,
		       __u64 *value)
{
	if (type->kind == VALUE_ENUM)
		return read_enum(r, type, node, value);
	if (type->kind == VALUE_INT)
		return read_integer(r, type, node, value);
	if (node->type != NODE_BOOLEAN)
		return expected(r, node, "true or false");
	*value = node->boolean;
	return 0;
}

/* ---- words ---- */

static int read_form(struct reader *r, const struct value_type *type, const struct node *node,
		     void *out)
{
	static const char *const names[] = {
		[VALUE_IP4] = "an IPv4 address",
		[VALUE_IP6] = "an IP address",
		[VALUE_MAC] = "a MAC address",
		[VALUE_PREFIX] = "a prefix like 10.1.0.0/16 or 2001:db8::/32",
	};
	char why[160] = "";
	int err = -EINVAL;

	if (node->type == NODE_STRING) {
		if (type->kind == VALUE_IP4)
			err = value_parse_ip4(node->string, out);
		else if (type->kind == VALUE_IP6)
			err = value_parse_ip6(node->string, out);
		else if (type->kind == VALUE_MAC)
			err = value_parse_mac(node->string, out);
		else
			err = value_parse_prefix(node->string, out, why, sizeof(why));
	}
	if (err && *why)
		return fail(r, node->loc, "'%s': %s", node->string, why);
	return err ? expected(r, node, names[type->kind]) : 0;
}

static int read_hex(struct reader *r, const struct value_type *type, const struct node *node,
		    void *out)
{
	char wanted[80];

	if (node->type == NODE_STRING && !value_from_hex(node->string, out, type->size))
		return 0;
	snprintf(wanted, sizeof(wanted), "\"0x…\" of %u byte%s in hex", type->size,
		 type->size == 1 ? "" : "s");
	return expected(r, node, wanted);
}

static int read_chars(struct reader *r, const struct value_type *type, const struct node *node,
		      void *out)
{
	size_t length = strlen(node->string);

	if (length > type->size)
		return fail(r, node->loc, "'%.100s' is %zu bytes, the longest is %u",
			    node->string, length, type->size);
	memset(out, 0, type->size);
	memcpy(out, node->string, length);
	return 0;
}

/* ---- compounds ---- */

static int read_value(struct reader *r, const struct value_type *type, const struct node *node,
		      void *out);

static int read_field(struct reader *r, const struct value_field *field,
		      const struct node *node, void *parent)
{
	__u64 value;
	int err;

	if (!field->bitfield)
		return read_value(r, &field->type, node,
				  (__u8 *)parent + field->bit_offset / 8);
	err = read_number(r, &field->type, node, &value);
	if (!err)
		value_store_field(field, parent, value);
	return err;
}

static __u32 field_bits(const struct value_field *field)
{
	return field->bitfield ? field->type.bits : field->type.size * 8;
}

/* Members of one union, or one field as 'a-b' and 'a_b'. */
static int check_overlap(struct reader *r, const struct value_type *type,
			 const struct node *table, size_t index,
			 const struct value_field *field)
{
	struct value_field other;

	for (size_t i = 0; i < index; i++) {
		if (!value_find_field(type, table->items[i].key, &other))
			continue;
		if (other.bit_offset < field->bit_offset + field_bits(field) &&
		    field->bit_offset < other.bit_offset + field_bits(&other))
			return fail(r, table->items[index].key_loc,
				    "'%s' and '%s' are the same bytes: give one of them",
				    table->items[i].key, table->items[index].key);
	}
	return 0;
}

/* What other members of a union leave behind is no value of the given one's. */
static void clear_unions(const struct value_type *type, const struct node *table, void *out)
{
	struct value_field field;

	if (type->kind == VALUE_UNION && table->count)
		memset(out, 0, type->size);
	for (size_t i = 0; i < table->count; i++)
		if (value_find_field(type, table->items[i].key, &field) && field.union_size)
			memset((__u8 *)out + field.union_offset, 0, field.union_size);
}

static int read_table(struct reader *r, const struct value_type *type, const struct node *table,
		      void *out)
{
	const char *names[NAMES_MAX];
	struct value_field field;
	int err = 0;

	clear_unions(type, table, out);
	for (size_t i = 0; i < table->count; i++) {
		const struct node *item = &table->items[i];
		size_t length;

		if (!value_find_field(type, item->key, &field)) {
			err = unknown_name(r, item->key_loc, "field", item->key, names,
					   value_field_names(type, names, NAMES_MAX));
			continue;
		}
		if (check_overlap(r, type, table, i, &field)) {
			err = -EINVAL;
			continue;
		}
		length = enter(r, "%s%s", *r->path ? "." : "", field.name);
		if (read_field(r, &field, item, out))
			err = -EINVAL;
		leave(r, length);
	}
	return err;
}

static int read_struct(struct reader *r, const struct value_type *type, const struct node *node,
		       void *out)
{
	struct value_field field;

	if (node->type == NODE_TABLE)
		return read_table(r, type, node, out);
	if (value_only_field(type, &field)) {
		size_t length = enter(r, "%s", "");
		int err = read_field(r, &field, node, out);

		leave(r, length);
		return err;
	}
	return expected(r, node, "a table");
}

static int read_array(struct reader *r, const struct value_type *type, const struct node *node,
		      void *out)
{
	__u32 count = btf_array(type->type)->nelems;
	struct value_type element;
	int err = 0;

	if (value_element(type, &element))
		return fail(r, node->loc, "the type of the elements is unknown");
	if (node->type == NODE_STRING && element.kind == VALUE_INT && element.size == 1)
		return read_hex(r, type, node, out);
	if (node->type != NODE_ARRAY)
		return expected(r, node, type->kind == VALUE_CHARS ? "a string" : "an array");
	if (node->count > count)
		return fail(r, node->loc, "%zu elements, the most are %u", node->count, count);

	memset(out, 0, type->size);
	for (size_t i = 0; i < node->count; i++) {
		size_t length = enter(r, "[%zu]", i);

		if (read_value(r, &element, &node->items[i], (__u8 *)out + i * element.size))
			err = -EINVAL;
		leave(r, length);
	}
	return err;
}

static int read_value(struct reader *r, const struct value_type *type, const struct node *node,
		      void *out)
{
	__u64 number;
	int err;

	if (r->depth > VALUE_DEPTH_MAX)
		return fail(r, node->loc, "the type is nested too deep");
	switch (type->kind) {
	case VALUE_INT:
	case VALUE_BOOL:
	case VALUE_ENUM:
		err = read_number(r, type, node, &number);
		if (!err)
			value_store(type, out, number);
		return err;
	case VALUE_PREFIX:
		if (node->type == NODE_TABLE)
			return read_table(r, type, node, out);
		return read_form(r, type, node, out);
	case VALUE_IP4:
	case VALUE_IP6:
	case VALUE_MAC:
		return read_form(r, type, node, out);
	case VALUE_CHARS:
		if (node->type == NODE_STRING)
			return read_chars(r, type, node, out);
		return read_array(r, type, node, out);
	case VALUE_ARRAY:
		return read_array(r, type, node, out);
	case VALUE_STRUCT:
	case VALUE_UNION:
		return read_struct(r, type, node, out);
	case VALUE_BYTES:
		break;
	}
	return read_hex(r, type, node, out);
}

/* ---- the interface ---- */

static int no_type(struct diag *diag, struct loc loc, const char *what)
{
	diag_error(diag, loc, "%s: its type is unknown", what);
	return -EINVAL;
}

int value_read(const struct value_type *type, const struct node *node, void *out,
	       const char *what, const char *word, struct diag *diag)
{
	struct reader reader = { .diag = diag, .what = what, .word = word };

	reader.show_word = word && (node->type == NODE_TABLE || node->type == NODE_ARRAY);
	memset(out, 0, type->size);
	return read_value(&reader, type, node, out);
}

int value_from_node(const struct btf *btf, __u32 type, const struct node *node, void *out,
		    const char *what, struct diag *diag)
{
	struct value_type resolved;

	if (value_resolve(btf, type, &resolved))
		return no_type(diag, node->loc, what);
	return value_read(&resolved, node, out, what, NULL, diag);
}

int value_update(const struct btf *btf, __u32 type, const struct node *table, void *out,
		 const char *what, struct diag *diag)
{
	struct reader reader = { .diag = diag, .what = what };
	struct value_type resolved;

	if (value_resolve(btf, type, &resolved))
		return no_type(diag, table->loc, what);
	if (table->type != NODE_TABLE)
		return expected(&reader, table, "a table");
	if (resolved.kind != VALUE_STRUCT && resolved.kind != VALUE_UNION)
		return fail(&reader, table->loc, "it is no struct: it has no fields");
	return read_table(&reader, &resolved, table, out);
}
