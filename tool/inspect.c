/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "alloc.h"
#include "inspect.h"
#include "links.h"
#include "map_walk.h"
#include "pins.h"
#include "upcall.h"

struct inspection {
	const struct state *state;
	char dir[PATH_MAX]; /* of the generation */
	struct galette_info info;
	struct model *model;
	struct galette_slot *graph;
};

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

static bool pinned_id(const char *dir, const char *name, __u32 wanted)
{
	int fd = pins_open(dir, "%s", name);
	__u32 id = 0;

	if (fd < 0)
		return false;
	pins_program_id(fd, &id);
	close(fd);
	return id && id == wanted;
}

/* As the chain file writes a target whose program has this name; false: it is none. */
static bool target_word(const char *pin, char word[GALETTE_TARGET_LEN])
{
	const char *function;
	char name[NAME_MAX + 1];
	__u32 slot;

	if (upcall_parse(pin, &slot, &function)) {
		snprintf(word, GALETTE_TARGET_LEN, "!%.*s", GALETTE_NAME_LEN - 1, function);
		return true;
	}
	if (strncmp(pin, "tx-", 3))
		return false;
	snprintf(name, sizeof(name), "%s", pin + 3);
	pins_decode(name);
	snprintf(word, GALETTE_TARGET_LEN, "tx(%.*s)", GALETTE_NAME_LEN - 1, name);
	return true;
}

/*
 * A program below nf/ is a function, tx-NAME is tx(NAME), upcall-SLOT-NAME is !NAME,
 * any other is called as it is.
 */
bool inspect_target(const char *generation_dir, __u32 prog_id, struct target *target)
{
	static const char *const plain[] = { "tx", "drop", "pass", "abort" };
	struct diag quiet = { .file = "" };
	char word[GALETTE_TARGET_LEN] = "", nf[PATH_MAX];
	char **names;
	int count;

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]) && !*word; i++)
		if (pinned_id(generation_dir, plain[i], prog_id))
			snprintf(word, sizeof(word), "%s", plain[i]);
	count = *word ? 0 : pins_list(generation_dir, &names);
	for (int i = 0; i < count && !*word; i++)
		if (!target_word(names[i], word) ||
		    !pinned_id(generation_dir, names[i], prog_id))
			*word = '\0';
	if (count > 0)
		pins_list_free(names, count);
	pins_path(nf, generation_dir, "nf");
	count = *word ? 0 : pins_list(nf, &names);
	for (int i = 0; i < count && !*word; i++)
		if (pinned_id(nf, names[i], prog_id))
			snprintf(word, sizeof(word), "%.*s", GALETTE_NAME_LEN - 1, names[i]);
	if (count > 0)
		pins_list_free(names, count);
	if (!*word || target_parse(word, (struct loc) { 0 }, target, &quiet)) {
		diag_free(&quiet);
		return false;
	}
	return true;
}

/* The arrays that have an entry a slot. */
struct slot_maps {
	int slots, edges, slow_edges, upcalls;
	int cpus;
	struct galette_edge *edge;     /* one a CPU */
	struct galette_upcall *upcall; /* one a CPU */
};

static int read_counters(struct model_edge *edge, __u32 slot, const struct slot_maps *maps)
{
	struct galette_edge slow;
	int err = bpf_map_lookup_elem(maps->edges, &slot, maps->edge) ?:
		  bpf_map_lookup_elem(maps->upcalls, &slot, maps->upcall) ?:
		  bpf_map_lookup_elem(maps->slow_edges, &slot, &slow);

	if (err)
		return err;
	edge->packets = slow.packets;
	edge->bytes = slow.bytes;
	for (int i = 0; i < maps->cpus; i++) {
		edge->packets += maps->edge[i].packets;
		edge->bytes += maps->edge[i].bytes;
		edge->upcall.sent += maps->upcall[i].sent;
		edge->upcall.absent += maps->upcall[i].absent;
		edge->upcall.lost += maps->upcall[i].lost;
	}
	return 0;
}

