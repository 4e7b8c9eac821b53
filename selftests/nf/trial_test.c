// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Loading a native NF: by its host, and on trial, in a child of the tool. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>

#include "nf/worlds.h"
#include "slowpath/nf_trial.h"

/* selftests/nf-objects/native-load.c, as check has it. */
struct fixture {
	struct model_function f;
	struct model_file files[2];
	struct diag diag;
};

static void function_open(struct fixture *x, const char *orders)
{
	char dir[512];

	snprintf(dir, sizeof(dir), "%s", test_object("x"));
	*strrchr(dir, '/') = '\0';
	*x = (struct fixture) { .diag.file = "chain.toml" };
	strcpy(x->f.name, "loaded");
	x->f.native = native_open(dir, "native-load", (struct loc) {}, &x->diag);
	assert_non_null(x->f.native);
	x->f.object = native_object(x->f.native, (struct loc) {}, &x->diag);
	assert_non_null(x->f.object);
	x->files[0] = (struct model_file) { "orders", "orders", "dir/orders", (char *)orders,
					    strlen(orders) };
	x->files[1] = (struct model_file) { "others", "others", "dir/others", "odd", 3 };
	x->f.files = x->files;
	x->f.file_count = 2;
}

static void function_close(struct fixture *x)
{
	object_free(x->f.object);
	native_free(x->f.native);
	diag_free(&x->diag);
}

/* What is printed to stderr meanwhile. */
static int catch_stderr(int *saved)
{
	int fd = memfd_create("stderr", 0);

	fflush(stderr);
	*saved = dup(STDERR_FILENO);
	assert_true(fd >= 0 && *saved >= 0 && dup2(fd, STDERR_FILENO) >= 0);
	return fd;
}

static void end_catch(int fd, int saved, char *text, size_t size)
{
	ssize_t n;

	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	n = pread(fd, text, size - 1, 0);
	close(fd);
	assert_true(n >= 0);
	text[n] = '\0';
}

/* Print everything as check does. Only what loops for ever is to meet its limit. */
static int try(const char *orders, char *text, size_t size)
{
	unsigned int seconds = strpbrk(orders, "lw") ? 1 : 1000;
	struct fixture x;
	int err, fd, saved;

	function_open(&x, orders);
	fd = catch_stderr(&saved);
	err = nf_trial_within(&x.f, seconds, (struct loc) { 3, 7 }, &x.diag);
	assert_int_equal(err, x.diag.errors ? -EINVAL : 0);
	diag_flush(&x.diag);
	end_catch(fd, saved, text, size);
	function_close(&x);
	return err;
}

#define MAIN "chain.toml:3:7: error: "

static const struct {
	const char *orders, *text;
} trials[] = {
	{ "", "" },
	{ "c.c", "dir/orders:1:1: error: line 1: \\x1b[31mno\\x0a\n"
		 "dir/orders:3:1: error: line 3: \\x1b[31mno\\x0a\n" MAIN
		 "'loaded' does not take orders 'dir/orders': 2 errors\n" },
	{ "co", "dir/orders:1:1: error: line 1: \\x1b[31mno\\x0a\n"
		"dir/others:2:2: error: not here\n" MAIN
		"'loaded' does not take orders 'dir/orders': 1 error\n" MAIN
		"'loaded' does not take others 'dir/others': 1 error\n" },
	{ "ce", "dir/orders:1:1: error: line 1: \\x1b[31mno\\x0a\n" MAIN
		"'loaded' does not take orders 'dir/orders': 1 error\n" },
	{ "n", MAIN "%s: of no file\n" },
	{ "e", MAIN "%s: 'loaded' cannot be loaded: Operation not permitted\n" },
	{ "p", MAIN "%s: 'loaded' cannot be loaded: Invalid argument\n" },
	{ "x", MAIN "%s: 'loaded' ends when it is loaded\n" },
	{ "g", MAIN "%s: 'loaded' ends when it is loaded\n" },
	{ "h", MAIN "%s: 'loaded' ends when it is loaded\n" },
	{ "l", MAIN "%s: 'loaded' is not loaded within 1 seconds\n" },
	{ "w", MAIN "%s: 'loaded' is not loaded within 1 seconds\n" },
	{ "3", MAIN "%s: 'loaded' cannot be loaded: Numerical result out of range\n" },
};

static void test_trials(void **state)
{
	for (size_t i = 0; i < sizeof(trials) / sizeof(trials[0]); i++) {
		char got[4096], want[4096];

		try(trials[i].orders, got, sizeof(got));
		snprintf(want, sizeof(want), trials[i].text, test_object("native-load.so"));
		if (strcmp(got, want) != 0)
			fail_msg("'%s':\n%sexpected:\n%s", trials[i].orders, got, want);
	}
}

