/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A BTF with every form value.h knows, built in memory: for tests and fuzzing. */
#ifndef VALUE_TYPES_H
#define VALUE_TYPES_H

#include <assert.h>
#include <bpf/btf.h>

#define VALUE_SIZE_MAX 64

/* Random bytes come back as they were: no padding, no bool, no lesser union member. */
#define VALUE_TYPES_EXACT(x)                                                                  \
	x(u8) x(s8) x(u16) x(s16) x(u32) x(s32) x(u64) x(s64) x(be16) x(be32) x(be64) x(port) \
		x(ip4) x(ip6) x(mac) x(prefix) x(action) x(level) x(tiny) x(wide) x(name)     \
			x(ports) x(matrix) x(bytes) x(addresses) x(flow) x(bits) x(only)      \
				x(word) x(quad) x(real) x(timer) x(pointer) x(config)         \
					x(strings)
#define VALUE_TYPES_OTHER(x) x(flag) x(padded) x(either) x(anonymous) x(nested) x(lists)

#define VALUE_TYPE_FIELD(name) int name;
struct value_types {
	struct btf *btf;
	VALUE_TYPES_EXACT(VALUE_TYPE_FIELD)
	VALUE_TYPES_OTHER(VALUE_TYPE_FIELD)
	int character;
};

static inline void value_types_scalars(struct value_types *t)
{
	struct btf *b = t->btf;
	int u8 = btf__add_int(b, "unsigned char", 1, 0);
	int u16 = btf__add_int(b, "unsigned short", 2, 0);
	int u32 = btf__add_int(b, "unsigned int", 4, 0);
	int u64 = btf__add_int(b, "unsigned long long", 8, 0);

	t->u8 = btf__add_typedef(b, "__u8", u8);
	t->u16 = btf__add_typedef(b, "__u16", u16);
	t->u32 = btf__add_typedef(b, "__u32", u32);
	t->u64 = btf__add_typedef(b, "__u64", u64);
	t->s8 = btf__add_int(b, "signed char", 1, BTF_INT_SIGNED);
	t->s16 = btf__add_int(b, "short", 2, BTF_INT_SIGNED);
	t->s32 = btf__add_int(b, "int", 4, BTF_INT_SIGNED);
	t->s64 = btf__add_int(b, "long long", 8, BTF_INT_SIGNED);
	t->character = btf__add_int(b, "char", 1, BTF_INT_SIGNED);
	t->flag = btf__add_int(b, "_Bool", 1, BTF_INT_BOOL);
	t->quad = btf__add_int(b, "__int128", 16, BTF_INT_SIGNED);
	t->real = btf__add_float(b, "double", 8);
	t->pointer = btf__add_ptr(b, t->u32);
	t->be16 = btf__add_typedef(b, "__be16", t->u16);
	t->be32 = btf__add_typedef(b, "__be32", t->u32);
	t->be64 = btf__add_typedef(b, "__be64", t->u64);
	t->port = btf__add_typedef(b, "nf_port", t->be16);
	t->ip4 = btf__add_typedef(b, "nf_ip4", btf__add_const(b, t->be32));
	t->word = btf__add_volatile(b, btf__add_const(b, t->u32));
}

static inline void value_types_enums(struct value_types *t)
{
	struct btf *b = t->btf;

	t->action = btf__add_enum(b, "access_control", 4);
	btf__add_enum_value(b, "ALLOW", 0);
	btf__add_enum_value(b, "INSPECT_DEEP", 1);
	btf__add_enum_value(b, "allow", 2);
	t->level = btf__add_enum(b, "level", 4);
	btf__add_enum_value(b, "BELOW", -1);
	btf__add_enum_value(b, "ABOVE", 1);
	t->tiny = btf__add_enum(b, "tiny", 1);
	btf__add_enum_value(b, "NONE", 0);
	btf__add_enum_value(b, "TRUE", 1);
	t->wide = btf__add_enum64(b, "wide", 8, false);
	btf__add_enum64_value(b, "HUGE_ONE", 0xfedcba9876543210ull);
	btf__add_enum64_value(b, "ONE", 1);
}

static inline void value_types_addresses(struct value_types *t)
{
	struct btf *b = t->btf;
	int words = btf__add_array(b, t->u32, t->be32, 4);
	int shorts = btf__add_array(b, t->u32, t->be16, 3);
	int inner;

	inner = btf__add_struct(b, NULL, 16);
	btf__add_field(b, "w", words, 0, 0);
	t->ip6 = btf__add_typedef(b, "nf_ip6", inner);
	inner = btf__add_struct(b, NULL, 6);
	btf__add_field(b, "w", shorts, 0, 0);
	t->mac = btf__add_typedef(b, "nf_mac", inner);
	t->prefix = btf__add_struct(b, "nf_ip_prefix", 20);
	btf__add_field(b, "len", t->u32, 0, 0);
	btf__add_field(b, "addr", t->ip6, 32, 0);
}

