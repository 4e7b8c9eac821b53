/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * vmlinux/vmlinux.h, as clang compiled it, against the running kernel's BTF:
 * size of every type, offset and width of every member, every enumerator.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <bpf/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER "vmlinux/vmlinux.h"
#define OBJECT "selftests/nf-objects/vmlinux.bpf.o"

static struct btf *ours, *kernel;

static const char *name_of(const struct btf *btf, const struct btf_type *type)
{
	return btf__name_by_offset(btf, type->name_off);
}

static const struct btf_type *resolve(const struct btf *btf, int id)
{
	return btf__type_by_id(btf, btf__resolve_type(btf, id));
}

struct place {
	const struct btf_type *type;
	int id;
	unsigned int bit, width; /* width: of a bitfield, else 0 */
};

/* A member by name, also within the type's anonymous members. */
static int find_member(const struct btf *btf, const struct btf_type *type, const char *name,
		       unsigned int bit, struct place *place)
{
	for (int i = 0; i < btf_vlen(type); i++) {
		const struct btf_member *m = &btf_members(type)[i];
		const char *its = btf__name_by_offset(btf, m->name_off);
		unsigned int at = bit + btf_member_bit_offset(type, i);
		const struct btf_type *inner = resolve(btf, m->type);

		if (strcmp(its, name) == 0) {
			*place = (struct place) { inner, m->type, at,
						  btf_member_bitfield_size(type, i) };
			return 1;
		}
		if (!*its && btf_is_composite(inner) &&
		    find_member(btf, inner, name, at, place))
			return 1;
	}
	return 0;
}

/* How many members were compared; the recursion is over types without a name of their own. */
static int compare_members(const char *of, const struct btf_type *mine,
			   const struct btf_type *theirs)
{
	int compared = 0;

	for (int i = 0; i < btf_vlen(mine); i++) {
		const struct btf_member *m = &btf_members(mine)[i];
		const char *name = btf__name_by_offset(ours, m->name_off);
		struct place a, b;

		if (!*name)
			fail_msg("%s: an anonymous member, which this test cannot compare", of);
		assert_true(find_member(ours, mine, name, 0, &a));
		if (!find_member(kernel, theirs, name, 0, &b))
			fail_msg("%s: the kernel has no member %s", of, name);
		if (a.bit != b.bit || a.width != b.width)
			fail_msg("%s.%s: bit %u:%u, the kernel has %u:%u", of, name, a.bit,
				 a.width, b.bit, b.width);
		if (btf__resolve_size(ours, a.id) != btf__resolve_size(kernel, b.id))
			fail_msg("%s.%s: another size in the kernel", of, name);
		if (btf_is_composite(a.type))
			compared += compare_members(name, a.type, b.type);
		compared++;
	}
	return compared;
}

/* An enumerator's value in any of the kernel's enums. */
static int kernel_enumerator(const char *name, int *value)
{
	for (unsigned int id = 1; id < btf__type_cnt(kernel); id++) {
		const struct btf_type *type = btf__type_by_id(kernel, id);

		if (!btf_is_enum(type))
			continue;
		for (int i = 0; i < btf_vlen(type); i++)
			if (strcmp(btf__name_by_offset(kernel, btf_enum(type)[i].name_off),
				   name) == 0) {
				*value = btf_enum(type)[i].val;
				return 1;
			}
	}
	return 0;
}

static void load(void)
{
	const char *build = getenv("GALETTE_BUILD");
	char path[512];

	if (kernel)
		return;
	snprintf(path, sizeof(path), "%s/" OBJECT, build ? build : "build");
	ours = btf__parse(path, NULL);
	if (!ours)
		fail_msg("no %s: make it first", path);
	kernel = btf__load_vmlinux_btf();
	if (!kernel)
		skip();
}

