/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "diag.h"
#include "kernel_log.h"
#include "load.h"
#include "pins.h"
#include "upcall.h"
#include "upcall.skel.h"

static void set_constants(struct upcall_bpf *skel, const struct model *model, __u32 slot,
			  int function)
{
	memcpy((void *)&skel->rodata->slowpath, &model->slowpath, sizeof(model->slowpath));
	skel->rodata->head.generation = htonl(model->generation);
	skel->rodata->head.function = htons(function);
	skel->rodata->head.slot = htons(slot);
	skel->rodata->slot = slot;
	skel->rodata->interfaces = model->interface_count;
	for (int i = 0; i < model->interface_count; i++)
		skel->rodata->ifindex[i] = model->interfaces[i].ifindex;
}

static int reuse(struct bpf_map *map, const char *generation_dir, const char *pin)
{
	int fd = pins_open(generation_dir, "%s", pin);
	int err = fd < 0 ? fd : bpf_map__reuse_fd(map, fd);

	if (fd >= 0)
		close(fd);
	return err;
}

static int load(const char *generation_dir, const struct model *model, __u32 slot, int function)
{
	struct upcall_bpf *skel = upcall_bpf__open();
	int err = skel ? 0 : -errno, fd;

	kernel_log_clear();
	if (!err) {
		load_uniform(skel->obj);
		set_constants(skel, model, slot, function);
		err = reuse(skel->maps.xsks, generation_dir, "xsks") ?:
		      reuse(skel->maps.upcalls, generation_dir, "upcalls") ?:
		      bpf_map__set_autocreate(skel->maps.slots, false) ?:
		      bpf_map__set_autocreate(skel->maps.edges, false) ?:
		      upcall_bpf__load(skel);
	}
	fd = err ? err : dup(bpf_program__fd(skel->progs.galette_upcall));
	upcall_bpf__destroy(skel);
	return fd;
}

int upcall_open(const char *generation_dir, const struct model *model, __u32 slot, int function)
{
	const char *name = model->functions[function].name;
	int fd = pins_open(generation_dir, "upcall-%u-%s", slot, name), err;

	if (fd >= 0)
		return fd;
	fd = load(generation_dir, model, slot, function);
	err = fd < 0 ? fd : pins_pin(fd, generation_dir, "upcall-%u-%s", slot, name);
	if (!err)
		return fd;
	if (fd >= 0)
		close(fd);
	error("cannot load the program for '!%s': %s", name, strerror(-err));
	return err;
}

bool upcall_parse(const char *pin, __u32 *slot, const char **function)
{
	char *end;

	if (strncmp(pin, "upcall-", 7))
		return false;
	*slot = strtoul(pin + 7, &end, 10);
	*function = end + 1;
	return *end == '-' && end[1];
}

static bool is_needed(const struct model *model, __u32 slot, const char *function)
{
	const struct model_edge *edge;

	if (slot < GALETTE_SLOT_RX || slot >= (__u32)model->edge_count)
		return false;
	edge = &model->edges[slot];
	return edge_leads_out(model, edge) && !strcmp(edge->target.name, function);
}

void upcall_prune(const char *generation_dir, const struct model *model)
{
	char path[PATH_MAX];
	char **names;
	int count = pins_list(generation_dir, &names);

	for (int i = 0; i < count; i++) {
		const char *function;
		__u32 slot;

		if (upcall_parse(names[i], &slot, &function) &&
		    !is_needed(model, slot, function) &&
		    !pins_path(path, generation_dir, "%s", names[i]))
			pins_remove(path);
	}
	if (count >= 0)
		pins_list_free(names, count);
}

bool upcall_any(const char *generation_dir)
{
	char **names;
	int count = pins_list(generation_dir, &names);
	bool found = false;

	for (int i = 0; i < count && !found; i++) {
		const char *function;
		__u32 slot;

		found = upcall_parse(names[i], &slot, &function);
	}
	if (count >= 0)
		pins_list_free(names, count);
	return found;
}
