/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every entry of a map, also while packets add and remove some. */
#ifndef MAP_WALK_H
#define MAP_WALK_H

/*
 * Call fn with each key and value (of per-CPU maps: the values of all possible
 * CPUs, each rounded up to 8 bytes); a non-zero return ends the walk and is
 * returned. fn may be NULL, to count. Returns the number of entries, or a
 * negative errno.
 */
long map_walk(int fd, int (*fn)(const void *key, const void *value, void *context),
	      void *context);

#endif
