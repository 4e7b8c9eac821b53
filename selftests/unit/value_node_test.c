// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Values from a chain file: places of errors, configs over their defaults. */
#include "value_unit.h"

static struct node *parse(const char *text)
{
	struct diag diag = { 0 };
	struct node *root = toml_parse(text, strlen(text), &diag);

	assert_non_null(root);
	return root;
}

static void places_of_errors(void **state)
{
	struct node *root = parse("key = { sport = 1,\n  dpart = 2,\n  proto = 300,\n"
				  "  src = 'x', dst = '::' }\n");
	unsigned char out[VALUE_SIZE_MAX];
	struct diag diag = { 0 };

	assert_int_equal(value_from_node(types.btf, types.flow, &root->items[0], out,
					 "key of map 'm'", &diag),
			 -EINVAL);
	assert_int_equal(diag.errors, 3);
	assert_string_equal(diag.messages[0].text,
			    "key of map 'm': no field 'dpart' (did you mean 'dport'?)");
	assert_int_equal(diag.messages[0].loc.line, 2);
	assert_int_equal(diag.messages[0].loc.column, 3);
	assert_string_equal(diag.messages[1].text,
			    "key of map 'm': proto: 300 is out of range of __u8 (0 to 255)");
	assert_int_equal(diag.messages[1].loc.line, 3);
	assert_int_equal(diag.messages[1].loc.column, 11);
	assert_string_equal(diag.messages[2].text,
			    "key of map 'm': src: expected an IP address, not 'x'");
	diag_free(&diag);
	node_free(root);
}

static int update(int type, const char *text, void *out)
{
	struct node *root = parse(text);
	struct diag diag = { 0 };
	int err = value_update(types.btf, type, root, out, "config", &diag);

	assert_int_equal(!err, !diag.errors);
	diag_free(&diag);
	node_free(root);
	return err;
}

static void updates(void **state)
{
	unsigned char config[16] = { 1, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 1 };
	unsigned char lists[48], fresh[48] = { 0 };
	unsigned char one[16];

	assert_int_equal(update(types.config, "level = 'below'", config), 0);
	assert_memory_equal(config, "\1\0\0\0\5\0\0\0\0\0\0\0\xff\xff\xff\xff", 16);
	assert_int_equal(update(types.config, "", config), 0);
	assert_memory_equal(config, "\1\0\0\0\5\0\0\0\0\0\0\0\xff\xff\xff\xff", 16);
	assert_int_equal(update(types.config, "level = 7\nno = 1", config), -EINVAL);
	assert_int_equal(update(types.u32, "a = 1", config), -EINVAL);

	/* Arrays and unions as a whole, the rest stays. */
	memset(lists, 0xee, sizeof(lists));
	memset(fresh, 0xee, sizeof(fresh));
	memset(fresh, 0, 40);
	fresh[0] = 1;
	fresh[32] = 2;
	assert_int_equal(
		update(types.lists, "items = [{ first = 1 }]\neither = { small = 2 }", lists),
		0);
	assert_memory_equal(lists, fresh, 48);

	memset(one, 0xee, sizeof(one));
	assert_int_equal(update(types.anonymous, "tag = 3", one), 0);
	assert_memory_equal(one, "\xee\xee\xee\xee\3\0\0\0\0\0\0\0\xee\xee\xee\xee", 16);
	assert_int_equal(update(types.anonymous, "left = 4\nright = 5", one), 0);
	assert_memory_equal(one, "\xee\xee\xee\xee\4\0\0\0\5\0\0\0\xee\xee\xee\xee", 16);

	memset(one, 0xee, sizeof(one));
	assert_int_equal(update(types.nested, "tag = 3", one), 0);
	assert_memory_equal(one, "\xee\xee\xee\xee\xee\xee\xee\xee\3\0\0\0\0\0\0\0", 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_of_errors),
		cmocka_unit_test(updates),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
