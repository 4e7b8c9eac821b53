// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which functions run in the kernel and which in the slow path, and what these need. */
#include <limits.h>
#include <sys/stat.h>
#include <zlib.h>

#include "kernel_log.h"
#include "pins.h"
#include "given.h"
#include "unit.h"

#define RX(to)         "[[links]]\nfrom = \"rx\"\nto = [\"" to "\"]\n"
#define NF(name, path) "[functions." name "]\npath = \"" path "\"\n"
#define NOOP(name)     NF(name, "no-op")
#define LINK(from, to) "[[links]]\nfrom = \"" from "\"\nto = [" to "]\n"

static char dir[PATH_MAX];

static int make_dir(void **state)
{
	const char *tmp = getenv("TMPDIR");

	kernel_log_init();
	snprintf(dir, sizeof(dir), "%s/galette-slow-XXXXXX", tmp ? tmp : "/tmp");
	return !mkdtemp(dir);
}

static int remove_dir(void **state)
{
	return pins_remove(dir);
}

/* ---- who runs where ---- */

/* Of each function a word: k, s, or b for both. */
static void assert_worlds(const char *text, const char *worlds, bool needs_slow)
{
	struct diag diag = { 0 };
	struct model *model = model_of(text, NULL, 0, false, &diag);
	char *errors;

	assert_int_equal(diag.errors, 0);
	errors = said(&diag); /* standby functions are warned of */
	free(errors);
	assert_non_null(model);
	assert_int_equal(model->function_count, strlen(worlds));
	for (int i = 0; i < model->function_count; i++) {
		const struct model_function *f = &model->functions[i];

		assert_int_equal(f->kernel, worlds[i] != 's');
		assert_int_equal(f->slow, worlds[i] != 'k');
	}
	assert_int_equal(model_leads_out(model), needs_slow);
	model_free(model);
}

static void test_worlds(void **state)
{
	assert_worlds(RX("a") NOOP("a") LINK("a", "\"tx\""), "k", false);
	assert_worlds(RX("!a") NOOP("a") LINK("a", "\"tx\""), "s", true);
	assert_worlds(RX("a") NOOP("a") "disable_xdp = true\n" LINK("a", "\"tx\""), "s", true);
	/* What has left the kernel does not come back. */
	assert_worlds(RX("a") NOOP("a") NOOP("b") NOOP("c") LINK("a", "\"!b\"")
			      LINK("b", "\"c\"") LINK("c", "\"tx\""),
		      "kss", true);
	assert_worlds(RX("a") NOOP("a") NOOP("b") "disable_xdp = true\n" NOOP("c")
			      LINK("a", "\"b\"") LINK("b", "\"c\"") LINK("c", "\"tx\""),
		      "kss", true);
	/* The same function by two ways. */
	assert_worlds(RX("f") NF("f", "filter-ip") NOOP("a") NOOP("b")
			      LINK("f", "\"a\", \"!a\"") LINK("a", "\"b\"") LINK("b", "\"tx\""),
		      "kbb", true);
	/* A loop through the slow path. */
	assert_worlds("loops = true\n" RX("a") NOOP("a") NOOP("b") LINK("a", "\"!b\"")
			      LINK("b", "\"a\""),
		      "bs", true);
}

static void test_standby(void **state)
{
	assert_worlds(RX("tx") NOOP("a") LINK("a", "\"tx\""), "k", false);
	assert_worlds(RX("tx") NOOP("a") "disable_xdp = true\n" LINK("a", "\"tx\""), "s",
		      false);
	assert_worlds(RX("tx") NF("a", "native-only") LINK("a", "\"tx\", \"tx\""), "s", false);
	/* In whatever order they come. */
	assert_worlds(RX("tx") NOOP("b") NOOP("a") LINK("a", "\"!b\"") LINK("b", "\"tx\""),
		      "sk", false);
	assert_worlds(RX("tx") NOOP("a") NOOP("b") LINK("a", "\"!b\"") LINK("b", "\"tx\""),
		      "ks", false);
	assert_worlds("loops = true\n" RX("tx") NOOP("a") NOOP("b") LINK("a", "\"b\"")
			      LINK("b", "\"a\""),
		      "kk", false);
}

