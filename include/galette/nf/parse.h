/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Parsers over pkt_at(): each takes what the one before found, reads only its
 * own layer, and checks every length against the frame before it is used.
 *
 *   parse_eth    Ethernet, up to NF_VLAN_MAX VLAN tags
 *   parse_arp    ARP for IPv4 over Ethernet
 *   parse_ip     IPv4 or IPv6, with the layer below: enough for addresses
 *   parse_l4     IPv6 extension headers; where the transport header is
 *   parse_ports, parse_tcp, parse_udp, parse_icmp
 *
 * Fields stay in network order, as they are in the packet; offsets and lengths
 * are bytes from the frame's first byte, in host order. Pointers into the
 * packet are good until its head or tail is moved.
 */
#ifndef GALETTE_NF_PARSE_H
#define GALETTE_NF_PARSE_H

enum {
	NF_VLAN_MAX = 2,    /* 802.1Q in 802.1ad; more is malformed */
	NF_IP6_EXT_MAX = 8, /* more in one packet is malformed */
};

/* EtherTypes (IEEE 802 numbers), in host order. */
enum {
	NF_ETH_IPV4 = 0x0800,
	NF_ETH_ARP = 0x0806,
	NF_ETH_VLAN = 0x8100, /* 802.1Q C-tag */
	NF_ETH_IPV6 = 0x86dd,
	NF_ETH_QINQ = 0x88a8, /* 802.1ad S-tag */
};

/* IP protocol numbers and IPv6 next headers (IANA). */
enum {
	NF_IP_HOPOPTS = 0,
	NF_IP_ICMP = 1,
	NF_IP_TCP = 6,
	NF_IP_UDP = 17,
	NF_IP_DCCP = 33,
	NF_IP_ROUTING = 43,
	NF_IP_FRAGMENT = 44,
	NF_IP_AH = 51,
	NF_IP_ICMPV6 = 58,
	NF_IP_DSTOPTS = 60,
	NF_IP_SCTP = 132,
	NF_IP_UDPLITE = 136,
};

/* ---- Ethernet ---- */

struct nf_eth {
	__be16 proto; /* EtherType, or an 802.3 length (< 0x600), behind the tags */
	__u16 off;    /* of what follows: 14, 18 or 22 */
};

static __always_inline bool eth_is_tag_(__be16 proto)
{
	return proto == nf_htons(NF_ETH_VLAN) || proto == nf_htons(NF_ETH_QINQ);
}

/* False: the frame ends within its header or a tag, or has more tags than NF_VLAN_MAX. */
static __always_inline bool parse_eth(struct pkt *pkt, struct nf_eth *eth)
{
	struct ethhdr *head = pkt_at(pkt, 0, sizeof(*head));

	if (!head)
		return false;
	eth->proto = head->h_proto;
	eth->off = sizeof(*head);
	for (int i = 0; i < NF_VLAN_MAX; i++) {
		struct vlan_hdr *tag;

		if (!eth_is_tag_(eth->proto))
			return true;
		tag = pkt_at(pkt, eth->off, sizeof(*tag));
		if (!tag)
			return false;
		eth->proto = tag->h_vlan_encapsulated_proto;
		eth->off += sizeof(*tag);
	}
	return !eth_is_tag_(eth->proto);
}

/* ---- ARP ---- */

/* RFC 826 with 48-bit hardware and 32-bit protocol addresses; the latter only 16-bit aligned. */
struct nf_arp {
	struct arphdr head;
	nf_mac sender_mac;
	__be16 sender_ip[2];
	nf_mac target_mac;
	__be16 target_ip[2];
};

_Static_assert(sizeof(struct nf_arp) == 28, "ARP, IPv4 over Ethernet");

