/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Flows: the key a packet's flow has in a map, its hash, and the state that
 * NFs of one chain share about it (map `flow_state`).
 */
#ifndef GALETTE_NF_FLOW_H
#define GALETTE_NF_FLOW_H

/* ---- the key ---- */

/*
 * A 5-tuple, all in network order. The same addresses in two VLANs are one
 * flow. Ports are 0 where the protocol has none, and in every fragment (the
 * first too), so that the fragments of one packet are of one flow; for the same
 * reason a fragment's protocol is what the IPv6 fragment header says comes
 * next, be it an extension header.
 */
struct nf_flow {
	nf_ip6 src;
	nf_ip6 dst;
	nf_port src_port;
	nf_port dst_port;
	__u8 protocol; /* NF_IP_* */
	__u8 zero[3];
};

_Static_assert(sizeof(struct nf_flow) == 40, "no padding: it is a hash key");

/* The flow of a packet. False: malformed, the ports are beyond the packet's end. */
static __always_inline bool parse_flow(struct pkt *pkt, const struct nf_ip *ip,
				       const struct nf_l4 *l4, struct nf_flow *flow)
{
	struct nf_ports *ports = NULL;

	if (l4_has_ports(l4)) {
		ports = parse_ports(pkt, ip, l4);
		if (!ports)
			return false;
	}
	flow->src = ip_src(ip);
	flow->dst = ip_dst(ip);
	flow->src_port = ports && !l4->fragment ? ports->src : 0;
	flow->dst_port = ports && !l4->fragment ? ports->dst : 0;
	flow->protocol = l4->first_protocol;
	flow->zero[0] = flow->zero[1] = flow->zero[2] = 0;
	return true;
}

/* Any total order of the two ends would do: this one compares them as they lie in memory. */
static __always_inline bool flow_ordered_(const struct nf_flow *flow)
{
	for (int i = 3; i >= 0; i--)
		if (flow->src.w[i] != flow->dst.w[i])
			return flow->src.w[i] < flow->dst.w[i];
	return flow->src_port <= flow->dst_port;
}

/* Turn the key around where need be, so that both directions have the same one. */
static __always_inline void flow_canonical(struct nf_flow *flow)
{
	if (flow_ordered_(flow))
		return;
	nf_swap(flow->src, flow->dst);
	nf_swap(flow->src_port, flow->dst_port);
}

/* ---- the hash ---- */

/* Multiply and fold, after the finalizer of splitmix64 (Steele, Lea, Flood, OOPSLA 2014). */
static __always_inline __u64 flow_mix_(__u64 x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

static __always_inline __u64 flow_end_hash_(const nf_ip6 *addr, nf_port port)
{
	__u64 high = (__u64)addr->w[1] << 32 | addr->w[0];
	__u64 low = (__u64)addr->w[3] << 32 | addr->w[2];

	return flow_mix_(high * 0x9e3779b97f4a7c15ull + port) + flow_mix_(low + port);
}

/* 32 bits, the same in both directions: the ends' hashes are added up. Not keyed. */
static __always_inline __u32 flow_hash(const struct nf_flow *flow)
{
	__u64 ends = flow_end_hash_(&flow->src, flow->src_port) +
		     flow_end_hash_(&flow->dst, flow->dst_port);

	return flow_mix_(ends + flow->protocol) >> 32;
}

/* ---- what is known about a flow ---- */

enum nf_verdict {
	NF_UNKNOWN, /* nobody has decided yet */
	NF_BENIGN,
	NF_ATTACK,
};

#define NF_SECOND 1000000000ull /* in nf_now()'s nanoseconds */

/* Events in the current second. Seconds are fixed windows: twice the limit may pass around an edge. */
struct nf_rate {
	__u64 since; /* nf_now() when it began */
	__u32 events;
	__u32 reserved;
};

/*
 * The value of `flow_state`, by canonical struct nf_flow; both directions of a
 * connection share it. Verdicts are one word each that only ever goes from 0
 * to 1, so no CPU and no NF can undo what another has stamped, and no lock is
 * needed: attack outweighs benign. `cleared` is no verdict: the flow has been
 * quiet for long enough, and is still counted. To start anew, delete the entry.
 */
struct nf_flow_state {
	struct nf_rate rate; /* packets, while there is no verdict */
	__u32 packets;       /* without a hit, until it is cleared or has a verdict */
	__u32 benign;
	__u32 attack;
	__u32 cleared; /* by weak-classifier's probation */
};

_Static_assert(sizeof(struct nf_flow_state) == 32, "shared by NFs that are built apart");

static __always_inline enum nf_verdict flow_verdict(const struct nf_flow_state *state)
{
	if (state->attack)
		return NF_ATTACK;
	return state->benign ? NF_BENIGN : NF_UNKNOWN;
}

static __always_inline void flow_stamp(struct nf_flow_state *state, enum nf_verdict verdict)
{
	if (verdict == NF_ATTACK)
		state->attack = 1;
	else if (verdict == NF_BENIGN)
		state->benign = 1;
}

/*
 * Count an event; true when it is more than `limit` in this second (0: no
 * limit). When CPUs meet at the start of a second, a few events may be lost.
 */
static __always_inline bool rate_over(struct nf_rate *rate, __u32 limit)
{
	__u64 now = nf_now();

	if (!limit)
		return false;
	/* Signed: another CPU may have read a later tick. */
	if ((__s64)(now - rate->since) >= (__s64)NF_SECOND) {
		rate->since = now;
		rate->events = 0;
	}
	atomic_add(&rate->events, 1);
	return rate->events > limit;
}

#endif
