/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "model.h"
#include "netdev.h"

struct model *model_new(const char *name, struct chain *chain)
{
	struct model *model = xcalloc(1, sizeof(*model));

	snprintf(model->name, sizeof(model->name), "%s", name);
	model->chain = chain;
	return model;
}

void model_free(struct model *model)
{
	if (!model)
		return;
	for (int i = 0; i < model->function_count; i++) {
		struct model_function *f = &model->functions[i];

		object_free(f->object);
		native_free(f->native);
		for (int k = 0; k < f->file_count; k++) {
			free(f->files[k].name);
			free(f->files[k].path);
			free(f->files[k].bytes);
		}
		free(f->files);
		free(f->actions);
		free(f->map_index);
	}
	for (int i = 0; i < model->map_count; i++) {
		btf__free(model->maps[i].own_btf);
		free(model->maps[i].users);
		free(model->maps[i].entries);
		if (model->maps[i].fd >= 0)
			close(model->maps[i].fd);
	}
	free(model->interfaces);
	free(model->functions);
	free(model->edges);
	free(model->maps);
	chain_free(model->chain);
	free(model);
}

int model_function(const struct model *model, const char *name)
{
	for (int i = 0; i < model->function_count; i++)
		if (!strcmp(model->functions[i].name, name))
			return i;
	return -1;
}

const char *model_mode_word(unsigned int mode)
{
	static const char *const words[] = { [GALETTE_MODE_AUTO] = "auto",
					     [GALETTE_MODE_NATIVE] = "native",
					     [GALETTE_MODE_GENERIC] = "generic" };

	return mode < sizeof(words) / sizeof(*words) ? words[mode] : NULL;
}

int model_interface(const struct model *model, const char *name)
{
	for (int i = 0; i < model->interface_count; i++)
		if (!strcmp(model->interfaces[i].alias, name) && *name)
			return i;
	for (int i = 0; i < model->interface_count; i++)
		if (!strcmp(model->interfaces[i].name, name) && *name)
			return i;
	return -1;
}

int model_map(const struct model *model, const char *name)
{
	const char *colon = strchr(name, ':');
	int owner = colon ? colon + 1 - name : 0;
	char wanted[GALETTE_NAME_LEN];

	if (strlen(name + owner) >= sizeof(wanted))
		return -1;
	/* '-' and '_' are the same in the map's part of the name. */
	map_name_copy(wanted, name + owner);
	for (int i = 0; i < model->map_count; i++)
		if (!strncmp(model->maps[i].name, name, owner) &&
		    !strcmp(model->maps[i].name + owner, wanted))
			return i;
	return -1;
}

int model_edge(const struct model *model, int function, const char *action)
{
	const struct model_function *f = &model->functions[function];

	for (int i = 0; i < f->action_count; i++)
		if (!strcmp(f->actions[i], action))
			return f->base + i;
	return -1;
}

void edge_from(const struct model *model, const struct model_edge *edge,
	       char text[GALETTE_TARGET_LEN])
{
	const struct model_interface *interface;

	if (edge->function != EDGE_RX) {
		snprintf(text, GALETTE_TARGET_LEN, "%s", model->functions[edge->function].name);
		return;
	}
	interface = &model->interfaces[edge->index];
	if (model->interface_count == 1 && !*interface->alias)
		snprintf(text, GALETTE_TARGET_LEN, "rx");
	else
		snprintf(text, GALETTE_TARGET_LEN, "rx(%s)",
			 *interface->alias ? interface->alias : interface->name);
}

const char *edge_action(const struct model *model, const struct model_edge *edge)
{
	return edge->function == EDGE_RX
		       ? ""
		       : model->functions[edge->function].actions[edge->index];
}

bool function_has_program(const struct model_function *f)
{
	return f->object ? f->object->bpf != NULL : f->prog_id != 0;
}

bool function_in_kernel(const struct model_function *f)
{
	return function_has_program(f) && !f->decl->disable_xdp;
}

bool target_is_function(const struct target *target)
{
	return target->kind == TARGET_FUNCTION || target->kind == TARGET_UPCALL;
}

bool edge_in_kernel(const struct model *model, const struct model_edge *edge)
{
	return edge->function == EDGE_RX ||
	       (edge->function >= 0 && function_in_kernel(&model->functions[edge->function]));
}

bool edge_leads_out(const struct model *model, const struct model_edge *edge)
{
	return edge_in_kernel(model, edge) &&
	       (edge->target.kind == TARGET_UPCALL ||
		(edge->target.kind == TARGET_FUNCTION && edge->to >= 0 &&
		 !function_in_kernel(&model->functions[edge->to])));
}

__u32 model_queues(const struct model *model)
{
	__u32 most = 1;

	for (int i = 0; i < model->interface_count; i++) {
		__u32 queues = netdev_queues(model->interfaces[i].ifindex);

		if (queues > most)
			most = queues;
	}
	return most < GALETTE_QUEUES_MAX ? most : GALETTE_QUEUES_MAX;
}

static bool way_leads_out(const struct model *model, const struct model_edge *edge, bool *seen)
{
	const struct model_function *f;

	if (edge_leads_out(model, edge))
		return true;
	if (edge->target.kind != TARGET_FUNCTION || edge->to < 0 || seen[edge->to])
		return false;
	seen[edge->to] = true;
	f = &model->functions[edge->to];
	for (int i = 0; i < f->action_count; i++)
		if (way_leads_out(model, &model->edges[f->base + i], seen))
			return true;
	return false;
}

bool model_leads_out(const struct model *model)
{
	bool seen[CHAIN_FUNCTIONS_MAX] = { false };

	for (int i = 0; i < model->interface_count; i++)
		if (way_leads_out(model, &model->edges[GALETTE_SLOT_RX + i], seen))
			return true;
	return false;
}

bool edge_resolve(const struct model *model, struct model_edge *edge)
{
	edge->to = -1;
	switch (edge->target.kind) {
	case TARGET_FUNCTION:
	case TARGET_UPCALL:
		edge->to = model_function(model, edge->target.name);
		return edge->to >= 0;
	case TARGET_REDIRECT:
		edge->to = model_interface(model, edge->target.name);
		return edge->to >= 0;
	default:
		return true;
	}
}
