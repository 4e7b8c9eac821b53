/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * decrement-ip-ttl: what a router does to the TTL or hop limit.
 *
 * A packet whose TTL is 1 or 0 has expired (RFC 1812, 5.3.1; RFC 8200, 3) and
 * is left as it is: sent to `pass`, the kernel may answer it with an ICMP
 * error. Malformed packets count as expired, for a router does not forward
 * them. Frames that are not IP are forwarded untouched.
 */
#include <galette/nf.h>

enum decrement_ip_ttl {
	FORWARD,
	EXPIRED
};

static __always_inline void ip4_decrement_ttl(struct iphdr *ip)
{
	__be16 *word = (__be16 *)&ip->ttl; /* and protocol: the 16 bits the checksum covers */
	__be16 was = *word;

	ip->ttl--;
	csum_replace2(&ip->check, was, *word);
}

NF(decrement_ip_ttl, enum decrement_ip_ttl)
{
	struct nf_ip ip;

	switch (parse_ip(pkt, &ip)) {
	case NF_MALFORMED:
		return EXPIRED;
	case NF_NOT_IP:
		return FORWARD;
	case NF_IPV4:
		if (ip.v4->ttl <= 1)
			return EXPIRED;
		ip4_decrement_ttl(ip.v4);
		return FORWARD;
	case NF_IPV6:
		if (ip.v6->hop_limit <= 1)
			return EXPIRED;
		ip.v6->hop_limit--;
		return FORWARD;
	}
	return EXPIRED;
}
