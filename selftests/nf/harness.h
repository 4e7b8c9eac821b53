/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Load one NF as the tool would, its slots filled with programs that return
 * 100 + action, and run frames through it: BPF_PROG_TEST_RUN's return value is
 * then the action taken. Needs root; nothing is pinned or attached.
 */
#ifndef SELFTESTS_NF_HARNESS_H
#define SELFTESTS_NF_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "nf/frame.h"

enum {
	BASE = 5,          /* the NF's first slot; 0 is where missed packets are counted */
	ACTION_CODE = 100, /* plus the action: what a filled slot's program returns */
	ACTIONS_MAX = 16,
};

struct nf {
	struct bpf_object *object;
	struct bpf_program *program;
	int fd, slots, edges;
	unsigned int actions;
	int ends[ACTIONS_MAX];
};

/* Before loading: one config field, nf_tick_ns, or one map's size. A list ends with name NULL. */
struct nf_setting {
	const char *name;
	uint32_t value;
	int map_size;
	int map_type; /* 0: the NF's own */
};

static inline int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN && getenv("V") ? vfprintf(stderr, format, args) : 0;
}

/* Where a variable lies in the frozen .rodata; NULL when the object has none of that name. */
static inline void *rodata(const struct nf *nf, const char *name, const struct btf_type **type)
{
	const struct btf *btf = bpf_object__btf(nf->object);
	int id = btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC);
	const struct btf_type *section = id < 0 ? NULL : btf__type_by_id(btf, id);
	struct bpf_map *map = bpf_object__find_map_by_name(nf->object, ".rodata");
	const struct btf_var_secinfo *var = section ? btf_var_secinfos(section) : NULL;
	char *bytes = map ? (char *)bpf_map__initial_value(map, &(size_t) { 0 }) : NULL;

	for (int i = 0; bytes && var && i < btf_vlen(section); i++, var++) {
		const struct btf_type *t = btf__type_by_id(btf, var->type);

		if (strcmp(btf__name_by_offset(btf, t->name_off), name) == 0) {
			if (type)
				*type = btf__type_by_id(btf, btf__resolve_type(btf, t->type));
			return bytes + var->offset;
		}
	}
	return NULL;
}

static inline void set_config(struct nf *nf, const char *name, uint32_t value)
{
	const struct btf *btf = bpf_object__btf(nf->object);
	const struct btf_type *type = NULL;
	char *config = rodata(nf, "config", &type);

	assert_non_null(config);
	for (int i = 0; i < btf_vlen(type); i++) {
		const struct btf_member *member = &btf_members(type)[i];

		if (strcmp(btf__name_by_offset(btf, member->name_off), name) == 0) {
			memcpy(config + member->offset / 8, &value, sizeof(value));
			return;
		}
	}
	fail_msg("no config field '%s'", name);
}

/* A program that returns a code; the other end of an edge. */
static inline int end_load(int code)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = code },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_XDP);

	return bpf_prog_load(BPF_PROG_TYPE_XDP, "end", "Dual BSD/GPL", insns, 2, &opts);
}

static inline void nf_fill_slots(struct nf *nf)
{
	nf->slots = bpf_object__find_map_fd_by_name(nf->object, "slots");
	nf->edges = bpf_object__find_map_fd_by_name(nf->object, "edges");
	for (uint32_t i = 0; i < nf->actions; i++) {
		uint32_t slot = BASE + i;

		nf->ends[i] = end_load(ACTION_CODE + i);
		assert_true(nf->ends[i] >= 0);
		assert_int_equal(bpf_map_update_elem(nf->slots, &slot, &nf->ends[i], 0), 0);
	}
}

