/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "diag.h"
#include "pins.h"
#include "route.h"

static __u32 route_of(const struct model_edge *edge)
{
	switch (edge->target.kind) {
	case TARGET_TX:
		return GALETTE_ROUTE(GALETTE_ROUTE_TX, 0);
	case TARGET_REDIRECT:
		return GALETTE_ROUTE(GALETTE_ROUTE_REDIRECT, edge->to);
	case TARGET_DROP:
		return GALETTE_ROUTE(GALETTE_ROUTE_DROP, 0);
	case TARGET_PASS:
		return GALETTE_ROUTE(GALETTE_ROUTE_PASS, 0);
	case TARGET_ABORT:
		return GALETTE_ROUTE(GALETTE_ROUTE_ABORT, 0);
	case TARGET_FUNCTION:
	case TARGET_UPCALL:
		return GALETTE_ROUTE(GALETTE_ROUTE_FUNCTION, edge->to);
	case TARGET_NONE:
		break;
	}
	return GALETTE_ROUTE(GALETTE_ROUTE_NONE, 0);
}

static void set_target(const struct model *model, __u64 route, struct target *target)
{
	static const enum target_kind kinds[] = {
		[GALETTE_ROUTE_TX] = TARGET_TX,
		[GALETTE_ROUTE_REDIRECT] = TARGET_REDIRECT,
		[GALETTE_ROUTE_DROP] = TARGET_DROP,
		[GALETTE_ROUTE_PASS] = TARGET_PASS,
		[GALETTE_ROUTE_ABORT] = TARGET_ABORT,
		[GALETTE_ROUTE_FUNCTION] = TARGET_FUNCTION,
	};
	__u64 kind = GALETTE_ROUTE_KIND(route);
	int index = GALETTE_ROUTE_INDEX(route);
	const struct model_interface *interface;

	*target = (struct target) { .kind = TARGET_NONE };
	if (kind == GALETTE_ROUTE_NONE || kind > GALETTE_ROUTE_FUNCTION)
		return;
	if (kind == GALETTE_ROUTE_FUNCTION && index < model->function_count)
		memcpy(target->name, model->functions[index].name, GALETTE_NAME_LEN);
	if (kind == GALETTE_ROUTE_REDIRECT && index < model->interface_count) {
		interface = &model->interfaces[index];
		snprintf(target->name, sizeof(target->name), "%s",
			 *interface->alias ? interface->alias : interface->name);
	}
	target->kind = kinds[kind];
}

void route_read(const struct model *model, __u64 route, struct model_edge *edge)
{
	if (route == route_of(edge))
		return;
	set_target(model, route, &edge->target);
	edge_resolve(model, edge);
}

/* Through a mapping: bpf(2) copies values with memcpy(), which need not be one store. */
static int write_range(const char *generation_dir, const struct model *model, int from, int to)
{
	size_t size = model->edge_count * sizeof(__u64);
	int fd = pins_open(generation_dir, "routes"), err = fd < 0 ? fd : 0;
	__u64 *routes =
		err ? MAP_FAILED : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (!err && routes == MAP_FAILED)
		err = -errno;
	for (int i = from; i < to && !err; i++)
		__atomic_store_n(&routes[i], route_of(&model->edges[i]), __ATOMIC_RELEASE);
	if (!err)
		munmap(routes, size);
	if (fd >= 0)
		close(fd);
	if (err)
		error("cannot write %s/routes: %s", generation_dir, strerror(-err));
	return err;
}

int routes_write(const char *generation_dir, const struct model *model)
{
	return write_range(generation_dir, model, GALETTE_SLOT_RX, model->edge_count);
}

int route_write(const char *generation_dir, const struct model *model, int edge)
{
	return write_range(generation_dir, model, edge, edge + 1);
}
