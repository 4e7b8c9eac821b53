// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Chain files as they stand: what is read, and what is refused and where. */
#include <linux/bpf.h>

#include "given.h"
#include "unit.h"

static struct chain *parse(const char *text, struct diag *diag)
{
	return chain_parse(text, strlen(text), diag);
}

static void test_whole_file(void **state)
{
	static const char text[] =
		"loops = true\n"
		"[functions.access-control]\n"
		"disable_xdp = true\n"
		"config = { non-ip = 1 }\n"
		"maps.allow-list = { type = \"lpm-trie\", size = 65535, entries = [] }\n"
		"maps.flow-state = \"_\"\n"
		"maps.other = \"an-other\"\n"
		"[functions.light]\n"
		"path = \"deep/compute\"\n"
		"[maps.flow-state]\n"
		"type = \"hash_map\"\n"
		"[[links]]\n"
		"from = \"rx\"\n"
		"to = [\"access-control\"]\n"
		"[[links]]\n"
		"from = \"rx(lan.7)\"\n"
		"to = [\"!light\"]\n"
		"[[links]]\n"
		"from = \"access-control\"\n"
		"to = { inspect = \"tx(wan)\", allow = \"light\" }\n";
	struct diag diag = { 0 };
	struct chain *chain = parse(text, &diag);
	const struct function *ac, *light;

	assert_said(&diag, "");
	assert_non_null(chain);
	assert_string_equal(chain->text, text);
	assert_int_equal(chain->length, sizeof(text) - 1);
	assert_true(chain->loops);
	assert_int_equal(chain->function_count, 2);
	ac = chain_function(chain, "access-control");
	light = chain_function(chain, "light");
	assert_null(chain_function(chain, "access_control"));

	assert_string_equal(ac->path, "access-control");
	assert_true(ac->disable_xdp && ac->linked && ac->config);
	assert_int_equal(ac->loc.line, 2);
	assert_int_equal(ac->loc.column, 12);
	assert_int_equal(ac->links_loc.line, 20);
	assert_int_equal(ac->links_loc.column, 6);
	assert_int_equal(ac->map_count, 3);
	assert_string_equal(ac->maps[0].name, "allow_list");
	assert_string_equal(ac->maps[0].shared, "");
	assert_int_equal(ac->maps[0].spec.type, BPF_MAP_TYPE_LPM_TRIE);
	assert_int_equal(ac->maps[0].spec.size, 65535);
	assert_non_null(ac->maps[0].spec.entries);
	assert_string_equal(ac->maps[1].shared, "flow_state");
	assert_string_equal(ac->maps[2].shared, "an_other");
	assert_int_equal(ac->link_count, 2);
	assert_string_equal(ac->links[0].action, "inspect");
	assert_int_equal(ac->links[0].target.kind, TARGET_REDIRECT);
	assert_string_equal(ac->links[0].target.name, "wan");
	assert_string_equal(ac->links[1].action, "allow");

	assert_string_equal(light->path, "deep/compute");
	assert_false(light->disable_xdp || light->linked || light->config);
	assert_int_equal(chain->map_count, 1);
	assert_string_equal(chain->maps[0].name, "flow_state");
	assert_int_equal(chain->maps[0].spec.type, BPF_MAP_TYPE_HASH);
	assert_int_equal(chain->maps[0].spec.size, 0);
	assert_int_equal(chain->rx_count, 2);
	assert_string_equal(chain->rx[0].name, "");
	assert_string_equal(chain->rx[1].name, "lan.7");
	assert_int_equal(chain->rx[1].target.kind, TARGET_UPCALL);
	assert_int_equal(chain->slowpath.absent, TARGET_DROP);
	assert_int_equal(chain->slowpath.pipes, 0);
	assert_int_equal(chain->slowpath.frames, CHAIN_FRAMES);
	assert_int_equal(chain->slowpath.watchdog, CHAIN_WATCHDOG);
	assert_false(chain->slowpath.busy_poll);
	chain_free(chain);
}

