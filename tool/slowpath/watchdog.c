// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "diag.h"
#include "monotonic.h"
#include "watchdog.h"

enum {
	TICKS = 4 /* within the limit */
};

static void set_timer(const struct watchdog *watchdog, __u32 ms)
{
	const struct timespec every = { ms / 1000, ms % 1000 * 1000000l };
	const struct itimerspec spec = { every, every };

	timerfd_settime(watchdog->timer, 0, &spec, NULL);
}

int watchdog_open(struct watchdog *watchdog, const struct slow *slow)
{
	int last = slow->generation_count - 1;

	/* The newest generation's limit. */
	watchdog->limit_ms = slow->generations[last]->slowpath.watchdog_ms;
	watchdog->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (watchdog->timer < 0) {
		error("cannot make a timer: %s", strerror(errno));
		return -errno;
	}
	return 0;
}

static bool any_busy(struct slow *slow)
{
	for (__u32 i = 0; i < slow->ports.memory.shape.pipes; i++)
		if (__atomic_load_n(&slow->ports.memory.shared->busy[i], __ATOMIC_SEQ_CST))
			return true;
	return false;
}

static void watch(struct watchdog *watchdog, struct slow *slow)
{
	__u32 tick = watchdog->limit_ms / TICKS;

	__atomic_store_n(&slow->ports.memory.shared->watching, 1, __ATOMIC_SEQ_CST);
	set_timer(watchdog, tick ?: 1);
}

void watchdog_wake(struct watchdog *watchdog, struct slow *slow)
{
	__u64 count;

	if (read(slow->wake, &count, sizeof(count)) != sizeof(count))
		return;
	if (!slow->ports.memory.shared->watching)
		watch(watchdog, slow);
}

/* A pipe that wakes up at this moment sees `watching` and stays silent, or is seen busy here. */
static void rest(struct watchdog *watchdog, struct slow *slow)
{
	__atomic_store_n(&slow->ports.memory.shared->watching, 0, __ATOMIC_SEQ_CST);
	if (any_busy(slow))
		watch(watchdog, slow);
	else
		set_timer(watchdog, 0);
}

static void look_at(struct watchdog *watchdog, struct slow *slow, __u32 pipe, pid_t pid)
{
	const struct galette_pipe *record = &slow->records[pipe];
	__u64 packets = __atomic_load_n(&record->packets, __ATOMIC_RELAXED),
	      now = monotonic_ns() / 1000000;

	/* Between packets nothing takes long. */
	if (record->function == ~0u || packets != watchdog->seen[pipe].packets ||
	    !watchdog->seen[pipe].since) {
		watchdog->seen[pipe].packets = packets;
		watchdog->seen[pipe].since = record->function == ~0u ? 0 : now;
	} else if (now - watchdog->seen[pipe].since >= watchdog->limit_ms && pid) {
		watchdog->seen[pipe].since = 0;
		slow->records[pipe].hangs++;
		kill(pid, SIGKILL);
	}
}

void watchdog_tick(struct watchdog *watchdog, struct slow *slow, const pid_t *pids)
{
	__u64 times;

	if (read(watchdog->timer, &times, sizeof(times)) != sizeof(times))
		return;
	for (__u32 i = 0; i < slow->ports.memory.shape.pipes; i++)
		look_at(watchdog, slow, i, pids[i]);
	if (!any_busy(slow))
		rest(watchdog, slow);
}
