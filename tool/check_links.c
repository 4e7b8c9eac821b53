/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Interfaces, functions and edges: who exists, and that every action leads somewhere. */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "alloc.h"
#include "check.h"

/* ---- interfaces ---- */

static void add_interface(struct model *model, const char *alias, const char *name,
			  struct loc loc, const struct check_input *input, struct diag *diag)
{
	struct model_interface *interface = &model->interfaces[model->interface_count];

	if (model->interface_count == GALETTE_INTERFACES_MAX) {
		diag_error(diag, loc, "more than %d interfaces", GALETTE_INTERFACES_MAX);
		return;
	}
	snprintf(interface->alias, sizeof(interface->alias), "%s", alias);
	/* A longer one is an alias that is not bound. */
	if (strlen(name) < sizeof(interface->name))
		memcpy(interface->name, name, strlen(name) + 1);
	if (input->bound) {
		interface->ifindex = if_nametoindex(name);
		if (!interface->ifindex && loc.line)
			diag_error(diag, loc, "no interface '%s' (bind the name: %s=IF)", name,
				   name);
		else if (!interface->ifindex)
			diag_error(diag, loc, "no interface '%s'", name);
	}
	model->interface_count++;
}

/* An interface that the file names and the command line did not bind. */
static void name_interface(struct model *model, const char *name, struct loc loc,
			   const struct check_input *input, struct diag *diag)
{
	if (model_interface(model, name) >= 0)
		return;
	if (strlen(name) >= GALETTE_IFNAME_LEN && input->bound)
		diag_error(diag, loc, "no interface '%s' (bind the name: %s=IF)", name, name);
	else
		add_interface(model, input->bound ? "" : name, name, loc, input, diag);
}

static void find_interfaces(struct model *model, const struct check_input *input,
			    struct diag *diag)
{
	const struct chain *chain = model->chain;

	model->interfaces = xcalloc(GALETTE_INTERFACES_MAX, sizeof(*model->interfaces));
	for (int i = 0; i < input->binding_count; i++)
		add_interface(model, input->bindings[i].alias, input->bindings[i].name,
			      (struct loc) { 0 }, input, diag);
	for (int i = 0; i < model->interface_count; i++)
		model->interfaces[i].bound = true;
	for (int i = 0; i < chain->rx_count; i++) {
		if (*chain->rx[i].name)
			name_interface(model, chain->rx[i].name, chain->rx[i].loc, input, diag);
		if (chain->rx[i].target.kind == TARGET_REDIRECT)
			name_interface(model, chain->rx[i].target.name, chain->rx[i].target.loc,
				       input, diag);
	}
	for (int i = 0; i < chain->function_count; i++) {
		const struct function *function = &chain->functions[i];

		for (int l = 0; l < function->link_count; l++)
			if (function->links[l].target.kind == TARGET_REDIRECT)
				name_interface(model, function->links[l].target.name,
					       function->links[l].target.loc, input, diag);
	}
	/* A file that is checked by itself: any interface, some interface. */
	if (!input->bound && !model->interface_count)
		model->interface_count = 1;
	for (int i = 0; i < model->interface_count && !input->bound; i++)
		model->interfaces[i].bound = true;
}

/* ---- functions ---- */

/* Everything that can be reached from a target, into reached[] by place in the chain. */
static void reach(const struct chain *chain, const struct target *target, bool *reached)
{
	struct function *function;
	int i;

	if (target->kind != TARGET_FUNCTION && target->kind != TARGET_UPCALL)
		return;
	function = chain_function(chain, target->name);
	i = function - chain->functions;
	if (reached[i])
		return;
	reached[i] = true;
	for (int l = 0; l < function->link_count; l++)
		reach(chain, &function->links[l].target, reached);
}

/*
 * A function's objects, both of one directory and of one source. f->object is
 * the BPF one if there is one.
 */
static void open_both(struct model_function *f, const char *dir, struct diag *diag)
{
	struct loc loc = f->decl->loc;
	struct object *native = NULL;

	f->native = native_open(dir, f->path, loc, diag);
	if (f->native)
		native = native_object(f->native, loc, diag);
	f->has_native = native;
	if (!object_exists(dir, f->path)) {
		f->object = native;
		return;
	}
	f->object = object_open(dir, f->path, loc, diag);
	if (native && f->object)
		native_same(native, f->object, loc, diag);
	object_free(native);
}

static void no_object(const struct function *decl, const struct check_input *input,
		      struct diag *diag)
{
	if (decl->disable_xdp)
		diag_error(diag, decl->loc, "no '%s.bpf.o' and no '%s.so' in %s", decl->path,
			   decl->path, input->nf_path);
	else
		diag_error(diag, decl->loc, "no '%s.bpf.o' in %s", decl->path, input->nf_path);
}

static void open_objects(struct model_function *f, const struct check_input *input,
			 struct diag *diag)
{
	char *dir = object_dir(input->nf_path, f->path);
	int errors = diag->errors;

