// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* generate's two programs: paced live frames, and how long they were on their way. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

#include "generate.h"

struct generate_state generate_state;

static __always_inline struct generate_frame *frame_of(struct xdp_md *ctx)
{
	struct generate_frame *frame = (void *)(long)ctx->data;

	return (void *)(frame + 1) <= (void *)(long)ctx->data_end ? frame : NULL;
}

/* Reading the clock costs as much as sending a frame. */
static __always_inline void look_at_clock(struct generate_state *s)
{
	s->now = bpf_ktime_get_ns();
	s->age = 0;
	if (!s->first)
		s->first = s->now;
}

static __always_inline __u64 since_first(const struct generate_state *s)
{
	return s->now - s->first;
}

/* Whether a frame is due. What came too late to be sent is not made up for: no wire does. */
static __always_inline bool due(struct generate_state *s)
{
	__u64 at, late = (__u64)GENERATE_SLACK_NS << GENERATE_GAP_SHIFT;

	if (++s->age > GENERATE_AGE || !s->first ||
	    since_first(s) << GENERATE_GAP_SHIFT < s->due)
		look_at_clock(s);
	at = since_first(s);
	if (at >= s->length)
		return false;
	at <<= GENERATE_GAP_SHIFT;
	if (at < s->due)
		return false;
	if (at - s->due > late)
		s->due = at - late;
	s->due += s->gap;
	return true;
}

/* The addresses and ports of this frame, and the checksum with them. */
static __always_inline void address(struct generate_state *s, struct generate_frame *frame,
				    __u64 number, __u16 kind)
{
	__u32 random = number * 2654435761u, source = (__u64)random * s->sources >> 32;
	__u32 from = __builtin_bswap32(*(__u32 *)&s->frame.from) + source * s->stride;
	__u32 sum = s->frame.check;

	frame->from[0] = __builtin_bswap16(from >> 16);
	frame->from[1] = __builtin_bswap16(from);
	frame->to[1] = s->frame.to[1] + __builtin_bswap16(kind);
	frame->sport = __builtin_bswap16(__builtin_bswap16(s->frame.sport) + number % s->flows);
	frame->dport = s->frame.dport + __builtin_bswap16(kind);
	sum += frame->from[0] + frame->from[1] + frame->to[0] + frame->to[1];
	sum = (sum & 0xffff) + (sum >> 16);
	frame->check = ~(sum + (sum >> 16));
}

/*
 * Runs over and over, in batches; each run that finds no frame due drops what it was
 * given. Between batches the kernel lets others run, which a program that waits would not.
 */
SEC("xdp") int generate(struct xdp_md *ctx)
{
	struct generate_state *s = &generate_state;
	struct generate_frame *frame = frame_of(ctx);
	__u64 number = s->sent[GENERATE_LIGHT] + s->sent[GENERATE_HEAVY];
	__u16 kind = GENERATE_LIGHT;

	if (!frame || !due(s))
		return XDP_DROP;
	if (s->heavy && bpf_get_prandom_u32() < s->heavy)
		kind = GENERATE_HEAVY;
	/* Frames are used again with what has been written into them: write all of it. */
	*frame = s->frame;
	address(s, frame, number, kind);
	frame->kind = kind;
	if (number % s->timed == 0) {
		look_at_clock(s);
		frame->time = s->now;
	}
	s->sent[kind]++;
	return bpf_redirect(s->out[number / GENERATE_RUN % GENERATE_OUTS_MAX], 0);
}

static __always_inline void time(struct generate_counts *c, __u64 sent)
{
	__u64 ns;
	__u32 slot;

	c->last = bpf_ktime_get_ns();
	ns = c->last - sent;
	slot = generate_slot(ns);
	c->timed++;
	if (ns > c->max)
		c->max = ns;
	if (slot < GENERATE_SLOTS)
		c->slot[slot]++;
}

SEC("xdp") int sink(struct xdp_md *ctx)
{
	struct generate_state *s = &generate_state;
	struct generate_frame *frame = frame_of(ctx);
	struct generate_counts *c;

	if (!frame || frame->magic != s->frame.magic)
		return XDP_PASS;
	c = &s->sunk[frame->kind == GENERATE_HEAVY ? GENERATE_HEAVY : GENERATE_LIGHT];
	c->packets++;
	c->bytes += ctx->data_end - ctx->data + GENERATE_FCS;
	if (frame->time)
		time(c, frame->time);
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
