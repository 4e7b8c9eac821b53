// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Edges and paths of a checked chain: actions, interfaces, cycles, limits. */
#include <net/if.h>

#include "unit.h"

#define RX(to)         "[[links]]\nfrom = \"rx\"\nto = [\"" to "\"]\n"
#define FUNCTION(name) "[functions." name "]\n"
#define NOOP(name)     "[functions." name "]\npath = \"no-op\"\n"
#define LINK(from, to) "[[links]]\nfrom = \"" from "\"\nto = " to "\n"

static const char *target_of(const struct model *model, const char *function,
			     const char *action)
{
	static char text[GALETTE_TARGET_LEN];
	int edge = model_edge(model, model_function(model, function), action);

	assert_true(edge >= 0);
	target_format(&model->edges[edge].target, text);
	return text;
}

static void test_by_position_and_by_name(void **state)
{
	struct model *model = good_model(RX("dest-ip-branch") FUNCTION("dest-ip-branch") LINK(
		"dest-ip-branch", "[\"tx\", \"drop\", \"pass\", "
				  "\"filter-ip\"]") FUNCTION("filter-ip")
						 LINK("filter-ip", "{ block = \"abort\", "
								   "allow = \"tx(wan)\" }"));

	assert_int_equal(model->function_count, 2);
	assert_string_equal(model->functions[0].actions[0], "left");
	assert_string_equal(target_of(model, "dest-ip-branch", "left"), "tx");
	assert_string_equal(target_of(model, "dest-ip-branch", "right"), "drop");
	assert_string_equal(target_of(model, "dest-ip-branch", "up"), "pass");
	assert_string_equal(target_of(model, "dest-ip-branch", "down"), "filter-ip");
	assert_string_equal(target_of(model, "filter-ip", "allow"), "tx(wan)");
	assert_string_equal(target_of(model, "filter-ip", "block"), "abort");
	/* the missed one, one interface's rx, four actions, two */
	assert_int_equal(model->edge_count, 1 + 1 + 4 + 2);
	assert_int_equal(model->functions[0].base, 2);
	assert_int_equal(model->functions[1].base, 6);
	assert_int_equal(model->edges[5].to, 1);
	assert_int_equal(model->edges[6].to, 0);
	model_free(model);
}

#define WC RX("weak-classifier") FUNCTION("weak-classifier")

static void test_actions(void **state)
{
	assert_check(
		WC LINK("weak-classifier", "[\"tx\", \"drop\"]"),
		"7:6: error: 'weak-classifier' has 3 actions (benign, suspect, attack), but "
		"2 targets are given\n");
	assert_check(
		WC LINK("weak-classifier", "[\"tx\"]"),
		"7:6: error: 'weak-classifier' has 3 actions (benign, suspect, attack), but "
		"1 target is given\n");
	assert_check(
		WC LINK("weak-classifier", "{}"),
		"7:6: error: 'weak-classifier' has 3 actions (benign, suspect, attack), but "
		"0 targets are given\n");
	assert_check(
		WC LINK("weak-classifier", "[\"tx\", \"tx\", \"tx\", \"tx\"]"),
		"7:6: error: 'weak-classifier' has 3 actions (benign, suspect, attack), but "
		"4 targets are given\n");
	assert_check(WC LINK("weak-classifier",
			     "{ benign = \"tx\", suspekt = \"tx\", worst = \"tx\" }"),
		     "7:23: error: 'weak-classifier' has no action 'suspekt' (did you mean "
		     "'suspect'?)\n"
		     "7:39: error: 'weak-classifier' has no action 'worst' (it has: benign, "
		     "suspect, attack)\n"
		     "7:6: error: 'weak-classifier': no target for its action 'suspect'\n"
		     "7:6: error: 'weak-classifier': no target for its action 'attack'\n");
	assert_check(RX("a") NOOP("a"),
		     "4:12: error: 'a' has no link: where do its packets go?\n");
}

static void test_object_missing(void **state)
{
	char what[1024];

	snprintf(what, sizeof(what), "4:12: error: no 'a.bpf.o' in %s\n", nf_path());
	assert_check(RX("a") FUNCTION("a") LINK("a", "[\"tx\"]"), what);
	snprintf(what, sizeof(what), "4:12: error: no 'a.bpf.o' and no 'a.so' in %s\n",
		 nf_path());
	assert_check(RX("a") FUNCTION("a") "disable_xdp = true\n" LINK("a", "[\"tx\"]"), what);
	/* That a function can be met in the slow path does not make it native only. */
	snprintf(what, sizeof(what), "4:12: error: no 'a.bpf.o' in %s\n", nf_path());
	assert_check(RX("!a") FUNCTION("a") LINK("a", "[\"tx\"]"), what);
}

/* Several stages' errors come in one run. */
static void test_all_errors(void **state)
{
	assert_check(RX("filter-ip") FUNCTION("filter-ip") "config = { a = 1 }\n"
							   "maps = { b = {} }\n" LINK(
								   "filter-ip", "[\"tx\"]"),
		     "9:6: error: 'filter-ip' has 2 actions (allow, block), but 1 target is "
		     "given\n"
		     "6:14: error: 'filter-ip' has no map 'b'\n"
		     "5:1: error: 'filter-ip' has no config\n");
}

