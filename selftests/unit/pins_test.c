// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Pin names, removing and locking, in an ordinary directory. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "pins.h"
#include "unit.h"

static char dir[PATH_MAX];

static int make_dir(void **state)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, sizeof(dir), "%s/galette-pins-XXXXXX", tmp ? tmp : "/tmp");
	return !mkdtemp(dir);
}

static int remove_dir(void **state)
{
	return pins_remove(dir) || !access(dir, F_OK);
}

static void test_names(void **state)
{
	static const char *const names[][2] = {
		{ "eth0", "eth0" },           { "eth0.7", "eth0%2e7" },
		{ "a/b", "a%2fb" },           { "%", "%25" },
		{ "%2e", "%252e" },           { "..", "%2e%2e" },
		{ "a-b_c:d@e", "a-b_c:d@e" }, { "", "" },
	};
	char out[NAME_MAX + 1], longest[2 * NAME_MAX];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		pins_encode(out, names[i][0]);
		assert_string_equal(out, names[i][1]);
		pins_decode(out);
		assert_string_equal(out, names[i][0]);
	}
	memset(longest, '.', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	pins_encode(out, longest);
	assert_true(strlen(out) <= NAME_MAX);
}

/* What is no code is left as it is: other people's files are there, too. */
static void test_no_codes(void **state)
{
	static const char *const names[] = { "%", "%2", "%zz", "a%2", "% 1", "%+1", "%0x" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char name[16];

		snprintf(name, sizeof(name), "%s", names[i]);
		pins_decode(name);
		assert_string_equal(name, names[i]);
	}
}

static void test_path(void **state)
{
	char path[PATH_MAX], longest[PATH_MAX];

	assert_int_equal(pins_path(path, "/a", "gen/%d/%s", 7, "nf"), 0);
	assert_string_equal(path, "/a/gen/7/nf");
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(pins_path(path, longest, "y"), -ENAMETOOLONG);
	assert_int_equal(pins_path(path, "/a", "%s", longest), -ENAMETOOLONG);
	longest[PATH_MAX - 3] = '\0';
	assert_int_equal(pins_path(path, longest, "y"), 0);
	assert_int_equal(pins_path(path, longest, "yz"), -ENAMETOOLONG);
}

