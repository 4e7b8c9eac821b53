/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Out of the kernel, to galette-slow: one program a slot. It writes in front of
 * the packet where to go on, and hands it to the socket of the packet's queue
 * and pipe. All packets of a flow, in both directions, have one pipe; those that
 * are in no flow have the first.
 */
#include <galette/nf.h>

/* The generation's own: the tool replaces them. */
struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} xsks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct galette_upcall);
} upcalls SEC(".maps");

/* Set by the tool before loading. */
const volatile struct galette_upcall_head head;
const volatile struct galette_slowpath slowpath;
const volatile __u32 slot;
const volatile __u32 interfaces;
const volatile __u32 ifindex[GALETTE_INTERFACES_MAX];

static __always_inline __u32 pipe_of(struct xdp_md *ctx)
{
	struct pkt pkt = { .ctx = ctx };
	struct nf_flow flow;
	struct nf_ip ip;
	struct nf_l4 l4;

	switch (parse_ip(&pkt, &ip)) {
	case NF_MALFORMED:
	case NF_NOT_IP:
		return 0;
	case NF_IPV4:
	case NF_IPV6:
		break;
	}
	if (!parse_l4(&pkt, &ip, &l4) || !parse_flow(&pkt, &ip, &l4, &flow))
		return 0;
	/* Not the hash itself: a load-balance before this may have chosen by it. */
	return (__u64)(flow_hash(&flow) * 0x9e3779b1u) * slowpath.pipes >> 32;
}

static __always_inline __u32 interface_of(struct xdp_md *ctx)
{
#pragma unroll
	for (__u32 i = 1; i < GALETTE_INTERFACES_MAX; i++)
		if (i < interfaces && ctx->ingress_ifindex == ifindex[i])
			return i;
	return 0;
}

static __always_inline bool prepend_head(struct xdp_md *ctx)
{
	struct galette_upcall_head *to;

	if (bpf_xdp_adjust_head(ctx, -(int)sizeof(*to)))
		return false;
	to = (void *)(long)ctx->data;
	if ((void *)(to + 1) > (void *)(long)ctx->data_end)
		return false;
	to->generation = head.generation;
	to->function = head.function;
	to->slot = head.slot;
	return true;
}

SEC("xdp") int galette_upcall(struct xdp_md *ctx)
{
	__u32 key = slot, queue = ctx->rx_queue_index;
	struct galette_upcall *count = bpf_map_lookup_elem(&upcalls, &key);
	__u32 pipe = slowpath.pipes > 1 ? pipe_of(ctx) : 0;
	__u32 xsk = GALETTE_XSK(&slowpath, interface_of(ctx), queue, pipe);
	int action;

	if (!count)
		return XDP_ABORTED;
	/*
	 * First, for with the head in front nothing but a socket can take the packet; the flags are
	 * what comes back when there is none.
	 */
	action = queue < slowpath.queues ? bpf_redirect_map(&xsks, xsk, slowpath.absent)
					 : slowpath.absent;
	if (action != XDP_REDIRECT) {
		count->absent++;
		return action;
	}
	if (!prepend_head(ctx)) {
		count->lost++;
		return XDP_DROP;
	}
	count->sent++;
	return XDP_REDIRECT;
}
