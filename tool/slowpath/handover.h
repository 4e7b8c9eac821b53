/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the supervisor of one galette-slow hands to that of the next: a memfd that
 * no pipe can reach. Its number is in struct galette_helper; the numbers in it are
 * those of the supervisor that made it.
 */
#ifndef SLOWPATH_HANDOVER_H
#define SLOWPATH_HANDOVER_H

#include <linux/types.h>

#include "port.h"

enum {
	HANDOVER_MAGIC = 0x676c7332 /* of this layout, and of those of memory and rings */
};

struct handover {
	__u32 magic;
	__u32 memory; /* of struct slow_memory */
	__u32 wake;   /* eventfd: the supervisor is to look here */
	__u32 handed; /* by the old one: its pipes have ended. Futex */
	/* By the new one, before it writes to `wake`; the start time is that of process_start(). */
	__u32 successor; /* process id; 0: there is none */
	__u32 adopted;   /* it has memory and sockets */
	__u64 successor_start;
	struct slow_shape shape;
	__u32 sockets[SLOW_PORTS_MAX * GALETTE_PIPES_MAX]; /* by port and pipe, as in shape */
};

/* A new one. 0, *fd and *handover; or a negative errno. */
int handover_make(int *fd, struct handover **handover);

/* Another's. 0, or a negative errno; -EPROTO: of another layout. */
int handover_map(int fd, struct handover **handover);
void handover_unmap(struct handover *handover);

/* Say in it what this process has. */
void handover_write(struct handover *handover, const struct ports *ports, int memory, int wake);

/* The old one's pipes have ended: tell whoever waits. */
void handover_done(struct handover *handover);

/* The new one: wait for that, some 20 ms at most. Whether they have. */
bool handover_wait(struct handover *handover);

#endif
