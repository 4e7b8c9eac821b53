/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "diag.h"
#include "kernel_log.h"
#include "load.h"
#include "pins.h"
#include "terminal.h"
#include "terminal.skel.h"

/* The file's name, and the program's in terminal.bpf.c. */
static const char *program_of(const struct target *target, char file[NAME_MAX + 1])
{
	char encoded[NAME_MAX + 1];

	switch (target->kind) {
	case TARGET_TX:
		strcpy(file, "tx");
		return "galette_tx";
	case TARGET_DROP:
		strcpy(file, "drop");
		return "galette_drop";
	case TARGET_PASS:
		strcpy(file, "pass");
		return "galette_pass";
	case TARGET_ABORT:
		strcpy(file, "abort");
		return "galette_abort";
	case TARGET_REDIRECT:
		pins_encode(encoded, target->name);
		snprintf(file, NAME_MAX + 1, "tx-%.*s", NAME_MAX - 3, encoded);
		return "galette_redirect";
	case TARGET_FUNCTION:
	case TARGET_UPCALL:
	case TARGET_NONE:
		break;
	}
	return NULL;
}

/* One program of the object, with or without the generation's devmap. */
static int load(const char *program_name, int devmap, __u32 egress)
{
	struct terminal_bpf *skel = terminal_bpf__open();
	struct bpf_program *program, *wanted = NULL;
	int err, fd;

	if (!skel)
		return -errno;
	bpf_object__for_each_program(program, skel->obj) {
		bool is_wanted = !strcmp(bpf_program__name(program), program_name);

		bpf_program__set_autoload(program, is_wanted);
		if (is_wanted)
			wanted = program;
	}
	load_uniform(skel->obj);
	skel->rodata->egress = egress;
	if (devmap >= 0)
		err = bpf_map__reuse_fd(skel->maps.devmap, devmap);
	else
		err = bpf_map__set_autocreate(skel->maps.devmap, false);
	err = err ?: terminal_bpf__load(skel);
	fd = err ? err : dup(bpf_program__fd(wanted));
	if (!err && fd < 0)
		fd = -errno;
	terminal_bpf__destroy(skel);
	return fd;
}

int terminal_open(const char *generation_dir, const struct target *target, __u32 egress)
{
	char file[NAME_MAX + 1], word[GALETTE_TARGET_LEN];
	const char *program = program_of(target, file);
	int fd = pins_open(generation_dir, "%s", file), devmap = -1, err = 0;

	if (fd >= 0)
		return fd;
	kernel_log_clear();
	if (fd != -ENOENT)
		err = fd;
	if (!err && target->kind == TARGET_REDIRECT) {
		devmap = pins_open(generation_dir, "devmap");
		err = devmap < 0 ? devmap : 0;
	}
	if (!err) {
		fd = load(program, devmap, egress);
		err = fd < 0 ? fd : pins_pin(fd, generation_dir, "%s", file);
	}
	if (devmap >= 0)
		close(devmap);
	if (!err)
		return fd;
	if (fd >= 0)
		close(fd);
	target_format(target, word);
	error("cannot load the program for '%s': %s", word, strerror(-err));
	return err;
}

void terminal_remove(const char *generation_dir, const struct target *target)
{
	char file[NAME_MAX + 1], path[PATH_MAX];

	if (program_of(target, file) && !pins_path(path, generation_dir, "%s", file))
		pins_remove(path);
}

int terminal_load_pass(void)
{
	int fd = load("galette_pass", -1, 0);

	if (fd < 0)
		error("cannot load the program for 'pass': %s", strerror(-fd));
	return fd;
}
