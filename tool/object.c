/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "alloc.h"
#include "chain.h"
#include "kernel_log.h"
#include "object.h"
#include "trial.h"

/* Bytes. The kernel's own limits for keys and values are 512 and some MiB. */
enum {
	OBJECT_SIZE_MAX = 16 << 20,
	KEY_SIZE_MAX = 512,
	VALUE_SIZE_MAX = 1 << 20,
};

/* ---- the file ---- */

static int open_below(const char *nf_path, const char *path, char **file)
{
	const char *dir = nf_path;

	while (*dir) {
		int length = strcspn(dir, ":"), fd;

		if (asprintf(file, "%.*s/%s.bpf.o", length, dir, path) < 0)
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

bool object_exists(const char *nf_path, const char *path)
{
	char *file = NULL;
	int fd = open_below(nf_path, path, &file);

	free(file);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void *read_object(int fd, size_t *length)
{
	struct stat st;
	char *bytes;
	size_t got = 0;

	if (fstat(fd, &st))
		return NULL;
	if (!S_ISREG(st.st_mode) || st.st_size > OBJECT_SIZE_MAX) {
		errno = S_ISREG(st.st_mode) ? EFBIG : EINVAL;
		return NULL;
	}
	bytes = xmalloc(st.st_size + 1);
	while (got < (size_t)st.st_size) {
		ssize_t n = read(fd, bytes + got, st.st_size - got);

		if (n <= 0)
			break;
		got += n;
	}
	*length = got;
	return bytes;
}

/* ---- what it holds ---- */

/* What C calls an identifier: it becomes a word, and a file name in bpffs. */
static bool is_identifier(const char *name, size_t size)
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

/* The enumerators of nf_action's enum, in value order, as words. */
static int read_actions(struct object *object, __u32 type, struct loc loc, struct diag *diag)
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
		    !is_identifier(name, GALETTE_ACTION_LEN)) {
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

/* Where .rodata holds what we look for. */
static int read_rodata(struct object *object, struct loc loc, struct diag *diag)
{
	struct object_var action = { 0 };
	const struct {
		const char *name;
		struct object_var *var;
	} wanted[] = {
		{ "nf_links", &object->links },
		{ "nf_action", &action },
		{ "config", &object->config },
		{ "nf_tick_ns", &object->tick },
	};
	__s32 id = btf__find_by_name_kind(object->btf, ".rodata", BTF_KIND_DATASEC);
	const struct btf_type *section = id < 0 ? NULL : btf__type_by_id(object->btf, id);
	const struct btf_var_secinfo *info = section ? btf_var_secinfos(section) : NULL;
	size_t length = 0;

	object->rodata = bpf_object__find_map_by_name(object->bpf, ".rodata");
	if (object->rodata)
		bpf_map__initial_value(object->rodata, &length);
	for (int i = 0; section && i < btf_vlen(section); i++, info++) {
		const struct btf_type *var = btf__type_by_id(object->btf, info->type);
		const char *name = var ? btf__name_by_offset(object->btf, var->name_off) : NULL;

		if (!name || !btf_is_var(var) || info->offset + (size_t)info->size > length ||
		    btf__resolve_size(object->btf, var->type) != info->size)
			continue;
		for (size_t w = 0; w < sizeof(wanted) / sizeof(wanted[0]); w++)
			if (!strcmp(name, wanted[w].name))
				*wanted[w].var = (struct object_var) { var->type, info->offset,
								       info->size };
	}
	if (object->links.size != 2 * sizeof(__u32) || !action.type ||
	    !bpf_object__find_map_by_name(object->bpf, "slots") ||
	    !bpf_object__find_map_by_name(object->bpf, "edges")) {
		diag_error(diag, loc, "%s: it is not an NF: no NF() of galette/nf.h in it",
			   object->file);
		return -EINVAL;
	}
	if (object->tick.type && object->tick.size != sizeof(__u64))
		object->tick.type = 0;
	return read_actions(object, action.type, loc, diag);
}

static bool is_own(const struct bpf_map *map)
{
	const char *name = bpf_map__name(map);

	return bpf_map__is_internal(map) || !strcmp(name, "slots") || !strcmp(name, "edges");
}

/* Of a type that a chain file can name, its keys and values of types that BTF knows. */
static bool is_nf_map(const struct btf *btf, const struct bpf_map *map)
{
	__s64 key = btf__resolve_size(btf, bpf_map__btf_key_type_id(map));
	__s64 value = btf__resolve_size(btf, bpf_map__btf_value_type_id(map));

	return is_identifier(bpf_map__name(map), GALETTE_NAME_LEN) &&
	       map_type_name(bpf_map__type(map)) != map_type_name(0) && key > 0 && value > 0 &&
	       key == bpf_map__key_size(map) && value == bpf_map__value_size(map);
}

static int read_maps(struct object *object, struct loc loc, struct diag *diag)
{
	struct bpf_map *map;
	int room = 0;

	bpf_object__for_each_map(map, object->bpf)
		room++;
	object->maps = xcalloc(room + 1, sizeof(*object->maps));
	bpf_object__for_each_map(map, object->bpf) {
		if (is_own(map))
			continue;
		object->maps[object->map_count++] = (struct object_map) {
			.name = bpf_map__name(map),
			.map = map,
			.type = bpf_map__type(map),
			.key_size = bpf_map__key_size(map),
			.value_size = bpf_map__value_size(map),
			.size = bpf_map__max_entries(map),
			.flags = bpf_map__map_flags(map),
			.key_type = bpf_map__btf_key_type_id(map),
			.value_type = bpf_map__btf_value_type_id(map),
		};
		if (!is_nf_map(object->btf, map)) {
			diag_error(diag, loc, "%s: map '%s' is not declared by NF_MAP()",
				   object->file, bpf_map__name(map));
			return -EINVAL;
		}
		if (bpf_map__key_size(map) > KEY_SIZE_MAX ||
		    bpf_map__value_size(map) > VALUE_SIZE_MAX) {
			diag_error(diag, loc,
				   "%s: map '%s' has keys of %u bytes and values of %u; %d and "
				   "%d are possible",
				   object->file, bpf_map__name(map), bpf_map__key_size(map),
				   bpf_map__value_size(map), KEY_SIZE_MAX, VALUE_SIZE_MAX);
			return -EINVAL;
		}
	}
	return 0;
}

static int read_program(struct object *object, struct loc loc, struct diag *diag)
{
	object->program = bpf_object__next_program(object->bpf, NULL);
	if (!object->program || bpf_object__next_program(object->bpf, object->program) ||
	    bpf_program__type(object->program) != BPF_PROG_TYPE_XDP) {
		diag_error(diag, loc, "%s: it must hold one XDP program", object->file);
		return -EINVAL;
	}
	return 0;
}

/* libbpf 1.1 trusts the file: many a bad offset in it is a crash. */
static void try_open(const void *bytes, size_t length)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "galette");

	libbpf_set_print(NULL);
	bpf_object__close(bpf_object__open_mem(bytes, length, &opts));
}

static int open_bytes(struct object *object, const void *bytes, size_t length, struct loc loc,
		      struct diag *diag)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "galette");
	int err = length ? trial(try_open, bytes, length) : -EINVAL;

	kernel_log_clear();
	if (err == -EFAULT) {
		diag_error(diag, loc, "%s: not a BPF object: libbpf %s cannot read it",
			   object->file, libbpf_version_string());
		return err;
	}
	if (!err) {
		object->bpf = bpf_object__open_mem(bytes, length, &opts);
		err = object->bpf ? 0 : -errno;
	}
	if (err)
		diag_error(diag, loc, "%s: not a BPF object: %s", object->file,
			   kernel_log_last(strerror(-err)));
	return err;
}

