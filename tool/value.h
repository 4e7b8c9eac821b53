/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Keys, values and configs between the way people write them and the bytes of
 * a BTF type. Typedefs of galette/nf/types.h have forms of their own:
 *
 *   nf_ip4 "192.0.2.1"   nf_ip6 "2001:db8::1", v4-mapped as "192.0.2.1"
 *   nf_mac "02:00:…:01"  nf_port 443   struct nf_ip_prefix "10.1.0.0/16"
 *
 * Integers: decimal or 0x… in range of the type; bool: true, false; enums: the
 * enumerator in lower case with '-' for '_' (any case and either sign read),
 * or its number; structs: tables by field name, all fields but padding and
 * reserved ones given or zero; arrays: arrays, char arrays: strings.
 * A struct of one scalar field may be written as that scalar.
 */
#ifndef VALUE_H
#define VALUE_H

#include <json-c/json.h>
#include <bpf/btf.h>

#include "toml.h"

/*
 * Write the type's bytes to out (btf__resolve_size(btf, type) of them, zeroed
 * first), or add located errors to diag and return -EINVAL. `what` begins the
 * messages: "key of map 'flows'".
 */
int value_from_node(const struct btf *btf, __u32 type, const struct node *node, void *out,
		    const char *what, struct diag *diag);

/*
 * The same for fields of a struct that already has values (a config with its
 * defaults): only the fields named in the table are written.
 */
int value_update(const struct btf *btf, __u32 type, const struct node *table, void *out,
		 const char *what, struct diag *diag);

/*
 * From one word of the command line or of a dump: what TOML reads as a value
 * ("1", "{ a = 1 }", "[1, 2]"), else a string ("10.1.0.0/16"). On -EINVAL an
 * error that names the word is in diag, without a place.
 */
int value_from_text(const struct btf *btf, __u32 type, const char *text, void *out,
		    const char *what, struct diag *diag);

/* As JSON; the caller owns the object. NULL: out of memory. */
struct json_object *value_to_json(const struct btf *btf, __u32 type, const void *bytes);

/* As one word that value_from_text() reads back; malloc'ed. */
char *value_to_text(const struct btf *btf, __u32 type, const void *bytes);

/*
 * Whether two types, maybe of two BTFs, have the same layout and meaning:
 * fields' names, offsets and types, typedefs of galette/nf/types.h, enumerators.
 * If not, and why is not NULL, *why says the first difference (malloc'ed):
 * "field 'packets' is at offset 8, was at 0".
 */
bool value_same_type(const struct btf *a, __u32 type_a, const struct btf *b, __u32 type_b,
		     char **why);

#endif
