// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "diag.h"
#include "object_read.h"
#include "trusted.h"

enum {
	FILE_MAX = 1 << 12 /* bytes */
};

static const char suffix[] = ".pub";
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* ---- a key ---- */

/* "ssh-ed25519 BASE64 COMMENT" and nothing else in the file: what there is of a key. */
static bool parse_key(const char *text, struct trusted_key *key)
{
	static const char begin[] = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI";
	size_t size = TRUSTED_KEY_LEN - 1, type = strlen("ssh-ed25519 "), base64, line;

	if (strncmp(text, begin, strlen(begin)))
		return false;
	base64 = strspn(text + type, LETTERS "+/");
	line = strcspn(text, "\n");
	if (type + base64 != size || !strchr(" \t\r\n", text[size]) ||
	    text[line + strspn(text + line, "\r\n")])
		return false;
	memcpy(key->key, text, size);
	key->key[size] = '\0';
	return true;
}

/* NAME.pub */
static bool parse_name(const char *file, struct trusted_key *key)
{
	size_t length = strlen(file) - strlen(suffix);

	if (!length || length >= sizeof(key->name))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!strchr(LETTERS, file[i]) && (!i || !strchr("._@+-", file[i])))
			return false;
	memcpy(key->name, file, length);
	key->name[length] = '\0';
	return true;
}

static int unreadable(const char *dir, const char *file)
{
	int err = errno;

	error("%s/%s: cannot read it: %s", dir, file, strerror(err));
	return -err;
}

/* Only root and the caller may write it: 0, or -EPERM after printing an error. */
static int check_owner(int fd, const char *dir, const char *file)
{
	struct stat st;

	if (!fstat(fd, &st) && (!st.st_uid || st.st_uid == geteuid()) &&
	    !(st.st_mode & (S_IWGRP | S_IWOTH)))
		return 0;
	error("%s%s%s: others than root may write it (chown root, chmod go-w)", dir,
	      *file ? "/" : "", file);
	return -EPERM;
}

static int add_key(struct trusted *trusted, const char *file, const char *text, size_t length)
{
	struct trusted_key key;
	bool good = strlen(text) == length && parse_key(text, &key);

	if (!good || !parse_name(file, &key)) {
		error(good ? "%s/%s: a name has up to %d letters, digits and . _ @ + -"
			   : "%s/%s: not the public key of one ed25519 key",
		      trusted->dir, file, TRUSTED_NAME_LEN - 1);
		return -EINVAL;
	}
	trusted->keys = xrealloc(trusted->keys, (trusted->count + 1) * sizeof(key));
	trusted->keys[trusted->count++] = key;
	return 0;
}

static int read_key(int dir, const char *file, struct trusted *trusted)
{
	/* Not to wait for whoever opens a FIFO's other end. */
	int fd = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err;
	size_t length;
	char *text;

	if (fd < 0)
		return unreadable(trusted->dir, file);
	err = check_owner(fd, trusted->dir, file);
	text = err ? NULL : object_bytes(fd, FILE_MAX, &length);
	if (!err)
		err = text ? add_key(trusted, file, text, length)
			   : unreadable(trusted->dir, file);
	free(text);
	close(fd);
	return err;
}

/* ---- the directory ---- */

static bool is_key(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return length >= strlen(suffix) &&
	       !strcmp(entry->d_name + length - strlen(suffix), suffix);
}

static bool is_link(const char *path)
{
	struct stat st;

	return !lstat(path, &st) && S_ISLNK(st.st_mode);
}

/* There is no such directory: where a link should lead to one something is wrong. */
static bool is_absent(const char *dir)
{
	char *copy = xstrdup(dir);
	bool absent = !is_link(dir) && !is_link(dirname(copy));

	free(copy);
	return absent;
}

int trusted_read(const char *dir, struct trusted *trusted)
{
	DIR *directory = opendir(dir);
	struct dirent *entry;
	int err = 0;

	*trusted = (struct trusted) { .dir = dir };
	if (!directory) {
		err = -errno;
		if (err == -ENOENT && is_absent(dir))
			return 0;
		error("%s: cannot read which keys are trusted: %s", dir, strerror(-err));
		return err;
	}
	err = check_owner(dirfd(directory), dir, "");
	while (!err && (errno = 0, entry = readdir(directory)))
		if (is_key(entry))
			err = read_key(dirfd(directory), entry->d_name, trusted);
	if (!err && errno) {
		err = -errno;
		error("%s: cannot read which keys are trusted: %s", dir, strerror(-err));
	}
	closedir(directory);
	return err;
}

void trusted_free(struct trusted *trusted)
{
	free(trusted->keys);
	trusted->keys = NULL;
	trusted->count = 0;
}
