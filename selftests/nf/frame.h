/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Test packets as data: a struct packet says what a frame is made of, build()
 * makes it. Written against the RFCs, not against galette/nf/parse.h.
 */
#ifndef SELFTESTS_NF_FRAME_H
#define SELFTESTS_NF_FRAME_H

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FRAME_MAX = 4096,
	PAYLOAD = 20
};

/* IPv6 extension headers, in the order they are written; 0 ends the list. */
enum ext {
	EXT_END,
	EXT_HOPOPTS,
	EXT_ROUTING,
	EXT_DSTOPTS,
	EXT_AH,
	EXT_FRAG_WHOLE, /* offset 0, no more: RFC 6946 */
	EXT_FRAG_FIRST,
	EXT_FRAG_LATER,
};

enum {
	TCP_FIN = 1,
	TCP_SYN = 2,
	TCP_RST = 4,
	TCP_PSH = 8,
	TCP_ACK = 16,
	TCP_URG = 32
};

/* One frame. Zero is a sensible default everywhere: IPv4, UDP, 10.0.0.1:1000 > 10.0.0.2:2000. */
struct packet {
	int tags;           /* VLAN tags, the outer one 802.1ad where there are two or more */
	uint16_t ethertype; /* instead of IP: what follows is PAYLOAD bytes of 0xa5 */
	const char *src;    /* a ':' makes the packet IPv6 */
	const char *dst;
	int ttl;         /* 64; -1: 0 */
	int options;     /* IPv4: 32-bit words of options */
	int fragment;    /* IPv4: EXT_FRAG_FIRST, EXT_FRAG_LATER */
	uint8_t ext[12]; /* IPv6: enum ext */
	int ext_units;   /* length field of the first extension header, instead of its own */
	int protocol;    /* IPPROTO_UDP; -1: 0 */
	uint16_t sport, dport;
	uint8_t flags; /* TCP: SYN where 0; 0x80: none at all */
	int padding;   /* bytes behind the IP packet */
	int cut;       /* bytes missing from the frame's end, lengths left as they were */
	int shorter;   /* bytes missing from the IP packet's end, its length adjusted */
	struct {
		int at; /* from the IP header, or from the transport header where l4 */
		int l4;
		uint8_t mask, value;
	} poke; /* overwrite one byte, if mask */
};

struct frame {
	uint8_t data[FRAME_MAX];
	unsigned int len;
	unsigned int ip; /* offset of the IP header */
	unsigned int l4; /* of the transport header */
	int v6;
	int protocol;
};

static inline void put8(struct frame *f, int value)
{
	f->data[f->len++] = value;
}

static inline void put16(struct frame *f, int value)
{
	put8(f, value >> 8);
	put8(f, value & 0xff);
}

static inline void put_fill(struct frame *f, int value, int len)
{
	memset(f->data + f->len, value, len);
	f->len += len;
}

static inline void set16(struct frame *f, unsigned int at, int value)
{
	f->data[at] = value >> 8;
	f->data[at + 1] = value & 0xff;
}

static inline unsigned int get16(const struct frame *f, unsigned int at)
{
	return f->data[at] << 8 | f->data[at + 1];
}

