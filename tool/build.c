/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "alloc.h"
#include "build.h"
#include "generation.skel.h"
#include "ingress.skel.h"
#include "kernel_log.h"
#include "load.h"
#include "native_keep.h"
#include "pins.h"
#include "route.h"
#include "upcall.h"

struct build {
	struct model *model;
	const struct model *running;
	const struct plan *plan;
	char dir[PATH_MAX];
	struct generation_bpf *maps;
	int slots, edges; /* in maps */
	int *program;     /* fd of each function's; -1: not loaded yet */
	char *visited;    /* of functions */
	bool *filled;     /* of slots */
	__u32 number, parent;
};

/* ---- the generation's own maps ---- */

static int make_directories(struct build *b)
{
	static const char *const below[] = { "", "/nf", "/maps", "/native" };
	char path[PATH_MAX];

	for (int i = 0; i < 4; i++) {
		int err = pins_path(path, b->dir, "%s", below[i] + (i > 0));

		if (!err && mkdir(i ? path : b->dir, 0700))
			err = -errno;
		if (err) {
			error("cannot make %s%s: %s", b->dir, below[i], strerror(-err));
			return err;
		}
	}
	return 0;
}

static int set_size(struct bpf_map *map, __u32 entries)
{
	return bpf_map__set_max_entries(map, entries ?: 1);
}

static int make_maps(struct build *b)
{
	const struct model *model = b->model;
	struct bpf_map *map;
	int err;

	kernel_log_clear();
	b->maps = generation_bpf__open();
	if (!b->maps) {
		err = -errno;
		error("cannot open the generation's maps: %s", strerror(-err));
		return err;
	}
	err = set_size(b->maps->maps.slots, model->edge_count) ?:
	      set_size(b->maps->maps.edges, model->edge_count) ?:
	      set_size(b->maps->maps.graph, model->edge_count) ?:
	      set_size(b->maps->maps.functions, model->function_count) ?:
	      set_size(b->maps->maps.interfaces, model->interface_count) ?:
	      set_size(b->maps->maps.devmap, model->interface_count) ?:
	      set_size(b->maps->maps.upcalls, model->edge_count) ?:
	      set_size(b->maps->maps.routes, model->edge_count) ?:
	      set_size(b->maps->maps.slow_edges, model->edge_count) ?:
	      set_size(b->maps->maps.xsks,
		       model->interface_count * model->slowpath.queues * model->slowpath.pipes) ?:
	      generation_bpf__load(b->maps);
	if (err) {
		error("cannot create the generation's maps: %s", strerror(-err));
		return err;
	}
	bpf_object__for_each_map(map, b->maps->obj) {
		err = pins_pin(bpf_map__fd(map), b->dir, "%s", bpf_map__name(map));
		if (err) {
			error("cannot pin map '%s' in %s: %s", bpf_map__name(map), b->dir,
			      strerror(-err));
			return err;
		}
	}
	b->slots = bpf_map__fd(b->maps->maps.slots);
	b->edges = bpf_map__fd(b->maps->maps.edges);
	return 0;
}

static int put(int fd, const char *map, __u32 key, const void *value)
{
	int err = bpf_map_update_elem(fd, &key, value, BPF_ANY);

	if (err)
		error("cannot write entry %u of map '%s': %s", key, map, strerror(-err));
	return err;
}

/* The chain file itself. */
static int write_source(struct build *b)
{
	const struct chain *chain = b->model->chain;

	return pins_keep(b->dir, "source", chain->text, chain->length + 1);
}

static int write_interfaces(struct build *b)
{
	const struct model *model = b->model;
	int fd = bpf_map__fd(b->maps->maps.interfaces);
	int devmap = bpf_map__fd(b->maps->maps.devmap), err = 0;

	for (int i = 0; i < model->interface_count && !err; i++) {
		struct galette_interface record = {
			.ifindex = model->interfaces[i].ifindex,
			.bound = model->interfaces[i].bound,
		};

		memcpy(record.name, model->interfaces[i].name, sizeof(record.name));
		memcpy(record.alias, model->interfaces[i].alias, sizeof(record.alias));
		err = put(fd, "interfaces", i, &record)
			      ?: put(devmap, "devmap", i, &record.ifindex);
	}
	return err;
}

