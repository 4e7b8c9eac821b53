/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "advise.h"
#include "diag.h"
#include "inspect.h"
#include "pins.h"
#include "running.h"
#include "show_slow.h"

/* ---- as JSON ---- */

static struct json_object *text(const char *string)
{
	return json_object_new_string(string);
}

static void set(struct json_object *object, const char *key, struct json_object *value)
{
	json_object_object_add(object, key, value);
}

static struct json_object *json_origin(const struct galette_origin *origin)
{
	struct json_object *item = json_object_new_object();

	set(item, "name", text(origin->bundle));
	set(item, "sha256", text(origin->sha256));
	set(item, "signer", *origin->signer ? text(origin->signer) : NULL);
	return item;
}

static struct json_object *json_interfaces(const struct model *model)
{
	struct json_object *list = json_object_new_array();

	for (int i = 0; i < model->interface_count; i++) {
		const struct model_interface *interface = &model->interfaces[i];
		struct json_object *item = json_object_new_object();

		set(item, "name", text(interface->name));
		set(item, "alias", *interface->alias ? text(interface->alias) : NULL);
		set(item, "ifindex", json_object_new_int64(interface->ifindex));
		set(item, "mode", text(mode_name(interface->mode)));
		json_object_array_add(list, item);
	}
	return list;
}

static struct json_object *json_functions(const struct model *model)
{
	struct json_object *list = json_object_new_array();

	for (int i = 0; i < model->function_count; i++) {
		const struct model_function *f = &model->functions[i];
		struct json_object *item = json_object_new_object();
		struct json_object *actions = json_object_new_array();

		for (int a = 0; a < f->action_count; a++)
			json_object_array_add(actions, text(f->actions[a]));
		set(item, "name", text(f->name));
		set(item, "object", text(f->path));
		set(item, "prog_id", f->prog_id ? json_object_new_int64(f->prog_id) : NULL);
		set(item, "actions", actions);
		set(item, "disable_xdp", json_object_new_boolean(f->decl->disable_xdp));
		set(item, "native", show_proof(f) ? text(show_proof(f)) : NULL);
		json_object_array_add(list, item);
	}
	return list;
}

static struct json_object *json_upcall(const struct galette_upcall *upcall)
{
	struct json_object *item = json_object_new_object();

	set(item, "sent", json_object_new_uint64(upcall->sent));
	set(item, "absent", json_object_new_uint64(upcall->absent));
	set(item, "lost", json_object_new_uint64(upcall->lost));
	return item;
}

static struct json_object *json_links(const struct model *model)
{
	struct json_object *list = json_object_new_array();

	for (int i = GALETTE_SLOT_RX; i < model->edge_count; i++) {
		const struct model_edge *edge = &model->edges[i];
		struct json_object *item = json_object_new_object();
		char from[GALETTE_TARGET_LEN], to[GALETTE_TARGET_LEN];
		bool rx = edge->function == EDGE_RX;

		edge_from(model, edge, from);
		target_format(&edge->target, to);
		set(item, "from", text(from));
		set(item, "action", rx ? NULL : text(edge_action(model, edge)));
		set(item, "index", json_object_new_int(edge->index));
		set(item, "to", text(to));
		set(item, "packets", json_object_new_uint64(edge->packets));
		set(item, "bytes", json_object_new_uint64(edge->bytes));
		set(item, "upcall",
		    edge_leads_out(model, edge) ? json_upcall(&edge->upcall) : NULL);
		json_object_array_add(list, item);
	}
	return list;
}

static struct json_object *json_maps(const struct model *model)
{
	struct json_object *list = json_object_new_array();

	for (int i = 0; i < model->map_count; i++) {
		const struct model_map *map = &model->maps[i];
		struct json_object *item = json_object_new_object();
		struct json_object *users = json_object_new_array();
		long entries;

		for (int u = 0; u < map->user_count; u++)
			json_object_array_add(users,
					      text(model->functions[map->users[u]].name));
		set(item, "name", text(map->name));
		set(item, "type", text(map_type_name(map->type)));
		set(item, "key_size", json_object_new_int64(map->key_size));
		set(item, "value_size", json_object_new_int64(map->value_size));
		set(item, "size", json_object_new_int64(map->size));
		entries = inspect_map_entries(map);
		set(item, "entries", entries < 0 ? NULL : json_object_new_int64(entries));
		set(item, "used_by", users);
		json_object_array_add(list, item);
	}
	return list;
}

static struct json_object *json_chain(const char *dir, const struct model *model)
{
	struct json_object *top = json_object_new_object();