/* RFC 1071, of the whole range. */
static inline unsigned int checksum(const uint8_t *data, unsigned int len)
{
	unsigned long sum = 0;

	for (unsigned int i = 0; i < len; i++)
		sum += i & 1 ? data[i] : data[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

/* Put the right checksum into the IPv4 header. */
static inline void ip4_checksum(struct frame *f)
{
	set16(f, f->ip + 10, 0);
	set16(f, f->ip + 10, checksum(f->data + f->ip, (f->data[f->ip] & 15) * 4));
}

static inline void put_ip4(struct frame *f, const struct packet *p)
{
	put8(f, 0x40 | (5 + p->options));
	put8(f, 0);
	put16(f, 0); /* length: build() */
	put16(f, 0x1234);
	put16(f, p->fragment == EXT_FRAG_FIRST   ? 0x2000
		 : p->fragment == EXT_FRAG_LATER ? 0x00b9
						 : 0x4000);
	put8(f, p->ttl > 0 ? p->ttl : p->ttl < 0 ? 0 : 64);
	put8(f, f->protocol);
	put16(f, 0);
	inet_pton(AF_INET, p->src ? p->src : "10.0.0.1", f->data + f->len);
	inet_pton(AF_INET, p->dst ? p->dst : "10.0.0.2", f->data + f->len + 4);
	f->len += 8;
	put_fill(f, 1, p->options * 4); /* no-operation, RFC 791 */
}

static inline int ext_number(const struct frame *f, int ext)
{
	switch (ext) {
	case EXT_END:
		return f->protocol;
	case EXT_HOPOPTS:
		return 0;
	case EXT_ROUTING:
		return 43;
	case EXT_DSTOPTS:
		return 60;
	case EXT_AH:
		return 51;
	default:
		return 44;
	}
}

static inline void put_ext(struct frame *f, const struct packet *p, int i)
{
	unsigned int at = f->len;

	put8(f, ext_number(f, p->ext[i + 1]));
	switch (p->ext[i]) {
	case EXT_AH:
		put8(f, 4); /* 24 bytes: RFC 4302, in words, minus 2 */
		put_fill(f, 0, 22);
		break;
	case EXT_FRAG_WHOLE:
	case EXT_FRAG_FIRST:
	case EXT_FRAG_LATER:
		put8(f, 0);
		put16(f, p->ext[i] == EXT_FRAG_LATER ? 0x00b8 : p->ext[i] == EXT_FRAG_FIRST);
		put_fill(f, 7, 4);
		break;
	default:
		put8(f, 1); /* 16 bytes */
		put8(f, 1);
		put8(f, 12); /* PadN */
		put_fill(f, 0, 12);
	}
	if (i == 0 && p->ext_units)
		f->data[at + 1] = p->ext_units;
}

static inline void put_ip6(struct frame *f, const struct packet *p)
{
	put16(f, 0x6000);
	put16(f, 0);
	put16(f, 0); /* length: build() */
	put8(f, ext_number(f, p->ext[0]));
	put8(f, p->ttl > 0 ? p->ttl : p->ttl < 0 ? 0 : 64);
	inet_pton(AF_INET6, p->src, f->data + f->len);
	inet_pton(AF_INET6, p->dst ? p->dst : "2001:db8::2", f->data + f->len + 16);
	f->len += 32;
	for (int i = 0; p->ext[i]; i++)
		put_ext(f, p, i);
}

/* Transport header and payload; not for a later fragment, which is payload only. */
static inline void put_l4(struct frame *f, const struct packet *p)
{
	int later =
		p->fragment == EXT_FRAG_LATER || memchr(p->ext, EXT_FRAG_LATER, sizeof(p->ext));

	if (!later) {
		put16(f, p->sport ? p->sport : 1000);
		put16(f, p->dport ? p->dport : 2000);
	}
	if (!later && f->protocol == IPPROTO_TCP) {
		put_fill(f, 0x11, 8); /* sequence numbers */
		put8(f, 0x50);
		put8(f, p->flags == 0x80 ? 0 : p->flags ? p->flags : TCP_SYN);
		put_fill(f, 0, 6);
	} else if (!later && f->protocol == IPPROTO_UDP) {
		put16(f, 8 + PAYLOAD);
		put16(f, 0);
	}
	put_fill(f, 0x5a, PAYLOAD);
}

static inline void put_ethernet(struct frame *f, const struct packet *p)
{
	static const uint8_t macs[12] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };

	memcpy(f->data, macs, sizeof(macs));
	f->len = sizeof(macs);
	for (int i = 0; i < p->tags; i++) {
		put16(f, i == 0 && p->tags > 1 ? 0x88a8 : 0x8100);
		put16(f, 0x2000 | (100 + i));
	}
	put16(f, p->ethertype ? p->ethertype : f->v6 ? 0x86dd : 0x0800);
	f->ip = f->len;
}

static inline struct frame build(const struct packet *p)
{
	struct frame f = { .v6 = p->src && strchr(p->src, ':'),
			   .protocol = p->protocol > 0   ? p->protocol
				       : p->protocol < 0 ? 0
							 : IPPROTO_UDP };

	put_ethernet(&f, p);
	if (p->ethertype) {
		put_fill(&f, 0xa5, PAYLOAD);
	} else {
		if (f.v6)
			put_ip6(&f, p);
		else
			put_ip4(&f, p);
		f.l4 = f.len;
		put_l4(&f, p);
		f.len -= p->shorter;
		set16(&f, f.ip + (f.v6 ? 4 : 2), f.len - f.ip - (f.v6 ? 40 : 0));
	}
	if (p->poke.mask) {
		uint8_t *byte = &f.data[(p->poke.l4 ? f.l4 : f.ip) + p->poke.at];

		*byte = (*byte & ~p->poke.mask) | p->poke.value;
	}
	if (!p->ethertype && !f.v6)
		ip4_checksum(&f);
	put_fill(&f, 0, p->padding);
	f.len -= p->cut;
	return f;
}

#endif
