// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <bpf/bpf.h>

#include "alloc.h"
#include "bundle_pack.h"
#include "kernel_has.h"
#include "load.h"
#include "object_read.h"

struct pack {
	struct bundle_draft *draft;
	const struct model *model;
	const char *nf_path;
	char *const *archs;
	struct diag *diag;
	bool tags; /* this process may load programs */
};

/* ---- machines ---- */

static const struct {
	const char *arch;
	unsigned short machine;
} machines[] = { { "amd64", EM_X86_64 }, { "arm64", EM_AARCH64 } };

static unsigned short machine_of(const char *arch)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (!strcmp(machines[i].arch, arch))
			return machines[i].machine;
	return EM_NONE;
}

bool bundle_arch_known(const char *arch)
{
	return machine_of(arch) != EM_NONE;
}

static bool is_for(const char *bytes, size_t size, unsigned short machine)
{
	const Elf64_Ehdr *head = (const Elf64_Ehdr *)bytes;

	return size >= sizeof(*head) && !memcmp(head->e_ident, ELFMAG, SELFMAG) &&
	       head->e_ident[EI_DATA] == ELFDATA2LSB && le16toh(head->e_machine) == machine;
}

/* ---- natives ---- */

/* The first directory's that is for that machine; NULL: there is none. */
static char *read_native(const struct pack *pack, const char *path, unsigned short machine,
			 size_t *size)
{
	for (const char *at = pack->nf_path; *at; at += *at == ':') {
		int length = strcspn(at, ":"), fd;
		char *dir = xstrndup(at, length), *file = NULL, *bytes;

		at += length;
		fd = length ? object_find(dir, path, ".so", &file) : -ENOENT;
		bytes = fd < 0 ? NULL : object_bytes(fd, OBJECT_SIZE_MAX, size);
		if (fd >= 0)
			close(fd);
		free(file);
		free(dir);
		if (bytes && is_for(bytes, *size, machine))
			return bytes;
		free(bytes);
	}
	return NULL;
}

static void add_native(const struct pack *pack, const struct model_function *f,
		       const char *arch)
{
	size_t size;
	char *bytes = read_native(pack, f->path, machine_of(arch), &size);

	if (bytes)
		bundle_draft_add(pack->draft, BUNDLE_NATIVE, f->path, arch, bytes, size, NULL);
	else
		diag_error(pack->diag, f->decl->loc,
			   "no '%s.so' for %s in %s (--nf-path DIR:DIR for more than one "
			   "machine)",
			   f->path, arch, pack->nf_path);
	free(bytes);
}

/* ---- programs ---- */

/* The kernel's tag of a function's program. "": not to be had. */
static void read_tag(const struct pack *pack, int function, char tag[2 * BPF_TAG_SIZE + 1])
{
	const struct model_function *f = &pack->model->functions[function];
	struct bpf_prog_info info = { 0 };
	__u32 length = sizeof(info);

	*tag = '\0';
	if (!pack->tags)
		return;
	load_proof(pack->model, function, pack->diag);
	if (bpf_program__fd(f->object->program) < 0 ||
	    bpf_obj_get_info_by_fd(bpf_program__fd(f->object->program), &info, &length))
		return;
	for (int i = 0; i < BPF_TAG_SIZE; i++)
		sprintf(tag + 2 * i, "%02x", info.tag[i]);
}

/* As it was checked: who replaces it meanwhile is told. */
static void add_object(const struct pack *pack, int function)
{
	const struct model_function *f = &pack->model->functions[function];
	int fd = open(f->object->file, O_RDONLY | O_CLOEXEC);
	char tag[2 * BPF_TAG_SIZE + 1];
	size_t size = 0;
	char *bytes = fd < 0 ? NULL : object_bytes(fd, OBJECT_SIZE_MAX, &size);

	if (fd >= 0)
		close(fd);
	if (!bytes || size != f->object->file_size ||
	    crc32(crc32(0, NULL, 0), (unsigned char *)bytes, size) != f->object->file_crc32) {
		diag_error(pack->diag, f->decl->loc, "%s: cannot read it again: %s",
			   f->object->file, bytes ? "it has changed" : strerror(errno));
	} else {
		read_tag(pack, function, tag);
		bundle_draft_add(pack->draft, BUNDLE_OBJECT, f->path, NULL, bytes, size,
				 *tag ? tag : NULL);
	}
	free(bytes);
}

static void add_function(const struct pack *pack, int function)
{
	const struct model_function *f = &pack->model->functions[function];

	if (f->object->bpf)
		add_object(pack, function);
	for (int i = 0; f->native && pack->archs[i]; i++)
		add_native(pack, f, pack->archs[i]);
	for (int i = 0; i < f->file_count; i++)
		bundle_draft_add(pack->draft, BUNDLE_FILE, f->files[i].name, NULL,
				 f->files[i].bytes, f->files[i].size, NULL);
}

/* ---- the kernel ---- */

static void add_needs(const struct pack *pack)
{
	const struct model *model = pack->model;

	bundle_draft_need(pack->draft, libbpf_bpf_map_type_str(BPF_MAP_TYPE_PROG_ARRAY));
	bundle_draft_need(pack->draft, libbpf_bpf_map_type_str(BPF_MAP_TYPE_PERCPU_ARRAY));
	bundle_draft_need(pack->draft, libbpf_bpf_map_type_str(BPF_MAP_TYPE_DEVMAP));
	for (int i = 0; i < model->map_count; i++)
		bundle_draft_need(pack->draft, libbpf_bpf_map_type_str(model->maps[i].type));
	if (model_leads_out(model)) {
		bundle_draft_need(pack->draft, libbpf_bpf_map_type_str(BPF_MAP_TYPE_XSKMAP));
		bundle_draft_need(pack->draft, KERNEL_AF_XDP);
		bundle_draft_need(pack->draft, KERNEL_LIVE_FRAMES);
	}
}

void bundle_pack(struct bundle_draft *draft, const struct model *model, const char *name,
		 const char *nf_path, char *const *archs, struct diag *diag)
{
	const struct pack pack = { draft, model, nf_path, archs, diag, load_possible() };

	bundle_draft_add(draft, BUNDLE_CHAIN, name, NULL, model->chain->text,
			 model->chain->length, NULL);
	add_needs(&pack);
	for (int i = 0; i < model->function_count; i++)
		add_function(&pack, i);
}
