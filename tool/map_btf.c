// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "alloc.h"
#include "map_btf.h"

enum {
	DEPTH_MAX = 32 /* BTF does not say that its types end: nothing real nests so deep */
};

struct copy {
	const struct btf *from;
	struct btf *to;
	__u32 *known; /* by id in `from`, the id in `to`; 0: not copied yet */
};

static int copy_type(struct copy *c, __u32 id, int depth);

/* gcc says `signed char` is a character and signed; the kernel takes one of both. */
static int copy_int(struct copy *c, const struct btf_type *t)
{
	int encoding = btf_int_encoding(t);
	const char *name = btf__name_by_offset(c->from, t->name_off);

	if (encoding & BTF_INT_SIGNED)
		encoding = BTF_INT_SIGNED;
	if (btf_int_offset(t) || btf_int_bits(t) != t->size * 8)
		return -EINVAL;
	return btf__add_int(c->to, name, t->size, encoding);
}

static int copy_array(struct copy *c, const struct btf_type *t, int depth)
{
	const struct btf_array *array = btf_array(t);
	int index = copy_type(c, array->index_type, depth + 1);
	int element = index < 0 ? index : copy_type(c, array->type, depth + 1);

	return element < 0 ? element : btf__add_array(c->to, index, element, array->nelems);
}

/* The members' types come first: adding one moves what has been added. */
static int copy_members(struct copy *c, const struct btf_type *t, int depth)
{
	const struct btf_member *member = btf_members(t);
	int count = btf_vlen(t), id = 0;
	__u32 *types = xcalloc(count + 1, sizeof(*types));

	for (int i = 0; i < count && id >= 0; i++) {
		id = copy_type(c, member[i].type, depth + 1);
		types[i] = id;
	}
	if (id >= 0)
		id = btf__add_type(c->to, c->from, t);
	for (int i = 0; i < count && id >= 0; i++)
		btf_members((struct btf_type *)btf__type_by_id(c->to, id))[i].type = types[i];
	free(types);
	return id;
}

/* typedef, const, volatile, restrict */
static int copy_modifier(struct copy *c, const struct btf_type *t, int depth)
{
	int type = copy_type(c, t->type, depth + 1), id;

	if (type < 0)
		return type;
	id = btf__add_type(c->to, c->from, t);
	if (id >= 0)
		((struct btf_type *)btf__type_by_id(c->to, id))->type = type;
	return id;
}

static bool is_name(const struct copy *c, __u32 offset)
{
	return btf__str_by_offset(c->from, offset);
}

/* libbpf copies names without looking whether they are there. */
static bool names_sound(const struct copy *c, const struct btf_type *t)
{
	bool sound = is_name(c, t->name_off);

	for (int i = 0; i < btf_vlen(t) && sound; i++) {
		if (btf_is_composite(t))
			sound = is_name(c, btf_members(t)[i].name_off);
		else if (btf_is_enum(t))
			sound = is_name(c, btf_enum(t)[i].name_off);
		else if (btf_is_enum64(t))
			sound = is_name(c, btf_enum64(t)[i].name_off);
	}
	return sound;
}

static int copy_kind(struct copy *c, const struct btf_type *t, int depth)
{
	if (!names_sound(c, t))
		return -EINVAL;
	switch (btf_kind(t)) {
	case BTF_KIND_INT:
		return copy_int(c, t);
	case BTF_KIND_PTR:
		return btf__add_ptr(c->to, 0);
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
	case BTF_KIND_FLOAT:
		return btf__add_type(c->to, c->from, t);
	case BTF_KIND_ARRAY:
		return copy_array(c, t, depth);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return copy_members(c, t, depth);
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_CONST:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_RESTRICT:
		return copy_modifier(c, t, depth);
	default:
		return -EINVAL;
	}
}

/* Its id in `to`, or a negative errno. */
static int copy_type(struct copy *c, __u32 id, int depth)
{
	const struct btf_type *t = id ? btf__type_by_id(c->from, id) : NULL;
	int copied;

	if (!t || depth > DEPTH_MAX)
		return -EINVAL;
	if (c->known[id])
		return c->known[id];
	copied = copy_kind(c, t, depth);
	if (copied > 0)
		c->known[id] = copied;
	return copied;
}

struct btf *map_btf(const struct btf *from, __u32 key_type, __u32 value_type, __u32 *new_key,
		    __u32 *new_value)
{
	struct copy c = { .from = from, .to = btf__new_empty() };
	int key, value;

	if (!c.to)
		return NULL;
	c.known = xcalloc(btf__type_cnt(from), sizeof(*c.known));
	key = copy_type(&c, key_type, 0);
	value = key < 0 ? key : copy_type(&c, value_type, 0);
	free(c.known);
	if (value < 0) {
		btf__free(c.to);
		errno = -value;
		return NULL;
	}
	*new_key = key;
	*new_value = value;
	return c.to;
}
