/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The program on every interface of a chain, for as long as the chain lives:
 * a direct jump into the running generation. Writing slot 0 is the commit.
 */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

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

char LICENSE[] SEC("license") = "Dual BSD/GPL";