static void test_structs(void **state)
{
	int structs = 0, members = 0, absent = 0;

	load();
	for (unsigned int id = 1; id < btf__type_cnt(ours); id++) {
		const struct btf_type *mine = btf__type_by_id(ours, id);
		const char *name = name_of(ours, mine);
		int theirs = *name ? btf__find_by_name_kind(kernel, name, BTF_KIND_STRUCT) : -1;

		if (!btf_is_struct(mine) || !*name)
			continue;
		if (theirs < 0) {
			print_message("struct %s: not in this kernel's BTF\n", name);
			absent++;
			continue;
		}
		if (mine->size != btf__type_by_id(kernel, theirs)->size)
			fail_msg("struct %s: %u bytes, not %u", name, mine->size,
				 btf__type_by_id(kernel, theirs)->size);
		members += compare_members(name, mine, btf__type_by_id(kernel, theirs));
		structs++;
	}
	print_message("%d structs with %d members compared, %d not in this kernel\n", structs,
		      members, absent);
	assert_true(structs > absent);
}

static void test_typedefs(void **state)
{
	int compared = 0;

	load();
	for (unsigned int id = 1; id < btf__type_cnt(ours); id++) {
		const struct btf_type *mine = btf__type_by_id(ours, id);
		const char *name = name_of(ours, mine);
		int theirs =
			*name ? btf__find_by_name_kind(kernel, name, BTF_KIND_TYPEDEF) : -1;

		if (!btf_is_typedef(mine) || theirs < 0)
			continue;
		if (btf__resolve_size(ours, id) != btf__resolve_size(kernel, theirs) ||
		    btf_int_encoding(resolve(ours, id)) !=
			    btf_int_encoding(resolve(kernel, theirs)))
			fail_msg("%s: another integer in the kernel", name);
		compared++;
	}
	print_message("%d typedefs compared\n", compared);
	assert_true(compared > 0);
}

static void test_enumerators(void **state)
{
	int compared = 0, absent = 0;

	load();
	for (unsigned int id = 1; id < btf__type_cnt(ours); id++) {
		const struct btf_type *mine = btf__type_by_id(ours, id);

		if (!btf_is_enum(mine))
			continue;
		for (int i = 0; i < btf_vlen(mine); i++) {
			const struct btf_enum *e = &btf_enum(mine)[i];
			const char *name = btf__name_by_offset(ours, e->name_off);
			int value;

			if (!kernel_enumerator(name, &value)) {
				print_message("%s: not in this kernel's BTF\n", name);
				absent++;
			} else if (value != e->val) {
				fail_msg("%s is %d, the kernel has %d", name, e->val, value);
			} else {
				compared++;
			}
		}
	}
	print_message("%d enumerators compared, %d not in this kernel\n", compared, absent);
	assert_true(compared > absent);
}

/* The object has every struct, enum and typedef that the header defines. */
static void test_complete(void **state)
{
	char line[256], name[64];
	FILE *header = fopen(HEADER, "r");
	int found = 0;

	load();
	assert_non_null(header);
	while (fgets(line, sizeof(line), header)) {
		char *end = strrchr(line, ';'), *space;

		if (sscanf(line, "struct %63[a-z0-9_] {", name) == 1 ||
		    sscanf(line, "enum %63[a-z0-9_] {", name) == 1) {
			/* the name is in place */
		} else if (strncmp(line, "typedef ", 8) == 0 && end) {
			*end = '\0';
			space = strrchr(line, ' ');
			snprintf(name, sizeof(name), "%s", space + 1);
		} else if (strncmp(line, "enum {", 6) == 0) {
			fail_msg("an enum without a name cannot be compared");
		} else {
			continue;
		}
		if (btf__find_by_name(ours, name) < 0)
			fail_msg("%s is in %s, but not in %s", name, HEADER, OBJECT);
		found++;
	}
	fclose(header);
	assert_true(found > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_complete),
		cmocka_unit_test(test_structs),
		cmocka_unit_test(test_typedefs),
		cmocka_unit_test(test_enumerators),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
