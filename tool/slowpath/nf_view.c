// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nf_view.h"

/* ---- additions that wait ---- */

void nf_add(void *p, __u32 size, __u64 n)
{
	__u64 wide;
	__u32 narrow;

	if (size == sizeof(wide)) {
		memcpy(&wide, p, size);
		wide += n;
		memcpy(p, &wide, size);
	} else {
		memcpy(&narrow, p, size);
		narrow += (__u32)n;
		memcpy(p, &narrow, size);
	}
}

static int add_now(struct nf_bound_map *map, const void *key, __u64 n)
{
	unsigned char value[sizeof(n)] = {};

	nf_add(value, map->bridge.value_size, n);
	return nf_bridge_merge(&map->bridge, key, value, (unsigned char[]) { NF_ADD });
}

/*
 * A call into the kernel costs more than many an NF, and what most NFs do with
 * maps is count. Where an entry cannot go away, further additions to it can wait
 * for each other.
 */
static struct nf_bound_map *holding;

static void release(struct nf_bound_map **at)
{
	struct nf_bound_map *map = *at;

	*at = map->next_held;
	add_now(map, map->added, map->held);
	map->holds = false;
	map->held = 0;
}

void nf_maps_flush(void)
{
	while (holding)
		release(&holding);
}

/* Another NF may have the map, too, and may have added what this one is to see. */
static void flush_map(const struct nf_bound_map *map)
{
	struct nf_bound_map **at = &holding;

	while (*at)
		if ((*at)->bridge.id == map->bridge.id)
			release(at);
		else
			at = &(*at)->next_held;
}

/*
 * Most keys are one word that the NF has just stored. glibc's memcmp() loads 32 bytes there, which
 * no store can be forwarded to: it waits until that is in the cache.
 */
static bool same_key(const struct nf_bound_map *map, const void *a, const void *b)
{
	__u32 x, y;

	if (map->bridge.key_size != sizeof(x))
		return !memcmp(a, b, map->bridge.key_size);
	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x == y;
}

static bool hold(struct nf_bound_map *map, const void *key, __u64 n)
{
	if (!map->added || !same_key(map, map->added, key))
		return false;
	if (!map->holds) {
		map->holds = true;
		map->next_held = holding;
		holding = map;
	}
	map->held += n;
	return true;
}

/* It is there: the next additions to it can be held back. */
static void remember(struct nf_bound_map *map, const void *key)
{
	flush_map(map);
	if (!map->added)
		map->added = malloc(map->bridge.key_size);
	if (map->added)
		memcpy(map->added, key, map->bridge.key_size);
}

/* ---- views ---- */

static struct nf_view *find(const struct nf_bound_map *map, const void *key)
{
	for (struct nf_view *v = map->open; v; v = v->next)
		if (v->attached && same_key(map, v->key, key))
			return v;
	return NULL;
}

static void view_free(struct nf_view *v)
{
	if (!v)
		return;
	free(v->key);
	free(v->value);
	free(v->was);
	free(v->added);
	free(v);
}

static struct nf_view *view_new(const struct nf_bridge *bridge)
{
	struct nf_view *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	v->key = malloc(bridge->key_size);
	v->value = malloc(bridge->value_size);
	v->was = malloc(bridge->value_size);
	v->added = malloc(bridge->value_size);
	if (v->key && v->value && v->was && v->added)
		return v;
	view_free(v);
	return NULL;
}

/* From now on it is a view of this value, unchanged. */
static void view_set(struct nf_view *v, const struct nf_bridge *bridge, const void *value)
{
	memcpy(v->value, value, bridge->value_size);
	memcpy(v->was, value, bridge->value_size);
	memset(v->added, 0, bridge->value_size);
}

/* Out of memory looks like a map without that entry: there is nothing better to say. */
void *nf_map_view(void *arg, const void *key)
{
	struct nf_bound_map *map = arg;
	struct nf_view *v = find(map, key);

	if (v)
		return v->value;
	flush_map(map);
	if (!map->spare)
		map->spare = view_new(&map->bridge);
	v = map->spare;
	if (!v || nf_bridge_get(&map->bridge, key, v->value))
		return NULL;
	map->spare = v->next;
	v->next = map->open;
	map->open = v;
	v->attached = true;
	memcpy(v->key, key, map->bridge.key_size);
	memcpy(v->was, v->value, map->bridge.value_size);
	memset(v->added, 0, map->bridge.value_size);
	return v->value;
}

