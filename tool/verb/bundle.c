/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "bundle_pack.h"
#include "check.h"
#include "given.h"
#include "options.h"

/* ---- writing ---- */

static int write_all(int fd, const char *bytes, size_t size)
{
	while (size) {
		ssize_t n = write(fd, bytes, size);

		if (n < 0 && errno != EINTR)
			return -errno;
		bytes += n > 0 ? n : 0;
		size -= n > 0 ? n : 0;
	}
	return 0;
}

/* As open() would give it to a new file. */
static mode_t new_mode(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

/* Whole or not at all: under another name first, until it is on the disk. */
static int replace_file(const char *file, const char *bytes, size_t size)
{
	char *draft;
	int fd, err;

	if (asprintf(&draft, "%s.XXXXXX", file) < 0)
		return -ENOMEM;
	fd = mkostemp(draft, O_CLOEXEC);
	err = fd < 0 ? -errno : write_all(fd, bytes, size);
	if (!err && (fchmod(fd, new_mode()) || fsync(fd) || rename(draft, file)))
		err = -errno;
	if (fd >= 0)
		close(fd);
	if (fd >= 0 && err)
		unlink(draft);
	free(draft);
	return err;
}

static int write_into(const char *file, const char *bytes, size_t size)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC), err = fd < 0 ? -errno : 0;

	if (!err)
		err = write_all(fd, bytes, size);
	if (fd >= 0)
		close(fd);
	return err;
}

/* A device or a pipe is not replaced, and a link leads on to what is. */
static int write_file(const char *file, const char *bytes, size_t size)
{
	struct stat st;
	char *real;
	int err;

	if (!strcmp(file, "-"))
		return write_all(STDOUT_FILENO, bytes, size);
	if (!stat(file, &st) && !S_ISREG(st.st_mode))
		return write_into(file, bytes, size);
	real = realpath(file, NULL);
	err = replace_file(real ?: file, bytes, size);
	free(real);
	return err;
}

/* ---- the verb ---- */

static bool same_file(const char *a, const char *b)
{
	struct stat one, other;

	return !stat(a, &one) && !stat(b, &other) && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}

/* "arm64,amd64", split in place; NULL: one of them is unknown. */
static char **parse_archs(char *text)
{
	char **archs = xcalloc(strlen(text) / 2 + 2, sizeof(*archs)), *rest = text, *word;

	for (int n = 0; (word = strsep(&rest, ",")); n++) {
		archs[n] = word;
		if (!bundle_arch_known(word)) {
			error("--arch: machines are amd64 and arm64, not '%s'", word);
			free(archs);
			return NULL;
		}
	}
	return archs;
}

/* Whether it can be read again: there are limits, and names that are no UTF-8. */
static bool is_readable(const char *bytes, size_t size)
{
	char *copy = xmalloc(size);
	const char *why;
	struct bundle *bundle;
	bool readable;

	if (size > BUNDLE_SIZE_MAX) {
		error("a bundle has up to %d MiB, and this one %zu", BUNDLE_SIZE_MAX >> 20,
		      (size >> 20) + 1);
		free(copy);
		return false;
	}
	memcpy(copy, bytes, size);
	bundle = bundle_open(copy, size, &why);
	if (!bundle)
		free(copy);
	readable = bundle && bundle_read(bundle, &why);
	if (!readable)
		error("what was packed could not be read again: %s", why);
	bundle_free(bundle);
	return readable;
}

static int write_bundle(const struct options *options, struct bundle_draft *draft)
{
	size_t size;
	char *bytes = bundle_draft_finish(draft, options->key, &size);
	int err = bytes && is_readable(bytes, size) ? 0 : -EINVAL;

	if (!err) {
		err = write_file(options->output, bytes, size);
		if (err)
			error("cannot write %s: %s", options->output, strerror(-err));
	}
	free(bytes);
	return err ? STATUS_FAILED : STATUS_DONE;
}

/* What a chain file is called in its bundle. */
static const char *chain_name(const char *file)
{
	const char *slash = strrchr(file, '/');

	return !strcmp(file, "-") ? "chain.toml" : slash ? slash + 1 : file;
}

static int pack(const struct options *options, char *const *archs)
{
	struct bundle_draft *draft = bundle_draft_new();
	struct diag diag = { 0 };
	struct chain *chain = given_source(options->argv[0], &diag);
	const struct check_input input = { .name = "", .nf_path = options->nf_path };
	struct model *model = chain ? check(chain, &input, &diag) : NULL;
	int status;

	if (model && !diag.errors)
		bundle_pack(draft, model, chain_name(options->argv[0]), options->nf_path, archs,
			    &diag);
	status = model && !diag.errors ? STATUS_DONE : STATUS_USAGE;
	diag_flush(&diag);
	if (!status)
		status = write_bundle(options, draft);
	bundle_draft_free(draft);
	model_free(model);
	diag_free(&diag);
	return status;
}

int verb_bundle(struct options *options)
{
	char *text = xstrdup(options->archs ?: bundle_own_arch), **archs;
	int status = STATUS_USAGE;

	if (!options->output)
		error("bundle needs -o FILE");
	else if (same_file(options->output, options->argv[0]))
		error("%s is the chain file itself", options->output);
	else if ((archs = parse_archs(text))) {
		status = pack(options, archs);
		free(archs);
	}
	free(text);
	return status;
}
