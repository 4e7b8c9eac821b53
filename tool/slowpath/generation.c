// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "alloc.h"
#include "generation.h"
#include "pins.h"

struct loading {
	char dir[PATH_MAX];
	const struct nf_clock *clock;
	struct generation *generation;
};

/* ---- pinned values ---- */

/* Say which pin it is that cannot be read. */
static int cannot(const struct loading *l, const char *pin, int err)
{
	error("cannot read %s/%s: %s", l->dir, pin, strerror(-err));
	return err;
}

static int open_map(const struct loading *l, const char *pin, struct bpf_map_info *info)
{
	__u32 length = sizeof(*info);
	int fd = pins_open(l->dir, "%s", pin);

	*info = (struct bpf_map_info) { 0 };
	if (fd >= 0 && bpf_obj_get_info_by_fd(fd, info, &length)) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

/* All values of an array, which must be of `size` bytes and at least `count`. */
static int read_values(const struct loading *l, const char *pin, void *values, __u32 count,
		       size_t size)
{
	struct bpf_map_info info;
	int fd = open_map(l, pin, &info), err = fd < 0 ? fd : 0;

	if (!err && (info.value_size != size || info.max_entries < count))
		err = -EPROTO;
	for (__u32 i = 0; i < count && !err; i++)
		err = bpf_map_lookup_elem(fd, &i, (char *)values + i * size);
	if (fd >= 0)
		close(fd);
	return err ? cannot(l, pin, err) : 0;
}

/* The one value of an array, allocated, a NUL behind it; NULL: errno. */
static char *read_bytes(const struct loading *l, const char *pin, size_t *size)
{
	struct bpf_map_info info;
	int fd = open_map(l, pin, &info), err = fd < 0 ? -fd : 0;
	char *bytes = NULL;
	__u32 zero = 0;

	if (!err) {
		/* The kernel copies values rounded up to 8. */
		bytes = xcalloc(1, info.value_size + 9);
		*size = info.value_size;
		if (bpf_map_lookup_elem(fd, &zero, bytes))
			err = errno;
		close(fd);
	}
	if (err) {
		free(bytes);
		errno = err;
		return NULL;
	}
	return bytes;
}

static void *map_values(const struct loading *l, const char *pin, size_t size, int prot)
{
	struct bpf_map_info info;
	int fd = open_map(l, pin, &info), err = fd < 0 ? fd : 0;
	void *at = NULL;

	if (!err && (__u64)info.value_size * info.max_entries < size)
		err = -EPROTO;
	if (!err) {
		at = mmap(NULL, size, prot, MAP_SHARED, fd, 0);
		err = at == MAP_FAILED ? -errno : 0;
	}
	if (fd >= 0)
		close(fd);
	if (!err)
		return at;
	cannot(l, pin, err);
	return NULL;
}

/* ---- a function ---- */

static int bind_map(const struct loading *l, struct nf_host *host, const char *function,
		    const char *map)
{
	int fd = pins_open(l->dir, "native/%s/maps/%s", function, map), err;

	err = fd < 0 ? fd : nf_host_bind(host, map, fd);
	if (fd >= 0)
		close(fd);
	if (err)
		error("cannot bind map '%s' of '%s': %s", map, function, strerror(-err));
	return err;
}

static int bind_maps(const struct loading *l, struct nf_host *host, const char *function)
{
	char dir[PATH_MAX];
	char **names;
	int count, err = 0;

	pins_path(dir, l->dir, "native/%s/maps", function);
	count = pins_list(dir, &names);
	for (int i = 0; i < count && !err; i++)
		err = bind_map(l, host, function, names[i]);
	if (count >= 0)
		pins_list_free(names, count);
	if (!err && nf_host_unbound(host)) {
		error("%s lacks map '%s'", dir, nf_host_unbound(host));
		err = -ENOENT;
	}
	return err;
}

static int set_config(const struct loading *l, struct nf_host *host, const char *function)
{
	char pin[PATH_MAX];
	size_t size = 0;
	char *bytes;
	int err;

	snprintf(pin, sizeof(pin), "native/%s/config", function);
	bytes = read_bytes(l, pin, &size);
	if (!bytes && errno == ENOENT)
		return nf_host_config(host, NULL, 0);
	err = bytes ? nf_host_config(host, bytes, size) : -errno;
	free(bytes);
	return err ? cannot(l, pin, err) : 0;
}

static void complain(void *arg, const char *field, struct loc loc, const char *text)
{
	error("%s, %s:%d:%d: %s", (const char *)arg, field ?: "?", loc.line, loc.column, text);
}

static int load_files(const struct loading *l, struct nf_host *host, const char *function)
{
	struct nf_host_file files[GALETTE_ACTIONS_MAX] = { 0 };
	char dir[PATH_MAX], pin[PATH_MAX];
	char **names;
	int count, used = 0, err = 0;

	pins_path(dir, l->dir, "native/%s/files", function);
	count = pins_list(dir, &names);
	for (; used < count && used < GALETTE_ACTIONS_MAX && !err; used++) {
		snprintf(pin, sizeof(pin), "native/%s/files/%s", function, names[used]);
		files[used].field = names[used];
		files[used].bytes = read_bytes(l, pin, &files[used].size);
		if (!files[used].bytes)
			err = cannot(l, pin, -errno);
		else
			files[used].size--; /* the NUL */
	}
	if (!err)
		err = nf_host_load(host, files, used, complain, (void *)function);
	for (int i = 0; i < used; i++)
		free((void *)files[i].bytes);
	if (count >= 0)
		pins_list_free(names, count);
	if (err)
		error("'%s' cannot be loaded: %s", function, strerror(-err));
	return err;
}

/* The shared object's bytes as a file that can be opened by name. */
static struct nf_host *open_host(const struct loading *l, const char *function)
{
	struct diag diag = { 0 };
	char pin[PATH_MAX], path[64];
	struct nf_host *host = NULL;
	size_t size = 0;
	char *bytes;
	int fd = memfd_create(function, MFD_CLOEXEC);

	snprintf(pin, sizeof(pin), "native/%s/so", function);
	bytes = read_bytes(l, pin, &size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!bytes || fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		cannot(l, pin, -errno);
	else
		host = nf_host_open(path, NULL, (struct loc) { 0 }, &diag);
	diag_flush(&diag);
	diag_free(&diag);
	free(bytes);
	if (fd >= 0)
		close(fd);
	return host;
}

static int load_function(const struct loading *l, struct slow_function *f)
{
	int err;

	f->host = open_host(l, f->name);
	if (!f->host)
		return -EINVAL;
	if ((__u32)nf_host_action_count(f->host) != f->actions) {
		error("'%s' has %d actions, its native object %u", f->name, f->actions,
		      nf_host_action_count(f->host));
		return -EINVAL;
	}
	nf_host_clock(f->host, l->clock);
	err = set_config(l, f->host, f->name) ?: load_files(l, f->host, f->name);
	return err ?: bind_maps(l, f->host, f->name);
}

static int load_functions(const struct loading *l)
{
	struct generation *g = l->generation;
	struct galette_function *records = xcalloc(g->function_count + 1, sizeof(*records));
	int err = read_values(l, "functions", records, g->function_count, sizeof(*records));

	g->functions = xcalloc(g->function_count + 1, sizeof(*g->functions));
	for (__u32 i = 0; i < g->function_count && !err; i++) {
		struct slow_function *f = &g->functions[i];
		char path[PATH_MAX];

		memcpy(f->name, records[i].name, sizeof(f->name) - 1);
		f->base = records[i].base;
		f->actions = records[i].actions;
		if (f->base > g->slot_count || f->actions > g->slot_count - f->base)
			err = cannot(l, "functions", -EPROTO);
		pins_path(path, l->dir, "native/%s", f->name);
		if (!err && !access(path, F_OK))
			err = load_function(l, f);
	}
	free(records);
	return err;
}

/* ---- the generation ---- */

static int load(struct loading *l)
{
	struct generation *g = l->generation;
	struct bpf_map_info xsks;
	struct galette_info info;
	int err = read_values(l, "info", &info, 1, sizeof(info))
			  ?: read_values(l, "slowpath", &g->slowpath, 1, sizeof(g->slowpath));

	if (err)
		return err;
	g->number = info.generation;
	g->slot_count = info.slots;
	g->function_count = info.functions;
	g->interface_count = info.interfaces;
	if (info.interfaces > GALETTE_INTERFACES_MAX || !g->slowpath.pipes ||
	    g->slowpath.pipes > GALETTE_PIPES_MAX || !g->slowpath.queues ||
	    g->slowpath.queues > GALETTE_QUEUES_MAX || !g->slowpath.frames ||
	    g->slowpath.frames & (g->slowpath.frames - 1))
		return cannot(l, "slowpath", -EPROTO);
	err = read_values(l, "interfaces", g->interfaces, g->interface_count,
			  sizeof(*g->interfaces));
	g->routes =
		err ? NULL
		    : map_values(l, "routes", g->slot_count * sizeof(*g->routes), PROT_READ);
	g->edges = g->routes ? map_values(l, "slow_edges", g->slot_count * sizeof(*g->edges),
					  PROT_READ | PROT_WRITE)
			     : NULL;
	if (!g->edges)
		return -EINVAL;
	g->xsks = open_map(l, "xsks", &xsks);
	g->xsks_id = xsks.id;
	return g->xsks < 0 ? cannot(l, "xsks", g->xsks) : load_functions(l);
}

struct generation *generation_load(const char *chain_dir, const char *name,
				   const struct nf_clock *clock)
{
	struct loading l = { .clock = clock, .generation = xcalloc(1, sizeof(*l.generation)) };

	l.generation->xsks = -1;
	if (!pins_path(l.dir, chain_dir, "gen/%s", name) && !load(&l))
		return l.generation;
	generation_free(l.generation);
	return NULL;
}

void generation_free(struct generation *g)
{
	if (!g)
		return;
	for (__u32 i = 0; i < g->function_count && g->functions; i++)
		nf_host_free(g->functions[i].host);
	free(g->functions);
	if (g->routes)
		munmap((void *)g->routes, g->slot_count * sizeof(*g->routes));
	if (g->edges)
		munmap(g->edges, g->slot_count * sizeof(*g->edges));
	if (g->xsks >= 0)
		close(g->xsks);
	free(g);
}

/* One queue: each pipe's socket. With fewer pipes than it was built for, flows share them. */
static int publish_port(const struct generation *g, const struct ports *ports, __u32 interface,
			__u32 port)
{
	const struct galette_slowpath *slowpath = &g->slowpath;
	__u32 queue = ports->memory.shape.port[port].queue;
	int err = 0;

	for (__u32 pipe = 0; pipe < slowpath->pipes && queue < slowpath->queues && !err;
	     pipe++) {
		__u32 key = GALETTE_XSK(slowpath, interface, queue, pipe);
		int fd = ports->port[port].pipes[pipe % ports->memory.shape.pipes].fd;

		err = bpf_map_update_elem(g->xsks, &key, &fd, BPF_ANY);
	}
	return err;
}

int generation_publish(const struct generation *g, const struct ports *ports)
{
	int err = 0;

	for (__u32 i = 0; i < g->interface_count; i++)
		for (__u32 port = 0; port < ports->memory.shape.ports && !err; port++)
			if (ports->memory.shape.port[port].ifindex == g->interfaces[i].ifindex)
				err = publish_port(g, ports, i, port);
	if (err)
		error("cannot let packets of generation %u come to the sockets: %s", g->number,
		      strerror(-err));
	return err;
}

void generation_withdraw(const struct generation *g)
{
	const struct galette_slowpath *slowpath = &g->slowpath;
	__u32 count = g->interface_count * slowpath->queues * slowpath->pipes;

	for (__u32 key = 0; key < count; key++)
		bpf_map_delete_elem(g->xsks, &key);
}
