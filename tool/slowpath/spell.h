/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whether a pipe without packets goes to sleep. Sleeping and being woken costs as much CPU
 * time as some packets: a pipe that had packets for three quarters of a spell does without in the
 * next one, until it has them for half of one or less. So it keeps up with more than it could
 * else, takes no core for little, and none for nothing.
 */
#ifndef SLOWPATH_SPELL_H
#define SLOWPATH_SPELL_H

#include <linux/types.h>
#include <stdbool.h>

#define SPELL_NS 1000000ull /* at least */

/* All in ns, CLOCK_MONOTONIC. */
struct spell {
	__u64 began;
	__u64 seen; /* reckoned until then */
	__u64 idle; /* without packets, since it began */
	bool awake; /* not to sleep */
};

static inline void spell_begin(struct spell *spell, __u64 now)
{
	*spell = (struct spell) { .began = now, .seen = now };
}

/* What has passed since this was last called: whether with packets. */
static inline void spell_pass(struct spell *spell, __u64 now, bool packets)
{
	__u64 past = now - spell->began;

	if (!packets)
		spell->idle += now - spell->seen;
	spell->seen = now;
	if (past < SPELL_NS)
		return;
	spell->awake = spell->idle < past / (spell->awake ? 2 : 4);
	spell->began = now;
	spell->idle = 0;
}

#endif
