/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How galette-slow gives packets to the stack: run with live frames, as if received. */
#include "delivered.h"

SEC("xdp") int galette_deliver(struct xdp_md *ctx)
{
	return XDP_PASS;
}

/* To an interface with generic XDP. */
SEC("xdp") int galette_deliver_generic(struct xdp_md *ctx)
{
	__u64 key = fingerprint(ctx);
	__u8 one = 1;

	return bpf_map_update_elem(&delivered, &key, &one, BPF_ANY) ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