	set(top, "chain", text(model->name));
	set(top, "generation", json_object_new_int64(model->generation));
	set(top, "previous", model->previous ? json_object_new_int64(model->previous) : NULL);
	set(top, "created", json_object_new_int64(model->created));
	set(top, "bundle", *model->origin.bundle ? json_origin(&model->origin) : NULL);
	set(top, "mode", text(model_mode_word(model->mode) ?: "unknown"));
	set(top, "interfaces", json_interfaces(model));
	set(top, "functions", json_functions(model));
	set(top, "links", json_links(model));
	set(top, "maps", json_maps(model));
	set(top, "slowpath", show_slow_json(dir, model));
	set(top, "missed", json_object_new_uint64(model->edges[GALETTE_SLOT_MISSED].packets));
	return top;
}

/* ---- as text ---- */

static void print_links(const struct model *model)
{
	for (int i = GALETTE_SLOT_RX; i < model->edge_count; i++) {
		const struct model_edge *edge = &model->edges[i];
		const char *action = edge_action(model, edge);
		char from[GALETTE_TARGET_LEN], to[GALETTE_TARGET_LEN];
		char name[GALETTE_TARGET_LEN + GALETTE_ACTION_LEN];

		edge_from(model, edge, from);
		target_format(&edge->target, to);
		snprintf(name, sizeof(name), "%s%s%s", from, *action ? ":" : "", action);
		printf("  link %-32s -> %-20s %12llu packets %14llu bytes\n", name, to,
		       edge->packets, edge->bytes);
	}
}

static void print_maps(const struct model *model)
{
	for (int i = 0; i < model->map_count; i++) {
		const struct model_map *map = &model->maps[i];

		printf("  map %s: %s, %ld of %u entries, used by", map->name,
		       map_type_name(map->type), inspect_map_entries(map), map->size);
		for (int u = 0; u < map->user_count; u++)
			printf(" %s", model->functions[map->users[u]].name);
		puts(map->user_count ? "" : " the generation before only");
	}
}

static void print_function(const struct model_function *f)
{
	if (!f->prog_id)
		printf("  function %s: native only, %s\n", f->name, f->path);
	else
		printf("  function %s: program %u of %s%s\n", f->name, f->prog_id, f->path,
		       f->decl->disable_xdp ? ", verified, runs in the slow path only" : "");
}

static void print_origin(const struct galette_origin *origin)
{
	if (*origin->bundle)
		printf("  bundle %s, SHA-256 %s, %s%s\n", origin->bundle, origin->sha256,
		       *origin->signer ? "signed by " : "no signer known here", origin->signer);
}

static void print_chain(const char *dir, const struct model *model)
{
	printf("chain %s: generation %u", model->name, model->generation);
	if (model->previous)
		printf(", before it %u", model->previous);
	printf(", %llu missed", model->edges[GALETTE_SLOT_MISSED].packets);
	if (model->mode != GALETTE_MODE_AUTO)
		printf(", --mode %s", model_mode_word(model->mode) ?: "unknown");
	printf("\n");
	print_origin(&model->origin);
	for (int i = 0; i < model->interface_count; i++) {
		const struct model_interface *interface = &model->interfaces[i];

		printf("  interface %s%s%s%s: %s\n", interface->name,
		       *interface->alias ? " (" : "", interface->alias,
		       *interface->alias ? ")" : "",
		       interface->attached
			       ? mode_name(interface->mode)
			       : "not attached: it has gone, or come back as another");
	}
	for (int i = 0; i < model->function_count; i++)
		print_function(&model->functions[i]);
	print_links(model);
	print_maps(model);
	show_slow(dir, model);
}

/* ---- the verb ---- */

static int show_one(struct options *options, const char *name, struct json_object *list)
{
	struct running running;
	int status = running_read(options, name, &running);

	if (!status && options->source)
		fputs(running.model->chain->text, stdout);
	else if (!status && options->json)
		json_object_array_add(list, json_chain(running.dir, running.model));
	else if (!status)
		print_chain(running.dir, running.model);
	running_close(&running);
	return status;
}

/* Chains that are being attached or detached are none. */
static int show_all(struct options *options, struct json_object *list)
{
	char **names;
	int count = pins_list(options->pin_root, &names), status = STATUS_DONE;

	if (count < 0 && count != -ENOENT) {
		error("cannot read %s: %s", options->pin_root, strerror(-count));
		return STATUS_FAILED;
	}
	for (int i = 0; i < count; i++) {
		pins_decode(names[i]);
		if (running_is_attached(options, names[i]) && show_one(options, names[i], list))
			status = STATUS_FAILED;
	}
	if (count > 0)
		pins_list_free(names, count);
	return status;
}

static void print_json(struct json_object *object)
{
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY |
							    JSON_C_TO_STRING_NOSLASHESCAPE));
}

int verb_show(struct options *options)
{
	struct json_object *list = json_object_new_array();
	int status;

	if (options->argc)
		status = show_one(options, options->argv[0], list);
	else
		status = show_all(options, list);
	/* One chain is an object, all of them are a list. */
	if (options->json && !options->source && !options->argc)
		print_json(list);
	else if (options->json && !options->source && json_object_array_length(list))
		print_json(json_object_array_get_idx(list, 0));
	json_object_put(list);
	return status;
}
