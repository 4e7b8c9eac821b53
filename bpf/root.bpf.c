/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The program on every interface of a chain, for as long as the chain lives:
 * a direct jump into the running generation. Writing slot 0 is the commit.
 */
#include "delivered.h"

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} root SEC(".maps");

SEC("xdp") int galette_root(struct xdp_md *ctx)
{
	bpf_tail_call_static(ctx, &root, 0);
	return XDP_ABORTED; /* empty by accident: never pass */
}

/* On interfaces with generic XDP, where what the slow path passes comes by once more. */
SEC("xdp") int galette_root_generic(struct xdp_md *ctx)
{
	__u64 key = fingerprint(ctx, ctx->data_end - ctx->data);

	if (bpf_map_lookup_elem(&delivered, &key) && !bpf_map_delete_elem(&delivered, &key))
		return XDP_PASS;
	bpf_tail_call_static(ctx, &root, 0);
	return XDP_ABORTED;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
