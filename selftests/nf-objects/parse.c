/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Writes what every parser finds into a map, for selftests/nf/parse_test.c. */
#include <galette/nf.h>

enum parse {
	DONE
};

/* Offsets are those of the frame's bytes; 0: the parser found nothing. */
struct parsed {
	__u32 kind;
	__u32 ip, ip_end;
	__u32 l4_good, l4, protocol, fragment, later;
	__u32 ports, tcp, udp, icmp, arp;
	__u32 flow_good, hash;
	struct nf_flow flow, canonical;
};

NF_MAP(parsed, ARRAY, __u32, struct parsed, 1);

static __always_inline __u32 offset(struct pkt *pkt, void *at)
{
	return at ? at - pkt_at(pkt, 0, 1) : 0;
}

static __always_inline void parse_transport(struct pkt *pkt, const struct nf_ip *ip,
					    struct parsed *p)
{
	struct nf_l4 l4;

	p->l4_good = parse_l4(pkt, ip, &l4);
	if (!p->l4_good)
		return;
	p->l4 = l4.off;
	p->protocol = l4.protocol;
	p->fragment = l4.fragment;
	p->later = l4.later;
	p->ports = offset(pkt, parse_ports(pkt, ip, &l4));
	p->tcp = offset(pkt, parse_tcp(pkt, ip, &l4));
	p->udp = offset(pkt, parse_udp(pkt, ip, &l4));
	p->icmp = offset(pkt, parse_icmp(pkt, ip, &l4));
	p->flow_good = parse_flow(pkt, ip, &l4, &p->flow);
	if (p->flow_good) {
		p->canonical = p->flow;
		flow_canonical(&p->canonical);
		p->hash = flow_hash(&p->flow);
	}
}

NF(parse, enum parse)
{
	struct parsed *p = map_view(&parsed, &(__u32) { 0 });
	enum nf_kind kind;
	struct nf_eth eth;
	struct nf_ip ip;

	if (!p || !pkt_at(pkt, 0, 1))
		return DONE;
	kind = parse_ip(pkt, &ip);
	p->kind = kind;
	if (parse_eth(pkt, &eth))
		p->arp = offset(pkt, parse_arp(pkt, &eth));
	/* Not what the map says: the verifier does not know that it is the same. */
	if (kind == NF_IPV4 || kind == NF_IPV6) {
		p->ip = ip.off;
		p->ip_end = ip.end;
		parse_transport(pkt, &ip, p);
	}
	return DONE;
}
