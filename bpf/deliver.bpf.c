/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How galette-slow gives packets to the stack: run with live frames, as if received. A frame
 * comes with the number of a pipe, and leaves with the next packet of its queue.
 */
#include "delivered.h"
#include "deliver_queue.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* pipes: set before loading */
	__type(key, __u32);
	__type(value, struct deliver_queue);
} queues SEC(".maps");

enum {
	ETH_HLEN = 14,
	EEXIST = 17
};

/* 0, or not 0 where it has no room, or is none. */
static __always_inline long fill(struct xdp_md *ctx, const struct deliver_slot *slot)
{
	__u32 length = slot->length;

	if (length < ETH_HLEN || length > DELIVER_ROOM)
		return -1;
	return bpf_xdp_adjust_tail(ctx, (int)length - DELIVER_LEAST)
		       ?: bpf_xdp_store_bytes(ctx, 0, (void *)slot->packet, length);
}

/*
 * For the program on an interface with generic XDP, which sees the packet again. A second one that
 * is alike waits for the next run, when the first has come by; what is noted when a run begins
 * never does.
 */
static __always_inline long note(struct xdp_md *ctx, bool first)
{
	__u64 key = fingerprint(ctx, bpf_xdp_get_buff_len(ctx));
	__u8 one = 1;

	return bpf_map_update_elem(&delivered, &key, &one, first ? BPF_ANY : BPF_NOEXIST);
}

/* The kernel may have a frame that was dropped come again in the same run. */
static __always_inline int drop(struct xdp_md *ctx, __u32 pipe)
{
	bpf_xdp_store_bytes(ctx, 0, &pipe, sizeof(pipe));
	return XDP_DROP;
}

SEC("xdp") int galette_deliver(struct xdp_md *ctx)
{
	struct deliver_call *call = (void *)(long)ctx->data;
	struct deliver_queue *queue;
	__u32 pipe, at;
	long err;

	if ((void *)(call + 1) > (void *)(long)ctx->data_end)
		return XDP_DROP;
	pipe = call->pipe;
	queue = bpf_map_lookup_elem(&queues, &pipe);
	if (!queue)
		return XDP_DROP;
	at = queue->next;
	if (at >= DELIVER_BATCH || queue->held)
		return XDP_DROP;
	err = fill(ctx, &queue->slot[at]);
	if (!err && queue->generic)
		err = note(ctx, at == queue->begin);
	if (err == -EEXIST) {
		queue->held = 1;
		return drop(ctx, pipe);
	}
	queue->next = at + 1;
	if (!err)
		return XDP_PASS;
	queue->failed++;
	return drop(ctx, pipe);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
