// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Numbers in and out of bytes: integers, bitfields, enumerators. */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "value_type.h"

static bool host_is_big_endian(void)
{
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
}

/* Bit i of a value, i from the least significant, in bytes of memory. */
static __u32 bit_place(const struct value_field *field, __u32 i)
{
	return field->bit_offset + (host_is_big_endian() ? field->type.bits - 1 - i : i);
}

static __u8 bit_mask(__u32 place)
{
	return host_is_big_endian() ? 0x80 >> place % 8 : 1 << place % 8;
}

static __u64 sign_extend(const struct value_type *type, __u64 value)
{
	if (type->is_signed && type->bits < 64 && value >> (type->bits - 1) & 1)
		value |= ~0ull << type->bits;
	return value;
}

__u64 value_load(const struct value_type *type, const void *bytes)
{
	const __u8 *b = bytes;
	__u64 value = 0;

	for (__u32 i = 0; i < type->size; i++)
		value = value << 8 |
			b[type->big_endian || host_is_big_endian() ? i : type->size - 1 - i];
	return sign_extend(type, value);
}

void value_store(const struct value_type *type, void *bytes, __u64 value)
{
	__u8 *b = bytes;

	for (__u32 i = 0; i < type->size; i++, value >>= 8)
		b[type->big_endian || host_is_big_endian() ? type->size - 1 - i : i] = value;
}

__u64 value_load_field(const struct value_field *field, const void *parent)
{
	const __u8 *bytes = parent;
	__u64 value = 0;

	if (!field->bitfield)
		return value_load(&field->type, bytes + field->bit_offset / 8);
	for (__u32 i = 0; i < field->type.bits; i++) {
		__u32 place = bit_place(field, i);

		if (bytes[place / 8] & bit_mask(place))
			value |= 1ull << i;
	}
	return sign_extend(&field->type, value);
}

void value_store_field(const struct value_field *field, void *parent, __u64 value)
{
	__u8 *bytes = parent;

	if (!field->bitfield) {
		value_store(&field->type, bytes + field->bit_offset / 8, value);
		return;
	}
	for (__u32 i = 0; i < field->type.bits; i++) {
		__u32 place = bit_place(field, i);

		if (value >> i & 1)
			bytes[place / 8] |= bit_mask(place);
		else
			bytes[place / 8] &= ~bit_mask(place);
	}
}

static const char *enumerator(const struct value_type *type, int index, __u64 *value)
{
	const char *name;
	__u32 name_off;

	if (btf_is_enum64(type->type)) {
		const struct btf_enum64 *e = btf_enum64(type->type) + index;

		name_off = e->name_off;
		*value = btf_enum64_value(e);
	} else {
		const struct btf_enum *e = btf_enum(type->type) + index;

		name_off = e->name_off;
		*value = type->is_signed ? (__u64)(__s64)e->val : (__u32)e->val;
	}
	name = btf__name_by_offset(type->btf, name_off);
	return name ? name : "";
}

static char fold(char c)
{
	return c == '_' ? '-' : (char)tolower((unsigned char)c);
}

__u64 value_enumerator(const struct value_type *type, int index, char *out)
{
	__u64 value;
	const char *name = enumerator(type, index, &value);
	size_t i;

	for (i = 0; i < VALUE_NAME_MAX - 1 && name[i]; i++)
		out[i] = fold(name[i]);
	out[name[i] ? 0 : i] = '\0';
	return value;
}

/* As in C first: only then can two enumerators be the same word. */
bool value_enum_find(const struct value_type *type, const char *name, __u64 *value)
{
	for (int i = 0; i < btf_vlen(type->type); i++)
		if (!strcmp(enumerator(type, i, value), name))
			return true;
	for (int i = 0; i < btf_vlen(type->type); i++) {
		const char *other = enumerator(type, i, value), *word = name;

		while (*word && fold(*word) == fold(*other))
			word++, other++;
		if (!*word && !*other)
			return true;
	}
	return false;
}
