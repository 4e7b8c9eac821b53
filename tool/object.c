/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "alloc.h"
#include "kernel_log.h"
#include "object_read.h"
#include "trial.h"

bool object_exists(const char *nf_path, const char *path)
{
	char *file = NULL;
	int fd = object_find(nf_path, path, ".bpf.o", &file);

	free(file);
	if (fd >= 0)
		close(fd);
	/* What cannot be opened is there. */
	return fd != -ENOENT;
}

/* ---- what it holds ---- */

/* Where .rodata holds what we look for. */
static int read_rodata(struct object *object, struct loc loc, struct diag *diag)
{
	struct object_var action = { 0 };
	const struct {
		const char *name;
		struct object_var *var;
	} wanted[] = {
		{ "nf_links", &object->links },
		{ "nf_action", &action },
		{ "config", &object->config },
		{ "nf_tick_ns", &object->tick },
	};
	__s32 id = btf__find_by_name_kind(object->btf, ".rodata", BTF_KIND_DATASEC);
	const struct btf_type *section = id < 0 ? NULL : btf__type_by_id(object->btf, id);
	const struct btf_var_secinfo *info = section ? btf_var_secinfos(section) : NULL;
	size_t length = 0;

	object->rodata = bpf_object__find_map_by_name(object->bpf, ".rodata");
	if (object->rodata)
		bpf_map__initial_value(object->rodata, &length);
	for (int i = 0; section && i < btf_vlen(section); i++, info++) {
		const struct btf_type *var = btf__type_by_id(object->btf, info->type);
		const char *name = var ? btf__name_by_offset(object->btf, var->name_off) : NULL;

		if (!name || !btf_is_var(var) || info->offset + (size_t)info->size > length ||
		    btf__resolve_size(object->btf, var->type) != info->size)
			continue;
		for (size_t w = 0; w < sizeof(wanted) / sizeof(wanted[0]); w++)
			if (!strcmp(name, wanted[w].name))
				*wanted[w].var = (struct object_var) { var->type, info->offset,
								       info->size };
	}
	if (object->links.size != 2 * sizeof(__u32) || !action.type ||
	    !bpf_object__find_map_by_name(object->bpf, "slots") ||
	    !bpf_object__find_map_by_name(object->bpf, "edges")) {
		diag_error(diag, loc, "%s: it is not an NF: no NF() of galette/nf.h in it",
			   object->file);
		return -EINVAL;
	}
	if (object->tick.type && object->tick.size != sizeof(__u64))
		object->tick.type = 0;
	return object_read_actions(object, action.type, loc, diag);
}

static bool is_own(const struct bpf_map *map)
{
	const char *name = bpf_map__name(map);

	return bpf_map__is_internal(map) || !strcmp(name, "slots") || !strcmp(name, "edges");
}

static int read_maps(struct object *object, struct loc loc, struct diag *diag)
{
	struct bpf_map *map;
	int room = 0;

	bpf_object__for_each_map(map, object->bpf)
		room++;
	object->maps = xcalloc(room + 1, sizeof(*object->maps));
	bpf_object__for_each_map(map, object->bpf) {
		if (is_own(map))
			continue;
		object->maps[object->map_count] = (struct object_map) {
			.name = bpf_map__name(map),
			.map = map,
			.type = bpf_map__type(map),
			.key_size = bpf_map__key_size(map),
			.value_size = bpf_map__value_size(map),
			.size = bpf_map__max_entries(map),
			.flags = bpf_map__map_flags(map),
			.key_type = bpf_map__btf_key_type_id(map),
			.value_type = bpf_map__btf_value_type_id(map),
		};
		if (object_check_map(object, &object->maps[object->map_count++], loc, diag))
			return -EINVAL;
	}
	return 0;
}

static int read_program(struct object *object, struct loc loc, struct diag *diag)
{
	object->program = bpf_object__next_program(object->bpf, NULL);
	if (!object->program || bpf_object__next_program(object->bpf, object->program) ||
	    bpf_program__type(object->program) != BPF_PROG_TYPE_XDP) {
		diag_error(diag, loc, "%s: it must hold one XDP program", object->file);
		return -EINVAL;
	}
	return 0;
}

/* libbpf 1.1 trusts the file: many a bad offset in it is a crash. */
static void try_open(const void *bytes, size_t length)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "galette");

	libbpf_set_print(NULL);
	bpf_object__close(bpf_object__open_mem(bytes, length, &opts));
}

static int open_bytes(struct object *object, const void *bytes, size_t length, struct loc loc,
		      struct diag *diag)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "galette");
	int err = length ? trial(try_open, bytes, length) : -EINVAL;

	kernel_log_clear();
	if (err == -EFAULT) {
		diag_error(diag, loc, "%s: not a BPF object: libbpf %s cannot read it",
			   object->file, libbpf_version_string());
		return err;
	}
	if (!err) {
		object->bpf = bpf_object__open_mem(bytes, length, &opts);
		err = object->bpf ? 0 : -errno;
	}
	if (err)
		diag_error(diag, loc, "%s: not a BPF object: %s", object->file,
			   kernel_log_last(strerror(-err)));
	return err;
}

static int parse_object(struct object *object, int fd, struct loc loc, struct diag *diag)
{
	size_t length = 0;
	void *bytes = object_bytes(fd, OBJECT_SIZE_MAX, &length);
	int err;

	if (!bytes) {
		diag_error(diag, loc, "%s: cannot read it: %s", object->file, strerror(errno));
		return -EINVAL;
	}
	object->file_size = length;
	object->file_crc32 = crc32(crc32(0, NULL, 0), bytes, length);
	err = open_bytes(object, bytes, length, loc, diag);
	free(bytes);
	if (err)
		return err;
	object->btf = bpf_object__btf(object->bpf);
	if (!object->btf) {
		diag_error(diag, loc, "%s: it has no BTF (compile with -g)", object->file);
		return -EINVAL;
	}
	return read_program(object, loc, diag) ?: read_rodata(object, loc, diag) ?:
						 read_maps(object, loc, diag);
}

struct object *object_open(const char *nf_path, const char *path, struct loc loc,
			   struct diag *diag)
{
	struct object *object = xcalloc(1, sizeof(*object));
	int fd = object_find(nf_path, path, ".bpf.o", &object->file);

	if (fd < 0) {
		diag_error(diag, loc,
			   fd == -ENOENT ? "no '%s.bpf.o' in %s" : "'%s.bpf.o' in %s: %s", path,
			   nf_path, strerror(-fd));
		object_free(object);
		return NULL;
	}
	if (parse_object(object, fd, loc, diag)) {
		object_free(object);
		object = NULL;
	}
	close(fd);
	return object;
}

void object_free(struct object *object)
{
	if (!object)
		return;
	bpf_object__close(object->bpf);
	btf__free(object->own_btf);
	free(object->data);
	free(object->actions);
	free(object->maps);
	free(object->file);
	free(object);
}

const struct object_map *object_map(const struct object *object, const char *name)
{
	for (int i = 0; i < object->map_count; i++)
		if (!strcmp(object->maps[i].name, name))
			return &object->maps[i];
	return NULL;
}

void *object_var(const struct object *object, const struct object_var *var)
{
	size_t length;
	char *data = object->bpf ? (char *)bpf_map__initial_value(object->rodata, &length)
				 : (char *)object->data;

	return data + var->offset;
}
