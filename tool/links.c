/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <linux/if_link.h>
#include <bpf/bpf.h>

#include "diag.h"
#include "links.h"
#include "pins.h"
#include "root.skel.h"

#ifndef ENOTSUPP
#define ENOTSUPP 524 /* the kernel's own; drivers return it */
#endif

/* The program of the first link that still has an interface; 0: none. */
static __u32 linked_program(const struct state *state)
{
	char dir[PATH_MAX];
	char **names;
	int count;
	__u32 id = 0;

	pins_path(dir, state->dir, "link");
	count = pins_list(dir, &names);
	for (int i = 0; i < count && !id; i++) {
		struct bpf_link_info info = { 0 };
		__u32 length = sizeof(info);
		int fd = pins_open(dir, "%s", names[i]);

		if (fd < 0)
			continue;
		if (!bpf_obj_get_info_by_fd(fd, &info, &length) && info.xdp.ifindex)
			id = info.prog_id;
		close(fd);
	}
	if (count > 0)
		pins_list_free(names, count);
	return id;
}

static int load_root(int root)
{
	struct root_bpf *skel = root_bpf__open();
	int err = skel ? bpf_map__reuse_fd(skel->maps.root, root) ?: root_bpf__load(skel)
		       : -errno;
	int fd = err ? err : dup(bpf_program__fd(skel->progs.galette_root));

	root_bpf__destroy(skel);
	return fd;
}

int links_root_program(const struct state *state)
{
	__u32 id = linked_program(state);
	int fd = id ? bpf_prog_get_fd_by_id(id) : load_root(state->root_fd);

	if (fd < 0)
		error("cannot load the root program: %s", strerror(-fd));
	return fd;
}

static const char *why_not(int err)
{
	switch (err) {
	case -EBUSY:
		return "another XDP program is on it (ip link set dev IF xdp off, or "
		       "xdp-loader unload IF --all)";
	case -EOPNOTSUPP:
	case -ENOTSUPP:
		return "its driver has no native XDP (--mode generic)";
	case -ENODEV:
		return "there is no such interface in this network namespace";
	default:
		return strerror(-err);
	}
}

/* What may be a driver that cannot, or not with these settings; generic can. */
static bool driver_refused(int err)
{
	return err == -EOPNOTSUPP || err == -ENOTSUPP || err == -EINVAL || err == -ERANGE;
}

static int create(const struct model_interface *interface, int program, __u32 flags)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = flags);

	return bpf_link_create(program, interface->ifindex, BPF_XDP, &opts);
}

int links_attach(const char *chain_dir, struct model_interface *interface, int root_program,
		 enum attach_mode mode)
{
	char encoded[NAME_MAX + 1];
	int fd, err;

	interface->mode = mode == ATTACH_GENERIC ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE;
	fd = create(interface, root_program, interface->mode);
	if (mode == ATTACH_AUTO && driver_refused(fd)) {
		warning("%s: native XDP is not to be had (%s): generic mode, slower",
			interface->name, strerror(fd == -ENOTSUPP ? EOPNOTSUPP : -fd));
		interface->mode = XDP_FLAGS_SKB_MODE;
		fd = create(interface, root_program, interface->mode);
	}
	if (fd < 0) {
		error("cannot attach to %s: %s", interface->name, why_not(fd));
		return fd;
	}
	pins_encode(encoded, interface->name);
	err = pins_pin(fd, chain_dir, "link/%s", encoded);
	if (err)
		error("cannot pin the link of %s in %s: %s", interface->name, chain_dir,
		      strerror(-err));
	close(fd);
	return err;
}

int links_detach(const char *chain_dir, const char *interface)
{
	char encoded[NAME_MAX + 1], path[PATH_MAX];

	pins_encode(encoded, interface);
	return pins_path(path, chain_dir, "link/%s", encoded) ?: pins_remove(path);
}
