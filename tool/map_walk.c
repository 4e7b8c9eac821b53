/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "alloc.h"
#include "map_walk.h"

struct walk {
	int fd;
	int (*fn)(const void *key, const void *value, void *context);
	void *context;
	size_t key_size, value_size; /* of all CPUs */
	__u32 max_entries;
	long count;
};

bool map_is_percpu(__u32 type)
{
	return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

size_t map_stride(__u32 value_size)
{
	return (value_size + 7) & ~(size_t)7;
}

static bool is_hash(__u32 type)
{
	return type == BPF_MAP_TYPE_HASH || type == BPF_MAP_TYPE_LRU_HASH ||
	       type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static int visit(struct walk *w, const void *key, const void *value)
{
	w->count++;
	return w->fn ? w->fn(key, value, w->context) : 0;
}

/*
 * Hash tables by whole buckets: walking by the next key starts over whenever
 * the key it stands on has gone, and so need not end on a busy table.
 */
static int walk_batches(struct walk *w)
{
	__u32 room = 1024, batch[8], count;
	bool first = true;
	char *keys = NULL, *values = NULL;
	int err;

	do {
		keys = xrealloc(keys, room * w->key_size);
		values = xrealloc(values, room * w->value_size);
		count = room;
		err = bpf_map_lookup_batch(w->fd, first ? NULL : batch, batch, keys, values,
					   &count, NULL);
		if (err == -ENOSPC && room < w->max_entries) { /* a bucket larger than that */
			room *= 2;
			err = 0;
			continue;
		}
		if (err && err != -ENOENT)
			break;
		first = false;
		for (__u32 i = 0; i < count; i++) {
			int ret = visit(w, keys + i * w->key_size, values + i * w->value_size);

			if (ret) {
				free(keys);
				free(values);
				return ret;
			}
		}
	} while (!err);
	free(keys);
	free(values);
	return err == -ENOENT ? 0 : err;
}

/*
 * Tries and arrays by the next key. In a trie the key after one that has gone is
 * the first again: entries that others delete meanwhile may make it visit some
 * twice, but never more than the map can hold.
 */
static int walk_keys(struct walk *w)
{
	char *key = xmalloc(w->key_size), *value = xmalloc(w->value_size);
	int err = bpf_map_get_next_key(w->fd, NULL, key);

	while (!err && w->count < w->max_entries) {
		if (!w->fn || !bpf_map_lookup_elem(w->fd, key, value))
			err = visit(w, key, value);
		if (!err)
			err = bpf_map_get_next_key(w->fd, key, key);
	}
	free(key);
	free(value);
	return err == -ENOENT ? 0 : err;
}

long map_walk(int fd, int (*fn)(const void *key, const void *value, void *context),
	      void *context)
{
	struct bpf_map_info info = { 0 };
	__u32 length = sizeof(info);
	struct walk w = { .fd = fd, .fn = fn, .context = context };
	int err = bpf_obj_get_info_by_fd(fd, &info, &length);

	if (err)
		return err;
	w.key_size = info.key_size;
	w.value_size = info.value_size;
	if (map_is_percpu(info.type))
		w.value_size = (size_t)libbpf_num_possible_cpus() * map_stride(info.value_size);
	w.max_entries = info.max_entries;
	err = is_hash(info.type) ? walk_batches(&w) : walk_keys(&w);
	return err ? err : w.count;
}