/* 0, or the error of loading (with everything closed). */
static inline int nf_try_load(struct nf *nf, const char *path,
			      const struct nf_setting *settings)
{
	const struct btf_type *type = NULL;
	struct timespec tick;
	uint64_t *tick_ns;
	struct {
		uint32_t base, count;
	} * links;
	int err;

	libbpf_set_print(quiet);
	*nf = (struct nf) { .object = bpf_object__open(path) };
	if (!nf->object)
		fail_msg("%s: cannot open (make build/nf/… first)", path);
	nf->program = bpf_object__next_program(nf->object, NULL);
	assert_non_null(rodata(nf, "nf_action", &type));
	nf->actions = btf_vlen(type);
	links = rodata(nf, "nf_links", NULL);
	assert_non_null(links);
	links->base = BASE;
	links->count = nf->actions;
	tick_ns = rodata(nf, "nf_tick_ns", NULL);
	if (tick_ns && clock_getres(CLOCK_MONOTONIC_COARSE, &tick) == 0)
		*tick_ns = tick.tv_nsec;
	bpf_map__set_max_entries(bpf_object__find_map_by_name(nf->object, "slots"),
				 BASE + nf->actions);
	bpf_map__set_max_entries(bpf_object__find_map_by_name(nf->object, "edges"),
				 BASE + nf->actions);
	for (; settings && settings->name; settings++) {
		struct bpf_map *map = bpf_object__find_map_by_name(nf->object, settings->name);

		if (settings->map_type)
			bpf_map__set_type(map, settings->map_type);
		if (settings->map_size)
			bpf_map__set_max_entries(map, settings->map_size);
		else if (strcmp(settings->name, "nf_tick_ns") != 0)
			set_config(nf, settings->name, settings->value);
		else if (tick_ns)
			*tick_ns = settings->value;
	}
	err = bpf_object__load(nf->object);
	if (err) {
		bpf_object__close(nf->object);
		return err;
	}
	nf->fd = bpf_program__fd(nf->program);
	nf_fill_slots(nf);
	return 0;
}

/* A test NF's path; a sanitized build has test NFs of its own. */
static inline const char *test_object(const char *file)
{
	static char path[512];
	const char *build = getenv("GALETTE_BUILD");

	snprintf(path, sizeof(path), "%s/selftests/nf-objects/%s", build ? build : "build",
		 file);
	return path;
}

static inline void nf_load(struct nf *nf, const char *name, const struct nf_setting *settings)
{
	char path[128];

	if (geteuid() != 0)
		skip();
	snprintf(path, sizeof(path), "build/nf/%s.bpf.o", name);
	if (nf_try_load(nf, path, settings))
		fail_msg("%s: the kernel refuses it (V=1 shows why)", name);
}

static inline void nf_unload(struct nf *nf)
{
	for (unsigned int i = 0; i < nf->actions; i++)
		close(nf->ends[i]);
	bpf_object__close(nf->object);
}

static inline int nf_map(const struct nf *nf, const char *name)
{
	int fd = bpf_object__find_map_fd_by_name(nf->object, name);

	assert_true(fd >= 0);
	return fd;
}

/* Packets that have gone over one edge, all CPUs together. */
static inline uint64_t nf_edge(const struct nf *nf, uint32_t slot, uint64_t *bytes)
{
	struct {
		uint64_t packets, bytes;
	} edge[256] = {};
	uint64_t packets = 0;

	assert_true(libbpf_num_possible_cpus() <= 256);
	assert_int_equal(bpf_map_lookup_elem(nf->edges, &slot, edge), 0);
	for (int cpu = 0; cpu < libbpf_num_possible_cpus(); cpu++) {
		packets += edge[cpu].packets;
		if (bytes)
			*bytes += edge[cpu].bytes;
	}
	return packets;
}

/* The sum of a per-CPU array's one entry. */
static inline uint64_t nf_percpu_sum(const struct nf *nf, const char *map)
{
	uint64_t value[256] = {}, sum = 0;

	assert_int_equal(bpf_map_lookup_elem(nf_map(nf, map), &(uint32_t) { 0 }, value), 0);
	for (int cpu = 0; cpu < libbpf_num_possible_cpus(); cpu++)
		sum += value[cpu];
	return sum;
}

/* Run a frame through the NF; the frame becomes what came out. The action, or -1 for a miss. */
static inline int nf_run(const struct nf *nf, struct frame *f, int repeat, uint32_t *ns)
{
	static uint8_t out[2 * FRAME_MAX];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f->data, .data_size_in = f->len,
		    .data_out = out, .data_size_out = sizeof(out), .repeat = repeat);

	assert_int_equal(bpf_prog_test_run_opts(nf->fd, &opts), 0);
	assert_true(opts.data_size_out <= FRAME_MAX);
	memcpy(f->data, out, opts.data_size_out);
	f->len = opts.data_size_out;
	if (ns)
		*ns = opts.duration;
	return opts.retval >= ACTION_CODE ? (int)opts.retval - ACTION_CODE : -1;
}

#endif
