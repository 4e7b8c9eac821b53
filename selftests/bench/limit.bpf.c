// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The limit of what chains can reach: nf/macswap, its count too, by hand in one program, once and eight times. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} limit_count SEC(".maps");

static __always_inline bool swap(struct xdp_md *ctx)
{
	struct {
		__u16 dst[3], src[3];
	} *mac = (void *)(long)ctx->data;
	__u32 zero = 0;
	__u64 *count = bpf_map_lookup_elem(&limit_count, &zero);

	if ((void *)(mac + 1) > (void *)(long)ctx->data_end)
		return false;
	for (int i = 0; i < 3; i++) {
		__u16 word = mac->dst[i];

		mac->dst[i] = mac->src[i];
		mac->src[i] = word;
	}
	if (count)
		(*count)++;
	asm volatile("" ::: "memory"); /* what comes next does it again, and not the contrary */
	return true;
}

SEC("xdp") int limit(struct xdp_md *ctx)
{
	return swap(ctx) ? XDP_TX : XDP_DROP;
}

/* Of chains of eight. */
SEC("xdp.eight") int eight(struct xdp_md *ctx)
{
	for (int i = 0; i < 8; i++)
		if (!swap(ctx))
			return XDP_DROP;
	return XDP_TX;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
