// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "alloc.h"
#include "diag.h"
#include "links.h"
#include "port.h"

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

enum {
	FREE_MS = 2000,        /* the kernel's worker needs some 10 */
	BUSY_POLL_US = 20,     /* not 0 is all that counts: frames_poll() does not wait */
	BUSY_POLL_BUDGET = 64, /* packets that one call takes from the driver */
};

/* ---- rings ---- */

static __u32 power_of_two(__u32 n)
{
	__u32 size = 1;

	while (size < n)
		size *= 2;
	return size;
}

static int map_ring(int fd, struct ring *ring, __u32 size, size_t entry, off_t offset,
		    const struct xdp_ring_offset *at)
{
	ring->map_size = at->desc + size * entry;
	ring->map = mmap(NULL, ring->map_size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_POPULATE, fd, offset);
	if (ring->map == MAP_FAILED) {
		ring->map = NULL;
		return -errno;
	}
	ring->producer = (void *)((char *)ring->map + at->producer);
	ring->consumer = (void *)((char *)ring->map + at->consumer);
	ring->entries = (char *)ring->map + at->desc;
	ring->size = size;
	return 0;
}

static void unmap_ring(struct ring *ring)
{
	if (ring->map)
		munmap(ring->map, ring->map_size);
	ring->map = NULL;
}

/* The rings of a socket; the first of a port brings those that the port has. */
static int map_rings(struct ports *ports, __u32 port, __u32 pipe)
{
	const struct slow_memory *m = &ports->memory;
	struct port *p = &ports->port[port];
	struct pipe_socket *s = &p->pipes[pipe];
	struct xdp_mmap_offsets at;
	socklen_t length = sizeof(at);
	int err;

	if (getsockopt(s->fd, SOL_XDP, XDP_MMAP_OFFSETS, &at, &length))
		return -errno;
	err = map_ring(s->fd, &s->rx, m->shape.frames, sizeof(struct xdp_desc),
		       XDP_PGOFF_RX_RING, &at.rx)
		      ?: map_ring(s->fd, &s->tx, m->shape.frames, sizeof(struct xdp_desc),
				  XDP_PGOFF_TX_RING, &at.tx);
	if (err || pipe)
		return err;
	return map_ring(s->fd, &p->fill, m->shape.frames * 2, sizeof(__u64),
			XDP_UMEM_PGOFF_FILL_RING, &at.fr)
		       ?: map_ring(s->fd, &p->completion, power_of_two(memory_total(m)),
				   sizeof(__u64), XDP_UMEM_PGOFF_COMPLETION_RING, &at.cr);
}

/* ---- sockets ---- */

static int set(int fd, int option, const void *value, socklen_t size)
{
	return setsockopt(fd, SOL_XDP, option, value, size) ? -errno : 0;
}

static int configure(struct ports *ports, int fd, __u32 port, __u32 pipe)
{
	const struct slow_memory *m = &ports->memory;
	const struct xdp_umem_reg umem = {
		.addr = (__u64)(unsigned long)m->umem,
		.len = (__u64)memory_total(m) * SLOW_FRAME_SIZE,
		.chunk_size = SLOW_FRAME_SIZE,
	};
	__u32 frames = m->shape.frames, fill = m->shape.frames * 2,
	      all = power_of_two(memory_total(m));
	int err = 0;

	if (!port && !pipe)
		err = set(fd, XDP_UMEM_REG, &umem, sizeof(umem));
	if (!err && !pipe)
		err = set(fd, XDP_UMEM_FILL_RING, &fill, sizeof(fill))
			      ?: set(fd, XDP_UMEM_COMPLETION_RING, &all, sizeof(all));
	return err ?: set(fd, XDP_RX_RING, &frames, sizeof(frames)) ?:
		      set(fd, XDP_TX_RING, &frames, sizeof(frames));
}

/*
 * The kernel frees a queue in a worker (xp_release_deferred()), some time after
 * the last socket there was closed, and tells nobody: behind one that has just
 * ended, a queue is taken for a moment.
 */
static int bind_when_free(int fd, const struct sockaddr_xdp *address)
{
	const struct timespec turn = { .tv_nsec = 5000000 };
	int left = FREE_MS / 5;

	while (bind(fd, (const struct sockaddr *)address, sizeof(*address))) {
		if (errno != EBUSY || !left--)
			return -errno;
		nanosleep(&turn, NULL);
	}
	return 0;
}

/* The first socket of all has the UMEM, the first of a port the port's rings. */
static int bind_socket(const struct ports *ports, int fd, __u32 port, __u32 pipe)
{
	const struct slow_shape *shape = &ports->memory.shape;
	struct sockaddr_xdp address = {
		.sxdp_family = AF_XDP,
		.sxdp_ifindex = shape->port[port].ifindex,
		.sxdp_queue_id = shape->port[port].queue,
		.sxdp_flags = port || pipe ? XDP_SHARED_UMEM : XDP_COPY,
	};

	if (port || pipe)
		address.sxdp_shared_umem_fd = ports->port[pipe ? port : 0].pipes[0].fd;
	return bind_when_free(fd, &address);
}

