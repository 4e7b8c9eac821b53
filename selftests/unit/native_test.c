// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Native objects: what they offer, that BPF ones offer the same, and broken ones. */
#include <elf.h>
#include <limits.h>
#include <linux/bpf.h>
#include <sys/stat.h>
#include <zlib.h>

#include "kernel_log.h"
#include "object.h"
#include "pins.h"
#include "unit.h"

static const struct loc here = { 5, 6 };
static char dir[PATH_MAX];

static int make_dir(void **state)
{
	const char *tmp = getenv("TMPDIR");

	kernel_log_init();
	snprintf(dir, sizeof(dir), "%s/galette-native-XXXXXX", tmp ? tmp : "/tmp");
	return !mkdtemp(dir);
}

static int remove_dir(void **state)
{
	return pins_remove(dir);
}

static struct native *open_native(const char *path)
{
	struct diag diag = { 0 };
	struct native *native = native_open(nf_path(), path, here, &diag);

	assert_said(&diag, "");
	assert_non_null(native);
	return native;
}

/* ---- what there is ---- */

static void test_good(void **state)
{
	struct native *native = open_native("native-tally");
	struct diag diag = { 0 };
	struct object *object = native_object(native, here, &diag);
	const struct object_map *map;

	assert_said(&diag, "");
	assert_non_null(object);
	assert_null(object->bpf);
	assert_string_equal(object->file, native->file);
	assert_int_equal(object->file_size, native->size);
	assert_int_equal(object->file_crc32, crc32(0, native->bytes, native->size));
	assert_int_equal(object->action_count, 2);
	assert_string_equal(object->actions[0], "none");
	assert_string_equal(object->actions[1], "counted");
	assert_int_equal(object->map_count, 3);
	map = object_map(object, "own");
	assert_non_null(map);
	assert_int_equal(map->type, BPF_MAP_TYPE_PERCPU_ARRAY);
	assert_int_equal(map->size, 2);
	assert_int_equal(map->key_size, 4);
	assert_int_equal(map->value_size, 8);
	assert_int_equal(object->config.size, 4);
	assert_int_equal(*(__u32 *)object_var(object, &object->config), 0);
	object_free(object);
	native_free(native);
}

static void test_native_only(void **state)
{
	struct native *native = open_native("native-only");
	struct diag diag = { 0 };
	struct object *object = native_object(native, here, &diag);
	const struct object_map *map;

	assert_said(&diag, "");
	assert_non_null(object);
	map = object_map(object, "prefixes");
	assert_int_equal(map->type, BPF_MAP_TYPE_LPM_TRIE);
	assert_int_equal(map->flags, BPF_F_NO_PREALLOC);
	assert_int_equal(map->key_size, 20);
	assert_int_equal(map->value_size, 1);
	assert_int_equal(object->config.size, 516);
	/* Defaults are there, and may be written over. */
	assert_int_equal(((__u32 *)object_var(object, &object->config))[64], 7);
	memset(object_var(object, &object->config), 1, object->config.size);
	object_free(object);
	native_free(native);
}

static void test_there_is_none(void **state)
{
	struct diag diag = { 0 };
	char path[PATH_MAX + 64];

	assert_null(native_open(nf_path(), "no", here, &diag));
	assert_null(native_open("", "native-tally", here, &diag));
	assert_said(&diag, "");
	snprintf(path, sizeof(path), "%s/d.so", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_null(native_open(dir, "d", here, &diag));
	snprintf(path, sizeof(path), "5:6: error: %s/d.so: cannot read it: Invalid argument\n",
		 dir);
	assert_said(&diag, path);
}

/* ---- of one source ---- */

static void assert_same(const char *native_path, const char *bpf_path,
			void (*change)(struct object *native), const char *what)
{
	struct native *native = open_native(native_path);
	struct diag diag = { 0 };
	struct object *bpf = object_open(nf_path(), bpf_path, here, &diag);
	struct object *object = native_object(native, here, &diag);
	char text[2048];

	assert_non_null(bpf);
	assert_non_null(object);
	if (change)
		change(object);
	assert_int_equal(native_same(object, bpf, here, &diag), !what);
	if (what)
		snprintf(text, sizeof(text), what, native->file, bpf->file);
	assert_said(&diag, what ? text : "");
	object_free(object);
	object_free(bpf);
	native_free(native);
}

/* All that are there as both are of one source, whatever their types. */
static void test_same(void **state)
{
	static const char *const both[] = {
		"access-control",  "compute",      "decrement-ip-ttl", "dest-ip-branch",
		"filter-ip",       "load-balance", "macswap",          "no-op",
		"weak-classifier", "native-tally", "native-api",
	};

	for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++)
		assert_same(both[i], both[i], NULL, NULL);
}

/* Compilers have an order of their own. */
static struct object_map *tallies(struct object *object)
{
	return (struct object_map *)object_map(object, "tallies");
}

static void other_size(struct object *object)
{
	tallies(object)->size++;
}

