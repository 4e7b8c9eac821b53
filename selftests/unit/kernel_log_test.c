// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The one line of a verifier's log, and of libbpf's talk, that says what is wrong. */
#include <bpf/libbpf.h>

#include "kernel_log.h"
#include "unit.h"

static const struct {
	const char *log, *verdict;
} logs[] = {
	{ "", NULL },
	{ "\n\n", NULL },
	{ "processed 9 insns (limit 1000000)\n", NULL },
	{ "; return 1;\nprocessed 9 insns\n", NULL },
	{ "R1 invalid mem access 'scalar'\nprocessed 9 insns (limit 1000000) …\n",
	  "R1 invalid mem access 'scalar'" },
	{ "0: (b7) r0 = 1\n; if (x)\n1: (15) if r0 == 0x0 goto pc+1\nR0 !read_ok\n; more\n"
	  "processed 2 insns\nverification time 9 usec\n",
	  "R0 !read_ok" },
	{ "no newline at the end", "no newline at the end" },
	{ "BPF program is too large. Processed 1000001 insn\nprocessed 1000001 insns\n",
	  "BPF program is too large. Processed 1000001 insn" },
};

static void test_verdict(void **state)
{
	char longest[600];

	for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
		const char *verdict = kernel_log_verdict(logs[i].log);

		if (logs[i].verdict)
			assert_string_equal(verdict, logs[i].verdict);
		else
			assert_null(verdict);
	}
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(strlen(kernel_log_verdict(longest)), 255);
}

static void test_last(void **state)
{
	struct bpf_object *object;

	kernel_log_init();
	kernel_log_clear();
	assert_string_equal(kernel_log_last("nothing"), "nothing");
	object = bpf_object__open("build/there-is-none.o");
	assert_true(!object);
	assert_null(strstr(kernel_log_last("nothing"), "libbpf:"));
	assert_null(strchr(kernel_log_last("nothing"), '\n'));
	assert_non_null(strstr(kernel_log_last("nothing"), "there-is-none.o"));
	kernel_log_clear();
	assert_string_equal(kernel_log_last("nothing"), "nothing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdict),
		cmocka_unit_test(test_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