static int set_busy_poll(int fd, int option, int value)
{
	return setsockopt(fd, SOL_SOCKET, option, &value, sizeof(value));
}

/*
 * A pipe that has its hands full takes packets from the driver itself, and lets
 * interrupts do it no more often than before: else, under overload, they leave it
 * no time for what they bring. Linux before 5.11 does not know it, and goes without.
 */
static void prefer_busy_poll(struct pipe_socket *s)
{
	s->polls = !set_busy_poll(s->fd, SO_PREFER_BUSY_POLL, 1) &&
		   !set_busy_poll(s->fd, SO_BUSY_POLL_BUDGET, BUSY_POLL_BUDGET) &&
		   !set_busy_poll(s->fd, SO_BUSY_POLL, BUSY_POLL_US);
}

static int open_socket(struct ports *ports, __u32 port, __u32 pipe)
{
	struct pipe_socket *s = &ports->port[port].pipes[pipe];

	s->fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return -errno;
	prefer_busy_poll(s);
	/* In this order: before Linux 6.4 the rings of a bound socket cannot be mapped any more. */
	return configure(ports, s->fd, port, pipe) ?: map_rings(ports, port, pipe)
		       ?: bind_socket(ports, s->fd, port, pipe);
}

static void fill(struct ports *ports, __u32 port)
{
	struct ring *ring = &ports->port[port].fill;
	__u32 frames = ports->memory.shape.frames, from = ring_produced(ring);

	for (__u32 i = 0; i < frames; i++)
		*ring_addr(ring, from + i) = (__u64)(port * frames + i) * SLOW_FRAME_SIZE;
	ring_produce(ring, from + frames);
}

static void alloc(struct ports *ports)
{
	const struct slow_shape *shape = &ports->memory.shape;

	ports->port = xcalloc(shape->ports, sizeof(*ports->port));
	for (__u32 i = 0; i < shape->ports; i++) {
		ports->port[i].generic =
			links_mode(shape->port[i].ifindex) == XDP_FLAGS_SKB_MODE;
		ports->port[i].pipes = xcalloc(shape->pipes, sizeof(*ports->port[i].pipes));
		for (__u32 p = 0; p < shape->pipes; p++)
			ports->port[i].pipes[p].fd = -1;
	}
}

static void say_why(__u32 ifindex, __u32 queue, int err)
{
	char name[IF_NAMESIZE];
	const char *shown = if_indextoname(ifindex, name) ?: "an interface that has gone";

	if (err == -EBUSY)
		error("cannot open an AF_XDP socket on queue %u of %s: another program has it "
		      "(ss --xdp)",
		      queue, shown);
	else
		error("cannot open an AF_XDP socket on queue %u of %s: %s", queue, shown,
		      err == -EAFNOSUPPORT ? "this kernel has no AF_XDP (CONFIG_XDP_SOCKETS)"
					   : strerror(-err));
}

int ports_open(struct ports *ports)
{
	const struct slow_shape *shape = &ports->memory.shape;

	alloc(ports);
	for (__u32 port = 0; port < shape->ports; port++) {
		for (__u32 pipe = 0; pipe < shape->pipes; pipe++) {
			int err = open_socket(ports, port, pipe);

			if (err) {
				say_why(shape->port[port].ifindex, shape->port[port].queue,
					err);
				return err;
			}
		}
		fill(ports, port);
	}
	return 0;
}

int ports_take(struct ports *ports, int pidfd, const __u32 *sockets)
{
	const struct slow_shape *shape = &ports->memory.shape;
	int err = 0;

	alloc(ports);
	for (__u32 port = 0; port < shape->ports && !err; port++) {
		for (__u32 pipe = 0; pipe < shape->pipes && !err; pipe++) {
			struct pipe_socket *s = &ports->port[port].pipes[pipe];

			s->fd = syscall(SYS_pidfd_getfd, pidfd, *sockets++, 0);
			err = s->fd < 0 ? -errno : map_rings(ports, port, pipe);
			prefer_busy_poll(s);
		}
	}
	return err;
}

void ports_close(struct ports *ports)
{
	for (__u32 i = 0; ports->port && i < ports->memory.shape.ports; i++) {
		struct port *port = &ports->port[i];

		for (__u32 p = 0; p < ports->memory.shape.pipes; p++) {
			unmap_ring(&port->pipes[p].rx);
			unmap_ring(&port->pipes[p].tx);
			if (port->pipes[p].fd >= 0)
				close(port->pipes[p].fd);
		}
		unmap_ring(&port->fill);
		unmap_ring(&port->completion);
		free(port->pipes);
	}
	free(ports->port);
	ports->port = NULL;
}

int ports_find(const struct ports *ports, __u32 ifindex, __u32 queue)
{
	const struct slow_shape *shape = &ports->memory.shape;
	int first = -1;

	for (__u32 i = 0; i < shape->ports; i++) {
		if (shape->port[i].ifindex != ifindex)
			continue;
		if (shape->port[i].queue == queue)
			return i;
		if (first < 0)
			first = i;
	}
	return first;
}
