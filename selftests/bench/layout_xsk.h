/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Of layout.c: what all processes share, and AF_XDP. */
#ifndef LAYOUT_XSK_H
#define LAYOUT_XSK_H

#include <errno.h>
#include <linux/futex.h>
#include <linux/if_link.h>
#include <linux/if_xdp.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <xdp/xsk.h>

#include "bench/layout.h"

enum {
	FRAME_SIZE = 2048,
	FRAMES = 8192, /* more than all RX rings hold: a slow pipe starves no other */
	RING = 1024,   /* RX, and between the processes of B; TX and completion hold FRAMES */
	/*
	 * The kernel shows a frame in the RX ring before it shows that it took one from
	 * the fill ring: until then a ring of FRAMES can be full when one comes back.
	 */
	FILL_RING = 2 * FRAMES,
	BATCH = 64,
	RATES = 7,
	REPEAT_MAX = 50,
	IDLE_MS = 100, /* what a sleeper wakes after, to see whether it is the end */
};

static const int rates[RATES] = { 1000, 20000, 50000, 100000, 200000, 400000, 800000 };
static const int works[] = { 0, 2, 10 };

struct counts {
	__u64 calls __attribute__((aligned(64))); /* system calls */
};

struct spsc {
	__u32 head __attribute__((aligned(64)));
	__u32 tail __attribute__((aligned(64)));
	struct xdp_desc slot[RING] __attribute__((aligned(64)));
};

/* What the processes of one setup share, beside the UMEM. */
struct shared {
	pthread_mutex_t lock;
	struct xsk_ring_prod fill;
	struct xsk_ring_cons done;
	__u32 stop;
	__u32 asleep[LAYOUT_PIPES + 1] __attribute__((aligned(64))); /* the last: dispatcher */
	struct counts counts[LAYOUT_PIPES + 1] __attribute__((aligned(64)));
	struct spsc to[LAYOUT_PIPES], from[LAYOUT_PIPES];
};

struct sock {
	int fd;
	struct xsk_ring_cons rx;
	struct xsk_ring_prod tx;
};

struct setup {
	int pipes, work, sockets, children, wake;
	bool dispatched;
	__u8 *umem;
	struct shared *sh;
	struct sock sock[LAYOUT_PIPES];
	pid_t child[LAYOUT_PIPES + 1];
};

struct result {
	double offered, goodput, loss, cpu, calls, p50, p99;
};

static struct {
	int dev, peer, xsks;
	struct layout_state *state;
	double loops_per_us;
	struct sock tx;
	__u8 *umem;
	struct xsk_ring_cons done;
} gen;

static void fail(const char *what)
{
	fprintf(stderr, "layout: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void *shared_memory(size_t size)
{
	int fd = memfd_create("layout", MFD_CLOEXEC);
	void *at;

	if (fd < 0 || ftruncate(fd, size))
		fail("memfd");
	at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (at == MAP_FAILED)
		fail("mmap");
	close(fd);
	return at;
}

/* ---- AF_XDP ---- */

static void *map_ring(int fd, const struct xdp_ring_offset *off, size_t length, off_t page)
{
	void *at = mmap(NULL, off->desc + length, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_POPULATE, fd, page);

	if (at == MAP_FAILED)
		fail("mmap of a ring");
	return at;
}

static struct xsk_ring_prod producer(int fd, const struct xdp_ring_offset *off, __u32 size,
				     size_t entry, off_t page)
{
	__u8 *at = map_ring(fd, off, size * entry, page);

	return (struct xsk_ring_prod) {
		.mask = size - 1,
		.size = size,
		.cached_cons = size,
		.producer = (void *)(at + off->producer),
		.consumer = (void *)(at + off->consumer),
		.ring = at + off->desc,
		.flags = (void *)(at + off->flags),
	};
}

static struct xsk_ring_cons consumer(int fd, const struct xdp_ring_offset *off, __u32 size,
				     size_t entry, off_t page)
{
	struct xsk_ring_prod p = producer(fd, off, size, entry, page);

	return (struct xsk_ring_cons) {
		.mask = p.mask,
		.size = size,
		.producer = p.producer,
		.consumer = p.consumer,
		.ring = p.ring,
		.flags = p.flags,
	};
}

static void ring_size(int fd, int option, int size)
{
	if (setsockopt(fd, SOL_XDP, option, &size, sizeof(size)))
		fail("setsockopt of a ring");
}

static struct xdp_mmap_offsets offsets(int fd)
{
	struct xdp_mmap_offsets off;
	socklen_t length = sizeof(off);

	if (getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, &off, &length))
		fail("XDP_MMAP_OFFSETS");
	return off;
}

/* The queue's first socket has the UMEM and its two rings. */
static void add_umem(int fd, __u8 *umem, struct xsk_ring_prod *fill, struct xsk_ring_cons *done)
{
	struct xdp_umem_reg reg = { .addr = (unsigned long)umem,
				    .len = (__u64)FRAMES * FRAME_SIZE,
				    .chunk_size = FRAME_SIZE };
	struct xdp_mmap_offsets off;

	if (setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &reg, sizeof(reg)))
		fail("XDP_UMEM_REG");
	ring_size(fd, XDP_UMEM_FILL_RING, FILL_RING);
	ring_size(fd, XDP_UMEM_COMPLETION_RING, FRAMES);
	off = offsets(fd);
	*fill = producer(fd, &off.fr, FILL_RING, sizeof(__u64), XDP_UMEM_PGOFF_FILL_RING);
	*done = consumer(fd, &off.cr, FRAMES, sizeof(__u64), XDP_UMEM_PGOFF_COMPLETION_RING);
}

