// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Looking things up in a model, and the words for its edges. */
#include "unit.h"

#define SIXTY_THREE "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz01234567890"

static void test_maps_by_name(void **state)
{
	struct model_map maps[] = { { .name = "allow_list" },
				    { .name = "a-b:allow_list" },
				    { .name = SIXTY_THREE } };
	struct model model = { .maps = maps, .map_count = 3 };

	assert_int_equal(model_map(&model, "allow_list"), 0);
	assert_int_equal(model_map(&model, "allow-list"), 0);
	assert_int_equal(model_map(&model, "a-b:allow-list"), 1);
	assert_int_equal(model_map(&model, "a_b:allow-list"), -1);
	assert_int_equal(model_map(&model, "a-b:"), -1);
	assert_int_equal(model_map(&model, ":allow_list"), -1);
	assert_int_equal(model_map(&model, "allow"), -1);
	assert_int_equal(model_map(&model, ""), -1);
	assert_int_equal(model_map(&model, SIXTY_THREE), 2);
	assert_int_equal(model_map(&model, SIXTY_THREE "1"), -1);
}

/* An alias goes before another interface's own name. */
static void test_interfaces_by_name(void **state)
{
	struct model_interface interfaces[] = { { .name = "eth0" },
						{ .alias = "eth0", .name = "eth1" },
						{ .alias = "wan", .name = "eth2" } };
	struct model model = { .interfaces = interfaces, .interface_count = 3 };

	assert_int_equal(model_interface(&model, "eth0"), 1);
	assert_int_equal(model_interface(&model, "eth1"), 1);
	assert_int_equal(model_interface(&model, "wan"), 2);
	assert_int_equal(model_interface(&model, "eth2"), 2);
	assert_int_equal(model_interface(&model, ""), -1);
	assert_int_equal(model_interface(&model, "eth"), -1);
}

static void test_edge_words(void **state)
{
	char actions[2][GALETTE_ACTION_LEN] = { "allow", "inspect" };
	struct model_function functions[] = {
		{ .name = "f", .actions = actions, .action_count = 2, .base = 3 }
	};
	struct model_interface interfaces[] = { { .name = "eth0" },
						{ .alias = "wan", .name = "eth1" } };
	struct model model = { .interfaces = interfaces,
			       .interface_count = 1,
			       .functions = functions,
			       .function_count = 1 };
	struct model_edge rx = { .function = EDGE_RX }, f = { .function = 0, .index = 1 };
	char text[GALETTE_TARGET_LEN];

	edge_from(&model, &rx, text);
	assert_string_equal(text, "rx");
	model.interface_count = 2;
	edge_from(&model, &rx, text);
	assert_string_equal(text, "rx(eth0)");
	rx.index = 1;
	edge_from(&model, &rx, text);
	assert_string_equal(text, "rx(wan)");
	assert_string_equal(edge_action(&model, &rx), "");
	edge_from(&model, &f, text);
	assert_string_equal(text, "f");
	assert_string_equal(edge_action(&model, &f), "inspect");
	assert_int_equal(model_edge(&model, 0, "inspect"), 4);
	assert_int_equal(model_edge(&model, 0, "insp"), -1);
	assert_int_equal(model_function(&model, "f"), 0);
	assert_int_equal(model_function(&model, ""), -1);
}

static void test_resolve(void **state)
{
	static const struct {
		struct target target;
		bool there;
		int to;
	} cases[] = {
		{ { .kind = TARGET_TX }, true, -1 },
		{ { .kind = TARGET_ABORT }, true, -1 },
		{ { .kind = TARGET_FUNCTION, .name = "g" }, true, 1 },
		{ { .kind = TARGET_UPCALL, .name = "f" }, true, 0 },
		{ { .kind = TARGET_FUNCTION, .name = "h" }, false, -1 },
		{ { .kind = TARGET_REDIRECT, .name = "wan" }, true, 0 },
		{ { .kind = TARGET_REDIRECT, .name = "g" }, false, -1 },
	};
	struct model_function functions[] = { { .name = "f" }, { .name = "g" } };
	struct model_interface interfaces[] = { { .alias = "wan", .name = "eth1" } };
	struct model model = { .interfaces = interfaces,
			       .interface_count = 1,
			       .functions = functions,
			       .function_count = 2 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct model_edge edge = { .target = cases[i].target, .to = 99 };

		assert_int_equal(edge_resolve(&model, &edge), cases[i].there);
		assert_int_equal(edge.to, cases[i].to);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_maps_by_name),
		cmocka_unit_test(test_interfaces_by_name),
		cmocka_unit_test(test_edge_words),
		cmocka_unit_test(test_resolve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
