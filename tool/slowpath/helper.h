/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * galette-slow's first process. It opens everything, drops its privileges, and
 * forks the pipes; then it sleeps until a pipe dies, the watchdog barks, or
 * somebody tells it to end. It never looks into a packet.
 *
 * SIGTERM, SIGINT: the pipes finish what is in their rings, then all end.
 * SIGUSR1: count the frames into the helper record.
 */
#ifndef SLOWPATH_HELPER_H
#define SLOWPATH_HELPER_H

#include <stdbool.h>

struct helper_options {
	const char *dir;   /* of the chain */
	const char *chain; /* its name, for messages */
	bool replace;      /* take over from one that runs */
	bool foreground; /* go on, asleep, while a successor runs: an init system waits for us */
	int ready;       /* a pipe to write one byte to when packets are handled; -1: none */
	int null; /* /dev/null: what takes the place of stderr then, and of all three in pipes */
};

/* Returns the process's exit status when it has ended. */
int helper_main(const struct helper_options *options);

#endif
