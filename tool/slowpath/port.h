/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * AF_XDP sockets: of each port (a queue of an interface) one a pipe. The first
 * brings the port's fill and completion rings, the others share them; all share
 * one UMEM.
 *
 * Always copy mode. With zero copy every packet of the queue lives in the UMEM,
 * also those that the kernel handles alone: a slow pipe would starve the fast path.
 */
#ifndef SLOWPATH_PORT_H
#define SLOWPATH_PORT_H

#include "memory.h"
#include "ring.h"

#ifndef SO_PREFER_BUSY_POLL
#define SO_PREFER_BUSY_POLL 69
#define SO_BUSY_POLL_BUDGET 70
#endif

struct pipe_socket {
	int fd;
	bool polls; /* it prefers busy polling */
	struct ring rx, tx;
};

struct port {
	struct ring fill, completion;
	struct pipe_socket *pipes;
	bool generic; /* its interface has generic XDP */
};

/* All sockets, by port and pipe; each process has these for itself. */
struct ports {
	struct slow_memory memory;
	struct port *port; /* memory.shape.ports of them */
};

/*
 * Open and bind all sockets of a new memory, and give every frame to its port's
 * fill ring. Needs CAP_NET_RAW. 0, or a negative errno after printing an error.
 */
int ports_open(struct ports *ports);

/*
 * The same from the sockets that the process `pidfd` has, by port and pipe; it
 * goes on using them. 0, or a negative errno.
 */
int ports_take(struct ports *ports, int pidfd, const __u32 *sockets);

/* The sockets and rings; the memory stays. */
void ports_close(struct ports *ports);

/* The port of a queue of an interface, or of its first if it has not so many; -1: none. */
int ports_find(const struct ports *ports, __u32 ifindex, __u32 queue);

#endif
