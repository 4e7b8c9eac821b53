/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "diag.h"
#include "running.h"

/* "rx" and "rx(IF)" as edge_from() prints them; a bare rx only where there is one interface. */
static int find_rx(const struct model *model, const char *text)
{
	char from[GALETTE_TARGET_LEN], by_name[GALETTE_TARGET_LEN];

	for (int i = 0; i < model->interface_count; i++) {
		edge_from(model, &model->edges[GALETTE_SLOT_RX + i], from);
		snprintf(by_name, sizeof(by_name), "rx(%s)", model->interfaces[i].name);
		if (!strcmp(text, from) || !strcmp(text, by_name) ||
		    (!strcmp(text, "rx") && model->interface_count == 1))
			return GALETTE_SLOT_RX + i;
	}
	error("chain '%s' has no '%s'%s", model->name, text,
	      strcmp(text, "rx") ? "" : ": say which, rx(IF)");
	return -1;
}

static void suggest_function(const struct model *model, const char *name)
{
	const char *names[model->function_count + 1];
	const char *like;

	for (int i = 0; i < model->function_count; i++)
		names[i] = model->functions[i].name;
	like = diag_suggest(name, names, model->function_count);
	error("chain '%s' has no function '%s'%s%s%s", model->name, name,
	      like ? " (did you mean '" : "", like ?: "", like ? "'?)" : "");
}

/* FUNCTION:ACTION */
static int find_edge(const struct model *model, const char *text)
{
	const char *colon = strchr(text, ':');
	char name[GALETTE_NAME_LEN] = "", actions[512] = "";
	const struct model_function *f;
	int function, edge;

	if (!strcmp(text, "rx") || !strncmp(text, "rx(", 3))
		return find_rx(model, text);
	if (!colon || colon - text >= GALETTE_NAME_LEN) {
		error("'%s' is not FUNCTION:ACTION", text);
		return -1;
	}
	memcpy(name, text, colon - text);
	function = model_function(model, name);
	if (function < 0) {
		suggest_function(model, name);
		return -1;
	}
	f = &model->functions[function];
	edge = model_edge(model, function, colon + 1);
	for (int i = 0; i < f->action_count && edge < 0; i++)
		snprintf(actions + strlen(actions), sizeof(actions) - strlen(actions), "%s%s",
			 i ? ", " : "", f->actions[i]);
	if (edge < 0)
		error("'%s' has no action '%s' (it has: %s)", name, colon + 1, actions);
	return edge;
}

/* The target as a new edge of the chain: does it exist, and does the graph still hold? */
static bool check_target(struct model *model, int edge, const char *text, struct target *target,
			 struct diag *diag)
{
	struct model_edge old = model->edges[edge], *new = &model->edges[edge];
	const struct check_input input = { .nf_path = "the chain that runs" };
	bool ok;

	if (target_parse(text, (struct loc) { 0 }, target, diag))
		return false;
	new->target = *target;
	if (!edge_resolve(model, new)) {
		if (target->kind == TARGET_REDIRECT)
			error("chain '%s' has no interface '%s'", model->name, target->name);
		else
			suggest_function(model, target->name);
		*new = old;
		return false;
	}
	check_worlds(model, &input, diag);
	check_slow_maps(model, diag);
	ok = !check_paths(model, diag) && !diag->errors;
	*new = old;
	return ok;
}

static bool same(const struct target *a, const struct target *b)
{
	return a->kind == b->kind && !strcmp(a->name, b->name);
}

int verb_link(struct options *options)
{
	const char *name = options->argv[0], *from = options->argv[1], *to = options->argv[2];
	struct diag diag = { 0 };
	struct running running;
	struct target target;
	int edge, status = running_lock(options, name, false, &running);

	if (!status) {
		edge = find_edge(running.model, from);
		if (edge < 0 || !check_target(running.model, edge, to, &target, &diag))
			status = STATUS_USAGE;
		else if (!same(&running.model->edges[edge].target, &target) &&
			 commit_link(&running.state, running.model, edge, &target))
			status = STATUS_FAILED;
		if (!status && !diag_quiet && !options->json)
			printf("%s: %s -> %s\n", name, from, to);
	}
	diag_flush(&diag);
	diag_free(&diag);
	running_close(&running);
	return status;
}
