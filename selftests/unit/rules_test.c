// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The parser of dpi's rules: what it reads, and what it says of what it does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../nf/dpi_rules.h"

static char said[1 << 16];

static void complain(void *arg, uint32_t line, uint32_t column, const char *text)
{
	size_t used = strlen(said);

	snprintf(said + used, sizeof(said) - used, "%u:%u: %s\n", line, column, text);
}

static int parse(struct rules *rules, const char *text, size_t length)
{
	char *exact = malloc(length ?: 1); /* no NUL behind it: ASan sees a byte too far */
	int err;

	said[0] = '\0';
	memcpy(exact, text, length);
	err = rules_parse(rules, exact, length, complain, NULL);
	free(exact);
	assert_int_equal(err, said[0] ? -EINVAL : 0);
	return err;
}

#define HEAD "alert tcp any any -> any any "

/* ---- what is wrong ---- */

static const struct {
	const char *text, *said;
} malformed[] = {
	/* the head */
	{ "pass tcp any any -> any any (content:\"a\"; sid:1;)",
	  "1:1: expected a rule: 'alert' or 'drop'\n" },
	{ "  (content:\"a\"; sid:1;)", "1:3: expected a rule: 'alert' or 'drop'\n" },
	{ "alert", "1:6: expected a protocol: tcp, udp or ip\n" },
	{ "alert icmp any any -> any any (content:\"a\"; sid:1;)",
	  "1:7: expected a protocol: tcp, udp or ip\n" },
	{ "alert tcp", "1:10: expected 'any': rules for addresses are not supported\n" },
	{ "alert tcp $HOME_NET any -> any any (content:\"a\"; sid:1;)",
	  "1:11: expected 'any': rules for addresses are not supported\n" },
	{ "alert tcp any any -> 192.0.2.0/24 any (content:\"a\"; sid:1;)",
	  "1:22: expected 'any': rules for addresses are not supported\n" },
	{ "alert tcp any anyway -> any any (content:\"a\"; sid:1;)",
	  "1:18: unexpected 'w' behind the ports\n" },
	{ "alert tcp any any", "1:18: the line ends behind the ports\n" },
	{ "alert tcp any any <- any any (content:\"a\"; sid:1;)",
	  "1:19: expected '->' or '<>'\n" },
	{ "alert tcp any any -> any any content", "1:30: expected '(' and the options\n" },
	{ "alert tcp any any -> any any\xff(",
	  "1:29: unexpected byte 0xff behind the ports\n" },

	/* ports */
	{ "alert tcp any any -> any !80 (content:\"a\"; sid:1;)",
	  "1:26: negated ports are not supported\n" },
	{ "alert tcp any any -> any [80,!81] (content:\"a\"; sid:1;)",
	  "1:30: negated ports are not supported\n" },
	{ "alert tcp any any -> any $HTTP_PORTS (content:\"a\"; sid:1;)",
	  "1:26: expected 'any', a port, LOW:HIGH or [a list of them]\n" },
	{ "alert tcp any any -> any [] (content:\"a\"; sid:1;)",
	  "1:27: expected 'any', a port, LOW:HIGH or [a list of them]\n" },
	{ "alert tcp any any -> any [80 81] (content:\"a\"; sid:1;)",
	  "1:30: expected ',' or ']'\n" },
	{ "alert tcp any any -> any [80", "1:29: expected ',' or ']'\n" },
	{ "alert tcp any any -> any 65536 (content:\"a\"; sid:1;)",
	  "1:26: the number is not from 0 to 65535\n" },
	{ "alert tcp any any -> any 1:99999999999999999999 (content:\"a\"; sid:1;)",
	  "1:28: the number is not from 0 to 65535\n" },
	{ "alert tcp any 81:80 -> any any (content:\"a\"; sid:1;)",
	  "1:15: port range 81:80 is empty\n" },
	{ "alert tcp any any -> any [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17] "
	  "(content:\"a\"; "
	  "sid:1;)",
	  "1:66: more than 16 ports and ranges\n" },
	{ "alert ip any any -> any 80 (content:\"a\"; sid:1;)",
	  "1:25: ip has no ports: expected 'any'\n" },

	/* the options as such */
	{ HEAD "(content:\"a\"; sid:1;", "1:50: the rule has no ')' at its end\n" },
	{ HEAD "(content:\"a\"; sid:1)", "1:50: the option has no ';' at its end\n" },
	{ HEAD "(content:\"a\"; sid:1;) x", "1:52: unexpected 'x' behind the rule\n" },
	{ HEAD "(content:\"a\"; sid 1;)", "1:48: expected ':' or ';' behind 'sid'\n" },
	{ HEAD "(; content:\"a\"; sid:1;)", "1:31: expected an option\n" },
	{ HEAD "(content:\"a\"; pcre:\"/a/\"; sid:1;)",
	  "1:44: option 'pcre' is not supported\n" },
	{ HEAD "(content:\"a\"; flow:established,to_server; sid:1;)",
	  "1:44: option 'flow' is not supported\n" },
	{ HEAD "(content:\"a\"; SID:1;)",
	  "1:44: option 'SID' is not supported\n1:1: the rule has no sid\n" },
	{ HEAD "(content; sid:1;)",
	  "1:31: 'content' needs a value\n"
	  "1:1: the rule has no content: it would hit every packet\n" },
	{ HEAD "(content:\"a\"; nocase:1; sid:1;)", "1:51: 'nocase' takes no value\n" },
	{ HEAD "(content:\"a\"; sid:1; classtype;)", "1:51: 'classtype' needs a value\n" },

	/* what they need */
	{ HEAD "(sid:1;)", "1:1: the rule has no content: it would hit every packet\n" },
	{ HEAD "(content:\"a\";)", "1:1: the rule has no sid\n" },
	{ HEAD "(nocase; offset:1; depth:1; content:\"a\"; sid:1;)",
	  "1:31: there is no content before it\n1:46: there is no content before it\n"
	  "1:55: there is no content before it\n" },
	{ HEAD "(content:\"a\"; sid:1; sid:2; rev:1; rev:1; msg:\"\"; msg:\"\";)",
	  "1:55: the rule has a sid already\n1:69: the rule has a rev already\n"
	  "1:84: the rule has a msg already\n" },
	{ HEAD "(content:\"a\"; offset:1; offset:1; depth:1; depth:1; sid:1;)",
	  "1:61: the content has an offset already\n1:79: the content has a depth already\n" },

	/* numbers */
	{ HEAD "(content:\"a\"; sid:0;)", "1:48: the number is not from 1 to 4294967295\n" },
	{ HEAD "(content:\"a\"; sid:4294967296;)",
	  "1:48: the number is not from 1 to 4294967295\n" },
	{ HEAD "(content:\"a\"; sid:-1;)", "1:48: expected a number\n" },
	{ HEAD "(content:\"a\"; sid:1x;)", "1:49: unexpected 'x' behind the value\n" },
	{ HEAD "(content:\"a\"; offset:-1; sid:1;)", "1:51: expected a number\n" },
	{ HEAD "(content:\"a\"; depth:0; sid:1;)",
	  "1:50: the number is not from 1 to 65535\n" },
	{ HEAD "(content:\"abc\"; depth:2; sid:1;)",
	  "1:52: depth 2 is less than the content's 3 bytes\n" },
	{ HEAD "(content:\"|00 00 00|\"; depth:2; sid:1;)",
	  "1:59: depth 2 is less than the content's 3 bytes\n" },

	/* strings */
	{ HEAD "(content:!\"a\"; nocase; sid:1;)", "1:39: negated content is not supported\n" },
	{ HEAD "(content:a; sid:1;)", "1:39: expected a string in quotes\n" },
	{ HEAD "(content:\"a\" \"b\"; sid:1;)", "1:43: unexpected '\"' behind the value\n" },
	{ HEAD "(content:\"\"; sid:1;)", "1:39: the content is empty\n" },
	{ HEAD "(content:\"a; sid:1;)", "1:41: ';' in a string is written '\\;'\n" },
	{ HEAD "(content:\"a", "1:39: the string has no end\n" },
	{ HEAD "(content:\"a\\", "1:39: the string has no end\n" },
	{ HEAD "(content:\"a\\\"", "1:39: the string has no end\n" },
	{ HEAD "(content:\"a\\n\"; sid:1;)", "1:41: expected one of \\\" \\\\ \\; \\:\n" },
	{ HEAD "(content:\"a\tb\"; sid:1;)",
	  "1:41: control characters are written in hex, |09|\n" },
	{ HEAD "(content:\"a|0\"; sid:1;)", "1:43: a byte has two digits, as in |0d 0a|\n" },
	{ HEAD "(content:\"a|0d\"; sid:1;)", "1:41: '|' has no second one\n" },
	{ HEAD "(content:\"a|0 d|\"; sid:1;)", "1:43: a byte has two digits, as in |0d 0a|\n" },
	{ HEAD "(content:\"a|0x0d|\"; sid:1;)",
	  "1:43: a byte has two digits, as in |0d 0a|\n" },
	{ HEAD "(content:\"a|g|\"; sid:1;)", "1:42: expected bytes in hex, as in |0d 0a|\n" },
	{ HEAD "(content:\"a||\"; sid:1;)", "1:41: no bytes in '||'\n" },

	/* lines */
	{ "\n# alert\n\t" HEAD "(sid:1;\n\nalert tcp \\\n  ani\n",
	  "3:38: the rule has no ')' at its end\n"
	  "6:3: expected 'any': rules for addresses are not supported\n" },
	{ "alert tcp any any -> any any \\\r\n(content:\"\xc3\xa9\\\n\"; x;)",
	  "3:4: option 'x' is not supported\n1:1: the rule has no sid\n" },
	{ "# a comment does not go on \\\nx", "2:1: expected a rule: 'alert' or 'drop'\n" },
	{ HEAD "(content:\"a\"; sid:9;)\n" HEAD "(content:\"a\"; sid:8;)\n" HEAD
	       "(content:\"a\"; sid:9;)\n" HEAD "(content:\"a\"; sid:9;)\n",
	  "3:48: sid 9 is that of the rule in line 1 already\n"
	  "4:48: sid 9 is that of the rule in line 3 already\n" },
	{ "\\", "1:1: expected a rule: 'alert' or 'drop'\n" },
};

