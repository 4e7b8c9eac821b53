/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The frames' way between the rings and a pipe's hand; memory.h says how none is lost. */
#ifndef SLOWPATH_FRAMES_H
#define SLOWPATH_FRAMES_H

#include "port.h"

enum {
	FRAMES_BATCH = 64 /* that a pipe lets go of at once */
};

/* A pipe's end of all rings. */
struct hand {
	struct ports *ports;
	__u32 pipe;
	__u64 done[FRAMES_BATCH]; /* addresses: for their fill rings */
	__u32 done_count;
};

/* A received packet. */
struct packet {
	__u64 addr; /* in the UMEM */
	__u32 len;
};

/*
 * Take the next packet of a port in hand; false: there is none. A descriptor
 * that is not within one frame is given back at once, and comes as len 0.
 */
bool frames_receive(struct hand *hand, __u32 port, struct packet *packet);

/* Have a port's driver put what has come into the receive rings, in this process; does not wait. */
void frames_poll(const struct hand *hand, __u32 port);

/* Let go of a frame: it goes back to its fill ring with the next frames_flush(). */
void frames_done(struct hand *hand, __u64 addr);
void frames_flush(struct hand *hand);

/* Hand a packet to a port's interface; false: the ring is full, it stays in hand. */
bool frames_send(struct hand *hand, __u32 port, __u64 addr, __u32 len, __u8 kind);

/*
 * Take a packet back from the transmit ring of a port that sends nothing any
 * more, behind frames_reap(), and let go of it. Its kind; false: there is none.
 */
bool frames_take_back(struct hand *hand, __u32 port, __u8 *kind);

/*
 * Make the kernel send what is in a port's transmit ring. 0: all is sent;
 * -EAGAIN: some is left that it does not take now; another negative errno: none
 * can be sent.
 */
int frames_kick(const struct hand *hand, __u32 port);

/* Take what has been sent back in hand, and let go of it. */
void frames_reap(struct hand *hand, __u32 port);

/*
 * A pipe's process has died: what it was at with what all pipes share is
 * finished, and nobody waits for it any more. Waits for nobody either.
 */
void frames_release(struct ports *ports, __u32 pipe);

/*
 * The same of all pipes, when nobody uses the memory any more; and what none of
 * them can have left there is put right.
 */
void frames_release_all(struct ports *ports);

/*
 * What it has left besides, behind frames_release(): every frame in its hand
 * goes back to its ring. The packets that were in them are lost. For the process
 * that comes after it.
 */
void frames_recover(struct ports *ports, __u32 pipe);

/* Packets that a pipe has received and not marked as handled: when it has died, 1 or 0. */
__u32 frames_unhandled(const struct ports *ports, __u32 pipe);

/* Where all frames are. Exact while nothing moves; tx: also those that drivers still have. */
void frames_count(const struct ports *ports, struct galette_helper *count);

#endif
