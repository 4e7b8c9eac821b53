/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The parsers in the kernel: what they find, against how the packet was made. */
#include "nf/harness.h"
#include "nf/traffic.h"

enum {
	MALFORMED,
	OTHER,
	IPV4,
	IPV6
};

struct flow {
	uint8_t src[16], dst[16], ports[4], protocol, zero[3];
};

/* As in selftests/nf-objects/parse.c. */
struct parsed {
	uint32_t kind;
	uint32_t ip, ip_end;
	uint32_t l4_good, l4, protocol, fragment, later;
	uint32_t ports, tcp, udp, icmp, arp;
	uint32_t flow_good, hash;
	struct flow flow, canonical;
};

static struct parsed parse(const struct nf *nf, const struct frame *f)
{
	struct parsed p = {};
	struct frame copy = *f;
	int fd = nf_map(nf, "parsed");

	assert_int_equal(bpf_map_update_elem(fd, &(uint32_t) { 0 }, &p, 0), 0);
	assert_int_equal(nf_run(nf, &copy, 1, NULL), 0);
	assert_int_equal(bpf_map_lookup_elem(fd, &(uint32_t) { 0 }, &p), 0);
	return p;
}

static void load(struct nf *nf)
{
	if (geteuid() != 0)
		skip();
	if (nf_try_load(nf, test_object("parse.bpf.o"), NULL))
		fail_msg("parse.bpf.o: the kernel refuses it (V=1 shows why)");
}

