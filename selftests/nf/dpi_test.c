// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* dpi: which packet is hit by which rule, and what that makes of its flow. */
#include <errno.h>

#include "nf/corpus.h"
#include "nf/dpi.h"

#define V6     .src = "2001:db8::1"
#define TCP    .protocol = IPPROTO_TCP
#define TELNET TCP, .flags = TCP_ACK, .dport = 23
#define HTTP   TCP, .flags = TCP_ACK, .dport = 80

/* ---- one rule, one packet ---- */

static const struct {
	const char *rule; /* without its sid */
	struct packet packet;
	const char *payload;
	int action;
} vectors[] = {
	{ "tcp any any -> any any (content:\"bcd\";", { TCP }, "abcde", ATTACK },
	{ "tcp any any -> any any (content:\"bcd\";", { TCP }, "abcd", ATTACK },
	{ "tcp any any -> any any (content:\"bcd\";", { TCP }, "bcd", ATTACK },
	{ "tcp any any -> any any (content:\"bcd\";", { TCP }, "bc", CLEAN },
	{ "tcp any any -> any any (content:\"bcd\";", { TCP }, "abc cd", CLEAN },
	{ "tcp any any -> any any (content:\"bcd\";", { TCP }, "", CLEAN },
	{ "tcp any any -> any any (content:\"x\";", { TCP }, "x", ATTACK },
	{ "tcp any any -> any any (content:\"bCd\";", { TCP }, "abcde", CLEAN },
	{ "tcp any any -> any any (content:\"bCd\"; nocase;", { TCP }, "aBcDe", ATTACK },
	{ "tcp any any -> any any (content:\"[.*]\";", { TCP }, "a[.*]", ATTACK },
	{ "tcp any any -> any any (content:\"[.*]\";", { TCP }, "abc", CLEAN },
	{ "tcp any any -> any any (content:\"a|0d 0a|b\";", { TCP }, "a\r\nb", ATTACK },
	{ "tcp any any -> any any (content:\"a|0D0a|b\";", { TCP }, "a\n\rb", CLEAN },
	{ "tcp any any -> any any (content:\"|ff fE|\";", { TCP }, "\xff\xfe", ATTACK },
	{ "tcp any any -> any any (content:\"\\\"\\;\\\\\\:\";", { TCP }, "\";\\:", ATTACK },
	{ "drop tcp any any -> any any (content:\"bcd\";", { TCP }, "abcde", ATTACK },

	{ "tcp any any -> any any (content:\"bc\"; offset:1;", { TCP }, "abc", ATTACK },
	{ "tcp any any -> any any (content:\"bc\"; offset:2;", { TCP }, "abc", CLEAN },
	{ "tcp any any -> any any (content:\"bc\"; offset:2;", { TCP }, "abcbc", ATTACK },
	{ "tcp any any -> any any (content:\"bc\"; depth:3;", { TCP }, "abc", ATTACK },
	{ "tcp any any -> any any (content:\"bc\"; depth:2;", { TCP }, "abc", CLEAN },
	{ "tcp any any -> any any (content:\"bc\"; depth:2; offset:1;",
	  { TCP },
	  "abc",
	  ATTACK },
	{ "tcp any any -> any any (content:\"bc\"; offset:1; depth:3;",
	  { TCP },
	  "aabc",
	  ATTACK },
	{ "tcp any any -> any any (content:\"bc\"; offset:1; depth:3;",
	  { TCP },
	  "aaabc",
	  CLEAN },
	{ "tcp any any -> any any (content:\"bc\"; offset:0;", { TCP }, "bc", ATTACK },

	{ "tcp any any -> any any (content:\"ab\"; content:\"cd\";", { TCP }, "cdab", ATTACK },
	{ "tcp any any -> any any (content:\"ab\"; content:\"cd\";", { TCP }, "cda", CLEAN },
	{ "tcp any any -> any any (content:\"ab\"; content:\"ab\";", { TCP }, "ab", ATTACK },
	{ "tcp any any -> any any (content:\"ab\"; content:\"bc\";", { TCP }, "abc", ATTACK },
	{ "tcp any any -> any any (content:\"ab\"; depth:2; content:\"ab\"; offset:2;",
	  { TCP },
	  "ab",
	  CLEAN },
	{ "tcp any any -> any any (content:\"ab\"; depth:2; content:\"ab\"; offset:2;",
	  { TCP },
	  "abab",
	  ATTACK },

	{ "tcp any any -> any 80 (content:\"b\";", { HTTP }, "b", ATTACK },
	{ "tcp any any -> any 80 (content:\"b\";", { V6, HTTP }, "b", ATTACK },
	{ "tcp any any -> any 80 (content:\"b\";",
	  { HTTP, .tags = 2, .options = 3 },
	  "b",
	  ATTACK },
	{ "tcp any any -> any 80 (content:\"b\";", { TCP }, "b", CLEAN },
	{ "tcp any any -> any 80 (content:\"b\";", { TCP, .sport = 80 }, "b", CLEAN },
	{ "tcp any 80 -> any any (content:\"b\";", { TCP, .sport = 80 }, "b", ATTACK },
	{ "tcp any any <> any 80 (content:\"b\";", { TCP, .sport = 80 }, "b", ATTACK },
	{ "tcp any any <> any 80 (content:\"b\";", { HTTP }, "b", ATTACK },
	{ "tcp any any <> any 80 (content:\"b\";", { TCP }, "b", CLEAN },
	{ "tcp any any -> any [1,79:81] (content:\"b\";", { HTTP }, "b", ATTACK },
	{ "tcp any any -> any [1,81:] (content:\"b\";", { HTTP }, "b", CLEAN },
	{ "tcp any any -> any :80 (content:\"b\";", { HTTP }, "b", ATTACK },
	{ "tcp any any -> any :79 (content:\"b\";", { HTTP }, "b", CLEAN },
	{ "tcp any any -> any 80: (content:\"b\";", { HTTP }, "b", ATTACK },
	{ "udp any any -> any any (content:\"b\";", { HTTP }, "b", CLEAN },
	{ "tcp any any -> any any (content:\"b\";", {}, "b", CLEAN },
	{ "udp any any -> any 2000 (content:\"b\";", {}, "b", ATTACK },
	{ "udp any any -> any 2000 (content:\"b\";",
	  { V6, .ext = { EXT_HOPOPTS } },
	  "b",
	  ATTACK },
	{ "ip any any -> any any (content:\"b\";", {}, "b", ATTACK },
	{ "ip any any -> any any (content:\"b\";", { TCP }, "b", ATTACK },
	{ "ip any any -> any any (content:\"bbbb\";",
	  { .protocol = IPPROTO_GRE },
	  "bbbb",
	  ATTACK },
	{ "tcp any any -> any any (content:\"b\";", { .protocol = IPPROTO_GRE }, "b", CLEAN },
	{ "udp any any -> any any (content:\"p\";", { .padding = 9 }, "b", CLEAN },
	{ "tcp any any -> any any (content:\"p\";", { TCP, .padding = 9 }, "b", CLEAN },
	{ "tcp any any -> any any (content:\"b\";", { TCP, .flags = TCP_SYN }, "b", ATTACK },

	{ "udp any any -> any 2000 (content:\"b\"; depth:1;",
	  { .fragment = EXT_FRAG_FIRST },
	  "b",
	  ATTACK },
	{ "udp any any -> any 80 (content:\"b\";", { .fragment = EXT_FRAG_FIRST }, "b", CLEAN },
	{ "udp any any -> any 80 (content:\"b\";",
	  { .fragment = EXT_FRAG_LATER },
	  "b",
	  ATTACK },
	{ "tcp any any -> any 80 (content:\"b\";", { .fragment = EXT_FRAG_LATER }, "b", CLEAN },
	{ "udp any any -> any 80 (content:\"b\"; offset:0;",
	  { .fragment = EXT_FRAG_LATER },
	  "b",
	  CLEAN },
	{ "udp any any -> any any (content:\"b\";",
	  { V6, .ext = { EXT_FRAG_LATER } },
	  "b",
	  ATTACK },
};

