// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "bundle.h"
#include "given.h"
#include "kernel_has.h"
#include "probe.h"
#include "signature.h"

static struct {
	const char *name; /* as the user calls the file */
	char *inside;     /* "BUNDLE:CHAIN" */
	char *where;      /* its functions are */
	struct bundle *bundle;
	char *signer; /* NULL: nobody, or nobody who is trusted here */
} given;

/* ---- reading ---- */

static char *read_all(int fd, size_t *length)
{
	size_t room = 1 << 16;
	char *bytes = xmalloc(room);
	ssize_t got;

	*length = 0;
	while ((got = read(fd, bytes + *length, room - *length)) > 0 ||
	       (got < 0 && errno == EINTR)) {
		*length += got > 0 ? got : 0;
		if (*length > CHAIN_TEXT_MAX &&
		    (!bundle_is(bytes, *length) || *length > BUNDLE_SIZE_MAX)) {
			errno = EFBIG;
			got = -1;
			break;
		}
		if (*length == room)
			bytes = xrealloc(bytes, room *= 2);
	}
	if (got < 0) {
		free(bytes);
		return NULL;
	}
	return bytes;
}

static char *read_file(const char *file, size_t *length)
{
	bool standard_input = !strcmp(file, "-");
	int fd = standard_input ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC), err;
	char *bytes = fd < 0 ? NULL : read_all(fd, length);

	err = errno;
	if (fd >= 0 && !standard_input)
		close(fd);
	errno = err;
	return bytes;
}

static char *read_named(const char *file, size_t *length, struct diag *diag)
{
	char *bytes = read_file(file, length);

	diag->file = strcmp(file, "-") ? file : "<stdin>";
	if (!bytes)
		diag_error(diag, (struct loc) { 0 }, "cannot read it: %s", strerror(errno));
	return bytes;
}

/* ---- a bundle ---- */

/*
 * Its natives may all be for other machines. That is no error as long as all packets stay
 * in the kernel; if they do not, check() finds that a native is not there.
 */
static char *describe(void)
{
	char *archs = bundle_archs(given.bundle), *where = NULL;
	bool has_own = !*archs;

	for (int i = 0; i < given.bundle->member_count && !has_own; i++)
		has_own = !strcmp(given.bundle->members[i].arch, bundle_own_arch);
	if (!has_own && asprintf(&where, "%s (it is for %s; this machine is %s)", given.name,
				 archs, bundle_own_arch) < 0)
		where = NULL;
	free(archs);
	return where ?: xstrdup(given.name);
}

static bool kernel_can(struct diag *diag)
{
	bool may_load = probe_may_load(), can = true;

	for (int i = 0; i < bundle_needs(given.bundle); i++) {
		const char *need = bundle_need(given.bundle, i);

		switch (kernel_has(need, may_load)) {
		case KERNEL_HAS:
			continue;
		case KERNEL_LACKS:
			diag_error(diag, (struct loc) { 0 }, "this kernel lacks %s", need);
			break;
		case KERNEL_UNKNOWN:
			diag_error(diag, (struct loc) { 0 },
				   "it needs '%s', which this galette-pin does not know", need);
			break;
		}
		can = false;
	}
	return can;
}

/* Who signed comes before all that the bundle says of itself. */
static bool take_bundle(char *bytes, size_t length, struct diag *diag)
{
	const char *why;

	given.bundle = bundle_open(bytes, length, &why);
	if (!given.bundle) {
		diag_error(diag, (struct loc) { 0 }, "not a bundle that can be used: %s", why);
		free(bytes);
		return false;
	}
	/* Both parts lie one behind the other. */
	if (signature_check(given.bundle->manifest_text,
			    given.bundle->manifest_size + given.bundle->payload_size,
			    given.bundle->signature, given.bundle->signature_size,
			    &given.signer)) {
		diag_error(diag, (struct loc) { 0 }, "refused for its signature");
		return false;
	}
	if (!bundle_read(given.bundle, &why)) {
		diag_error(diag, (struct loc) { 0 }, "not a bundle that can be used: %s", why);
		return false;
	}
	if (!kernel_can(diag))
		return false;
	given.where = describe();
	if (asprintf(&given.inside, "%s:%s", given.name, given.bundle->members[0].name) >= 0)
		diag->file = given.inside;
	return true;
}

