/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* weak-classifier: flags, rates, verdicts and the flow table that a later inspector shares. */
#include "nf/harness.h"

enum {
	BENIGN,
	SUSPECT,
	ATTACK
};

/* As in galette/nf/flow.h; the object's BTF is asked whether it still is so. */
struct flow {
	uint8_t src[16], dst[16];
	uint8_t src_port[2], dst_port[2];
	uint8_t protocol, zero[3];
};

struct flow_state {
	uint64_t since;
	uint32_t events, reserved;
	uint32_t packets, benign, attack, cleared;
};

static void load(struct nf *nf, const struct nf_setting *settings)
{
	nf_load(nf, "weak-classifier", settings);
	assert_int_equal(
		bpf_map__key_size(bpf_object__find_map_by_name(nf->object, "flow_state")),
		sizeof(struct flow));
	assert_int_equal(
		bpf_map__value_size(bpf_object__find_map_by_name(nf->object, "flow_state")),
		sizeof(struct flow_state));
}

static int classify(const struct nf *nf, const struct packet *p)
{
	struct frame f = build(p), out = f;
	int action = nf_run(nf, &out, 1, NULL);

	assert_memory_equal(out.data, f.data, f.len);
	return action;
}

static int flows(const struct nf *nf, struct flow *last, struct flow_state *state)
{
	int fd = nf_map(nf, "flow_state"), count = 0;
	struct flow key, *prev = NULL;

	while (bpf_map_get_next_key(fd, prev, &key) == 0) {
		prev = &key;
		count++;
	}
	if (last && count) {
		*last = key;
		assert_int_equal(bpf_map_lookup_elem(fd, last, state), 0);
	}
	return count;
}

/* When a second began: 0 is over, and one that is yet to begin does not end. */
#define OVER    0
#define FOREVER ((uint64_t)1 << 62)

/* The second that is counted in, in all entries; the values of both maps begin with it. */
static void set_second(const struct nf *nf, const char *map, uint64_t since)
{
	int fd = nf_map(nf, map);
	uint8_t key[sizeof(struct flow)], next[sizeof(key)], value[sizeof(struct flow_state)];
	int more = bpf_map_get_next_key(fd, NULL, key) == 0;

	while (more) {
		more = bpf_map_get_next_key(fd, key, next) == 0;
		assert_int_equal(bpf_map_lookup_elem(fd, key, value), 0);
		memcpy(value, &since, sizeof(since));
		assert_int_equal(bpf_map_update_elem(fd, key, value, BPF_EXIST), 0);
		memcpy(key, next, sizeof(key));
	}
}

/* A packet that opens a second, which then does not end. */
static int classify_first(const struct nf *nf, const struct packet *p, const char *map)
{
	int action;

	set_second(nf, map, OVER);
	action = classify(nf, p);
	set_second(nf, map, FOREVER);
	return action;
}

/* Every combination of the six flags, against the rule as RFC 9293 has it. */
static void test_flags(void **state)
{
	const struct nf_setting settings[] = { { .name = "new_flows_per_second" }, {} };
	struct nf nf;

	load(&nf, settings);
	for (int flags = 0; flags < 64; flags++) {
		int syn = !!(flags & TCP_SYN), fin = !!(flags & TCP_FIN),
		    rst = !!(flags & TCP_RST);
		int possible = syn + fin + rst <= 1 && (flags & TCP_ACK || syn || rst);
		struct packet p = { .protocol = IPPROTO_TCP,
				    .flags = flags ? flags : 0x80,
				    .tags = flags % 3,
				    .src = flags & 1 ? "2001:db8::1" : NULL };
		int before = flows(&nf, NULL, NULL);

		assert_int_equal(classify(&nf, &p), possible ? SUSPECT : ATTACK);
		if (!possible) /* the packet is condemned and leaves no trace in the table */
			assert_int_equal(flows(&nf, NULL, NULL), before);
	}
	nf_unload(&nf);
}

