/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packets by the thousand, the same for the same seed: the vectors of traffic.h,
 * captures, packets built at random from few addresses (so that flows and lists
 * are met again), and damaged ones of all of these.
 */
#ifndef SELFTESTS_NF_CORPUS_H
#define SELFTESTS_NF_CORPUS_H

#include "nf/capture.h"
#include "nf/frame.h"
#include "nf/traffic.h"

enum {
	CORPUS_LEN_MIN = 14,   /* what BPF_PROG_TEST_RUN takes, */
	CORPUS_LEN_MAX = 3500, /* in one page */
};

struct corpus_packet {
	uint8_t *data;
	unsigned int len;
};

struct corpus {
	struct corpus_packet *packets;
	int count, room;
	int vectors, captures, generated;
	uint64_t random; /* the generator's state */
};

/* xorshift64 (Marsaglia 2003); its state is never 0. */
static inline uint64_t random64(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static inline unsigned int below(uint64_t *state, unsigned int limit)
{
	return (random64(state) >> 32) % limit;
}

static inline void corpus_add(struct corpus *c, const uint8_t *data, unsigned int len)
{
	struct corpus_packet *p;

	if (c->count == c->room) {
		c->room = c->room ? 2 * c->room : 4096;
		c->packets = realloc(c->packets, c->room * sizeof(*c->packets));
	}
	if (!c->packets)
		abort();
	p = &c->packets[c->count++];
	p->len = len;
	p->data = malloc(len);
	if (!p->data)
		abort();
	memcpy(p->data, data, len);
}

static inline void corpus_add_capture(struct frame *f, void *arg)
{
	corpus_add(arg, f->data, f->len);
}

static inline const char *random_address(uint64_t *r, int v6, char *out, size_t size)
{
	/* Few, and some rare ones among them. */
	unsigned int host = below(r, 16) ? below(r, 12) : below(r, 250);

	if (v6)
		snprintf(out, size, "2001:db8:%x::%x", below(r, 2), host + 1);
	else
		snprintf(out, size, "10.0.%u.%u", below(r, 2), host + 1);
	return out;
}

static inline struct frame random_frame(uint64_t *r)
{
	static const int protocols[] = { IPPROTO_TCP,  IPPROTO_TCP,
					 IPPROTO_UDP,  IPPROTO_UDP,
					 IPPROTO_ICMP, IPPROTO_ICMPV6,
					 IPPROTO_SCTP, 59 };
	char src[64], dst[64];
	int v6 = below(r, 2);
	struct packet p = {
		.tags = below(r, 4) ? 0 : below(r, 4),
		.ethertype = below(r, 16) ? 0 : random64(r) & 0xffff,
		.src = random_address(r, v6, src, sizeof(src)),
		.dst = random_address(r, v6, dst, sizeof(dst)),
		.ttl = below(r, 8) ? 64 : (int)below(r, 4) - 1,
		.options = v6 || below(r, 4) ? 0 : below(r, 11),
		.fragment = v6 || below(r, 8) ? 0 : EXT_FRAG_FIRST + (int)below(r, 2),
		.protocol = protocols[below(r, 8)],
		.sport = 1000 + below(r, 4),
		.dport = below(r, 2) ? 80 : 2000 + below(r, 4),
		.flags = below(r, 4) ? TCP_ACK : below(r, 64),
		.padding = below(r, 4) ? 0 : below(r, 40),
	};

	for (int i = 0; v6 && !below(r, 3) && i < 10; i++)
		p.ext[i] = 1 + below(r, EXT_FRAG_LATER);
	return build(&p);
}

/* Damage it: some bits, bytes or words anywhere, rather near its head; its length. */
static inline void mutate(uint64_t *r, struct frame *f)
{
	for (unsigned int n = 1 + below(r, 3); n; n--) {
		unsigned int at = below(r, below(r, 2) && f->len > 64 ? 64 : f->len), to;

		switch (below(r, 6)) {
		case 0:
			f->data[at] ^= 1 << below(r, 8);
			break;
		case 1:
			f->data[at] = random64(r);
			break;
		case 2:
			f->data[at] = (uint8_t[]) { 0, 1, 0x7f, 0x80, 0xff }[below(r, 5)];
			break;
		case 3:
			to = below(r, f->len);
			memmove(f->data + to, f->data + at, f->len - (at > to ? at : to));
			break;
		case 4:
			f->len = CORPUS_LEN_MIN + below(r, f->len - CORPUS_LEN_MIN + 1);
			break;
		case 5:
			put_fill(f, random64(r), below(r, 48));
			break;
		}
		if (f->len > CORPUS_LEN_MAX)
			f->len = CORPUS_LEN_MAX;
	}
}

/* One of those before, or a new one; mostly damaged. */
static inline void corpus_generate(struct corpus *c, int base)
{
	uint64_t *r = &c->random;
	struct frame f;

	if (below(r, 3)) {
		f = random_frame(r);
	} else {
		const struct corpus_packet *p = &c->packets[below(r, base)];

		f.len = p->len;
		memcpy(f.data, p->data, p->len);
	}
	if (below(r, 3))
		mutate(r, &f);
	if (!below(r, 16))
		for (unsigned int i = 12; i < f.len; i++)
			f.data[i] = random64(r);
	corpus_add(c, f.data, f.len);
}

static inline struct corpus corpus_make(uint64_t seed, int generated)
{
	struct corpus c = { .random = seed, .generated = generated };
	int files = 0, skipped = 0, base;

	for (int i = 0; i < TRAFFIC; i++) {
		struct frame f = build(&traffic[i].packet);

		corpus_add(&c, f.data, f.len);
	}
	c.vectors = c.count;
	if (captures_exist())
		c.captures = captures_read(corpus_add_capture, &c, &files, &skipped);
	base = c.count;
	for (int i = 0; i < generated; i++)
		corpus_generate(&c, base);
	return c;
}

static inline void corpus_free(struct corpus *c)
{
	for (int i = 0; i < c->count; i++)
		free(c->packets[i].data);
	free(c->packets);
}

#endif