static void other_type(struct object *object)
{
	tallies(object)->type = BPF_MAP_TYPE_LRU_HASH;
}

static void other_flags(struct object *object)
{
	tallies(object)->flags ^= 1;
}

static void other_key(struct object *object)
{
	tallies(object)->key_type = object_map(object, "own")->value_type;
}

static void other_value(struct object *object)
{
	tallies(object)->value_type = object_map(object, "own")->value_type;
}

static void other_name(struct object *object)
{
	tallies(object)->name = "talleys";
}

static void fewer_maps(struct object *object)
{
	object->map_count = 2;
}

static void other_action(struct object *object)
{
	strcpy(object->actions[1], "lost");
}

static void no_config(struct object *object)
{
	object->config.type = 0;
}

static void other_config(struct object *object)
{
	object->config.type = object_map(object, "own")->value_type;
}

static void test_not_the_same(void **state)
{
	static const struct {
		void (*change)(struct object *native);
		const char *what;
	} cases[] = {
		{ other_size, "map 'tallies' is declared otherwise in %s\n" },
		{ other_type, "map 'tallies' is declared otherwise in %s\n" },
		{ other_flags, "map 'tallies' is declared otherwise in %s\n" },
		{ other_key, "the key of map 'tallies' is not that of %s: is of 8 bytes, was "
			     "of 4\n" },
		{ other_value, "the value of map 'tallies' is not that of %s: is an integer, "
			       "was a struct\n" },
		{ other_name, "map 'talleys' is not in %s\n" },
		{ fewer_maps, "it has 2 maps, %s has 3\n" },
		{ other_action, "its action 1 is 'lost', that of %s is 'counted'\n" },
		{ no_config, "it has no config, %s has one\n" },
		{ other_config, "its config is not that of %s: is an integer, was a struct\n" },
	};
	char what[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *at = strstr(cases[i].what, "%s");

		snprintf(what, sizeof(what), "5:6: error: %%1$s: %.*s%%2$s%s",
			 (int)(at - cases[i].what), cases[i].what, at + 2);
		assert_same("native-tally", "native-tally", cases[i].change, what);
	}
	assert_same("filter-ip", "macswap", NULL,
		    "5:6: error: %1$s: it has 2 actions, %2$s has 1\n");
	assert_same("macswap", "no-op", NULL,
		    "5:6: error: %1$s: its action 0 is 'continue', that of %2$s is 'no-op'\n");
}

/* ---- what must not be ---- */

static struct native copy_of(const char *path)
{
	struct native *from = open_native(path), copy = *from;

	free(from);
	return copy;
}

/* The error begins with `why`; one of libelf's or libbpf's words may follow. */
static void assert_no_native(const struct native *native, const char *why)
{
	struct diag diag = { 0 };
	char what[PATH_MAX + 128], *text;

	assert_null(native_object(native, here, &diag));
	assert_int_equal(diag.errors, 1);
	text = said(&diag);
	snprintf(what, sizeof(what), "5:6: error: %s: %s", native->file, why);
	if (strncmp(text, what, strlen(what)))
		assert_string_equal(text, what);
	free(text);
}

static Elf64_Shdr *section_of(const struct native *native, const char *name)
{
	char *bytes = native->bytes;
	Elf64_Ehdr *elf = native->bytes;
	Elf64_Shdr *sections = (Elf64_Shdr *)(bytes + elf->e_shoff);
	const char *names = bytes + sections[elf->e_shstrndx].sh_offset;

	for (int i = 0; i < elf->e_shnum; i++)
		if (!strcmp(names + sections[i].sh_name, name))
			return &sections[i];
	fail_msg("no section %s", name);
	return NULL;
}

static Elf64_Sym *symbol_of(const struct native *native, const char *table, const char *strings,
			    const char *name)
{
	char *bytes = native->bytes;
	Elf64_Shdr *section = section_of(native, table);
	Elf64_Sym *symbols = (Elf64_Sym *)(bytes + section->sh_offset);

	for (size_t i = 0; i < section->sh_size / sizeof(*symbols); i++)
		if (!strcmp(bytes + section_of(native, strings)->sh_offset + symbols[i].st_name,
			    name))
			return &symbols[i];
	fail_msg("no symbol %s", name);
	return NULL;
}

static void test_no_elf(void **state)
{
	static const char whole[] = "not a shared object for this machine\n";
	struct native native = copy_of("native-only");
	struct native text = { .file = "x", .bytes = "[functions]\n", .size = 12 };
	Elf64_Ehdr *elf = native.bytes;

	assert_no_native(&text, whole);
	text.size = 0;
	assert_no_native(&text, whole);
	elf->e_type = ET_REL;
	assert_no_native(&native, whole);
	elf->e_type = ET_DYN;
	elf->e_machine ^= 1;
	assert_no_native(&native, whole);
	elf->e_machine ^= 1;
	elf->e_ident[EI_CLASS] = ELFCLASS32;
	assert_no_native(&native, whole);
	free(native.bytes);
	free(native.file);
}

