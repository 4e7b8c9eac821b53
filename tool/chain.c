/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From the TOML tree to the chain's declarations: shapes and names are checked here. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>

#include "alloc.h"
#include "chain.h"
#include "chain_shape.h"
#include "names.h"

#define ARRAY_SIZE(a) (int)(sizeof(a) / sizeof((a)[0]))

/* ---- maps ---- */

static void parse_map_spec(const struct node *table, struct map_spec *spec, const char *where,
			   struct diag *diag)
{
	static const char *const keys[] = { "type", "size", "entries" };

	spec->loc = table->loc;
	for (size_t i = 0; i < table->count; i++) {
		const struct node *member = &table->items[i];

		if (!strcmp(member->key, "type")) {
			if (!node_expect(member, NODE_STRING, "type", diag))
				continue;
			spec->type = map_type_parse(member->string);
			if (!spec->type)
				diag_error(
					diag, member->loc,
					"unknown map type '%s' (known: hash, lru-hash, array, "
					"lpm-trie, percpu-hash, lru-percpu-hash, percpu-array)",
					member->string);
		} else if (!strcmp(member->key, "size")) {
			if (!node_expect(member, NODE_INTEGER, "size", diag))
				continue;
			if (member->integer < 1 || member->integer > 0xffffffffLL)
				diag_error(diag, member->loc,
					   "size must be 1 to 4294967295 entries");
			else
				spec->size = member->integer;
		} else if (!strcmp(member->key, "entries")) {
			if (node_expect(member, NODE_ARRAY, "entries", diag))
				spec->entries = member;
		} else {
			node_unknown_key(member, where, keys, ARRAY_SIZE(keys), diag);
		}
	}
}

/* Two names that differ in '-' and '_' only are one map. */
static bool map_declared(const struct map_decl *maps, int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(maps[i].name, name))
			return true;
	return false;
}

/*
 * The members of a `maps` table into decls (room for all of them). A string
 * shares a map of [maps]; that is not allowed in [maps] itself.
 */
static int parse_maps(const struct node *table, struct map_decl *maps, bool may_share,
		      struct diag *diag)
{
	int count = 0;

	for (size_t i = 0; i < table->count; i++) {
		const struct node *member = &table->items[i];
		struct map_decl *map = &maps[count];

		if (!name_check(member->key, "", "a map's name", member->key_loc, diag))
			continue;
		map_name_copy(map->name, member->key);
		map->spec.loc = member->loc;
		if (map_declared(maps, count, map->name)) {
			diag_error(diag, member->key_loc, "map '%s' is declared twice",
				   member->key);
			continue;
		}
		if (may_share && member->type == NODE_STRING) {
			const char *name =
				strcmp(member->string, "_") ? member->string : member->key;

			if (!name_check(name, "", "a map's name", member->loc, diag))
				continue;
			map_name_copy(map->shared, name);
		} else if (member->type == NODE_TABLE) {
			parse_map_spec(member, &map->spec, "a map", diag);
		} else {
			diag_error(diag, member->loc, "a map must be a table%s, not %s",
				   may_share ? ", or \"_\" or a name to share one of [maps]"
					     : "",
				   node_type_name(member->type));
			continue;
		}
		count++;
	}
	return count;
}

/* ---- functions ---- */

static void parse_path(const struct node *node, struct function *function, struct diag *diag)
{
	const char *path = node->string;
	size_t length = strlen(path);

	if (!length || length >= GALETTE_PATH_LEN)
		diag_error(diag, node->loc, "path must have 1 to %d characters",
			   GALETTE_PATH_LEN - 1);
	else if (*path == '/' || !strcmp(path, "..") || !strncmp(path, "../", 3) ||
		 strstr(path, "/../") || (length > 3 && !strcmp(path + length - 3, "/..")))
		diag_error(diag, node->loc,
			   "path '%s' must stay below a directory of --nf-path: no leading "
			   "'/', no '..'",
			   path);
	else
		memcpy(function->path, path, length + 1);
}

static void parse_function(const struct node *table, struct function *function,
			   struct diag *diag)
{
	static const char *const keys[] = { "path", "disable_xdp", "config", "maps" };