static int write_functions(struct build *b)
{
	const struct model *model = b->model;
	int fd = bpf_map__fd(b->maps->maps.functions), err = 0;

	for (int i = 0; i < model->function_count && !err; i++) {
		const struct model_function *f = &model->functions[i];
		struct galette_function record = {
			.base = f->base,
			.actions = f->action_count,
			.object_size = f->object_size,
			.object_crc32 = f->object_crc32,
		};

		memcpy(record.name, f->name, sizeof(record.name));
		memcpy(record.object, f->path, sizeof(record.object));
		err = put(fd, "functions", i, &record);
	}
	return err;
}

static int write_graph(struct build *b)
{
	const struct model *model = b->model;
	int fd = bpf_map__fd(b->maps->maps.graph), err = 0;

	for (int i = GALETTE_SLOT_RX; i < model->edge_count && !err; i++) {
		const struct model_edge *edge = &model->edges[i];
		struct galette_slot record = { .index = edge->index };
		char from[GALETTE_TARGET_LEN];

		edge_from(model, edge, from);
		snprintf(record.function, sizeof(record.function), "%.*s", GALETTE_NAME_LEN - 1,
			 edge->function == EDGE_RX ? "rx" : from);
		snprintf(record.action, sizeof(record.action), "%s", edge_action(model, edge));
		target_format(&edge->target, record.target);
		err = put(fd, "graph", i, &record);
	}
	return err;
}

/* [slowpath], and what it leaves open: a core for the kernel, one pipe for each other. */
static void decide_slowpath(struct model *model)
{
	static const __u32 actions[] = {
		[TARGET_DROP] = XDP_DROP, [TARGET_PASS] = XDP_PASS, [TARGET_TX] = XDP_TX
	};
	const struct slowpath *said = &model->chain->slowpath;
	struct galette_slowpath *slowpath = &model->slowpath;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	slowpath->pipes = said->pipes ?: cores > 2 ? cores - 1 : 1;
	if (slowpath->pipes > GALETTE_PIPES_MAX)
		slowpath->pipes = GALETTE_PIPES_MAX;
	slowpath->frames = said->frames;
	slowpath->watchdog_ms = said->watchdog * 1000;
	slowpath->busy_poll = said->busy_poll;
	slowpath->absent = actions[said->absent];
	slowpath->queues = model_queues(model);
}

static int write_slowpath(struct build *b)
{
	return put(bpf_map__fd(b->maps->maps.slowpath), "slowpath", 0, &b->model->slowpath)
		       ?: routes_write(b->dir, b->model);
}

static int write_origin(struct build *b)
{
	return put(bpf_map__fd(b->maps->maps.origin), "origin", 0, &b->model->origin);
}

static int write_info(struct build *b)
{
	struct galette_info info = {
		.generation = b->number,
		.parent = b->parent,
		.created = time(NULL),
		.slots = b->model->edge_count,
		.functions = b->model->function_count,
		.interfaces = b->model->interface_count,
		.mode = b->model->mode,
	};

	return put(bpf_map__fd(b->maps->maps.info), "info", 0, &info);
}

/* ---- programs ---- */

static int load_function(struct build *b, int function);

/* Whether a slot leads to a function of the kernel. */
static bool leads_on(const struct build *b, const struct model_edge *edge)
{
	return edge->target.kind == TARGET_FUNCTION && edge_in_kernel(b->model, edge) &&
	       !edge_leads_out(b->model, edge);
}

/* The program that an edge leads to; *mine: for the caller to close. */
static int target_program(struct build *b, int slot, bool *mine)
{
	const struct model_edge *edge = &b->model->edges[slot];

	*mine = !leads_on(b, edge);
	if (!*mine)
		return b->program[edge->to];
	if (edge_leads_out(b->model, edge))
		return upcall_open(b->dir, b->model, slot, edge->to);
	return terminal_open(b->dir, &edge->target, edge->to < 0 ? 0 : edge->to);
}

/* What the edge leads to, and the slot where the kernel looks for it. */
static int fill_slot(struct build *b, int slot)
{
	const struct model_edge *edge = &b->model->edges[slot];
	int err = target_is_function(&edge->target) ? load_function(b, edge->to) : 0, fd;
	bool mine;

	b->filled[slot] = !err;
	if (err || !edge_in_kernel(b->model, edge))
		return err;
	fd = target_program(b, slot, &mine);
	if (fd < 0)
		return fd;
	err = put(b->slots, "slots", slot, &fd);
	if (mine)
		close(fd);
	return err;
}

/* It leads to a function that is being loaded, and has no program yet. */
static bool closes_cycle(const struct build *b, const struct model_edge *edge)
{
	return leads_on(b, edge) && b->visited[edge->to] && b->program[edge->to] < 0;
}

