/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "alloc.h"
#include "inspect.h"
#include "inspection.h"
#include "links.h"
#include "map_walk.h"
#include "pins.h"
#include "upcall.h"

/* ---- arrays ---- */

/* All values of a pinned array, `count` of `size` bytes. */
static void *read_array(const char *dir, const char *name, __u32 count, size_t size)
{
	int fd = pins_open(dir, "%s", name);
	char *values = xcalloc(count + 1, size);
	struct bpf_map_info info = { 0 };
	__u32 length = sizeof(info);
	bool ok = fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &length) &&
		  info.value_size == size && info.max_entries >= count;

	for (__u32 i = 0; i < count && ok; i++)
		ok = !bpf_map_lookup_elem(fd, &i, values + i * size);
	if (!ok) {
		error("cannot read %s/%s: %s", dir, name,
		      fd < 0  ? strerror(-fd)
		      : errno ? strerror(errno)
			      : "not of this version");
		free(values);
		values = NULL;
	}
	if (fd >= 0)
		close(fd);
	return values;
}

/* The chain file that the generation was built from. */
static struct chain *read_source(const char *dir)
{
	struct diag diag = { .file = "source" };
	struct bpf_map_info info = { 0 };
	__u32 length = sizeof(info), zero = 0;
	int fd = pins_open(dir, "source");
	struct chain *chain = NULL;
	char *text = NULL;

	if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &length)) {
		text = xcalloc(1, info.value_size + 1);
		if (!bpf_map_lookup_elem(fd, &zero, text))
			chain = chain_parse(text, strlen(text), &diag);
	}
	if (!chain && diag.errors)
		diag_flush(&diag);
	if (!chain)
		error("cannot read the chain file in %s/source", dir);
	diag_free(&diag);
	free(text);
	if (fd >= 0)
		close(fd);
	return chain;
}

/* Generations that were made before there were bundles say nothing of them. */
static int read_origin(struct inspection *in)
{
	struct galette_origin *origin;
	char path[PATH_MAX];

	if (!pins_path(path, in->dir, "origin") && access(path, F_OK) && errno == ENOENT)
		return 0;
	origin = read_array(in->dir, "origin", 1, sizeof(*origin));
	if (!origin)
		return -EINVAL;
	in->model->origin = *origin;
	free(origin);
	return 0;
}

/* ---- interfaces ---- */

/* Its link, and what the kernel says of the interface. */
static int read_link(const struct state *state, struct model_interface *interface)
{
	__u32 ifindex;
	int err = links_ifindex(state->dir, interface->name, &ifindex);

	if (err && err != -ENOENT) {
		error("cannot read the link of %s in %s: %s", interface->name, state->dir,
		      strerror(-err));
		return err;
	}
	/* Else it has gone, or come back as another that this generation's ingress does not know. */
	interface->attached = ifindex && ifindex == interface->ifindex;
	if (interface->attached)
		interface->mode = links_mode(ifindex);
	return 0;
}

static int read_interfaces(struct inspection *in)
{
	struct model *model = in->model;
	struct galette_interface *records =
		read_array(in->dir, "interfaces", in->info.interfaces, sizeof(*records));
	int err = 0;

	if (!records)
		return -EINVAL;
	model->interfaces = xcalloc(in->info.interfaces + 1, sizeof(*model->interfaces));
	model->interface_count = in->info.interfaces;
	for (int i = 0; i < model->interface_count && !err; i++) {
		struct model_interface *interface = &model->interfaces[i];

		memcpy(interface->name, records[i].name, sizeof(interface->name));
		memcpy(interface->alias, records[i].alias, sizeof(interface->alias));
		interface->ifindex = records[i].ifindex;
		interface->bound = records[i].bound;
		err = read_link(in->state, interface);
	}
	free(records);
	return err;
}

/* ---- functions and edges ---- */

static bool has_native(const char *dir, const char *function)
{
	char path[PATH_MAX];

	return !pins_path(path, dir, "native/%s/so", function) && !access(path, F_OK);
}

static int read_function(struct inspection *in, const struct galette_function *record)
{
	struct model_function *f = &in->model->functions[in->model->function_count++];
	int fd;

	memcpy(f->name, record->name, sizeof(f->name));
	memcpy(f->path, record->object, sizeof(f->path));
	f->decl = chain_function(in->model->chain, f->name);
	f->base = record->base;
	f->action_count = record->actions;
	f->object_size = record->object_size;
	f->object_crc32 = record->object_crc32;
	if (!f->decl || f->base + f->action_count > in->info.slots) {
		error("%s is not of this version: function '%s'", in->dir, f->name);
		return -EINVAL;
	}
	f->actions = xcalloc(f->action_count + 1, sizeof(*f->actions));
	for (int i = 0; i < f->action_count; i++)
		memcpy(f->actions[i], in->graph[f->base + i].action, sizeof(*f->actions));
	f->has_native = has_native(in->dir, f->name);
	fd = pins_open(in->dir, "nf/%s", f->name);
	if (fd == -ENOENT && f->has_native)
		return 0; /* native only */
	if (fd < 0 || pins_program_id(fd, &f->prog_id)) {
		error("cannot read %s/nf/%s: %s", in->dir, f->name, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -EINVAL;
	}
	close(fd);
	return 0;
}

static int read_functions(struct inspection *in)
{
	struct galette_function *records =
		read_array(in->dir, "functions", in->info.functions, sizeof(*records));
	int err = records ? 0 : -EINVAL;

	in->model->functions = xcalloc(in->info.functions + 1, sizeof(*in->model->functions));
	for (__u32 i = 0; i < in->info.functions && !err; i++)
		err = read_function(in, &records[i]);
	free(records);
	return err;
}

/* ---- the generation ---- */

static const char *number_text(__u32 number, char text[16])
{
	snprintf(text, 16, "%u", number);
	return text;
}

static int read_generation(struct inspection *in, const char *name)
{
	const struct state *state = in->state;
	struct galette_info *info = read_array(in->dir, "info", 1, sizeof(*info));
	struct galette_slowpath *slowpath;
	struct chain *chain;
	char text[16];
	int err;

	if (!info)
		return -EINVAL;
	in->info = *info;
	free(info);
	chain = read_source(in->dir);
	if (!chain)
		return -EINVAL;
	in->model = model_new(name, chain);
	in->model->generation = in->info.generation;
	in->model->previous = state->previous;
	in->model->created = in->info.created;
	in->model->mode = in->info.mode;
	in->graph = read_array(in->dir, "graph", in->info.slots, sizeof(*in->graph));
	if (!in->graph)
		return -EINVAL;
	slowpath = read_array(in->dir, "slowpath", 1, sizeof(*slowpath));
	if (!slowpath)
		return -EINVAL;
	in->model->slowpath = *slowpath;
	free(slowpath);
	err = read_origin(in) ?: read_interfaces(in) ?: read_functions(in) ?: inspect_edges(in) ?:
	      inspect_maps_of(in, state->build_runs ? "build" : number_text(state->current, text));
	if (!err && state->previous)
		err = inspect_maps_of(in, number_text(state->previous, text));
	return err ?: inspect_users(in);
}

struct model *inspect(const struct state *state, const char *name)
{
	struct inspection in = { .state = state };
	int err;

	if (state->build_runs)
		pins_path(in.dir, state->dir, "gen/build");
	else
		pins_path(in.dir, state->dir, "gen/%u", state->current);
	err = read_generation(&in, name);
	free(in.graph);
	if (err) {
		model_free(in.model);
		return NULL;
	}
	return in.model;
}
