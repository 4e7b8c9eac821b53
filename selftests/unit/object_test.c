// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Object files: what an NF offers, and files that are none, broken or cut short. */
#include <errno.h>
#include <limits.h>
#include <linux/bpf.h>
#include <signal.h>
#include <sys/stat.h>
#include <zlib.h>

#include "kernel_log.h"
#include "object.h"
#include "pins.h"
#include "trial.h"
#include "unit.h"

static const struct loc here = { 5, 6 };
static char dir[PATH_MAX];

static int make_dir(void **state)
{
	const char *tmp = getenv("TMPDIR");

	kernel_log_init();
	snprintf(dir, sizeof(dir), "%s/galette-object-XXXXXX", tmp ? tmp : "/tmp");
	return !mkdtemp(dir);
}

static int remove_dir(void **state)
{
	return pins_remove(dir);
}

/* ---- what there is ---- */

static void test_good(void **state)
{
	struct diag diag = { 0 };
	struct object *object = object_open("build/nf", "weak-classifier", here, &diag);
	const struct object_map *map;
	struct stat st;

	assert_said(&diag, "");
	assert_non_null(object);
	assert_string_equal(object->file, "build/nf/weak-classifier.bpf.o");
	assert_int_equal(stat(object->file, &st), 0);
	assert_int_equal(object->file_size, st.st_size);
	assert_int_equal(object->action_count, 3);
	assert_string_equal(object->actions[0], "benign");
	assert_string_equal(object->actions[2], "attack");
	assert_int_equal(object->map_count, 2);
	map = object_map(object, "flow_state");
	assert_non_null(map);
	assert_int_equal(map->type, BPF_MAP_TYPE_LRU_HASH);
	assert_int_equal(map->size, 65535);
	assert_int_equal(map->key_size, btf__resolve_size(object->btf, map->key_type));
	assert_int_equal(map->value_size, btf__resolve_size(object->btf, map->value_type));
	assert_null(object_map(object, "slots"));
	assert_null(object_map(object, ".rodata"));
	assert_true(object->config.type && object->tick.type);
	assert_int_equal(object->config.size, 16);
	assert_int_equal(((__u32 *)object_var(object, &object->config))[1], 100);
	object_free(object);
	object = object_open("build/nf", "no-op", here, &diag);
	assert_string_equal(object->actions[0], "no-op");
	assert_int_equal(object->config.type, 0);
	assert_int_equal(object->map_count, 0);
	object_free(object);
}

static void *read_file(const char *file, size_t *length)
{
	FILE *in = fopen(file, "r");
	struct stat st;
	char *bytes;

	assert_non_null(in);
	assert_int_equal(fstat(fileno(in), &st), 0);
	*length = st.st_size;
	bytes = malloc(st.st_size + 1);
	assert_int_equal(fread(bytes, 1, st.st_size, in), st.st_size);
	fclose(in);
	return bytes;
}

static void write_object(const char *name, const void *bytes, size_t length)
{
	char file[PATH_MAX + 64];
	FILE *out;

	snprintf(file, sizeof(file), "%s/%s.bpf.o", dir, name);
	out = fopen(file, "w");
	assert_non_null(out);
	assert_int_equal(fwrite(bytes, 1, length, out), length);
	fclose(out);
}

