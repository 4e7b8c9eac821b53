// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* loadgen's two programs: numbered live frames out of an interface, and what comes back. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

#include "stamp.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct load_frame);
} frame SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct load_counts);
} counts SEC(".maps");

static __always_inline struct stamp *stamp_at(struct xdp_md *ctx, __u32 off)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;

	if (off > 0x3fff)
		return NULL;
	data += off;
	return data + sizeof(struct stamp) <= end ? data : NULL;
}

/* Frames are recycled with what the chain wrote into them: write all of it again. */
SEC("xdp") int load_generate(struct xdp_md *ctx)
{
	__u32 zero = 0;
	struct load_frame *tmpl = bpf_map_lookup_elem(&frame, &zero);
	struct load_counts *c = bpf_map_lookup_elem(&counts, &zero);
	__u64 *to = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct stamp *stamp;

	if (!tmpl || !c)
		return XDP_ABORTED;
	for (__u32 i = 0; i < LOAD_HEADER / 8 && i * 8 < tmpl->length; i++) {
		if ((void *)(to + i + 1) > end)
			return XDP_ABORTED;
		to[i] = ((__u64 *)tmpl->header)[i];
	}
	stamp = stamp_at(ctx, tmpl->length);
	if (!stamp)
		return XDP_ABORTED;
	*stamp = (struct stamp) { .magic = STAMP_MAGIC, .seq = ++c->sent };
	return XDP_TX;
}

SEC("xdp") int load_sink(struct xdp_md *ctx)
{
	__u32 zero = 0, len = ctx->data_end - ctx->data;
	struct load_frame *tmpl = bpf_map_lookup_elem(&frame, &zero);
	struct load_counts *c = bpf_map_lookup_elem(&counts, &zero);
	struct stamp *stamp;

	if (!tmpl || !c || len < sizeof(*stamp))
		return XDP_PASS;
	stamp = stamp_at(ctx, len - sizeof(*stamp));
	if (!stamp || stamp->magic != STAMP_MAGIC)
		return XDP_PASS;
	c->received++;
	c->by_build[stamp->build < STAMP_BUILDS ? stamp->build : STAMP_BUILDS - 1]++;
	if (stamp->mixed)
		c->mixed++;
	if (tmpl->hops && stamp->hops != tmpl->hops)
		c->short_++;
	if (c->received > 1 && stamp->build != tmpl->last_build)
		c->switches++;
	if (stamp->seq <= tmpl->last_seq)
		c->backward++;
	tmpl->last_build = stamp->build;
	tmpl->last_seq = stamp->seq;
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
