// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The difference between two chains, in the words that people and programs read. */
#include <errno.h>
#include <linux/if_link.h>

#include "plan.h"
#include "unit.h"

/*
 * Both sides come of chain files; `running` looks as if it ran: it has a
 * generation and its interfaces are attached.
 */
static struct model *running_of(const char *text)
{
	struct diag diag = { 0 };
	struct model *model = model_of(text, NULL, 0, false, &diag);

	assert_non_null(model);
	diag_free(&diag);
	model->generation = 7;
	model->slowpath.queues = 1;
	for (int i = 0; i < model->interface_count; i++)
		model->interfaces[i].attached = true;
	for (int i = 0; i < model->function_count; i++)
		model->functions[i].prog_id = 100 + i;
	return model;
}

/* What a printing function says to stdout. */
static char *printed(void (*print)(const struct plan *, const struct model *,
				   const struct model *),
		     const struct plan *plan, const struct model *wanted,
		     const struct model *running)
{
	FILE *file = tmpfile();
	char *text = calloc(1, 1 << 16);
	int out;

	assert_non_null(file);
	fflush(stdout);
	out = dup(STDOUT_FILENO);
	dup2(fileno(file), STDOUT_FILENO);
	print(plan, wanted, running);
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	close(out);
	assert_true(pread(fileno(file), text, (1 << 16) - 1, 0) >= 0);
	fclose(file);
	return text;
}

static struct plan *plan_of(struct model *wanted, struct model *running, char *reset,
			    struct diag *diag)
{
	assert_non_null(wanted);
	return plan_make(wanted, running, &reset, reset ? 1 : 0, diag);
}

static void assert_plan(const char *to, const char *from, char *reset, const char *what)
{
	struct model *running = from ? running_of(from) : NULL, *wanted;
	struct diag diag = { 0 };
	struct plan *plan;
	char *text;

	wanted = model_of(to, NULL, 0, false, &diag);
	diag_free(&diag);
	plan = plan_of(wanted, running, reset, &diag);
	assert_said(&diag, "");
	assert_non_null(plan);
	text = printed(plan_print, plan, wanted, running);
	assert_string_equal(text, what);
	assert_int_equal(plan->changed, !strstr(what, "nothing to do"));
	free(text);
	plan_free(plan);
	model_free(wanted);
	model_free(running);
}

static void assert_refused(const char *to, const char *from, char *reset, const char *what)
{
	struct model *running = running_of(from), *wanted;
	struct diag diag = { 0 };

	wanted = model_of(to, NULL, 0, false, &diag);
	diag_free(&diag);
	assert_null(plan_of(wanted, running, reset, &diag));
	assert_said(&diag, what);
	model_free(wanted);
	model_free(running);
}

#define RX(to)         "[[links]]\nfrom = \"rx\"\nto = [\"" to "\"]\n"
#define LINK(from, to) "[[links]]\nfrom = \"" from "\"\nto = " to "\n"

static const char one[] = RX("filter-ip") "[functions.filter-ip]\n" LINK(
	"filter-ip", "[\"macswap\", \"drop\"]") "[functions.macswap]\n" LINK("macswap",
									     "[\"tx\"]");

static void test_attach(void **state)
{
	assert_plan(one, NULL, NULL,
		    "+ interface \n"
		    "+ function filter-ip\n"
		    "+ function macswap\n"
		    "+ link rx -> filter-ip\n"
		    "+ link filter-ip:allow -> macswap\n"
		    "+ link filter-ip:block -> drop\n"
		    "+ link macswap:continue -> tx\n"
		    "+ map blocked_ips hash, 65535 entries\n"
		    "+ map shared_counter percpu_array, 1 entries\n"
		    "+ map count percpu_array, 1 entries\n");
}

static void test_nothing(void **state)
{
	assert_plan(one, one, NULL, "unit: nothing to do\n");
	/* Neither order, nor words for the same, nor comments are a change. */
	assert_plan("# again\n[functions.macswap]\n"
		    "maps.count = { type = \"percpu-array\", size = 1 }\n"
		    "[functions.filter-ip]\npath = \"filter-ip\"\n" LINK(
			    "macswap", "{ continue = \"tx\" }")
			    LINK("filter-ip", "{ block = \"drop\", allow = \"macswap\" }")
				    RX("filter-ip"),
		    one, NULL, "unit: nothing to do\n");
}