#define expect(WHAT, GOT, WANT)                                                        \
	do {                                                                           \
		unsigned long got_ = (GOT), want_ = (WANT);                            \
		if (got_ != want_)                                                     \
			fail_msg("%s: %s is %lu, not %lu", (WHAT), #GOT, got_, want_); \
	} while (0)

static int has(const struct packet *p, int ext)
{
	return p->fragment == ext || memchr(p->ext, ext, sizeof(p->ext));
}

/* The protocol of a packet's flow: of fragments the one that all of them have. */
static int flow_protocol(const struct packet *p, const struct frame *f)
{
	for (int i = 0; p->ext[i]; i++)
		if (p->ext[i] == EXT_FRAG_FIRST || p->ext[i] == EXT_FRAG_LATER)
			return ext_number(f, p->ext[i + 1]);
	return f->protocol;
}

static void expect_flow(const char *what, const struct packet *packet, const struct frame *f,
			const struct parsed *p, int ports)
{
	uint8_t src[16] = { [10] = 0xff, 0xff }, dst[16] = { [10] = 0xff, 0xff };
	const uint8_t *ip = f->data + f->ip;

	memcpy(src + (f->v6 ? 0 : 12), ip + (f->v6 ? 8 : 12), f->v6 ? 16 : 4);
	memcpy(dst + (f->v6 ? 0 : 12), ip + (f->v6 ? 24 : 16), f->v6 ? 16 : 4);
	expect(what, memcmp(p->flow.src, src, 16), 0);
	expect(what, memcmp(p->flow.dst, dst, 16), 0);
	expect(what, memcmp(p->flow.ports, ports ? f->data + f->l4 : (uint8_t[4]) {}, 4), 0);
	expect(what, p->flow.protocol, flow_protocol(packet, f));
	expect(what, memcmp(p->flow.zero, "\0\0\0", 3), 0);
}

static void expect_l4(const char *what, const struct packet *packet, const struct frame *f,
		      const struct parsed *p, enum kind kind)
{
	int fragment = has(packet, EXT_FRAG_FIRST) || has(packet, EXT_FRAG_LATER);
	int later = has(packet, EXT_FRAG_LATER), proto = f->protocol;
	int ports = !later && (proto == IPPROTO_UDP || proto == IPPROTO_TCP || proto == 132);

	expect(what, p->l4_good, 1);
	expect(what, p->l4, f->l4);
	expect(what, p->protocol, proto);
	expect(what, p->fragment, fragment);
	expect(what, p->later, later);
	expect(what, p->ports, ports ? f->l4 : 0);
	expect(what, p->flow_good, 1);
	expect(what, p->tcp, proto == IPPROTO_TCP && !later && kind == WHOLE ? f->l4 : 0);
	expect(what, p->udp, proto == IPPROTO_UDP && !later && kind == WHOLE ? f->l4 : 0);
	expect(what, p->icmp, proto == (f->v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP) ? f->l4 : 0);
	expect_flow(what, packet, f, p, ports && !fragment);
}

static void test_traffic(void **state)
{
	struct nf nf;

	load(&nf);
	for (int i = 0; i < TRAFFIC; i++) {
		const struct packet *packet = &traffic[i].packet;
		const char *what = traffic[i].name;
		enum kind kind = traffic[i].kind;
		struct frame f = build(packet);
		struct parsed p = parse(&nf, &f);

		expect(what, p.kind,
		       kind == BAD_IP   ? MALFORMED
		       : kind == NOT_IP ? OTHER
		       : f.v6           ? IPV6
					: IPV4);
		if (kind == BAD_IP || kind == NOT_IP)
			continue;
		expect(what, p.ip, f.ip);
		expect(what, p.ip_end, f.len - packet->padding);
		if (kind == BAD_EXT)
			expect(what, p.flow_good, 0);
		else
			expect_l4(what, packet, &f, &p, kind);
	}
	nf_unload(&nf);
}

/* Each bit of the field on its own: 13 of offset and one of "more" (RFC 791, RFC 8200). */
static void test_fragment_bits(void **state)
{
	static const struct packet packets[] = {
		{},
		{ .src = "2001:db8::1", .ext = { EXT_FRAG_WHOLE } },
	};
	static const unsigned int offset[] = { 0x1fff, 0xfff8 }, more[] = { 0x2000, 0x0001 };
	struct nf nf;

	load(&nf);
	for (int v6 = 0; v6 <= 1; v6++)
		for (unsigned int bits = 1; bits <= 0x8000; bits <<= 1) {
			struct frame f = build(&packets[v6]);
			struct parsed p;

			set16(&f, f.ip + (v6 ? 42 : 6), bits);
			p = parse(&nf, &f);
			assert_int_equal(p.later, !!(bits & offset[v6]));
			assert_int_equal(p.fragment, !!(bits & (offset[v6] | more[v6])));
			assert_int_equal(p.ports, p.later ? 0 : f.l4);
			assert_int_equal(p.flow_good, 1);
			assert_memory_equal(p.flow.ports,
					    p.fragment ? (uint8_t[4]) {} : f.data + f.l4, 4);
		}
	nf_unload(&nf);
}

/* Whatever stands between a fragment header and the transport header. */
static void test_fragments_of_one(void **state)
{
#define V6 .src = "2001:db8::1"
	static const struct packet pairs[][2] = {
		{ { .fragment = EXT_FRAG_FIRST }, { .fragment = EXT_FRAG_LATER } },
		{ { V6, .ext = { EXT_FRAG_FIRST } }, { V6, .ext = { EXT_FRAG_LATER } } },
		{ { V6, .ext = { EXT_FRAG_FIRST, EXT_DSTOPTS } },
		  { V6, .ext = { EXT_FRAG_LATER }, .protocol = 60 } },
		{ { V6, .ext = { EXT_HOPOPTS, EXT_FRAG_FIRST, EXT_AH, EXT_DSTOPTS } },
		  { V6, .ext = { EXT_HOPOPTS, EXT_FRAG_LATER }, .protocol = 51 } },
		{ { V6, .ext = { EXT_FRAG_WHOLE, EXT_FRAG_FIRST, EXT_DSTOPTS } },
		  { V6, .ext = { EXT_FRAG_WHOLE, EXT_FRAG_LATER }, .protocol = 60 } },
		{ { V6, .ext = { EXT_FRAG_FIRST, EXT_FRAG_FIRST } },
		  { V6, .ext = { EXT_FRAG_LATER }, .protocol = 44 } },
	};
#undef V6
	struct nf nf;

	load(&nf);
	for (unsigned int i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct frame first = build(&pairs[i][0]), later = build(&pairs[i][1]);
		struct parsed a = parse(&nf, &first), b = parse(&nf, &later);

		assert_true(a.flow_good && b.flow_good && !a.later && b.later);
		assert_memory_equal(&a.flow, &b.flow, sizeof(a.flow));
		assert_int_equal(a.hash, b.hash);
	}
	nf_unload(&nf);
}

/* Random bytes behind good headers: whatever is found lies in the packet. */
static void test_noise(void **state)
{
	struct nf nf;

	load(&nf);
	srandom(1);
	for (int i = 0; i < 20000; i++) {
		struct frame f = build(&traffic[random() % TRAFFIC].packet);
		struct parsed p;

		for (int flips = random() % 4; flips >= 0; flips--)
			f.data[12 + random() % (f.len - 12)] = random();
		p = parse(&nf, &f);
		assert_in_range(p.kind, MALFORMED, IPV6);
		assert_true(p.ip_end <= f.len);
		assert_true(!p.l4_good || p.l4 <= f.len);
		assert_true(!p.ports || p.ports + 4 <= p.ip_end);
		assert_true(!p.tcp || p.tcp + 20 <= p.ip_end);
		assert_true(!p.udp || p.udp + 8 <= p.ip_end);
		assert_true(!p.icmp || p.icmp + 8 <= p.ip_end);
		assert_true(!p.arp || p.arp + 28 <= f.len);
	}
	nf_unload(&nf);
}

static void test_arp(void **state)
{
	static const uint8_t request[28] = { 0, 1, 8, 0, 6, 4, 0, 1 };
	struct nf nf;

	load(&nf);
	for (int tags = 0; tags <= 2; tags++) {
		struct packet packet = { .ethertype = 0x0806, .tags = tags };
		struct frame f = build(&packet), bad;

		memcpy(f.data + f.ip, request, 28);
		f.len = f.ip + 28;
		assert_int_equal(parse(&nf, &f).arp, f.ip);
		for (int i = 0; i < 6; i++) { /* every field of the fixed header counts */
			bad = f;
			bad.data[bad.ip + i] ^= 0x10;
			assert_int_equal(parse(&nf, &bad).arp, 0);
		}
		bad = f;
		bad.len--;
		assert_int_equal(parse(&nf, &bad).arp, 0);
	}
	nf_unload(&nf);
}

/* Both directions: one canonical key, one hash; and another flow has another. */
static void test_symmetry(void **state)
{
	struct nf nf;

	load(&nf);
	srandom(2);
	for (int i = 0; i < 2000; i++) {
		struct packet packet = { .src = i & 1 ? "2001:db8::1" : "10.0.0.1" };
		struct frame there = build(&packet), back, other;
		unsigned int at = there.ip + (i & 1 ? 8 : 12), len = i & 1 ? 16 : 4;
		struct parsed a, b, c;

		for (unsigned int n = 0; n < 2 * len; n++)
			there.data[at + n] = random() % 3; /* many ends equal, or nearly */
		for (int n = 0; n < 4; n++)
			there.data[there.l4 + n] = random() % 3;
		back = other = there;
		memcpy(back.data + at, there.data + at + len, len);
		memcpy(back.data + at + len, there.data + at, len);
		memcpy(back.data + back.l4, there.data + there.l4 + 2, 2);
		memcpy(back.data + back.l4 + 2, there.data + there.l4, 2);
		other.data[at + random() % (2 * len)] ^= 0x80;
		a = parse(&nf, &there);
		b = parse(&nf, &back);
		c = parse(&nf, &other);
		assert_int_equal(a.hash, b.hash);
		assert_memory_equal(&a.canonical, &b.canonical, sizeof(a.canonical));
		assert_int_not_equal(a.hash, c.hash);
		assert_memory_not_equal(&a.canonical, &c.canonical, sizeof(a.canonical));
	}
	nf_unload(&nf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_traffic),  cmocka_unit_test(test_fragment_bits),
		cmocka_unit_test(test_noise),    cmocka_unit_test(test_arp),
		cmocka_unit_test(test_symmetry), cmocka_unit_test(test_fragments_of_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
