/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The galette-slow that runs already. A successor of the same shape takes its
 * sockets and its memory: no packet that waits in a ring is lost, and none is
 * overtaken. Needs ptrace rights over it (pidfd_getfd(2)) until it has adopted it.
 */
#ifndef SLOWPATH_PREDECESSOR_H
#define SLOWPATH_PREDECESSOR_H

#include <stdbool.h>

#include "handover.h"

struct predecessor {
	int pidfd; /* -1: there is none */
	int pid;
	struct handover *handover; /* NULL: it is of another layout */
	int wake;                  /* what makes it look there */
	bool adopted;              /* memory and ports are both processes' */
	int memory_fd;
	struct ports ports;
};

/* Find it by its record. */
void predecessor_find(struct predecessor *old, const struct galette_helper *record);

/* Get hold of its memory and sockets, if they are of this shape. False: it has others. */
bool predecessor_adopt(struct predecessor *old, const struct slow_shape *shape);

/*
 * Let it finish what is in its rings and end; one that does not is killed, and
 * its pipes with it: nobody uses the memory any more. start: this process's, which
 * follows it. 0, or a negative errno after an error: it cannot be ended.
 */
int predecessor_end(struct predecessor *old, __u64 start, const struct galette_pipe *pipes);

#endif
