// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* layout's two programs: the choice of a pipe, the sink. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

#include "layout.h"

struct layout_state layout_state;

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, LAYOUT_PIPES);
	__type(key, __u32);
	__type(value, __u32);
} layout_xsks SEC(".maps");

static __always_inline struct layout_frame *frame(struct xdp_md *ctx)
{
	struct layout_frame *f = (void *)(long)ctx->data;

	return (void *)(f + 1) <= (void *)(long)ctx->data_end ? f : NULL;
}

SEC("xdp") int layout_steer(struct xdp_md *ctx)
{
	struct layout_state *s = &layout_state;
	struct layout_frame *f = frame(ctx);

	if (!f || f->magic != LAYOUT_MAGIC || !s->pipes)
		return XDP_PASS;
	return bpf_redirect_map(&layout_xsks, layout_hash(f) % (__u32)s->pipes, XDP_DROP);
}

SEC("xdp") int layout_sink(struct xdp_md *ctx)
{
	struct layout_state *s = &layout_state;
	struct layout_frame *f = frame(ctx);
	__u64 *last;

	if (!f || f->magic != LAYOUT_MAGIC)
		return XDP_PASS;
	last = &s->last[f->seq % LAYOUT_FLOWS];
	if (f->seq <= *last)
		s->misordered++;
	*last = f->seq;
	if (f->dst[0] != 4 || f->src[0] != 2)
		s->broken++;
	s->latency[s->received++ % LAYOUT_SAMPLES] = bpf_ktime_get_ns() - f->time;
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
