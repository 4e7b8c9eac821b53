/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One NF in both worlds: the BPF object as harness.h loads it, and the native
 * object with maps of its own that are made as the kernel's are. Both have the
 * same config, and a clock that stands still: nf_tick_ns 0.
 */
#ifndef SELFTESTS_NF_WORLDS_H
#define SELFTESTS_NF_WORLDS_H

#include <sched.h>

#include "nf/harness.h"
#include "slowpath/nf_host.h"

#ifdef __SANITIZE_ADDRESS__
#define BUILD "build/sanitize"
#else
#define BUILD "build"
#endif

enum {
	WORLD_MAPS_MAX = 16,
	/* A BPF_PROG_TEST_RUN's frame: XDP_PACKET_HEADROOM, of which the kernel keeps
	 * sizeof(struct xdp_frame); at the page's end its struct skb_shared_info. */
	HEADROOM = 256,
	HEADROOM_KEPT = 40,
	TAILROOM_KEPT = 320,
	PAGE = 4096,
};

struct world_map {
	const char *name;
	int kernel, native; /* descriptors */
	struct bpf_map_info info;
};

struct worlds {
	struct nf nf;
	struct object *object;
	struct nf_host *host;
	struct world_map maps[WORLD_MAPS_MAX];
	int map_count;
};

/* PERCPU maps are compared: both worlds must run on one CPU. */
static inline void stay_on_one_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
}

static inline void world_add_map(struct worlds *w, const struct object_map *from, int native)
{
	struct world_map *map = &w->maps[w->map_count++];
	uint32_t length = sizeof(map->info);

	assert_true(w->map_count <= WORLD_MAPS_MAX);
	map->name = from->name;
	map->kernel = nf_map(&w->nf, from->name);
	assert_int_equal(bpf_obj_get_info_by_fd(map->kernel, &map->info, &length), 0);
	if (native < 0) {
		LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = map->info.map_flags);

		native = bpf_map_create(map->info.type, map->name, map->info.key_size,
					map->info.value_size, map->info.max_entries, &opts);
	}
	assert_true(native >= 0);
	map->native = native;
	assert_int_equal(nf_host_bind(w->host, map->name, native), 0);
}

/* dir: below BUILD for the native object; bpf_dir: where the BPF one is. */
static inline void worlds_open(struct worlds *w, const char *bpf_dir, const char *dir,
			       const char *name, const struct nf_setting *settings,
			       int share_maps)
{
	struct diag diag = {};
	char path[256];

	if (geteuid() != 0)
		skip();
	*w = (struct worlds) {};
	w->object = object_open(bpf_dir, name, (struct loc) {}, &diag);
	snprintf(path, sizeof(path), "%s/%s.so", dir, name);
	w->host = w->object ? nf_host_open(path, w->object, (struct loc) {}, &diag) : NULL;
	diag_flush(&diag);
	diag_free(&diag);
	assert_non_null(w->host);
	snprintf(path, sizeof(path), "%s/%s.bpf.o", bpf_dir, name);
	assert_int_equal(nf_try_load(&w->nf, path, settings), 0);
	for (int i = 0; i < w->object->map_count; i++)
		world_add_map(w, &w->object->maps[i],
			      share_maps ? nf_map(&w->nf, w->object->maps[i].name) : -1);
	assert_null(nf_host_unbound(w->host));
	assert_int_equal(
		nf_host_config(w->host, rodata(&w->nf, "config", NULL), w->object->config.size),
		0);
	assert_int_equal(nf_host_action_count(w->host), w->nf.actions);
}

static inline void worlds_close(struct worlds *w)
{
	for (int i = 0; i < w->map_count; i++)
		if (w->maps[i].native != w->maps[i].kernel)
			close(w->maps[i].native);
	nf_host_free(w->host);
	nf_unload(&w->nf);
	object_free(w->object);
}

/* As nf_run(), natively. */
static inline int native_run(struct worlds *w, struct frame *f)
{
	static __attribute__((aligned(8))) uint8_t page[PAGE];
	struct pkt pkt = { .start = page + HEADROOM_KEPT,
			   .data = page + HEADROOM,
			   .end = page + HEADROOM + f->len,
			   .limit = page + PAGE - TAILROOM_KEPT,
			   .ifindex = 1 };
	int action;

	/* The kernel's page is all 0; that new bytes at the tail are is not the page's doing. */
	memset(page, 0, HEADROOM);
	memset(pkt.end, 0xee, page + PAGE - pkt.end);
	memcpy(pkt.data, f->data, f->len);
	action = nf_host_run(w->host, &pkt);
	nf_host_flush();
	f->len = pkt.end - pkt.data;
	memcpy(f->data, pkt.data, f->len);
	return action;
}

#endif
