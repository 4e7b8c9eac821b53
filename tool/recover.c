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
#include "links.h"
#include "pins.h"
#include "route.h"
#include "slow.h"
#include "upcall.h"

static int failed(const char *what, const char *dir, int err)
{
	if (err)
		error("cannot %s %s: %s", what, dir, strerror(-err));
	return err;
}

/* Links first: the interfaces must not run into emptied arrays. */
int remove_chain(const char *dir)
{
	char path[PATH_MAX];
	char **names;
	int err = links_detach_all(dir), count;

	if (!err)
		slow_stop(dir, true);
	count = err ?: pins_list(dir, &names);
	if (count < 0)
		return failed("remove what is in", dir, count);
	for (int i = 0; i < count && !err; i++)
		err = pins_path(path, dir, "%s", names[i]) ?: pins_remove(path);
	pins_list_free(names, count);
	return failed("remove what is in", dir, err);
}

/* Interfaces that no kept generation has: of an apply that was killed, or rolled back from and gone. */
static int drop_links(const struct state *state)
{
	char dir[PATH_MAX];
	char **names;
	__u32 ifindex;
	int count = pins_path(dir, state->dir, "link") ?: pins_list(dir, &names), err = 0;

	for (int i = 0; i < count && !err; i++) {
		pins_decode(names[i]);
		err = generations_interface(state, state->current, names[i], &ifindex);
		if (err == -ENOENT && state->previous)
			err = generations_interface(state, state->previous, names[i], &ifindex);
		if (err == -ENOENT)
			err = links_detach(state->dir, names[i]);
	}
	if (count >= 0)
		pins_list_free(names, count);
	return failed("tell which links are needed in", state->dir, count < 0 ? count : err);
}

static int repair_graph(const char *dir, const struct model *running)
{
	char target[GALETTE_TARGET_LEN];
	struct galette_slot record;
	int fd = pins_open(dir, "graph"), err = 0;

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
	return failed("repair the graph in", dir, fd < 0 ? fd : err);
}

int repair(const struct state *state, const struct model *running)
{
	char dir[PATH_MAX];
	int err = pins_path(dir, state->dir, "gen/%u", state->current) ?:
		  repair_graph(dir, running) ?: routes_write(dir, running);

	if (!err) {
		upcall_prune(dir, running);
		slow_settle(state, model_leads_out(running));
	}
	return err;
}

/* What root[0] holds before an attach and after a detach: nothing, or the pass program. */
static bool is_idle(const struct state *state)
{
	struct bpf_prog_info info = { 0 };
	__u32 length = sizeof(info);
	int fd;

	if (!state->root_id)
		return true;
	fd = bpf_prog_get_fd_by_id(state->root_id);
	if (fd < 0)
		return false;
	bpf_obj_get_info_by_fd(fd, &info, &length);
	close(fd);
	return !strcmp(info.name, "galette_pass");
}

static int remove_leftovers(struct state *state)
{
	char dir[PATH_MAX];

	if (!is_idle(state)) {
		error("%s: program %u runs, and none of its generations has it: detach the "
		      "chain",
		      state->dir, state->root_id);
		return -EBUSY;
	}
	snprintf(dir, sizeof(dir), "%s", state->dir);
	state_free(state);
	return remove_chain(dir) ?: state_read(dir, state);
}

int recover(struct state *state)
{
	char dir[PATH_MAX];
	int err = 0;

	if (!state_attached(state))
		return remove_leftovers(state);
	if (state->build_runs)
		err = generations_name(state);
	else if (state->build_exists)
		err = generations_drop_build(state);
	err = err ?: generations_point_maps(state);
	/* What cannot be tidied up now is no reason not to change, or roll back, the chain. */
	if (!err && !generations_drop_old(state))
		drop_links(state);
	if (!err && !pins_path(dir, state->dir, "gen/%u", state->current))
		slow_settle(state, upcall_any(dir));
	return err;
}