/* One entry for both directions; an inspector's stamp decides for both. */
static void test_verdicts(void **state)
{
	static const char *const ends[][2] = { { "10.0.0.1", "10.0.0.2" },
					       { "10.0.0.2", "10.0.0.1" },
					       { "2001:db8::1", "2001:db8::2" },
					       { "2001:db8::5", "2001:db8::5" } };

	for (unsigned int n = 0; n < sizeof(ends) / sizeof(ends[0]); n++) {
		struct packet there = { .src = ends[n][0],
					.dst = ends[n][1],
					.protocol = IPPROTO_TCP,
					.sport = 1234,
					.dport = 80 };
		struct packet back = { .src = ends[n][1],
				       .dst = ends[n][0],
				       .sport = 80,
				       .dport = 1234,
				       .protocol = IPPROTO_TCP,
				       .flags = TCP_SYN | TCP_ACK,
				       .tags = 1 };
		struct packet xmas = there, cut = there;
		struct flow_state entry;
		struct flow key;
		struct nf nf;

		xmas.flags = TCP_FIN | TCP_PSH | TCP_URG;
		cut.cut = 1;
		load(&nf, NULL);
		assert_int_equal(classify(&nf, &there), SUSPECT);
		assert_int_equal(classify(&nf, &back), SUSPECT);
		assert_int_equal(flows(&nf, &key, &entry), 1);
		assert_int_equal(entry.packets, 2);
		assert_int_equal(key.protocol, IPPROTO_TCP);

		entry.benign = 1;
		bpf_map_update_elem(nf_map(&nf, "flow_state"), &key, &entry, 0);
		assert_int_equal(classify(&nf, &there), BENIGN);
		assert_int_equal(classify(&nf, &back), BENIGN);
		assert_int_equal(classify(&nf, &xmas), ATTACK);
		assert_int_equal(classify(&nf, &cut), ATTACK);
		assert_int_equal(classify(&nf, &there),
				 BENIGN); /* forged packets change nothing */

		entry.attack = 1; /* outweighs benign */
		bpf_map_update_elem(nf_map(&nf, "flow_state"), &key, &entry, 0);
		assert_int_equal(classify(&nf, &there), ATTACK);
		assert_int_equal(classify(&nf, &back), ATTACK);
		assert_int_equal(flows(&nf, NULL, NULL), 1);

		bpf_map_delete_elem(nf_map(&nf, "flow_state"), &key);
		assert_int_equal(classify(&nf, &there), SUSPECT);
		nf_unload(&nf);
	}
}

/* What makes a flow: each of these differs from the first in one thing. */
static void test_keys(void **state)
{
	static const struct packet others[] = {
		{ .src = "10.0.0.3" },
		{ .dst = "10.0.0.3" },
		{ .sport = 1001 },
		{ .dport = 2001 },
		{ .protocol = IPPROTO_TCP },
		{ .protocol = IPPROTO_ICMP },
		{ .src = "2001:db8::1" },
		{ .src = "2001:db8::1", .ext = { EXT_DSTOPTS }, .sport = 7 },
		{ .sport = 2000, .dport = 1000 },
		{ .fragment = EXT_FRAG_FIRST },
	};
	static const struct packet same[] = {
		{},
		{ .tags = 2 },
		{ .options = 3 },
		{ .padding = 9 },
		{ .src = "2001:db8::1", .ext = { EXT_HOPOPTS, EXT_AH } },
		{ .src = "2001:db8::1", .ext = { EXT_FRAG_WHOLE } },
		{ .fragment = EXT_FRAG_LATER },
		{ .src = "10.0.0.2", .dst = "10.0.0.1", .sport = 2000, .dport = 1000 },
	};
	struct nf nf;

	load(&nf, NULL);
	classify(&nf, &same[0]);
	for (unsigned int i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_int_equal(classify(&nf, &others[i]), SUSPECT);
		if (flows(&nf, NULL, NULL) != (int)i + 2)
			fail_msg("packet %u is of another flow than expected", i);
	}
	for (unsigned int i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		assert_int_equal(classify(&nf, &same[i]), SUSPECT);
		if (flows(&nf, NULL, NULL) != sizeof(others) / sizeof(others[0]) + 1)
			fail_msg("packet %u should be of a known flow", i);
	}
	nf_unload(&nf);
}

static void test_new_flows(void **state)
{
	const struct nf_setting settings[] = { { .name = "new_flows_per_second", .value = 5 },
					       {} };
	struct packet other = { .src = "10.0.0.99" }, known = { .sport = 1 },
		      next = { .sport = 101 };
	struct nf nf;

	load(&nf, settings);
	assert_int_equal(classify_first(&nf, &known, "sources"), SUSPECT);
	for (int i = 2; i <= 20; i++) {
		struct packet p = { .sport = i };

		assert_int_equal(classify(&nf, &p), i <= 5 ? SUSPECT : ATTACK);
	}
	assert_int_equal(flows(&nf, NULL, NULL), 5); /* a scan does not fill the table */
	assert_int_equal(classify(&nf, &other), SUSPECT);
	assert_int_equal(classify(&nf, &known), SUSPECT);
	assert_int_equal(classify_first(&nf, &next, "sources"), SUSPECT);
	for (int i = 102; i <= 110; i++) {
		struct packet p = { .sport = i };

		assert_int_equal(classify(&nf, &p), i <= 105 ? SUSPECT : ATTACK);
	}
	nf_unload(&nf);
}

