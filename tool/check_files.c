// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The files that configs name (nf_file), read for the functions that run natively. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "alloc.h"
#include "check.h"
#include "given.h"
#include "object_read.h"
#include "slowpath/nf_trial.h"

enum {
	FILE_SIZE_MAX = 16 << 20, /* bytes */
	DEPTH_MAX = 32,           /* BTF does not say that its types end, */
	TYPES_MAX = 1 << 14,      /* or how often it comes by one */
};

/* ---- which fields ---- */

/* Without const and the like; *is_file: it is an nf_file. */
static const struct btf_type *plain(const struct btf *btf, __u32 id, bool *is_file)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	*is_file = false;
	for (int i = 0; i < DEPTH_MAX && t && (btf_is_mod(t) || btf_is_typedef(t)); i++) {
		const char *name = btf__name_by_offset(btf, t->name_off);

		if (btf_is_typedef(t) && name && !strcmp(name, "nf_file"))
			*is_file = true;
		t = btf__type_by_id(btf, t->type);
	}
	return t;
}

static bool walk(const struct btf *btf, __u32 id, int depth, int *types)
{
	bool is_file, has = false;
	const struct btf_type *t = plain(btf, id, &is_file);

	if (is_file || !t || depth > DEPTH_MAX || ++*types > TYPES_MAX)
		return is_file;
	if (btf_is_array(t))
		return walk(btf, btf_array(t)->type, depth + 1, types);
	for (int i = 0; btf_is_composite(t) && i < btf_vlen(t) && !has; i++)
		has = walk(btf, btf_members(t)[i].type, depth + 1, types);
	return has;
}

static bool has_file(const struct btf *btf, __u32 id)
{
	int types = 0;

	return walk(btf, id, 0, &types);
}

struct files {
	struct model_function *f;
	const struct check_input *input;
	struct diag *diag;
	int fields; /* that have been looked at */
};

/* ---- reading ---- */

/* What the chain file gives for a field of the config; NULL: nothing. */
static const struct node *given(const struct model_function *f, const char *field)
{
	const struct node *config = f->decl->config;
	char name[GALETTE_NAME_LEN];

	for (size_t i = 0; config && i < config->count; i++) {
		if (strlen(config->items[i].key) >= sizeof(name))
			continue;
		map_name_copy(name, config->items[i].key);
		if (!strcmp(name, field))
			return &config->items[i];
	}
	return NULL;
}

static struct loc loc_of(const struct model_function *f, const char *field)
{
	const struct node *node = given(f, field);

	return node ? node->loc : f->decl->loc;
}

/* In the bundle; else beside the chain file, else where objects are. An fd and *found, or a negative errno. */
static int open_file(struct files *x, const char *path, char **found)
{
	const char *chain = x->diag->file ?: "", *slash = strrchr(chain, '/');
	int beside = *path == '/' || !slash ? 0 : slash + 1 - chain, fd;

	*found = NULL;
	if (given_bundle())
		return object_find(x->input->nf_path, path, "", found);
	if (asprintf(found, "%.*s%s", beside, chain, path) < 0)
		return -ENOMEM;
	/* Not to wait for whoever opens a FIFO's other end. */
	fd = open(*found, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0)
		return fd;
	if ((errno != ENOENT && errno != ENOTDIR) || *path == '/')
		return -errno;
	free(*found);
	return object_find(x->input->nf_path, path, "", found);
}

static void read_file(struct files *x, const char *field, const char *path)
{
	struct loc loc = loc_of(x->f, field);
	struct model_file file = { 0 };
	int fd = open_file(x, path, &file.path);

	if (fd >= 0)
		file.bytes = object_bytes(fd, FILE_SIZE_MAX, &file.size);
	if (fd == -ENOENT && given_bundle())
		diag_error(x->diag, loc, "no file '%s' in %s", path, x->input->nf_path);
	else if (fd == -ENOENT && *path != '/')
		diag_error(x->diag, loc, "no file '%s' beside the chain file or in %s", path,
			   x->input->nf_path);
	else if (!file.bytes)
		diag_error(x->diag, loc, "%s: cannot read it: %s", file.path ?: path,
			   strerror(fd < 0 ? -fd : errno));
	if (fd >= 0)
		close(fd);
	if (!file.bytes) {
		free(file.path);
		return;
	}
	snprintf(file.field, sizeof(file.field), "%s", field);
	file.name = xstrdup(path);
	x->f->object_crc32 = crc32(x->f->object_crc32, (unsigned char *)file.bytes, file.size);
	x->f->files = xrealloc(x->f->files, (x->f->file_count + 1) * sizeof(file));
	x->f->files[x->f->file_count++] = file;
}

/* A field of the config that is an nf_file: its value is a path; "": none. */
static void take_file(struct files *x, const char *field, __u32 offset, __s64 size)
{
	const struct object *object = x->f->object;
	char path[PATH_MAX] = "";

	if (size <= 0 || size > PATH_MAX || offset + size > object->config.size ||
	    !object_identifier(field, GALETTE_NAME_LEN)) {
		diag_error(x->diag, x->f->decl->loc, "'%s' has an nf_file that makes no sense",
			   x->f->name);
		return;
	}
	memcpy(path, (char *)object_var(object, &object->config) + offset, size);
	path[size - 1] = '\0';
	if (*path)
		read_file(x, field, path);
}

/* The fields of a struct, and of unnamed ones in it. */
static void take_files(struct files *x, const struct btf_type *t, __u32 offset, int depth)
{
	const struct btf *btf = x->f->object->btf;

	for (int i = 0; i < btf_vlen(t) && x->fields++ < TYPES_MAX; i++) {
		const struct btf_member *member = &btf_members(t)[i];
		const char *name = btf__name_by_offset(btf, member->name_off) ?: "";
		__u32 at = offset + btf_member_bit_offset(t, i) / 8;
		bool is_file;
		const struct btf_type *type = plain(btf, member->type, &is_file);

		if (is_file)
			take_file(x, name, at, btf__resolve_size(btf, member->type));
		else if (!*name && type && btf_is_composite(type) && depth < DEPTH_MAX)
			take_files(x, type, at, depth + 1);
		else if (has_file(btf, member->type))
			diag_error(x->diag, loc_of(x->f, name),
				   "'%s' has an nf_file inside of '%s': only fields of the "
				   "config itself can be files",
				   x->f->name, name);
	}
}

static void read_files(struct files *x)
{
	const struct object *object = x->f->object;
	bool is_file;
	const struct btf_type *config =
		object->config.type ? plain(object->btf, object->config.type, &is_file) : NULL;

	if (!config || !btf_is_struct(config))
		return;
	take_files(x, config, 0, 0);
}

void check_files(struct model *model, const struct check_input *input, struct diag *diag)
{
	for (int i = 0; i < model->function_count; i++) {
		struct model_function *f = &model->functions[i];
		struct files x = { f, input, diag, 0 };
		int errors = diag->errors;

		if (!f->slow)
			continue;
		read_files(&x);
		if (diag->errors == errors)
			nf_trial(f, f->file_count ? loc_of(f, f->files[0].field) : f->decl->loc,
				 diag);
	}
}
