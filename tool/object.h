/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An NF's object file: what it offers (actions, maps, config), read from its
 * ELF and BTF without privilege, and the libbpf object that is loaded later.
 */
#ifndef OBJECT_H
#define OBJECT_H

#include <bpf/libbpf.h>
#include <bpf/btf.h>

#include <galette/abi.h>

#include "diag.h"

struct object_map {
	const char *name; /* as in C */
	struct bpf_map *map;
	__u32 type, key_size, value_size, size, flags;
	__u32 key_type, value_type; /* in the object's BTF */
};

/* A variable in .rodata. */
struct object_var {
	__u32 type; /* 0: the object has no such variable */
	__u32 offset, size;
};

struct object {
	char *file;             /* where it was found */
	__u32 file_size;        /* bytes */
	__u32 file_crc32;       /* zlib's */
	struct bpf_object *bpf; /* NULL: native only; then there is no program and no rodata */
	struct bpf_program *program;
	const struct btf *btf;
	struct btf *own_btf; /* native only */
	unsigned char *data; /* native only: the config's bytes, at config.offset */
	char (*actions)[GALETTE_ACTION_LEN];
	int action_count;
	struct object_map *maps; /* the NF's own, not slots, edges and data sections */
	int map_count;
	struct bpf_map *rodata;
	struct object_var links, config, tick;
};

/*
 * Find PATH.bpf.o below one of the directories of nf_path ("DIR[:DIR]…") and
 * read it. NULL: diag has an error at loc. -v shows what libbpf has to say.
 */
struct object *object_open(const char *nf_path, const char *path, struct loc loc,
			   struct diag *diag);
void object_free(struct object *object);

/* Whether there is such a file at all. */
bool object_exists(const char *nf_path, const char *path);

/*
 * The first directory of nf_path that has PATH.bpf.o or PATH.so, malloc'ed: both
 * worlds' objects are taken from one place. NULL: there is none.
 */
char *object_dir(const char *nf_path, const char *path);

/* What C calls an identifier, shorter than `size`: it becomes a word, and a file name in bpffs. */
bool object_identifier(const char *name, size_t size);

const struct object_map *object_map(const struct object *object, const char *name);

/* The bytes of a .rodata variable (native only: of the config), to be changed before loading. */
void *object_var(const struct object *object, const struct object_var *var);

#endif
