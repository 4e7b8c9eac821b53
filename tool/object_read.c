// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "chain.h"
#include "given.h"
#include "object_read.h"

/* Bytes. The kernel's own limits for keys and values are 512 and some MiB. */
enum {
	KEY_SIZE_MAX = 512,
	VALUE_SIZE_MAX = 1 << 20,
};

/* ---- the file ---- */

int object_find(const char *nf_path, const char *path, const char *suffix, char **file)
{
	const char *dir = nf_path;

	if (given_bundle())
		return given_open(path, suffix, file);
	while (*dir) {
		int length = strcspn(dir, ":"), fd;

		if (asprintf(file, "%.*s/%s%s", length, dir, path, suffix) < 0)
			return -ENOMEM;
		fd = open(*file, O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			return fd;
		free(*file);
		*file = NULL;
		if (errno != ENOENT && errno != ENOTDIR)
			return -errno;
		dir += length + (dir[length] == ':');
	}
	return -ENOENT;
}

/* A file that cannot be looked for is there: who opens it will say why not. */
static bool is_there(const char *dir, const char *path, const char *suffix)
{
	char *file = NULL;
	bool there;

	if (asprintf(&file, "%s/%s%s", dir, path, suffix) < 0)
		return false;
	there = !access(file, F_OK) || (errno != ENOENT && errno != ENOTDIR);
	free(file);
	return there;
}

char *object_dir(const char *nf_path, const char *path)
{
	if (given_bundle())
		return given_has(path, ".bpf.o") || given_has(path, ".so") ? xstrdup(nf_path)
									   : NULL;
	for (const char *at = nf_path; *at; at += *at == ':') {
		int length = strcspn(at, ":");
		char *dir = xstrndup(at, length);

		at += length;
		if (length && (is_there(dir, path, ".bpf.o") || is_there(dir, path, ".so")))
			return dir;
		free(dir);
	}
	return NULL;
}

void *object_bytes(int fd, size_t max, size_t *length)
{
	struct stat st;
	char *bytes;
	size_t got = 0;

	if (fstat(fd, &st))
		return NULL;
	if (!S_ISREG(st.st_mode) || (size_t)st.st_size > max) {
		errno = S_ISREG(st.st_mode) ? EFBIG : EINVAL;
		return NULL;
	}
	bytes = xmalloc(st.st_size + 1);
	while (got < (size_t)st.st_size) {
		ssize_t n = read(fd, bytes + got, st.st_size - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) { /* 0: somebody makes it shorter at this moment */
			errno = n ? errno : EAGAIN;
			free(bytes);
			return NULL;
		}
		got += n;
	}
	bytes[got] = 0;
	*length = got;
	return bytes;
}

/* ---- what it holds ---- */

bool object_identifier(const char *name, size_t size)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

	return name && *name && strlen(name) < size && !name[strspn(name, letters)];
}

/* An enumerator as a word: "NO_OP" is "no-op". False: an action has that word already. */
static bool add_action(struct object *object, const char *name, int place)
{
	char *out = object->actions[place];

	for (int c = 0; name[c]; c++)
		out[c] = name[c] == '_' ? '-' : tolower((unsigned char)name[c]);
	for (int i = 0; i < object->action_count; i++)
		if (i != place && !strcmp(object->actions[i], out))
			return false;
	return true;
}

int object_read_actions(struct object *object, __u32 type, struct loc loc, struct diag *diag)
{
	int id = btf__resolve_type(object->btf, type), count;
	const struct btf_type *t = id < 0 ? NULL : btf__type_by_id(object->btf, id);
	const struct btf_enum *e;

	if (!t || !btf_is_enum(t)) {
		diag_error(diag, loc, "%s: its actions are not an enum", object->file);
		return -EINVAL;
	}
	count = btf_vlen(t);
	if (!count || count > GALETTE_ACTIONS_MAX) {
		diag_error(diag, loc, "%s: it has %d actions; 1 to %d are possible",
			   object->file, count, GALETTE_ACTIONS_MAX);
		return -EINVAL;
	}
	object->actions = xcalloc(count, sizeof(*object->actions));
	object->action_count = count;
	e = btf_enum(t);
	for (int i = 0; i < count; i++, e++) {
		const char *name = btf__name_by_offset(object->btf, e->name_off);

		if (e->val < 0 || e->val >= count || *object->actions[e->val] ||
		    !object_identifier(name, GALETTE_ACTION_LEN)) {
			diag_error(diag, loc,
				   "%s: the values of its actions must be 0 to %d, each once, "
				   "and their names shorter than %d characters",
				   object->file, count - 1, GALETTE_ACTION_LEN);
			return -EINVAL;
		}
		if (!add_action(object, name, e->val)) {
			diag_error(diag, loc, "%s: two of its actions are called '%s'",
				   object->file, object->actions[e->val]);
			return -EINVAL;
		}
	}
	return 0;
}

/* Of a type that a chain file can name, its keys and values of types that BTF knows. */
static bool is_nf_map(const struct btf *btf, const struct object_map *map)
{
	__s64 key = btf__resolve_size(btf, map->key_type);
	__s64 value = btf__resolve_size(btf, map->value_type);

	return object_identifier(map->name, GALETTE_NAME_LEN) &&
	       map_type_name(map->type) != map_type_name(0) && key > 0 && value > 0 &&
	       key == map->key_size && value == map->value_size;
}

int object_check_map(const struct object *object, const struct object_map *map, struct loc loc,
		     struct diag *diag)
{
	if (!is_nf_map(object->btf, map)) {
		diag_error(diag, loc, "%s: map '%s' is not declared by NF_MAP()", object->file,
			   map->name);
		return -EINVAL;
	}
	if (map->key_size > KEY_SIZE_MAX || map->value_size > VALUE_SIZE_MAX) {
		diag_error(diag, loc,
			   "%s: map '%s' has keys of %u bytes and values of %u; %d and %d are "
			   "possible",
			   object->file, map->name, map->key_size, map->value_size,
			   KEY_SIZE_MAX, VALUE_SIZE_MAX);
		return -EINVAL;
	}
	return 0;
}
