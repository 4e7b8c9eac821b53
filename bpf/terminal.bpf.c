/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The targets that end a chain, as programs: so every edge is a slot like any other. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

#include <galette/abi.h>

SEC("xdp") int galette_tx(struct xdp_md *ctx)
{
	return XDP_TX;
}

SEC("xdp") int galette_drop(struct xdp_md *ctx)
{
	return XDP_DROP;
}

SEC("xdp") int galette_pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp") int galette_abort(struct xdp_md *ctx)
{
	return XDP_ABORTED;
}

/* The generation's own: the tool replaces it. Index: that of the interface. */
struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, GALETTE_INTERFACES_MAX);
	__type(key, __u32);
	__type(value, __u32);
} devmap SEC(".maps");

/* Set by the tool before loading: where tx(IF) goes. */
const volatile __u32 egress;

SEC("xdp") int galette_redirect(struct xdp_md *ctx)
{
	return bpf_redirect_map(&devmap, egress, XDP_ABORTED);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
