// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Types: the same or not, and those that no compiler makes. */
#include "value_unit.h"

static void differ(const struct value_types *a, int type_a, int type_b, const char *expected)
{
	char *why = NULL;
	bool same = value_same_type(a->btf, type_a, types.btf, type_b, &why);

	if (!expected) {
		if (!same)
			fail_msg("not the same: %s", why);
		assert_null(why);
		return;
	}
	assert_false(same);
	assert_non_null(why);
	assert_string_equal(why, expected);
	free(why);
	assert_false(value_same_type(a->btf, type_a, types.btf, type_b, NULL));
}

static void same_types(void **state)
{
	struct value_types other;
	struct btf *b;
	int t;

	value_types_init(&other);
#define SAME_TYPE(name) differ(&other, other.name, types.name, NULL);
	VALUE_TYPES_EXACT(SAME_TYPE)
	VALUE_TYPES_OTHER(SAME_TYPE)

	b = other.btf;
	differ(&other, other.u32, types.s32, "is unsigned, was signed");
	differ(&other, other.u32, types.u64, "is of 4 bytes, was of 8");
	differ(&other, other.be32, types.ip4, "is an integer, was an IPv4 address");
	differ(&other, other.be32, types.u32, "is in network order, was in host order");
	differ(&other, other.word, types.u32, NULL);
	differ(&other, other.real, types.pointer, "is of type 'double', was ''");
	differ(&other, 0, types.u32, "has no type, had one");
	differ(&other, other.u32, 0, "has a type, had none");
	differ(&other, 0, 0, NULL);

	t = btf__add_struct(b, "flow", 40);
	btf__add_field(b, "src", other.ip6, 0, 0);
	btf__add_field(b, "dst", other.mac, 128, 0);
	differ(&other, t, types.flow, "field 'dst' is a MAC address, was an IP address");
	t = btf__add_struct(b, "only", 8);
	btf__add_field(b, "pad2", other.u32, 0, 0);
	btf__add_field(b, "count", other.u32, 32, 0);
	differ(&other, t, types.only, "field 'pad2' is there where 'count' was");
	t = btf__add_struct(b, "padded", 16);
	btf__add_field(b, "first", other.s32, 0, 0);
	btf__add_field(b, "second", other.s64, 32, 0);
	differ(&other, t, types.padded, "field 'second' is at offset 4, was at 8");
	t = btf__add_struct(b, "only", 8);
	btf__add_field(b, "count", other.u32, 0, 0);
	differ(&other, t, types.only, "has no field 'pad2', had one");
	differ(&other, other.only, types.padded, "field 'count' is there where 'first' was");
	t = btf__add_array(b, other.u32, other.port, 5);
	differ(&other, t, types.ports, "has 5 elements, had 4");
	t = btf__add_enum(b, "access_control", 4);
	btf__add_enum_value(b, "ALLOW", 0);
	btf__add_enum_value(b, "INSPECT_DEEP", 3);
	differ(&other, t, types.action, "has 'inspect-deep' as 3, was 1");
	btf__free(b);
}

/* BTF that no compiler makes: no crash, no endless walk, no byte outside. */
static void broken_types(void **state)
{
	unsigned char bytes[VALUE_SIZE_MAX] = { 1 }, out[VALUE_SIZE_MAX];
	struct btf *b = btf__new_empty();
	int u32 = btf__add_int(b, "u32", 4, 0);
	int loop, outside, overlap, big, last;

	loop = btf__add_typedef(b, "loop", 3);
	btf__add_typedef(b, "pool", loop);
	outside = btf__add_struct(b, "outside", 4);
	btf__add_field(b, "a", u32, 16, 0);
	overlap = btf__add_struct(b, "overlap", 8);
	btf__add_field(b, "a", u32, 16, 0);
	btf__add_field(b, "b", u32, 32, 0);
	big = btf__add_array(b, u32, u32, 0x7fffffff);
	last = btf__add_struct(b, "within", 4);
	btf__add_field(b, "me", last, 0, 0);

	for (int id = 0; id <= last + 3; id++) {
		struct diag diag = { 0 };
		char *text;

		if (id == big)
			continue;
		text = value_to_text(b, id, bytes);
		value_from_text(b, id, "{ a = 1, b = 2 }", out, "value", &diag);
		diag_free(&diag);
		if (id == outside)
			assert_string_equal(text, "0x01000000");
		if (id == overlap)
			assert_int_equal(strlen(text), 2 + 16);
		free(text);
		value_same_type(b, id, b, id, NULL);
	}
	btf__free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_types),
		cmocka_unit_test(broken_types),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