static void test_sixteen_actions(void **state)
{
	static const char text[] = RX("unit-sixteen") FUNCTION("unit-sixteen")
		LINK("unit-sixteen",
		     "[\"tx\", \"tx\", \"tx\", \"tx\", \"tx\", \"tx\", \"tx\", \"tx\", \"tx\", "
		     "\"tx\", \"tx\", \"tx\", \"tx\", \"tx\", \"tx\", \"drop\"]");
	struct model *model = good_model(text);

	assert_int_equal(model->functions[0].action_count, GALETTE_ACTIONS_MAX);
	assert_string_equal(target_of(model, "unit-sixteen", "a15"), "drop");
	model_free(model);
}

static void test_cycles(void **state)
{
	assert_check(
		RX("a") NOOP("a") LINK("a", "[\"a\"]"),
		"8:7: error: 'a' leads back to 'a': a packet could go round for ever (if it "
		"must be so: loops = true)\n");
	assert_check(
		RX("a") NOOP("a") NOOP("b") LINK("a", "[\"!b\"]") LINK("b", "[\"a\"]"),
		"13:7: error: 'b' leads back to 'a': a packet could go round for ever (if it "
		"must be so: loops = true)\n");
	assert_check("loops = true\n" RX("a") NOOP("a") LINK("a", "[\"a\"]"), "");
	/* Two ways to one function are no cycle. */
	assert_check(RX("f") "[functions.f]\npath = \"filter-ip\"\n" NOOP("a") NOOP("b")
			     LINK("f", "[\"a\", \"b\"]") LINK("a", "[\"b\"]")
				     LINK("b", "[\"tx\"]"),
		     "");
}

/* rx -> f0 -> … -> f(count-1) -> last, with `extra` in the last function. */
static char *line_of(int count, const char *extra, const char *last)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	fprintf(out, "%s[[links]]\nfrom = \"rx\"\nto = [\"f0\"]\n", "");
	for (int i = 0; i < count; i++) {
		fprintf(out, "[functions.f%d]\npath = \"no-op\"\n%s", i,
			i == count - 1 ? extra : "");
		fprintf(out, "[[links]]\nfrom = \"f%d\"\nto = [\"", i);
		if (i == count - 1)
			fprintf(out, "%s\"]\n", last);
		else
			fprintf(out, "f%d\"]\n", i + 1);
	}
	fclose(out);
	return text;
}

static void assert_line(int count, const char *extra, const char *last, const char *what)
{
	char *text = line_of(count, extra, last);

	assert_check(text, what);
	free(text);
}

static void test_longest_path(void **state)
{
	static const char too_long[] =
		"3:7: error: the longest way from here has 32 functions; the kernel's 33 tail "
		"calls allow 31\n";
	char *text, *loops;

	assert_line(31, "", "tx", "");
	assert_line(32, "", "tx", too_long);
	/* What the slow path goes on with is no tail call. */
	assert_line(32, "disable_xdp = true\n", "tx", "");
	assert_line(33, "disable_xdp = true\n", "tx", too_long);
	/* A loop that is allowed does not make the rest of the path shorter. */
	text = line_of(32, "", "f0");
	assert_true(asprintf(&loops, "loops = true\n%s", text) > 0);
	assert_check(loops, "4:7: error: the longest way from here has 32 functions; the "
			    "kernel's 33 tail calls allow 31\n");
	free(text);
	free(loops);
	text = line_of(31, "", "f0");
	assert_true(asprintf(&loops, "loops = true\n%s", text) > 0);
	assert_check(loops, "");
	free(text);
	free(loops);
}

static void test_upcall_ends_the_path(void **state)
{
	char *text = line_of(31, "", "!g"), *whole;

	assert_true(asprintf(&whole, "%s%s", text, NOOP("g") LINK("g", "[\"tx\"]")) > 0);
	assert_check(whole, "");
	free(text);
	free(whole);
}

static void test_standby(void **state)
{
	struct diag diag = { 0 };
	struct model *model;

	assert_check(RX("a") NOOP("a") NOOP("b") LINK("a", "[\"tx\"]"),
		     "6:12: warning: nothing leads to 'b': it is left out\n");
	/* In the order of the file, whichever leads to which. */
	model = model_of(RX("tx") NOOP("b") NOOP("a") LINK("a", "[\"b\"]")
				 LINK("b", "[\"tx\"]"),
			 NULL, 0, false, &diag);
	assert_non_null(model);
	assert_said(&diag, "4:12: warning: nothing leads to 'b': it is loaded, ready to be "
			   "linked to\n"
			   "6:12: warning: nothing leads to 'a': it is loaded, ready to be "
			   "linked to\n");
	assert_int_equal(model->function_count, 2);
	model_free(model);
	/* What only a standby function leads to is part of the chain, and needs a link. */
	assert_check(
		RX("tx") NOOP("a") NOOP("b") LINK("a", "[\"b\"]"),
		"4:12: warning: nothing leads to 'a': it is loaded, ready to be linked to\n"
		"6:12: error: 'b' has no link: where do its packets go?\n");
	/* Nor may standby functions go round. */
	assert_check(
		RX("tx") NOOP("a") LINK("a", "[\"a\"]"),
		"4:12: warning: nothing leads to 'a': it is loaded, ready to be linked to\n"
		"8:7: error: 'a' leads back to 'a': a packet could go round for ever (if it "
		"must be so: loops = true)\n");
}