static int parse_object(struct object *object, int fd, struct loc loc, struct diag *diag)
{
	size_t length = 0;
	void *bytes = read_object(fd, &length);
	int err;

	if (!bytes) {
		diag_error(diag, loc, "%s: cannot read it: %s", object->file, strerror(errno));
		return -EINVAL;
	}
	object->file_size = length;
	object->file_crc32 = crc32(crc32(0, NULL, 0), bytes, length);
	err = open_bytes(object, bytes, length, loc, diag);
	free(bytes);
	if (err)
		return err;
	object->btf = bpf_object__btf(object->bpf);
	if (!object->btf) {
		diag_error(diag, loc, "%s: it has no BTF (compile with -g)", object->file);
		return -EINVAL;
	}
	return read_program(object, loc, diag) ?: read_rodata(object, loc, diag) ?:
						 read_maps(object, loc, diag);
}

struct object *object_open(const char *nf_path, const char *path, struct loc loc,
			   struct diag *diag)
{
	struct object *object = xcalloc(1, sizeof(*object));
	int fd = open_below(nf_path, path, &object->file);

	if (fd < 0) {
		diag_error(diag, loc,
			   fd == -ENOENT ? "no '%s.bpf.o' in %s" : "'%s.bpf.o' in %s: %s", path,
			   nf_path, strerror(-fd));
		object_free(object);
		return NULL;
	}
	if (parse_object(object, fd, loc, diag)) {
		object_free(object);
		object = NULL;
	}
	close(fd);
	return object;
}

void object_free(struct object *object)
{
	if (!object)
		return;
	bpf_object__close(object->bpf);
	free(object->actions);
	free(object->maps);
	free(object->file);
	free(object);
}

const struct object_map *object_map(const struct object *object, const char *name)
{
	for (int i = 0; i < object->map_count; i++)
		if (!strcmp(object->maps[i].name, name))
			return &object->maps[i];
	return NULL;
}

void *object_var(const struct object *object, const struct object_var *var)
{
	size_t length;
	char *data = (char *)bpf_map__initial_value(object->rodata, &length);

	return data + var->offset;
}
