/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Everything that galette-slow opens while it still may: the chain's records and
 * generations, the sockets, its own or those of the one that ran before.
 */
#ifndef SLOWPATH_SETUP_H
#define SLOWPATH_SETUP_H

#include "helper.h"
#include "pipe.h"
#include "predecessor.h"

struct setup {
	int turn;      /* lock of CHAIN/gen, held by whoever is about to begin */
	int lock;      /* of CHAIN/slow, held by whoever handles its packets */
	int memory_fd; /* of slow->ports.memory */
	int handover_fd;
	struct handover *handover; /* this one's, for the one that comes after it */
	__u64 start;               /* this process's start time */
	bool alone;                /* the one that ran had to end before this one could begin */
	struct predecessor old;
};

/*
 * Open all. With a predecessor of the same shape both are then able to handle
 * packets, and it still does. 0, or a negative errno after printing an error;
 * the predecessor then goes on, unless it had to end before (`alone`).
 */
int setup_open(struct setup *setup, struct slow *slow, const struct helper_options *options);

/*
 * Without privilege: let the predecessor end, and be the only one. 0, or a
 * negative errno after printing an error.
 */
int setup_take(struct setup *setup, struct slow *slow);

#endif