	for (size_t i = 0; i < table->count; i++) {
		const struct node *member = &table->items[i];

		if (!strcmp(member->key, "path")) {
			if (node_expect(member, NODE_STRING, "path", diag))
				parse_path(member, function, diag);
		} else if (!strcmp(member->key, "disable_xdp")) {
			if (node_expect(member, NODE_BOOLEAN, "disable_xdp", diag))
				function->disable_xdp = member->boolean;
		} else if (!strcmp(member->key, "config")) {
			if (node_expect(member, NODE_TABLE, "config", diag))
				function->config = member;
		} else if (!strcmp(member->key, "maps")) {
			if (!node_expect(member, NODE_TABLE, "maps", diag))
				continue;
			function->maps = xcalloc(member->count + 1, sizeof(*function->maps));
			function->map_count = parse_maps(member, function->maps, true, diag);
		} else {
			node_unknown_key(member, "a function", keys, ARRAY_SIZE(keys), diag);
		}
	}
}

static void parse_functions(const struct node *table, struct chain *chain, struct diag *diag)
{
	if (table->count > CHAIN_FUNCTIONS_MAX) {
		diag_error(diag, table->loc, "more than %d functions", CHAIN_FUNCTIONS_MAX);
		return;
	}
	chain->functions = xcalloc(table->count + 1, sizeof(*chain->functions));
	for (size_t i = 0; i < table->count; i++) {
		const struct node *member = &table->items[i];
		struct function *function = &chain->functions[chain->function_count];

		if (!name_check(member->key, "", "a function's name", member->key_loc, diag))
			continue;
		if (name_reserved(member->key)) {
			diag_error(diag, member->key_loc, "a function cannot be called '%s'",
				   member->key);
			continue;
		}
		memcpy(function->name, member->key, strlen(member->key) + 1);
		memcpy(function->path, function->name, sizeof(function->name));
		function->loc = member->key_loc;
		chain->function_count++;
		if (node_expect(member, NODE_TABLE, "a function", diag))
			parse_function(member, function, diag);
	}
}

struct function *chain_function(const struct chain *chain, const char *name)
{
	for (int i = 0; i < chain->function_count; i++)
		if (!strcmp(chain->functions[i].name, name))
			return &chain->functions[i];
	return NULL;
}

/* ---- links ---- */

/* A function by name, or an error with the nearest name. */
static struct function *find_function(const struct chain *chain, const char *name,
				      struct loc loc, struct diag *diag)
{
	struct function *function = chain_function(chain, name);
	const char *names[chain->function_count + 1];
	const char *like;

	if (function)
		return function;
	for (int i = 0; i < chain->function_count; i++)
		names[i] = chain->functions[i].name;
	like = diag_suggest(name, names, chain->function_count);
	if (like)
		diag_error(diag, loc, "no function '%s' (did you mean '%s'?)", name, like);
	else
		diag_error(diag, loc, "no function '%s'", name);
	return NULL;
}

/* One target of a `to`, with the function it names. */
static int parse_to_item(const struct node *node, const struct chain *chain,
			 struct target *target, struct diag *diag)
{
	if (!node_expect(node, NODE_STRING, "a target", diag))
		return -EINVAL;
	if (target_parse(node->string, node->loc, target, diag))
		return -EINVAL;
	if ((target->kind == TARGET_FUNCTION || target->kind == TARGET_UPCALL) &&
	    !find_function(chain, target->name, node->loc, diag))
		return -EINVAL;
	return 0;
}

static void parse_function_link(const struct node *to, struct function *function,
				const struct chain *chain, struct diag *diag)
{
	function->links = xcalloc(to->count + 1, sizeof(*function->links));
	function->links_loc = to->loc;
	for (size_t i = 0; i < to->count; i++) {
		const struct node *item = &to->items[i];
		struct link *link = &function->links[function->link_count++];

		link->loc = item->key ? item->key_loc : item->loc;
		if (item->key && !name_check(item->key, "", "an action", item->key_loc, diag))
			continue;
		if (item->key && strlen(item->key) >= sizeof(link->action))
			diag_error(diag, link->loc, "no action can have a name this long");
		else if (item->key)
			memcpy(link->action, item->key, strlen(item->key) + 1);
		parse_to_item(item, chain, &link->target, diag);
	}
}

static void parse_rx_link(const struct node *from, const struct node *to, const char *name,
			  struct chain *chain, struct diag *diag)
{
	struct rx *rx = &chain->rx[chain->rx_count];

	for (int i = 0; i < chain->rx_count; i++) {
		if (!strcmp(chain->rx[i].name, name)) {
			diag_error(diag, from->loc, "'%s' has a link already, on line %d",
				   from->string, chain->rx[i].loc.line);
			return;
		}
	}
	if (to->type != NODE_ARRAY || to->count != 1) {
		diag_error(diag, to->loc, "'%s' must lead to one target: to = [\"…\"]",
			   from->string);
		return;
	}
	memcpy(rx->name, name, strlen(name) + 1);
	rx->loc = from->loc;
	if (!parse_to_item(&to->items[0], chain, &rx->target, diag))
		chain->rx_count++;
}

