// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* TOML as a tree: places, order, what is refused and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "toml.h"

/* The seed's, verbatim. */
static const char security[] = "# -- NF & Map definitions --\n"
			       "[functions.access-control.maps]\n"
			       "allow-list = {\n"
			       "    type = \"lpm-trie\",\n"
			       "    size = 65535\n"
			       "}\n"
			       "\n"
			       "[functions.weak-classifier]\n"
			       "maps = { flow-state = \"_\" }\n"
			       "\n"
			       "[functions.dpi]\n"
			       "maps = { flow-state = \"_\" }\n"
			       "disable_xdp = true\n"
			       "\n"
			       "[maps.flow-state]\n"
			       "type = \"hash_map\"\n"
			       "size = 65535\n"
			       "# -- Chain definition --\n"
			       "[[links]]\n"
			       "from = \"rx\"\n"
			       "to = [\"access-control\"]\n"
			       "\n"
			       "[[links]]\n"
			       "from = \"access-control\"\n"
			       "to = [\"tx\", \"weak-classifier\"]\n"
			       "\n"
			       "[[links]]\n"
			       "from = \"weak-classifier\"\n"
			       "to = [\"tx\", \"!dpi\", \"drop\"]\n"
			       "\n"
			       "[[links]]\n"
			       "from = \"dpi\"\n"
			       "to = [\"tx\", \"drop\"]\n";

static struct node *parse(const char *text)
{
	struct diag diag = { .file = "test" };
	struct node *root = toml_parse(text, strlen(text), &diag);

	if (!root)
		diag_flush(&diag);
	assert_non_null(root);
	assert_int_equal(diag.count, 0);
	return root;
}

/* The value behind a path of keys and indices: "links/0/from". */
static const struct node *get(const struct node *node, const char *path)
{
	char *copy = strdup(path), *rest = copy, *part;

	while ((part = strsep(&rest, "/"))) {
		if (node->type == NODE_ARRAY) {
			assert_true((size_t)atoi(part) < node->count);
			node = &node->items[atoi(part)];
		} else {
			node = node_member(node, part);
		}
		assert_non_null(node);
	}
	free(copy);
	return node;
}

#define assert_loc(LOC, LINE, COLUMN)                   \
	do {                                            \
		assert_int_equal((LOC).line, LINE);     \
		assert_int_equal((LOC).column, COLUMN); \
	} while (0)

static void assert_place(const struct node *root, const char *path, int line, int column)
{
	assert_loc(get(root, path)->loc, line, column);
}

static void assert_key(const struct node *root, const char *path, int line, int column)
{
	assert_loc(get(root, path)->key_loc, line, column);
}

static void seed_file(void **state)
{
	struct node *root = parse(security);

	assert_int_equal(root->count, 3);
	assert_int_equal(get(root, "links")->count, 4);
	assert_string_equal(get(root, "links/2/to/1")->string, "!dpi");
	assert_string_equal(get(root, "functions/access-control/maps/allow-list/type")->string,
			    "lpm-trie");
	assert_int_equal(get(root, "maps/flow-state/size")->integer, 65535);
	assert_true(get(root, "functions/dpi/disable_xdp")->boolean);
	node_free(root);
}

static void places(void **state)
{
	struct node *root = parse(security);

	assert_place(root, "functions/access-control/maps/allow-list", 3, 14);
	assert_key(root, "functions/access-control/maps/allow-list", 3, 1);
	assert_place(root, "functions/access-control/maps/allow-list/size", 5, 12);
	assert_key(root, "functions", 2, 2);
	assert_key(root, "functions/access-control", 2, 12);
	assert_key(root, "functions/weak-classifier", 8, 12);
	assert_place(root, "functions/weak-classifier", 8, 1);
	assert_key(root, "functions/dpi/maps/flow-state", 12, 10);
	assert_place(root, "links", 19, 1);
	assert_key(root, "links", 19, 3);
	assert_place(root, "links/2", 27, 1);
	assert_place(root, "links/2/to/1", 29, 13);
	assert_place(root, "links/3/from", 32, 8);
	node_free(root);

	root = parse("a.b.c = 1\n  a.b.d = 'ü' # x\na.'ü'.e = [1]\n");
	assert_key(root, "a", 1, 1);
	assert_key(root, "a/b", 1, 3);
	assert_place(root, "a/b", 1, 3);
	assert_key(root, "a/b/d", 2, 7);
	assert_place(root, "a/b/d", 2, 11);
	assert_key(root, "a/ü/e", 3, 7);
	assert_place(root, "a/ü/e/0", 3, 12); /* characters, not bytes */
	node_free(root);
}

