// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "nf_host.h"
#include "nf_shape.h"
#include "nf_view.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x10 /* Linux 6.3 */
#endif

struct nf_host {
	int file; /* its own copy; stays open, for its name is how the loader knows it */
	void *handle;
	struct nf_native *nf;
	struct btf *btf;
	int action_count;
	struct nf_clock clock;
	const struct loading *loading; /* while the NF loads */
};

/* What nf_host_load() was given. */
struct loading {
	const struct nf_host_file *files;
	int count;
	nf_host_complaint *complain;
	void *arg;
	int *complaints;
};

/* ---- the operations ---- */

static __u64 host_now(void *arg)
{
	const struct nf_host *host = arg;

	return nf_clock_now(&host->clock);
}

static void host_view_add(void *arg, void *p, __u32 size, __u64 n)
{
	struct nf_host *host = arg;

	for (struct nf_native_map *const *m = host->nf->maps; m < host->nf->maps_end; m++)
		if (nf_map_view_add((*m)->host, p, size, n))
			return;
	nf_add(p, size, n);
}

/* The file that a field of the config names; NULL: none. */
static const struct nf_host_file *find_file(const struct nf_host *host,
					    const volatile void *field)
{
	const volatile char *config = host->nf->config->data;
	const struct loading *loading = host->loading;

	for (int i = 0; loading && i < loading->count; i++)
		if (field == config + nf_shape_file(host->btf, loading->files[i].field))
			return &loading->files[i];
	return NULL;
}

static const char *host_file(void *arg, const volatile void *field, __u64 *size)
{
	const struct nf_host_file *file = find_file(arg, field);

	*size = file ? file->size : 0;
	return file ? file->bytes : NULL;
}

static void host_complain(void *arg, const volatile void *field, __u32 line, __u32 column,
			  const char *fmt, va_list args)
{
	const struct nf_host *host = arg;
	const struct nf_host_file *file = find_file(host, field);
	struct loc loc = { line > INT_MAX ? 0 : (int)line, column > INT_MAX ? 0 : (int)column };
	char *text = NULL;

	if (!host->loading)
		return;
	++*host->loading->complaints;
	if (vasprintf(&text, fmt, args) < 0)
		return;
	host->loading->complain(host->loading->arg, file ? file->field : NULL, loc, text);
	free(text);
}

static const struct nf_native_ops ops = {
	.now = host_now,
	.view = nf_map_view,
	.get = nf_map_get,
	.put = nf_map_put,
	.del = nf_map_del,
	.add = nf_map_add,
	.view_add = host_view_add,
	.file = host_file,
	.complain = host_complain,
};

/* ---- loading ---- */

/*
 * A file of its own: the dynamic loader gives one file's static data only once,
 * and who overwrites a file in use pulls code from under it. A descriptor, or a
 * negative errno.
 */
