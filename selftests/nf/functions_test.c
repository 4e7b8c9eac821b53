/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is particular to each NF but weak-classifier: lists, shares, configuration, counters. */
#include "nf/harness.h"

#include <errno.h>

struct vector {
	const char *what;
	struct packet packet;
	int action;
};

#define run_vectors(NF, VECTORS) \
	run_vectors_(NF, VECTORS, sizeof(VECTORS) / sizeof((VECTORS)[0]))

static void run_vectors_(const struct nf *nf, const struct vector *vectors, int count)
{
	for (int i = 0; i < count; i++) {
		struct frame f = build(&vectors[i].packet);
		int action = nf_run(nf, &f, 1, NULL);

		if (action != vectors[i].action)
			fail_msg("%s: action %d, not %d", vectors[i].what, action,
				 vectors[i].action);
	}
}

/* An address as an nf_ip6. */
static void address(const char *text, uint8_t *addr)
{
	memset(addr, 0, 16);
	if (inet_pton(AF_INET6, text, addr) == 1)
		return;
	addr[10] = addr[11] = 0xff;
	assert_int_equal(inet_pton(AF_INET, text, addr + 12), 1);
}

/* ---- access-control ---- */

static int allow_list_put(const struct nf *nf, const char *prefix, uint32_t value)
{
	struct {
		uint32_t len;
		uint8_t addr[16];
	} key;
	char text[64];
	int len;

	assert_int_equal(sscanf(prefix, "%63[^/]/%d", text, &len), 2);
	address(text, key.addr);
	key.len = strchr(text, ':') ? len : len + 96;
	return bpf_map_update_elem(nf_map(nf, "allow_list"), &key, &value, 0);
}

static void test_access_control(void **state)
{
	enum {
		ALLOW,
		INSPECT
	};
	static const struct vector empty[] = {
		{ "empty list", {}, INSPECT },
		{ "empty list, IPv6", { .src = "2001:db8::1" }, INSPECT },
	};
	static const struct vector listed[] = {
		{ "in 10/8", { .src = "10.255.0.1" }, ALLOW },
		{ "in 10/8, tagged", { .src = "10.255.0.1", .tags = 1 }, ALLOW },
		{ "in 10/8, two tags", { .src = "10.255.0.1", .tags = 2 }, ALLOW },
		{ "in 10/8, later fragment",
		  { .src = "10.255.0.1", .fragment = EXT_FRAG_LATER },
		  ALLOW },
		{ "in 10/8, cut off", { .src = "10.255.0.1", .cut = 1 }, INSPECT },
		{ "outside", { .src = "11.0.0.1" }, INSPECT },
		{ "only the destination is in 10/8",
		  { .src = "11.0.0.1", .dst = "10.1.1.1" },
		  INSPECT },
		{ "0 in 10.1/16 outweighs 10/8", { .src = "10.1.0.1" }, INSPECT },
		{ "a host in it allowed again", { .src = "10.1.2.3" }, ALLOW },
		{ "its neighbour", { .src = "10.1.2.2" }, INSPECT },
		{ "in 2001:db8::/32", { .src = "2001:db8:ffff::1" }, ALLOW },
		{ "in 2001:db8::/32, two tags",
		  { .src = "2001:db8:ffff::1", .tags = 2, .ext = { EXT_HOPOPTS } },
		  ALLOW },
		{ "0 in 2001:db8:1::/48", { .src = "2001:db8:1::1" }, INSPECT },
		{ "outside, IPv6", { .src = "2001:db9::1" }, INSPECT },
		{ "the IPv4 address as an IPv6 prefix", { .src = "a00::1" }, INSPECT },
		{ "ARP", { .ethertype = 0x0806 }, ALLOW },
	};
	static const struct vector defaults[] = {
		{ "ARP, inspected", { .ethertype = 0x0806 }, INSPECT },
		{ "0 in 0.0.0.0/0", {}, INSPECT },
		{ "1 in ::/0", { .src = "2001:db8::1" }, ALLOW },
	};
	struct nf nf;

	nf_load(&nf, "access-control",
		(struct nf_setting[]) { { .name = "allow_list", .map_size = 6 }, {} });
	run_vectors(&nf, empty);
	assert_int_equal(allow_list_put(&nf, "10.0.0.0/8", 1), 0);
	assert_int_equal(allow_list_put(&nf, "10.1.0.0/16", 0), 0);
	assert_int_equal(allow_list_put(&nf, "10.1.2.3/32", 7), 0);
	assert_int_equal(allow_list_put(&nf, "2001:db8::/32", 1), 0);
	assert_int_equal(allow_list_put(&nf, "2001:db8:1::/48", 0), 0);
	run_vectors(&nf, listed);
	assert_int_equal(allow_list_put(&nf, "11.0.0.0/8", 1), 0);
	assert_int_equal(allow_list_put(&nf, "12.0.0.0/8", 1), -ENOSPC);
	nf_unload(&nf);

	nf_load(&nf, "access-control",
		(struct nf_setting[]) { { .name = "non_ip", .value = INSPECT }, {} });
	/* ::/0 is longer than nothing for IPv4 too: both families are in one list. */
	assert_int_equal(allow_list_put(&nf, "::/0", 1), 0);
	assert_int_equal(allow_list_put(&nf, "0.0.0.0/0", 0), 0);
	run_vectors(&nf, defaults);
	nf_unload(&nf);
}

