// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Signatures: whose are taken, and that nothing a caller or a file does makes others so. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "alloc.h"
#include "diag.h"
#include "pins.h"
#include "signature.h"
#include "trusted.h"
#include "unit.h"

static char dir[PATH_MAX], keys[PATH_MAX + 16], trust[PATH_MAX + 16];
static const char data[] = "links = []";

static const char *in(const char *directory, const char *name)
{
	static char paths[4][2 * PATH_MAX];
	static int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

static void shell(const char *fmt, ...)
{
	char command[4 * PATH_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(command, sizeof(command), fmt, args);
	va_end(args);
	assert_int_equal(system(command), 0);
}

static void make_key(const char *type, const char *name)
{
	shell("ssh-keygen -q -t %s -N '' -C '%s@here' -f %s", type, name, in(keys, name));
}

static int set_up(void **state)
{
	const char *tmp = getenv("TMPDIR");

	diag_held = true; /* what error() says is said often here */
	snprintf(dir, sizeof(dir), "%s/galette-signature-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(dir))
		return 1;
	snprintf(keys, sizeof(keys), "%s/keys", dir);
	snprintf(trust, sizeof(trust), "%s/trusted.d", dir);
	mkdir(keys, 0700);
	make_key("ed25519", "alice");
	make_key("ed25519", "bob");
	make_key("rsa", "carol");
	return 0;
}

static int tear_down(void **state)
{
	return pins_remove(dir);
}

/* A new directory with these keys in it. */
static void trusted_are(const char *first, const char *second)
{
	shell("rm -rf %s; mkdir -m 755 %s", trust, trust);
	if (first)
		shell("install -m 644 %s.pub %s", in(keys, first), trust);
	if (second)
		shell("install -m 644 %s.pub %s", in(keys, second), trust);
}

static char *sign(const char *key, size_t *length)
{
	char *text;

	assert_int_equal(signature_make(in(keys, key), data, strlen(data), &text, length), 0);
	return text;
}

/* Whose it is: "" nobody's in particular, NULL: refused. */
static const char *whose(const char *bytes, const char *text, size_t length)
{
	static char name[TRUSTED_NAME_LEN];
	char *signer = (char *)"unset";
	int err = signature_check_in(trust, bytes, strlen(bytes), text, length, &signer);

	assert_true(err == 0 || err == -EPERM);
	if (err)
		assert_null(signer);
	snprintf(name, sizeof(name), "%s", signer ?: "");
	free(signer);
	return err ? NULL : name;
}

static void test_signers(void **state)
{
	size_t length, other;
	char *text = sign("alice", &length), *bobs = sign("bob", &other);

	trusted_are("alice", NULL);
	assert_string_equal(whose(data, text, length), "alice");
	assert_null(whose(data, bobs, other));
	assert_null(whose(data, NULL, 0));
	assert_null(whose("links = [] ", text, length));
	assert_null(whose("", text, length));
	trusted_are("bob", NULL);
	assert_null(whose(data, text, length));
	trusted_are("alice", "bob");
	assert_string_equal(whose(data, text, length), "alice");
	assert_string_equal(whose(data, bobs, other), "bob");
	free(text);
	free(bobs);
}

static void test_nobody_trusted(void **state)
{
	size_t length;
	char *text = sign("alice", &length);

	trusted_are(NULL, NULL);
	assert_string_equal(whose(data, text, length), "");
	assert_string_equal(whose(data, NULL, 0), "");
	shell("touch %s %s", in(trust, "README"), in(trust, "alice.pub.old"));
	assert_string_equal(whose(data, NULL, 0), "");
	shell("rm -r %s", trust);
	assert_string_equal(whose(data, NULL, 0), "");
	free(text);
}

/* What cannot be read may be what somebody relies on. */
static void test_fails_closed(void **state)
{
	static const char *const spoil[] = {
		"rm -r %s; ln -s nowhere %s",
		"rm -r %s; touch %s",
		"ln -s nowhere %s/bob.pub; : %s",
		"mkdir %s/bob.pub; : %s",
		"mkfifo %s/bob.pub; : %s",
		"touch %s/bob.pub; : %s",
		"cat ../keys/bob.pub ../keys/bob.pub > %s/bob.pub; : %s",
		"cp ../keys/carol.pub %s/carol.pub; : %s",
		"cp ../keys/bob.pub '%s/b b.pub'; : %s",
		"cp ../keys/bob.pub '%s/*.pub'; : %s",
		"cp ../keys/bob.pub '%s/.pub'; : %s",
		"cp ../keys/bob.pub '%s/-bob.pub'; : %s",
		"sed 's/^/cert-authority /' ../keys/bob.pub > %s/bob.pub; : %s",
		"sed 's/AAAAI/AAAAJ/' ../keys/bob.pub > %s/bob.pub; : %s",
		"sed 's/ bob.*//; s/.$//' ../keys/bob.pub > %s/bob.pub; : %s",
		"{ cat ../keys/bob.pub; printf '\\0'; } > %s/bob.pub; : %s",
	};
	size_t length;
	char *text = sign("alice", &length);

	for (size_t i = 0; i < sizeof(spoil) / sizeof(spoil[0]); i++) {
		char command[4 * PATH_MAX];

		trusted_are("alice", NULL);
		snprintf(command, sizeof(command), spoil[i], trust, trust);
		shell("cd %s && { %s; }", keys, command);
		if (whose(data, text, length))
			fail_msg("taken behind: %s", command);
	}
	free(text);
}

/* Whoever may write there could trust himself. */
static void test_writable(void **state)
{
	size_t length;
	char *text = sign("alice", &length);
	static const struct {
		const char *command, *file;
	} others[] = {
		{ "chmod 775", "" },          { "chmod 757", "" },
		{ "chmod g+w", "alice.pub" }, { "chmod o+w", "alice.pub" },
		{ "chown 65534", "" },        { "chown 65534", "alice.pub" },
	};

	/* Without privilege nothing can be given away. */
	for (size_t i = 0; i < (geteuid() ? 4 : 6); i++) {
		trusted_are("alice", NULL);
		assert_string_equal(whose(data, text, length), "alice");
		shell("%s %s/%s", others[i].command, trust, others[i].file);
		assert_null(whose(data, text, length));
	}
	free(text);
}

static void test_altered_signature(void **state)
{
	size_t length;
	char *text = sign("alice", &length);
	int good = 0;

	trusted_are("alice", NULL);
	for (size_t i = 0; i < length; i++) {
		const char *name;

		text[i] ^= 1;
		name = whose(data, text, length);
		/* What base64 leaves out says nothing else. */
		if (name)
			assert_string_equal(name, "alice");
		good += name != NULL;
		text[i] ^= 1;
	}
	printf("# %zu changes, %d of them say the same\n", length, good);
	assert_in_range(good, 0, 8);
	for (size_t cut = 2; cut < length; cut += 17) /* one: the newline at the end */
		assert_null(whose(data, text, length - cut));
	free(text);
}

static void test_other_namespace(void **state)
{
	size_t length;
	char *text;
	FILE *file;

	trusted_are("alice", NULL);
	shell("printf '%%s' '%s' | ssh-keygen -q -Y sign -n file -f %s > %s", data,
	      in(keys, "alice"), in(dir, "sig"));
	file = fopen(in(dir, "sig"), "r");
	text = xcalloc(1, 4096);
	length = fread(text, 1, 4096, file);
	fclose(file);
	assert_in_range(length, 200, 4096);
	assert_null(whose(data, text, length));
	free(text);
}

static void test_keys_to_sign_with(void **state)
{
	size_t length;
	char *text;

	assert_true(signature_make(in(keys, "carol"), data, 3, &text, &length) < 0);
	assert_true(signature_make(in(keys, "none"), data, 3, &text, &length) < 0);
	assert_true(signature_make("/dev/null", data, 3, &text, &length) < 0);
}

/* Runs in a child, which may lose its descriptors. */
static void test_closed_descriptors(void **state)
{
	size_t length, other;
	char *text = sign("alice", &length), *bobs = sign("bob", &other);

	trusted_are("alice", NULL);
	for (int closed = 0; closed < 8; closed++) {
		pid_t pid = fork();
		int status;

		if (!pid) {
			char *signer, *own;
			size_t size;
			int bad = 0;

			for (int fd = 0; fd < 3; fd++)
				if (closed >> fd & 1)
					close(fd);
			bad |= signature_check_in(trust, data, strlen(data), text, length,
						  &signer) ||
			       !signer || strcmp(signer, "alice");
			bad |= signature_check_in(trust, data, strlen(data), bobs, other,
						  &signer) != -EPERM;
			bad |= signature_check_in(trust, "x", 1, text, length, &signer) !=
			       -EPERM;
			bad |= signature_make(in(keys, "bob"), data, strlen(data), &own,
					      &size) != 0;
			_exit(bad);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
	free(text);
	free(bobs);
}

static void test_environment(void **state)
{
	size_t length, other;
	char *text = sign("alice", &length), *bobs = sign("bob", &other);
	char *path = xstrdup(getenv("PATH"));

	trusted_are("alice", NULL);
	shell("printf '#!/bin/sh\\nexit 0\\n' > %s; chmod +x %s", in(dir, "ssh-keygen"),
	      in(dir, "ssh-keygen"));
	setenv("PATH", dir, 1);
	setenv("LD_PRELOAD", "/nowhere/evil.so", 1);
	setenv("SSH_AUTH_SOCK", "/nowhere", 1);
	assert_string_equal(whose(data, text, length), "alice");
	assert_null(whose(data, bobs, other));
	unsetenv("LD_PRELOAD");
	unsetenv("SSH_AUTH_SOCK");
	setenv("PATH", path, 1);
	free(path);
	free(text);
	free(bobs);
}

/* As `env --ignore-signal=CHLD` starts it. */
static void test_ignored_children(void **state)
{
	size_t length, other;
	char *text = sign("alice", &length), *bobs = sign("bob", &other), *again;

	trusted_are("alice", NULL);
	signal(SIGCHLD, SIG_IGN);
	assert_string_equal(whose(data, text, length), "alice");
	assert_null(whose(data, bobs, other));
	again = sign("alice", &length);
	/* Others find it as it was. */
	assert_true(signal(SIGCHLD, SIG_DFL) == SIG_IGN);
	free(again);
	free(text);
	free(bobs);
}

static void test_large(void **state)
{
	size_t size = 9 << 20, length;
	char *bytes = xcalloc(1, size), *text, *signer;

	trusted_are("alice", NULL);
	memset(bytes, 'x', size - 1);
	assert_int_equal(signature_make(in(keys, "alice"), bytes, size, &text, &length), 0);
	assert_int_equal(signature_check_in(trust, bytes, size, text, length, &signer), 0);
	assert_string_equal(signer, "alice");
	free(signer);
	bytes[size - 2] = 'y';
	assert_int_equal(signature_check_in(trust, bytes, size, text, length, &signer), -EPERM);
	/* No child is left. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	free(bytes);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signers),
		cmocka_unit_test(test_nobody_trusted),
		cmocka_unit_test(test_fails_closed),
		cmocka_unit_test(test_writable),
		cmocka_unit_test(test_altered_signature),
		cmocka_unit_test(test_other_namespace),
		cmocka_unit_test(test_keys_to_sign_with),
		cmocka_unit_test(test_closed_descriptors),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_ignored_children),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
