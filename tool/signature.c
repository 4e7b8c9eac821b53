// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alloc.h"
#include "diag.h"
#include "signature.h"
#include "trusted.h"

#define SSH_KEYGEN "/usr/bin/ssh-keygen"
#define NAMESPACE  "galette"

enum {
	TEXT_MAX = 1 << 14 /* bytes of a signature; one of ed25519 has some 300 */
};

/* How the text of a signature by an ed25519 key goes on behind its first line. */
static const char ed25519[] = "-----BEGIN SSH SIGNATURE-----\n"
			      "U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAg";

/* ---- files of no directory ---- */

/*
 * Never one of the standard descriptors, which the child gets others for: the caller may
 * have started us without some of them.
 */
static int above_standard(int fd)
{
	int above = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	if (fd >= 0)
		close(fd);
	return above;
}

static int memory_file(const void *bytes, size_t size)
{
	int fd = above_standard(memfd_create("galette-signature", MFD_CLOEXEC));

	for (size_t done = 0; fd >= 0 && done < size;) {
		ssize_t n = write(fd, (const char *)bytes + done, size - done);

		if (n < 0) {
			close(fd);
			return -1;
		}
		done += n;
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

/* ---- ssh-keygen ---- */

struct run {
	char *const *argv;
	char *const *environment;
	int in, out; /* its standard input and output */
	bool quiet;
	int kept[2]; /* descriptors that it has besides; -1: none */
};

/* Its exit status, or a negative errno: it was killed. */
static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

/*
 * Its exit status, or a negative errno: it could not be run, or was killed. Who started
 * the tool may ignore SIGCHLD, and the kernel then keeps no exit status for anybody.
 */
static int run(const struct run *run)
{
	sighandler_t before = signal(SIGCHLD, SIG_DFL);
	posix_spawn_file_actions_t actions;
	int result;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, run->in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, run->out, STDOUT_FILENO);
	if (run->quiet)
		posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY,
						 0);
	/* Onto itself: it is then not closed. */
	for (int i = 0; i < 2; i++)
		if (run->kept[i] >= 0)
			posix_spawn_file_actions_adddup2(&actions, run->kept[i], run->kept[i]);
	result = -posix_spawn(&pid, SSH_KEYGEN, &actions, NULL, run->argv, run->environment);
	posix_spawn_file_actions_destroy(&actions);
	if (!result)
		result = wait_for(pid);
	signal(SIGCHLD, before);
	return result;
}

/* ---- making ---- */

static char *read_text(int fd, size_t *length)
{
	char *text = xcalloc(1, TEXT_MAX + 1);
	ssize_t n = pread(fd, text, TEXT_MAX, 0);

	*length = n > 0 ? n : 0;
	return text;
}

int signature_make(const char *key, const void *data, size_t size, char **text, size_t *length)
{
	/* The signer's own environment: ssh-agent, a terminal for the passphrase. */
	char *const argv[] = { "ssh-keygen", "-q", "-Y",        "sign", "-n",
			       NAMESPACE,    "-f", (char *)key, NULL };
	struct run make = { .argv = argv,
			    .environment = environ,
			    .in = memory_file(data, size),
			    .out = memory_file("", 0),
			    .kept = { -1, -1 } };
	int status = make.in < 0 || make.out < 0 ? -errno : run(&make);

	*text = NULL;
	if (status < 0)
		error("cannot run " SSH_KEYGEN ": %s", strerror(-status));
	else if (status)
		error("%s: ssh-keygen does not sign with it", key);
	else
		*text = read_text(make.out, length);
	if (*text && strncmp(*text, ed25519, strlen(ed25519))) {
		error("%s: not an ed25519 key (ssh-keygen -t ed25519 makes one)", key);
		free(*text);
		*text = NULL;
	}
	if (make.in >= 0)
		close(make.in);
	if (make.out >= 0)
		close(make.out);
	return *text ? 0 : -EINVAL;
}

/* ---- checking ---- */

struct check {
	int data, text, null;
};

/* 1: made by that key, 0: not; a negative errno: that cannot be told. */
static int made_by(const struct check *check, const struct trusted_key *key)
{
	char line[TRUSTED_KEY_LEN + sizeof(key->name) + 32], allowed[32], text[32];
	char *const argv[] = { "ssh-keygen", "-q",      "-Y", "verify",
			       "-n",         NAMESPACE, "-I", (char *)key->name,
			       "-f",         allowed,   "-s", text,
			       NULL };
	char *const nothing[] = { NULL };
	struct run verify = { .argv = argv,
			      .environment = nothing,
			      .in = check->data,
			      .out = check->null,
			      .quiet = true };
	int status, length = snprintf(line, sizeof(line), "%s namespaces=\"%s\" %s\n",
				      key->name, NAMESPACE, key->key);

	verify.kept[0] = memory_file(line, length);
	verify.kept[1] = check->text;
	if (verify.kept[0] < 0)
		return -errno;
	snprintf(allowed, sizeof(allowed), "/proc/self/fd/%d", verify.kept[0]);
	snprintf(text, sizeof(text), "/proc/self/fd/%d", verify.kept[1]);
	/* Each run reads from the beginning of what all runs share. */
	lseek(check->data, 0, SEEK_SET);
	lseek(check->text, 0, SEEK_SET);
	status = run(&verify);
	close(verify.kept[0]);
	return status < 0 ? status : !status;
}

static int check_keys(const struct check *check, const struct trusted *trusted, char **signer)
{
	for (int i = 0; i < trusted->count; i++) {
		int made = made_by(check, &trusted->keys[i]);

		if (made < 0) {
			error("cannot check the signature: " SSH_KEYGEN ": %s",
			      strerror(-made));
			return -EPERM;
		}
		if (made) {
			*signer = xstrdup(trusted->keys[i].name);
			return 0;
		}
	}
	error("it was altered, or signed by none of the keys in %s", trusted->dir);
	return -EPERM;
}

int signature_check_in(const char *dir, const void *data, size_t size, const char *text,
		       size_t length, char **signer)
{
	struct trusted trusted;
	struct check check;
	int err = trusted_read(dir, &trusted);

	*signer = NULL;
	if (err || !trusted.count) {
		trusted_free(&trusted);
		return err ? -EPERM : 0;
	}
	if (!length || length > TEXT_MAX) {
		error(length ? "its signature is none" : "it is unsigned, and %s has keys",
		      dir);
		trusted_free(&trusted);
		return -EPERM;
	}
	check.data = memory_file(data, size);
	check.text = memory_file(text, length);
	check.null = above_standard(open("/dev/null", O_WRONLY | O_CLOEXEC));
	if (check.data >= 0 && check.text >= 0 && check.null >= 0) {
		err = check_keys(&check, &trusted, signer);
	} else {
		error("cannot check the signature: %s", strerror(errno));
		err = -EPERM;
	}
	for (int i = 0; i < 3; i++)
		if ((&check.data)[i] >= 0)
			close((&check.data)[i]);
	trusted_free(&trusted);
	return err;
}

int signature_check(const void *data, size_t size, const char *text, size_t length,
		    char **signer)
{
	return signature_check_in(SIGNATURE_TRUSTED, data, size, text, length, signer);
}
