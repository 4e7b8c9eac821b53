/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * load-balance: send a share of the flows another way.
 *
 * `secondary_ppm` of a million flows go secondary, chosen by a hash of
 * addresses, protocol and ports: all packets of a flow, both directions and
 * all fragments of a packet go the same way. Malformed packets and frames that
 * are not IP go primary.
 */
#include <galette/nf.h>

enum load_balance {
	PRIMARY,
	SECONDARY
};
NF_CONFIG(struct { __u32 secondary_ppm; }) = { .secondary_ppm = 500000 };

NF(load_balance, enum load_balance)
{
	struct nf_flow flow;
	struct nf_ip ip;
	struct nf_l4 l4;

	switch (parse_ip(pkt, &ip)) {
	case NF_MALFORMED:
	case NF_NOT_IP:
		return PRIMARY;
	case NF_IPV4:
	case NF_IPV6:
		break;
	}
	if (!parse_l4(pkt, &ip, &l4) || !parse_flow(pkt, &ip, &l4, &flow))
		return PRIMARY;
	/* The hash as a fraction of 2^32, in millionths. */
	return ((__u64)flow_hash(&flow) * 1000000) >> 32 < config.secondary_ppm ? SECONDARY
										: PRIMARY;
}
