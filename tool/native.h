/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An NF's native object, NAME.so: its bytes, which a generation keeps, and what
 * its BTF says, read without running anything of it.
 */
#ifndef NATIVE_H
#define NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include "diag.h"

struct object;

struct native {
	char *file; /* where it was found */
	void *bytes;
	size_t size;
	__u32 crc32; /* zlib's */
};

/*
 * Find PATH.so below one of the directories of nf_path and read it. NULL
 * without a message: there is none; with one: it cannot be read.
 */
struct native *native_open(const char *nf_path, const char *path, struct loc loc,
			   struct diag *diag);
void native_free(struct native *native);

/*
 * What it offers, as object_open() has it of a BPF object: object->bpf is NULL.
 * NULL: diag has an error at loc.
 */
struct object *native_object(const struct native *native, struct loc loc, struct diag *diag);

/* Whether both are made of one source: actions, config, maps. False: diag says what differs. */
bool native_same(const struct object *native, const struct object *object, struct loc loc,
		 struct diag *diag);

#endif
