/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a killed command leaves is told from root[0] alone: a generation whose
 * ingress is there has been committed, anything else has not.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "commit.h"
#include "diag.h"
#include "generations.h"
#include "inspect.h"
#include "links.h"
#include "pins.h"

static int failed(const char *what, const char *dir, int err)
{
	if (err)
		error("cannot %s %s: %s", what, dir, strerror(-err));
	return err;
}

/* Links first: the interfaces must not run into emptied arrays. */
int remove_chain(const char *dir)
{
	static const char *const order[] = { "link", "maps", "gen", "root" };
	char path[PATH_MAX];
	int err = links_detach_all(dir);

	for (int i = 0; i < 4 && !err; i++)
		err = pins_path(path, dir, "%s", order[i]) ?: pins_remove(path);
	return failed("remove what is in", dir, err);
}

/* Links of interfaces that the running generation does not know: an apply added them. */
static int remove_strange_links(const struct state *state)
{
	struct model *running = inspect(state, "");
	char dir[PATH_MAX];
	char **names;
	int count, err = 0;

	if (!running)
		return -EINVAL;
	pins_path(dir, state->dir, "link");
	count = pins_list(dir, &names);
	for (int i = 0; i < count && !err; i++) {
		pins_decode(names[i]);
		if (model_interface(running, names[i]) < 0)
			err = links_detach(state->dir, names[i]);
	}
	if (count > 0)
		pins_list_free(names, count);
	model_free(running);
	return failed("remove links in", state->dir, err);
}

/* A link was rewritten, but its entry in the graph not yet. */
static int repair_graph(const struct state *state)
{
	char dir[PATH_MAX], target[GALETTE_TARGET_LEN];
	struct galette_slot record;
	struct model *running = inspect(state, "");
	int fd, err = 0;

	if (!running)
		return -EINVAL;
	pins_path(dir, state->dir, "gen/%u", state->current);
	fd = pins_open(dir, "graph");
	for (__u32 i = GALETTE_SLOT_RX; fd >= 0 && (int)i < running->edge_count && !err; i++) {
		target_format(&running->edges[i].target, target);
		err = bpf_map_lookup_elem(fd, &i, &record);
		if (err || !strncmp(record.target, target, sizeof(record.target)))
			continue;
		snprintf(record.target, sizeof(record.target), "%s", target);
		err = bpf_map_update_elem(fd, &i, &record, BPF_ANY);
	}
	if (fd >= 0)
		close(fd);
	model_free(running);
	return failed("repair the graph in", dir, fd < 0 ? fd : err);
}

int recover(struct state *state)
{
	char dir[PATH_MAX];
	int err = 0;

	if (!state_attached(state)) {
		snprintf(dir, sizeof(dir), "%s", state->dir);
		state_free(state);
		return remove_chain(dir) ?: state_read(dir, state);
	}
	if (state->build_runs)
		err = generations_name(state);
	else if (state->build_exists)
		err = remove_strange_links(state) ?: generations_drop_build(state);
	if (!err)
		err = generations_point_maps(state);
	if (!err)
		err = generations_drop_old(state);
	return err ?: repair_graph(state);
}