/* NULL: not ARP, not for IPv4 over Ethernet, or truncated. */
static __always_inline struct nf_arp *parse_arp(struct pkt *pkt, const struct nf_eth *eth)
{
	struct nf_arp *arp;

	if (eth->proto != nf_htons(NF_ETH_ARP))
		return NULL;
	arp = pkt_at(pkt, eth->off, sizeof(*arp));
	if (!arp || arp->head.ar_hrd != nf_htons(1) ||
	    arp->head.ar_pro != nf_htons(NF_ETH_IPV4) || arp->head.ar_hln != 6 ||
	    arp->head.ar_pln != 4)
		return NULL;
	return arp;
}

/* ---- IP ---- */

enum nf_kind {
	NF_MALFORMED, /* truncated, lengths that contradict each other, false addresses */
	NF_NOT_IP,
	NF_IPV4,
	NF_IPV6,
};

struct nf_ip {
	enum nf_kind kind;
	union {
		struct iphdr *v4;   /* NF_IPV4 */
		struct ipv6hdr *v6; /* NF_IPV6 */
	};
	__u32 off; /* of the IP header */
	__u32 end; /* one past the IP packet's last byte: Ethernet padding is behind it */
};

/* RFC 791, 3.1. */
static __always_inline enum nf_kind parse_ip4(struct pkt *pkt, struct nf_ip *ip)
{
	struct iphdr *head = pkt_at(pkt, ip->off, sizeof(*head));
	__u32 len;

	if (!head || head->version != 4 || head->ihl < 5)
		return NF_MALFORMED;
	len = nf_ntohs(head->tot_len);
	if (len < head->ihl * 4u || ip->off + len > pkt_len(pkt))
		return NF_MALFORMED;
	ip->v4 = head;
	ip->end = ip->off + len;
	return NF_IPV4;
}

/* ::ffff:0:0/96, which is how IPv4 addresses are kept (ip4_mapped()). */
static __always_inline bool ip6_is_mapped_(const struct in6_addr *addr)
{
	return !(addr->in6_u.u6_addr32[0] | addr->in6_u.u6_addr32[1] |
		 (addr->in6_u.u6_addr32[2] ^ nf_htonl(0xffff)));
}

/*
 * RFC 8200, 3. A jumbogram (RFC 2675) has payload_len 0 and ends where its header
 * does. Mapped addresses are for sockets, not for the wire (RFC 6890, 2.2.3): such
 * a packet must not be taken for one of IPv4.
 */
static __always_inline enum nf_kind parse_ip6(struct pkt *pkt, struct nf_ip *ip)
{
	struct ipv6hdr *head = pkt_at(pkt, ip->off, sizeof(*head));
	__u32 len;

	if (!head || head->version != 6)
		return NF_MALFORMED;
	len = sizeof(*head) + nf_ntohs(head->payload_len);
	if (ip->off + len > pkt_len(pkt) || ip6_is_mapped_(&head->saddr) ||
	    ip6_is_mapped_(&head->daddr))
		return NF_MALFORMED;
	ip->v6 = head;
	ip->end = ip->off + len;
	return NF_IPV6;
}

/* The IP header of a frame; what is behind it is not looked at. Checksums are not verified. */
static __always_inline enum nf_kind parse_ip(struct pkt *pkt, struct nf_ip *ip)
{
	struct nf_eth eth;

	*ip = (struct nf_ip) {}; /* and so NF_MALFORMED; clang moves even what nobody reads */
	if (!parse_eth(pkt, &eth))
		return NF_MALFORMED;
	ip->off = eth.off;
	if (eth.proto == nf_htons(NF_ETH_IPV4))
		ip->kind = parse_ip4(pkt, ip);
	else if (eth.proto == nf_htons(NF_ETH_IPV6))
		ip->kind = parse_ip6(pkt, ip);
	else
		ip->kind = NF_NOT_IP;
	return ip->kind;
}

static __always_inline nf_ip6 ip6_addr_(const struct in6_addr *addr)
{
	return (nf_ip6) { { addr->in6_u.u6_addr32[0], addr->in6_u.u6_addr32[1],
			    addr->in6_u.u6_addr32[2], addr->in6_u.u6_addr32[3] } };
}

