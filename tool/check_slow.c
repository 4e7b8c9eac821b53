// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The kernel and the slow path: which functions packets meet where, that each
 * has the object for it, and that native functions can use their maps.
 */
#include <errno.h>
#include <stdlib.h>

#include "alloc.h"
#include "check.h"
#include "slowpath/nf_bridge.h"

/* ---- who runs where ---- */

struct worlds {
	struct model *model;
	const struct check_input *input;
	struct diag *diag;
};

/* By way of an edge; NULL: nothing leads there yet. */
static void no_native(const struct worlds *w, const struct model_function *f,
		      const struct model_edge *edge)
{
	char from[GALETTE_TARGET_LEN];

	if (f->decl->disable_xdp || !edge) {
		diag_error(w->diag, f->decl->loc,
			   "'%s' has disable_xdp, and there is no '%s.so' in %s", f->name,
			   f->path, w->input->nf_path);
		return;
	}
	if (edge->target.kind == TARGET_UPCALL)
		target_format(&edge->target, from);
	else
		edge_from(w->model, edge, from);
	diag_error(w->diag, edge->target.loc,
		   "'%s' is met in the slow path by way of '%s', and there is no '%s.so' in %s",
		   f->name, from, f->path, w->input->nf_path);
}

/* What has left the kernel does not come back: all its further ways are native. */
static void mark_slow(const struct worlds *w, int function, const struct model_edge *by)
{
	struct model_function *f = &w->model->functions[function];

	if (f->slow)
		return;
	f->slow = true;
	if (!f->has_native)
		no_native(w, f, by);
	for (int i = 0; i < f->action_count; i++) {
		const struct model_edge *edge = &w->model->edges[f->base + i];

		if (target_is_function(&edge->target))
			mark_slow(w, edge->to, edge);
	}
}

static void mark_kernel(const struct worlds *w, int function);

static void follow(const struct worlds *w, const struct model_edge *edge)
{
	if (!target_is_function(&edge->target))
		return;
	if (edge->target.kind == TARGET_UPCALL ||
	    w->model->functions[edge->to].decl->disable_xdp)
		mark_slow(w, edge->to, edge);
	else
		mark_kernel(w, edge->to);
}

static void mark_kernel(const struct worlds *w, int function)
{
	struct model_function *f = &w->model->functions[function];

	if (f->kernel)
		return;
	f->kernel = true;
	if (!function_has_program(f)) {
		diag_error(w->diag, f->decl->loc,
			   "'%s' has no '%s.bpf.o': it runs in the slow path only "
			   "(disable_xdp = true, or !%s)",
			   f->name, f->path, f->name);
		return;
	}
	for (int i = 0; i < f->action_count; i++)
		follow(w, &w->model->edges[f->base + i]);
}

/* Whether it leads, without '!', to a function that the kernel has no program for. */
static bool needs_slow(const struct worlds *w, int function, bool *seen)
{
	const struct model_function *f = &w->model->functions[function];

	if (f->decl->disable_xdp || seen[function])
		return false;
	if (!function_has_program(f))
		return true;
	seen[function] = true;
	for (int i = 0; i < f->action_count; i++) {
		const struct model_edge *edge = &w->model->edges[f->base + i];

		if (edge->target.kind == TARGET_FUNCTION && needs_slow(w, edge->to, seen))
			return true;
	}
	return false;
}

/* A function that stands by runs where it can. */
static void mark_standby(const struct worlds *w, int function)
{
	const struct model_function *f = &w->model->functions[function];
	bool seen[CHAIN_FUNCTIONS_MAX] = { false };

	if (f->kernel || f->slow)
		return;
	if (f->decl->disable_xdp || (f->has_native && needs_slow(w, function, seen)))
		mark_slow(w, function, NULL);
	else
		mark_kernel(w, function);
}

static bool is_led_to(const struct model *model, int function)
{
	for (int i = GALETTE_SLOT_RX; i < model->edge_count; i++)
		if (target_is_function(&model->edges[i].target) &&
		    model->edges[i].to == function)
			return true;
	return false;
}

