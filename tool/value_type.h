/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* BTF types as value*.c see them: modifiers gone, meaning found. Private to value*.c. */
#ifndef VALUE_TYPE_H
#define VALUE_TYPE_H

#include <bpf/btf.h>

/* BTF does not say that its types end: nothing real nests so deep. */
#define VALUE_DEPTH_MAX 32

enum value_kind {
	VALUE_BYTES, /* what has no form of its own: written in hex */
	VALUE_INT,
	VALUE_BOOL,
	VALUE_ENUM,
	VALUE_STRUCT,
	VALUE_UNION,
	VALUE_ARRAY,
	VALUE_CHARS, /* array of char */
	VALUE_IP4,
	VALUE_IP6,
	VALUE_MAC,
	VALUE_PREFIX,
};

struct value_type {
	enum value_kind kind;
	const struct btf *btf;
	const struct btf_type *type; /* without typedefs, const, volatile */
	const char *name;            /* the first one met: "nf_port", not "unsigned short" */
	__u32 size;                  /* bytes */
	__u32 bits;                  /* of VALUE_INT, _BOOL, _ENUM: fewer in a bitfield */
	bool is_signed;
	bool big_endian; /* VALUE_INT: __be16, __be32, __be64, nf_port */
};

struct value_field {
	const char *name; /* "": its fields are the parent's */
	struct value_type type;
	__u32 bit_offset; /* in the parent */
	bool bitfield;
	/* Found in an anonymous union (the outermost): its bytes in the parent. */
	__u32 union_offset, union_size;
};

/*
 * -EINVAL: no such type, or one without a size. A type that has a size resolves;
 * the fields of a VALUE_STRUCT or VALUE_UNION are then inside of it, and those of
 * a struct do not overlap.
 */
int value_resolve(const struct btf *btf, __u32 id, struct value_type *out);

int value_element(const struct value_type *array, struct value_type *out);
int value_field(const struct value_type *parent, int index, struct value_field *out);

/* By name, '-' for '_' too, also in anonymous members; bit_offset is in `parent`. */
bool value_find_field(const struct value_type *parent, const char *name,
		      struct value_field *out);

/* The names, anonymous members' too, at most max; how many there are. */
int value_field_names(const struct value_type *parent, const char **names, int max);

/* "pad", "__reserved2", …: left out when zero. */
bool value_is_padding(const char *name);

/* The only field but padding. */
bool value_only_field(const struct value_type *parent, struct value_field *out);

/* The union's widest member: it holds all that the others do. */
bool value_widest_member(const struct value_type *parent, struct value_field *out);

/* The bits of a VALUE_INT, _BOOL or _ENUM; loaded: sign-extended. */
__u64 value_load(const struct value_type *type, const void *bytes);
void value_store(const struct value_type *type, void *bytes, __u64 value);
__u64 value_load_field(const struct value_field *field, const void *parent);
void value_store_field(const struct value_field *field, void *parent, __u64 value);

/* value_from_node() of what was parsed from `word`; NULL: of a file. */
struct node;
struct diag;
int value_read(const struct value_type *type, const struct node *node, void *out,
	       const char *what, const char *word, struct diag *diag);

/* Enumerators. The name as people write it, in out[VALUE_NAME_MAX]. */
#define VALUE_NAME_MAX 128
__u64 value_enumerator(const struct value_type *type, int index, char *out);
bool value_enum_find(const struct value_type *type, const char *name, __u64 *value);

/*
 * Words for bytes. Parsing: 0 or -EINVAL, of a number also -ERANGE; `why` says
 * more than that it is no such word, or is empty. Printing: to out[VALUE_FORM_MAX];
 * false: bytes that no word stands for.
 */
#define VALUE_FORM_MAX 64
int value_parse_ip4(const char *text, void *out);
int value_parse_ip6(const char *text, void *out);
int value_parse_mac(const char *text, void *out);
int value_parse_prefix(const char *text, void *out, char *why, size_t why_size);
int value_parse_integer(const char *text, __u64 *value, bool *negative);
void value_print_ip4(const void *bytes, char *out);
void value_print_ip6(const void *bytes, char *out);
void value_print_mac(const void *bytes, char *out);
bool value_print_prefix(const void *bytes, char *out);

#endif
