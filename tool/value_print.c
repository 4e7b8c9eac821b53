// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Printing values: bytes of a BTF type as JSON. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "value.h"
#include "value_type.h"

static struct json_object *value_json(const struct value_type *type, const void *bytes,
				      int depth);

static struct json_object *hex_json(const void *bytes, size_t size)
{
	char *text = value_to_hex(bytes, size);
	struct json_object *json = text ? json_object_new_string(text) : NULL;

	free(text);
	return json;
}

/* The name only if it leads back to the number. */
static struct json_object *enum_json(const struct value_type *type, __u64 value)
{
	char name[VALUE_NAME_MAX];
	__u64 back;

	for (int i = 0; i < btf_vlen(type->type); i++)
		if (value_enumerator(type, i, name) == value && *name &&
		    value_enum_find(type, name, &back) && back == value)
			return json_object_new_string(name);
	return NULL;
}

static struct json_object *number_json(const struct value_type *type, __u64 value)
{
	struct json_object *json = NULL;

	if (type->kind == VALUE_BOOL)
		return json_object_new_boolean(value != 0);
	if (type->kind == VALUE_ENUM)
		json = enum_json(type, value);
	if (json)
		return json;
	return type->is_signed ? json_object_new_int64((int64_t)value)
			       : json_object_new_uint64(value);
}

static struct json_object *form_json(const struct value_type *type, const void *bytes)
{
	char text[VALUE_FORM_MAX];

	if (type->kind == VALUE_IP4)
		value_print_ip4(bytes, text);
	else if (type->kind == VALUE_IP6)
		value_print_ip6(bytes, text);
	else if (type->kind == VALUE_MAC)
		value_print_mac(bytes, text);
	else if (!value_print_prefix(bytes, text))
		return NULL;
	return json_object_new_string(text);
}

/* Printable ASCII, then nothing but zeros. */
static bool is_text(const char *bytes, __u32 size)
{
	__u32 i = 0;

	while (i < size && bytes[i] >= ' ' && bytes[i] <= '~')
		i++;
	while (i < size && !bytes[i])
		i++;
	return i == size;
}

static bool all_zero(const struct value_field *field, const __u8 *parent)
{
	const __u8 *bytes = parent + field->bit_offset / 8;

	if (field->bitfield)
		return !value_load_field(field, parent);
	for (__u32 i = 0; i < field->type.size; i++)
		if (bytes[i])
			return false;
	return true;
}

/* Members of `type` into `object`; of an anonymous one as the parent's own. */
static bool add_members(struct json_object *object, const struct value_type *type,
			const __u8 *bytes, int depth)
{
	int n = type->kind == VALUE_UNION ? 1 : btf_vlen(type->type);

	for (int i = 0; i < n; i++) {
		struct json_object *json;
		struct value_field field;
		bool composite;

		if (type->kind == VALUE_UNION ? !value_widest_member(type, &field)
					      : value_field(type, i, &field))
			continue;
		composite = field.type.kind == VALUE_STRUCT || field.type.kind == VALUE_UNION;
		if (!*field.name) {
			if (composite && depth < VALUE_DEPTH_MAX &&
			    !add_members(object, &field.type, bytes + field.bit_offset / 8,
					 depth + 1))
				return false;
			continue;
		}
		if (value_is_padding(field.name) && all_zero(&field, bytes))
			continue;
		json = field.bitfield
			       ? number_json(&field.type, value_load_field(&field, bytes))
			       : value_json(&field.type, bytes + field.bit_offset / 8,
					    depth + 1);
		if (!json || json_object_object_add(object, field.name, json)) {
			json_object_put(json);
			return false;
		}
	}
	return true;
}

static struct json_object *struct_json(const struct value_type *type, const void *bytes,
				       int depth)
{
	struct json_object *object = json_object_new_object();

	if (object && !add_members(object, type, bytes, depth)) {
		json_object_put(object);
		return NULL;
	}
	return object;
}

static struct json_object *array_json(const struct value_type *type, const void *bytes,
				      int depth)
{
	__u32 count = btf_array(type->type)->nelems;
	struct value_type element;
	struct json_object *array;

	if (value_element(type, &element))
		return hex_json(bytes, type->size);
	array = json_object_new_array();
	for (__u32 i = 0; array && i < count; i++) {
		struct json_object *json = value_json(
			&element, (const __u8 *)bytes + (size_t)i * element.size, depth + 1);

		if (!json || json_object_array_add(array, json)) {
			json_object_put(json);
			json_object_put(array);
			return NULL;
		}
	}
	return array;
}

static struct json_object *value_json(const struct value_type *type, const void *bytes,
				      int depth)
{
	struct json_object *json;

	if (depth > VALUE_DEPTH_MAX)
		return hex_json(bytes, type->size);
	switch (type->kind) {
	case VALUE_INT:
	case VALUE_BOOL:
	case VALUE_ENUM:
		return number_json(type, value_load(type, bytes));
	case VALUE_IP4:
	case VALUE_IP6:
	case VALUE_MAC:
		return form_json(type, bytes);
	case VALUE_PREFIX:
		json = form_json(type, bytes);
		return json ? json : struct_json(type, bytes, depth);
	case VALUE_CHARS:
		if (is_text(bytes, type->size))
			return json_object_new_string_len(bytes, strnlen(bytes, type->size));
		return array_json(type, bytes, depth);
	case VALUE_ARRAY:
		return array_json(type, bytes, depth);
	case VALUE_STRUCT:
	case VALUE_UNION:
		return struct_json(type, bytes, depth);
	case VALUE_BYTES:
		break;
	}
	return hex_json(bytes, type->size);
}

struct json_object *value_to_json(const struct btf *btf, __u32 type, const void *bytes)
{
	struct value_type resolved;

	if (value_resolve(btf, type, &resolved))
		return NULL;
	return value_json(&resolved, bytes, 0);
}
