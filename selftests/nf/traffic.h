/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packets that every NF must handle, and what they are. */
#ifndef SELFTESTS_NF_TRAFFIC_H
#define SELFTESTS_NF_TRAFFIC_H

#include "nf/frame.h"

enum kind {
	WHOLE, /* a good packet */
	NOT_IP,
	BAD_IP,  /* the IP header, or a layer below, is malformed or truncated */
	BAD_EXT, /* IP is good, an extension header or the ports are beyond the end */
	BAD_L4,  /* addresses and ports are good, the transport header's length is not */
	KINDS,
};

#define V6       .src = "2001:db8::1"
#define TCP      .protocol = IPPROTO_TCP
#define IHL      .at = 0, .mask = 0x0f
#define VERSION  .at = 0, .mask = 0xf0
#define LEN_LOW  .at = 3, .mask = 0xff /* IPv4: total length */
#define LEN_HIGH .at = 2, .mask = 0xff
#define LEN6_LOW .at = 5, .mask = 0xff /* IPv6: payload length */

static const struct {
	const char *name;
	struct packet packet;
	enum kind kind;
} traffic[] = {
	{ "IPv4 UDP", {}, WHOLE },
	{ "IPv4 TCP", { TCP }, WHOLE },
	{ "IPv4 ICMP", { .protocol = IPPROTO_ICMP }, WHOLE },
	{ "IPv4 SCTP", { .protocol = IPPROTO_SCTP }, WHOLE },
	{ "IPv4 protocol 0", { .protocol = -1 }, WHOLE },
	{ "IPv4 protocol 44", { .protocol = 44 }, WHOLE },
	{ "IPv4, one tag", { .tags = 1 }, WHOLE },
	{ "IPv4 TCP, two tags", { .tags = 2, TCP }, WHOLE },
	{ "IPv4, one word of options", { .options = 1 }, WHOLE },
	{ "IPv4 TCP, all options, two tags", { .options = 10, TCP, .tags = 2 }, WHOLE },
	{ "IPv4, Ethernet padding", { .padding = 18 }, WHOLE },
	{ "IPv4, first fragment", { .fragment = EXT_FRAG_FIRST }, WHOLE },
	{ "IPv4, later fragment", { .fragment = EXT_FRAG_LATER }, WHOLE },
	{ "IPv4 TCP, later fragment of 0 bytes",
	  { TCP, .fragment = EXT_FRAG_LATER, .shorter = PAYLOAD },
	  WHOLE },
	{ "IPv6 UDP", { V6 }, WHOLE },
	{ "IPv6 TCP", { V6, TCP }, WHOLE },
	{ "IPv6 ICMPv6", { V6, .protocol = IPPROTO_ICMPV6 }, WHOLE },
	{ "IPv6 TCP, one tag", { V6, TCP, .tags = 1 }, WHOLE },
	{ "IPv6, two tags", { V6, .tags = 2 }, WHOLE },
	{ "IPv6, Ethernet padding", { V6, .padding = 6 }, WHOLE },
	{ "IPv6, hop-by-hop", { V6, .ext = { EXT_HOPOPTS } }, WHOLE },
	{ "IPv6 TCP, all of them",
	  { V6, TCP, .ext = { EXT_HOPOPTS, EXT_DSTOPTS, EXT_ROUTING, EXT_FRAG_WHOLE, EXT_AH } },
	  WHOLE },
	{ "IPv6, eight of them, two tags",
	  { V6, .tags = 2, .ext = { 1, 3, 3, 3, 3, 3, 3, 3 } },
	  WHOLE },
	{ "IPv6, first fragment", { V6, .ext = { EXT_FRAG_FIRST } }, WHOLE },
	{ "IPv6, later fragment", { V6, .ext = { EXT_HOPOPTS, EXT_FRAG_LATER } }, WHOLE },
	{ "IPv6, first fragment of destination options",
	  { V6, .ext = { EXT_FRAG_FIRST, EXT_DSTOPTS } },
	  WHOLE },
	{ "IPv6, later fragment of destination options",
	  { V6, .ext = { EXT_FRAG_LATER }, .protocol = 60 },
	  WHOLE },
	{ "IPv6, first fragment of a first fragment",
	  { V6, .ext = { EXT_FRAG_WHOLE, EXT_FRAG_FIRST, EXT_FRAG_FIRST, EXT_DSTOPTS } },
	  WHOLE },
	{ "IPv6, later fragment of a fragment",
	  { V6, .ext = { EXT_FRAG_WHOLE, EXT_FRAG_LATER }, .protocol = 44 },
	  WHOLE },
	{ "IPv6 TCP, nearly v4-mapped", { .src = "::fffe:10.0.0.1", TCP }, WHOLE },
	{ "IPv6, v4-translated", { .src = "::ffff:0:10.0.0.1" }, WHOLE },
	{ "IPv6, v4-compatible", { .src = "::10.0.0.1" }, WHOLE },
	{ "IPv6 no next header", { V6, .protocol = 59, .shorter = PAYLOAD + 4 }, WHOLE },

	{ "ARP", { .ethertype = 0x0806 }, NOT_IP },
	{ "ARP, tagged", { .ethertype = 0x0806, .tags = 1 }, NOT_IP },
	{ "802.3 length", { .ethertype = 60 }, NOT_IP },
	{ "EAPOL", { .ethertype = 0x888e }, NOT_IP },
	{ "MPLS, two tags", { .ethertype = 0x8847, .tags = 2 }, NOT_IP },
	{ "Ethernet header only", { .ethertype = 0x88cc, .cut = PAYLOAD }, NOT_IP },

	{ "tag cut off", { .ethertype = 0x8100, .cut = PAYLOAD - 3 }, BAD_IP },
	{ "second tag cut off",
	  { .ethertype = 0x8100, .tags = 1, .cut = PAYLOAD - 3 },
	  BAD_IP },
	{ "IPv4 in three tags", { .tags = 3 }, BAD_IP },
	{ "IPv6 in four tags", { V6, .tags = 4 }, BAD_IP },
	{ "ARP in three tags", { .ethertype = 0x0806, .tags = 3 }, BAD_IP },
	{ "IPv6 from a v4-mapped address", { .src = "::ffff:10.0.0.1" }, BAD_IP },
	{ "IPv6 TCP to a v4-mapped address", { V6, TCP, .dst = "::ffff:0.0.0.0" }, BAD_IP },
	{ "IPv4, version 6", { .poke = { VERSION, .value = 0x60 } }, BAD_IP },
	{ "IPv4, version 0", { .poke = { VERSION } }, BAD_IP },
	{ "IPv4, header of 16 bytes", { .poke = { IHL, .value = 4 } }, BAD_IP },
	{ "IPv4, header of 0 bytes", { .poke = { IHL } }, BAD_IP },
	{ "IPv4, header longer than the packet",
	  { .shorter = 28, .poke = { IHL, .value = 15 } },
	  BAD_IP },
	{ "IPv4, header longer than the total length",
	  { .padding = 40, .shorter = 28, .poke = { IHL, .value = 6 } },
	  BAD_IP },
	{ "IPv4, length 0", { .poke = { LEN_LOW } }, BAD_IP },
	{ "IPv4, length 19", { .poke = { LEN_LOW, .value = 19 } }, BAD_IP },
	{ "IPv4, one byte more than there is", { .poke = { LEN_LOW, .value = 49 } }, BAD_IP },
	{ "IPv4, 65280 bytes more", { .poke = { LEN_HIGH, .value = 0xff } }, BAD_IP },
	{ "IPv4, one byte cut off", { .cut = 1 }, BAD_IP },
	{ "IPv6, version 4", { V6, .poke = { VERSION, .value = 0x40 } }, BAD_IP },
	{ "IPv6, one byte more than there is",
	  { V6, .poke = { LEN6_LOW, .value = 29 } },
	  BAD_IP },
	{ "IPv6, one byte cut off", { V6, .cut = 1, .tags = 1 }, BAD_IP },

	{ "IPv4 UDP of 3 bytes", { .shorter = 25 }, BAD_EXT },
	{ "IPv4 UDP of 3 bytes, padded", { .shorter = 25, .padding = 25 }, BAD_EXT },
	{ "IPv4 TCP of 0 bytes", { TCP, .shorter = 40 }, BAD_EXT },
	{ "IPv4 TCP, first fragment of 0 bytes",
	  { TCP, .fragment = EXT_FRAG_FIRST, .shorter = 40 },
	  BAD_EXT },
	{ "IPv6 UDP of 3 bytes", { V6, .shorter = 25 }, BAD_EXT },
	{ "IPv6 UDP of 0 bytes, padded", { V6, .shorter = 28, .padding = 28 }, BAD_EXT },
	{ "IPv6, header beyond the end",
	  { V6, .ext = { EXT_DSTOPTS }, .ext_units = 20 },
	  BAD_EXT },
	{ "IPv6, the longest header",
	  { V6, .ext = { EXT_HOPOPTS }, .ext_units = 255 },
	  BAD_EXT },
	{ "IPv6, AH beyond the end", { V6, .ext = { EXT_AH }, .ext_units = 255 }, BAD_EXT },
	{ "IPv6, hop-by-hop of 7 bytes",
	  { V6, .ext = { EXT_HOPOPTS }, .shorter = 28 + 9 },
	  BAD_EXT },
	{ "IPv6, hop-by-hop of 9 bytes, padded",
	  { V6, .ext = { EXT_HOPOPTS }, .shorter = 28 + 7, .padding = 40 },
	  BAD_EXT },
	{ "IPv6, fragment header cut short",
	  { V6, .ext = { EXT_FRAG_FIRST }, .shorter = 28 + 1, .padding = 40 },
	  BAD_EXT },
	{ "IPv6, nine of them", { V6, .ext = { 1, 3, 3, 3, 3, 3, 3, 3, 3 } }, BAD_EXT },

	{ "IPv4 UDP of 7 bytes", { .shorter = 21 }, BAD_L4 },
	{ "IPv4 UDP, length 7", { .poke = { 5, 1, 0xff, 7 } }, BAD_L4 },
	{ "IPv4 UDP, longer than the packet", { .poke = { 5, 1, 0xff, 29 } }, BAD_L4 },
	{ "IPv6 UDP, length 0", { V6, .poke = { 5, 1, 0xff, 0 } }, BAD_L4 },
	{ "IPv4 TCP of 19 bytes", { TCP, .shorter = 21 }, BAD_L4 },
	{ "IPv4 TCP, header of 16 bytes", { TCP, .poke = { 12, 1, 0xf0, 0x40 } }, BAD_L4 },
	{ "IPv6 TCP, header longer than the packet",
	  { V6, TCP, .poke = { 12, 1, 0xf0, 0xb0 } },
	  BAD_L4 },
};

enum {
	TRAFFIC = sizeof(traffic) / sizeof(traffic[0])
};

#undef V6
#undef TCP
#undef IHL
#undef VERSION
#undef LEN_LOW
#undef LEN_HIGH
#undef LEN6_LOW

#endif
