/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The memory that galette-slow's processes share, and that one galette-slow
 * hands to the next: a memfd with the frames (the UMEM), who holds each of them,
 * and what is needed to tell, whichever process dies at whichever instruction,
 * where every frame is.
 *
 * A frame is to be received into, is to be sent, or is in the hand of one pipe:
 * owners[] says which. A frame that moves is for a moment in two places; what was
 * to move is then in a journal, written before, and the ring's index, which is one
 * store, tells whether it did.
 *
 * What is to be sent is in a transmit ring, with the interface's driver, or in a
 * completion ring. A transmit ring alone does not tell: the kernel may have taken
 * more from it than its index says, and a frame may be there a second time.
 *
 * Every frame has a home: the port whose fill ring it goes back to. A receive
 * ring has room for all frames of its port, a completion ring for all there are,
 * and a fill ring for twice its own, for the kernel tells of a frame that it has
 * received before it says that the fill ring's entry is free (xsk_flush()): none
 * of the three is ever full.
 *
 * A pipe may be in the hands of whoever sent a packet: nothing in here, nor in
 * the rings, bends where another process writes. What there is and where it lies
 * each process knows by itself (struct slow_memory); what it reads here it reads
 * once, and looks whether it is possible.
 */
#ifndef SLOWPATH_MEMORY_H
#define SLOWPATH_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include <galette/abi.h>

enum {
	SLOW_PORTS_MAX = 256,   /* queues of all interfaces together */
	SLOW_FRAME_SIZE = 4096, /* bytes; the kernel keeps XDP_PACKET_HEADROOM of them */
	SLOW_HEADROOM = 256,
	SLOW_SENT = 255, /* an owner: on its way out */
};

/* Of a port, which is one queue of one interface: what its sockets have in common. */
struct slow_port {
	/* Of the fill ring and the completion ring: 0, or 1 + the pipe that has it. Futex. */
	__u32 lock;
	struct {
		__u32 active; /* 1: the holder is at it */
		__u32 from, to;
	} fill, completion;
	__u64 claimed; /* of the packets that found no free frame: what pipes have added up */
};

/* At the start of each frame, where no NF comes: where it is to be sent. */
struct slow_frame {
	__u32 port;
	__u32 at; /* index in the transmit ring */
	__u8 pipe;
	__u8 kind; /* enum galette_route: how its packet was counted */
};

/* Of a pipe's socket for one port. */
struct slow_socket {
	__u32 handled; /* the receive ring's index up to which packets have come to an end */
	struct {
		__u32 active;
		__u32 from;
	} tx;
	__u32 taken; /* the transmit ring's index up to which the kernel may have taken packets */
	__u64 dropped, full; /* of the kernel's counts of this socket: what has been added up */
};

/* At the start of the memory; sockets, owners and frames follow. */
struct slow_shared {
	__u32 stop;     /* the pipes are to end when they have done what was there */
	__u32 watching; /* the watchdog is awake */
	__u32 busy[GALETTE_PIPES_MAX];
	struct slow_port port[SLOW_PORTS_MAX];
};

/* What pipes and ports there are: equal shapes can take over from each other. */
struct slow_shape {
	__u32 pipes, ports;
	__u32 frames; /* of each port */
	struct {
		__u32 ifindex, queue;
	} port[SLOW_PORTS_MAX];
};

/* The memory as one process has it. */
struct slow_memory {
	struct slow_shape shape;
	size_t size;
	struct slow_shared *shared;
	struct slow_socket *sockets; /* by port and pipe */
	/* Of each frame: 0: to receive into; SLOW_SENT; else 1 + the pipe that has it in hand. */
	unsigned char *owners;
	unsigned char *umem;
};

/* Make the memory for a shape. 0 and *fd; or a negative errno. */
int memory_make(const struct slow_shape *shape, int *fd, struct slow_memory *memory);

/* Map another's, of the same shape. 0, or a negative errno; -EPROTO: it has another size. */
int memory_map(const struct slow_shape *shape, int fd, struct slow_memory *memory);
void memory_unmap(struct slow_memory *memory);

static inline __u32 memory_total(const struct slow_memory *memory)
{
	return memory->shape.ports * memory->shape.frames;
}

static inline struct slow_socket *memory_socket(const struct slow_memory *memory, __u32 port,
						__u32 pipe)
{
	return memory->sockets + port * memory->shape.pipes + pipe;
}

/* Of the frame that an address is in. */
static inline struct slow_frame *memory_frame(const struct slow_memory *memory, __u64 addr)
{
	return (struct slow_frame *)(memory->umem + addr / SLOW_FRAME_SIZE * SLOW_FRAME_SIZE);
}

#endif
