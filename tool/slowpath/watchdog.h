/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A packet that takes too long costs its pipe the process. The watchdog sleeps
 * as long as all pipes do: the first to wake up wakes it.
 */
#ifndef SLOWPATH_WATCHDOG_H
#define SLOWPATH_WATCHDOG_H

#include <sys/types.h>

#include "pipe.h"

struct watchdog {
	int timer; /* timerfd */
	__u32 limit_ms;
	struct {
		__u64 packets; /* that it had done */
		__u64 since;   /* ms, when that was first seen */
	} seen[GALETTE_PIPES_MAX];
};

int watchdog_open(struct watchdog *watchdog, const struct slow *slow);

/* A pipe has written to slow->wake. */
void watchdog_wake(struct watchdog *watchdog, struct slow *slow);

/* Its timer: kill (SIGKILL) whoever is in one packet for longer than the limit. */
void watchdog_tick(struct watchdog *watchdog, struct slow *slow, const pid_t *pids);

#endif