static void test_slowpath(void **state)
{
	static const char rx[] = "[[links]]\nfrom = \"rx\"\nto = [\"tx\"]\n";
	static const struct {
		const char *text;
		struct slowpath is;
	} cases[] = {
		{ "[slowpath]\n", { TARGET_DROP, 0, CHAIN_FRAMES, CHAIN_WATCHDOG, false } },
		{ "slowpath = { absent = \"pass\", pipes = 64, frames = 64, watchdog = 3600, "
		  "busy_poll = true }\n",
		  { TARGET_PASS, 64, 64, 3600, true } },
		{ "slowpath = { absent = \"tx\", pipes = 1, frames = 32768, watchdog = 1 }\n",
		  { TARGET_TX, 1, 32768, 1, false } },
		{ "slowpath.absent = \"drop\"\n",
		  { TARGET_DROP, 0, CHAIN_FRAMES, CHAIN_WATCHDOG, false } },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct diag diag = { 0 };
		struct chain *chain;
		char text[512];

		snprintf(text, sizeof(text), "%s%s", cases[i].text, rx);
		chain = parse(text, &diag);
		assert_said(&diag, "");
		assert_non_null(chain);
		assert_int_equal(chain->slowpath.absent, cases[i].is.absent);
		assert_int_equal(chain->slowpath.pipes, cases[i].is.pipes);
		assert_int_equal(chain->slowpath.frames, cases[i].is.frames);
		assert_int_equal(chain->slowpath.watchdog, cases[i].is.watchdog);
		assert_int_equal(chain->slowpath.busy_poll, cases[i].is.busy_poll);
		chain_free(chain);
	}
}

/* A chain that is refused for what `extra`, on its sixth line, says. */
#define REST "[[links]]\nfrom = \"rx\"\nto = [\"f\"]\n[functions.f]\n"

