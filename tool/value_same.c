// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Whether what is kept in a map under one type may be read under another. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "value.h"
#include "value_type.h"

struct comparison {
	char path[200]; /* "flow.ports[]" */
	char **why;
	int depth;
};

__attribute__((format(printf, 2, 3))) static bool differ(struct comparison *c, const char *fmt,
							 ...)
{
	char text[300];
	va_list args;

	if (!c->why)
		return false;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (!*c->path)
		*c->why = strdup(text);
	else if (asprintf(c->why, "field '%s' %s", c->path, text) < 0)
		*c->why = NULL;
	return false;
}

static bool same(struct comparison *c, const struct value_type *a, const struct value_type *b);

static const char *kind_name(const struct value_type *type)
{
	static const char *const names[] = {
		[VALUE_BYTES] = "opaque",        [VALUE_INT] = "an integer",
		[VALUE_BOOL] = "a bool",         [VALUE_ENUM] = "an enum",
		[VALUE_STRUCT] = "a struct",     [VALUE_UNION] = "a union",
		[VALUE_ARRAY] = "an array",      [VALUE_CHARS] = "a string",
		[VALUE_IP4] = "an IPv4 address", [VALUE_IP6] = "an IP address",
		[VALUE_MAC] = "a MAC address",   [VALUE_PREFIX] = "a prefix",
	};

	return names[type->kind];
}

static bool same_integer(struct comparison *c, const struct value_type *a,
			 const struct value_type *b)
{
	if (a->is_signed != b->is_signed)
		return differ(c, "is %s, was %s", a->is_signed ? "signed" : "unsigned",
			      b->is_signed ? "signed" : "unsigned");
	if (a->big_endian != b->big_endian)
		return differ(c, "is in %s order, was in %s order",
			      a->big_endian ? "network" : "host",
			      b->big_endian ? "network" : "host");
	return true;
}

static bool same_enum(struct comparison *c, const struct value_type *a,
		      const struct value_type *b)
{
	int na = btf_vlen(a->type), nb = btf_vlen(b->type);
	char name_a[VALUE_NAME_MAX], name_b[VALUE_NAME_MAX];

	for (int i = 0; i < na && i < nb; i++) {
		__u64 va = value_enumerator(a, i, name_a);
		__u64 vb = value_enumerator(b, i, name_b);

		if (strcmp(name_a, name_b))
			return differ(c, "has '%s' where '%s' was", name_a, name_b);
		if (va != vb)
			return differ(c, "has '%s' as %lld, was %lld", name_a, (long long)va,
				      (long long)vb);
	}
	if (na != nb)
		return differ(c, "has %d enumerators, had %d", na, nb);
	return true;
}

static bool same_field(struct comparison *c, const struct value_field *a,
		       const struct value_field *b)
{
	if (strcmp(a->name, b->name))
		return differ(c, "is there where '%s' was", *b->name ? b->name : "(unnamed)");
	if (a->bit_offset != b->bit_offset) {
		if (a->bit_offset % 8 || b->bit_offset % 8)
			return differ(c, "is at bit %u, was at %u", a->bit_offset,
				      b->bit_offset);
		return differ(c, "is at offset %u, was at %u", a->bit_offset / 8,
			      b->bit_offset / 8);
	}
	if (a->bitfield != b->bitfield || (a->bitfield && a->type.bits != b->type.bits))
		return differ(c, "is %u bits, was %u",
			      a->bitfield ? a->type.bits : a->type.size * 8,
			      b->bitfield ? b->type.bits : b->type.size * 8);
	return same(c, &a->type, &b->type);
}

static bool same_fields(struct comparison *c, const struct value_type *a,
			const struct value_type *b)
{
	int na = btf_vlen(a->type), nb = btf_vlen(b->type);
	size_t length = strlen(c->path);
	struct value_field fa, fb;

	for (int i = 0; i < na && i < nb; i++) {
		bool equal;

		if (value_field(a, i, &fa) || value_field(b, i, &fb))
			return differ(c, "has a type that is not understood");
		if (*fa.name)
			snprintf(c->path + length, sizeof(c->path) - length, "%s%s",
				 length ? "." : "", fa.name);
		equal = same_field(c, &fa, &fb);
		c->path[length] = '\0';
		if (!equal)
			return false;
	}
	if (na > nb && !value_field(a, nb, &fa))
		return differ(c, "has a new field '%s'", fa.name);
	if (nb > na && !value_field(b, na, &fb))
		return differ(c, "has no field '%s', had one", fb.name);
	return true;
}

static bool same_array(struct comparison *c, const struct value_type *a,
		       const struct value_type *b)
{
	__u32 na = btf_array(a->type)->nelems, nb = btf_array(b->type)->nelems;
	size_t length = strlen(c->path);
	struct value_type ea, eb;
	bool equal;

	if (na != nb)
		return differ(c, "has %u elements, had %u", na, nb);
	if (value_element(a, &ea) || value_element(b, &eb))
		return differ(c, "has a type that is not understood");
	if (length)
		snprintf(c->path + length, sizeof(c->path) - length, "[]");
	equal = same(c, &ea, &eb);
	c->path[length] = '\0';
	return equal;
}

/* Bytes of unknown meaning: at least what kind of type, and by which name. */
static bool same_bytes(struct comparison *c, const struct value_type *a,
		       const struct value_type *b)
{
	if (btf_kind(a->type) != btf_kind(b->type) || strcmp(a->name, b->name))
		return differ(c, "is of type '%s', was '%s'", a->name, b->name);
	return true;
}

static bool same(struct comparison *c, const struct value_type *a, const struct value_type *b)
{
	bool equal = true;

	if (c->depth++ > VALUE_DEPTH_MAX)
		return differ(c, "is nested too deep");
	if (a->kind != b->kind)
		equal = differ(c, "is %s, was %s", kind_name(a), kind_name(b));
	/* Of these the cause says more than the size. */
	else if (a->kind == VALUE_STRUCT || a->kind == VALUE_UNION)
		equal = same_fields(c, a, b);
	else if (a->kind == VALUE_ARRAY || a->kind == VALUE_CHARS)
		equal = same_array(c, a, b);
	else if (a->kind == VALUE_INT)
		equal = same_integer(c, a, b);
	else if (a->kind == VALUE_ENUM)
		equal = same_enum(c, a, b);
	else if (a->kind == VALUE_BYTES)
		equal = same_bytes(c, a, b);
	if (equal && a->size != b->size)
		equal = differ(c, "is of %u bytes, was of %u", a->size, b->size);
	c->depth--;
	return equal;
}

bool value_same_type(const struct btf *a, __u32 type_a, const struct btf *b, __u32 type_b,
		     char **why)
{
	struct comparison c = { .why = why };
	struct value_type ra, rb;
	bool known_a = a && !value_resolve(a, type_a, &ra);
	bool known_b = b && !value_resolve(b, type_b, &rb);

	if (why)
		*why = NULL;
	/* Two types of which nothing is known: their sizes must do. */
	if (!known_a && !known_b)
		return true;
	if (!known_a || !known_b)
		return differ(&c, known_b ? "has no type, had one" : "has a type, had none");
	return same(&c, &ra, &rb);
}
