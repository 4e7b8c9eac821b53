/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which maps a chain has, who owns and who shares them, and that all who use
 * one mean the same by it.
 *
 * A function's own map is pinned by its name where the function is called like
 * its object, else as FUNCTION:NAME: so that an NF can appear twice, and a map
 * keeps its name, and with it its content, whatever else a chain file changes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>

#include "alloc.h"
#include "check.h"
#include "value.h"

/* Types that a map may be changed into: the same keys and values, the same operations. */
static bool same_family(__u32 a, __u32 b)
{
	return a == b || (a == BPF_MAP_TYPE_HASH && b == BPF_MAP_TYPE_LRU_HASH) ||
	       (a == BPF_MAP_TYPE_LRU_HASH && b == BPF_MAP_TYPE_HASH) ||
	       (a == BPF_MAP_TYPE_PERCPU_HASH && b == BPF_MAP_TYPE_LRU_PERCPU_HASH) ||
	       (a == BPF_MAP_TYPE_LRU_PERCPU_HASH && b == BPF_MAP_TYPE_PERCPU_HASH);
}

static const struct map_decl *find_decl(const struct map_decl *maps, int count,
					const char *name)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(maps[i].name, name))
			return &maps[i];
	return NULL;
}

static void own_name(const struct model_function *f, const char *map,
		     char name[GALETTE_NAME_LEN * 2])
{
	const char *slash = strrchr(f->path, '/');

	if (!strcmp(f->name, slash ? slash + 1 : f->path))
		snprintf(name, GALETTE_NAME_LEN * 2, "%s", map);
	else
		snprintf(name, GALETTE_NAME_LEN * 2, "%s:%s", f->name, map);
}

static struct model_map *new_map(struct model *model, const char *name, bool shared,
				 const struct map_spec *spec, const struct model_function *f,
				 const struct object_map *from)
{
	struct model_map *map = &model->maps[model->map_count++];

	snprintf(map->name, sizeof(map->name), "%s", name);
	map->shared = shared;
	if (spec)
		map->spec = *spec;
	map->type = map->spec.type ?: from->type;
	map->size = map->spec.size ?: from->size;
	map->key_size = from->key_size;
	map->value_size = from->value_size;
	map->flags = from->flags;
	map->btf = f->object->btf;
	map->key_type = from->key_type;
	map->value_type = from->value_type;
	map->users = xcalloc(model->function_count, sizeof(*map->users));
	map->fd = -1;
	return map;
}

/* Whether a function that comes second means the same map as the first. */
static void check_shared(const struct model *model, const struct model_map *map,
			 const struct model_function *f, const struct object_map *from,
			 struct loc loc, struct diag *diag)
{
	const struct model_function *first = &model->functions[map->users[0]];
	char *why = NULL;

	if (!value_same_type(map->btf, map->key_type, f->object->btf, from->key_type, &why))
		diag_error(diag, loc, "'%s' and '%s' cannot share map '%s': keys differ: %s",
			   first->name, f->name, map->name, why);
	else if (!value_same_type(map->btf, map->value_type, f->object->btf, from->value_type,
				  &why))
		diag_error(diag, loc, "'%s' and '%s' cannot share map '%s': values differ: %s",
			   first->name, f->name, map->name, why);
	else if (map->type != from->type && !map->spec.type &&
		 same_family(map->type, from->type))
		diag_error(diag, loc,
			   "map '%s' is %s in '%s' and %s in '%s': say its type in [maps.%s]",
			   map->name, map_type_name(map->type), first->name,
			   map_type_name(from->type), f->name, map->name);
	else if (map->flags != from->flags && map->type == from->type)
		diag_error(diag, loc,
			   "'%s' and '%s' cannot share map '%s': flags are 0x%x and 0x%x",
			   first->name, f->name, map->name, map->flags, from->flags);
	else if (!map->spec.size && map->size != from->size)
		diag_error(diag, loc,
			   "'%s' wants %u entries in map '%s', '%s' wants %u: say its size in "
			   "[maps.%s]",
			   first->name, map->size, map->name, f->name, from->size, map->name);
	free(why);
}

