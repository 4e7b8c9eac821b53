/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Counts in every way that both worlds can count in at once, and tells the time
 * it has: what selftests/nf/native_test.c adds up.
 */
#include <galette/nf.h>

enum native_tally {
	NONE,
	COUNTED
};

struct tally {
	__u64 viewed;
	__u32 viewed32;
	__u32 kernel, native; /* stored by one side only */
	__u32 zero;
};

NF_CONFIG(struct { __u32 is_native; });
NF_MAP(tallies, HASH, __u32, struct tally, 4);
NF_MAP(added, HASH, __u32, __u64, 4);
NF_MAP(own, PERCPU_ARRAY, __u32, __u64, 2);

NF(native_tally, enum native_tally)
{
	__u64 *stamp = pkt_at(pkt, 16, sizeof(*stamp));
	__u32 key = 1;
	struct tally *tally = map_view(&tallies, &key);

	if (stamp)
		*stamp = nf_now();
	if (!tally)
		return NONE;
	atomic_add(&tally->viewed, 1);
	if (config.is_native)
		tally->native++;
	else
		tally->kernel++;
	atomic_add(&tally->viewed32, 3);
	map_add(&added, &key, 2);
	map_add(&own, &(__u32) { 0 }, 1);
	return COUNTED;
}