static void add_socket(struct sock *s, int ifindex, int umem_fd)
{
	struct sockaddr_xdp address = { .sxdp_family = AF_XDP,
					.sxdp_ifindex = ifindex,
					.sxdp_flags = XDP_COPY };
	struct xdp_mmap_offsets off = offsets(s->fd);

	ring_size(s->fd, XDP_RX_RING, RING);
	ring_size(s->fd, XDP_TX_RING, FRAMES);
	s->rx = consumer(s->fd, &off.rx, RING, sizeof(struct xdp_desc), XDP_PGOFF_RX_RING);
	s->tx = producer(s->fd, &off.tx, FRAMES, sizeof(struct xdp_desc), XDP_PGOFF_TX_RING);
	if (umem_fd >= 0) {
		address.sxdp_flags = XDP_SHARED_UMEM;
		address.sxdp_shared_umem_fd = umem_fd;
	}
	/* The pool of a socket that is gone goes a little later. */
	while (bind(s->fd, (void *)&address, sizeof(address))) {
		if (errno != EBUSY)
			fail("bind");
		usleep(1000);
	}
}

static int xdp_socket(void)
{
	int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		fail("socket");
	return fd;
}

/* All of the TX ring: a call sends 32 frames, and says EAGAIN when there are more. */
static void kick(struct sock *s, struct counts *c)
{
	while (__atomic_load_n(s->tx.consumer, __ATOMIC_ACQUIRE) != *s->tx.producer) {
		c->calls++;
		/* More wait; or the interface's queue is another's, or full, at this moment. */
		if (sendto(s->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 && errno != EAGAIN &&
		    errno != EBUSY && errno != ENOBUFS)
			fail("sendto");
	}
}

static void transmit(struct sock *s, const struct xdp_desc *d, __u32 n, struct counts *c)
{
	__u32 at;

	if (!xsk_ring_prod__reserve(&s->tx, n, &at))
		fail("a full TX ring");
	for (__u32 i = 0; i < n; i++)
		*xsk_ring_prod__tx_desc(&s->tx, at + i) = d[i];
	xsk_ring_prod__submit(&s->tx, n);
	kick(s, c);
}

static __u32 receive(struct sock *s, struct xdp_desc *d)
{
	__u32 at, n = xsk_ring_cons__peek(&s->rx, BATCH, &at);

	for (__u32 i = 0; i < n; i++)
		d[i] = *xsk_ring_cons__rx_desc(&s->rx, at + i);
	if (n)
		xsk_ring_cons__release(&s->rx, n);
	return n;
}

static void refill(struct shared *sh, const __u64 *frames, __u32 n)
{
	__u32 at;

	if (!xsk_ring_prod__reserve(&sh->fill, n, &at))
		fail("a full fill ring");
	for (__u32 i = 0; i < n; i++)
		*xsk_ring_prod__fill_addr(&sh->fill, at + i) = frames[i];
	xsk_ring_prod__submit(&sh->fill, n);
}

/* From the completion ring to the fill ring. */
static void recycle(struct shared *sh)
{
	__u64 frames[BATCH];
	__u32 at, n = xsk_ring_cons__peek(&sh->done, BATCH, &at);

	if (!n)
		return;
	for (__u32 i = 0; i < n; i++)
		frames[i] = *xsk_ring_cons__comp_addr(&sh->done, at + i);
	xsk_ring_cons__release(&sh->done, n);
	refill(sh, frames, n);
}

#endif