/* ---- filter-ip ---- */

static uint64_t blocked(const struct nf *nf, const char *ip)
{
	uint64_t packets = UINT64_MAX;
	uint8_t key[16];

	address(ip, key);
	assert_int_equal(bpf_map_lookup_elem(nf_map(nf, "blocked_ips"), key, &packets), 0);
	return packets;
}

static int block(const struct nf *nf, const char *ip)
{
	uint8_t key[16];

	address(ip, key);
	return bpf_map_update_elem(nf_map(nf, "blocked_ips"), key, &(uint64_t) { 0 }, 0);
}

static void test_filter_ip(void **state)
{
	enum {
		ALLOW,
		BLOCK
	};
	static const struct vector vectors[] = {
		{ "listed", { .src = "192.0.2.1" }, BLOCK },
		{ "listed, two tags", { .src = "192.0.2.1", .tags = 2 }, BLOCK },
		{ "listed, later fragment",
		  { .src = "192.0.2.1", .fragment = EXT_FRAG_LATER },
		  BLOCK },
		{ "its neighbour", { .src = "192.0.2.0" }, ALLOW },
		{ "listed as destination", { .dst = "192.0.2.1" }, ALLOW },
		{ "listed, IPv6", { .src = "2001:db8::bad", .tags = 1 }, BLOCK },
		{ "its neighbour, IPv6", { .src = "2001:db8::bae" }, ALLOW },
		{ "ARP", { .ethertype = 0x0806 }, ALLOW },
		{ "malformed", { .cut = 1 }, BLOCK },
	};
	struct nf nf;

	nf_load(&nf, "filter-ip",
		(struct nf_setting[]) { { .name = "blocked_ips", .map_size = 2 }, {} });
	assert_int_equal(block(&nf, "192.0.2.1"), 0);
	assert_int_equal(block(&nf, "2001:db8::bad"), 0);
	assert_int_equal(block(&nf, "192.0.2.2"), -E2BIG);
	run_vectors(&nf, vectors);
	assert_int_equal(blocked(&nf, "192.0.2.1"), 3);
	assert_int_equal(blocked(&nf, "2001:db8::bad"), 1);
	assert_int_equal(nf_percpu_sum(&nf, "shared_counter"), 5);
	nf_unload(&nf);
}

/* ---- decrement-ip-ttl ---- */

static void test_decrement_ip_ttl(void **state)
{
	enum {
		FORWARD,
		EXPIRED
	};
	struct nf nf;

	nf_load(&nf, "decrement-ip-ttl", NULL);
	for (int ttl = 0; ttl <= 255; ttl++)
		for (int v6 = 0; v6 <= 1; v6++)
			for (int tags = 0; tags <= 2; tags++) {
				struct packet p = { .src = v6 ? "2001:db8::1" : "10.0.0.1",
						    .ttl = ttl ? ttl : -1,
						    .tags = tags,
						    .protocol = ttl & 1 ? 255 : 17 };
				struct frame in = build(&p), want, out = in;
				int action = nf_run(&nf, &out, 1, NULL);

				assert_int_equal(action, ttl <= 1 ? EXPIRED : FORWARD);
				if (ttl > 1)
					p.ttl--;
				want = build(&p); /* its checksum is made from nothing */
				assert_memory_equal(out.data, want.data, want.len);
			}
	nf_unload(&nf);
}

/* ---- dest-ip-branch ---- */

static void test_dest_ip_branch(void **state)
{
	enum {
		LEFT,
		RIGHT,
		UP,
		DOWN
	};
	static const struct vector vectors[] = {
		{ "00", { .dst = "10.0.3.252" }, LEFT },
		{ "01", { .dst = "10.0.3.1" }, RIGHT },
		{ "10", { .dst = "10.3.0.2", .tags = 2 }, UP },
		{ "11", { .dst = "3.0.0.3", .src = "10.0.0.0" }, DOWN },
		{ "00, IPv6", { .src = "2001:db8::3", .dst = "2001:db8::fffc" }, LEFT },
		{ "01, IPv6", { .src = "2001:db8::3", .dst = "3:3:3::1", .tags = 1 }, RIGHT },
		{ "10, IPv6", { .src = "2001:db8::3", .dst = "2001:db8::300:2" }, UP },
		{ "11, IPv6", { .src = "2001:db8::1", .dst = "2001:db8::ffff" }, DOWN },
		{ "ARP", { .ethertype = 0x0806 }, DOWN },
		{ "malformed", { .dst = "10.0.0.0", .cut = 3 }, DOWN },
	};
	struct nf nf;

	nf_load(&nf, "dest-ip-branch", NULL);
	run_vectors(&nf, vectors);
	nf_unload(&nf);
}

/* ---- load-balance ---- */

enum {
	PRIMARY,
	SECONDARY,
	FLOWS = 4000
};