/* The first directory that has it; the checksum tells one file from another. */
static void test_nf_path(void **state)
{
	char path[2 * PATH_MAX + 64], file[PATH_MAX + 64], *found;
	struct diag diag = { 0 };
	size_t length;
	char *bytes = read_file("build/nf/no-op.bpf.o", &length);
	struct object *object;

	write_object("macswap", bytes, length);
	snprintf(path, sizeof(path), "build/there-is-none:%s::build/nf", dir);
	object = object_open(path, "macswap", here, &diag);
	assert_non_null(object);
	assert_string_equal(object->actions[0], "no-op");
	assert_int_equal(object->file_crc32, crc32(0, (unsigned char *)bytes, length));
	object_free(object);
	object = object_open(path, "no-op", here, &diag);
	assert_non_null(object);
	object_free(object);
	assert_true(object_exists(path, "no-op"));
	assert_false(object_exists(path, "no"));
	assert_false(object_exists("", "no-op"));
	found = object_dir(path, "macswap");
	assert_string_equal(found, dir);
	free(found);
	/* A native object by itself is one, too. */
	snprintf(file, sizeof(file), "%s/no-op.so", dir);
	assert_int_equal(symlink("/dev/null", file), 0);
	found = object_dir(path, "no-op");
	assert_string_equal(found, dir);
	free(found);
	assert_int_equal(unlink(file), 0);
	found = object_dir(path, "no-op");
	assert_string_equal(found, "build/nf");
	free(found);
	assert_null(object_dir(path, "no"));
	assert_null(object_open("build/nf:build", "no", here, &diag));
	assert_said(&diag, "5:6: error: no 'no.bpf.o' in build/nf:build\n");
	free(bytes);
}

/* ---- what must not be ---- */

static void test_wrong(void **state)
{
	static const struct {
		const char *name, *said;
	} wrong[] = {
		{ "gap", "the values of its actions must be 0 to 1, each once, and their names "
			 "shorter than 32 characters" },
		{ "long-action",
		  "the values of its actions must be 0 to 0, each once, and their "
		  "names shorter than 32 characters" },
		{ "same-word", "two of its actions are called 'drop-it'" },
		{ "no-enum", "its actions are not an enum" },
		{ "many-actions", "it has 17 actions; 1 to 16 are possible" },
		{ "no-nf", "it is not an NF: no NF() of galette/nf.h in it" },
		{ "two-programs", "it must hold one XDP program" },
		{ "other-type", "it must hold one XDP program" },
		{ "bare-map", "map 'bare' is not declared by NF_MAP()" },
		{ "large-map", "map 'large' has keys of 4 bytes and values of 2097152; 512 and "
			       "1048576 are possible" },
		{ "list-map", "map 'jumps' is not declared by NF_MAP()" },
	};
	char nfs[512], path[64], what[1024];

	snprintf(nfs, sizeof(nfs), "%s", nf_path());
	*strchr(nfs, ':') = '\0';
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct diag diag = { 0 };

		snprintf(path, sizeof(path), "unit-%s", wrong[i].name);
		snprintf(what, sizeof(what), "5:6: error: %s/%s.bpf.o: %s\n", nfs, path,
			 wrong[i].said);
		assert_null(object_open(nfs, path, here, &diag));
		assert_said(&diag, what);
	}
}

static void assert_no_object(const void *bytes, size_t length, const char *why)
{
	struct diag diag = { 0 };
	char what[PATH_MAX + 128];
	struct object *object;
	char *text;

	write_object("x", bytes, length);
	object = object_open(dir, "x", here, &diag);
	assert_null(object);
	assert_int_equal(diag.errors, 1);
	text = said(&diag);
	snprintf(what, sizeof(what), "5:6: error: %s/x.bpf.o: %s", dir, why);
	if (strncmp(text, what, strlen(what)))
		assert_string_equal(text, what);
	free(text);
}

