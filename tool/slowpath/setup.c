// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "deliver.h"
#include "diag.h"
#include "generations.h"
#include "netdev.h"
#include "pins.h"
#include "process.h"
#include "setup.h"
#include "upcall.h"

/* ---- records ---- */

static void *map_record(const char *dir, const char *name, size_t size)
{
	int fd = pins_open(dir, "slow/%s", name);
	void *at = fd < 0 ? MAP_FAILED
			  : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		error("cannot map %s/slow/%s: %s", dir, name, strerror(fd < 0 ? -fd : errno));
	if (fd >= 0)
		close(fd);
	return at == MAP_FAILED ? NULL : at;
}

static int open_records(struct slow *slow, const char *dir)
{
	slow->record = map_record(dir, "helper", sizeof(*slow->record));
	if (slow->record)
		slow->records =
			map_record(dir, "pipes", GALETTE_PIPES_MAX * sizeof(*slow->records));
	return slow->records ? 0 : -EINVAL;
}

static int open_lock(const char *dir, const char *below)
{
	char path[PATH_MAX];
	int fd;

	pins_path(path, dir, "%s", below);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	error("cannot open %s: %s", path, strerror(errno));
	return -errno;
}

static void wait_for(int lock)
{
	while (flock(lock, LOCK_EX) && errno == EINTR)
		;
}

/* One for a chain, one after the other: locks go with the process, however it ends. */
static int lock(struct setup *setup, const struct slow *slow,
		const struct helper_options *options)
{
	setup->turn = open_lock(options->dir, "gen");
	setup->lock = setup->turn < 0 ? -1 : open_lock(options->dir, "slow");
	if (setup->lock < 0)
		return -EINVAL;
	wait_for(setup->turn);
	if (!flock(setup->lock, LOCK_EX | LOCK_NB) || options->replace)
		return 0;
	error("galette-slow runs for chain '%s' already, process %u", options->chain,
	      slow->record->pid);
	return -EBUSY;
}

/* ---- generations ---- */

static int by_number(const void *a, const void *b)
{
	const struct generation *const *ga = a, *const *gb = b;

	return (*ga)->number < (*gb)->number ? -1 : (*ga)->number > (*gb)->number;
}

/* In the order of their numbers. Of more than there should be the oldest are left out. */
static void add_generation(struct slow *slow, struct generation *g)
{
	struct generation **all = slow->generations;

	all[slow->generation_count++] = g;
	qsort(all, slow->generation_count, sizeof(*all), by_number);
	if (slow->generation_count <= GENERATIONS_MAX)
		return;
	generation_free(all[0]);
	memmove(all, all + 1, GENERATIONS_MAX * sizeof(*all));
	slow->generation_count--;
}

/* All that have packets for us; under an init system also those that may have some later. */
static int load_generations(struct slow *slow, const char *dir, bool all)
{
	struct nf_clock clock;
	char path[PATH_MAX];
	char **names;
	int count = pins_path(path, dir, "gen") ?: pins_list(path, &names);
	int err = 0;

	if (count < 0) {
		error("cannot read %s: %s", path, strerror(-count));
		return count;
	}
	err = nf_clock_calibrate(&clock, slow->record->clock);
	if (err)
		error("cannot read the kernel's clock by a BPF program: %s", strerror(-err));
	else
		slow->record->clock = clock.origin;
	for (int i = 0; i < count && !err; i++) {
		struct generation *g;

		if (pins_path(path, dir, "gen/%s", names[i]) || !(all || upcall_any(path)))
			continue;
		g = generation_load(dir, names[i], &clock);
		if (g)
			add_generation(slow, g);
		else
			err = -EINVAL;
	}
	pins_list_free(names, count);
	if (!err && !slow->generation_count) {
		error("nothing leads out of the kernel in the chain in %s", dir);
		err = -ENOENT;
	}
	return err;
}

/* ---- sockets ---- */

static int add_interface(struct slow_shape *shape, const struct galette_interface *interface)
{
	char name[IF_NAMESIZE];
	__u32 queues;

	for (__u32 i = 0; i < shape->ports; i++)
		if (shape->port[i].ifindex == interface->ifindex)
			return 0;
	if (!if_indextoname(interface->ifindex, name) || strcmp(name, interface->name)) {
		warning("%s is not in this network namespace, or is another interface now: no "
			"sockets there",
			interface->name);
		return 0;
	}
	queues = netdev_queues(interface->ifindex);
	for (__u32 queue = 0; queue < queues && queue < GALETTE_QUEUES_MAX; queue++) {
		if (shape->ports == SLOW_PORTS_MAX) {
			error("more than %d queues", SLOW_PORTS_MAX);
			return -E2BIG;
		}
		shape->port[shape->ports].ifindex = interface->ifindex;
		shape->port[shape->ports++].queue = queue;
	}
	return 0;
}