static void test_vectors(void **state)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct alone a;
		char rule[512];
		int action;

		snprintf(rule, sizeof(rule), "%s%s sid:7;)\n",
			 strncmp(vectors[i].rule, "drop", 4) ? "alert " : "", vectors[i].rule);
		dpi_open(&a, rule);
		action = dpi_run(&a, &vectors[i].packet, vectors[i].payload);
		if (action != vectors[i].action)
			fail_msg("vector %zu: %s: \"%s\" gives %d", i, rule, vectors[i].payload,
				 action);
		assert_int_equal(dpi_hits(&a, 7), action == ATTACK);
		assert_int_equal(dpi_flows(&a, NULL, NULL), action == ATTACK);
		alone_close(&a);
	}
}

/* What is behind a UDP datagram's end, in its IP packet, is not its payload. */
static void test_udp_length(void **state)
{
	struct packet p = {};
	struct frame f = with_payload(&p, "abcd", 4);
	struct alone a;

	dpi_open(&a, "alert udp any any -> any any (content:\"d\"; sid:1;)");
	set16(&f, f.l4 + 4, 8 + 3);
	assert_int_equal(alone_run(&a, &f), CLEAN);
	set16(&f, f.l4 + 4, 8 + 4);
	assert_int_equal(alone_run(&a, &f), ATTACK);
	alone_close(&a);
}

