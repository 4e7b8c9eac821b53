/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "alloc.h"
#include "kernel_log.h"
#include "load.h"
#include "map_btf.h"
#include "map_walk.h"
#include "pins.h"

enum {
	VERIFIER_LOG_SIZE = 1 << 20
};

/* A jiffy in nanoseconds is what the kernel says of its coarse clock. */
static __u64 tick_ns(void)
{
	struct timespec tick;

	if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick))
		return 4000000;
	return tick.tv_sec * 1000000000ULL + tick.tv_nsec;
}

static void set_constants(const struct model_function *f)
{
	struct object *object = f->object;
	__u32 links[2] = { f->base, f->action_count };
	__u64 tick = tick_ns();

	memcpy(object_var(object, &object->links), links, sizeof(links));
	if (object->tick.type)
		memcpy(object_var(object, &object->tick), &tick, sizeof(tick));
}

static int set_generation(const struct model_function *f, int slots, int edges)
{
	struct bpf_object *bpf = f->object->bpf;

	return bpf_map__reuse_fd(bpf_object__find_map_by_name(bpf, "slots"), slots)
		       ?: bpf_map__reuse_fd(bpf_object__find_map_by_name(bpf, "edges"), edges);
}

/* Of no generation: as many slots, and nothing in them. */
static int set_no_generation(const struct model *model, const struct model_function *f)
{
	static const char *const names[] = { "slots", "edges" };
	int err = 0;

	for (int i = 0; i < 2 && !err; i++)
		err = bpf_map__set_max_entries(
			bpf_object__find_map_by_name(f->object->bpf, names[i]),
			model->edge_count);
	return err;
}

static int set_maps(const struct model *model, const struct model_function *f)
{
	int err = 0;

	for (int i = 0; i < f->object->map_count && !err; i++) {
		const struct model_map *map = &model->maps[f->map_index[i]];
		struct bpf_map *own = f->object->maps[i].map;

		if (map->fd >= 0)
			err = bpf_map__reuse_fd(own, map->fd);
		else
			err = bpf_map__set_type(own, map->type)
				      ?: bpf_map__set_max_entries(own, map->size);
	}
	return err;
}

/* ---- new maps ---- */

static int write_entry(const struct model_map *map, const unsigned char *entry)
{
	const unsigned char *value = entry + map->key_size;
	size_t stride = map_stride(map->value_size);
	int cpus = map_is_percpu(map->type) ? libbpf_num_possible_cpus() : 1, err;
	unsigned char *values = xcalloc(cpus, stride);

	/* The first CPU's value is the entry's: sums over CPUs are then what the file says. */
	memcpy(values, value, map->value_size);
	err = bpf_map_update_elem(map->fd, entry, values, BPF_ANY);
	free(values);
	return err;
}

/* libbpf goes on without BTF when the kernel does not take it; nobody could read such a map. */
static int check_btf(const struct model_map *map)
{
	struct bpf_map_info info = { 0 };
	__u32 length = sizeof(info);
	int err = bpf_obj_get_info_by_fd(map->fd, &info, &length);

	return err ?: info.btf_id ? 0 : -EPROTO;
}

static int adopt_map(struct model_map *map, int made, const char *generation_dir)
{
	size_t size = (size_t)map->key_size + map->value_size;
	int err;

	map->fd = made;
	err = map->fd < 0 ? map->fd : check_btf(map);
	if (err) {
		error("cannot create map '%s' with its types: %s", map->name,
		      err == -EPROTO ? kernel_log_last("the kernel did not take them")
				     : strerror(-err));
		return err;
	}
	err = pins_pin(map->fd, generation_dir, "maps/%s", map->name);
	if (err) {
		error("cannot pin map '%s' in %s: %s", map->name, generation_dir,
		      strerror(-err));
		return err;
	}
	for (int i = 0; i < map->entry_count; i++) {
		err = write_entry(map, map->entries + i * size);
		if (err) {
			error("cannot write entry %d of map '%s': %s", i + 1, map->name,
			      strerror(-err));
			return err;
		}
	}
	return 0;
}

