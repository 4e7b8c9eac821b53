/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * compute: a function that costs time; it does not look at the packet.
 *
 * `iterations` rounds of arithmetic, each waiting for the one before. The
 * packet is left as it is; `result` keeps the outcome so that nothing can be
 * optimised away. The verifier walks a loop round by round and gives up after
 * a million instructions; with the loop's own cost shared by 16 rounds that is
 * enough for 200000 iterations, without bpf_loop (Linux 5.17).
 */
#include <galette/nf.h>

enum compute {
	DONE
};
NF_CONFIG(struct { __u32 iterations; }) = { .iterations = 1000 };
NF_MAP(result, PERCPU_ARRAY, __u32, __u64, 1);

static __always_inline __u64 round_(__u64 x)
{
	return (x ^ x >> 31) * 0x94d049bb133111ebull;
}

NF(compute, enum compute)
{
	__u64 x = pkt_len(pkt);
	__u32 i = 0;

	for (; i + 16 <= config.iterations; i += 16)
#pragma unroll
		for (int j = 0; j < 16; j++)
			x = round_(x);
	for (; i < config.iterations; i++)
		x = round_(x);
	map_add(&result, &(__u32) { 0 }, x);
	return DONE;
}