static const struct {
	const char *text, *said;
} refused[] = {
	{ "", "0:0: error: no link from rx: no packet would enter the chain\n" },
	{ "functions = 1\nmaps = 2\nlinks = 3\nloops = 4\nlink = 5\n",
	  "1:13: error: functions must be a table, not an integer\n"
	  "2:8: error: maps must be a table, not an integer\n"
	  "3:9: error: links must be an array, not an integer\n"
	  "4:9: error: loops must be a boolean, not an integer\n"
	  "5:1: error: unknown key 'link' in a chain file (did you mean 'links'?)\n" },
	{ REST "paht = 1\n",
	  "5:1: error: unknown key 'paht' in a function (did you mean 'path'?)\n" },
	{ REST "zzz = 1\n", "5:1: error: unknown key 'zzz' in a function\n" },
	{ REST "path = true\ndisable_xdp = 1\nconfig = []\nmaps = \"\"\n",
	  "5:8: error: path must be a string, not a boolean\n"
	  "6:15: error: disable_xdp must be a boolean, not an integer\n"
	  "7:10: error: config must be a table, not an array\n"
	  "8:8: error: maps must be a table, not a string\n" },
	{ REST "path = \"a/../b\"\n",
	  "5:8: error: path 'a/../b' must stay below a directory of --nf-path: no leading '/', "
	  "no '..'\n" },
	{ REST "path = \"\"\n", "5:8: error: path must have 1 to 255 characters\n" },
	{ REST "maps.a = {}\nmaps.\"b c\" = {}\nmaps.d-e = {}\nmaps.d_e = {}\nmaps.g = 1\n",
	  "6:6: error: a map's name 'b c' may hold only letters, digits, '-' and '_'\n"
	  "8:6: error: map 'd_e' is declared twice\n"
	  "9:10: error: a map must be a table, or \"_\" or a name to share one of [maps], not "
	  "an integer\n" },
	{ REST "maps.a = \"b c\"\n",
	  "5:10: error: a map's name 'b c' may hold only letters, digits, '-' and '_'\n" },
	{ REST "maps.a = { type = \"tree\", size = 0, entries = {}, sise = 1 }\n",
	  "5:19: error: unknown map type 'tree' (known: hash, lru-hash, array, lpm-trie, "
	  "percpu-hash, lru-percpu-hash, percpu-array)\n"
	  "5:34: error: size must be 1 to 4294967295 entries\n"
	  "5:47: error: entries must be an array, not a table\n"
	  "5:51: error: unknown key 'sise' in a map (did you mean 'size'?)\n" },
	{ REST "maps.a = { size = 4294967296, type = 1 }\n",
	  "5:19: error: size must be 1 to 4294967295 entries\n"
	  "5:38: error: type must be a string, not an integer\n" },
	{ REST "[maps]\na = \"_\"\n", "6:5: error: a map must be a table, not a string\n" },
	{ REST "[functions.\"g g\"]\n[functions.tx]\n[functions.\"\"]\n",
	  "5:12: error: a function's name 'g g' may hold only letters, digits, '-' and '_'\n"
	  "6:12: error: a function cannot be called 'tx'\n"
	  "7:12: error: a function's name must have 1 to 63 characters\n" },
	{ REST "[[links]]\nfrom = \"f\"\nto = [\"g\", \"tx(\", \"!drop\", 1, \"rx\", \"\"]\n",
	  "7:7: error: no function 'g'\n"
	  "7:12: error: 'tx(' must be 'tx(INTERFACE)'\n"
	  "7:19: error: 'drop' is not a function\n"
	  "7:28: error: a target must be a string, not an integer\n"
	  "7:31: error: 'rx' is not a function: nothing can lead back to rx\n"
	  "7:37: error: a target must have 1 to 63 characters\n" },
	{ REST "[[links]]\nfrom = \"rx\"\nto = [\"f\"]\n[[links]]\nfrom = \"rx(a)\"\nto = "
	       "\"f\"\n[[links]]\nfrom = \"rx(b)\"\nto = []\n",
	  "6:8: error: 'rx' has a link already, on line 2\n"
	  "10:6: error: to must be an array of targets, or a table by action, not a string\n"
	  "13:6: error: 'rx(b)' must lead to one target: to = [\"…\"]\n" },
	{ REST
	  "[[links]]\nfrom = \"f\"\nto = [\"tx\"]\n[[links]]\nfrom = \"f\"\nto = [\"tx\"]\n",
	  "9:8: error: 'f' has a link already, on line 7\n" },
	{ REST "[[links]]\nform = \"f\"\nto = []\n[[links]]\nfrom = \"f\"\n[[links]]\nfrom = "
	       "1\nto = []\n[[links]]\nfrom = \"rx(\"\nto = []\n",
	  "6:1: error: unknown key 'form' in a link (did you mean 'from'?)\n"
	  "5:1: error: a link needs 'from'\n"
	  "8:1: error: a link needs 'to'\n"
	  "11:8: error: from must be a string, not an integer\n"
	  "14:8: error: 'rx(' must be 'rx(INTERFACE)'\n" },
	{ "[functions.dpi]\n[[links]]\nfrom = \"dpj\"\nto = []\n[[links]]\nfrom = "
	  "\"tx\"\nto=[]\n",
	  "3:8: error: no function 'dpj' (did you mean 'dpi'?)\n"
	  "6:8: error: no function 'tx'\n" },
	{ REST "[[links]]\nfrom = \"f\"\nto = { \"a b\" = \"tx\", "
	       "a_name_of_thirty_two_letters_xxx = \"tx\" }\n",
	  "7:8: error: an action 'a b' may hold only letters, digits, '-' and '_'\n"
	  "7:22: error: no action can have a name this long\n" },
	{ REST "[slowpath]\nabsent = \"abort\"\npipes = 65\nframes = 96\nwatchdog = 0\n"
	       "busy_poll = 1\npipe = 2\n",
	  "6:10: error: absent must be \"drop\", \"pass\" or \"tx\", not \"abort\"\n"
	  "7:9: error: pipes must be 1 to 64\n"
	  "8:10: error: frames must be a power of two, 64 to 32768\n"
	  "9:12: error: watchdog must be 1 to 3600 seconds\n"
	  "10:13: error: busy_poll must be a boolean, not an integer\n"
	  "11:1: error: unknown key 'pipe' in slowpath (did you mean 'pipes'?)\n" },
	{ REST "[slowpath]\nabsent = true\npipes = 0\nframes = 65536\nwatchdog = 3601\n",
	  "6:10: error: absent must be a string, not a boolean\n"
	  "7:9: error: pipes must be 1 to 64\n"
	  "8:10: error: frames must be a power of two, 64 to 32768\n"
	  "9:12: error: watchdog must be 1 to 3600 seconds\n" },
	{ REST "[slowpath]\nframes = 32\npipes = \"4\"\nwatchdog = 1.5\n",
	  "6:10: error: frames must be a power of two, 64 to 32768\n"
	  "7:9: error: pipes must be an integer, not a string\n"
	  "8:12: error: watchdog must be an integer, not a float\n" },
	{ "slowpath = 1\n", "1:12: error: slowpath must be a table, not an integer\n" },
	{ "slowpaths = {}\n",
	  "1:1: error: unknown key 'slowpaths' in a chain file (did you mean 'slowpath'?)\n" },
	{ "links = [1]\n", "1:10: error: a link must be a table, not an integer\n" },
};

