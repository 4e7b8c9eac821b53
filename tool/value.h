/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Keys, values and configs between the way people write them and the bytes of
 * a BTF type. Typedefs of galette/nf/types.h have forms of their own:
 *
 *   nf_ip4 "192.0.2.1"   nf_ip6 "2001:db8::1", v4-mapped as "192.0.2.1"
 *   nf_mac "02:00:…:01"  nf_port 443   struct nf_ip_prefix "10.1.0.0/16"
 *
 * Integers: decimal or 0x… in range of the type, in quotes where TOML cannot hold
 * them (2^63 and more); __be16, __be32, __be64: the number they stand for, as if
 * in host order. bool: true, false. Enums: the enumerator in lower case with '-'
 * for '_' (any case and either sign read), or a number. Char arrays: strings.
 * Arrays: arrays; elements left out at the end are zero. Structs: tables by
 * field name ('-' or '_'), fields left out are zero; printed with all fields but
 * padding and reserved ones that are zero. The fields of anonymous structs and
 * unions count as their parent's. Unions: a table of one member; printed by the
 * widest one. Bitfields: as integers. A struct of one field, padding apart, may
 * be written as that field. A prefix with bits set behind its length is refused,
 * and printed as the table { len, addr }.
 * What has no form (pointers, floats, __int128, bpf_timer): "0x…", its bytes in
 * hex in memory order; byte arrays may be written so, too.
 */
#ifndef VALUE_H
#define VALUE_H

#include <json-c/json.h>
#include <bpf/btf.h>

#include "toml.h"

/*
 * Write the type's bytes to out (btf__resolve_size(btf, type) of them, zeroed
 * first), or add located errors to diag and return -EINVAL; out is then of no
 * use. `what` begins the messages: "key of map 'flows'".
 */
int value_from_node(const struct btf *btf, __u32 type, const struct node *node, void *out,
		    const char *what, struct diag *diag);

/*
 * The same for fields of a struct that already has values (a config with its
 * defaults): only the fields named in the table are written, in nested structs
 * too. Arrays, strings and unions are written as a whole.
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

/* As JSON; the caller owns the object. NULL: out of memory, or a type without a size. */
struct json_object *value_to_json(const struct btf *btf, __u32 type, const void *bytes);

/*
 * As one word that value_from_text() reads back: a plain one where it can be,
 * else TOML without white space; malloc'ed. NULL as of value_to_json().
 */
char *value_to_text(const struct btf *btf, __u32 type, const void *bytes);

/*
 * Keys and values of maps without BTF, by their size alone: "0x0a01…", two
 * digits a byte, in memory order. -EINVAL: not that; to_hex: malloc'ed.
 */
int value_from_hex(const char *text, void *out, size_t size);
char *value_to_hex(const void *bytes, size_t size);

/*
 * Whether two types, maybe of two BTFs, have the same layout and meaning:
 * fields' names, offsets and types, typedefs of galette/nf/types.h, enumerators.
 * If not, and why is not NULL, *why says the first difference (malloc'ed):
 * "field 'packets' is at offset 8, was at 0"; a is what is, b what was.
 */
bool value_same_type(const struct btf *a, __u32 type_a, const struct btf *b, __u32 type_b,
		     char **why);

#endif
