/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "plan.h"
#include "value.h"

static void add(struct plan *plan, enum change_op op, const char *kind, const char *name,
		const char *fmt, ...) __attribute__((format(printf, 5, 6)));

static void add(struct plan *plan, enum change_op op, const char *kind, const char *name,
		const char *fmt, ...)
{
	struct change *change;
	va_list args;

	plan->changes = xrealloc(plan->changes, (plan->count + 1) * sizeof(*plan->changes));
	change = &plan->changes[plan->count++];
	change->op = op;
	change->kind = kind;
	change->name = xstrdup(name);
	va_start(args, fmt);
	if (vasprintf(&change->detail, fmt, args) < 0)
		change->detail = NULL;
	va_end(args);
	if (op != CHANGE_KEEP)
		plan->changed = true;
}

/* ---- interfaces ---- */

static int same_interface(const struct model *model, const struct model_interface *wanted)
{
	for (int i = 0; i < model->interface_count; i++)
		if (!strcmp(model->interfaces[i].name, wanted->name))
			return i;
	return -1;
}

static void plan_interfaces(struct plan *plan, const struct model *wanted,
			    const struct model *running)
{
	for (int i = 0; running && i < running->interface_count; i++)
		if (same_interface(wanted, &running->interfaces[i]) < 0)
			add(plan, CHANGE_REMOVE, "interface", running->interfaces[i].name, "%s",
			    running->interfaces[i].attached ? "kept for rollback, then let go"
							    : "has gone");
	for (int i = 0; i < wanted->interface_count; i++) {
		const struct model_interface *interface = &wanted->interfaces[i];
		int old = running ? same_interface(running, interface) : -1;

		if (old < 0 || !running->interfaces[old].attached)
			add(plan, CHANGE_ADD, "interface", interface->name, "%s",
			    interface->alias);
	}
}

/* That they will be attached in, when they are new or have come back. */
static void plan_mode(struct plan *plan, const struct model *wanted,
		      const struct model *running)
{
	if (running && wanted->mode != running->mode)
		add(plan, CHANGE_MODIFY, "mode", model_mode_word(wanted->mode), "was %s",
		    model_mode_word(running->mode) ?: "unknown");
}

/* ---- functions ---- */

/* The names of a function's maps are the same on both sides. */
static bool same_maps(const struct model *wanted, int w, const struct model *running, int r)
{
	int wanted_maps = 0, running_maps = 0, both = 0;

	for (int i = 0; i < running->map_count; i++)
		for (int u = 0; u < running->maps[i].user_count; u++)
			running_maps += running->maps[i].users[u] == r;
	for (int i = 0; i < wanted->map_count; i++) {
		for (int u = 0; u < wanted->maps[i].user_count; u++) {
			int old = model_map(running, wanted->maps[i].name);

			if (wanted->maps[i].users[u] != w)
				continue;
			wanted_maps++;
			for (int k = 0; old >= 0 && k < running->maps[old].user_count; k++)
				both += running->maps[old].users[k] == r;
		}
	}
	return wanted_maps == running_maps && both == wanted_maps;
}

static bool same_config(const struct node *a, const struct node *b)
{
	bool empty_a = !a || !a->count, empty_b = !b || !b->count;

	return empty_a || empty_b ? empty_a == empty_b : node_equal(a, b);
}

static void plan_function(struct plan *plan, const struct model *wanted, int w,
			  const struct model *running, int r)
{
	const struct model_function *new = &wanted->functions[w], *old = &running->functions[r];

	if (strcmp(new->path, old->path))
		add(plan, CHANGE_MODIFY, "function", new->name, "object %s, was %s", new->path,
		    old->path);
	else if (new->object_size != old->object_size || new->object_crc32 != old->object_crc32)
		add(plan, CHANGE_MODIFY, "function", new->name, "%s",
		    new->file_count ? "object or its files have changed"
				    : "object file has changed");
	else if (!same_config(new->decl->config, old->decl->config))
		add(plan, CHANGE_MODIFY, "function", new->name, "config has changed");
	else if (new->decl->disable_xdp != old->decl->disable_xdp)
		add(plan, CHANGE_MODIFY, "function", new->name, "disable_xdp has changed");
	else if (!same_maps(wanted, w, running, r))
		add(plan, CHANGE_MODIFY, "function", new->name, "maps are others");
}

