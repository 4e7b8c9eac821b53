// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nf_shape.h"
#include "value.h"

enum {
	UNNAMED_MAX = 8 /* structs in structs */
};

__attribute__((format(printf, 2, 3))) static bool differ(char **why, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	if (vasprintf(why, fmt, args) < 0)
		*why = NULL;
	va_end(args);
	return false;
}

/* ---- reading ---- */

static const struct btf_type *plain(const struct btf *btf, __u32 id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	while (t && (btf_is_mod(t) || btf_is_typedef(t)))
		t = btf__type_by_id(btf, t->type);
	return t;
}

/* The type of a variable; 0: there is none. */
static __u32 var_type(const struct btf *btf, const char *name)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_VAR);

	return id < 0 ? 0 : btf__type_by_id(btf, id)->type;
}

int nf_shape_actions(const struct btf *btf)
{
	const struct btf_type *t = plain(btf, var_type(btf, "nf_action"));

	return t && btf_is_any_enum(t) ? btf_vlen(t) : 0;
}

/* The typedef is the meaning: "nf_file", const or not. */
static bool is_file(const struct btf *btf, __u32 id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	while (t && btf_is_mod(t))
		t = btf__type_by_id(btf, t->type);
	return t && btf_is_typedef(t) &&
	       !strcmp(btf__name_by_offset(btf, t->name_off), "nf_file");
}

/* Also in the unnamed structs and unions of one, so deep. */
static int find_file(const struct btf *btf, __u32 id, const char *field, int depth)
{
	const struct btf_type *t = plain(btf, id);
	const struct btf_member *member = t && btf_is_composite(t) ? btf_members(t) : NULL;

	for (int i = 0; member && i < btf_vlen(t); i++, member++) {
		const char *name = btf__name_by_offset(btf, member->name_off) ?: "";
		int at = (int)(btf_member_bit_offset(t, i) / 8), inside = -1;

		if (*name && !strcmp(name, field))
			return is_file(btf, member->type) ? at : -1;
		if (!*name && depth)
			inside = find_file(btf, member->type, field, depth - 1);
		if (inside >= 0)
			return at + inside;
	}
	return -1;
}

int nf_shape_file(const struct btf *btf, const char *field)
{
	return find_file(btf, var_type(btf, "config"), field, UNNAMED_MAX);
}

__u32 nf_shape_map_type(const struct btf *btf, const char *map, const char *which)
{
	const struct btf_type *t = plain(btf, var_type(btf, map));
	const struct btf_member *member = t && btf_is_union(t) ? btf_members(t) : NULL;

	for (int i = 0; member && i < btf_vlen(t); i++, member++) {
		const struct btf_type *pointer = plain(btf, member->type);

		if (!strcmp(btf__name_by_offset(btf, member->name_off), which) && pointer &&
		    btf_is_ptr(pointer))
			return pointer->type;
	}
	return 0;
}

/* ---- comparing ---- */

static bool same_type(const struct btf *btf, __u32 type, const struct object *object,
		      __u32 object_type, const char *what, const char *name, char **why)
{
	char *how = NULL;

	if (!type != !object_type)
		return differ(why, "%s%s is in one of it and %s only", what, name,
			      object->file);
	if (!type || value_same_type(btf, type, object->btf, object_type, &how))
		return true;
	differ(why, "%s%s is not that of %s: %s", what, name, object->file, how ?: "?");
	free(how);
	return false;
}

static bool same_map(const struct nf_native_map *map, const struct btf *btf,
		     const struct object *object, char **why)
{
	const struct object_map *other = object_map(object, map->name);

	if (!other)
		return differ(why, "map '%s' is not in %s", map->name, object->file);
	if (map->type != other->type || map->flags != other->flags ||
	    map->key_size != other->key_size || map->value_size != other->value_size ||
	    map->size != other->size)
		return differ(why, "map '%s' is declared otherwise in %s", map->name,
			      object->file);
	return same_type(btf, nf_shape_map_type(btf, map->name, "key"), object, other->key_type,
			 "the key of map ", map->name, why) &&
	       same_type(btf, nf_shape_map_type(btf, map->name, "value"), object,
			 other->value_type, "the value of map ", map->name, why);
}

bool nf_shape_same(const struct nf_native *nf, const struct btf *btf,
		   const struct object *object, char **why)
{
	if (nf->maps_end - nf->maps != object->map_count)
		return differ(why, "it has %d maps, %s has %d", (int)(nf->maps_end - nf->maps),
			      object->file, object->map_count);
	for (struct nf_native_map *const *m = nf->maps; m < nf->maps_end; m++)
		if (!same_map(*m, btf, object, why))
			return false;
	if (nf->config->size != object->config.size)
		return differ(why, "its config is of %u bytes, that of %s of %u",
			      nf->config->size, object->file, object->config.size);
	return same_type(btf, var_type(btf, "config"), object, var_type(object->btf, "config"),
			 "its ", "config", why) &&
	       same_type(btf, var_type(btf, "nf_action"), object,
			 var_type(object->btf, "nf_action"), "its ", "action", why);
}
