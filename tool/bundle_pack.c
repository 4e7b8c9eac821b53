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
#include "probe.h"

#define BAD_NAME "names of files in a bundle have up to %d bytes and no control characters"

struct pack {
	struct bundle_draft *draft;
	const struct model *model;
	const char *nf_path;
	char *const *archs;
	struct diag *diag;
	bool tags; /* this process may load programs */
};

/* ---- machines ---- */

struct machine {
	const char *arch, *how; /* to get functions for it */
	unsigned short elf;
};

static const struct machine machines[] = {
	{ "amd64", "make on such a machine builds it in build/nf", EM_X86_64 },
	{ "arm64",
	  "make CROSS_COMPILE=aarch64-linux-gnu- ARCH=arm64 builds it in build/arm64/nf",
	  EM_AARCH64 },
};

static const struct machine *machine_of(const char *arch)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (!strcmp(machines[i].arch, arch))
			return &machines[i];
	return NULL;
}

bool bundle_arch_known(const char *arch)
{
	return machine_of(arch);
}

static bool is_for(const char *bytes, size_t size, unsigned short machine)
{
	const Elf64_Ehdr *head = (const Elf64_Ehdr *)bytes;

	return size >= sizeof(*head) && !memcmp(head->e_ident, ELFMAG, SELFMAG) &&
	       head->e_ident[EI_DATA] == ELFDATA2LSB && le16toh(head->e_machine) == machine;
}

/* ---- natives ---- */

/* The first directory's that is for that machine; NULL: there is none. */
static char *read_native(const struct pack *pack, const char *path,
			 const struct machine *machine, size_t *size)
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
		if (bytes && is_for(bytes, *size, machine->elf))
			return bytes;
		free(bytes);
	}
	return NULL;
}

/* Where packets only meet it in the kernel, one that is not there is not missed. */
static void add_foreign(const struct pack *pack, const struct model_function *f,
			const struct machine *machine)
{
	size_t size;
	char *bytes = read_native(pack, f->path, machine, &size);

	if (bytes)
		bundle_draft_add(pack->draft, BUNDLE_NATIVE, f->path, machine->arch, bytes,
				 size, NULL);
	else if (f->slow)
		diag_error(pack->diag, f->decl->loc,
			   "no '%s.so' for %s in %s (%s: --nf-path DIR:DIR)", f->path,
			   machine->arch, pack->nf_path, machine->how);
	free(bytes);
}

/* This machine's is the one that was checked. */
static void add_native(const struct pack *pack, const struct model_function *f,
		       const char *arch)
{
	if (strcmp(arch, bundle_own_arch))
		add_foreign(pack, f, machine_of(arch));
	else
		bundle_draft_add(pack->draft, BUNDLE_NATIVE, f->path, arch, f->native->bytes,
				 f->native->size, NULL);
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

static void add_file(const struct pack *pack, const struct model_function *f,
		     const struct model_file *file)
{
	if (bundle_name_possible(file->name))
		bundle_draft_add(pack->draft, BUNDLE_FILE, file->name, NULL, file->bytes,
				 file->size, NULL);
	else
		diag_error(pack->diag, f->decl->loc, "%s: " BAD_NAME, file->path,
			   BUNDLE_NAME_MAX);
}

static void add_function(const struct pack *pack, int function)
{
	const struct model_function *f = &pack->model->functions[function];

	if (f->object->bpf)
		add_object(pack, function);
	for (int i = 0; f->native && pack->archs[i]; i++)
		add_native(pack, f, pack->archs[i]);
	for (int i = 0; i < f->file_count; i++)
		add_file(pack, f, &f->files[i]);
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
	const struct pack pack = { draft, model, nf_path, archs, diag, probe_may_load() };

	if (!bundle_name_possible(name))
		diag_error(diag, (struct loc) { 0 }, BAD_NAME, BUNDLE_NAME_MAX);
	bundle_draft_add(draft, BUNDLE_CHAIN, name, NULL, model->chain->text,
			 model->chain->length, NULL);
	add_needs(&pack);
	for (int i = 0; i < model->function_count; i++)
		add_function(&pack, i);
}