/*
 * From rx; then from functions that nothing leads to, and at last those that only
 * lead to one another.
 */
static void mark_all(const struct worlds *w)
{
	struct model *model = w->model;

	for (int i = 0; i < model->interface_count; i++)
		follow(w, &model->edges[GALETTE_SLOT_RX + i]);
	for (int i = 0; i < model->function_count; i++)
		if (!is_led_to(model, i))
			mark_standby(w, i);
	for (int i = 0; i < model->function_count; i++)
		mark_standby(w, i);
}

/* ---- how long ---- */

struct ways {
	const struct model *model;
	int *longest; /* by function: in the slow path from there, itself included; 0: not seen */
};

/* A function that is on the way already is the begin of a loop, which has no length. */
static int longest_way(struct ways *ways, int function)
{
	const struct model_function *f = &ways->model->functions[function];
	int longest = 1;

	if (ways->longest[function])
		return ways->longest[function];
	ways->longest[function] = 1;
	for (int i = 0; i < f->action_count; i++) {
		const struct model_edge *edge = &ways->model->edges[f->base + i];
		int way =
			target_is_function(&edge->target) ? 1 + longest_way(ways, edge->to) : 0;

		if (way > longest)
			longest = way;
	}
	ways->longest[function] = longest;
	return longest;
}

/* galette-slow gives up on a packet after as many functions as the kernel does. */
static void check_ways(const struct worlds *w)
{
	const int most = GALETTE_TAIL_CALLS_MAX - 2;
	struct ways ways = { w->model,
			     xcalloc(w->model->function_count + 1, sizeof(*ways.longest)) };

	for (int i = GALETTE_SLOT_RX; i < w->model->edge_count; i++) {
		const struct model_edge *edge = &w->model->edges[i];
		const struct model_function *from =
			edge->function < 0 ? NULL : &w->model->functions[edge->function];

		if (!edge_leads_out(w->model, edge) || (from && !from->kernel) ||
		    longest_way(&ways, edge->to) <= most)
			continue;
		diag_error(w->diag, edge->target.loc,
			   "the longest way from here in the slow path has %d functions; it "
			   "allows %d",
			   longest_way(&ways, edge->to), most);
		break;
	}
	free(ways.longest);
}

void check_worlds(struct model *model, const struct check_input *input, struct diag *diag)
{
	const struct worlds w = { model, input, diag };

	mark_all(&w);
	check_ways(&w);
}

/* ---- maps ---- */

/* What a native function reads and writes of a map goes through nf_bridge. */
static void check_slow_map(const struct model_map *map, const struct model_function *f,
			   struct diag *diag)
{
	struct loc loc = map->spec.loc.line ? map->spec.loc : f->decl->loc;
	size_t size = (size_t)map->key_size + map->value_size;
	struct nf_field fields[NF_FIELDS_MAX];
	int count = nf_fields(map->btf, map->value_type, fields);

	if (size > NF_ENTRY_SIZE_MAX)
		diag_error(diag, loc,
			   "'%s' is met in the slow path, and entries of map '%s' have %zu "
			   "bytes: %d are possible there",
			   f->name, map->name, size, NF_ENTRY_SIZE_MAX);
	else if (count == -E2BIG)
		diag_error(
			diag, loc,
			"'%s' is met in the slow path, and values of map '%s' have more than "
			"%d fields",
			f->name, map->name, NF_FIELDS_MAX);
	else if (count < 0)
		diag_error(diag, loc,
			   "'%s' is met in the slow path, and values of map '%s' are of a type "
			   "that has no fields there",
			   f->name, map->name);
}

void check_slow_maps(const struct model *model, struct diag *diag)
{
	for (int i = 0; i < model->map_count; i++) {
		const struct model_map *map = &model->maps[i];

		for (int u = 0; u < map->user_count; u++) {
			if (!model->functions[map->users[u]].slow)
				continue;
			check_slow_map(map, &model->functions[map->users[u]], diag);
			break;
		}
	}
}