static void test_no_elf(void **state)
{
	struct diag diag = { 0 };
	char path[PATH_MAX + 64];
	size_t length;
	void *bytes = read_file("build/nf/no-op.bpf.o", &length);

	assert_no_object("", 0, "not a BPF object: Invalid argument");
	assert_no_object("[functions]\n", 12, "not a BPF object: ");
	memcpy(bytes, "\177ELG", 4);
	assert_no_object(bytes, length, "not a BPF object: ");
	free(bytes);
	bytes = read_file("/proc/self/exe", &length);
	assert_no_object(bytes, length, "");
	free(bytes);
	snprintf(path, sizeof(path), "%s/d.bpf.o", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_null(object_open(dir, "d", here, &diag));
	assert_int_equal(diag.errors, 1);
	diag_free(&diag);
}

/* Section names are in the file as they are: one that is another is not there. */
static void rename_section(char *bytes, size_t length, const char *name)
{
	char *at = memmem(bytes, length, name, strlen(name) + 1);

	assert_non_null(at);
	at[1] = '#';
}

static void test_no_btf(void **state)
{
	size_t length;
	char *bytes = read_file("build/nf/no-op.bpf.o", &length);

	rename_section(bytes, length, ".BTF");
	assert_no_object(bytes, length, "");
	free(bytes);
	bytes = read_file("build/nf/no-op.bpf.o", &length);
	rename_section(bytes, length, ".maps");
	assert_no_object(bytes, length, "");
	free(bytes);
}

static void test_truncated(void **state)
{
	size_t length, lengths = 0;
	char *bytes = read_file("build/nf/filter-ip.bpf.o", &length);

	for (size_t cut = 1; cut < length; cut += cut < 128 || length - cut < 128 ? 7 : 211) {
		assert_no_object(bytes, cut, "");
		lengths++;
	}
	print_message("%zu of %zu lengths\n", lengths, length);
	free(bytes);
}

/* Names of maps become file names: a BTF must not choose any. */
static void test_map_name_is_a_path(void **state)
{
	size_t length;
	char *bytes = read_file("build/nf/macswap.bpf.o", &length), *at = bytes;
	int found = 0;

	while ((at = memmem(at, length - (at - bytes), "\0count\0", 7))) {
		memcpy(at + 1, "../up", 5);
		found++;
	}
	assert_true(found);
	assert_no_object(bytes, length, "map '../up' is not declared by NF_MAP()");
	free(bytes);
}

/* ---- bad bytes, tried by a child ---- */

static void crash(const void *bytes, size_t length)
{
	puts("not to be seen");
	raise(SIGSEGV);
}

static void stop_early(const void *bytes, size_t length)
{
	_exit(0);
}

static void be_good(const void *bytes, size_t length)
{
	if (length != 3 || memcmp(bytes, "abc", 3))
		abort();
}

static void test_trial(void **state)
{
	assert_int_equal(trial(be_good, "abc", 3), 0);
	assert_int_equal(trial(be_good, "abc", 2), -EFAULT);
	assert_int_equal(trial(crash, NULL, 0), -EFAULT);
	assert_int_equal(trial(stop_early, NULL, 0), -EFAULT);
	/* Whoever started the tool may not want to hear of children. */
	signal(SIGCHLD, SIG_IGN);
	assert_int_equal(trial(be_good, "abc", 3), 0);
	assert_int_equal(trial(crash, NULL, 0), -EFAULT);
	signal(SIGCHLD, SIG_DFL);
}

/* Each byte of the BTF's and the symbols' part in turn: libbpf 1.1 dies of some of them. */
static void test_bad_bytes(void **state)
{
	size_t length;
	char *bytes = read_file("build/nf/macswap.bpf.o", &length);
	int refused = 0, crashed = 0, read = 0;

	for (size_t i = 5; i < length; i += 37) {
		struct diag diag = { 0 };
		struct object *object;
		char saved = bytes[i], *text;

		bytes[i] ^= 0xff;
		write_object("x", bytes, length);
		bytes[i] = saved;
		object = object_open(dir, "x", here, &diag);
		assert_int_equal(!object, diag.errors);
		text = said(&diag);
		read += !!object;
		refused += !object;
		crashed += !!strstr(text, "cannot read it");
		free(text);
		object_free(object);
	}
	print_message("%d read, %d refused; libbpf would have crashed on %d\n", read, refused,
		      crashed);
	assert_true(refused && read);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_nf_path),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_no_elf),
		cmocka_unit_test(test_no_btf),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_map_name_is_a_path),
		cmocka_unit_test(test_trial),
		cmocka_unit_test(test_bad_bytes),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
