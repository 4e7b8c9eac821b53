// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* dpi: signatures across the segments of a connection, and against a plain search. */
#include "nf/corpus.h"
#include "nf/dpi.h"

#define CONNECTION .protocol = IPPROTO_TCP, .dport = 23

static const struct packet there = { CONNECTION, .flags = TCP_ACK };
static const struct packet syn = { CONNECTION };
static const struct packet back = { .protocol = IPPROTO_TCP,
				    .flags = TCP_ACK,
				    .src = "10.0.0.2",
				    .dst = "10.0.0.1",
				    .sport = 23,
				    .dport = 1000 };

static int segment(struct alone *a, const struct packet *p, uint32_t seq, const char *payload)
{
	struct frame f = with_payload(p, payload, strlen(payload));

	set_seq(&f, seq);
	return alone_run(a, &f);
}

static const char telnet_rule[] =
	"alert tcp any any -> any 23 (content:\"root|0d 0a|xc3511|0d 0a|\"; sid:1;)";

/* Segments in order, whose sequence numbers follow from their lengths. The last one is a hit. */
struct part {
	int skip; /* from where the one before ended; negative: bytes once more */
	const char *payload;
};

static const struct {
	const char *name;
	struct part parts[8];
	int action; /* of the last one */
} splits[] = {
	{ "two lines", { { 0, "root\r\n" }, { 0, "xc3511\r\n" } }, ATTACK },
	{ "in the middle of a word", { { 0, "root\r\nxc3" }, { 0, "511\r\n" } }, ATTACK },
	{ "something else before and behind",
	  { { 0, "enable\r\nroot\r" }, { 0, "\nxc3511\r\nls" } },
	  ATTACK },
	{ "bytes between", { { 0, "root\r\n" }, { 0, "x" }, { 0, "xc3511\r\n" } }, CLEAN },
	{ "a gap", { { 0, "root\r\n" }, { 1, "xc3511\r\n" } }, CLEAN },
	{ "the first once more",
	  { { 0, "root\r\n" }, { -6, "root\r\n" }, { 0, "xc3511\r\n" } },
	  ATTACK },
	{ "part of it once more", { { 0, "root\r\n" }, { -2, "\r\nxc3511\r\n" } }, ATTACK },
	{ "both in one", { { 0, "root\r\nxc" }, { -8, "root\r\nxc3511\r\n" } }, ATTACK },
	{ "an old one between",
	  { { 0, "a" }, { 0, "root\r\n" }, { -7, "a" }, { 6, "xc3511\r\n" } },
	  ATTACK },
	{ "a keepalive between",
	  { { 0, "root\r\n" }, { -1, "\n" }, { 0, "xc3511\r\n" } },
	  ATTACK },
	{ "the later ones are kept",
	  { { 0, "r00t\r\n" }, { -6, "root\r\n" }, { 0, "xc3511\r\n" } },
	  ATTACK },
	{ "a new end after a gap",
	  { { 0, "a" }, { 100, "root\r\n" }, { 0, "xc3511\r\n" } },
	  ATTACK },
	{ "sent far before",
	  { { 0, "a" }, { -70000, "root\r\n" }, { 0, "xc3511\r\n" } },
	  ATTACK },
};

static void test_splits(void **state)
{
	/* Also around the end of the sequence numbers. */
	static const uint32_t starts[] = { 0, 1000, 0x80000000 - 4, 0xffffffff - 8,
					   0xffffffff };

	for (size_t i = 0; i < sizeof(splits) / sizeof(splits[0]); i++)
		for (size_t s = 0; s < sizeof(starts) / sizeof(starts[0]); s++) {
			const struct part *part = splits[i].parts;
			uint32_t seq = starts[s];
			struct alone a;
			int action = CLEAN;

			dpi_open(&a, telnet_rule);
			for (; part->payload; part++) {
				assert_int_equal(action, CLEAN);
				seq += part->skip;
				action = segment(&a, &there, seq, part->payload);
				seq += strlen(part->payload);
			}
			if (action != splits[i].action)
				fail_msg("%s, from %#x: %d", splits[i].name, starts[s], action);
			alone_close(&a);
		}
}

