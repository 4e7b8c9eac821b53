/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>

#include "diag.h"
#include "slowpath/monotonic.h"
#include "timing.h"

static __u64 ns[TIMING_PHASES], since;
static enum timing now;

enum timing timing_enter(enum timing phase)
{
	__u64 time = monotonic_ns();
	enum timing before = now;

	if (since)
		ns[now] += time - since;
	since = time;
	now = phase;
	return before;
}

void timing_report(const char *command)
{
	static const char *const names[] = { "lock",      "read",   "parse", "load", "attach",
					     "slow path", "commit", "tidy",  "drain" };
	char parts[TIMING_PHASES * 32] = "";
	__u64 total = 0;
	int length = 0;

	if (!since)
		return;
	timing_enter(now);
	for (int i = 0; i < TIMING_PHASES; i++) {
		if (ns[i])
			length += snprintf(parts + length, sizeof(parts) - length, "%s %s %.3f",
					   length ? "," : "", names[i], ns[i] / 1e6);
		total += ns[i];
	}
	info("%s took %.3f ms:%s", command, total / 1e6, parts);
}