static void test_packet_rate(void **state)
{
	const struct nf_setting settings[] = { { .name = "packets_per_second", .value = 10 },
					       { .name = "probation", .value = 15 },
					       {} };
	struct packet p = {}, other = { .sport = 5 };
	struct nf nf;

	load(&nf, settings);
	assert_int_equal(classify_first(&nf, &p, "flow_state"), SUSPECT);
	for (int i = 2; i <= 30; i++)
		assert_int_equal(classify(&nf, &p), i <= 10 ? SUSPECT : ATTACK);
	assert_int_equal(classify(&nf, &other), SUSPECT);
	/* The hits began its probation anew: 10 good ones here do not make it 15. */
	assert_int_equal(classify_first(&nf, &p, "flow_state"), SUSPECT);
	for (int i = 2; i <= 10; i++)
		assert_int_equal(classify(&nf, &p), SUSPECT);
	assert_int_equal(classify_first(&nf, &p, "flow_state"), SUSPECT);
	for (int i = 2; i <= 5; i++)
		assert_int_equal(classify(&nf, &p), SUSPECT);
	for (int i = 6; i <= 30; i++) /* cleared, and still held to its rate */
		assert_int_equal(classify(&nf, &p), i <= 10 ? BENIGN : ATTACK);
	/* Its hits do not make it suspect again. */
	assert_int_equal(classify_first(&nf, &p, "flow_state"), BENIGN);
	nf_unload(&nf);
}

/* As in chains/gateway.toml: the limit is far beyond the probation. */
static void test_gateway(void **state)
{
	const struct nf_setting settings[] = { { .name = "new_flows_per_second", .value = 50 },
					       { .name = "packets_per_second", .value = 5000 },
					       { .name = "probation", .value = 20 },
					       {} };
	static const struct packet p = { .protocol = IPPROTO_TCP }, other = { .sport = 5 };
	struct flow_state entry;
	struct flow key;
	struct nf nf;

	load(&nf, settings);
	assert_int_equal(classify_first(&nf, &p, "flow_state"), SUSPECT);
	for (int i = 2; i <= 6000; i++)
		assert_int_equal(classify(&nf, &p), i <= 20     ? SUSPECT
						    : i <= 5000 ? BENIGN
								: ATTACK);
	assert_int_equal(classify_first(&nf, &p, "flow_state"), BENIGN);
	assert_int_equal(flows(&nf, &key, &entry), 1);
	assert_int_equal(entry.cleared, 1);
	assert_int_equal(entry.benign, 0);
	assert_int_equal(classify(&nf, &other), SUSPECT);

	/* Somebody has looked into it: no rate. */
	entry.benign = 1;
	bpf_map_update_elem(nf_map(&nf, "flow_state"), &key, &entry, 0);
	for (int i = 1; i <= 6000; i++)
		assert_int_equal(classify(&nf, &p), BENIGN);
	nf_unload(&nf);
}

static void test_probation(void **state)
{
	for (uint32_t probation = 0; probation <= 3; probation++) {
		const struct nf_setting settings[] = {
			{ .name = "probation", .value = probation }, {}
		};
		struct packet p = {};
		struct nf nf;

		load(&nf, settings);
		for (uint32_t i = 1; i <= 10; i++)
			assert_int_equal(classify(&nf, &p),
					 probation && i > probation ? BENIGN : SUSPECT);
		nf_unload(&nf);
	}
}

/* No room for a flow: suspect for ever, though its probation would be over. */
static void test_full_table(void **state)
{
	const struct nf_setting settings[] = { { "flow_state", 0, 4, BPF_MAP_TYPE_HASH },
					       { .name = "probation", .value = 1 },
					       { .name = "new_flows_per_second" },
					       {} };
	struct packet p = { .sport = 999 };
	struct nf nf;

	load(&nf, settings);
	for (int i = 0; flows(&nf, NULL, NULL) < 4 && i < 100; i++) {
		p.sport = 1000 + i;
		assert_int_equal(classify(&nf, &p), SUSPECT);
	}
	assert_int_equal(flows(&nf, NULL, NULL), 4);
	p.sport = 1;
	for (int i = 0; i < 10; i++)
		assert_int_equal(classify(&nf, &p), SUSPECT);
	p.sport = 1000;
	assert_int_equal(classify(&nf, &p), BENIGN);
	nf_unload(&nf);
}

static void test_non_ip(void **state)
{
	for (int action = BENIGN; action <= ATTACK; action++) {
		const struct nf_setting settings[] = { { .name = "non_ip", .value = action },
						       {} };
		struct packet arp = { .ethertype = 0x0806 };
		struct nf nf;

		load(&nf, settings);
		assert_int_equal(classify(&nf, &arp), action);
		assert_int_equal(flows(&nf, NULL, NULL), 0);
		nf_unload(&nf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flags),       cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_keys),        cmocka_unit_test(test_new_flows),
		cmocka_unit_test(test_packet_rate), cmocka_unit_test(test_probation),
		cmocka_unit_test(test_full_table),  cmocka_unit_test(test_non_ip),
		cmocka_unit_test(test_gateway),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