/* A function's own map by the name of one that is there already. */
static void refuse_own(const struct model *model, const struct model_map *map,
		       const struct model_function *f, const struct object_map *from,
		       struct loc loc, struct diag *diag)
{
	diag_error(diag, loc,
		   "'%s' and '%s' both have a map '%s': share it (maps = { %s = \"_\" } and "
		   "[maps.%s]), or give one another name (maps = { %s = \"NAME\" } and "
		   "[maps.NAME])",
		   model->functions[map->users[0]].name, f->name, map->name, from->name,
		   from->name, from->name);
}

/* The map that is meant, new or another function's; NULL after an error. */
static struct model_map *find_map(struct model *model, int function,
				  const struct object_map *from, const struct map_decl *decl,
				  struct diag *diag)
{
	const struct model_function *f = &model->functions[function];
	const struct map_decl *shared = NULL;
	struct loc loc = decl ? decl->spec.loc : f->decl->loc;
	char name[GALETTE_NAME_LEN * 2];
	struct model_map *map;
	int index, errors = diag->errors;

	if (decl && *decl->shared) {
		shared = find_decl(model->chain->maps, model->chain->map_count, decl->shared);
		if (!shared) {
			diag_error(diag, loc, "no map [maps.%s] to share", decl->shared);
			return NULL;
		}
		snprintf(name, sizeof(name), "%s", decl->shared);
		decl = shared;
	} else {
		own_name(f, from->name, name);
	}
	index = model_map(model, name);
	if (index < 0)
		return new_map(model, name, shared, decl ? &decl->spec : NULL, f, from);
	map = &model->maps[index];
	if (map->users[map->user_count - 1] == function)
		diag_error(diag, loc, "two maps of '%s' would be one, '%s'", f->name, name);
	else if (!shared || !map->shared)
		refuse_own(model, map, f, from, loc, diag);
	else
		check_shared(model, map, f, from, loc, diag);
	return diag->errors == errors ? map : NULL;
}

static void use_map(struct model *model, int function, int object_map_index, struct diag *diag)
{
	struct model_function *f = &model->functions[function];
	const struct object_map *from = &f->object->maps[object_map_index];
	struct model_map *map =
		find_map(model, function, from,
			 find_decl(f->decl->maps, f->decl->map_count, from->name), diag);

	if (!map)
		return;
	if (!same_family(map->type, from->type))
		diag_error(diag, map->spec.loc, "map '%s' is %s in '%s', it cannot be %s",
			   map->name, map_type_name(from->type), f->path,
			   map_type_name(map->type));
	map->users[map->user_count++] = function;
	f->map_index[object_map_index] = map - model->maps;
}

/* What the file says of maps that nobody has. */
static void check_unused(const struct model *model, struct diag *diag)
{
	for (int i = 0; i < model->function_count; i++) {
		const struct model_function *f = &model->functions[i];
		int count = f->object ? f->object->map_count : 0;
		const char *names[count + 1], *like;

		for (int m = 0; m < count; m++)
			names[m] = f->object->maps[m].name;
		for (int d = 0; d < f->decl->map_count && f->object; d++) {
			const struct map_decl *decl = &f->decl->maps[d];

			if (object_map(f->object, decl->name))
				continue;
			like = diag_suggest(decl->name, names, count);
			diag_error(diag, decl->spec.loc, "'%s' has no map '%s'%s%s%s", f->name,
				   decl->name, like ? " (did you mean '" : "", like ?: "",
				   like ? "'?)" : "");
		}
	}
	for (int i = 0; i < model->chain->map_count; i++) {
		const struct map_decl *decl = &model->chain->maps[i];
		int map = model_map(model, decl->name);

		if (map < 0 || !model->maps[map].shared)
			diag_warning(diag, decl->spec.loc, "no function shares map '%s'",
				     decl->name);
	}
}

