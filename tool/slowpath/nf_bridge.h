/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The way of a native NF to a BPF map: a small BPF program per map, run by
 * BPF_PROG_TEST_RUN, that does one operation with what user space gives it as
 * its packet. So an operation is what it would be in a kernel NF: atomic
 * additions are atomic, a PERCPU map's value is the running CPU's, a lookup
 * keeps an LRU entry alive. And the process that runs NFs needs no more than
 * the program's descriptor: it cannot even walk the map.
 *
 * Loading needs the privilege to load XDP programs, running none (Linux 5.19;
 * before, only where kernel.unprivileged_bpf_disabled is 0).
 */
#ifndef SLOWPATH_NF_BRIDGE_H
#define SLOWPATH_NF_BRIDGE_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#include <bpf/btf.h>

enum {
	NF_FIELDS_MAX = 256,
	/* Key and value together: what fits a page with the kernel's own room. */
	NF_ENTRY_SIZE_MAX = 3072,
};

/* A part of a value that is written as one. Size 1, 2, 4, 8: by one store. */
struct nf_field {
	__u32 offset, size;
};

/*
 * The fields of a type, in order of their offsets, at most NF_FIELDS_MAX. How
 * many; -E2BIG, -EINVAL (a type without a size).
 */
int nf_fields(const struct btf *btf, __u32 type, struct nf_field *fields);

/* What merge does with a field. */
enum nf_edit {
	NF_KEEP,
	NF_STORE,
	NF_ADD, /* only of 4 or 8 bytes, at a multiple of that */
};

struct nf_bridge {
	int program;
	__u32 id; /* the map's */
	__u32 key_size, value_size;
	bool in_place; /* an update keeps the entry's memory: ARRAY, PERCPU */
	bool fixed;    /* the entries are always the same: ARRAY, PERCPU_ARRAY */
	struct nf_field fields[NF_FIELDS_MAX];
	int field_count;
	unsigned char *request; /* the program's packet */
	size_t request_size;
};

/*
 * Make a bridge to the map of fd, whose values are of `type`. 0, or a negative
 * errno: -EINVAL when the map's sizes are not these, -E2BIG for an entry beyond
 * the limits above. fd is not kept.
 */
int nf_bridge_open(struct nf_bridge *bridge, int fd, __u32 key_size, __u32 value_size,
		   const struct btf *btf, __u32 type);
void nf_bridge_close(struct nf_bridge *bridge);

/* As bpf_map_lookup_elem() and so on in a program: 0, or a negative errno. */
int nf_bridge_get(struct nf_bridge *bridge, const void *key, void *value);
int nf_bridge_put(struct nf_bridge *bridge, const void *key, const void *value, __u64 flags);
int nf_bridge_del(struct nf_bridge *bridge, const void *key);

/* Edit the fields of an entry in place: edits[i] with the bytes of fields[i] in value. */
int nf_bridge_merge(struct nf_bridge *bridge, const void *key, const void *value,
		    const unsigned char *edits);

#endif
