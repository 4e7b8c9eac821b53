/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * weak-classifier: the cheap checks, so that only the doubtful packets need
 * the dear ones.
 *
 * A flow's entry in `flow_state` decides once a closer inspector (dpi) has
 * stamped a verdict there. Without one an attack are those packets that
 *   are more than `packets_per_second` of one flow, or
 *   start more than `new_flows_per_second` from one source address,
 * and the others are suspect, until `probation` packets without a hit have
 * cleared their flow: then benign. A cleared flow is still held to its rate,
 * for nobody has looked into it; a stamped one is not. Both limits are no
 * verdicts: a forged source must not be able to cut off the flow it pretends
 * to be. For the same reason impossible TCP flags condemn the packet and not
 * its flow. The table forgets the flows that have been quiet
 * for longest; made a plain hash by the chain file it fills up, and flows that
 * find no room stay suspect.
 *
 * Malformed packets are an attack, whatever flow they claim to be of; frames
 * that are not IP take the action `non_ip`. A limit or probation of 0 is off.
 */
#include <galette/nf.h>

enum weak_classifier {
	BENIGN,
	SUSPECT,
	ATTACK
};
NF_CONFIG(struct {
	enum weak_classifier non_ip;
	__u32 new_flows_per_second;
	__u32 packets_per_second;
	__u32 probation;
}) = { .non_ip = BENIGN, .new_flows_per_second = 100, .packets_per_second = 10000 };

NF_MAP(flow_state, LRU_HASH, struct nf_flow, struct nf_flow_state, 65535);
NF_MAP(sources, LRU_HASH, nf_ip6, struct nf_rate, 16384); /* new flows of each */

/* Every segment but the first (SYN) and a reset has ACK; only one of SYN, FIN, RST (RFC 9293). */
static __always_inline bool tcp_possible(const struct tcphdr *tcp)
{
	return tcp->syn + tcp->fin + tcp->rst <= 1 && (tcp->ack || tcp->syn || tcp->rst);
}

static __always_inline bool l4_possible(struct pkt *pkt, const struct nf_ip *ip,
					const struct nf_l4 *l4)
{
	struct tcphdr *tcp;

	if (l4->later)
		return true;
	if (l4->protocol == NF_IP_TCP) {
		tcp = parse_tcp(pkt, ip, l4);
		return tcp && tcp_possible(tcp);
	}
	return l4->protocol != NF_IP_UDP || parse_udp(pkt, ip, l4);
}

static __always_inline enum weak_classifier new_flow(const struct nf_flow *key,
						     const nf_ip6 *source)
{
	struct nf_flow_state state = { .rate = { .since = nf_now(), .events = 1 },
				       .packets = 1 };
	struct nf_rate *rate;

	if (config.new_flows_per_second) {
		rate = map_view(&sources, source);
		if (!rate)
			map_put_new(&sources, source, &state.rate);
		else if (rate_over(rate, config.new_flows_per_second))
			return ATTACK;
	}
	map_put_new(&flow_state, key, &state);
	return SUSPECT;
}

static __always_inline enum weak_classifier known_flow(struct nf_flow_state *state)
{
	switch (flow_verdict(state)) {
	case NF_BENIGN:
		return BENIGN;
	case NF_ATTACK:
		return ATTACK;
	case NF_UNKNOWN:
		break;
	}
	if (rate_over(&state->rate, config.packets_per_second)) {
		state->packets = 0;
		return ATTACK;
	}
	if (state->cleared)
		return BENIGN;
	if (config.probation && state->packets >= config.probation) {
		state->cleared = 1;
		return BENIGN;
	}
	atomic_add(&state->packets, 1);
	return SUSPECT;
}

NF(weak_classifier, enum weak_classifier)
{
	struct nf_flow_state *state;
	struct nf_flow key;
	struct nf_ip ip;
	struct nf_l4 l4;
	nf_ip6 source;

	switch (parse_ip(pkt, &ip)) {
	case NF_MALFORMED:
		return ATTACK;
	case NF_NOT_IP:
		return config.non_ip;
	case NF_IPV4:
	case NF_IPV6:
		break;
	}
	if (!parse_l4(pkt, &ip, &l4) || !parse_flow(pkt, &ip, &l4, &key) ||
	    !l4_possible(pkt, &ip, &l4))
		return ATTACK;
	source = key.src;
	flow_canonical(&key);
	state = map_view(&flow_state, &key);
	return state ? known_flow(state) : new_flow(&key, &source);
}