/* As in the file, also where a table is opened again or a parent comes late. */
static void order(void **state)
{
	static const char *const names[] = { "z", "m", "a", "q" };
	static const char *const inner[] = { "zz", "b", "aa" };
	struct node *root = parse("[z.zz]\nx = 1\n[m]\n[a]\n[z.b]\n[q]\n[z.aa]\n[z]\n");

	assert_int_equal(root->count, 4);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(root->items[i].key, names[i]);
	assert_int_equal(root->items[0].count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(root->items[0].items[i].key, inner[i]);
	assert_place(root, "z", 8, 1);
	assert_null(node_member(root, "none"));
	assert_null(node_member(get(root, "z/zz/x"), "none"));
	node_free(root);
}

static void values(void **state)
{
	struct node *root = parse("j = -9223372036854775808\nf = 1.5\nb = false\n"
				  "s = \"\\x41\\e\"\nm = '''\na\n'b''''\nn = [[], {}]\n"
				  "e = {\n  # TOML 1.1\n  a = 1,\n}\n");

	assert_true(get(root, "j")->integer == INT64_MIN);
	assert_true(get(root, "f")->floating == 1.5);
	assert_int_equal(get(root, "f")->type, NODE_FLOAT);
	assert_false(get(root, "b")->boolean);
	assert_string_equal(get(root, "s")->string, "A\033");
	assert_string_equal(get(root, "m")->string, "a\n'b'");
	assert_int_equal(get(root, "n/0")->type, NODE_ARRAY);
	assert_int_equal(get(root, "n/1")->type, NODE_TABLE);
	assert_int_equal(get(root, "n/1")->count, 0);
	assert_int_equal(get(root, "e/a")->integer, 1);
	node_free(root);

	/* Characters that toml++ calls unreachable. */
	root = parse("a = \"\"\"\\\n \xef\xbb\xbe\xef\xac\xa6\"\"\" # \xef\xbb\xbe\n");
	assert_string_equal(get(root, "a")->string, "\xef\xbb\xbe\xef\xac\xa6");
	node_free(root);

	root = parse("");
	assert_int_equal(root->type, NODE_TABLE);
	assert_int_equal(root->count, 0);
	node_free(root);
	assert_string_equal(node_type_name(NODE_INTEGER), "an integer");
}

static void refuse_bytes(const char *text, size_t length, int line, int column,
			 const char *message)
{
	struct diag diag = { .file = "test" };

	assert_null(toml_parse(text, length, &diag));
	assert_true(diag.errors >= 1);
	if (!strstr(diag.messages[0].text, message))
		fail_msg("'%s' has no '%s'", diag.messages[0].text, message);
	assert_loc(diag.messages[0].loc, line, column);
	diag_free(&diag);
}

static void refuse(const char *text, int line, int column, const char *message)
{
	refuse_bytes(text, strlen(text), line, column, message);
}

static void refusals(void **state)
{
	refuse("a = 1\nb = rx\n", 2, 5, "a string needs \"\"");
	refuse("a = \"x\n", 1, 7, "no closing quote (in the string)");
	/* What the parser asserts. */
	refuse("[/]\n", 1, 2, "not valid TOML");
	refuse("ü = 1\n[ä.b]\na = ['ü', }\n[/]", 3, 11, "not valid TOML");
	refuse("a = 1\na = 2\n", 2, 5, "cannot redefine existing integer 'a'");
	refuse("[a]\n[b]\n[a]\n", 3, 1, "cannot redefine existing table 'a'");
	refuse("a = [1, \n", 1, 10, "encountered end-of-file (in the array)");
	refuse("a = 99999999999999999999\n", 1, 25, "not representable");
	refuse("a = 2023-06-13\n", 1, 5, "dates and times");
	refuse("x = 1\na = [1, 12:00:00]\n", 2, 9, "dates and times");
	refuse("a = 2023-06-13T12:00:00Z\n", 1, 5, "dates and times");
	refuse("a = \"x\\u0000y\"\n", 1, 5, "a NUL character");
	refuse("\"\\x00\" = 1\n", 1, 1, "a NUL character");
	refuse_bytes("a = \"\0\"", 7, 1, 6, "");
	refuse_bytes("a = 1\n\0", 7, 2, 1, "");
	refuse("a = \"\xff\"\n", 1, 5, "invalid utf-8");
	refuse("a = 1\n# \xc3\x28\n", 2, 2, "invalid utf-8");
}

/* One run shows all of them. */
static void all_errors(void **state)
{
	static const char text[] = "a = 2023-06-13\nb = \"\\u0000\"\nc = [12:00]\n";
	struct diag diag = { .file = "test" };

	assert_null(toml_parse(text, strlen(text), &diag));
	assert_int_equal(diag.errors, 3);
	diag_free(&diag);
}

static char *repeat(const char *begin, const char *part, size_t n, const char *end)
{
	char *text = malloc(strlen(begin) + n * strlen(part) + strlen(end) + 1), *o = text;

	o = stpcpy(o, begin);
	while (n--)
		o = stpcpy(o, part);
	stpcpy(o, end);
	return text;
}

static void assert_deep(const char *begin, const char *part, const char *end)
{
	char *text = repeat(begin, part, 300000, end);
	struct diag diag = { .file = "test" };

	assert_null(toml_parse(text, strlen(text), &diag));
	assert_int_equal(diag.errors, 1);
	diag_free(&diag);
	free(text);
}

static void depth(void **state)
{
	char *text;

	assert_deep("a = ", "[", "");
	assert_deep("a = ", "{a=", "");
	assert_deep("a", ".a", " = 1");
	assert_deep("a = '''x''''\na", ".a", " = 1"); /* quotes do not hide it */
	assert_deep("a = [\"\"\"x\\\"\"\"\"\", {a", ".a", " = 1}]");
	assert_deep("a = [\"x\\\"\", {a", ".a", " = 1}]");
	assert_deep("[a", " . 'a'", "]");
	assert_deep("# '\n\"'\"", ".a", " = 1");
	text = repeat("", "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a = {\n", 30, "");
	refuse(text, 30, 45, "end-of-file");
	free(text);
	text = repeat("a = \"", ".", 1000, "\" # ................................\n");
	node_free(parse(text));
	free(text);
	text = repeat("a = [", "1.5, ", 1000, "]\n");
	node_free(parse(text));
	free(text);
}

static void deep_tree(void **state)
{
	char *open = repeat("", "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a = {", 30, "");
	char *text = repeat(open, "}", 30, "\n");
	struct diag diag = { .file = "test" };

	assert_null(toml_parse(text, strlen(text), &diag));
	assert_int_equal(diag.errors, 1);
	assert_non_null(strstr(diag.messages[0].text, "256 levels"));
	diag_free(&diag);
	free(open);
	free(text);
}

static void too_large(void **state)
{
	size_t size = (16 << 20) + 1;
	char *text = malloc(size);

	memset(text, '\n', size);
	refuse_bytes(text, size, 0, 0, "larger than 16 MiB");
	free(text);
}

static bool equal(const char *a, const char *b)
{
	struct node *na = parse(a), *nb = parse(b);
	bool result = node_equal(na, nb);

	assert_true(node_equal(nb, na) == result);
	node_free(na);
	node_free(nb);
	return result;
}

static void equality(void **state)
{
	assert_true(equal(security, security));
	assert_true(equal("a = 1\nb.c = [2, 'x']\n", "[b]\nc = [\n2, \"x\"]\n") == false);
	assert_true(equal("a = 1\nb.c = [2, 'x']\n", "b = { c = [\n2, \"x\"] }\na = 0x1\n"));
	assert_false(equal("a = [1, 2]", "a = [2, 1]"));
	assert_false(equal("a = [1, 2]", "a = [1, 2, 3]"));
	assert_false(equal("a = 1", "a = 1.0"));
	assert_false(equal("a = 1", "b = 1"));
	assert_false(equal("a = 1\nb = 1", "a = 1\nc = 1"));
	assert_false(equal("a = true", "a = false"));
	assert_false(equal("a = 1.5", "a = 2.5"));
	assert_true(equal("a = nan", "a = nan"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seed_file), cmocka_unit_test(places),
		cmocka_unit_test(order),     cmocka_unit_test(values),
		cmocka_unit_test(refusals),  cmocka_unit_test(all_errors),
		cmocka_unit_test(depth),     cmocka_unit_test(deep_tree),
		cmocka_unit_test(too_large), cmocka_unit_test(equality),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