/* An IPv4 address as an nf_ip6. */
static __always_inline nf_ip6 ip4_mapped(nf_ip4 addr)
{
	return (nf_ip6) { { 0, 0, nf_htonl(0xffff), addr } };
}

/* The addresses of a packet that parse_ip() called NF_IPV4 or NF_IPV6. */
static __always_inline nf_ip6 ip_src(const struct nf_ip *ip)
{
	return ip->kind == NF_IPV4 ? ip4_mapped(ip->v4->saddr) : ip6_addr_(&ip->v6->saddr);
}

static __always_inline nf_ip6 ip_dst(const struct nf_ip *ip)
{
	return ip->kind == NF_IPV4 ? ip4_mapped(ip->v4->daddr) : ip6_addr_(&ip->v6->daddr);
}

/* ---- transport ---- */

struct nf_l4 {
	__u32 off;     /* of the transport header; of the data where `later` */
	__u8 protocol; /* NF_IP_*, the first that is no extension header */
	bool fragment; /* the packet is one of several fragments */
	bool later;    /* and not the first: the transport header is in another packet */
	/* What all fragments of a packet know: a fragment's first header. Else as protocol. */
	__u8 first_protocol;
};

/* RFC 791, 3.1: flags and offset, the latter in units of 8 bytes. */
static __always_inline bool parse_l4_ip4(const struct nf_ip *ip, struct nf_l4 *l4)
{
	l4->off = ip->off + ip->v4->ihl * 4u;
	l4->protocol = l4->first_protocol = ip->v4->protocol;
	l4->fragment = ip->v4->frag_off & nf_htons(0x3fff); /* MF and offset */
	l4->later = ip->v4->frag_off & nf_htons(0x1fff);
	return true;
}

/* The IPv6 extension headers that have a next header: hop-by-hop to destination options. */
static __always_inline bool ip6_is_ext_(__u8 next)
{
	const __u64 all = 1ull << NF_IP_HOPOPTS | 1ull << NF_IP_ROUTING |
			  1ull << NF_IP_FRAGMENT | 1ull << NF_IP_AH | 1ull << NF_IP_DSTOPTS;

	return next < 64 && all >> next & 1;
}

/* a == b as 1 or 0 without a branch, whatever the compiler thinks of it. */
static __always_inline __u32 equal_(__u32 a, __u32 b)
{
	__u32 x = a ^ b;

	asm volatile("" : "+r"(x));
	return (x - 1) >> 31; /* a and b are below 2^31 */
}

/*
 * RFC 8200, 4. The walk ends at the fragment header of a fragment that is not
 * the first. Nothing in the loop branches but to leave it: the verifier follows
 * every combination of branches, eight headers deep.
 */
static __always_inline bool parse_l4_ip6(struct pkt *pkt, const struct nf_ip *ip,
					 struct nf_l4 *l4)
{
	__u32 off = ip->off + sizeof(struct ipv6hdr), frag = 0, first = 0;
	__u8 next = ip->v6->nexthdr;

	for (int i = 0; i <= NF_IP6_EXT_MAX; i++) {
		__u32 is_ah = equal_(next, NF_IP_AH), is_frag = equal_(next, NF_IP_FRAGMENT);
		struct frag_hdr *ext; /* as long as the shortest of the others */
		__u32 bits, splits;

		if (!ip6_is_ext_(next) || frag & nf_htons(0xfff8)) {
			l4->off = off;
			l4->protocol = next;
			/* Offset 0 and no more: a whole packet (RFC 6946). */
			l4->fragment = frag;
			l4->later = frag & nf_htons(0xfff8);
			l4->first_protocol = first | (next & -equal_(frag, 0));
			return true;
		}
		ext = pkt_at(pkt, off, sizeof(*ext));
		if (!ext)
			return false;
		bits = ext->frag_off & nf_htons(0xfff9) & -is_frag;
		splits = equal_(frag, 0) & ~equal_(bits, 0); /* the outermost that does */
		first |= ext->nexthdr & -splits;
		frag |= bits;
		/* Units of 8 bytes, the first not counted; AH of 4, the first two (RFC 4302, 2.2). */
		off += ((ext->reserved & (is_frag - 1)) + 1 + is_ah) << (3 - is_ah);
		next = ext->nexthdr;
		if (off > ip->end)
			return false;
	}
	return false;
}