/* ---- objects ---- */

static void assert_refused(const char *text, const char *fmt)
{
	char what[2048];

	snprintf(what, sizeof(what), fmt, nf_path());
	assert_check(text, what);
}

static void test_no_native(void **state)
{
	assert_refused(RX("!s") NF("s", "watch") LINK("s", "\"tx\""),
		       "3:7: error: 's' is met in the slow path by way of '!s', and there is "
		       "no 'watch.so' in %s\n");
	assert_refused(RX("s") NF("s", "watch") "disable_xdp = true\n" LINK("s", "\"tx\""),
		       "4:12: error: 's' has disable_xdp, and there is no 'watch.so' in %s\n");
	assert_refused(
		RX("a") NOOP("a") NOOP("b") NF("s", "watch") LINK("a", "\"!b\"")
			LINK("b", "\"s\"") LINK("s", "\"tx\""),
		"15:7: error: 's' is met in the slow path by way of 'b', and there is no "
		"'watch.so' in %s\n");
	/* Of each function once. */
	assert_refused(
		RX("f") NF("f", "filter-ip") NF("s", "watch") LINK("f", "\"!s\", \"!s\"")
			LINK("s", "\"tx\""),
		"10:7: error: 's' is met in the slow path by way of '!s', and there is no "
		"'watch.so' in %s\n");
	/* In the kernel it needs none. */
	assert_check(RX("s") NF("s", "watch") LINK("s", "\"tx\""), "");
}

#define ONLY     NF("o", "native-only")
#define ONLY_OUT LINK("o", "\"tx\", \"drop\"")

static void test_native_only(void **state)
{
	static const char refused[] =
		"4:12: error: 'o' has no 'native-only.bpf.o': it runs in the slow path only "
		"(disable_xdp = true, or !o)\n";

	assert_check(RX("o") ONLY ONLY_OUT, refused);
	assert_check(RX("a") ONLY NOOP("a") LINK("a", "\"o\"") ONLY_OUT, refused);
	/* One that stands by, and leads to it, is for the slow path. */
	assert_check(
		RX("tx") ONLY NOOP("a") LINK("a", "\"o\"") ONLY_OUT,
		"4:12: warning: nothing leads to 'o': it is loaded, ready to be linked to\n"
		"6:12: warning: nothing leads to 'a': it is loaded, ready to be linked to\n");
	assert_check(RX("!o") ONLY ONLY_OUT, "");
	assert_check(RX("o") ONLY "disable_xdp = true\n" ONLY_OUT, "");
	assert_check(RX("!a") ONLY NOOP("a") LINK("a", "\"o\"") ONLY_OUT, "");
	/* Its actions, maps and config are checked like any other's. */
	assert_check(RX("!o") ONLY "config.limit = -1\nmaps.evens = {}\n" LINK("o", "\"tx\""),
		     "10:6: error: 'o' has 2 actions (good, bad), but 1 target is given\n"
		     "7:14: error: 'o' has no map 'evens'\n"
		     "6:16: error: config of 'o': limit: -1 is out of range of __u32 (0 to "
		     "4294967295)\n");
}

static void copy(const char *from, const char *name)
{
	char command[2 * PATH_MAX + 64];

	snprintf(command, sizeof(command), "cp %s %s/%s", from, dir, name);
	assert_int_equal(system(command), 0);
}

static struct model *model_in(const char *text, struct diag *diag)
{
	const struct check_input input = { .name = "unit", .nf_path = dir };
	struct chain *chain = chain_parse(text, strlen(text), diag);

	assert_non_null(chain);
	return check(chain, &input, diag);
}

