/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "alloc.h"
#include "diag.h"
#include "pins.h"
#include "state.h"

static int read_info(const char *dir, const char *name, struct galette_info *info)
{
	int fd = pins_open(dir, "gen/%s/info", name), err;
	__u32 zero = 0;

	if (fd < 0)
		return fd;
	err = bpf_map_lookup_elem(fd, &zero, info);
	close(fd);
	return err;
}

static int read_ingress(const char *dir, const char *name, __u32 *id)
{
	int fd = pins_open(dir, "gen/%s/ingress", name), err;

	if (fd < 0)
		return fd;
	err = pins_program_id(fd, id);
	close(fd);
	return err;
}

/* A generation being built may lack both; one that is being removed may as well. */
static int read_generation(struct state *state, const char *name)
{
	struct state_generation *generation = &state->generations[state->count];
	struct galette_info info = { 0 };
	int err = read_info(state->dir, name, &info);

	if (!err)
		err = read_ingress(state->dir, name, &generation->ingress_id);
	if (err && err != -ENOENT) {
		error("cannot read generation %s in %s: %s", name, state->dir, strerror(-err));
		return err;
	}
	generation->parent = info.parent;
	if (!strcmp(name, "build")) {
		generation->number = info.generation;
		state->build_exists = true;
		if (!err) {
			state->build = xmalloc(sizeof(*state->build));
			*state->build = *generation;
		}
	} else {
		generation->number = strtoul(name, NULL, 10);
		state->count++;
	}
	return 0;
}

static int read_generations(struct state *state)
{
	char dir[PATH_MAX];
	char **names;
	int count, err = 0;

	pins_path(dir, state->dir, "gen");
	count = pins_list(dir, &names);
	if (count == -ENOENT)
		return 0;
	if (count < 0) {
		error("cannot read %s: %s", dir, strerror(-count));
		return count;
	}
	state->generations = xcalloc(count + 1, sizeof(*state->generations));
	for (int i = 0; i < count && !err; i++)
		err = read_generation(state, names[i]);
	pins_list_free(names, count);
	return err;
}

static int read_root(struct state *state)
{
	__u32 zero = 0;

	state->root_fd = pins_open(state->dir, "root");
	if (state->root_fd == -ENOENT) {
		state->root_fd = -1;
		return 0;
	}
	if (state->root_fd < 0) {
		int err = state->root_fd;

		error("cannot open %s/root: %s", state->dir, strerror(-err));
		state->root_fd = -1;
		return err;
	}
	if (bpf_map_lookup_elem(state->root_fd, &zero, &state->root_id) && errno != ENOENT) {
		error("cannot read %s/root: %s", state->dir, strerror(errno));
		return -errno;
	}
	return 0;
}

/*
 * The parent of the running one; after a rollback the parent may be gone, and
 * what is left is the generation that was rolled back from.
 */
static void find_previous(struct state *state, __u32 parent)
{
	for (int i = 0; i < state->count; i++) {
		__u32 number = state->generations[i].number;

		if (number == state->current)
			continue;
		if (number == parent) {
			state->previous = number;
			return;
		}
		if (number > state->previous)
			state->previous = number;
	}
}

int state_read(const char *dir, struct state *state)
{
	__u32 parent = 0;
	int err;

	memset(state, 0, sizeof(*state));
	state->root_fd = -1;
	snprintf(state->dir, sizeof(state->dir), "%s", dir);
	err = read_root(state) ?: read_generations(state);
	if (err) {
		state_free(state);
		return err;
	}
	for (int i = 0; i < state->count && state->root_id; i++) {
		if (state->generations[i].ingress_id == state->root_id) {
			state->current = state->generations[i].number;
			parent = state->generations[i].parent;
		}
	}
	if (state->root_id && state->build && state->build->ingress_id == state->root_id) {
		state->build_runs = true;
		parent = state->build->parent;
	}
	if (state_attached(state))
		find_previous(state, parent);
	return 0;
}

void state_free(struct state *state)
{
	if (state->root_fd >= 0)
		close(state->root_fd);
	free(state->generations);
	free(state->build);
	state->root_fd = -1;
	state->generations = NULL;
	state->build = NULL;
}
