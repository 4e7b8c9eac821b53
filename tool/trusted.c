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

static int read_key(int dir, const char *file, struct trusted *trusted)
{
	struct trusted_key key;
	size_t length;
	/* Not to wait for whoever opens a FIFO's other end. */
	int fd = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err = errno;
	char *text = fd < 0 ? NULL : object_bytes(fd, FILE_MAX, &length);
	bool good;

	if (fd >= 0 && !text)
		err = errno;
	if (fd >= 0)
		close(fd);
	if (!text) {
		error("%s/%s: cannot read it: %s", trusted->dir, file, strerror(err));
		return -err;
	}
	good = strlen(text) == length && parse_key(text, &key);
	free(text);
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
