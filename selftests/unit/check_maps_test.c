// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Maps and configs of a checked chain: names, owners, sharing, entries. */
#include <linux/bpf.h>

#include "unit.h"

/* rx -> a -> b -> tx, of one-action NFs: lines 4… are a's, and what follows b's. */
#define HEAD        "[[links]]\nfrom = \"rx\"\nto = [\"a\"]\n"
#define TAIL        "[[links]]\nfrom = \"a\"\nto = [\"b\"]\n[[links]]\nfrom = \"b\"\nto = [\"tx\"]\n"
#define A(nf, maps) "[functions.a]\npath = \"" nf "\"\nmaps = { " maps " }\n"
#define B(nf, maps) "[functions.b]\npath = \"" nf "\"\nmaps = { " maps " }\n"

static void test_own_names(void **state)
{
	struct model *model = good_model(
		"[[links]]\nfrom = \"rx\"\nto = [\"unit-share\"]\n"
		"[functions.unit-share]\n"
		"[[links]]\nfrom = \"unit-share\"\nto = [\"a-b\"]\n"
		"[functions.a-b]\npath = \"unit-share\"\nmaps = { table = { size = 7 } }\n"
		"[[links]]\nfrom = \"a-b\"\nto = [\"tx\"]\n");

	assert_int_equal(model->map_count, 2);
	assert_string_equal(model->maps[0].name, "table");
	assert_int_equal(model->maps[0].size, 16);
	assert_string_equal(model->maps[1].name, "a-b:table");
	assert_int_equal(model->maps[1].size, 7);
	assert_int_equal(model->maps[1].user_count, 1);
	assert_int_equal(model->maps[1].users[0], 1);
	assert_int_equal(model->functions[1].map_index[0], 1);
	model_free(model);
}

static void test_share(void **state)
{
	struct model *model = good_model(HEAD A("unit-share", "table = \"my-table\"") B(
		"unit-pair", "left = \"my_table\"") TAIL "[maps.my-table]\nsize = 9\n");

	assert_int_equal(model->map_count, 2);
	assert_string_equal(model->maps[0].name, "my_table");
	assert_int_equal(model->maps[0].size, 9);
	assert_int_equal(model->maps[0].user_count, 2);
	assert_string_equal(model->maps[1].name, "b:right");
	model_free(model);
}

static void test_share_differs(void **state)
{
	static const struct {
		const char *nf, *said;
	} others[] = {
		{ "unit-share-key",
		  "9:18: error: 'a' and 'b' cannot share map 'table': keys differ: " },
		{ "unit-share-value",
		  "9:18: error: 'a' and 'b' cannot share map 'table': values differ: " },
		{ "unit-share-size", "9:18: error: 'a' wants 16 entries in map 'table', 'b' "
				     "wants 32: say its size "
				     "in [maps.table]\n" },
		{ "unit-share-lru", "9:18: error: map 'table' is hash in 'a' and lru_hash in "
				    "'b': say its type in "
				    "[maps.table]\n" },
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct diag diag = { 0 };
		char text[1024], *what;

		snprintf(text, sizeof(text),
			 HEAD A("unit-share", "table = \"_\"") B("%s", "table = \"_\"") TAIL
			 "[maps.table]\n",
			 others[i].nf);
		assert_null(model_of(text, NULL, 0, false, &diag));
		assert_int_equal(diag.errors, 1);
		what = said(&diag);
		if (strncmp(what, others[i].said, strlen(others[i].said)))
			assert_string_equal(what, others[i].said);
		free(what);
	}
	/* What [maps] says goes for both, also when they call it by other names. */
	assert_check(HEAD A("unit-share", "table = \"_\"") B("unit-share-size", "table = \"_\"")
			     TAIL "[maps.table]\nsize = 20\n",
		     "");
	assert_check(HEAD A("unit-share", "table = \"_\"") B("unit-share-lru", "table = \"_\"")
			     TAIL "[maps.table]\ntype = \"lru-hash\"\n",
		     "");
	assert_check(HEAD A("unit-pair", "left = \"table\"")
			     B("unit-share-size", "table = \"_\"") TAIL "[maps.table]\n",
		     "9:18: error: 'a' wants 16 entries in map 'table', 'b' wants 32: say its "
		     "size in [maps.table]\n");
}

static void test_collisions(void **state)
{
	static const char both[] =
		"4:12: error: 'a' and 'unit-share' both have a map 'table': share it (maps = { "
		"table = \"_\" } and [maps.table]), or give one another name (maps = { table = "
		"\"NAME\" } and [maps.NAME])\n";
	struct diag diag = { 0 };
	char *what;

	/* One's own and one of [maps], whichever comes first. */
	assert_null(model_of("[[links]]\nfrom = \"rx\"\nto = [\"a\"]\n"
			     "[functions.a]\npath = \"unit-share\"\nmaps.table = \"_\"\n"
			     "[functions.unit-share]\n"
			     "[[links]]\nfrom = \"a\"\nto = [\"unit-share\"]\n"
			     "[[links]]\nfrom = \"unit-share\"\nto = [\"tx\"]\n[maps.table]\n",
			     NULL, 0, false, &diag));
	what = said(&diag);
	assert_string_equal(what + 5, both + 5);
	free(what);
	assert_null(model_of("[[links]]\nfrom = \"rx\"\nto = [\"a\"]\n"
			     "[functions.unit-share]\n"
			     "[functions.a]\npath = \"unit-share\"\nmaps.table = \"_\"\n"
			     "[[links]]\nfrom = \"a\"\nto = [\"unit-share\"]\n"
			     "[[links]]\nfrom = \"unit-share\"\nto = [\"tx\"]\n[maps.table]\n",
			     NULL, 0, false, &diag));
	what = said(&diag);
	assert_non_null(
		strstr(what, "7:14: error: 'unit-share' and 'a' both have a map 'table'"));
	free(what);
	/* One function's two maps, more users than there are functions. */
	assert_check(HEAD A("unit-pair", "left = \"x\", right = \"x\"") B("no-op", "") TAIL
		     "[maps.x]\n",
		     "6:30: error: two maps of 'a' would be one, 'x'\n");
}

