// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* BTF types: what a type id means, its fields and their bits. */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "value_type.h"

static const char *name_of(const struct btf *btf, __u32 offset)
{
	const char *name = btf__name_by_offset(btf, offset);

	return name ? name : "";
}

static bool is_modifier(const struct btf_type *type)
{
	return btf_is_mod(type) || btf_is_typedef(type);
}

/* A typedef only means what its name says when the bytes under it can. */
static void apply_typedef(struct value_type *out, const char *name)
{
	bool number = out->kind == VALUE_INT && !out->is_signed;

	if (number && out->size == 4 && !strcmp(name, "nf_ip4"))
		out->kind = VALUE_IP4;
	else if (number && out->size == 2 && !strcmp(name, "nf_port"))
		out->big_endian = true;
	else if (number && ((out->size == 2 && !strcmp(name, "__be16")) ||
			    (out->size == 4 && !strcmp(name, "__be32")) ||
			    (out->size == 8 && !strcmp(name, "__be64"))))
		out->big_endian = true;
	else if (out->kind == VALUE_STRUCT && out->size == 16 && !strcmp(name, "nf_ip6"))
		out->kind = VALUE_IP6;
	else if (out->kind == VALUE_STRUCT && out->size == 6 && !strcmp(name, "nf_mac"))
		out->kind = VALUE_MAC;
}

static void resolve_int(struct value_type *out)
{
	__u8 encoding = btf_int_encoding(out->type);
	__u32 size = out->size;

	/* An int of fewer bits than its bytes is a bitfield of compilers long gone. */
	if (btf_int_offset(out->type) || btf_int_bits(out->type) != size * 8)
		return;
	if (size != 1 && size != 2 && size != 4 && size != 8)
		return;
	out->kind = (encoding & BTF_INT_BOOL) && size == 1 ? VALUE_BOOL : VALUE_INT;
	out->is_signed = encoding & BTF_INT_SIGNED;
	out->bits = size * 8;
}

static void resolve_enum(struct value_type *out)
{
	const struct btf_enum *values = btf_enum(out->type);

	if (out->size != 1 && out->size != 2 && out->size != 4 && out->size != 8)
		return;
	out->kind = VALUE_ENUM;
	out->bits = out->size * 8;
	out->is_signed = btf_kflag(out->type);
	/* Before LLVM 15 the flag is never set: a negative enumerator tells. */
	for (int i = 0; btf_is_enum(out->type) && i < btf_vlen(out->type); i++)
		out->is_signed |= values[i].val < 0;
}

/*
 * gcc says of `unsigned char` and `signed char`, which are __u8 and __s8, too that
 * they are characters; clang does not.
 */
static bool is_char(const struct btf *btf, __u32 id)
{
	const struct btf_type *type;
	const char *name;

	for (int depth = 0; depth < VALUE_DEPTH_MAX; depth++) {
		type = btf__type_by_id(btf, id);
		if (!type)
			return false;
		if (!is_modifier(type)) {
			name = name_of(btf, type->name_off);
			return btf_is_int(type) && type->size == 1 &&
			       (!strcmp(name, "char") ||
				((btf_int_encoding(type) & BTF_INT_CHAR) &&
				 strcmp(name, "unsigned char") != 0 &&
				 strcmp(name, "signed char") != 0));
		}
		id = type->type;
	}
	return false;
}

static void resolve_array(struct value_type *out)
{
	const struct btf_array *array = btf_array(out->type);

	if (is_char(out->btf, array->type))
		out->kind = VALUE_CHARS;
	else if (!array->nelems || out->size / array->nelems)
		out->kind = VALUE_ARRAY;
}

/* How many bits member i takes; -1: it cannot be. */
static __s64 member_bits(const struct value_type *parent, int i)
{
	__u32 bits = btf_member_bitfield_size(parent->type, i);
	struct value_type type;

	if (!bits) {
		__s64 size = btf__resolve_size(parent->btf, btf_members(parent->type)[i].type);

		if (btf_member_bit_offset(parent->type, i) % 8 || size < 0)
			return -1;
		return size * 8;
	}
	if (value_resolve(parent->btf, btf_members(parent->type)[i].type, &type) ||
	    (type.kind != VALUE_INT && type.kind != VALUE_BOOL && type.kind != VALUE_ENUM) ||
	    bits > type.bits)
		return -1;
	return bits;
}

/* Whether the members are inside, in a struct one after the other. */
static bool members_sound(const struct value_type *parent)
{
	__u64 end = 0;

	for (int i = 0; i < btf_vlen(parent->type); i++) {
		__u64 offset = btf_member_bit_offset(parent->type, i);
		__s64 bits = member_bits(parent, i);

		if (bits < 0 || offset + bits > (__u64)parent->size * 8 || offset < end)
			return false;
		if (btf_is_struct(parent->type))
			end = offset + bits;
	}
	return true;
}

static void resolve_composite(struct value_type *out)
{
	if (!members_sound(out) || (!btf_vlen(out->type) && out->size))
		return;
	out->kind = btf_is_struct(out->type) ? VALUE_STRUCT : VALUE_UNION;
	if (out->kind == VALUE_STRUCT && out->size == 20 &&
	    !strcmp(name_of(out->btf, out->type->name_off), "nf_ip_prefix"))
		out->kind = VALUE_PREFIX;
}