/*
 * What comes by standard input or a pipe may come from elsewhere, and could have taken a
 * signed bundle's place; a file is this machine's.
 */
static bool may_be_unsigned(const char *file, const char *bytes, size_t length,
			    struct diag *diag)
{
	struct stat st;
	char *signer;

	if ((strcmp(file, "-") && !stat(file, &st) && S_ISREG(st.st_mode)) ||
	    !signature_check(bytes, length, NULL, 0, &signer))
		return true;
	diag_error(diag, (struct loc) { 0 }, "refused for its signature");
	return false;
}

struct chain *given_source(const char *file, struct diag *diag)
{
	struct chain *chain = NULL;
	size_t length;
	char *bytes = read_named(file, &length, diag);

	if (bytes && bundle_is(bytes, length))
		diag_error(diag, (struct loc) { 0 }, "it is a bundle already");
	else if (bytes)
		chain = chain_parse(bytes, length, diag);
	free(bytes);
	return chain;
}

struct chain *given_read(const char *file, struct diag *diag)
{
	struct chain *chain = NULL;
	size_t length;
	char *bytes = read_named(file, &length, diag);

	given.name = diag->file;
	if (bytes && !bundle_is(bytes, length)) {
		if (may_be_unsigned(file, bytes, length, diag))
			chain = chain_parse(bytes, length, diag);
		free(bytes);
	} else if (bytes && take_bundle(bytes, length, diag)) {
		const struct bundle_member *member = &given.bundle->members[0];

		if (member->size > CHAIN_TEXT_MAX)
			diag_error(diag, (struct loc) { 0 }, "its chain is too large");
		else
			chain = chain_parse((const char *)member->bytes, member->size, diag);
	}
	return chain;
}

/* ---- what is in it ---- */

bool given_bundle(void)
{
	return given.bundle;
}

const char *given_where(const char *nf_path)
{
	return given.bundle ? given.where : nf_path;
}

static const struct bundle_member *find(const char *path, const char *suffix)
{
	if (!strcmp(suffix, ".bpf.o"))
		return bundle_member(given.bundle, BUNDLE_OBJECT, path, NULL);
	if (!strcmp(suffix, ".so"))
		return bundle_member(given.bundle, BUNDLE_NATIVE, path, bundle_own_arch);
	return bundle_member(given.bundle, BUNDLE_FILE, path, NULL);
}

bool given_has(const char *path, const char *suffix)
{
	return find(path, suffix);
}

/* As a file of no directory, for who reads files. */
static int as_file(const struct bundle_member *member)
{
	int fd = memfd_create("galette-member", MFD_CLOEXEC);
	size_t done = 0;

	while (fd >= 0 && done < member->size) {
		ssize_t n = write(fd, member->bytes + done, member->size - done);

		if (n < 0) {
			int err = errno;

			close(fd);
			errno = err;
			return -1;
		}
		done += n;
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

int given_open(const char *path, const char *suffix, char **file)
{
	const struct bundle_member *member = find(path, suffix);
	int fd;

	*file = NULL;
	if (!member)
		return -ENOENT;
	fd = as_file(member);
	if (fd < 0)
		return -errno;
	if (asprintf(file, "%s:%s%s", given.name, path, suffix) < 0) {
		close(fd);
		return -ENOMEM;
	}
	return fd;
}

void given_origin(struct galette_origin *origin)
{
	const char *slash = strrchr(given.name ?: "", '/'), *name;

	if (!given.bundle)
		return;
	name = slash ? slash + 1 : given.name;
	/* Shown on terminals as it is. */
	snprintf(origin->bundle, sizeof(origin->bundle), "%s",
		 bundle_name_possible(name) ? name : "?");
	snprintf(origin->sha256, sizeof(origin->sha256), "%s", given.bundle->digest);
	snprintf(origin->signer, sizeof(origin->signer), "%s", given.signer ?: "");
}