static void plan_functions(struct plan *plan, const struct model *wanted,
			   const struct model *running)
{
	for (int i = 0; running && i < running->function_count; i++)
		if (model_function(wanted, running->functions[i].name) < 0)
			add(plan, CHANGE_REMOVE, "function", running->functions[i].name, "%s",
			    "");
	for (int i = 0; i < wanted->function_count; i++) {
		const struct model_function *f = &wanted->functions[i];
		int old = running ? model_function(running, f->name) : -1;

		if (old >= 0)
			plan_function(plan, wanted, i, running, old);
		else
			add(plan, CHANGE_ADD, "function", f->name, "%s",
			    strcmp(f->name, f->path) ? f->path : "");
	}
}

/* ---- links ---- */

/* The running edge that corresponds: same function and action, or same interface. */
static const struct model_edge *same_edge(const struct model *wanted,
					  const struct model_edge *edge,
					  const struct model *running)
{
	int place;

	if (edge->function == EDGE_RX) {
		place = same_interface(running, &wanted->interfaces[edge->index]);
		return place < 0 ? NULL : &running->edges[GALETTE_SLOT_RX + place];
	}
	place = model_function(running, wanted->functions[edge->function].name);
	if (place >= 0)
		place = model_edge(running, place, edge_action(wanted, edge));
	return place < 0 ? NULL : &running->edges[place];
}

/* Targets are the same if they lead to the same function or the same real interface. */
static bool same_target(const struct model *wanted, const struct model_edge *new,
			const struct model *running, const struct model_edge *old)
{
	if (new->target.kind != old->target.kind)
		return false;
	if (new->target.kind == TARGET_REDIRECT &&new->to >= 0 && old->to >= 0)
		return !strcmp(wanted->interfaces[new->to].name,
			       running->interfaces[old->to].name);
	return !strcmp(new->target.name, old->target.name);
}

static void plan_link(struct plan *plan, const struct model *wanted,
		      const struct model_edge *edge, const struct model *running)
{
	const struct model_edge *old = running ? same_edge(wanted, edge, running) : NULL;
	char from[GALETTE_TARGET_LEN], to[GALETTE_TARGET_LEN], was[GALETTE_TARGET_LEN];
	char name[GALETTE_TARGET_LEN + GALETTE_ACTION_LEN];
	const char *action = edge_action(wanted, edge);

	edge_from(wanted, edge, from);
	snprintf(name, sizeof(name), "%s%s%s", from, *action ? ":" : "", action);
	target_format(&edge->target, to);
	if (!old) {
		add(plan, CHANGE_ADD, "link", name, "-> %s", to);
	} else if (!same_target(wanted, edge, running, old)) {
		target_format(&old->target, was);
		add(plan, CHANGE_MODIFY, "link", name, "-> %s, was %s", to, was);
	}
}

/* ---- the bundle ---- */

/* What runs may be the same; who says so is another. Under what name it was given is no matter. */
static void plan_bundle(struct plan *plan, const struct model *wanted,
			const struct model *running)
{
	const struct galette_origin *new = &wanted->origin, *old;
	const char *by = *new->signer ? ", signed by " : "";

	if (!running)
		return;
	old = &running->origin;
	if (!strcmp(new->sha256, old->sha256) && !strcmp(new->signer, old->signer))
		return;
	if (!*new->bundle)
		add(plan, CHANGE_REMOVE, "bundle", old->bundle, "%s", "");
	else if (!*old->bundle)
		add(plan, CHANGE_ADD, "bundle", new->bundle, "SHA-256 %s%s%s", new->sha256, by,
		    new->signer);
	else
		add(plan, CHANGE_MODIFY, "bundle", new->bundle, "SHA-256 %s%s%s, was %s",
		    new->sha256, by, new->signer, old->bundle);
}

/* ---- the slow path ---- */

static void plan_number(struct plan *plan, const char *name, int new, int old)
{
	if (new == old)
		return;
	if (!new)
		add(plan, CHANGE_MODIFY, "slowpath", name, "not said, was %d", old);
	else if (!old)
		add(plan, CHANGE_MODIFY, "slowpath", name, "%d, was not said", new);
	else
		add(plan, CHANGE_MODIFY, "slowpath", name, "%d, was %d", new, old);
}