static int copy_file(const char *path)
{
	int from = open(path, O_RDONLY | O_CLOEXEC), to = -1, err = 0;
	struct stat st;

	if (from < 0 || fstat(from, &st))
		err = -errno;
	if (!err) {
		to = memfd_create("galette-nf", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
		if (to < 0)
			to = memfd_create("galette-nf", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		err = to < 0 ? -errno : 0;
	}
	for (off_t left = st.st_size; !err && left;) {
		ssize_t n = sendfile(to, from, NULL, left);

		err = n < 0 ? -errno : n == 0 ? -EIO : 0;
		left -= n;
	}
	if (!err && fcntl(to, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK))
		err = -errno;
	if (from >= 0)
		close(from);
	if (err && to >= 0)
		close(to);
	return err ?: to;
}

static int load(struct nf_host *host, const char *file, struct loc loc, struct diag *diag)
{
	char path[64];

	host->file = copy_file(file);
	if (host->file < 0) {
		diag_error(diag, loc, "%s: cannot read it: %s", file, strerror(-host->file));
		return -EINVAL;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", host->file);
	host->btf = btf__parse_elf(path, NULL);
	if (!host->btf) {
		diag_error(diag, loc, "%s: it has no BTF (gcc -gbtf): %s", file,
			   strerror(errno));
		return -EINVAL;
	}
	host->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	host->nf = host->handle ? dlsym(host->handle, "nf_native") : NULL;
	if (!host->nf) {
		diag_error(diag, loc, "%s: not a native NF: %s", file, dlerror());
		return -EINVAL;
	}
	if (host->nf->version != NF_NATIVE_VERSION || host->nf->size != sizeof(*host->nf)) {
		diag_error(diag, loc,
			   "%s: it is built against version %u of galette/nf.h, not "
			   "%u (or for another machine)",
			   file, host->nf->version, NF_NATIVE_VERSION);
		return -EINVAL;
	}
	return 0;
}

struct nf_host *nf_host_open(const char *file, const struct object *object, struct loc loc,
			     struct diag *diag)
{
	struct nf_host *host = xcalloc(1, sizeof(*host));
	char *why = NULL;

	if (load(host, file, loc, diag)) {
		nf_host_free(host);
		return NULL;
	}
	host->action_count = nf_shape_actions(host->btf);
	if (host->action_count <= 0 ||
	    (object && !nf_shape_same(host->nf, host->btf, object, &why))) {
		diag_error(diag, loc, "%s: %s", file, why ?: "it has no actions");
		free(why);
		nf_host_free(host);
		return NULL;
	}
	host->nf->ops = &ops;
	host->nf->host = host;
	return host;
}

void nf_host_free(struct nf_host *host)
{
	if (!host)
		return;
	for (struct nf_native_map *const *m = host->nf && host->nf->ops ? host->nf->maps : NULL;
	     m && m < host->nf->maps_end; m++)
		nf_bound_map_free((*m)->host);
	if (host->handle)
		dlclose(host->handle);
	btf__free(host->btf);
	if (host->file >= 0)
		close(host->file);
	free(host);
}

const struct nf_native *nf_host_nf(const struct nf_host *host)
{
	return host->nf;
}

const struct btf *nf_host_btf(const struct nf_host *host)
{
	return host->btf;
}

int nf_host_action_count(const struct nf_host *host)
{
	return host->action_count;
}

/* ---- setting up ---- */

/* It is const to the NF: compilers may have put it where nobody writes. */
int nf_host_config(struct nf_host *host, const void *config, size_t size)
{
	const struct nf_native_config *to = host->nf->config;
	size_t page = sysconf(_SC_PAGESIZE);
	char *data = (char *)to->data, *start = data - (uintptr_t)data % page;

	if (size != to->size)
		return -EINVAL;
	if (!size)
		return 0;
	if (mprotect(start, data + size - start, PROT_READ | PROT_WRITE))
		return -errno;
	memcpy(data, config, size);
	return 0;
}

int nf_host_load(struct nf_host *host, const struct nf_host_file *files, int count,
		 nf_host_complaint *complain, void *arg)
{
	int complaints = 0, err;
	const struct loading loading = { files, count, complain, arg, &complaints };

	for (int i = 0; i < count; i++)
		if (nf_shape_file(host->btf, files[i].field) < 0)
			return -ENOENT;
	if (!host->nf->load)
		return 0;
	host->loading = &loading;
	err = host->nf->load();
	host->loading = NULL;
	return err > 0 || (!err && complaints) ? -EINVAL : err;
}

void nf_host_clock(struct nf_host *host, const struct nf_clock *clock)
{
	host->clock = *clock;
}

static struct nf_native_map *find_map(const struct nf_host *host, const char *name)
{
	for (struct nf_native_map *const *m = host->nf->maps; m < host->nf->maps_end; m++)
		if (!strcmp((*m)->name, name))
			return *m;
	return NULL;
}

int nf_host_bind(struct nf_host *host, const char *name, int fd)
{
	struct nf_native_map *map = find_map(host, name);
	struct nf_bound_map *bound;
	int err;

	if (!map)
		return -ENOENT;
	bound = xcalloc(1, sizeof(*bound));
	err = nf_bridge_open(&bound->bridge, fd, map->key_size, map->value_size, host->btf,
			     nf_shape_map_type(host->btf, name, "value"));
	if (err) {
		free(bound);
		return err;
	}
	nf_bound_map_free(map->host);
	map->host = bound;
	return 0;
}

const char *nf_host_unbound(const struct nf_host *host)
{
	for (struct nf_native_map *const *m = host->nf->maps; m < host->nf->maps_end; m++)
		if (!(*m)->host)
			return (*m)->name;
	return NULL;
}

/* ---- running ---- */

int nf_host_run(struct nf_host *host, struct pkt *pkt)
{
	__u32 action = host->nf->entry(pkt);

	for (struct nf_native_map *const *m = host->nf->maps; m < host->nf->maps_end; m++)
		nf_map_close_views((*m)->host);
	return action < (__u32)host->action_count ? (int)action : NF_HOST_MISSED;
}

void nf_host_flush(void)
{
	nf_maps_flush();
}
