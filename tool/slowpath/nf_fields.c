// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A value's fields, from BTF: what a native NF's changes are written back by. */
#include <errno.h>

#include "nf_bridge.h"

enum {
	DEPTH_MAX = 16 /* BTF does not say that its types end */
};

struct walk {
	const struct btf *btf;
	struct nf_field *fields;
	int count;
};

static int walk_type(struct walk *w, __u32 id, __u32 offset, int depth);

/* Bytes that share a field with the one before (bit-fields of one unit) join it. */
static int add(struct walk *w, __u32 offset, __u32 size)
{
	struct nf_field *last = w->count ? &w->fields[w->count - 1] : NULL;

	if (last && offset < last->offset + last->size) {
		if (offset < last->offset)
			return -EINVAL;
		if (offset + size > last->offset + last->size)
			last->size = offset + size - last->offset;
		return 0;
	}
	if (w->count == NF_FIELDS_MAX)
		return -E2BIG;
	w->fields[w->count++] = (struct nf_field) { offset, size };
	return 0;
}

static int walk_struct(struct walk *w, const struct btf_type *t, __u32 offset, int depth)
{
	const struct btf_member *member = btf_members(t);
	int err = 0;

	for (int i = 0; i < btf_vlen(t) && !err; i++, member++) {
		__u32 bits = btf_member_bit_offset(t, i);
		__u32 width = btf_member_bitfield_size(t, i);

		if (width)
			err = add(w, offset + bits / 8, (bits % 8 + width + 7) / 8);
		else
			err = walk_type(w, member->type, offset + bits / 8, depth);
	}
	return err;
}

static int walk_array(struct walk *w, const struct btf_type *t, __u32 offset, int depth)
{
	const struct btf_array *array = btf_array(t);
	__s64 size = btf__resolve_size(w->btf, array->type);
	int err = size < 0 ? size : 0;

	for (__u32 i = 0; i < array->nelems && !err; i++)
		err = walk_type(w, array->type, offset + i * size, depth);
	return err;
}

static int walk_type(struct walk *w, __u32 id, __u32 offset, int depth)
{
	const struct btf_type *t = btf__type_by_id(w->btf, id);
	__s64 size;

	while (t && (btf_is_mod(t) || btf_is_typedef(t)))
		t = btf__type_by_id(w->btf, id = t->type);
	if (!t || depth > DEPTH_MAX)
		return -EINVAL;
	if (btf_is_struct(t))
		return walk_struct(w, t, offset, depth + 1);
	if (btf_is_array(t))
		return walk_array(w, t, offset, depth + 1);
	size = btf__resolve_size(w->btf, id);
	return size <= 0 ? -EINVAL : add(w, offset, size);
}

int nf_fields(const struct btf *btf, __u32 type, struct nf_field *fields)
{
	struct walk w = { .btf = btf, .fields = fields };

	return walk_type(&w, type, 0, 0) ?: w.count;
}
