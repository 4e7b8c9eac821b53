// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Types of native NFs' maps as the kernel takes them, and that they stay what they are. */
#include <errno.h>
#include <linux/bpf.h>
#include <bpf/bpf.h>

#include "kernel_log.h"
#include "map_btf.h"
#include "object.h"
#include "unit.h"
#include "value.h"

static struct native *native;
static struct object *object;

static int open_object(void **state)
{
	struct diag diag = { 0 };

	kernel_log_init();
	native = native_open(nf_path(), "native-only", (struct loc) { 0 }, &diag);
	assert_non_null(native);
	object = native_object(native, (struct loc) { 0 }, &diag);
	assert_non_null(object);
	return 0;
}

static int close_object(void **state)
{
	object_free(object);
	native_free(native);
	return 0;
}

/* Nothing more than is needed, and all means the same. */
static void test_same(void **state)
{
	for (int i = 0; i < object->map_count; i++) {
		const struct object_map *map = &object->maps[i];
		__u32 key = 0, value = 0;
		struct btf *btf =
			map_btf(object->btf, map->key_type, map->value_type, &key, &value);
		char *why = NULL;

		assert_non_null(btf);
		assert_true(btf__type_cnt(btf) < btf__type_cnt(object->btf) / 2);
		assert_int_equal(btf__resolve_size(btf, key), map->key_size);
		assert_int_equal(btf__resolve_size(btf, value), map->value_size);
		value_same_type(btf, key, object->btf, map->key_type, &why);
		assert_null(why);
		value_same_type(btf, value, object->btf, map->value_type, &why);
		assert_null(why);
		btf__free(btf);
	}
}

static void assert_text(const struct btf *btf, __u32 type, const void *bytes, const char *what)
{
	char *text = value_to_text(btf, type, bytes);

	assert_string_equal(text, what);
	free(text);
}

/* What is read back from the kernel, by the BTF that the kernel has. */
static void test_kernel(void **state)
{
	static const char said[] = "{level=-3,name=\"odd\",steps=[-1,2,0,0],next="
				   "\"0x0000000000000000\",last=\"bad\","
				   "set=true,low=9,high=70000,ip=\"192.0.2.1\"}";
	const struct object_map *map = object_map(object, "odds");
	LIBBPF_OPTS(bpf_map_create_opts, opts);
	char key[16] = { 0 }, value[64] = { 0 };
	struct bpf_map_info info = { 0 };
	__u32 length = sizeof(info);
	struct diag diag = { 0 };
	struct btf *btf, *loaded;
	int fd;

	if (geteuid())
		skip();
	btf = map_btf(object->btf, map->key_type, map->value_type, &opts.btf_key_type_id,
		      &opts.btf_value_type_id);
	assert_non_null(btf);
	assert_int_equal(btf__load_into_kernel(btf), 0);
	opts.btf_fd = btf__fd(btf);
	fd = bpf_map_create(map->type, "odds", map->key_size, map->value_size, 16, &opts);
	assert_true(fd >= 0);
	assert_int_equal(value_from_text(object->btf, map->value_type, said, value, "v", &diag),
			 0);
	assert_int_equal(bpf_map_update_elem(fd, key, value, BPF_ANY), 0);

	memset(value, 0, sizeof(value));
	assert_int_equal(bpf_map_lookup_elem(fd, key, value), 0);
	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &length), 0);
	loaded = btf__load_from_kernel_by_id(info.btf_id);
	assert_non_null(loaded);
	assert_text(loaded, info.btf_key_type_id, key, "::");
	assert_text(loaded, info.btf_value_type_id, value, said);
	btf__free(loaded);
	btf__free(btf);
	close(fd);
}

/* Each kind of map asks something else of its types. */
static void test_all_kinds(void **state)
{
	if (geteuid())
		skip();
	for (int i = 0; i < object->map_count; i++) {
		const struct object_map *map = &object->maps[i];
		LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = map->flags);
		struct btf *btf = map_btf(object->btf, map->key_type, map->value_type,
					  &opts.btf_key_type_id, &opts.btf_value_type_id);
		int fd;

		assert_int_equal(btf__load_into_kernel(btf), 0);
		opts.btf_fd = btf__fd(btf);
		fd = bpf_map_create(map->type, "map", map->key_size, map->value_size, map->size,
				    &opts);
		assert_true(fd >= 0);
		close(fd);
		btf__free(btf);
	}
}

/* ---- what others made ---- */

static void assert_refused(const struct btf *from, __u32 type)
{
	__u32 key, value;

	errno = 0;
	assert_null(map_btf(from, 1, type, &key, &value));
	assert_int_equal(errno, EINVAL);
	errno = 0;
	assert_null(map_btf(from, type, 1, &key, &value));
	assert_int_equal(errno, EINVAL);
}

static void test_endless(void **state)
{
	struct btf *btf = btf__new_empty();
	__u32 key, value, ends;
	struct btf *copy;

	assert_int_equal(btf__add_int(btf, "int", 4, BTF_INT_SIGNED), 1);
	/* A struct that holds itself, directly and by way of a typedef. */
	assert_int_equal(btf__add_struct(btf, "self", 4), 2);
	assert_int_equal(btf__add_field(btf, "self", 2, 0, 0), 0);
	assert_refused(btf, 2);
	assert_int_equal(btf__add_typedef(btf, "round", 4), 3);
	assert_int_equal(btf__add_const(btf, 3), 4);
	assert_refused(btf, 3);
	assert_int_equal(btf__add_array(btf, 1, 5, 2), 5);
	assert_refused(btf, 5);
	/* What is not there, or is no value. */
	assert_refused(btf, 99);
	assert_refused(btf, 0);
	assert_int_equal(btf__add_func_proto(btf, 1), 6);
	assert_refused(btf, 6);
	assert_int_equal(btf__add_fwd(btf, "later", BTF_FWD_STRUCT), 7);
	assert_refused(btf, 7);
	/* A name outside of all names. */
	assert_int_equal(btf__add_enum(btf, "e", 4), 8);
	assert_int_equal(btf__add_enum_value(btf, "v", 0), 0);
	btf_enum((struct btf_type *)btf__type_by_id(btf, 8))->name_off = 99999;
	assert_refused(btf, 8);
	/* Twice as many ways down at each level, and each type once. */
	ends = 1;
	for (int i = 0; i < 30; i++) {
		char name[16];

		snprintf(name, sizeof(name), "level%d", i);
		assert_int_equal(btf__add_struct(btf, name, 8), 9 + i);
		assert_int_equal(btf__add_field(btf, "a", ends, 0, 0), 0);
		assert_int_equal(btf__add_field(btf, "b", ends, 0, 0), 0);
		ends = 9 + i;
	}
	copy = map_btf(btf, 1, ends, &key, &value);
	assert_non_null(copy);
	assert_int_equal(btf__type_cnt(copy), 32);
	btf__free(copy);
	btf__free(btf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_all_kinds),
		cmocka_unit_test(test_endless),
	};

	return cmocka_run_group_tests(tests, open_object, close_object);
}