/* ---- entries ---- */

static void check_entry(const struct model_map *map, const struct node *node, int index,
			struct diag *diag)
{
	unsigned char *key = map->entries + (size_t)index * (map->key_size + map->value_size);
	const struct node *k = node->type == NODE_TABLE ? node_member(node, "key") : NULL;
	const struct node *v = node->type == NODE_TABLE ? node_member(node, "value") : NULL;
	char what[GALETTE_NAME_LEN * 2 + 32];
	__u32 place;

	if (!k || !v || node->count != 2) {
		diag_error(diag, node->loc, "an entry must be { key = …, value = … }");
		return;
	}
	snprintf(what, sizeof(what), "key of map '%s'", map->name);
	if (!value_from_node(map->btf, map->key_type, k, key, what, diag) &&
	    (map->type == BPF_MAP_TYPE_ARRAY || map->type == BPF_MAP_TYPE_PERCPU_ARRAY)) {
		memcpy(&place, key, sizeof(place));
		if (place >= map->size)
			diag_error(diag, k->loc, "%s: %u is outside of an array of %u", what,
				   place, map->size);
	}
	snprintf(what, sizeof(what), "value of map '%s'", map->name);
	value_from_node(map->btf, map->value_type, v, key + map->key_size, what, diag);
}

struct entry {
	const unsigned char *key;
	__u32 size;
	int index;
};

static int by_key(const void *a, const void *b)
{
	const struct entry *ea = a, *eb = b;

	return memcmp(ea->key, eb->key, ea->size) ?: ea->index - eb->index;
}

/* A key given twice would leave its value to chance. */
static void check_twice(const struct model_map *map, struct diag *diag)
{
	const struct node *items = map->spec.entries->items;
	struct entry *order = xcalloc(map->entry_count, sizeof(*order));
	size_t size = (size_t)map->key_size + map->value_size;

	for (int i = 0; i < map->entry_count; i++)
		order[i] = (struct entry) { map->entries + i * size, map->key_size, i };
	qsort(order, map->entry_count, sizeof(*order), by_key);
	for (int i = 1; i < map->entry_count; i++)
		if (!memcmp(order[i - 1].key, order[i].key, map->key_size))
			diag_error(diag, items[order[i].index].loc,
				   "map '%s' has an entry of this key already, on line %d",
				   map->name, items[order[i - 1].index].loc.line);
	free(order);
}

static void check_entries(struct model_map *map, struct diag *diag)
{
	const struct node *list = map->spec.entries;
	int errors = diag->errors;

	if (!list)
		return;
	if (list->count > map->size) {
		diag_error(diag, list->loc, "map '%s' has room for %u entries, not for %zu",
			   map->name, map->size, list->count);
		return;
	}
	map->entries = xcalloc(list->count + 1, (size_t)map->key_size + map->value_size);
	map->entry_count = list->count;
	for (int i = 0; i < map->entry_count; i++)
		check_entry(map, &list->items[i], i, diag);
	if (diag->errors == errors)
		check_twice(map, diag);
}

void check_maps(struct model *model, struct diag *diag)
{
	int room = 0;

	for (int i = 0; i < model->function_count; i++)
		room += model->functions[i].object ? model->functions[i].object->map_count : 0;
	model->maps = xcalloc(room + 1, sizeof(*model->maps));
	for (int i = 0; i < model->function_count; i++) {
		struct model_function *f = &model->functions[i];

		if (!f->object)
			continue;
		f->map_index = xcalloc(f->object->map_count + 1, sizeof(*f->map_index));
		for (int m = 0; m < f->object->map_count; m++)
			use_map(model, i, m, diag);
	}
	check_unused(model, diag);
	for (int i = 0; i < model->map_count; i++)
		check_entries(&model->maps[i], diag);
}