static inline void value_types_arrays(struct value_types *t)
{
	struct btf *b = t->btf;
	int row = btf__add_array(b, t->u32, t->s16, 3);

	t->name = btf__add_array(b, t->u32, t->character, 16);
	t->strings = btf__add_array(b, t->u32, btf__add_array(b, t->u32, t->character, 4), 3);
	t->ports = btf__add_array(b, t->u32, t->port, 4);
	t->matrix = btf__add_array(b, t->u32, row, 2);
	t->bytes = btf__add_array(b, t->u32, t->u8, 5);
	t->addresses = btf__add_array(b, t->u32, t->ip6, 2);
}

static inline void value_types_structs(struct value_types *t)
{
	struct btf *b = t->btf;
	int pad = btf__add_array(b, t->u32, t->u8, 3);

	t->flow = btf__add_struct(b, "flow", 40);
	btf__add_field(b, "src", t->ip6, 0, 0);
	btf__add_field(b, "dst", t->ip6, 128, 0);
	btf__add_field(b, "sport", t->port, 256, 0);
	btf__add_field(b, "dport", t->port, 272, 0);
	btf__add_field(b, "proto", t->u8, 288, 0);
	btf__add_field(b, "__pad", pad, 296, 0);

	t->bits = btf__add_struct(b, "bits", 8);
	btf__add_field(b, "low", t->u32, 0, 3);
	btf__add_field(b, "middle", t->s32, 3, 18);
	btf__add_field(b, "choice", t->action, 21, 4);
	btf__add_field(b, "high", t->u64, 25, 39);

	t->only = btf__add_struct(b, "only", 8);
	btf__add_field(b, "count", t->u32, 0, 0);
	btf__add_field(b, "pad2", t->u32, 32, 0);

	/* int, a hole, then long long */
	t->padded = btf__add_struct(b, "padded", 16);
	btf__add_field(b, "first", t->s32, 0, 0);
	btf__add_field(b, "second", t->s64, 64, 0);

	t->timer = btf__add_struct(b, "bpf_timer", 16);

	t->config = btf__add_struct(b, "config", 16);
	btf__add_field(b, "non_ip", t->action, 0, 0);
	btf__add_field(b, "limit", t->u64, 32, 0);
	btf__add_field(b, "level", t->level, 96, 0);
}

static inline void value_types_unions(struct value_types *t)
{
	struct btf *b = t->btf;
	int pair, choice;

	t->either = btf__add_union(b, "either", 8);
	btf__add_field(b, "small", t->u8, 0, 0);
	btf__add_field(b, "large", t->u64, 0, 0);

	pair = btf__add_struct(b, NULL, 8);
	btf__add_field(b, "left", t->u32, 0, 0);
	btf__add_field(b, "right", t->u32, 32, 0);
	choice = btf__add_union(b, NULL, 8);
	btf__add_field(b, "tag", t->u16, 0, 0);
	btf__add_field(b, NULL, pair, 0, 0);
	t->anonymous = btf__add_struct(b, "anonymous", 16);
	btf__add_field(b, "head", t->u32, 0, 0);
	btf__add_field(b, NULL, choice, 32, 0);
	btf__add_field(b, "on", t->flag, 96, 0);

	/* packed: an anonymous union in an anonymous struct, none of them at 0 */
	choice = btf__add_union(b, NULL, 8);
	btf__add_field(b, "tag", t->u16, 0, 0);
	btf__add_field(b, "wide", t->u64, 0, 0);
	pair = btf__add_struct(b, NULL, 12);
	btf__add_field(b, "inner", t->u32, 0, 0);
	btf__add_field(b, NULL, choice, 32, 0);
	t->nested = btf__add_struct(b, "nested", 16);
	btf__add_field(b, "head", t->u32, 0, 0);
	btf__add_field(b, NULL, pair, 32, 0);

	choice = btf__add_array(b, t->u32, t->padded, 2);
	t->lists = btf__add_struct(b, "lists", 48);
	btf__add_field(b, "items", choice, 0, 0);
	btf__add_field(b, "either", t->either, 256, 0);
	btf__add_field(b, "name", btf__find_by_name(b, "signed char"), 320, 0);
}

static inline void value_types_init(struct value_types *t)
{
	t->btf = btf__new_empty();
	assert(t->btf);
	value_types_scalars(t);
	value_types_enums(t);
	value_types_addresses(t);
	value_types_arrays(t);
	value_types_structs(t);
	value_types_unions(t);
}

#endif