/* ---- what becomes of the flow ---- */

static void test_attack(void **state)
{
	const struct packet there = { HTTP }, back = { TCP,
						       .flags = TCP_ACK,
						       .src = "10.0.0.2",
						       .dst = "10.0.0.1",
						       .sport = 80,
						       .dport = 1000 },
			    other = { HTTP, .sport = 1001 };
	struct flow_state entry;
	struct flow key;
	struct alone a;

	dpi_open(&a, "alert tcp any any -> any 80 (content:\"evil\"; sid:1;)");
	assert_int_equal(dpi_run(&a, &there, "good"), CLEAN);
	assert_int_equal(dpi_flows(&a, NULL, NULL), 0);
	assert_int_equal(dpi_run(&a, &there, "evil"), ATTACK);
	assert_int_equal(dpi_flows(&a, &key, &entry), 1);
	assert_int_equal(entry.attack, 1);
	assert_int_equal(entry.benign, 0);
	assert_int_equal(entry.packets, 0);
	assert_int_equal(key.protocol, IPPROTO_TCP);
	/* From now on unseen, in both directions; and only this flow. */
	assert_int_equal(dpi_run(&a, &there, "good"), ATTACK);
	assert_int_equal(dpi_run(&a, &back, "good"), ATTACK);
	assert_int_equal(dpi_run(&a, &other, "good"), CLEAN);
	assert_int_equal(dpi_hits(&a, 1), 1);
	dpi_forget(&a);
	assert_int_equal(dpi_run(&a, &there, "good"), CLEAN);
	/* An entry that is there already, of weak-classifier: the rest of it stays. */
	entry = (struct flow_state) { .since = 5, .events = 6, .packets = 7, .benign = 1 };
	assert_int_equal(bpf_map_update_elem(alone_map(&a, "flow_state"), &key, &entry, 0), 0);
	assert_int_equal(dpi_run(&a, &there, "evil"), ATTACK);
	entry.attack = 1;
	{
		struct flow_state now;

		dpi_flows(&a, NULL, &now);
		assert_memory_equal(&now, &entry, sizeof(now));
	}
	assert_int_equal(dpi_hits(&a, 1), 2);
	alone_close(&a);
}

/* So many packets with payload, and so many bytes in them. */
static void test_benign(void **state)
{
	static const struct {
		uint32_t inspect, bytes, needed; /* packets of four bytes each; 0: never */
	} cases[] = { { 3, 1, 3 },  { 1, 1, 1 }, { 1, 4, 1 }, { 1, 5, 2 },
		      { 2, 20, 5 }, { 0, 1, 0 }, { 1, 0, 0 } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct packet p = { HTTP }, empty = { HTTP };
		struct flow_state entry;
		struct alone a;

		dpi_open(&a, "alert tcp any any -> any 80 (content:\"evil\"; sid:1;)");
		alone_set(&a, "inspect", cases[i].inspect);
		alone_set(&a, "inspect_bytes", cases[i].bytes);
		for (uint32_t n = 1; n <= 10; n++) {
			bool over = cases[i].needed && n >= cases[i].needed;

			assert_int_equal(dpi_run(&a, &empty, ""), CLEAN);
			assert_int_equal(dpi_run(&a, &p, "good"), CLEAN);
			assert_int_equal(dpi_flows(&a, NULL, &entry), over);
			if (over) {
				assert_int_equal(entry.benign, 1);
				assert_int_equal(entry.attack, 0);
			}
		}
		/* The last word is not said. */
		assert_int_equal(dpi_run(&a, &p, "evil"), ATTACK);
		dpi_flows(&a, NULL, &entry);
		assert_int_equal(entry.attack, 1);
		/* Begun anew: it takes as long as before. */
		dpi_forget(&a);
		for (uint32_t n = 1; n < cases[i].needed; n++) {
			dpi_run(&a, &(struct packet) { HTTP, .sport = 3 }, "good");
			assert_int_equal(dpi_flows(&a, NULL, NULL), 0);
		}
		alone_close(&a);
	}
}

