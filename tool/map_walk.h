/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every entry of a map, also while packets add and remove some. */
#ifndef MAP_WALK_H
#define MAP_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

/* Whether each CPU has values of its own; and what one takes in bpf(2): rounded up to 8 bytes. */
bool map_is_percpu(__u32 type);
size_t map_stride(__u32 value_size);

/*
 * Call fn with each key and value (of per-CPU maps: the values of all possible
 * CPUs, each rounded up to 8 bytes); a non-zero return ends the walk and is
 * returned. fn may be NULL, to count. Returns the number of entries, or a
 * negative errno.
 */
long map_walk(int fd, int (*fn)(const void *key, const void *value, void *context),
	      void *context);

#endif
