// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * forge GENERATION_DIR SLOT: let a slot of a pinned generation hand frames to
 * galette-slow as they are, by forge.bpf.c. (bpftool cannot: programs of one
 * prog array have one expected attach type, and it always sets one.)
 */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

static int pinned(const char *dir, const char *name)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = bpf_obj_get(path);
	if (fd < 0) {
		perror(path);
		exit(1);
	}
	return fd;
}

int main(int argc, char **argv)
{
	__u32 slot = argc == 3 ? atoi(argv[2]) : 0;
	struct bpf_program *program;
	struct bpf_object *object;
	char path[512];
	int fd;

	if (argc != 3)
		return 2;
	snprintf(path, sizeof(path), "%s/forge.bpf.o", dirname(argv[0]));
	object = bpf_object__open(path);
	program = object ? bpf_object__next_program(object, NULL) : NULL;
	if (!program)
		return 1;
	bpf_program__set_expected_attach_type(program, 0);
	if (bpf_map__reuse_fd(bpf_object__find_map_by_name(object, "xsks"),
			      pinned(argv[1], "xsks")) ||
	    bpf_object__load(object))
		return 1;
	fd = bpf_program__fd(program);
	if (bpf_map_update_elem(pinned(argv[1], "slots"), &slot, &fd, BPF_ANY)) {
		perror("forge");
		return 1;
	}
	return 0;
}