static void plan_slowpath(struct plan *plan, const struct model *wanted,
			  const struct model *running)
{
	const struct slowpath *new = &wanted->chain->slowpath, *old;
	char to[GALETTE_TARGET_LEN], was[GALETTE_TARGET_LEN];

	if (!running)
		return;
	old = &running->chain->slowpath;
	if (new->absent != old->absent) {
		target_format(&(struct target) { .kind = new->absent }, to);
		target_format(&(struct target) { .kind = old->absent }, was);
		add(plan, CHANGE_MODIFY, "slowpath", "absent", "%s, was %s", to, was);
	}
	plan_number(plan, "pipes", new->pipes, old->pipes);
	/* Not in the file: what ethtool -L has made of the interfaces since. */
	if (model_leads_out(wanted))
		plan_number(plan, "queues", model_queues(wanted), running->slowpath.queues);
	plan_number(plan, "frames", new->frames, old->frames);
	plan_number(plan, "watchdog", new->watchdog, old->watchdog);
	if (new->busy_poll != old->busy_poll)
		add(plan, CHANGE_MODIFY, "slowpath", "busy_poll", "%s, was %s",
		    new->busy_poll ? "true" : "false", old->busy_poll ? "true" : "false");
}

/* ---- maps ---- */

/* Whether the content of a map can stay; if not, *why says what differs. */
static bool map_fits(const struct model_map *wanted, const struct model_map *running,
		     char **why)
{
	char *detail = NULL;
	int ret = 0;

	*why = NULL;
	if (wanted->type != running->type)
		ret = asprintf(why, "type is %s, was %s", map_type_name(wanted->type),
			       map_type_name(running->type));
	else if (wanted->key_size != running->key_size)
		ret = asprintf(why, "key has %u bytes, had %u", wanted->key_size,
			       running->key_size);
	else if (wanted->value_size != running->value_size)
		ret = asprintf(why, "value has %u bytes, had %u", wanted->value_size,
			       running->value_size);
	else if (wanted->size != running->size)
		ret = asprintf(why, "size is %u, was %u", wanted->size, running->size);
	else if (wanted->flags != running->flags)
		ret = asprintf(why, "flags are 0x%x, were 0x%x", wanted->flags, running->flags);
	else if (running->btf && !value_same_type(wanted->btf, wanted->key_type, running->btf,
						  running->key_type, &detail))
		ret = asprintf(why, "key: %s", detail);
	else if (running->btf && !value_same_type(wanted->btf, wanted->value_type, running->btf,
						  running->value_type, &detail))
		ret = asprintf(why, "value: %s", detail);
	free(detail);
	return !ret;
}

static bool is_reset(const struct model *wanted, int map, char *const *resets, int count)
{
	for (int i = 0; i < count; i++)
		if (model_map(wanted, resets[i]) == map)
			return true;
	return false;
}

/* What the file that runs said of a map's entries; NULL: nothing. */
static const struct node *old_entries(const struct model *running, const struct model_map *map)
{
	const struct chain *chain = running->chain;
	const char *colon = strchr(map->name, ':'), *name = colon ? colon + 1 : map->name;

	for (int i = 0; i < chain->map_count; i++)
		if (!strcmp(chain->maps[i].name, map->name))
			return chain->maps[i].spec.entries;
	for (int f = 0; f < chain->function_count; f++)
		for (int i = 0; i < chain->functions[f].map_count; i++)
			if (!strcmp(chain->functions[f].maps[i].name, name) &&
			    !*chain->functions[f].maps[i].shared)
				return chain->functions[f].maps[i].spec.entries;
	return NULL;
}

/* Entries are what a new map begins with: a person who edits them expects more. */
static void warn_of_entries(const struct model_map *map, const struct model *running,
			    struct diag *diag)
{
	const struct node *was = old_entries(running, map);

	if (map->spec.entries && !(was && node_equal(was, map->spec.entries)))
		diag_warning(diag, map->spec.entries->loc,
			     "map '%s' keeps its content: entries are for a new map "
			     "(galette-pin map, or --reset-map %s)",
			     map->name, map->name);
}

