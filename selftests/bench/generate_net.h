/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Of generate.c: interfaces in network namespaces, and what their rings have lost. */
#ifndef GENERATE_NET_H
#define GENERATE_NET_H

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "generate_result.h"
#include "helpers/vethstat.h"

struct interface {
	int netns; /* -1: that of the device under test */
	int index;
	const char *name;
};

static struct {
	int own; /* the namespace of the device under test */
	struct interface from[GENERATE_OUTS_MAX], to[GENERATE_OUTS_MAX],
		device[GENERATE_OUTS_MAX];
	int froms, tos, devices;
} net;

static void fail(const char *what)
{
	fprintf(stderr, "generate: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Of the calling thread. */
static void enter(const struct interface *at)
{
	if (at->netns >= 0 && setns(at->netns, CLONE_NEWNET))
		fail("network namespace");
}

static void leave(void)
{
	if (setns(net.own, CLONE_NEWNET))
		fail("network namespace");
}

static void open_interface(struct interface *at, int netns, const char *name)
{
	*at = (struct interface) { .netns = netns, .name = name };
	enter(at);
	at->index = if_nametoindex(name);
	if (!at->index)
		fail(name);
	leave();
}

/* "NETNS:IF,IF,…", the namespace as `ip netns` names it. How many. */
static int open_ends(struct interface *at, char *spec)
{
	char path[256], *names = strchr(spec, ':'), *name;
	int netns, n = 0;

	errno = EINVAL;
	if (!names)
		fail(spec);
	*names++ = '\0';
	snprintf(path, sizeof(path), "/run/netns/%s", spec);
	netns = open(path, O_RDONLY | O_CLOEXEC);
	if (netns < 0)
		fail(path);
	while ((name = strsep(&names, ","))) {
		errno = E2BIG;
		if (n == GENERATE_OUTS_MAX)
			fail(name);
		open_interface(&at[n++], netns, name);
	}
	return n;
}

static void open_net(int argc, char **argv)
{
	net.own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (net.own < 0)
		fail("/proc/self/ns/net");
	net.froms = open_ends(net.from, argv[0]);
	net.tos = open_ends(net.to, argv[1]);
	for (net.devices = 0; net.devices < argc - 2; net.devices++)
		open_interface(&net.device[net.devices], -1, argv[2 + net.devices]);
}

static struct veth_stat stat_of(const struct interface *at)
{
	struct veth_stat stat;

	enter(at);
	if (veth_stat(at->name, &stat))
		fail(at->name);
	leave();
	return stat;
}

static struct places places(void)
{
	struct places p = { 0 };

	for (int i = 0; i < net.froms; i++)
		p.entered += stat_of(&net.from[i]).xmit;
	for (int i = 0; i < net.tos; i++)
		p.sink += stat_of(&net.to[i]).rx_drops;
	for (int i = 0; i < net.devices; i++) {
		struct veth_stat stat = stat_of(&net.device[i]);

		p.device += stat.xdp_drops + stat.rx_drops;
		p.leaving += stat.xmit_drops; /* the XDP kinds are in it */
	}
	return p;
}

static void places_sub(struct places *a, const struct places *b)
{
	a->entered -= b->entered;
	a->device -= b->device;
	a->leaving -= b->leaving;
	a->sink -= b->sink;
}

#endif