static void write_back(struct nf_bound_map *map, struct nf_view *v)
{
	const struct nf_bridge *bridge = &map->bridge;
	bool changed = false;

	for (int i = 0; i < bridge->field_count; i++) {
		const struct nf_field *f = &bridge->fields[i];
		static const unsigned char zero[8];

		map->edits[i] = NF_KEEP;
		if (memcmp(v->value + f->offset, v->was + f->offset, f->size)) {
			map->edits[i] = NF_STORE;
		} else if (f->size <= sizeof(zero) &&
			   memcmp(v->added + f->offset, zero, f->size)) {
			map->edits[i] = NF_ADD;
			memcpy(v->value + f->offset, v->added + f->offset, f->size);
		}
		changed |= map->edits[i] != NF_KEEP;
	}
	/* -ENOENT: removed meanwhile, and the changes with it. */
	if (changed)
		nf_bridge_merge(&map->bridge, v->key, v->value, map->edits);
}

void nf_map_close_views(struct nf_bound_map *map)
{
	while (map->open) {
		struct nf_view *v = map->open;

		if (v->attached)
			write_back(map, v);
		map->open = v->next;
		v->next = map->spare;
		map->spare = v;
	}
}

void nf_bound_map_free(struct nf_bound_map *map)
{
	struct nf_view *v;

	if (!map)
		return;
	flush_map(map);
	nf_map_close_views(map);
	while ((v = map->spare)) {
		map->spare = v->next;
		view_free(v);
	}
	nf_bridge_close(&map->bridge);
	free(map->added);
	free(map);
}

/* ---- adding ---- */

/* Also to `was`, so that it does not look like a store; what is no whole field is one. */
static void view_add(const struct nf_bridge *bridge, struct nf_view *v, __u32 offset,
		     __u32 size, __u64 n)
{
	nf_add(v->value + offset, size, n);
	for (int i = 0; i < bridge->field_count; i++)
		if (bridge->fields[i].offset == offset && bridge->fields[i].size == size &&
		    offset % size == 0) {
			nf_add(v->was + offset, size, n);
			nf_add(v->added + offset, size, n);
		}
}

bool nf_map_view_add(struct nf_bound_map *map, void *p, __u32 size, __u64 n)
{
	for (struct nf_view *v = map->open; v; v = v->next) {
		unsigned char *at = p;

		if (at < v->value || at + size > v->value + map->bridge.value_size)
			continue;
		view_add(&map->bridge, v, at - v->value, size, n);
		return true;
	}
	return false;
}

int nf_map_add(void *arg, const void *key, __u64 n)
{
	struct nf_bound_map *map = arg;
	const struct nf_bridge *bridge = &map->bridge;
	struct nf_view *v = find(map, key);
	int err;

	if (bridge->field_count != 1 || (bridge->value_size != 4 && bridge->value_size != 8))
		return -EINVAL;
	if (v) {
		view_add(bridge, v, 0, bridge->value_size, n);
		return 0;
	}
	if (bridge->fixed && hold(map, key, n))
		return 0;
	err = add_now(map, key, n);
	if (!err && bridge->fixed)
		remember(map, key);
	return err;
}

/* ---- the others: what the NF has changed in a view is seen by them ---- */

int nf_map_get(void *arg, const void *key, void *value)
{
	struct nf_bound_map *map = arg;
	const struct nf_view *v = find(map, key);

	flush_map(map);
	if (!v)
		return nf_bridge_get(&map->bridge, key, value);
	memcpy(value, v->value, map->bridge.value_size);
	return 0;
}

int nf_map_put(void *arg, const void *key, const void *value, __u64 flags)
{
	struct nf_bound_map *map = arg;
	struct nf_view *v = find(map, key);
	int err;

	flush_map(map);
	err = nf_bridge_put(&map->bridge, key, value, flags);
	if (v && !err && map->bridge.in_place)
		view_set(v, &map->bridge, value);
	else if (v && !err)
		v->attached = false;
	return err;
}

int nf_map_del(void *arg, const void *key)
{
	struct nf_bound_map *map = arg;
	struct nf_view *v = find(map, key);
	int err = nf_bridge_del(&map->bridge, key);

	if (v && !err)
		v->attached = false;
	return err;
}
