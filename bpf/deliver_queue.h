/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Between galette-slow and its program for `pass`: the packets that a pipe has for the stack,
 * in an array that both see, a queue a pipe. Whoever includes this has the kernel's types.
 */
#ifndef DELIVER_QUEUE_H
#define DELIVER_QUEUE_H

enum {
	DELIVER_BATCH = 64,  /* packets of one run: as many as a NAPI poll (NAPI_POLL_WEIGHT) */
	DELIVER_ROOM = 4088, /* bytes of one: more than a frame of the UMEM has */
	DELIVER_LEAST =
		60, /* bytes of a frame that a run begins with: the shortest, ETH_ZLEN */
};

struct deliver_slot {
	__u32 length;
	__u32 unused;
	__u8 packet[DELIVER_ROOM]; /* from its Ethernet header */
};

/* All of them have come to one interface. */
struct deliver_queue {
	__u32 count; /* packets in the slots, from the first on */
	__u32 ifindex;
	__u32 generic; /* the interface has generic XDP */
	__u32 begin;   /* the first packet of this run */
	/* The program's: they tell, too, which packets a process that has died had passed. */
	__u32 next;   /* of the packets: the first that it has not taken */
	__u32 failed; /* of those that it has taken: what it had to drop */
	__u32 held;   /* it takes no more in this run */
	__u32 unused;
	struct deliver_slot slot[DELIVER_BATCH];
};

_Static_assert(sizeof(struct deliver_queue) % 8 == 0, "an array's elements are, in memory");

/* What stands in each frame when it comes to the program, which puts the packet in its place. */
struct deliver_call {
	__u32 pipe;
	__u8 unused[DELIVER_LEAST - 4];
};

#endif