static void test_malformed(void **state)
{
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		const char *text = malformed[i].text;
		struct rules rules;

		parse(&rules, text, strlen(text));
		if (strcmp(said, malformed[i].said) != 0)
			fail_msg("%s\nsays:\n%sexpected:\n%s", text, said, malformed[i].said);
		rules_free(&rules);
	}
}

/* No prefix of a good file is read beyond its end; none but whole rules is good. */
static void test_cut_short(void **state)
{
	static const char text[] = "drop udp any [1,2:3] <> any :9 (msg:\"a\\;\"; \\\n"
				   "content:\"|0d 0a|b\\\"\"; offset:1; depth:9; sid:1;)";

	for (size_t length = 0; length < sizeof(text); length++) {
		struct rules rules;
		int err = parse(&rules, text, length);

		assert_int_equal(err, length && length < sizeof(text) - 1 ? -EINVAL
				      : length == sizeof(text)            ? -EINVAL
									  : 0);
		rules_free(&rules);
	}
}

/* ---- the limits ---- */

static void repeat(char *to, const char *what, int times)
{
	for (*to = '\0'; times; times--)
		to = stpcpy(to, what);
}

static void test_limits(void **state)
{
	static char text[RULES_SIZE_MAX + 1], many[1 << 16];
	struct rules rules;

	for (int over = 0; over < 2; over++) {
		repeat(many, "a", RULES_CONTENT_MAX + over);
		snprintf(text, sizeof(text), HEAD "(content:\"%s\"; sid:1;)", many);
		parse(&rules, text, strlen(text));
		assert_string_equal(said, over ? "1:39: the content is of 513 bytes, more than "
						 "512\n"
					       : "");
		rules_free(&rules);

		repeat(many, "content:\"a\"; ", RULES_CONTENTS_MAX + over);
		snprintf(text, sizeof(text), HEAD "(%ssid:1;)", many);
		parse(&rules, text, strlen(text));
		assert_string_equal(said, over ? "1:247: more than 16 contents\n" : "");
		rules_free(&rules);

		memset(text, '\n', sizeof(text));
		parse(&rules, text, RULES_SIZE_MAX + over);
		assert_string_equal(said, over ? "1:1: the file is larger than 16777216 bytes\n"
					       : "");
		rules_free(&rules);
	}
}