static void test_change(void **state)
{
	assert_plan(RX("filter-ip") "[functions.filter-ip]\n" LINK(
			    "filter-ip", "[\"ttl\", \"pass\"]") "[functions.ttl]\npath = "
								"\"decrement-ip-ttl\"\n" LINK(
									"ttl", "[\"tx\", "
									       "\"drop\"]"),
		    one, NULL,
		    "- function macswap\n"
		    "+ function ttl decrement-ip-ttl\n"
		    "~ link filter-ip:allow -> ttl, was macswap\n"
		    "~ link filter-ip:block -> pass, was drop\n"
		    "+ link ttl:forward -> tx\n"
		    "+ link ttl:expired -> drop\n"
		    "= map blocked_ips with its content\n"
		    "= map shared_counter with its content\n"
		    "- map count kept for rollback, then gone\n");
}

static void test_functions(void **state)
{
	static const char a[] =
		RX("f") "[functions.f]\npath = \"no-op\"\n" LINK("f", "[\"tx\"]");
	static const char light[] =
		RX("f") "[functions.f]\npath = \"compute\"\n" LINK("f", "[\"tx\"]");
	static const char heavy[] = RX("f") "[functions.f]\npath = \"compute\"\nconfig = { "
					    "iterations = 9 }\n" LINK("f", "[\"tx\"]");

	assert_plan(a, RX("f") "[functions.f]\npath = \"unit-share\"\n" LINK("f", "[\"tx\"]"),
		    NULL,
		    "~ function f object no-op, was unit-share\n"
		    "+ link f:no-op -> tx\n"
		    "- map f:table kept for rollback, then gone\n");
	assert_plan(heavy, light, NULL,
		    "~ function f config has changed\n"
		    "= map f:result with its content\n");
	assert_plan(RX("f") "[functions.f]\npath = \"no-op\"\ndisable_xdp = true\n" LINK(
			    "f", "[\"tx\"]"),
		    a, NULL, "~ function f disable_xdp has changed\n");
	/* Another map under the same name of the NF's. */
	assert_plan(
		RX("f") "[functions.f]\npath = \"unit-share\"\nmaps = { table = \"x\" }\n" LINK(
			"f", "[\"tx\"]") "[maps.x]\n",
		RX("f") "[functions.f]\npath = \"unit-share\"\n" LINK("f", "[\"tx\"]"), NULL,
		"~ function f maps are others\n"
		"+ map x hash, 16 entries\n"
		"- map f:table kept for rollback, then gone\n");
}

static void test_object_file(void **state)
{
	struct model *running = running_of(one), *wanted = good_model(one);
	struct diag diag = { 0 };
	struct plan *plan;

	running->functions[1].object_crc32 ^= 1;
	plan = plan_make(wanted, running, NULL, 0, &diag);
	assert_int_equal(plan->changes[0].op, CHANGE_MODIFY);
	assert_string_equal(plan->changes[0].name, "macswap");
	assert_string_equal(plan->changes[0].detail, "object file has changed");
	assert_true(plan->changed);
	plan_free(plan);
	running->functions[1].object_crc32 ^= 1;
	running->functions[0].object_size++;
	plan = plan_make(wanted, running, NULL, 0, &diag);
	assert_string_equal(plan->changes[0].name, "filter-ip");
	plan_free(plan);
	model_free(wanted);
	model_free(running);
}

/* What a config's file says is in the checksum, too. */
static void test_files(void **state)
{
	static const char text[] =
		RX("!o") "[functions.o]\npath = \"native-only\"\n"
			 "config.rules = \"chains/gateway.toml\"\n" LINK("o", "[\"tx\", "
									      "\"tx\"]");
	struct model *running = running_of(text), *wanted = good_model(text);
	struct diag diag = { 0 };
	struct plan *plan = plan_make(wanted, running, NULL, 0, &diag);

	assert_false(plan->changed);
	plan_free(plan);
	running->functions[0].object_crc32 ^= 1;
	plan = plan_make(wanted, running, NULL, 0, &diag);
	assert_string_equal(plan->changes[0].detail, "object or its files have changed");
	plan_free(plan);
	model_free(wanted);
	model_free(running);
}

