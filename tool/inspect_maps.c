/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "alloc.h"
#include "inspect.h"
#include "inspection.h"
#include "map_walk.h"
#include "pins.h"

static int read_map(struct model *model, const char *dir, const char *name)
{
	struct model_map *map = &model->maps[model->map_count];
	struct bpf_map_info info = { 0 };
	__u32 length = sizeof(info);
	int fd = pins_open(dir, "%s", name);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &length)) {
		error("cannot read %s/%s: %s", dir, name, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -EINVAL;
	}
	snprintf(map->name, sizeof(map->name), "%s", name);
	map->fd = fd;
	map->id = info.id;
	map->type = info.type;
	map->key_size = info.key_size;
	map->value_size = info.value_size;
	map->size = info.max_entries;
	map->flags = info.map_flags;
	map->own_btf = info.btf_id ? btf__load_from_kernel_by_id(info.btf_id) : NULL;
	map->btf = map->own_btf;
	map->key_type = info.btf_key_type_id;
	map->value_type = info.btf_value_type_id;
	map->users = xcalloc(model->function_count + 1, sizeof(*map->users));
	model->map_count++;
	return 0;
}

int inspect_maps_of(struct inspection *in, const char *generation)
{
	struct model *model = in->model;
	char dir[PATH_MAX];
	char **names;
	int count, err = 0;

	pins_path(dir, in->state->dir, "gen/%s/maps", generation);
	count = pins_list(dir, &names);
	if (count < 0) {
		error("cannot read %s: %s", dir, strerror(-count));
		return count;
	}
	model->maps =
		xrealloc(model->maps, (model->map_count + count + 1) * sizeof(*model->maps));
	memset(model->maps + model->map_count, 0, (count + 1) * sizeof(*model->maps));
	for (int i = 0; i < count && !err; i++)
		if (model_map(model, names[i]) < 0)
			err = read_map(model, dir, names[i]);
	pins_list_free(names, count);
	return err;
}

static void add_user(struct inspection *in, __u32 map_id, int function)
{
	for (int m = 0; m < in->model->map_count; m++) {
		struct model_map *map = &in->model->maps[m];

		if (map->id == map_id)
			map->users[map->user_count++] = function;
	}
}

/* The maps that a native-only function has. */
static int find_native_maps(struct inspection *in, int function)
{
	char dir[PATH_MAX];
	char **names;
	int count, err = 0;

	pins_path(dir, in->dir, "native/%s/maps", in->model->functions[function].name);
	count = pins_list(dir, &names);
	for (int i = 0; i < count && !err; i++) {
		struct bpf_map_info info = { 0 };
		__u32 length = sizeof(info);
		int fd = pins_open(dir, "%s", names[i]);

		err = fd < 0 ? fd : bpf_obj_get_info_by_fd(fd, &info, &length);
		if (!err)
			add_user(in, info.id, function);
		if (fd >= 0)
			close(fd);
	}
	if (count >= 0)
		pins_list_free(names, count);
	if (count < 0 || err)
		error("cannot read %s: %s", dir, strerror(count < 0 ? -count : -err));
	return count < 0 ? count : err;
}

/* The maps that a function's program holds. */
static int find_maps(struct inspection *in, int function)
{
	__u32 ids[64] = { 0 }, length = sizeof(struct bpf_prog_info);
	struct bpf_prog_info info = { .nr_map_ids = 64, .map_ids = (__u64)(unsigned long)ids };
	const char *name = in->model->functions[function].name;
	int fd, err;

	if (!in->model->functions[function].prog_id)
		return find_native_maps(in, function);
	fd = pins_open(in->dir, "nf/%s", name);
	err = fd < 0 ? fd : bpf_obj_get_info_by_fd(fd, &info, &length);
	if (fd >= 0)
		close(fd);
	if (err) {
		error("cannot read %s/nf/%s: %s", in->dir, name, strerror(-err));
		return err;
	}
	for (__u32 k = 0; k < info.nr_map_ids && k < 64; k++)
		add_user(in, ids[k], function);
	return 0;
}

int inspect_users(struct inspection *in)
{
	int err = 0;

	for (int i = 0; i < in->model->function_count && !err; i++)
		err = find_maps(in, i);
	return err;
}

long inspect_map_entries(const struct model_map *map)
{
	return map_walk(map->fd, NULL, NULL);
}