	if (dir)
		open_both(f, dir, diag);
	free(dir);
	if (!f->object && diag->errors == errors)
		no_object(f->decl, input, diag);
	if (!f->object)
		return;
	f->action_count = f->object->action_count;
	f->actions = xcalloc(f->action_count, sizeof(*f->actions));
	memcpy(f->actions, f->object->actions, f->action_count * sizeof(*f->actions));
	f->object_size = f->object->file_size;
	f->object_crc32 = f->object->file_crc32;
	/* The record tells whether either is another. */
	if (f->native && f->object->bpf) {
		f->object_size += f->native->size;
		f->object_crc32 = crc32(f->object_crc32, f->native->bytes, f->native->size);
	}
}

/* What can be reached from functions that stand by is part of the chain, too. */
static void reach_all(const struct chain *chain, bool *from_rx, bool *reached)
{
	for (int i = 0; i < chain->rx_count; i++)
		reach(chain, &chain->rx[i].target, from_rx);
	memcpy(reached, from_rx, chain->function_count);
	for (int i = 0; i < chain->function_count; i++)
		for (int l = 0; l < chain->functions[i].link_count; l++)
			reach(chain, &chain->functions[i].links[l].target, reached);
}

static void find_functions(struct model *model, const struct check_input *input,
			   struct diag *diag)
{
	const struct chain *chain = model->chain;
	bool from_rx[chain->function_count + 1], reached[chain->function_count + 1];

	memset(from_rx, 0, sizeof(from_rx));
	reach_all(chain, from_rx, reached);
	model->functions = xcalloc(chain->function_count + 1, sizeof(*model->functions));
	for (int i = 0; i < chain->function_count; i++) {
		const struct function *decl = &chain->functions[i];
		struct model_function *f = &model->functions[model->function_count];

		if (!from_rx[i] && (decl->linked || !reached[i]))
			diag_warning(
				diag, decl->loc, "nothing leads to '%s': it is %s", decl->name,
				decl->linked ? "loaded, ready to be linked to" : "left out");
		if (!reached[i] && !decl->linked)
			continue;
		if (!decl->linked)
			diag_error(diag, decl->loc,
				   "'%s' has no link: where do its packets go?", decl->name);
		memcpy(f->name, decl->name, sizeof(f->name));
		memcpy(f->path, decl->path, sizeof(f->path));
		f->decl = decl;
		open_objects(f, input, diag);
		model->function_count++;
	}
}

/* ---- edges ---- */

static struct model_edge *add_edge(struct model *model, int function, int index,
				   const struct target *target)
{
	struct model_edge *edge = &model->edges[model->edge_count++];

	*edge = (struct model_edge) { .function = function, .index = index, .target = *target };
	edge_resolve(model, edge);
	return edge;
}

/*
 * Its own rx(NAME), else the bare rx if it was given on the command line; an
 * interface without either is left to the stack.
 */
static void add_rx_edges(struct model *model, struct diag *diag)
{
	static const struct target pass = { .kind = TARGET_PASS };
	const struct chain *chain = model->chain;

	for (int i = 0; i < model->interface_count; i++) {
		const struct rx *own = NULL, *bare = NULL;

		for (int r = 0; r < chain->rx_count; r++) {
			const struct rx *rx = &chain->rx[r];

			if (!*rx->name && model->interfaces[i].bound) {
				bare = rx;
			} else if (model_interface(model, rx->name) == i) {
				if (own)
					diag_error(diag, rx->loc,
						   "rx(%s) and rx(%s) are one interface, %s",
						   rx->name, own->name,
						   model->interfaces[i].name);
				own = rx;
			}
		}
		add_edge(model, EDGE_RX, i, own ? &own->target : bare ? &bare->target : &pass);
	}
}

/* "benign, suspect, attack" */
static void list_actions(const struct model_function *f, char *text, size_t size)
{
	size_t length = 0;

	*text = '\0';
	for (int i = 0; i < f->action_count && length < size; i++)
		length += snprintf(text + length, size - length, "%s%s", i ? ", " : "",
				   f->actions[i]);
}

static void unknown_action(const struct model_function *f, const struct link *link,
			   struct diag *diag)
{
	const char *names[GALETTE_ACTIONS_MAX];
	char all[GALETTE_ACTIONS_MAX * (GALETTE_ACTION_LEN + 2)];
	const char *like;

	for (int i = 0; i < f->action_count; i++)
		names[i] = f->actions[i];
	like = diag_suggest(link->action, names, f->action_count);
	list_actions(f, all, sizeof(all));
	if (like)
		diag_error(diag, link->loc, "'%s' has no action '%s' (did you mean '%s'?)",
			   f->name, link->action, like);
	else
		diag_error(diag, link->loc, "'%s' has no action '%s' (it has: %s)", f->name,
			   link->action, all);
}