static void test_refused(void **state)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct diag diag = { 0 };

		assert_null(parse(refused[i].text, &diag));
		assert_said(&diag, refused[i].said);
	}
}

/* A table of functions this long is 1,024 at most: what looks them up is recursive. */
static void test_many_functions(void **state)
{
	for (int count = CHAIN_FUNCTIONS_MAX; count <= CHAIN_FUNCTIONS_MAX + 1; count++) {
		char *text = NULL;
		size_t length;
		FILE *out = open_memstream(&text, &length);
		struct diag diag = { 0 };
		struct chain *chain;

		fprintf(out, "[[links]]\nfrom = \"rx\"\nto = [\"%s\"]\n[functions]\n",
			count > CHAIN_FUNCTIONS_MAX ? "tx" : "f0");
		for (int i = 0; i < count; i++)
			fprintf(out, "f%d = {}\n", i);
		fclose(out);
		chain = parse(text, &diag);
		assert_int_equal(!chain, count > CHAIN_FUNCTIONS_MAX);
		assert_said(&diag, chain ? "" : "4:1: error: more than 1024 functions\n");
		chain_free(chain);
		free(text);
	}
}

/* The text of a chain goes to the kernel by its length: it must be all there. */
static void test_nul(void **state)
{
	static const char text[] = "# a\0b\n[functions]\n";
	struct diag diag = { 0 };

	assert_null(chain_parse(text, sizeof(text) - 1, &diag));
	assert_int_equal(diag.errors, 1);
	diag_free(&diag);
}

static void test_earlier_errors_are_not_the_chain_s(void **state)
{
	struct diag diag = { 0 };
	struct chain *chain;

	diag_error(&diag, (struct loc) { 0 }, "earlier");
	chain = parse("[[links]]\nfrom = \"rx\"\nto = [\"tx\"]\n", &diag);
	assert_non_null(chain);
	chain_free(chain);
	diag_free(&diag);
}

static void test_read(void **state)
{
	struct diag diag = { 0 };
	struct chain *chain;

	assert_null(given_read("build/there-is-none.toml", &diag));
	assert_string_equal(diag.file, "build/there-is-none.toml");
	assert_said(&diag, "0:0: error: cannot read it: No such file or directory\n");
	assert_null(given_read("build", &diag));
	assert_said(&diag, "0:0: error: cannot read it: Is a directory\n");
	assert_null(given_read("/dev/zero", &diag));
	assert_said(&diag, "0:0: error: cannot read it: File too large\n");
	chain = given_read("chains/security.toml", &diag);
	assert_non_null(chain);
	assert_int_equal(chain->length, strlen(chain->text));
	chain_free(chain);
	diag_free(&diag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_file),
		cmocka_unit_test(test_slowpath),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_many_functions),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_earlier_errors_are_not_the_chain_s),
		cmocka_unit_test(test_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
