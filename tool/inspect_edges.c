/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "alloc.h"
#include "inspection.h"
#include "pins.h"
#include "route.h"
#include "upcall.h"

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
static bool find_target(const char *generation_dir, __u32 prog_id, struct target *target)
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
	int slots, edges, slow_edges, upcalls, routes;
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
static void read_slot(struct inspection *in, struct model_edge *edge)
{
	struct model *model = in->model;
	struct target target;

	if (!edge->prog_id) {
		edge->target.kind = TARGET_NONE;
		return;
	}
	if (edge->target.kind == TARGET_FUNCTION && edge->to >= 0 &&
	    model->functions[edge->to].prog_id == edge->prog_id)
		return;
	if (!find_target(in->dir, edge->prog_id, &target))
		return;
	/* "dpi" and "!dpi" are one where dpi never runs in the kernel: as the graph has it. */
	if (target.kind == TARGET_UPCALL && edge_leads_out(model, edge) &&
	    !strcmp(edge->target.name, target.name))
		return;
	edge->target = target;
	edge_resolve(model, edge);
}

/* What the graph says, unless what decides says otherwise. */
static int read_edge(struct inspection *in, __u32 i, const struct slot_maps *maps)
{
	struct model *model = in->model;
	const struct galette_slot *slot = &in->graph[i];
	struct model_edge *edge = &model->edges[i];
	struct diag quiet = { .file = "" };
	__u64 route;

	edge->function = i == GALETTE_SLOT_MISSED ? EDGE_NONE
			 : i < GALETTE_SLOT_RX + (__u32)model->interface_count
				 ? EDGE_RX
				 : model_function(model, slot->function);
	edge->index = slot->index;
	edge->to = -1;
	if (edge->function == EDGE_NONE)
		return 0;
	if (target_parse(slot->target, (struct loc) { 0 }, &edge->target, &quiet))
		diag_free(&quiet);
	edge_resolve(model, edge);
	if (edge_in_kernel(model, edge))
		read_slot(in, edge);
	else if (bpf_map_lookup_elem(maps->routes, &i, &route))
		return -errno;
	else
		route_read(model, route, edge);
	return 0;
}

static int open_slot_maps(const struct inspection *in, struct slot_maps *maps)
{
	*maps = (struct slot_maps) {
		.slots = pins_open(in->dir, "slots"),
		.edges = pins_open(in->dir, "edges"),
		.slow_edges = pins_open(in->dir, "slow_edges"),
		.upcalls = pins_open(in->dir, "upcalls"),
		.routes = pins_open(in->dir, "routes"),
		.cpus = libbpf_num_possible_cpus(),
	};
	maps->edge = xcalloc(maps->cpus, sizeof(*maps->edge));
	maps->upcall = xcalloc(maps->cpus, sizeof(*maps->upcall));
	return maps->slots < 0        ? maps->slots
	       : maps->edges < 0      ? maps->edges
	       : maps->slow_edges < 0 ? maps->slow_edges
	       : maps->upcalls < 0    ? maps->upcalls
	       : maps->routes < 0     ? maps->routes
				      : 0;
}

static void close_slot_maps(struct slot_maps *maps)
{
	const int fds[] = { maps->slots, maps->edges, maps->slow_edges, maps->upcalls,
			    maps->routes };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(maps->edge);
	free(maps->upcall);
}

int inspect_edges(struct inspection *in)
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
		err = err ?: read_counters(&model->edges[i], i, &maps) ?:
			     read_edge(in, i, &maps);
	}
	if (err)
		error("cannot read the slots in %s: %s", in->dir, strerror(-err));
	close_slot_maps(&maps);
	return err;
}
