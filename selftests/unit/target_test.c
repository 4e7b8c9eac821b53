// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Targets, map types and map names: words to values and back. */
#include <linux/bpf.h>

#include "unit.h"

#define SIXTY_THREE "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz01234567890"

static const struct {
	const char *text;
	enum target_kind kind;
	const char *name;
} targets[] = {
	{ "tx", TARGET_TX, "" },
	{ "drop", TARGET_DROP, "" },
	{ "pass", TARGET_PASS, "" },
	{ "abort", TARGET_ABORT, "" },
	{ "tx(wan)", TARGET_REDIRECT, "wan" },
	{ "tx(eth0.7:1@x)", TARGET_REDIRECT, "eth0.7:1@x" },
	{ "tx(" SIXTY_THREE ")", TARGET_REDIRECT, SIXTY_THREE },
	{ "a", TARGET_FUNCTION, "a" },
	{ "tx2", TARGET_FUNCTION, "tx2" },
	{ "A-b_9", TARGET_FUNCTION, "A-b_9" },
	{ SIXTY_THREE, TARGET_FUNCTION, SIXTY_THREE },
	{ "!" SIXTY_THREE, TARGET_UPCALL, SIXTY_THREE },
};

static void test_round_trip(void **state)
{
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		char back[GALETTE_TARGET_LEN];
		struct diag diag = { 0 };
		struct target target;

		assert_int_equal(
			target_parse(targets[i].text, (struct loc) { 3, 4 }, &target, &diag),
			0);
		assert_int_equal(target.kind, targets[i].kind);
		assert_string_equal(target.name, targets[i].name);
		assert_int_equal(target.loc.line, 3);
		target_format(&target, back);
		assert_string_equal(back, targets[i].text);
		assert_said(&diag, "");
	}
}

static const struct {
	const char *text, *said;
} refused[] = {
	{ "", "a target must have 1 to 63 characters" },
	{ "!", "a target must have 1 to 63 characters" },
	{ SIXTY_THREE "1", "a target must have 1 to 63 characters" },
	{ "!" SIXTY_THREE "1", "a target must have 1 to 63 characters" },
	{ "tx(", "'tx(' must be 'tx(INTERFACE)'" },
	{ "tx(a", "'tx(a' must be 'tx(INTERFACE)'" },
	{ "tx(a)b", "'tx(a)b' must be 'tx(INTERFACE)'" },
	{ "tx()", "an interface's name must have 1 to 63 characters" },
	{ "tx(" SIXTY_THREE "1)", "'tx(" SIXTY_THREE "1)' must be 'tx(INTERFACE)'" },
	{ "tx(a/b)",
	  "an interface's name 'a/b' may hold only letters, digits, '-' and '_', '.', ':' and "
	  "'@'" },
	{ "rx", "'rx' is not a function: nothing can lead back to rx" },
	{ "!rx", "'rx' is not a function: nothing can lead back to rx" },
	{ "!pass", "'pass' is not a function" },
	{ "!!a", "a target '!a' may hold only letters, digits, '-' and '_'" },
	{ "a.b", "a target 'a.b' may hold only letters, digits, '-' and '_'" },
	{ "pass(x)", "a target 'pass(x)' may hold only letters, digits, '-' and '_'" },
};

static void test_refused(void **state)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct diag diag = { 0 };
		struct target target;
		char what[512];

		assert_true(target_parse(refused[i].text, (struct loc) { 1, 2 }, &target,
					 &diag) < 0);
		snprintf(what, sizeof(what), "1:2: error: %s\n", refused[i].said);
		assert_said(&diag, what);
	}
}

static void test_map_types(void **state)
{
	static const struct {
		const char *word;
		__u32 type;
		const char *back;
	} types[] = {
		{ "hash", BPF_MAP_TYPE_HASH, "hash" },
		{ "hash-map", BPF_MAP_TYPE_HASH, "hash" },
		{ "hash_map", BPF_MAP_TYPE_HASH, "hash" },
		{ "lru-hash", BPF_MAP_TYPE_LRU_HASH, "lru_hash" },
		{ "array", BPF_MAP_TYPE_ARRAY, "array" },
		{ "lpm_trie", BPF_MAP_TYPE_LPM_TRIE, "lpm_trie" },
		{ "percpu-hash", BPF_MAP_TYPE_PERCPU_HASH, "percpu_hash" },
		{ "percpu-array", BPF_MAP_TYPE_PERCPU_ARRAY, "percpu_array" },
		{ "lru-percpu-hash", BPF_MAP_TYPE_LRU_PERCPU_HASH, "lru_percpu_hash" },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		assert_int_equal(map_type_parse(types[i].word), types[i].type);
		assert_string_equal(map_type_name(types[i].type), types[i].back);
	}
	assert_int_equal(map_type_parse("Hash"), 0);
	assert_int_equal(map_type_parse(""), 0);
	assert_int_equal(map_type_parse("hash" SIXTY_THREE SIXTY_THREE), 0);
	assert_string_equal(map_type_name(BPF_MAP_TYPE_PROG_ARRAY), "?");
}

static void test_map_name(void **state)
{
	char name[GALETTE_NAME_LEN];

	map_name_copy(name, "allow-list_2");
	assert_string_equal(name, "allow_list_2");
	map_name_copy(name, SIXTY_THREE "4");
	assert_string_equal(name, SIXTY_THREE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_map_types),
		cmocka_unit_test(test_map_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