static void test_crash(void **state)
{
	char got[4096];

	assert_int_equal(try("s", got, sizeof(got)), -EINVAL);
	assert_non_null(strstr(got, MAIN));
	/* ASan has its own way to die. */
	if (!strstr(got, "crashes when it is loaded: Segmentation fault"))
		assert_non_null(strstr(got, "ends when it is loaded"));
	/* Who started the tool may have taken SIGCHLD away. */
	signal(SIGCHLD, SIG_IGN);
	assert_int_equal(try("s", got, sizeof(got)), -EINVAL);
	assert_non_null(strstr(got, "when it is loaded"));
	assert_int_equal(try("", got, sizeof(got)), 0);
	signal(SIGCHLD, SIG_DFL);
}

/* More than anybody reads is cut off, and said so. */
static void test_many_complaints(void **state)
{
	static char got[1 << 20];
	int lines = 0;

	assert_int_equal(try("m", got, sizeof(got)), -EINVAL);
	for (char *at = got; (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(lines, 102);
	assert_non_null(strstr(got, "dir/orders: … and 900 more errors\n"));
	assert_non_null(strstr(got, MAIN "'loaded' does not take orders 'dir/orders': 1000 "
					 "errors or more\n"));
}

/* The child can do nothing but load, and has nothing of the tool's. */
static void test_unprivileged(void **state)
{
	char got[4096];
	int fd = open("/dev/null", O_WRONLY), high;

	high = fcntl(fd, F_DUPFD, 5);
	assert_true(high >= 5);
	if (geteuid() != 0)
		skip();
	try("u", got, sizeof(got));
	assert_string_equal(got, "");
	close(high);
	close(fd);
}

/* The config is there before the load. */
static void test_config(void **state)
{
	struct fixture x;
	char *config;

	function_open(&x, "3");
	config = object_var(x.f.object, &x.f.object->config);
	memcpy(config, &(uint32_t) { 3 }, sizeof(uint32_t));
	assert_int_equal(nf_trial(&x.f, (struct loc) {}, &x.diag), 0);
	function_close(&x);
}

static void test_broken_object(void **state)
{
	struct fixture x;
	char *text;

	function_open(&x, "");
	x.f.native->size /= 2;
	assert_int_equal(nf_trial(&x.f, (struct loc) { 3, 7 }, &x.diag), -EINVAL);
	assert_int_equal(x.diag.count, 1);
	text = x.diag.messages[0].text;
	assert_memory_equal(text, x.f.native->file, strlen(x.f.native->file));
	function_close(&x);
}

/* ---- the host, in this process ---- */

static void complain(void *arg, const char *field, struct loc loc, const char *text)
{
	char *to = arg;

	snprintf(to, 128, "%s:%d:%d: %s", field, loc.line, loc.column, text);
}

static void test_host(void **state)
{
	struct nf_host_file files[] = { { "others", "odd", 3 }, { "orders", "..", 2 } };
	struct diag diag = {};
	struct nf_host *host =
		nf_host_open(test_object("native-load.so"), NULL, (struct loc) {}, &diag);
	struct nf_host *plain =
		nf_host_open(test_object("native-tally.so"), NULL, (struct loc) {}, &diag);
	char said[128] = "";

	assert_non_null(host);
	assert_non_null(plain);
	assert_int_equal(nf_host_load(plain, NULL, 0, complain, said), 0);
	assert_int_equal(nf_host_load(plain, files, 1, complain, said), -ENOENT);
	assert_int_equal(nf_host_load(host, NULL, 0, complain, said), -ENOENT);
	assert_int_equal(nf_host_load(host, files, 2, complain, said), 0);
	files[0].field = "number";
	assert_int_equal(nf_host_load(host, files, 2, complain, said), -ENOENT);
	assert_string_equal(said, "");
	files[0].field = "others";
	files[1] = (struct nf_host_file) { "orders", ".o", 2 };
	assert_int_equal(nf_host_load(host, files, 2, complain, said), -EINVAL);
	assert_string_equal(said, "others:2:2: not here");
	/* Only while it loads. */
	assert_null(nf_host_nf(host)->ops->file(
		nf_host_nf(host)->host, nf_host_nf(host)->config->data, &(__u64) { 0 }));
	nf_host_free(host);
	nf_host_free(plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trials),
		cmocka_unit_test(test_crash),
		cmocka_unit_test(test_many_complaints),
		cmocka_unit_test(test_unprivileged),
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_broken_object),
		cmocka_unit_test(test_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
