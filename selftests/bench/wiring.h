/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Other ways to run one NF's body N times, to hold ours against: BODY is
 * the inlined body of an NF of nf/, included before.
 */

/* By hand, in one program: what no chaining can beat. No counters. */
#define FUSED(N)                                                             \
	SEC("xdp") int fused_##N(struct xdp_md *ctx)                         \
	{                                                                    \
		struct pkt pkt = { .ctx = ctx };                             \
                                                                             \
		_Pragma("unroll") for (int i = 0; i < (N);                   \
				       i++) if (BODY(&pkt)) return XDP_DROP; \
		return XDP_TX;                                               \
	}

FUSED(1)
FUSED(2)
FUSED(4)
FUSED(8)
FUSED(16)
FUSED(31)

/* For libxdp's dispatcher, which goes on with the next one. */
SEC("xdp") int dispatched(struct xdp_md *ctx)
{
	struct pkt pkt = { .ctx = ctx };

	return BODY(&pkt) ? XDP_DROP : XDP_PASS;
}

/* As the original GALETTE does: each NF has a map of what its actions are, and a prog array. */
enum act {
	ACT_TX,
	ACT_DROP,
	ACT_ABORT,
	ACT_UPCALL,
	ACT_TAIL_CALL,
	ACT_PASS
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GALETTE_ACTIONS_MAX);
	__type(key, __u32);
	__type(value, __u32);
} acts_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, GALETTE_ACTIONS_MAX);
	__type(key, __u32);
	__type(value, __u32);
} jumps SEC(".maps");

/*
 * Always 0, but the verifier cannot know: as with any NF of several actions,
 * which of them it is only the packet decides.
 */
__u32 unknown;

SEC("xdp") int original(struct xdp_md *ctx)
{
	struct pkt pkt = { .ctx = ctx };
	__u32 action = BODY(&pkt) + *(volatile __u32 *)&unknown;
	__u32 *act = bpf_map_lookup_elem(&acts_map, &action);

	switch (act ? *act : ACT_ABORT) {
	case ACT_TX:
		return XDP_TX;
	case ACT_DROP:
		return XDP_DROP;
	case ACT_PASS:
		return XDP_PASS;
	case ACT_TAIL_CALL:
		bpf_tail_call(ctx, &jumps, action);
	}
	return XDP_ABORTED;
}

/* By tail calls alone: a constant index, nothing counted, nowhere else to go. */
SEC("xdp") int tail_calls(struct xdp_md *ctx)
{
	struct pkt pkt = { .ctx = ctx };

	if (BODY(&pkt))
		return XDP_DROP;
	asm volatile("r1 = %[ctx]\n\t"
		     "r2 = %[jumps] ll\n\t"
		     "r3 = 0\n\t"
		     "call 12" /* bpf_tail_call() */
		     :
		     : [ctx] "r"(ctx), [jumps] "i"(&jumps)
		     : "r0", "r1", "r2", "r3", "r4", "r5", "memory");
	return XDP_ABORTED;
}

SEC("xdp") int tail_calls_end(struct xdp_md *ctx)
{
	return XDP_TX;
}
