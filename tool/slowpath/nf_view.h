/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The maps of one native NF: its operations over their bridges, and the copies
 * that map_view() gives out until the NF returns. Private to nf_host.c.
 */
#ifndef SLOWPATH_NF_VIEW_H
#define SLOWPATH_NF_VIEW_H

#include <linux/types.h>

#include <galette/nf/native_abi.h>

#include "nf_bridge.h"

/* A copy of an entry. Each of its buffers is an allocation of its own. */
struct nf_view {
	struct nf_view *next;
	bool attached; /* it stands for the entry of key */
	unsigned char *key;
	unsigned char *value; /* what the NF reads and writes */
	unsigned char *was;   /* value, but for what the NF has stored to it */
	unsigned char *added; /* to each field that can be added to, in all */
};

/* What nf_native_map.host points to. */
struct nf_bound_map {
	struct nf_bridge bridge;
	struct nf_view *open; /* newest first */
	struct nf_view *spare;
	unsigned char edits[NF_FIELDS_MAX];
	/* Of a map whose entries are always there: */
	unsigned char *added; /* the key that was added to last; NULL: none yet */
	bool holds;           /* more is to be added to it: */
	__u64 held;
	struct nf_bound_map *next_held;
};

void *nf_map_view(void *map, const void *key);
int nf_map_get(void *map, const void *key, void *value);
int nf_map_put(void *map, const void *key, const void *value, __u64 flags);
int nf_map_del(void *map, const void *key);
int nf_map_add(void *map, const void *key, __u64 n);

/* Write what nf_map_add() has held back, of all maps. What reads a map or stores to it does so first. */
void nf_maps_flush(void);

/* Add to p if it is in an open view of the map; false: it is not. */
bool nf_map_view_add(struct nf_bound_map *map, void *p, __u32 size, __u64 n);

/* Add to an integer of 4 or 8 bytes, wherever it lies. */
void nf_add(void *p, __u32 size, __u64 n);

/* Write back what has changed in the open views, and close them. */
void nf_map_close_views(struct nf_bound_map *map);
void nf_bound_map_free(struct nf_bound_map *map);

#endif