static void test_many_rules(void **state)
{
	static char text[RULES_SIZE_MAX];
	char *at = text;
	struct rules rules;

	for (int i = 0; i <= RULES_MAX + 1; i++) {
		if (i == RULES_MAX) {
			parse(&rules, text, at - text);
			assert_string_equal(said, "");
			assert_int_equal(rules.rule_count, RULES_MAX);
			assert_int_equal(rules.rules[RULES_MAX - 1].sid, RULES_MAX);
			rules_free(&rules);
		}
		at += sprintf(at, HEAD "(content:\"a\"; sid:%d;)\n", i + 1);
	}
	parse(&rules, text, at - text);
	assert_string_equal(said, "65537:1: more than 65536 rules\n");
	rules_free(&rules);
}

/* ---- what is right ---- */

static void test_read(void **state)
{
	static const char text[] =
		"# a comment\r\n\r\n"
		"drop udp any [1, 2:3,:4,5:] <> any 6(msg:\"a|b\\:\"; content:\"\\\"|0D "
		"0a0b|\\\\\"; \\\r\n"
		"   nocase; fast_pattern; offset : 1 ; "
		"depth:65535;content:\"b\";content:\"\xc3\xa9\"; "
		"reference:url,example.org/a; metadata:a b, c d; classtype:x; gid:1; "
		"priority:1; "
		"sid:4294967295; rev:2; )\t\r\n"
		"alert ip any any -> any any(content:\"c:\"; depth:2; sid:1;)";
	const struct rules_rule *rule;
	struct rules rules;

	parse(&rules, text, sizeof(text) - 1);
	assert_string_equal(said, "");
	assert_int_equal(rules.rule_count, 2);
	rule = &rules.rules[0];
	assert_int_equal(rule->sid, 4294967295);
	assert_int_equal(rule->line, 4);
	assert_int_equal(rule->protocol, RULES_UDP);
	assert_true(rule->both);
	assert_int_equal(rule->source.count, 4);
	assert_int_equal(rules.ranges[rule->source.first + 1].low, 2);
	assert_int_equal(rules.ranges[rule->source.first + 1].high, 3);
	assert_int_equal(rules.ranges[rule->source.first + 2].low, 0);
	assert_int_equal(rules.ranges[rule->source.first + 3].high, 65535);
	assert_int_equal(rule->destination.count, 1);
	assert_int_equal(rule->count, 3);
	assert_int_equal(rules.contents[0].length, 5);
	assert_memory_equal(rules.bytes + rules.contents[0].first, "\"\r\n\v\\", 5);
	assert_true(rules.contents[0].nocase && rules.contents[0].has_offset);
	assert_int_equal(rules.contents[0].offset, 1);
	assert_int_equal(rules.contents[0].depth, 65535);
	assert_false(rules.contents[1].nocase || rules.contents[1].has_offset);
	assert_int_equal(rules.contents[1].depth, 0);
	assert_memory_equal(rules.bytes + rules.contents[2].first, "\xc3\xa9", 2);
	rule = &rules.rules[1];
	assert_int_equal(rule->protocol, 0);
	assert_int_equal(rule->source.count, 0);
	assert_int_equal(rules.contents[rule->first].rule, 1);
	assert_int_equal(rules.contents[rule->first].depth, 2);
	rules_free(&rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_malformed), cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_limits),    cmocka_unit_test(test_many_rules),
		cmocka_unit_test(test_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