/* Objects of one directory are of one source, whether they are needed or not. */
static void test_two_objects(void **state)
{
	static const char text[] = RX("x") "[functions.x]\n" LINK("x", "\"tx\"");
	char what[2 * PATH_MAX + 128];
	struct diag diag = { 0 };
	struct model *model;
	__u32 alone;

	copy("build/nf/no-op.bpf.o", "x.bpf.o");
	model = model_in(text, &diag);
	assert_non_null(model);
	assert_false(model->functions[0].has_native);
	assert_null(model->functions[0].native);
	alone = model->functions[0].object_crc32;
	assert_int_equal(alone, model->functions[0].object->file_crc32);
	model_free(model);

	copy("build/nf/no-op.so", "x.so");
	model = model_in(text, &diag);
	assert_non_null(model);
	assert_true(model->functions[0].has_native);
	assert_non_null(model->functions[0].object->bpf);
	assert_int_not_equal(model->functions[0].object_crc32, alone);
	assert_int_equal(model->functions[0].object_crc32,
			 crc32(alone, model->functions[0].native->bytes,
			       model->functions[0].native->size));
	assert_int_equal(model->functions[0].object_size,
			 model->functions[0].object->file_size +
				 model->functions[0].native->size);
	model_free(model);

	copy("build/nf/macswap.so", "x.so");
	assert_null(model_in(text, &diag));
	snprintf(what, sizeof(what),
		 "4:12: error: %s/x.so: its action 0 is 'continue', that of %s/x.bpf.o is "
		 "'no-op'\n",
		 dir, dir);
	assert_said(&diag, what);
	copy("/etc/passwd", "x.so");
	assert_null(model_in(text, &diag));
	snprintf(what, sizeof(what),
		 "4:12: error: %s/x.so: not a shared object for this machine\n", dir);
	assert_said(&diag, what);
	/* Nor does a broken BPF object make it native only. */
	copy("build/nf/no-op.so", "x.so");
	copy("/dev/null", "x.bpf.o");
	assert_null(model_in(RX("!x") "[functions.x]\n" LINK("x", "\"tx\""), &diag));
	snprintf(what, sizeof(what),
		 "4:12: error: %s/x.bpf.o: not a BPF object: Invalid argument\n", dir);
	assert_said(&diag, what);
	/* Nor does one that cannot be opened. */
	snprintf(what, sizeof(what), "ln -sf x.bpf.o %s/x.bpf.o", dir);
	assert_int_equal(system(what), 0);
	assert_null(model_in(RX("!x") "[functions.x]\n" LINK("x", "\"tx\""), &diag));
	snprintf(what, sizeof(what),
		 "4:12: error: 'x.bpf.o' in %s: Too many levels of symbolic links\n", dir);
	assert_said(&diag, what);
	snprintf(what, sizeof(what), "rm %s/x.bpf.o; ln -sf x.so %s/x.so", dir, dir);
	assert_int_equal(system(what), 0);
	assert_null(model_in(RX("!x") "[functions.x]\n" LINK("x", "\"tx\""), &diag));
	snprintf(what, sizeof(what),
		 "4:12: error: 'x.so' in %s: Too many levels of symbolic links\n", dir);
	assert_said(&diag, what);
}

/* ---- maps and ways ---- */

static void test_maps(void **state)
{
	assert_check(RX("l") NF("l", "native-large") LINK("l", "\"tx\""), "");
	assert_check(
		RX("!l") NF("l", "native-large") LINK("l", "\"tx\""),
		"4:12: error: 'l' is met in the slow path, and entries of map 'l:large' "
		"have 3076 bytes: 3072 are possible there\n"
		"4:12: error: 'l' is met in the slow path, and values of map 'l:many' have "
		"more than 256 fields\n");
	/* Where the map is declared; once, whoever shares it. */
	assert_check(
		RX("!l") NF(
			"l",
			"native-large") "maps = { large = \"_\", many = \"_\" }\n" LINK("l",
											"\"m\"")
			NF("m", "native-large") "maps = { large = \"_\", many = \"_\" }\n" LINK(
				"m", "\"tx\"") "[maps.large]\n[maps.many]\n",
		"16:1: error: 'l' is met in the slow path, and entries of map 'large' have "
		"3076 bytes: 3072 are possible there\n"
		"17:1: error: 'l' is met in the slow path, and values of map 'many' have "
		"more than 256 fields\n");
}