/* By name: every action once, in any order. */
static void match_by_name(const struct model_function *f, const struct link **of,
			  struct diag *diag)
{
	for (int l = 0; l < f->decl->link_count; l++) {
		const struct link *link = &f->decl->links[l];
		int a = 0;

		while (a < f->action_count && strcmp(f->actions[a], link->action))
			a++;
		if (a == f->action_count)
			unknown_action(f, link, diag);
		else
			of[a] = link;
	}
	for (int a = 0; a < f->action_count; a++)
		if (!of[a])
			diag_error(diag, f->decl->links_loc,
				   "'%s': no target for its action '%s'", f->name,
				   f->actions[a]);
}

static void add_function_edges(struct model *model, int function, struct diag *diag)
{
	struct model_function *f = &model->functions[function];
	const struct function *decl = f->decl;
	const struct link *of[GALETTE_ACTIONS_MAX] = { 0 };
	char all[GALETTE_ACTIONS_MAX * (GALETTE_ACTION_LEN + 2)];
	int errors = diag->errors;

	f->base = model->edge_count;
	if (!f->actions || !decl->linked)
		return;
	if (decl->link_count && *decl->links[0].action) {
		match_by_name(f, of, diag);
	} else if (decl->link_count != f->action_count) {
		list_actions(f, all, sizeof(all));
		diag_error(diag, decl->links_loc,
			   "'%s' has %d action%s (%s), but %d target%s given", f->name,
			   f->action_count, f->action_count == 1 ? "" : "s", all,
			   decl->link_count, decl->link_count == 1 ? " is" : "s are");
	} else {
		for (int i = 0; i < decl->link_count; i++)
			of[i] = &decl->links[i];
	}
	for (int i = 0; i < f->action_count && diag->errors == errors; i++)
		add_edge(model, function, i, &of[i]->target);
}

void check_links(struct model *model, const struct check_input *input, struct diag *diag)
{
	find_interfaces(model, input, diag);
	find_functions(model, input, diag);
	model->edges = xcalloc(1 + GALETTE_INTERFACES_MAX +
				       model->function_count * GALETTE_ACTIONS_MAX,
			       sizeof(*model->edges));
	model->edges[model->edge_count++] =
		(struct model_edge) { .function = EDGE_NONE, .to = -1 };
	add_rx_edges(model, diag);
	for (int i = 0; i < model->function_count; i++)
		add_function_edges(model, i, diag);
}

/* ---- paths ---- */

enum {
	UNSEEN,
	ON_PATH,
	DONE
};

struct walk {
	const struct model *model;
	struct diag *diag;
	int *state;
	int *depth; /* programs on the longest way down from here in the kernel, itself included */
};

/* Depth first; a function that is still on the path closes a cycle. 0 or -EINVAL. */
static int walk(struct walk *w, int function)
{
	const struct model_function *f = &w->model->functions[function];
	bool in_kernel = !f->decl->disable_xdp;
	int err = 0;

	w->state[function] = ON_PATH;
	w->depth[function] = in_kernel;
	for (int i = 0; i < f->action_count; i++) {
		const struct model_edge *edge = &w->model->edges[f->base + i];

		if (edge->target.kind != TARGET_FUNCTION && edge->target.kind != TARGET_UPCALL)
			continue;
		if (w->state[edge->to] == ON_PATH && w->model->chain->loops)
			continue;
		if (w->state[edge->to] == ON_PATH) {
			diag_error(w->diag, edge->target.loc,
				   "'%s' leads back to '%s': a packet could go round for ever "
				   "(if it must be so: loops = true)",
				   f->name, edge->target.name);
			err = -EINVAL;
			continue;
		}
		if (w->state[edge->to] == UNSEEN)
			err |= walk(w, edge->to);
		if (in_kernel && edge->target.kind == TARGET_FUNCTION &&
		    w->depth[edge->to] + 1 > w->depth[function])
			w->depth[function] = w->depth[edge->to] + 1;
	}
	w->state[function] = DONE;
	return err;
}

int check_paths(const struct model *model, struct diag *diag)
{
	/* One tail call into ingress, one into the first function, one out of each. */
	const int longest = GALETTE_TAIL_CALLS_MAX - 2;
	int n = model->function_count + 1, state[n], depth[n], err = 0;
	struct walk w = { model, diag, state, depth };

	memset(state, 0, sizeof(state));
	for (int i = 0; i < model->function_count; i++)
		if (state[i] == UNSEEN)
			err |= walk(&w, i);
	for (int i = GALETTE_SLOT_RX; i < model->edge_count && !err; i++) {
		const struct model_edge *edge = &model->edges[i];

		if (edge->function != EDGE_RX || edge->target.kind != TARGET_FUNCTION ||
		    depth[edge->to] <= longest)
			continue;
		diag_error(diag, edge->target.loc,
			   "the longest way from here has %d functions; the kernel's %d tail "
			   "calls allow %d",
			   depth[edge->to], GALETTE_TAIL_CALLS_MAX, longest);
		err = -EINVAL;
	}
	return err;
}