static void test_slowpath(void **state)
{
	static const char some[] =
		"[slowpath]\nabsent = \"pass\"\npipes = 4\nframes = 64\nwatchdog = 7\n"
		"busy_poll = true\n" RX("tx");

	assert_plan(some, some, NULL, "unit: nothing to do\n");
	assert_plan("[slowpath]\nwatchdog = 5\nframes = 2048\n" RX("tx"), RX("tx"), NULL,
		    "unit: nothing to do\n");
	assert_plan(some, NULL, NULL,
		    "+ interface \n"
		    "+ link rx -> tx\n");
	assert_plan(some, RX("tx"), NULL,
		    "~ slowpath absent pass, was drop\n"
		    "~ slowpath pipes 4, was not said\n"
		    "~ slowpath frames 64, was 2048\n"
		    "~ slowpath watchdog 7, was 5\n"
		    "~ slowpath busy_poll true, was false\n");
	assert_plan("slowpath.absent = \"tx\"\n" RX("tx"), some, NULL,
		    "~ slowpath absent tx, was pass\n"
		    "~ slowpath pipes not said, was 4\n"
		    "~ slowpath frames 2048, was 64\n"
		    "~ slowpath watchdog 5, was 7\n"
		    "~ slowpath busy_poll false, was true\n");
	assert_plan("slowpath.pipes = 2\n" RX("tx"), "slowpath.pipes = 4\n" RX("tx"), NULL,
		    "~ slowpath pipes 2, was 4\n");
}

static void test_interfaces(void **state)
{
	static const char a[] = LINK("rx(a)", "[\"tx(b)\"]"),
			  c[] = LINK("rx(a)", "[\"tx(c)\"]");
	struct model *running = running_of(a), *wanted = good_model(a);
	struct diag diag = { 0 };
	struct plan *plan;

	assert_plan(c, a, NULL,
		    "- interface b kept for rollback, then let go\n"
		    "+ interface c c\n"
		    "~ link rx(a) -> tx(c), was tx(b)\n"
		    "+ link rx(c) -> pass\n");
	/* What was left to the stack before and is not named now is let go. */
	assert_plan(LINK("rx(a)", "[\"tx\"]"),
		    LINK("rx(a)", "[\"tx\"]") LINK("rx(b)", "[\"pass\"]"), NULL,
		    "- interface b kept for rollback, then let go\n");
	/* It went and is back: to be attached again. */
	running->interfaces[1].attached = false;
	plan = plan_make(wanted, running, NULL, 0, &diag);
	assert_int_equal(plan->count, 1);
	assert_string_equal(plan->changes[0].kind, "interface");
	assert_string_equal(plan->changes[0].name, "b");
	plan_free(plan);
	/* It went, and is not asked for any more. */
	model_free(wanted);
	wanted = good_model(LINK("rx(a)", "[\"drop\"]"));
	plan = plan_make(wanted, running, NULL, 0, &diag);
	assert_string_equal(plan->changes[0].name, "b");
	assert_string_equal(plan->changes[0].detail, "has gone");
	plan_free(plan);
	model_free(wanted);
	wanted = good_model(a);
	/* The same interface by another name is no change, another by the same is. */
	running->interfaces[1].attached = true;
	strcpy(running->interfaces[1].alias, "wan");
	strcpy(running->edges[1].target.name, "wan");
	plan = plan_make(wanted, running, NULL, 0, &diag);
	assert_false(plan->changed);
	plan_free(plan);
	strcpy(running->interfaces[1].name, "x");
	plan = plan_make(wanted, running, NULL, 0, &diag);
	assert_true(plan->changed);
	plan_free(plan);
	model_free(wanted);
	model_free(running);
}

/* ---- maps ---- */

#define SHARE(nf, spec)               \
	RX("f")                       \
	"[functions.f]\npath = \"" nf \
	"\"\nmaps = { table = \"_\" }\n" LINK("f", "[\"tx\"]") "[maps.table]\n" spec

static const char table[] = SHARE("unit-share", "");

static void test_maps_refused(void **state)
{
	static const char at[] = "10:1: error: map 'table' has content that does not fit: ";
	static const char mend[] = " (--reset-map table starts it empty)\n";
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ SHARE("unit-share", "size = 17\n"), "size is 17, was 16" },
		{ SHARE("unit-share", "type = \"lru-hash\"\n"), "type is lru_hash, was hash" },
		{ SHARE("unit-share-value", ""), "value has 2 bytes, had 8" },
		{ SHARE("unit-share-key", ""), "key: is an IPv4 address, was an integer" },
	};
	char what[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(what, sizeof(what), "%s%s%s", at, cases[i].why, mend);
		assert_refused(cases[i].text, table, NULL, what);
	}
}