/*
 * Where the transport header of an IPv4 or IPv6 packet is; nothing of it is
 * read. False: malformed (an extension header beyond the packet's end, or too
 * many of them).
 */
static __always_inline bool parse_l4(struct pkt *pkt, const struct nf_ip *ip, struct nf_l4 *l4)
{
	*l4 = (struct nf_l4) {};
	return ip->kind == NF_IPV4 ? parse_l4_ip4(ip, l4) : parse_l4_ip6(pkt, ip, l4);
}

/* The first len bytes of the transport header; NULL when the IP packet has not that many. */
static __always_inline void *l4_at_(struct pkt *pkt, const struct nf_ip *ip,
				    const struct nf_l4 *l4, __u32 len)
{
	return !l4->later && l4->off + len <= ip->end ? pkt_at(pkt, l4->off, len) : NULL;
}

struct nf_ports {
	nf_port src, dst;
};

static __always_inline bool l4_has_ports(const struct nf_l4 *l4)
{
	return !l4->later && (l4->protocol == NF_IP_TCP || l4->protocol == NF_IP_UDP ||
			      l4->protocol == NF_IP_SCTP || l4->protocol == NF_IP_DCCP ||
			      l4->protocol == NF_IP_UDPLITE);
}

/*
 * Source and destination port: the first four bytes of every protocol that has
 * them. NULL when l4_has_ports() says no, and when the packet is malformed.
 */
static __always_inline struct nf_ports *parse_ports(struct pkt *pkt, const struct nf_ip *ip,
						    const struct nf_l4 *l4)
{
	return l4_has_ports(l4) ? l4_at_(pkt, ip, l4, sizeof(struct nf_ports)) : NULL;
}

/* RFC 9293, 3.1. NULL: not TCP, a later fragment, or a header that does not fit. */
static __always_inline struct tcphdr *parse_tcp(struct pkt *pkt, const struct nf_ip *ip,
						const struct nf_l4 *l4)
{
	struct tcphdr *tcp;

	if (l4->protocol != NF_IP_TCP)
		return NULL;
	tcp = l4_at_(pkt, ip, l4, sizeof(*tcp));
	if (!tcp || tcp->doff < 5 || l4->off + tcp->doff * 4u > ip->end)
		return NULL;
	return tcp;
}

/* RFC 768. NULL: not UDP, a later fragment, or a length that does not fit the packet. */
static __always_inline struct udphdr *parse_udp(struct pkt *pkt, const struct nf_ip *ip,
						const struct nf_l4 *l4)
{
	struct udphdr *udp;
	__u32 len;

	if (l4->protocol != NF_IP_UDP)
		return NULL;
	udp = l4_at_(pkt, ip, l4, sizeof(*udp));
	if (!udp)
		return NULL;
	len = nf_ntohs(udp->len);
	/* A first fragment's length is that of the whole datagram. */
	if (len < sizeof(*udp) || (!l4->fragment && l4->off + len > ip->end))
		return NULL;
	return udp;
}

/*
 * RFC 792, and RFC 4443 (2.1): type, code and checksum are laid out the same.
 * NULL: not the ICMP of this IP version, a later fragment, or truncated.
 */
static __always_inline struct icmphdr *parse_icmp(struct pkt *pkt, const struct nf_ip *ip,
						  const struct nf_l4 *l4)
{
	if (l4->protocol != (ip->kind == NF_IPV4 ? NF_IP_ICMP : NF_IP_ICMPV6))
		return NULL;
	return l4_at_(pkt, ip, l4, sizeof(struct icmphdr));
}

#endif