static void test_misuse(void **state)
{
	assert_check(HEAD A("unit-share", "tabel = {}") B("no-op", "none = {}") TAIL,
		     "6:18: error: 'a' has no map 'tabel' (did you mean 'table'?)\n"
		     "9:17: error: 'b' has no map 'none'\n");
	assert_check(HEAD A("unit-share", "table = \"x\"") B("no-op", "") TAIL,
		     "6:18: error: no map [maps.x] to share\n");
	assert_check(
		HEAD A("unit-share", "table = { type = \"lpm-trie\" }") B("no-op", "") TAIL,
		"6:18: error: map 'a:table' is hash in 'unit-share', it cannot be lpm_trie\n");
	assert_check(HEAD A("unit-share", "table = { type = \"percpu-hash\" }") B("no-op", "")
			     TAIL,
		     "6:18: error: map 'a:table' is hash in 'unit-share', it cannot be "
		     "percpu_hash\n");
	assert_check(HEAD A("unit-share", "") B("no-op", "") TAIL "[maps.x]\n",
		     "16:1: warning: no function shares map 'x'\n");
	/* It is there, but forgotten to be shared. */
	assert_check("[[links]]\nfrom = \"rx\"\nto = [\"unit-share\"]\n[functions.unit-share]\n"
		     "[[links]]\nfrom = \"unit-share\"\nto = [\"tx\"]\n[maps.table]\n",
		     "8:1: warning: no function shares map 'table'\n");
}

static void test_entries(void **state)
{
	struct model *model = good_model(
		HEAD A("unit-share", "table = { entries = [ { key = 1, value = 2 }, { value = "
				     "\"18446744073709551615\", key = 0xffffffff } ] }")
			B("no-op", "") TAIL);
	const struct model_map *map = &model->maps[0];
	__u64 value;
	__u32 key;

	assert_int_equal(map->entry_count, 2);
	memcpy(&key, map->entries + 12, sizeof(key));
	memcpy(&value, map->entries + 16, sizeof(value));
	assert_true(key == 0xffffffff && value == ~0ull);
	model_free(model);

	assert_check(HEAD A("unit-share",
			    "table = { entries = [ 1, {}, { key = 1 }, { key = 1, "
			    "value = 1, x = 1 }, { key = -1, value = 1 } ] }") B("no-op", "")
			     TAIL,
		     "6:32: error: an entry must be { key = …, value = … }\n"
		     "6:35: error: an entry must be { key = …, value = … }\n"
		     "6:39: error: an entry must be { key = …, value = … }\n"
		     "6:52: error: an entry must be { key = …, value = … }\n"
		     "6:91: error: key of map 'a:table': -1 is out of range of __u32 (0 to "
		     "4294967295)\n");
	assert_check(HEAD A("unit-share", "table = { size = 1, entries = [ 1, 2 ] }")
			     B("no-op", "") TAIL,
		     "6:40: error: map 'a:table' has room for 1 entries, not for 2\n");
	assert_check(
		HEAD A("unit-share", "table = { entries = [ { key = 1, value = 1 }, { key = "
				     "2, value = 1 }, { key = 1, value = 2 } ] }")
			B("no-op", "") TAIL,
		"6:80: error: map 'a:table' has an entry of this key already, on line 6\n");
	assert_check(HEAD A("macswap", "count = { entries = [ { key = 1, value = 1 } ] }")
			     B("no-op", "") TAIL,
		     "6:40: error: key of map 'a:count': 1 is outside of an array of 1\n");
}

static void test_config(void **state)
{
	struct model *model = good_model(
		"[[links]]\nfrom = \"rx\"\nto = [\"weak-classifier\"]\n"
		"[functions.weak-classifier]\nconfig = { non-ip = \"attack\", probation = 7 }\n"
		"[[links]]\nfrom = \"weak-classifier\"\nto = [\"tx\", \"tx\", \"tx\"]\n");
	const struct object *object = model->functions[0].object;
	const __u32 *config = object_var(object, &object->config);

	assert_int_equal(config[0], 2);
	assert_int_equal(config[1], 100); /* the NF's own */
	assert_int_equal(config[3], 7);
	model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_names),     cmocka_unit_test(test_share),
		cmocka_unit_test(test_share_differs), cmocka_unit_test(test_collisions),
		cmocka_unit_test(test_misuse),        cmocka_unit_test(test_entries),
		cmocka_unit_test(test_config),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