/* weak-classifier in the kernel and dpi on one table: the one hears what the other says. */
static void test_with_classifier(void **state)
{
	enum {
		BENIGN,
		SUSPECT,
		BAD
	};
	const struct packet good = { HTTP }, bad = { HTTP, .sport = 1001 };
	struct alone a;
	struct frame f;
	struct nf nf;

	nf_load(&nf, "weak-classifier", NULL);
	dpi_open(&a, "alert tcp any any -> any 80 (content:\"evil\"; sid:1;)");
	assert_int_equal(nf_host_bind(a.host, "flow_state", nf_map(&nf, "flow_state")), 0);
	alone_set(&a, "inspect", 3);
	alone_set(&a, "inspect_bytes", 12);
	for (int i = 1; i <= 10; i++) {
		f = with_payload(&good, "good", 4);
		assert_int_equal(nf_run(&nf, &f, 1, NULL), i <= 3 ? SUSPECT : BENIGN);
		if (i <= 3)
			assert_int_equal(alone_run(&a, &f), CLEAN);
	}
	f = with_payload(&bad, "evil", 4);
	assert_int_equal(nf_run(&nf, &f, 1, NULL), SUSPECT);
	assert_int_equal(alone_run(&a, &f), ATTACK);
	f = with_payload(&bad, "good", 4);
	assert_int_equal(nf_run(&nf, &f, 1, NULL), BAD);
	alone_close(&a);
	nf_unload(&nf);
}

/* ---- any packets ---- */

static void test_corpus(void **state)
{
	struct corpus corpus = corpus_make(0x67616c65747465ull, 20000);
	int attacks = 0;
	struct alone a;
	struct frame f;

	dpi_open(&a, dpi_read("nf/dpi.rules"));
	for (int i = 0; i < corpus.count; i++) {
		int action;

		f.len = corpus.packets[i].len;
		memcpy(f.data, corpus.packets[i].data, f.len);
		action = alone_run(&a, &f);
		assert_true(action == CLEAN || action == ATTACK);
		attacks += action == ATTACK;
		if (i < TRAFFIC &&
		    action != (traffic[i].kind == WHOLE || traffic[i].kind == NOT_IP ? CLEAN
										     : ATTACK))
			fail_msg("%s: %d", traffic[i].name, action);
	}
	/* Malformed ones: no rule is hit by what nobody wrote. */
	assert_int_equal(bpf_map_get_next_key(alone_map(&a, "hits"), NULL, &(uint32_t) { 0 }),
			 -ENOENT);
	print_message("%d packets, %d of them malformed\n", corpus.count, attacks);
	alone_close(&a);
	corpus_free(&corpus);
}

/* ---- loading ---- */

static void test_refused(void **state)
{
	struct alone a;

	alone_open(&a, "dpi");
	assert_int_equal(alone_load(&a, "rule", ""), -ENOENT);
	assert_int_equal(alone_load(&a, "inspect", ""), -ENOENT);
	assert_int_equal(nf_host_load(a.host, NULL, 0, alone_complaint, &a), -ENOENT);
	assert_string_equal(a.said, "");
	assert_int_equal(alone_load(&a, "rules",
				    "# none\n\nalert tcp any any -> any any (sid:0;)\n"
				    "alert icmp any any -> any any\n"),
			 -EINVAL);
	assert_string_equal(a.said, "3:35: the number is not from 1 to 4294967295\n"
				    "3:1: the rule has no content: it would hit every packet\n"
				    "4:7: expected a protocol: tcp, udp or ip\n");
	alone_close(&a);
}

static void test_no_rules(void **state)
{
	struct alone a;

	dpi_open(&a, "# none\n");
	assert_int_equal(dpi_run(&a, &(struct packet) { HTTP }, "anything"), CLEAN);
	alone_close(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),         cmocka_unit_test(test_udp_length),
		cmocka_unit_test(test_attack),          cmocka_unit_test(test_benign),
		cmocka_unit_test(test_with_classifier), cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_refused),         cmocka_unit_test(test_no_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
