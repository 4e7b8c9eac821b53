/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Hands frames to galette-slow as they are: whoever sends them writes the upcall head. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

/* The chain's own, which bpftool puts here. */
struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} xsks SEC(".maps");

SEC("xdp") int forge(struct xdp_md *ctx)
{
	return bpf_redirect_map(&xsks, 0, XDP_ABORTED);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
