// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What doctor makes of what it finds, and the words of the commands that it gives. */
#include <json-c/json.h>

#include "diag.h"
#include "finding.h"
#include "shell.h"
#include "unit.h"

static void test_verdict(void **state)
{
	struct findings findings = { 0 };

	assert_false(findings_wrong(&findings));
	finding_add(&findings, FINDING_OK, "jit", NULL, "compiled");
	finding_add(&findings, FINDING_NOTE, "mtu", "eth0", "%d", 9000);
	assert_false(findings_wrong(&findings));
	finding_add(&findings, FINDING_WRONG, "program", "eth0", "taken");
	finding_add(&findings, FINDING_OK, "program", "eth1", "free");
	assert_true(findings_wrong(&findings));
	findings_free(&findings);
	assert_int_equal(findings.count, 0);
	assert_false(findings_wrong(&findings));
}

static void test_json(void **state)
{
	struct findings findings = { 0 };
	struct finding *finding = finding_add(&findings, FINDING_NOTE, "queues", "a'b\033",
					      "%u of\nthem\033[1m", 3);
	struct json_object *list;

	finding_mend(finding, "first");
	finding_mend(finding, "ethtool -L %s rx %d", "x", 1);
	finding_value(finding, "rx", json_object_new_int(3));
	finding_value(finding, "none", NULL);
	finding_add(&findings, FINDING_WRONG, "kernel", NULL, "%s", "100 %s");
	list = findings_json(&findings);
	assert_string_equal(
		json_object_to_json_string_ext(list, JSON_C_TO_STRING_PLAIN),
		"[{\"level\":\"note\",\"topic\":\"queues\",\"interface\":\"a'b\\u001b\","
		"\"what\":\"3 of\\\\x0athem\\\\x1b[1m\",\"mend\":\"ethtool -L x rx 1\","
		"\"values\":{\"rx\":3,\"none\":null}},"
		"{\"level\":\"wrong\",\"topic\":\"kernel\",\"interface\":null,\"what\":\"100 "
		"%s\",\"mend\":null,\"values\":null}]");
	json_object_put(list);
	findings_free(&findings);
}

static void test_words(void **state)
{
	static const struct {
		const char *word, *quoted;
	} words[] = {
		{ "eth0", "eth0" },     { "br-lan.7@x:1", "br-lan.7@x:1" },
		{ "", "''" },           { "a b", "'a b'" },
		{ "a'b", "'a'\\''b'" }, { "$(reboot)", "'$(reboot)'" },
		{ "~", "'~'" },         { "*?[", "'*?['" },
		{ "!!", "'!!'" },       { "#", "'#'" },
		{ "a\\b", "'a\\b'" },   { "a\033'\\b", "$'a\\033\\047\\134b'" },
		{ "\n", "$'\\012'" },   { "\xc3\xbc", "$'\\303\\274'" },
		{ "\x7f", "$'\\177'" },
	};
	char out[64];

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_string_equal(shell_word(out, sizeof(out), words[i].word),
				    words[i].quoted);
}

/* Every word comes back from a shell as it went there. */
static void test_shell(void **state)
{
	char quoted[SHELL_IFNAME_LEN], got[64];

	for (int c = 1; c < 256; c++) {
		char word[] = { 'a', c, c, '\'', 'b', '\0' };
		FILE *shell;
		size_t length;

		shell_word(quoted, sizeof(quoted), word);
		setenv("WORD_COMMAND", quoted, 1);
		shell = popen("bash -c 'eval \"printf %s $WORD_COMMAND\"'", "r");
		assert_non_null(shell);
		length = fread(got, 1, sizeof(got) - 1, shell);
		got[length] = '\0';
		assert_int_equal(pclose(shell), 0);
		assert_string_equal(got, word);
	}
}

static void test_room(void **state)
{
	char out[SHELL_IFNAME_LEN + 1], longest[16];

	memset(longest, '\'', 15);
	longest[15] = '\0';
	assert_int_equal(strlen(shell_word(out, SHELL_IFNAME_LEN, longest)), 4 * 15 + 2);
	memset(longest, '\377', 15);
	assert_int_equal(strlen(shell_word(out, SHELL_IFNAME_LEN, longest)), 4 * 15 + 3);
	for (size_t size = 1; size < SHELL_IFNAME_LEN; size++) {
		memset(out, '#', sizeof(out));
		shell_word(out, size, longest);
		assert_true(memchr(out, '\0', size) != NULL);
		assert_int_equal(out[size], '#');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdict), cmocka_unit_test(test_json),
		cmocka_unit_test(test_words),   cmocka_unit_test(test_shell),
		cmocka_unit_test(test_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
