// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Messages: order, places, limits, what may not reach a terminal; suggestions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "diag.h"

static FILE *real_stderr;
static char *said;
static size_t said_size;

static int listen(void **state)
{
	real_stderr = stderr;
	stderr = open_memstream(&said, &said_size);
	diag_quiet = diag_verbose = false;
	return !stderr;
}

static int stop(void **state)
{
	fclose(stderr);
	stderr = real_stderr;
	free(said);
	said = NULL;
	return 0;
}

static const char *heard(void)
{
	fflush(stderr);
	return said;
}

static struct loc at(int line, int column)
{
	return (struct loc) { line, column };
}

static void sorted_by_place(void **state)
{
	struct diag diag = { .file = "chain.toml" };

	diag_error(&diag, at(31, 7), "no function '%s'", "dpj");
	diag_warning(&diag, at(4, 12), "second");
	diag_error(&diag, at(4, 2), "first");
	diag_error(&diag, at(4, 12), "third, same place");
	diag_error(&diag, at(9, 0), "a line");
	diag_error(&diag, at(0, 0), "no links");
	assert_int_equal(diag.errors, 5);
	assert_int_equal(diag.count, 6);
	diag_flush(&diag);
	assert_int_equal(diag.errors, 5);
	assert_int_equal(diag.count, 0);
	assert_string_equal(heard(), "chain.toml: error: no links\n"
				     "chain.toml:4:2: error: first\n"
				     "chain.toml:4:12: warning: second\n"
				     "chain.toml:4:12: error: third, same place\n"
				     "chain.toml:9: error: a line\n"
				     "chain.toml:31:7: error: no function 'dpj'\n");
}

static void without_a_file(void **state)
{
	struct diag diag = { 0 };

	diag_error(&diag, at(0, 0), "key: 'x' is no address");
	diag_flush(&diag);
	assert_string_equal(heard(), "galette-pin: key: 'x' is no address\n");
}

static void quiet_has_no_warnings(void **state)
{
	struct diag diag = { .file = "f" };

	diag_quiet = true;
	for (int i = 0; i < 200; i++)
		diag_warning(&diag, at(1, 1), "w");
	diag_error(&diag, at(2, 1), "e");
	diag_flush(&diag);
	warning("w");
	assert_string_equal(heard(), "f:2:1: error: e\n");
}

static void many_are_cut(void **state)
{
	struct diag diag = { .file = "f" };
	const char *text;
	int lines = 0;

	for (int i = 0; i < 150; i++)
		diag_warning(&diag, at(1, 1), "w");
	for (int i = 0; i < 101; i++)
		diag_error(&diag, at(2, i + 1), "e");
	diag_flush(&diag);
	text = heard();
	assert_non_null(strstr(text, "f:2:100: error: e\n"));
	assert_null(strstr(text, "f:2:101: error: e\n"));
	assert_non_null(strstr(text, "f: … and 1 more error, 50 more warnings\n"));
	for (; *text; text++)
		lines += *text == '\n';
	assert_int_equal(lines, 201);
}

static void no_control_characters(void **state)
{
	struct diag diag = { .file = "f" };

	diag_error(&diag, at(1, 1), "no function '\033[2J\nü\xc2\x9b\x7f'");
	diag_flush(&diag);
	error("also \r here");
	assert_string_equal(heard(), "f:1:1: error: no function '\\x1b[2J\\x0aü\\x9b\\x7f'\n"
				     "galette-pin: also \\x0d here\n");
}

static void plain_messages(void **state)
{
	error("%d wrong", 3);
	warning("careful");
	info("unheard");
	diag_verbose = true;
	info("heard");
	assert_string_equal(heard(), "galette-pin: 3 wrong\n"
				     "galette-pin: warning: careful\n"
				     "galette-pin: heard\n");
}

static void suggestions(void **state)
{
	static const char *const words[] = {
		"access-control", "dpi", "weak-classifier", "macswap", "tx", "allow_list", NULL
	};
	static const struct {
		const char *word, *near;
	} cases[] = {
		{ "dpj", "dpi" },
		{ "pdi", "dpi" }, /* a swap is one slip, not two */
		{ "acces-control", "access-control" },
		{ "weak-clasifer", "weak-classifier" },
		{ "Macswap", "macswap" },
		{ "macpaws", NULL }, /* three slips of seven */
		{ "allow-list", "allow_list" },
		{ "rx", "tx" },
		{ "if", NULL },
		{ "x", NULL },
		{ "", NULL },
		{ "firewall", NULL },
	};
	char longest[100];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *near = diag_suggest(cases[i].word, words, 7);

		if (cases[i].near) {
			assert_non_null(near);
			assert_string_equal(near, cases[i].near);
		} else {
			assert_null(near);
		}
	}
	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_null(diag_suggest(longest, words, 7));
	assert_null(diag_suggest("dpi", (const char *const[]) { longest }, 1));
	assert_null(diag_suggest("dpi", NULL, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sorted_by_place, listen, stop),
		cmocka_unit_test_setup_teardown(without_a_file, listen, stop),
		cmocka_unit_test_setup_teardown(quiet_has_no_warnings, listen, stop),
		cmocka_unit_test_setup_teardown(many_are_cut, listen, stop),
		cmocka_unit_test_setup_teardown(no_control_characters, listen, stop),
		cmocka_unit_test_setup_teardown(plain_messages, listen, stop),
		cmocka_unit_test(suggestions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
