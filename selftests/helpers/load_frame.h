/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Of loadgen.c: the headers that its frames have, UDP over IPv4 (RFC 791) or IPv6 (RFC 8200). */
#ifndef LOAD_FRAME_H
#define LOAD_FRAME_H

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <stdbool.h>
#include <string.h>

#include "helpers/stamp.h"

struct load_flow {
	const char *src, *dst; /* both of one family */
	int sport, dport;
	int vlans, vlan[2]; /* two: QinQ */
	int hops;           /* that a frame is to come back with; 0: any */
};

static inline __u16 ip_checksum(const void *header)
{
	const __u16 *w = header;
	__u32 sum = 0;

	for (int i = 0; i < 10; i++)
		sum += w[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return ~(sum + (sum >> 16));
}

static inline void *put(struct load_frame *frame, const void *bytes, size_t len)
{
	void *at = frame->header + frame->length;

	memcpy(at, bytes, len);
	frame->length += len;
	return at;
}

/* False: an address is none. */
static inline bool load_frame_build(struct load_frame *frame, const struct load_flow *flow)
{
	__u8 mac[12] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1 };
	struct iphdr ip4 = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP };
	struct ipv6hdr ip6 = { .version = 6, .hop_limit = 64, .nexthdr = IPPROTO_UDP };
	__u16 payload = sizeof(struct udphdr) + sizeof(struct stamp);
	struct udphdr udp = { .source = htons(flow->sport),
			      .dest = htons(flow->dport),
			      .len = htons(payload) };
	int v6 = !!strchr(flow->src, ':');
	__u16 type;

	put(frame, mac, sizeof(mac));
	for (int i = 0; i < flow->vlans; i++) {
		__u16 tag[2] = { htons(i + 1 < flow->vlans ? ETH_P_8021AD : ETH_P_8021Q),
				 htons(flow->vlan[i]) };

		put(frame, tag, sizeof(tag));
	}
	type = htons(v6 ? ETH_P_IPV6 : ETH_P_IP);
	put(frame, &type, sizeof(type));
	ip6.payload_len = htons(payload);
	ip4.tot_len = htons(sizeof(ip4) + payload);
	if (v6 ? inet_pton(AF_INET6, flow->src, &ip6.saddr) != 1 ||
			    inet_pton(AF_INET6, flow->dst, &ip6.daddr) != 1
	       : inet_pton(AF_INET, flow->src, &ip4.saddr) != 1 ||
			    inet_pton(AF_INET, flow->dst, &ip4.daddr) != 1)
		return false;
	ip4.check = ip_checksum(&ip4);
	if (v6)
		put(frame, &ip6, sizeof(ip6));
	else
		put(frame, &ip4, sizeof(ip4));
	put(frame, &udp, sizeof(udp));
	frame->hops = flow->hops;
	return true;
}

#endif