/* ---- interfaces ---- */

static struct model *bound(const char *text, const struct binding *bindings, int count,
			   const char *what)
{
	struct diag diag = { 0 };
	struct model *model = model_of(text, bindings, count, true, &diag);

	assert_int_equal(!model, diag.errors > 0);
	assert_said(&diag, what);
	return model;
}

static void test_interfaces_bound(void **state)
{
	static const struct binding lo = { "", "lo" }, lan = { "lan", "lo" };
	static const struct binding none = { "wan", "no-such-if" };
	struct model *model = bound(RX("tx(lo)"), &lo, 1, "");

	assert_int_equal(model->interface_count, 1);
	assert_int_equal(model->interfaces[0].ifindex, if_nametoindex("lo"));
	assert_int_equal(model->edges[GALETTE_SLOT_RX].to, 0);
	model_free(model);
	/* By alias and by name it is one interface. */
	model = bound(RX("tx(lo)") LINK("rx(lan)", "[\"drop\"]"), &lan, 1, "");
	assert_int_equal(model->interface_count, 1);
	assert_int_equal(model->edges[GALETTE_SLOT_RX].target.kind, TARGET_DROP);
	model_free(model);
	/* A real interface that only the file names. */
	model = bound(LINK("rx(lo)", "[\"tx\"]"), NULL, 0, "");
	assert_int_equal(model->interface_count, 1);
	model_free(model);
	assert_null(bound(LINK("rx(lan)", "[\"tx\"]") LINK("rx(lo)", "[\"tx\"]"), &lan, 1,
			  "5:8: error: rx(lo) and rx(lan) are one interface, lo\n"));
	assert_null(bound(RX("tx"), &none, 1, "0:0: error: no interface 'no-such-if'\n"));
	assert_null(bound(RX("tx(wam)"), &lo, 1,
			  "3:7: error: no interface 'wam' (bind the name: wam=IF)\n"));
	assert_null(bound(RX("tx(a-name-longer-than-any)"), &lo, 1,
			  "3:7: error: no interface 'a-name-longer-than-any' (bind the name: "
			  "a-name-longer-than-any=IF)\n"));
}

/* Of each interface its own rx, else the bare one, else the stack. */
static void test_rx(void **state)
{
	struct model *model = good_model(LINK("rx(a)", "[\"drop\"]") RX("tx(b)"));

	assert_int_equal(model->interface_count, 2);
	assert_int_equal(model->edges[GALETTE_SLOT_RX].target.kind, TARGET_DROP);
	assert_int_equal(model->edges[GALETTE_SLOT_RX + 1].target.kind, TARGET_REDIRECT);
	model_free(model);
	model = good_model(LINK("rx(a)", "[\"tx(b)\"]"));
	assert_int_equal(model->edges[GALETTE_SLOT_RX + 1].target.kind, TARGET_PASS);
	model_free(model);
}

/* An alias may be longer than any interface's name, and is then no shorter one. */
static void test_long_alias(void **state)
{
	struct model *model = good_model(LINK("rx(abcdefghijklmnop1)", "[\"tx\"]")
						 LINK("rx(abcdefghijklmno)", "[\"tx\"]"));

	assert_int_equal(model->interface_count, 2);
	model_free(model);
}

static void test_many_interfaces(void **state)
{
	for (int count = GALETTE_INTERFACES_MAX; count <= GALETTE_INTERFACES_MAX + 1; count++) {
		char *text = NULL;
		size_t length;
		FILE *out = open_memstream(&text, &length);

		for (int i = 0; i < count; i++)
			fprintf(out, "[[links]]\nfrom = \"rx(i%d)\"\nto = [\"tx\"]\n", i);
		fclose(out);
		assert_check(text, count > GALETTE_INTERFACES_MAX
					   ? "50:8: error: more than 16 interfaces\n"
					   : "");
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_position_and_by_name),
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_object_missing),
		cmocka_unit_test(test_all_errors),
		cmocka_unit_test(test_sixteen_actions),
		cmocka_unit_test(test_cycles),
		cmocka_unit_test(test_longest_path),
		cmocka_unit_test(test_upcall_ends_the_path),
		cmocka_unit_test(test_standby),
		cmocka_unit_test(test_interfaces_bound),
		cmocka_unit_test(test_rx),
		cmocka_unit_test(test_long_alias),
		cmocka_unit_test(test_many_interfaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