static struct packet flow(int i, int v6)
{
	static char src[2][40], dst[2][40];

	/* Neighbouring addresses and ports: what a weak hash would put together. */
	snprintf(src[v6], sizeof(src[v6]), v6 ? "2001:db8::%x" : "10.0.0.%d", i % 50 + 1);
	snprintf(dst[v6], sizeof(dst[v6]), v6 ? "2001:db8:1::%x" : "10.1.0.%d", i / 50 % 8 + 1);
	return (struct packet) { .src = src[v6],
				 .dst = dst[v6],
				 .sport = 1000 + i / 400,
				 .dport = 443,
				 .protocol = IPPROTO_TCP };
}

static int secondary_of(const struct nf *nf, const struct packet *p)
{
	struct frame f = build(p);

	return nf_run(nf, &f, 1, NULL);
}

/* Within five standard deviations of a fair coin of that weight. */
static void test_load_balance_share(void **state)
{
	static const uint32_t ppm[] = { 0, 10000, 250000, 500000, 900000, 1000000 };

	for (unsigned int n = 0; n < sizeof(ppm) / sizeof(ppm[0]); n++)
		for (int v6 = 0; v6 <= 1; v6++) {
			double share = ppm[n] / 1e6, deviation;
			int secondary = 0;
			struct nf nf;

			nf_load(&nf, "load-balance",
				(struct nf_setting[]) {
					{ .name = "secondary_ppm", .value = ppm[n] }, {} });
			for (int i = 0; i < FLOWS; i++) {
				struct packet p = flow(i, v6);

				secondary += secondary_of(&nf, &p);
			}
			nf_unload(&nf);
			deviation = secondary - FLOWS * share;
			if (deviation * deviation > 25 * FLOWS * share * (1 - share))
				fail_msg("%u ppm: %d of %d flows", ppm[n], secondary, FLOWS);
		}
}

/* Both directions, whatever the tags; and all fragments of a packet. */
static void test_load_balance_together(void **state)
{
	struct nf nf;

	nf_load(&nf, "load-balance", NULL);
	for (int i = 0; i < 200; i++)
		for (int v6 = 0; v6 <= 1; v6++) {
			struct packet p = flow(i, v6), back = p, first = p, later = p;
			int way = secondary_of(&nf, &p);

			back.src = p.dst;
			back.dst = p.src;
			back.sport = p.dport;
			back.dport = p.sport;
			back.tags = i % 3;
			assert_int_equal(secondary_of(&nf, &back), way);
			first.fragment = first.ext[0] = EXT_FRAG_FIRST;
			later.fragment = later.ext[0] = EXT_FRAG_LATER;
			assert_int_equal(secondary_of(&nf, &first), secondary_of(&nf, &later));
		}
	nf_unload(&nf);
}

/* ---- compute, macswap ---- */

/* The verifier must take what the example chains ask for; the work must really be done. */
static void test_compute(void **state)
{
	static const uint32_t iterations[] = { 0, 1, 15, 16, 17, 1000, 10000, 100000 };

	for (unsigned int n = 0; n < sizeof(iterations) / sizeof(iterations[0]); n++) {
		struct bpf_prog_info info = {};
		uint32_t len = sizeof(info), ns;
		struct packet p = {};
		struct frame f = build(&p), out = f;
		uint64_t x = f.len;
		struct nf nf;

		nf_load(&nf, "compute",
			(struct nf_setting[]) {
				{ .name = "iterations", .value = iterations[n] }, {} });
		assert_int_equal(nf_run(&nf, &out, 1, &ns), 0);
		assert_int_equal(out.len, f.len);
		assert_memory_equal(out.data, f.data, f.len);
		for (uint32_t i = 0; i < iterations[n]; i++)
			x = (x ^ x >> 31) * 0x94d049bb133111ebull;
		assert_true(nf_percpu_sum(&nf, "result") == x);
		assert_int_equal(nf_run(&nf, &out, 100, &ns), 0);
		assert_int_equal(bpf_obj_get_info_by_fd(nf.fd, &info, &len), 0);
		print_message("compute %6u: %6u insns verified, %6u ns\n", iterations[n],
			      info.verified_insns, ns);
		nf_unload(&nf);
	}
}

static void test_macswap(void **state)
{
	struct packet p = { .tags = 1 };
	struct frame f = build(&p);
	struct nf nf;

	nf_load(&nf, "macswap", NULL);
	assert_int_equal(nf_run(&nf, &f, 7, NULL), 0);
	assert_int_equal(nf_percpu_sum(&nf, "count"), 7);
	assert_memory_equal(f.data, "\2\0\0\0\0\2\2\0\0\0\0\1", 12); /* 7 is odd */
	nf_unload(&nf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_access_control),
		cmocka_unit_test(test_filter_ip),
		cmocka_unit_test(test_decrement_ip_ttl),
		cmocka_unit_test(test_dest_ip_branch),
		cmocka_unit_test(test_load_balance_share),
		cmocka_unit_test(test_load_balance_together),
		cmocka_unit_test(test_compute),
		cmocka_unit_test(test_macswap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