static void touch(const char *name)
{
	char path[PATH_MAX + 32];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static void make(const char *name)
{
	char path[PATH_MAX + 32];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void test_list(void **state)
{
	char **names;
	int count;

	assert_int_equal(pins_list("build/there-is-none", &names), -ENOENT);
	assert_null(names);
	touch("10");
	touch("9");
	make(".hidden");
	count = pins_list(dir, &names);
	assert_int_equal(count, 3);
	assert_string_equal(names[0], ".hidden");
	assert_string_equal(names[1], "9");
	assert_string_equal(names[2], "10");
	pins_list_free(names, count);
}

/* A directory with all that is in it; what a symlink leads to is not in it. */
static void test_remove(void **state)
{
	char path[PATH_MAX + 32];

	make("other");
	touch("other/kept");
	make("chain");
	make("chain/gen");
	make("chain/gen/1");
	touch("chain/gen/1/slots");
	touch("chain/root");
	snprintf(path, sizeof(path), "%s/chain/maps", dir);
	assert_int_equal(symlink("../other", path), 0);
	snprintf(path, sizeof(path), "%s/chain", dir);
	assert_int_equal(pins_remove(path), 0);
	assert_int_not_equal(access(path, F_OK), 0);
	assert_int_equal(pins_remove(path), 0);
	snprintf(path, sizeof(path), "%s/other/kept", dir);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(pins_remove(path), 0);
	assert_int_not_equal(access(path, F_OK), 0);
}

/* ---- the lock ---- */

static void chain_dir(char path[PATH_MAX])
{
	assert_int_equal(pins_path(path, dir, "chain"), 0);
}

static void test_lock(void **state)
{
	char path[PATH_MAX];
	int a = -1, b = -1;

	chain_dir(path);
	assert_int_equal(pins_lock(path, PINS_EXCLUSIVE, true, &a), -ENOENT);
	assert_int_equal(pins_lock(path, PINS_SHARED, true, &a), -ENOENT);
	assert_int_equal(pins_lock(path, PINS_MAKE, false, &a), 0);
	assert_int_equal(pins_lock(path, PINS_MAKE, false, &b), -EWOULDBLOCK);
	assert_int_equal(pins_lock(path, PINS_EXCLUSIVE, false, &b), -EWOULDBLOCK);
	assert_int_equal(pins_lock(path, PINS_SHARED, false, &b), -EWOULDBLOCK);
	assert_int_equal(b, -1);
	close(a);
	assert_int_equal(pins_lock(path, PINS_SHARED, false, &a), 0);
	assert_int_equal(pins_lock(path, PINS_SHARED, false, &b), 0);
	close(b);
	assert_int_equal(pins_lock(path, PINS_EXCLUSIVE, false, &b), -EWOULDBLOCK);
	close(a);
	assert_int_equal(pins_lock(path, PINS_EXCLUSIVE, false, &a), 0);
	assert_true(fcntl(a, F_GETFD) & FD_CLOEXEC);
	close(a);
	/* Not a directory. */
	assert_int_equal(pins_lock("/dev/null", PINS_EXCLUSIVE, false, &a), -ENOTDIR);
	assert_int_equal(pins_lock("build/there-is-none/x", PINS_MAKE, false, &a), -ENOENT);
}

/* Whether the process waits for a lock: "1: -> FLOCK ADVISORY WRITE PID …" */
static bool waits(pid_t pid)
{
	char line[256], wanted[32];
	FILE *locks = fopen("/proc/locks", "r");
	bool found = false;

	snprintf(wanted, sizeof(wanted), " %d ", pid);
	while (locks && fgets(line, sizeof(line), locks))
		found |= strstr(line, "-> FLOCK") && strstr(line, wanted);
	if (locks)
		fclose(locks);
	return found;
}

/* In the child: 0 when what it got is the lock of the directory that is there now. */
static int lock_in_child(const char *path, enum pins_lock_kind kind, int want)
{
	struct stat locked, there;
	int lock = -1, err = pins_lock(path, kind, true, &lock);

	if (err != want)
		return 1;
	if (err)
		return lock == -1 ? 0 : 2;
	if (fstat(lock, &locked) || stat(path, &there))
		return 3;
	return locked.st_ino == there.st_ino &&
			       pins_lock(path, kind, false, &lock) == -EWOULDBLOCK
		       ? 0
		       : 4;
}

static void assert_waiter(enum pins_lock_kind kind, int want, bool made_again)
{
	char path[PATH_MAX];
	int lock, status;
	pid_t child;

	chain_dir(path);
	assert_int_equal(pins_lock(path, PINS_MAKE, true, &lock), 0);
	child = fork();
	if (!child) {
		close(lock); /* or it would hold what it waits for */
		_exit(lock_in_child(path, kind, want));
	}
	while (!waits(child) && !waitpid(child, &status, WNOHANG))
		usleep(1000);
	assert_true(waits(child));
	/* As detach does it, and as another attach may follow. */
	assert_int_equal(rmdir(path), 0);
	if (made_again) {
		make("spare"); /* takes the inode number that may be free now */
		make("chain");
	}
	close(lock);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(pins_remove(path), 0);
	assert_int_equal(pins_path(path, dir, "spare"), 0);
	assert_int_equal(pins_remove(path), 0);
}

/* Who had the lock before removed the directory: what we hold is not the chain's. */
static void test_stale(void **state)
{
	assert_waiter(PINS_MAKE, 0, false);
	assert_waiter(PINS_MAKE, 0, true);
	assert_waiter(PINS_EXCLUSIVE, 0, true);
	assert_waiter(PINS_EXCLUSIVE, -ENOENT, false);
	assert_waiter(PINS_SHARED, -ENOENT, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_no_codes),
		cmocka_unit_test(test_path),
		cmocka_unit_test_setup_teardown(test_list, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_remove, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_lock, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_stale, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