/* As a terminal sends it, with a handshake, and what the other side echoes. */
static void test_letters(void **state)
{
	const char *typed = "root\r\nxc3511\r\n";
	uint32_t seq = 0xfffffffa, echo = 77;
	struct alone a;

	dpi_open(&a, telnet_rule);
	alone_set(&a, "inspect_bytes", 1000);
	assert_int_equal(segment(&a, &syn, seq++, ""), CLEAN);
	for (const char *at = typed; *at; at++) {
		const char letter[] = { *at, '\0' };

		assert_int_equal(segment(&a, &there, seq++, letter), at[1] ? CLEAN : ATTACK);
		if (at[1])
			assert_int_equal(segment(&a, &back, echo++, letter), CLEAN);
	}
	assert_int_equal(dpi_hits(&a, 1), 1);
	alone_close(&a);
}

/* What went the other way, or over another connection, or the same one before, is not joined. */
static void test_apart(void **state)
{
	struct packet other = there;
	struct alone a;

	other.sport = 1001;
	dpi_open(&a, "alert tcp any any <> any 23 (content:\"abcdef\"; sid:1;)");
	assert_int_equal(segment(&a, &there, 10, "abc"), CLEAN);
	assert_int_equal(segment(&a, &back, 13, "def"), CLEAN);
	assert_int_equal(segment(&a, &other, 13, "def"), CLEAN);
	assert_int_equal(segment(&a, &syn, 12, ""), CLEAN);
	assert_int_equal(segment(&a, &there, 13, "def"), CLEAN);
	assert_int_equal(segment(&a, &back, 16, "abc"), CLEAN);
	assert_int_equal(segment(&a, &there, 16, "abc"), CLEAN);
	assert_int_equal(segment(&a, &there, 19, "def"), ATTACK);
	alone_close(&a);
}

/* Data with the SYN has the number behind it (RFC 7413). */
static void test_fast_open(void **state)
{
	struct alone a;

	dpi_open(&a, "alert tcp any any -> any 23 (content:\"abcdef\"; sid:1;)");
	assert_int_equal(segment(&a, &syn, 10, "abc"), CLEAN);
	assert_int_equal(segment(&a, &there, 14, "def"), ATTACK);
	alone_close(&a);
}

/* offset and depth are those of single packets; all contents of a rule may be in several. */
static void test_places(void **state)
{
	struct packet other = there;
	struct alone a;

	dpi_open(&a, "alert tcp any any -> any 23 (content:\"abc\"; depth:3; sid:1;)\n"
		     "alert tcp any any -> any 23 (content:\"one\"; content:\"two\"; sid:2;)\n"
		     "alert tcp any any -> any 23 (content:\"xyz\"; offset:4; sid:3;)\n");
	assert_int_equal(segment(&a, &there, 10, ".ab"), CLEAN);
	assert_int_equal(segment(&a, &there, 13, "c"), CLEAN);
	assert_int_equal(segment(&a, &there, 14, "...xyz"), CLEAN);
	assert_int_equal(segment(&a, &there, 13, "c"), CLEAN); /* behind it is not in it */
	assert_int_equal(segment(&a, &there, 20, "abc"), ATTACK);
	other.sport = 1001;
	assert_int_equal(segment(&a, &other, 10, "two, "), CLEAN);
	assert_int_equal(segment(&a, &other, 15, "one, "), ATTACK);
	assert_int_equal(dpi_hits(&a, 1), 1);
	assert_int_equal(dpi_hits(&a, 2), 1);
	alone_close(&a);
}

/* The longest content there can be, byte by byte; and one that begins too early to be kept. */
static void test_longest(void **state)
{
	char rule[RULES_CONTENT_MAX + 100], content[RULES_CONTENT_MAX + 1] = {};
	uint64_t r = 99;
	struct alone a;

	for (int i = 0; i < RULES_CONTENT_MAX; i++)
		content[i] = 'a' + below(&r, 26);
	snprintf(rule, sizeof(rule), "alert tcp any any -> any any (content:\"%s\"; sid:1;)",
		 content);
	dpi_open(&a, rule);
	alone_set(&a, "inspect", 0);
	for (int i = 0; i < RULES_CONTENT_MAX; i++) {
		const char letter[] = { content[i], '\0' };

		assert_int_equal(segment(&a, &there, i, letter),
				 i < RULES_CONTENT_MAX - 1 ? CLEAN : ATTACK);
	}
	alone_close(&a);
	dpi_open(&a, "alert tcp any any -> any any (content:\"one\"; content:\"two\"; sid:1;)");
	assert_int_equal(segment(&a, &there, 0, "one"), CLEAN);
	assert_int_equal(segment(&a, &there, 3, content), CLEAN);
	assert_int_equal(segment(&a, &there, 3 + RULES_CONTENT_MAX, "two"), CLEAN);
	alone_close(&a);
}