/* What the graph says, unless the slot holds another program. */
static void read_edge(struct inspection *in, int i)
{
	struct model *model = in->model;
	const struct galette_slot *slot = &in->graph[i];
	struct model_edge *edge = &model->edges[i];
	struct diag quiet = { .file = "" };
	struct target target;

	edge->function = i == GALETTE_SLOT_MISSED ? EDGE_NONE
			 : i < GALETTE_SLOT_RX + model->interface_count
				 ? EDGE_RX
				 : model_function(model, slot->function);
	edge->index = slot->index;
	edge->to = -1;
	if (edge->function == EDGE_NONE)
		return;
	if (!edge->prog_id) {
		edge->target.kind = TARGET_NONE;
		return;
	}
	if (target_parse(slot->target, (struct loc) { 0 }, &edge->target, &quiet))
		diag_free(&quiet);
	edge_resolve(model, edge);
	if (edge->target.kind == TARGET_FUNCTION && edge->to >= 0 &&
	    model->functions[edge->to].prog_id == edge->prog_id)
		return;
	if (!inspect_target(in->dir, edge->prog_id, &target))
		return;
	/* "dpi" and "!dpi" are one where dpi never runs in the kernel: as the graph has it. */
	if (target.kind == TARGET_UPCALL && edge_leads_out(model, edge) &&
	    !strcmp(edge->target.name, target.name))
		return;
	edge->target = target;
	edge_resolve(model, edge);
}

static int open_slot_maps(const struct inspection *in, struct slot_maps *maps)
{
	*maps = (struct slot_maps) {
		.slots = pins_open(in->dir, "slots"),
		.edges = pins_open(in->dir, "edges"),
		.slow_edges = pins_open(in->dir, "slow_edges"),
		.upcalls = pins_open(in->dir, "upcalls"),
		.cpus = libbpf_num_possible_cpus(),
	};
	maps->edge = xcalloc(maps->cpus, sizeof(*maps->edge));
	maps->upcall = xcalloc(maps->cpus, sizeof(*maps->upcall));
	return maps->slots < 0        ? maps->slots
	       : maps->edges < 0      ? maps->edges
	       : maps->slow_edges < 0 ? maps->slow_edges
	       : maps->upcalls < 0    ? maps->upcalls
				      : 0;
}

static void close_slot_maps(struct slot_maps *maps)
{
	const int fds[] = { maps->slots, maps->edges, maps->slow_edges, maps->upcalls };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(maps->edge);
	free(maps->upcall);
}

static int read_edges(struct inspection *in)
{
	struct model *model = in->model;
	struct slot_maps maps;
	int err = open_slot_maps(in, &maps);

	model->edges = xcalloc(in->info.slots + 1, sizeof(*model->edges));
	model->edge_count = in->info.slots;
	for (__u32 i = 0; i < in->info.slots && !err; i++) {
		if (bpf_map_lookup_elem(maps.slots, &i, &model->edges[i].prog_id) &&
		    errno != ENOENT)
			err = -errno;
		if (!err)
			err = read_counters(&model->edges[i], i, &maps);
		if (!err)
			read_edge(in, i);
	}
	if (err)
		error("cannot read the slots in %s: %s", in->dir, strerror(-err));
	close_slot_maps(&maps);
	return err;
}

/* ---- maps ---- */

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

/* The maps of one generation, but those that are there already. */
static int read_maps_of(struct inspection *in, __u32 number, const char *generation)
{
	struct model *model = in->model;
	char dir[PATH_MAX], number_text[16];
	char **names;
	int count, err = 0;

	snprintf(number_text, sizeof(number_text), "%u", number);
	pins_path(dir, in->state->dir, "gen/%s/maps", generation ?: number_text);
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

static int find_users(struct inspection *in)
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

/* ---- the generation ---- */

static int read_generation(struct inspection *in, const char *name)
{
	const struct state *state = in->state;
	struct galette_info *info = read_array(in->dir, "info", 1, sizeof(*info));
	struct galette_slowpath *slowpath;
	struct chain *chain;
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
	in->graph = read_array(in->dir, "graph", in->info.slots, sizeof(*in->graph));
	if (!in->graph)
		return -EINVAL;
	slowpath = read_array(in->dir, "slowpath", 1, sizeof(*slowpath));
	if (!slowpath)
		return -EINVAL;
	in->model->slowpath = *slowpath;
	free(slowpath);
	err = read_interfaces(in) ?: read_functions(in) ?: read_edges(in) ?:
	      read_maps_of(in, state->current, state->build_runs ? "build" : NULL);
	if (!err && state->previous)
		err = read_maps_of(in, state->previous, NULL);
	return err ?: find_users(in);
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
