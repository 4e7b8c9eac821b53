/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What BPF and native objects have in common: where their files are, and what
 * their actions and maps may be. Private to object.c and native.c.
 */
#ifndef OBJECT_READ_H
#define OBJECT_READ_H

#include <stddef.h>

#include "object.h"

/*
 * Open PATH and suffix below the first directory that has it, or out of the bundle that the
 * command was given: an fd and *file, or a negative errno.
 */
int object_find(const char *nf_path, const char *path, const char *suffix, char **file);

/* All of a regular file, at most `max` bytes and a NUL behind them; NULL: errno says why. */
void *object_bytes(int fd, size_t max, size_t *length);

enum {
	OBJECT_SIZE_MAX = 16 << 20 /* bytes */
};

/* The enumerators of nf_action's enum, in value order, as words. -EINVAL: diag says why not. */
int object_read_actions(struct object *object, __u32 type, struct loc loc, struct diag *diag);

/* Whether a map is one that NF_MAP() declares, within the limits. -EINVAL: diag says why not. */
int object_check_map(const struct object *object, const struct object_map *map, struct loc loc,
		     struct diag *diag);

#endif