static void assert_way(int count, const char *extra, const char *what)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	fprintf(out, "[[links]]\nfrom = \"rx\"\nto = [\"!f0\"]\n%s", extra);
	for (int i = 0; i < count; i++) {
		fprintf(out, "[functions.f%d]\npath = \"no-op\"\n", i);
		fprintf(out, "[[links]]\nfrom = \"f%d\"\nto = [\"", i);
		fprintf(out, i == count - 1 ? "tx\"]\n" : "f%d\"]\n", i + 1);
	}
	fclose(out);
	assert_check(text, what);
	free(text);
}

static void test_longest_way(void **state)
{
	assert_way(31, "", "");
	assert_way(32, "",
		   "3:7: error: the longest way from here in the slow path has 32 functions; "
		   "it allows 31\n");
}

/* ---- files ---- */

static void write_file(const char *name, const char *text)
{
	char path[PATH_MAX + 64];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static struct model *model_of_file(const char *name, struct diag *diag)
{
	const struct check_input input = { .name = "unit", .nf_path = nf_path() };
	static char path[PATH_MAX + 64];
	struct chain *chain;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	chain = given_read(path, diag);
	assert_non_null(chain);
	return check(chain, &input, diag);
}

static void test_files(void **state)
{
	struct diag diag = { 0 };
	const struct model_function *f;
	struct model *model;
	char path[2 * PATH_MAX];
	__u32 crc;

	write_file("a.rules", "one\n");
	write_file("a.toml", RX("!o") ONLY "config.rules = \"a.rules\"\n" ONLY_OUT);
	model = model_of_file("a.toml", &diag);
	assert_said(&diag, "");
	assert_non_null(model);
	f = &model->functions[0];
	assert_int_equal(f->file_count, 1);
	assert_string_equal(f->files[0].field, "rules");
	snprintf(path, sizeof(path), "%s/a.rules", dir);
	assert_string_equal(f->files[0].path, path);
	assert_string_equal(f->files[0].bytes, "one\n");
	assert_int_equal(f->files[0].size, 4);
	crc = f->object_crc32;
	assert_int_equal(crc, crc32(f->native->crc32, (unsigned char *)"one\n", 4));
	model_free(model);
	/* Another content is another function. */
	write_file("a.rules", "two\n");
	model = model_of_file("a.toml", &diag);
	assert_int_not_equal(model->functions[0].object_crc32, crc);
	model_free(model);
	/* Two of them, in the order of the config; by an absolute path; an empty one. */
	write_file("empty", "");
	snprintf(path, sizeof(path),
		 RX("!o") ONLY
		 "config = { more-rules = \"%s/empty\", rules = \"a.rules\" }\n" ONLY_OUT,
		 dir);
	write_file("b.toml", path);
	model = model_of_file("b.toml", &diag);
	assert_said(&diag, "");
	f = &model->functions[0];
	assert_int_equal(f->file_count, 2);
	assert_string_equal(f->files[0].field, "rules");
	assert_string_equal(f->files[1].field, "more_rules");
	assert_string_equal(f->files[1].bytes, "");
	model_free(model);
}

static void test_files_elsewhere(void **state)
{
	struct diag diag = { 0 };
	struct model *model;

	/* Where objects are; here an object. */
	write_file("a.toml", RX("!o") ONLY "config.rules = \"native-tally.so\"\n" ONLY_OUT);
	model = model_of_file("a.toml", &diag);
	assert_said(&diag, "");
	assert_non_null(model);
	assert_non_null(
		strstr(model->functions[0].files[0].path, "nf-objects/native-tally.so"));
	assert_true(model->functions[0].files[0].size > 1000);
	model_free(model);
	diag.file = NULL;
	/* Without a file's name, as of standard input, beside the chain file is here. */
	model = model_of(RX("!o") ONLY "config.rules = \"chains/gateway.toml\"\n" ONLY_OUT,
			 NULL, 0, false, &diag);
	assert_said(&diag, "");
	assert_string_equal(model->functions[0].files[0].path, "chains/gateway.toml");
	model_free(model);
	/* In what has no name. */
	model = model_of(RX("!o") NF("o", "native-only") ONLY_OUT, NULL, 0, false, &diag);
	assert_int_equal(model->functions[0].file_count, 0);
	model_free(model);
}

static void test_bad_files(void **state)
{
	char what[3 * PATH_MAX], captured[PATH_MAX + 64];
	struct diag diag = { 0 };
	int saved;

	snprintf(captured, sizeof(captured), "%s/captured", dir);
	assert_refused(RX("!o") ONLY "config.rules = \"none.rules\"\n" ONLY_OUT,
		       "6:16: error: no file 'none.rules' beside the chain file or in %s\n");
	assert_check(RX("!o") ONLY "config.rules = \"/none/rules\"\n" ONLY_OUT,
		     "6:16: error: /none/rules: cannot read it: No such file or directory\n");
	assert_check(RX("!o") ONLY "config.rules = \"tool\"\n" ONLY_OUT,
		     "6:16: error: tool: cannot read it: Invalid argument\n");
	snprintf(what, sizeof(what), "%s/fifo", dir);
	assert_int_equal(mkfifo(what, 0600), 0);
	write_file("a.toml", RX("!o") ONLY "config.rules = \"fifo\"\n" ONLY_OUT);
	assert_null(model_of_file("a.toml", &diag));
	snprintf(what, sizeof(what), "6:16: error: %s/fifo: cannot read it: Invalid argument\n",
		 dir);
	assert_said(&diag, what);
	write_file("large", "");
	snprintf(what, sizeof(what), "%s/large", dir);
	assert_int_equal(truncate(what, (16 << 20) + 1), 0);
	write_file("a.toml", RX("!o") ONLY "config.rules = \"large\"\n" ONLY_OUT);
	assert_null(model_of_file("a.toml", &diag));
	snprintf(what, sizeof(what), "6:16: error: %s/large: cannot read it: File too large\n",
		 dir);
	assert_said(&diag, what);
	/* What its load hook says is in a file of its own. */
	write_file("a.rules", "bad\n");
	write_file("a.toml", RX("!o") ONLY "config.rules = \"a.rules\"\n" ONLY_OUT);
	fflush(stderr);
	saved = dup(STDERR_FILENO);
	assert_non_null(freopen(captured, "w", stderr));
	assert_null(model_of_file("a.toml", &diag));
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	snprintf(what, sizeof(what), "grep -qx '%s/a.rules:1:1: error: it is bad' %s", dir,
		 captured);
	assert_int_equal(system(what), 0);
	snprintf(what, sizeof(what),
		 "6:16: error: 'o' does not take rules '%s/a.rules': 1 error\n", dir);
	assert_said(&diag, what);
}

static void test_files_inside(void **state)
{
	struct diag diag = { 0 };
	struct model *model;

	assert_check(RX("!n") NF("n", "native-nested") LINK("n", "\"tx\""),
		     "4:12: error: 'n' has an nf_file inside of 'pair': only fields of the "
		     "config itself can be files\n");
	/* Only functions that run natively have their files read. */
	model = model_of(RX("tx") NF("n", "native-nested") "config.unnamed = \"none\"\n", NULL,
			 0, false, &diag);
	assert_non_null(model);
	diag_free(&diag);
	model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_worlds),          cmocka_unit_test(test_standby),
		cmocka_unit_test(test_no_native),       cmocka_unit_test(test_native_only),
		cmocka_unit_test(test_two_objects),     cmocka_unit_test(test_maps),
		cmocka_unit_test(test_longest_way),     cmocka_unit_test(test_files),
		cmocka_unit_test(test_files_elsewhere), cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_files_inside),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