static void test_no_nf(void **state)
{
	static const char no_nf[] = "it is not an NF: no NF() of galette/nf.h in it\n";
	struct native native = copy_of("native-only");
	Elf64_Sym *symbol = symbol_of(&native, ".dynsym", ".dynstr", "nf_native"),
		  saved = *symbol;

	symbol->st_shndx = SHN_UNDEF;
	assert_no_native(&native, no_nf);
	*symbol = saved;
	symbol->st_name++;
	assert_no_native(&native, no_nf);
	*symbol = saved;
	section_of(&native, ".BTF")->sh_type = SHT_NOTE;
	assert_no_native(&native, "it has no BTF (compile with -gbtf)\n");
	section_of(&native, ".BTF")->sh_type = SHT_PROGBITS;
	memset((char *)native.bytes + section_of(&native, ".BTF")->sh_offset, 0, 8);
	assert_no_native(&native, "its BTF cannot be read: ");
	free(native.bytes);
	free(native.file);
}

/* Wherever the symbol says that the config is, only bytes of the file are read. */
static void test_config_elsewhere(void **state)
{
	static const char stripped[] = "its config is not to be found (is it stripped?)\n";
	struct native native = copy_of("native-only");
	Elf64_Sym *symbol = symbol_of(&native, ".symtab", ".strtab", "config"), saved = *symbol;
	Elf64_Shdr *section = (Elf64_Shdr *)((char *)native.bytes +
					     ((Elf64_Ehdr *)native.bytes)->e_shoff) +
			      symbol->st_shndx,
		   whole = *section;
	__u64 end = section->sh_addr + section->sh_size;

	for (int i = 0; i < 6; i++) {
		symbol->st_value = (__u64[]) { 0, end - 515, end, end + 1, -1, -516 }[i];
		assert_no_native(&native, stripped);
	}
	*symbol = saved;
	symbol->st_size = 515;
	assert_no_native(&native, stripped);
	*symbol = saved;
	for (int i = 0; i < 4; i++) {
		symbol->st_shndx = (Elf64_Section[]) { SHN_UNDEF, SHN_ABS, 0x1000, 0xff00 }[i];
		assert_no_native(&native, stripped);
	}
	*symbol = saved;
	for (int i = 0; i < 4; i++) {
		section->sh_offset = (__u64[]) { native.size, native.size - 100, -1,
						 -(__u64)native.size }[i];
		assert_no_native(&native, "");
	}
	*section = whole;
	symbol->st_name = 0;
	assert_no_native(&native, stripped);
	free(native.bytes);
	free(native.file);
}

/* A map's name becomes a file's name; its type and sizes are what they are. */
static void test_maps(void **state)
{
	struct native native = copy_of("native-only");
	Elf64_Shdr *btf = section_of(&native, ".BTF");
	char *bytes = (char *)native.bytes + btf->sh_offset;
	char *at = memmem(bytes, btf->sh_size, "\0places\0", 8);

	assert_non_null(at);
	memcpy(at + 1, "../lib", 6);
	assert_no_native(&native, "map '../lib' is not declared by NF_MAP()\n");
	free(native.bytes);
	free(native.file);
}

static void test_truncated(void **state)
{
	struct native native = copy_of("native-only");
	size_t length = native.size;
	int lengths = 0;

	for (size_t cut = 1; cut < length; cut += cut < 128 || length - cut < 128 ? 7 : 411) {
		struct native some = { native.file, malloc(cut), cut, 0 };

		memcpy(some.bytes, native.bytes, cut);
		assert_no_native(&some, "");
		free(some.bytes);
		lengths++;
	}
	print_message("%d of %zu lengths\n", lengths, length);
	free(native.bytes);
	free(native.file);
}

static void test_bad_bytes(void **state)
{
	struct native native = copy_of("native-only");
	unsigned char *bytes = native.bytes;
	int refused = 0, crashed = 0, read = 0;

	for (size_t i = 5; i < native.size; i += 53) {
		struct diag diag = { 0 };
		struct object *object;
		char *text;

		bytes[i] ^= 0xff;
		object = native_object(&native, here, &diag);
		bytes[i] ^= 0xff;
		assert_int_equal(!object, diag.errors);
		text = said(&diag);
		read += !!object;
		refused += !object;
		crashed += !!strstr(text, "cannot read it");
		free(text);
		object_free(object);
	}
	print_message("%d read, %d refused; %d would have crashed\n", read, refused, crashed);
	assert_true(refused && read);
	free(native.bytes);
	free(native.file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),          cmocka_unit_test(test_native_only),
		cmocka_unit_test(test_there_is_none), cmocka_unit_test(test_same),
		cmocka_unit_test(test_not_the_same),  cmocka_unit_test(test_no_elf),
		cmocka_unit_test(test_no_nf),         cmocka_unit_test(test_config_elsewhere),
		cmocka_unit_test(test_maps),          cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_bad_bytes),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
