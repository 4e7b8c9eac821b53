/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/membarrier.h>
#include <bpf/bpf.h>

#include "alloc.h"
#include "diag.h"
#include "generations.h"
#include "pins.h"
#include "timing.h"

/* A change of a map of maps waits for a grace period, too; membarrier may be refused (nohz_full). */
static int wait_by_map(void)
{
	int inner = bpf_map_create(BPF_MAP_TYPE_ARRAY, "wait", 4, 4, 1, NULL), outer, err;
	LIBBPF_OPTS(bpf_map_create_opts, opts, .inner_map_fd = inner);
	__u32 zero = 0;

	if (inner < 0)
		return inner;
	outer = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "wait", 4, 4, 1, &opts);
	err = outer < 0 ? outer : bpf_map_update_elem(outer, &zero, &inner, BPF_ANY);
	close(inner);
	if (outer >= 0)
		close(outer);
	return err;
}

int generations_wait(void)
{
	enum timing before = timing_enter(TIMING_DRAIN);
	int err = 0;

	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		err = wait_by_map();
	timing_enter(before);
	if (err)
		error("cannot wait for packets to leave the old programs: %s", strerror(-err));
	return err;
}

int generations_interface(const struct state *state, __u32 number, const char *name,
			  __u32 *ifindex)
{
	struct bpf_map_info info = { 0 };
	struct galette_interface record;
	__u32 length = sizeof(info);
	int fd = pins_open(state->dir, "gen/%u/interfaces", number), err;

	if (fd < 0)
		return fd;
	err = bpf_obj_get_info_by_fd(fd, &info, &length);
	if (!err && info.value_size != sizeof(record))
		err = -EPROTO;
	for (__u32 i = 0; i < info.max_entries && !err; i++) {
		err = bpf_map_lookup_elem(fd, &i, &record);
		if (!err && !strncmp(record.name, name, sizeof(record.name))) {
			close(fd);
			*ifindex = record.ifindex;
			return 0;
		}
	}
	close(fd);
	return err ?: -ENOENT;
}

int generations_name(struct state *state)
{
	char from[PATH_MAX], to[PATH_MAX];
	struct state_generation *grown;

	pins_path(from, state->dir, "gen/build");
	pins_path(to, state->dir, "gen/%u", state->build->number);
	if (rename(from, to)) {
		int err = -errno;

		error("cannot rename %s to %s: %s", from, to, strerror(-err));
		return err;
	}
	grown = xrealloc(state->generations, (state->count + 1) * sizeof(*grown));
	grown[state->count++] = *state->build;
	state->generations = grown;
	state->current = state->build->number;
	state->build_runs = state->build_exists = false;
	return 0;
}

int generations_drop_build(struct state *state)
{
	char dir[PATH_MAX];
	int err = pins_path(dir, state->dir, "gen/build") ?: pins_remove(dir);

	if (err)
		error("cannot remove %s: %s", dir, strerror(-err));
	state->build_exists = false;
	return err;
}

int generations_point_maps(const struct state *state)
{
	char link[PATH_MAX], fresh[PATH_MAX], to[32], is[32] = "";
	int err = 0;

	pins_path(link, state->dir, "maps");
	pins_path(fresh, state->dir, "maps-new");
	snprintf(to, sizeof(to), "gen/%u/maps", state->current);
	if (readlink(link, is, sizeof(is) - 1) > 0 && !strcmp(is, to))
		return 0;
	if (unlink(fresh) && errno != ENOENT)
		err = -errno;
	else if (symlink(to, fresh) || rename(fresh, link))
		err = -errno;
	if (err)
		error("cannot let %s lead to %s: %s", link, to, strerror(-err));
	return err;
}

int generations_drop_old(struct state *state)
{
	char dir[PATH_MAX];
	bool waited = false;
	int kept = 0, err = 0;

	for (int i = 0; i < state->count && !err; i++) {
		__u32 number = state->generations[i].number;

		if (number == state->current || number == state->previous) {
			state->generations[kept++] = state->generations[i];
			continue;
		}
		if (!waited)
			err = generations_wait();
		waited = true;
		pins_path(dir, state->dir, "gen/%u", number);
		if (err)
			break;
		err = pins_remove(dir);
		if (err)
			error("cannot remove %s: %s", dir, strerror(-err));
	}
	if (!err)
		state->count = kept;
	return err;
}