/* The interfaces of all generations, pipes and frames as the newest has them. */
static int find_shape(const struct slow *slow, struct slow_shape *shape)
{
	int err = 0;

	*shape = (struct slow_shape) { 0 };
	for (int i = slow->generation_count - 1; i >= 0 && !err; i--) {
		const struct generation *g = slow->generations[i];

		shape->pipes = shape->pipes ?: g->slowpath.pipes;
		shape->frames = shape->frames ?: g->slowpath.frames;
		for (__u32 k = 0; k < g->interface_count && !err; k++)
			err = add_interface(shape, &g->interfaces[k]);
	}
	if (!err && !shape->ports) {
		error("none of the chain's interfaces is in this network namespace");
		err = -ENODEV;
	}
	return err;
}

/* No more packets for the one that runs: it can do what is in its rings, and that is all. */
static void withdraw(const struct slow *slow)
{
	for (int i = 0; i < slow->generation_count; i++)
		generation_withdraw(slow->generations[i]);
	if (generations_wait())
		warning("cannot wait until no packet is on its way to process %u",
			slow->record->pid);
}

/* New ones, which cannot be opened beside those of one that runs. */
static int open_sockets(struct setup *setup, struct slow *slow, const struct slow_shape *shape)
{
	int err = memory_make(shape, &setup->memory_fd, &slow->ports.memory);

	if (err)
		error("cannot get memory for the packets: %s", strerror(-err));
	if (!err && setup->old.pidfd >= 0) {
		withdraw(slow);
		err = predecessor_end(&setup->old, setup->start, slow->records);
		setup->alone = true;
	}
	return err ?: ports_open(&slow->ports);
}

/* Its sockets, if they fit; else they must go before others can be opened. */
static int get_sockets(struct setup *setup, struct slow *slow)
{
	struct slow_shape shape;
	int err = find_shape(slow, &shape);

	if (err)
		return err;
	predecessor_find(&setup->old, slow->record);
	if (setup->old.pidfd < 0 || !predecessor_adopt(&setup->old, &shape))
		return open_sockets(setup, slow, &shape);
	setup->memory_fd = setup->old.memory_fd;
	slow->ports = setup->old.ports;
	return 0;
}

/* ---- the whole ---- */

static int open_deliver(struct slow *slow, const char *dir)
{
	const struct generation *newest = slow->generations[slow->generation_count - 1];
	int err = deliver_open(&slow->deliver, dir, newest->slowpath.pipes);

	if (err)
		error("cannot load the program for 'pass': %s", strerror(-err));
	return err;
}

int setup_open(struct setup *setup, struct slow *slow, const struct helper_options *options)
{
	int err;

	*setup = (struct setup) { .turn = -1,
				  .lock = -1,
				  .memory_fd = -1,
				  .handover_fd = -1,
				  .start = process_start(getpid()) };
	setup->old.pidfd = -1;
	err = open_records(slow, options->dir) ?: lock(setup, slow, options) ?:
	      load_generations(slow, options->dir, options->foreground);
	if (err)
		return err;
	slow->busy_poll = slow->generations[slow->generation_count - 1]->slowpath.busy_poll;
	err = open_deliver(slow, options->dir);
	if (err)
		return err;
	err = handover_make(&setup->handover_fd, &setup->handover);
	if (err) {
		error("cannot get memory for a successor: %s", strerror(-err));
		return err;
	}
	err = get_sockets(setup, slow);
	for (int i = 0; i < slow->generation_count && !err; i++)
		err = generation_publish(slow->generations[i], &slow->ports);
	return err;
}

int setup_take(struct setup *setup, struct slow *slow)
{
	const struct slow_memory *m = &slow->ports.memory;
	int err = setup->old.pidfd < 0
			  ? 0
			  : predecessor_end(&setup->old, setup->start, slow->records);

	if (err)
		return err;
	wait_for(setup->lock);
	frames_release_all(&slow->ports);
	m->shared->stop = m->shared->watching = 0;
	memset(m->shared->busy, 0, sizeof(m->shared->busy));
	handover_write(setup->handover, &slow->ports, setup->memory_fd, slow->wake);
	return 0;
}