static void parse_link(const struct node *link, struct chain *chain, struct diag *diag)
{
	static const char *const keys[] = { "from", "to" };
	const struct node *from, *to;
	char name[GALETTE_NAME_LEN] = "";
	struct function *function;
	int ret;

	if (!node_expect(link, NODE_TABLE, "a link", diag))
		return;
	for (size_t i = 0; i < link->count; i++)
		if (strcmp(link->items[i].key, "from") && strcmp(link->items[i].key, "to"))
			node_unknown_key(&link->items[i], "a link", keys, ARRAY_SIZE(keys),
					 diag);
	from = node_member(link, "from");
	to = node_member(link, "to");
	if (!from || !to) {
		diag_error(diag, link->loc, "a link needs '%s'", from ? "to" : "from");
		return;
	}
	if (!node_expect(from, NODE_STRING, "from", diag))
		return;
	if (to->type != NODE_ARRAY && to->type != NODE_TABLE) {
		diag_error(diag, to->loc,
			   "to must be an array of targets, or a table by action, not %s",
			   node_type_name(to->type));
		return;
	}
	ret = name_call(from->string, "rx", name, from->loc, diag);
	if (ret < 0)
		return;
	if (ret || !strcmp(from->string, "rx")) {
		parse_rx_link(from, to, name, chain, diag);
		return;
	}
	function = find_function(chain, from->string, from->loc, diag);
	if (!function)
		return;
	if (function->linked) {
		diag_error(diag, from->loc, "'%s' has a link already, on line %d", from->string,
			   function->links_loc.line);
		return;
	}
	function->linked = true;
	parse_function_link(to, function, chain, diag);
}

/* ---- the file ---- */

static void parse_top(struct chain *chain, struct diag *diag)
{
	static const char *const keys[] = { "functions", "maps", "links", "loops", "slowpath" };
	const struct node *links = NULL;

	for (size_t i = 0; i < chain->root->count; i++) {
		const struct node *member = &chain->root->items[i];

		if (!strcmp(member->key, "functions")) {
			if (node_expect(member, NODE_TABLE, "functions", diag))
				parse_functions(member, chain, diag);
		} else if (!strcmp(member->key, "maps")) {
			if (!node_expect(member, NODE_TABLE, "maps", diag))
				continue;
			chain->maps = xcalloc(member->count + 1, sizeof(*chain->maps));
			chain->map_count = parse_maps(member, chain->maps, false, diag);
		} else if (!strcmp(member->key, "links")) {
			if (node_expect(member, NODE_ARRAY, "links", diag))
				links = member;
		} else if (!strcmp(member->key, "loops")) {
			if (node_expect(member, NODE_BOOLEAN, "loops", diag))
				chain->loops = member->boolean;
		} else if (!strcmp(member->key, "slowpath")) {
			if (node_expect(member, NODE_TABLE, "slowpath", diag))
				slowpath_parse(member, &chain->slowpath, diag);
		} else {
			node_unknown_key(member, "a chain file", keys, ARRAY_SIZE(keys), diag);
		}
	}
	chain->rx = xcalloc((links ? links->count : 0) + 1, sizeof(*chain->rx));
	for (size_t i = 0; links && i < links->count; i++)
		parse_link(&links->items[i], chain, diag);
	if (!chain->rx_count && !diag->errors)
		diag_error(diag, (struct loc) { 0 },
			   "no link from rx: no packet would enter the chain");
}

struct chain *chain_parse(const char *text, size_t length, struct diag *diag)
{
	struct chain *chain = xcalloc(1, sizeof(*chain));
	int errors = diag->errors;

	chain->text = xstrndup(text, length);
	chain->length = length;
	chain->slowpath = slowpath_default;
	chain->root = toml_parse(text, length, diag);
	if (chain->root)
		parse_top(chain, diag);
	if (diag->errors > errors) {
		chain_free(chain);
		return NULL;
	}
	return chain;
}

void chain_free(struct chain *chain)
{
	if (!chain)
		return;
	for (int i = 0; i < chain->function_count; i++) {
		free(chain->functions[i].maps);
		free(chain->functions[i].links);
	}
	free(chain->functions);
	free(chain->maps);
	free(chain->rx);
	node_free(chain->root);
	free(chain->text);
	free(chain);
}