/* Of a native-only function there is nothing that libbpf could have made: here is its twin. */
static int create_map(const struct model_map *map)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = map->flags);
	struct btf *btf = map_btf(map->btf, map->key_type, map->value_type,
				  &opts.btf_key_type_id, &opts.btf_value_type_id);
	const char *colon = strrchr(map->name, ':');
	char name[BPF_OBJ_NAME_LEN];
	int fd = btf ? btf__load_into_kernel(btf) : -errno;

	if (!fd) {
		opts.btf_fd = btf__fd(btf);
		snprintf(name, sizeof(name), "%.15s", colon ? colon + 1 : map->name);
		fd = bpf_map_create(map->type, name, map->key_size, map->value_size, map->size,
				    &opts);
	}
	btf__free(btf);
	return fd;
}

/* The descriptor of a new map, ours; or a negative errno. */
static int open_made(const struct model_map *map, const struct bpf_map *made)
{
	int fd = made ? dup(bpf_map__fd(made)) : create_map(map);

	return fd < 0 && made ? -errno : fd;
}

static int adopt_maps(struct model *model, const struct model_function *f,
		      const char *generation_dir)
{
	int err = 0;

	for (int i = 0; i < f->object->map_count && !err; i++) {
		struct model_map *map = &model->maps[f->map_index[i]];

		if (map->fd < 0)
			err = adopt_map(map, open_made(map, f->object->maps[i].map),
					generation_dir);
	}
	return err;
}

int load_maps(struct model *model, int function, const char *generation_dir)
{
	kernel_log_clear();
	return adopt_maps(model, &model->functions[function], generation_dir);
}

/* ---- the program ---- */

void load_uniform(struct bpf_object *object)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object)
		bpf_program__set_expected_attach_type(program, 0);
}

static void explain(const struct model_function *f, const char *log, int err)
{
	const char *verdict = kernel_log_verdict(log);

	if (verdict && diag_verbose)
		fprintf(stderr, "%s", log);
	if (verdict)
		error("the verifier refuses function '%s' (%s): %s", f->name, f->object->file,
		      verdict);
	else
		error("cannot load function '%s' (%s): %s", f->name, f->object->file,
		      strerror(-err));
}

int load_nf(struct model *model, int function, int slots, int edges, const char *generation_dir)
{
	struct model_function *f = &model->functions[function];
	struct object *object = f->object;
	char *log = xcalloc(1, VERIFIER_LOG_SIZE);
	int err, fd = -1;

	kernel_log_clear();
	set_constants(f);
	load_uniform(object->bpf);
	err = bpf_program__set_log_buf(object->program, log, VERIFIER_LOG_SIZE) ?:
	      set_generation(f, slots, edges) ?:
	      set_maps(model, f) ?:
	      bpf_object__load(object->bpf);
	if (err)
		explain(f, log, err);
	if (!err) {
		fd = dup(bpf_program__fd(object->program));
		err = fd < 0 ? -errno : pins_pin(fd, generation_dir, "nf/%s", f->name);
		if (err)
			error("cannot pin function '%s' in %s: %s", f->name, generation_dir,
			      strerror(-err));
	}
	if (!err)
		err = adopt_maps(model, f, generation_dir);
	free(log);
	if (!err)
		return fd;
	if (fd >= 0)
		close(fd);
	return err;
}

void load_proof(const struct model *model, int function, struct diag *diag)
{
	const struct model_function *f = &model->functions[function];
	struct bpf_object *bpf = f->object->bpf;
	char *log = xcalloc(1, VERIFIER_LOG_SIZE);
	const char *verdict;
	int err;

	kernel_log_clear();
	set_constants(f);
	load_uniform(bpf);
	err = bpf_program__set_log_buf(f->object->program, log, VERIFIER_LOG_SIZE) ?:
	      set_no_generation(model, f) ?:
	      set_maps(model, f) ?:
	      bpf_object__load(bpf);
	verdict = err ? kernel_log_verdict(log) : NULL;
	if (verdict && diag_verbose)
		fprintf(stderr, "%s", log);
	if (err)
		diag_error(diag, f->decl->loc, "the verifier refuses '%s' (%s): %s", f->name,
			   f->object->file, verdict ?: strerror(-err));
	free(log);
}
