/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What galette-slow gives to the stack is received a second time, and generic XDP,
 * which is a part of the stack, sees it again. Before it goes there it is noted
 * here; whoever finds a packet noted lets it pass, once. Of two packets that are
 * alike each may take the other's place.
 */
#ifndef DELIVERED_H
#define DELIVERED_H

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

enum {
	FINGERPRINT_WORDS = 16
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, __u8);
} delivered SEC(".maps");

/*
 * Of its interface, its length and its first 128 bytes. The caller gives the length: subtracting
 * packet pointers takes CAP_PERFMON, which galette-slow does without, and bpf_xdp_get_buff_len()
 * takes Linux 5.18, without which the root program does.
 */
static __always_inline __u64 fingerprint(struct xdp_md *ctx, __u32 length)
{
	void *end = (void *)(long)ctx->data_end;
	__u64 *at = (void *)(long)ctx->data;
	__u64 sum = (__u64)ctx->ingress_ifindex << 32 | length;

#pragma unroll
	for (int i = 0; i < FINGERPRINT_WORDS; i++) {
		if ((void *)(at + i + 1) <= end) {
			sum = (sum ^ at[i]) * 0x9e3779b97f4a7c15ull;
			sum ^= sum >> 29;
		}
	}
	return sum;
}

#endif