/*
 * What a function leads to comes first: a slot that is filled before the
 * program that uses it is loaded costs no patching of running code.
 */
static int load_function(struct build *b, int function)
{
	struct model_function *f = &b->model->functions[function];
	int err = 0;

	if (b->visited[function])
		return 0;
	b->visited[function] = true;
	for (int i = 0; i < f->action_count && !err; i++)
		if (!closes_cycle(b, &b->model->edges[f->base + i]))
			err = fill_slot(b, f->base + i);
	if (err)
		return err;
	err = f->object->bpf ? load_nf(b->model, function, b->slots, b->edges, b->dir)
			     : load_maps(b->model, function, b->dir);
	if (err < 0)
		return err;
	if (f->object->bpf)
		b->program[function] = err;
	return f->native ? native_keep(b->dir, b->model, function) : 0;
}

/* Edges that close a cycle could not be filled on the way. */
static int fill_rest(struct build *b)
{
	int err = 0;

	for (int i = GALETTE_SLOT_RX; i < b->model->edge_count && !err; i++)
		if (!b->filled[i])
			err = fill_slot(b, i);
	return err;
}

static int load_functions(struct build *b)
{
	int err = 0;

	for (int i = 0; i < b->model->function_count && !err; i++)
		err = load_function(b, i);
	return err ?: fill_rest(b);
}

static int load_ingress(struct build *b)
{
	struct ingress_bpf *skel = ingress_bpf__open();
	int err = skel ? 0 : -errno, fd = -1;

	kernel_log_clear();
	if (!err) {
		load_uniform(skel->obj);
		skel->rodata->interfaces = b->model->interface_count;
		for (int i = 0; i < b->model->interface_count; i++)
			skel->rodata->ifindex[i] = b->model->interfaces[i].ifindex;
		err = bpf_map__reuse_fd(skel->maps.slots, b->slots) ?:
		      bpf_map__reuse_fd(skel->maps.edges, b->edges) ?:
		      ingress_bpf__load(skel);
	}
	if (!err) {
		fd = dup(bpf_program__fd(skel->progs.galette_ingress));
		err = fd < 0 ? -errno : pins_pin(fd, b->dir, "ingress");
	}
	ingress_bpf__destroy(skel);
	if (!err)
		return fd;
	error("cannot load the ingress program: %s", strerror(-err));
	if (fd >= 0)
		close(fd);
	return err;
}

/* ---- the whole ---- */

/* The maps of the running chain whose content stays. */
static int keep_maps(struct build *b)
{
	for (int i = 0; i < b->model->map_count; i++) {
		struct model_map *map = &b->model->maps[i];
		int err = 0;

		if (b->plan->map_steps[i] != MAP_KEEP)
			continue;
		map->fd = dup(b->running->maps[b->plan->map_from[i]].fd);
		err = map->fd < 0 ? -errno : pins_pin(map->fd, b->dir, "maps/%s", map->name);
		if (err) {
			error("cannot keep map '%s': %s", map->name, strerror(-err));
			return err;
		}
	}
	return 0;
}

int build_generation(const char *chain_dir, struct model *wanted, const struct model *running,
		     const struct plan *plan, __u32 number, __u32 parent)
{
	struct build b = {
		.model = wanted,
		.running = running,
		.plan = plan,
		.number = number,
		.parent = parent,
	};
	int err;

	b.program = xmalloc((wanted->function_count + 1) * sizeof(*b.program));
	memset(b.program, 0xff, (wanted->function_count + 1) * sizeof(*b.program));
	b.visited = xcalloc(1, wanted->function_count + 1);
	b.filled = xcalloc(wanted->edge_count, sizeof(*b.filled));
	decide_slowpath(wanted);
	err = pins_path(b.dir, chain_dir, "gen/build") ?: make_directories(&b) ?:
	      make_maps(&b) ?: write_source(&b) ?: write_interfaces(&b) ?: write_functions(&b) ?:
	      write_graph(&b) ?: write_slowpath(&b) ?: write_info(&b) ?: write_origin(&b) ?: keep_maps(&b) ?:
	      load_functions(&b) ?: load_ingress(&b);
	for (int i = 0; i < wanted->function_count; i++)
		if (b.program[i] >= 0)
			close(b.program[i]);
	generation_bpf__destroy(b.maps);
	free(b.program);
	free(b.visited);
	free(b.filled);
	return err;
}