int value_resolve(const struct btf *btf, __u32 id, struct value_type *out)
{
	const char *typedefs[VALUE_DEPTH_MAX];
	const struct btf_type *type = btf ? btf__type_by_id(btf, id) : NULL;
	__s64 size = type && id ? btf__resolve_size(btf, id) : -1;
	int n = 0;

	memset(out, 0, sizeof(*out));
	if (size < 0 || size > UINT32_MAX)
		return -EINVAL;
	for (int depth = 0; type && is_modifier(type); depth++) {
		if (depth == VALUE_DEPTH_MAX)
			return -EINVAL;
		if (btf_is_typedef(type))
			typedefs[n++] = name_of(btf, type->name_off);
		type = btf__type_by_id(btf, type->type);
	}
	if (!type)
		return -EINVAL;

	out->kind = VALUE_BYTES;
	out->btf = btf;
	out->type = type;
	out->size = (__u32)size;
	out->name = n ? typedefs[0] : name_of(btf, type->name_off);
	if (btf_is_int(type))
		resolve_int(out);
	else if (btf_is_any_enum(type))
		resolve_enum(out);
	else if (btf_is_array(type))
		resolve_array(out);
	else if (btf_is_composite(type))
		resolve_composite(out);
	/* From the inside out: nf_port is a __be16. */
	while (n)
		apply_typedef(out, typedefs[--n]);
	return 0;
}

int value_element(const struct value_type *array, struct value_type *out)
{
	return value_resolve(array->btf, btf_array(array->type)->type, out);
}

int value_field(const struct value_type *parent, int index, struct value_field *out)
{
	const struct btf_member *member = btf_members(parent->type) + index;
	__u32 bits = btf_member_bitfield_size(parent->type, index);

	out->name = name_of(parent->btf, member->name_off);
	out->bit_offset = btf_member_bit_offset(parent->type, index);
	out->bitfield = bits;
	out->union_offset = 0;
	out->union_size = 0;
	if (value_resolve(parent->btf, member->type, &out->type))
		return -EINVAL;
	if (bits) {
		out->type.bits = bits;
		/* Bits of a byte-swapped number are in no order anybody means. */
		out->type.big_endian = false;
	}
	return 0;
}

static bool is_anonymous(const struct value_field *field)
{
	return !*field->name &&
	       (field->type.kind == VALUE_STRUCT || field->type.kind == VALUE_UNION);
}

static bool same_name(const char *written, const char *name)
{
	for (; *written && *name; written++, name++)
		if ((*written == '-' ? '_' : *written) != *name)
			return false;
	return !*written && !*name;
}

static bool find_field(const struct value_type *parent, const char *name,
		       struct value_field *out, int depth)
{
	struct value_field field;

	if (depth > VALUE_DEPTH_MAX)
		return false;
	for (int i = 0; i < btf_vlen(parent->type); i++) {
		if (value_field(parent, i, &field))
			continue;
		if (is_anonymous(&field)) {
			if (!find_field(&field.type, name, out, depth + 1))
				continue;
			out->bit_offset += field.bit_offset;
			out->union_offset += field.bit_offset / 8;
			if (field.type.kind == VALUE_UNION) {
				out->union_offset = field.bit_offset / 8;
				out->union_size = field.type.size;
			}
			return true;
		}
		if (*field.name && same_name(name, field.name)) {
			*out = field;
			return true;
		}
	}
	return false;
}

bool value_find_field(const struct value_type *parent, const char *name,
		      struct value_field *out)
{
	return find_field(parent, name, out, 0);
}

static int field_names(const struct value_type *parent, const char **names, int max, int depth)
{
	struct value_field field;
	int n = 0;

	if (depth > VALUE_DEPTH_MAX)
		return 0;
	for (int i = 0; i < btf_vlen(parent->type) && n < max; i++) {
		if (value_field(parent, i, &field))
			continue;
		if (is_anonymous(&field))
			n += field_names(&field.type, names + n, max - n, depth + 1);
		else if (*field.name)
			names[n++] = field.name;
	}
	return n;
}

int value_field_names(const struct value_type *parent, const char **names, int max)
{
	return field_names(parent, names, max, 0);
}

bool value_is_padding(const char *name)
{
	static const char *const words[] = { "pad", "padding", "reserved", "rsvd", "unused" };
	const char *begin = name + strspn(name, "_");
	size_t length = strcspn(begin, "_0123456789");

	if (begin[length + strspn(begin + length, "_0123456789")])
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (length == strlen(words[i]) && !memcmp(begin, words[i], length))
			return true;
	return false;
}

bool value_only_field(const struct value_type *parent, struct value_field *out)
{
	struct value_field field;
	int found = 0;

	if (parent->kind != VALUE_STRUCT)
		return false;
	for (int i = 0; i < btf_vlen(parent->type); i++) {
		if (value_field(parent, i, &field))
			return false;
		if (value_is_padding(field.name))
			continue;
		if (!*field.name || found++)
			return false;
		*out = field;
	}
	return found;
}

bool value_widest_member(const struct value_type *parent, struct value_field *out)
{
	struct value_field field;
	__u32 widest = 0;

	for (int i = 0; i < btf_vlen(parent->type); i++) {
		__u32 bits;

		if (value_field(parent, i, &field))
			continue;
		bits = field.bitfield ? field.type.bits : field.type.size * 8;
		if (bits > widest) {
			widest = bits;
			*out = field;
		}
	}
	return widest;
}
