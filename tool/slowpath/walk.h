/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A packet's way through the native functions, from its upcall head to the chain's end. */
#ifndef SLOWPATH_WALK_H
#define SLOWPATH_WALK_H

#include "generation.h"

/* Where a packet ends up. */
struct walk_end {
	enum galette_route kind; /* …_TX, …_REDIRECT, …_DROP, …_PASS, …_ABORT; …_NONE: lost */
	__u32 ifindex;           /* …_REDIRECT: to which */
	enum galette_loss loss; /* …_NONE: why */
};

/*
 * Read the head in front of the packet, pkt->data, take it off, and put the
 * packet through the chain of its generation. `in`, where it is not NULL, is kept
 * at the function that the packet is in.
 */
struct walk_end walk(struct generation *const *generations, int count, struct pkt *pkt,
		     volatile __u32 *in);

#endif
