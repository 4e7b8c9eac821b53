/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * AF_XDP rings (Documentation/networking/af_xdp.rst) that several processes use
 * one after the other: no index is cached, so whoever holds the right to a side
 * of a ring, by a lock or by being the only one, finds it as the last one left
 * it. That, and taking over rings that another process has made, is what
 * libxdp's xsk.h does not do.
 */
#ifndef SLOWPATH_RING_H
#define SLOWPATH_RING_H

#include <stddef.h>
#include <linux/if_xdp.h>
#include <linux/types.h>

struct ring {
	__u32 *producer, *consumer; /* free running */
	void *entries;
	__u32 size; /* entries, a power of two */
	void *map;
	size_t map_size;
};

static inline __u64 *ring_addr(const struct ring *ring, __u32 at)
{
	return (__u64 *)ring->entries + (at & (ring->size - 1));
}

static inline struct xdp_desc *ring_desc(const struct ring *ring, __u32 at)
{
	return (struct xdp_desc *)ring->entries + (at & (ring->size - 1));
}

/*
 * What an entry holds, read once: between two looks, who shares the ring could
 * change it.
 */
static inline __u64 ring_read_addr(const struct ring *ring, __u32 at)
{
	return __atomic_load_n(ring_addr(ring, at), __ATOMIC_RELAXED);
}

static inline struct xdp_desc ring_read_desc(const struct ring *ring, __u32 at)
{
	const struct xdp_desc *desc = ring_desc(ring, at);

	return (struct xdp_desc) { .addr = __atomic_load_n(&desc->addr, __ATOMIC_RELAXED),
				   .len = __atomic_load_n(&desc->len, __ATOMIC_RELAXED) };
}

/* The side that is ours is read plainly, the kernel's with acquire. */
static inline __u32 ring_produced(const struct ring *ring)
{
	return __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
}

static inline __u32 ring_consumed(const struct ring *ring)
{
	return __atomic_load_n(ring->consumer, __ATOMIC_ACQUIRE);
}

/* Entries in it; never more than its size, whatever is in the shared indexes. */
static inline __u32 ring_used(const struct ring *ring)
{
	__u32 used = ring_produced(ring) - ring_consumed(ring);

	return used <= ring->size ? used : 0;
}

static inline __u32 ring_free(const struct ring *ring)
{
	return ring->size - ring_used(ring);
}

/* Publish what was written up to, or give back what was read up to. */
static inline void ring_produce(struct ring *ring, __u32 to)
{
	__atomic_store_n(ring->producer, to, __ATOMIC_RELEASE);
}

static inline void ring_consume(struct ring *ring, __u32 to)
{
	__atomic_store_n(ring->consumer, to, __ATOMIC_RELEASE);
}

#endif