static void plan_map(struct plan *plan, const struct model *wanted, int w,
		     const struct model *running, bool reset, struct diag *diag)
{
	const struct model_map *map = &wanted->maps[w];
	int old = running ? model_map(running, map->name) : -1;
	char *why = NULL;

	plan->map_steps[w] = MAP_CREATE;
	plan->map_from[w] = old;
	if (old < 0) {
		add(plan, CHANGE_ADD, "map", map->name, "%s, %u entries",
		    map_type_name(map->type), map->size);
	} else if (reset) {
		add(plan, CHANGE_MODIFY, "map", map->name, "starts empty: %s, %u entries",
		    map_type_name(map->type), map->size);
	} else if (!map_fits(map, &running->maps[old], &why)) {
		diag_error(diag, map->spec.loc,
			   "map '%s' has content that does not fit: %s (--reset-map %s starts "
			   "it empty)",
			   map->name, why, map->name);
	} else {
		plan->map_steps[w] = MAP_KEEP;
		warn_of_entries(map, running, diag);
		add(plan, CHANGE_KEEP, "map", map->name, "with its content%s",
		    map->spec.entries ? "; `entries` are for a new map only" : "");
	}
	free(why);
}

static void plan_maps(struct plan *plan, const struct model *wanted,
		      const struct model *running, char *const *resets, int reset_count,
		      struct diag *diag)
{
	plan->map_steps = xcalloc(wanted->map_count + 1, sizeof(*plan->map_steps));
	plan->map_from = xcalloc(wanted->map_count + 1, sizeof(*plan->map_from));
	for (int i = 0; i < reset_count; i++)
		if (model_map(wanted, resets[i]) < 0)
			diag_error(diag, (struct loc) { 0 }, "no map '%s' to reset", resets[i]);
	for (int i = 0; i < wanted->map_count; i++)
		plan_map(plan, wanted, i, running, is_reset(wanted, i, resets, reset_count),
			 diag);
	for (int i = 0; running && i < running->map_count; i++)
		if (running->maps[i].user_count && model_map(wanted, running->maps[i].name) < 0)
			add(plan, CHANGE_REMOVE, "map", running->maps[i].name,
			    "kept for rollback, then gone");
}

/* ---- the whole ---- */

struct plan *plan_make(const struct model *wanted, const struct model *running,
		       char *const *resets, int reset_count, struct diag *diag)
{
	struct plan *plan = xcalloc(1, sizeof(*plan));
	int errors = diag->errors;

	plan_bundle(plan, wanted, running);
	plan_interfaces(plan, wanted, running);
	plan_mode(plan, wanted, running);
	plan_functions(plan, wanted, running);
	for (int i = GALETTE_SLOT_RX; i < wanted->edge_count; i++)
		plan_link(plan, wanted, &wanted->edges[i], running);
	plan_slowpath(plan, wanted, running);
	plan_maps(plan, wanted, running, resets, reset_count, diag);
	if (diag->errors > errors) {
		plan_free(plan);
		return NULL;
	}
	return plan;
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	for (int i = 0; i < plan->count; i++) {
		free(plan->changes[i].name);
		free(plan->changes[i].detail);
	}
	free(plan->changes);
	free(plan->map_steps);
	free(plan->map_from);
	free(plan);
}

void plan_print(const struct plan *plan, const struct model *wanted,
		const struct model *running)
{
	static const char sign[] = { '+', '-', '~', '=' };

	if (!plan->changed)
		printf("%s: nothing to do\n", wanted->name);
	for (int i = 0; i < plan->count && plan->changed; i++) {
		const struct change *change = &plan->changes[i];

		printf("%c %s %s%s%s\n", sign[change->op], change->kind, change->name,
		       *change->detail ? " " : "", change->detail);
	}
}

void plan_print_json(const struct plan *plan, const struct model *wanted,
		     const struct model *running)
{
	static const char *const op[] = { "add", "remove", "modify", "keep" };
	struct json_object *top = json_object_new_object(), *list = json_object_new_array();

	for (int i = 0; i < plan->count; i++) {
		const struct change *change = &plan->changes[i];
		struct json_object *item = json_object_new_object();

		json_object_object_add(item, "op", json_object_new_string(op[change->op]));
		json_object_object_add(item, "kind", json_object_new_string(change->kind));
		json_object_object_add(item, "name", json_object_new_string(change->name));
		json_object_object_add(item, "detail", json_object_new_string(change->detail));
		json_object_array_add(list, item);
	}
	json_object_object_add(top, "chain", json_object_new_string(wanted->name));
	json_object_object_add(top, "generation",
			       running ? json_object_new_int64(running->generation) : NULL);
	json_object_object_add(top, "changed", json_object_new_boolean(plan->changed));
	json_object_object_add(top, "changes", list);
	puts(json_object_to_json_string_ext(top, JSON_C_TO_STRING_PRETTY |
							 JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(top);
}