/* More flows than there are places: they are forgotten, never mistaken for another. */
static void test_many_flows(void **state)
{
	struct packet p = there;
	int joined = 0;
	struct alone a;

	dpi_open(&a, "alert tcp any any -> any any (content:\"ab\"; sid:1;)");
	for (int half = 0; half < 2; half++)
		for (int i = 0; i < 20000; i++) {
			int action;

			p.sport = 1 + i;
			action = segment(&a, &p, half, half ? "b" : "a");
			joined += action == ATTACK;
			assert_true(half || action == CLEAN);
		}
	print_message("20000 flows: %d were still known\n", joined);
	assert_true(joined > 0 && joined <= 4096);
	alone_close(&a);
}

/* ---- against a plain search ---- */

enum {
	ROUNDS = 60,
	PACKETS = 200
};

static void random_rules(uint64_t *r, char *text, size_t size)
{
	int rules = 1 + below(r, 30);

	*text = '\0';
	for (int i = 0; i < rules; i++) {
		size_t used = strlen(text);
		int contents = 1 + below(r, 3);

		used += snprintf(text + used, size - used, "alert %s any any -> any any (",
				 below(r, 4) ? "udp" : "ip");
		for (int c = 0; c < contents; c++) {
			char word[8] = "";
			int length = 1 + below(r, 7), offset = below(r, 20);

			for (int k = 0; k < length; k++)
				word[k] = "abAB"[below(r, 4)];
			used += snprintf(text + used, size - used, "content:\"%.*s\"; %s",
					 length, word, below(r, 3) ? "" : "nocase; ");
			if (!below(r, 3))
				used += snprintf(text + used, size - used, "offset:%d; ",
						 offset);
			if (!below(r, 3))
				used += snprintf(text + used, size - used, "depth:%d; ",
						 length + below(r, 20));
		}
		snprintf(text + used, size - used, "sid:%d;)\n", i + 1);
	}
}

static bool contains(const struct rules *r, const struct rules_content *content,
		     const char *payload, uint32_t length)
{
	const char *want = (char *)r->bytes + content->first;

	for (uint32_t at = content->offset; at + content->length <= length; at++) {
		if (content->depth && at + content->length > content->offset + content->depth)
			return false;
		if (content->nocase ? !strncasecmp(payload + at, want, content->length)
				    : !memcmp(payload + at, want, content->length))
			return true;
	}
	return false;
}

static bool any_hits(const struct rules *r, const char *payload)
{
	for (uint32_t i = 0; i < r->rule_count; i++) {
		const struct rules_rule *rule = &r->rules[i];
		uint32_t found = 0;

		for (uint32_t c = 0; c < rule->count; c++)
			found += contains(r, &r->contents[rule->first + c], payload,
					  strlen(payload));
		if (found == rule->count)
			return true;
	}
	return false;
}

static void no_complaint(void *arg, uint32_t line, uint32_t column, const char *text)
{
	fail_msg("%u:%u: %s", line, column, text);
}

static void test_random(void **state)
{
	static char text[1 << 16], payload[41];
	uint64_t r = 0x67616c65747465ull;
	int attacks = 0;

	for (int round = 0; round < ROUNDS; round++) {
		struct rules rules;
		struct alone a;

		random_rules(&r, text, sizeof(text));
		assert_int_equal(rules_parse(&rules, text, strlen(text), no_complaint, NULL),
				 0);
		dpi_open(&a, text);
		for (int i = 0; i < PACKETS; i++) {
			const struct packet p = { .sport = 1 + i };
			int action, length = below(&r, 40);

			for (int k = 0; k < length; k++)
				payload[k] = "abAB"[below(&r, 4)];
			payload[length] = '\0';
			action = dpi_run(&a, &p, payload);
			attacks += action == ATTACK;
			if ((action == ATTACK) != any_hits(&rules, payload))
				fail_msg("%s\"%s\": %d", text, payload, action);
		}
		alone_close(&a);
		rules_free(&rules);
	}
	print_message("%d packets, %d hits: as a plain search has them\n", ROUNDS * PACKETS,
		      attacks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_splits),     cmocka_unit_test(test_letters),
		cmocka_unit_test(test_apart),      cmocka_unit_test(test_fast_open),
		cmocka_unit_test(test_places),     cmocka_unit_test(test_longest),
		cmocka_unit_test(test_many_flows), cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