static void test_map_fields(void **state)
{
	struct model *running = running_of(table), *wanted = good_model(table);
	struct diag diag = { 0 };

	running->maps[0].flags = 1;
	assert_null(plan_make(wanted, running, NULL, 0, &diag));
	assert_said(&diag, "10:1: error: map 'table' has content that does not fit: flags are "
			   "0x0, were 0x1 (--reset-map table starts it empty)\n");
	running->maps[0].flags = 0;
	running->maps[0].key_size = 8;
	assert_null(plan_make(wanted, running, NULL, 0, &diag));
	assert_said(&diag, "10:1: error: map 'table' has content that does not fit: key has 4 "
			   "bytes, had 8 (--reset-map table starts it empty)\n");
	model_free(wanted);
	model_free(running);
}

static void test_reset(void **state)
{
	static const char larger[] = SHARE("unit-share", "size = 17\n");

	assert_plan(larger, table, "table", "~ map table starts empty: hash, 17 entries\n");
	assert_plan(table, table, "table", "~ map table starts empty: hash, 16 entries\n");
	assert_refused(table, table, "tabel", "0:0: error: no map 'tabel' to reset\n");
	assert_refused(
		larger, table, "x",
		"0:0: error: no map 'x' to reset\n"
		"10:1: error: map 'table' has content that does not fit: size is 17, was "
		"16 (--reset-map table starts it empty)\n");
}

/* What commit goes by: which maps are made, which are taken from where. */
static void test_map_steps(void **state)
{
	struct model *running = running_of(one);
	struct diag diag = { 0 };
	struct model *wanted = good_model(
		RX("macswap") "[functions.macswap]\nmaps = { count = { entries = [] } "
			      "}\n" LINK("macswap",
					 "[\"f\"]") "[functions.f]\npath = "
						    "\"unit-share\"\n" LINK("f", "[\"tx\"]"));
	struct plan *plan = plan_make(wanted, running, NULL, 0, &diag);
	char *text;

	assert_non_null(plan);
	/* Entries that were not there before look as if they would be written. */
	assert_said(&diag,
		    "5:30: warning: map 'count' keeps its content: entries are for a new "
		    "map (galette-pin map, or --reset-map count)\n");
	assert_int_equal(plan->map_steps[0], MAP_KEEP);
	assert_int_equal(plan->map_from[0], 2);
	assert_int_equal(plan->map_steps[1], MAP_CREATE);
	assert_int_equal(plan->map_from[1], -1);
	text = printed(plan_print, plan, wanted, running);
	assert_non_null(strstr(text,
			       "= map count with its content; `entries` are for a new map "
			       "only\n"));
	free(text);
	plan_free(plan);
	model_free(wanted);
	model_free(running);
}

/* A map that only the generation before uses is there, and is not removed again. */
static void test_map_without_users(void **state)
{
	struct model *running = running_of(one), *wanted = good_model(RX("tx"));
	struct diag diag = { 0 };
	struct plan *plan;

	running->maps[0].user_count = 0;
	plan = plan_make(wanted, running, NULL, 0, &diag);
	for (int i = 0; i < plan->count; i++)
		assert_string_not_equal(plan->changes[i].name, "blocked_ips");
	plan_free(plan);
	model_free(wanted);
	model_free(running);
}

static void test_json(void **state)
{
	struct model *running = running_of(RX("drop")), *wanted = good_model(RX("tx"));
	struct diag diag = { 0 };
	struct plan *plan = plan_make(wanted, running, NULL, 0, &diag);
	char *text = printed(plan_print_json, plan, wanted, running);

	assert_string_equal(text, "{\n"
				  "  \"chain\":\"unit\",\n"
				  "  \"generation\":7,\n"
				  "  \"changed\":true,\n"
				  "  \"changes\":[\n"
				  "    {\n"
				  "      \"op\":\"modify\",\n"
				  "      \"kind\":\"link\",\n"
				  "      \"name\":\"rx\",\n"
				  "      \"detail\":\"-> tx, was drop\"\n"
				  "    }\n"
				  "  ]\n"
				  "}\n");
	free(text);
	plan_free(plan);
	plan = plan_make(wanted, wanted, NULL, 0, &diag);
	text = printed(plan_print_json, plan, wanted, NULL);
	assert_non_null(strstr(text, "\"generation\":null"));
	free(text);
	plan_free(plan);
	model_free(wanted);
	model_free(running);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attach),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_change),
		cmocka_unit_test(test_functions),
		cmocka_unit_test(test_object_file),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_slowpath),
		cmocka_unit_test(test_interfaces),
		cmocka_unit_test(test_maps_refused),
		cmocka_unit_test(test_map_fields),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_map_steps),
		cmocka_unit_test(test_map_without_users),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
