/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* watch: when the first and the last packet of each build came by. One CPU's load at a time. */
#include <galette/nf.h>

enum watch_action {
	NEXT
};
NF_CONFIG(struct { __u32 build; });

struct watched {
	__u64 first, last; /* CLOCK_MONOTONIC, ns */
	__u64 packets;
};
NF_MAP(watched, ARRAY, __u32, struct watched, 1024);

NF(watch, enum watch_action)
{
	struct watched *w = map_view(&watched, &(__u32) { config.build });

	if (!w)
		return NEXT;
	w->last = bpf_ktime_get_ns();
	if (!w->packets++)
		w->first = w->last;
	return NEXT;
}
