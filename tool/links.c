/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>
#include <linux/if_link.h>
#include <bpf/bpf.h>

#include "diag.h"
#include "holder.h"
#include "kernel_log.h"
#include "links.h"
#include "load.h"
#include "netdev.h"
#include "pins.h"
#include "root.skel.h"
#include "shell.h"

#ifndef ENOTSUPP
#define ENOTSUPP 524 /* the kernel's own; drivers return it */
#endif

static bool has_name(__u32 id, const char *name)
{
	struct bpf_prog_info info = { 0 };
	__u32 length = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(id);

	if (fd < 0)
		return false;
	bpf_obj_get_info_by_fd(fd, &info, &length);
	close(fd);
	return !strcmp(info.name, name);
}

/* The program of this name of the first link that still has an interface; 0: none. */
static __u32 linked_program(const struct state *state, const char *name)
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
		if (!bpf_obj_get_info_by_fd(fd, &info, &length) && info.xdp.ifindex &&
		    has_name(info.prog_id, name))
			id = info.prog_id;
		close(fd);
	}
	if (count > 0)
		pins_list_free(names, count);
	return id;
}

static int load_root(const struct state *state, bool generic)
{
	struct root_bpf *skel = root_bpf__open();
	int delivered = pins_open(state->dir, "slow/delivered"), fd;
	int err = skel ? 0 : -errno;

	if (!err)
		err = delivered < 0 ? delivered
				    : bpf_map__reuse_fd(skel->maps.delivered, delivered);
	if (!err) {
		load_uniform(skel->obj);
		bpf_program__set_autoload(generic ? skel->progs.galette_root
						  : skel->progs.galette_root_generic,
					  false);
		err = bpf_map__reuse_fd(skel->maps.root, state->root_fd)
			      ?: root_bpf__load(skel);
	}
	fd = err ? err
		 : dup(bpf_program__fd(generic ? skel->progs.galette_root_generic
					       : skel->progs.galette_root));
	root_bpf__destroy(skel);
	if (delivered >= 0)
		close(delivered);
	return fd;
}

/* All interfaces of a chain that have the same mode have the same program. */
static int root_program(const struct state *state, bool generic)
{
	__u32 id = linked_program(state, holder_root_names[generic]);
	int fd = id ? bpf_prog_get_fd_by_id(id) : load_root(state, generic);

	if (fd < 0)
		error("cannot load the root program: %s", strerror(-fd));
	return fd;
}

/* What may be a driver that cannot, or not with these settings; generic can. */
static bool driver_refused(int err)
{
	return err == -EOPNOTSUPP || err == -ENOTSUPP || err == -EINVAL || err == -ERANGE ||
	       err == -ENOSPC;
}

/*
 * Why the driver refused, in its own words: bpf(2) keeps them back, netlink has
 * them, and is asked for the same, which fails again. Should it not, it is undone.
 */
static const char *driver_reason(const struct model_interface *interface, int program, int err)
{
	static const char lead[] = "Kernel error message: ";
	LIBBPF_OPTS(bpf_xdp_attach_opts, ours, .old_prog_fd = program);
	const char *reason;

	kernel_log_clear();
	if (!bpf_xdp_attach(interface->ifindex, program,
			    XDP_FLAGS_UPDATE_IF_NOEXIST | XDP_FLAGS_DRV_MODE, NULL))
		bpf_xdp_detach(interface->ifindex, XDP_FLAGS_DRV_MODE, &ours);
	reason = kernel_log_last(strerror(err == -ENOTSUPP ? EOPNOTSUPP : -err));
	return strncmp(reason, lead, strlen(lead)) ? reason : reason + strlen(lead);
}

/* The command that takes the driver's reason away; "" where none is known. */
static void driver_remedy(const struct model_interface *interface, const char *reason,
			  char *text, size_t size)
{
	char prefix[NETDEV_PREFIX_LEN] = "", name[SHELL_IFNAME_LEN];
	struct netdev dev, peer;

	*text = '\0';
	shell_word(name, sizeof(name), interface->name);
	if (strstr(reason, "Peer ") || strstr(reason, " peer ")) {
		if (netdev_read(interface->ifindex, &dev) || !dev.has_peer ||
		    netdev_read_peer(&dev, &peer, prefix))
			return;
		shell_word(name, sizeof(name), peer.name);
	}
	if (strcasestr(reason, "mtu"))
		snprintf(text, size, "%sip link set dev %s mtu 1500", prefix, name);
	else if (strstr(reason, "peer tx queues"))
		snprintf(text, size, "%sethtool -L %s tx 1", prefix, name);
	else if (strstr(reason, "LRO") && !strstr(reason, "host is"))
		snprintf(text, size, "ethtool -K %s lro off", name);
}

/* Who has the interface, and the command that makes it let go. */
static void say_taken(const struct state *state, const struct model_interface *interface)
{
	char root[PATH_MAX], command[HOLDER_COMMAND_LEN];
	struct holder holder;

	if (holder_find(interface->ifindex, dirname(strcpy(root, state->dir)), &holder))
		error("cannot attach to %s: XDP is taken", interface->name);
	else if (holder.galette)
		error("cannot attach to %s: %s%s has it (galette-pin show)", interface->name,
		      *holder.chain ? "chain " : "a chain that is pinned elsewhere",
		      holder.chain);
	else {
		holder_mend(&holder, interface->name, command, sizeof(command));
		error("cannot attach to %s: XDP program %u '%s' is on it (%s)", interface->name,
		      holder.prog_id, holder.name, command);
	}
}

static void say_why(const struct state *state, const struct model_interface *interface, int err)
{
	if (err == -EBUSY || err == -EEXIST)
		say_taken(state, interface);
	else if (err == -ENODEV)
		error("cannot attach to %s: there is no such interface in this network "
		      "namespace",
		      interface->name);
	else
		error("cannot attach to %s: %s", interface->name,
		      strerror(err == -ENOTSUPP ? EOPNOTSUPP : -err));
}

static int create(const struct model_interface *interface, int program, __u32 flags)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = flags);

	return bpf_link_create(program, interface->ifindex, BPF_XDP, &opts);
}

static int attach_generic(const struct state *state, struct model_interface *interface)
{
	int program = root_program(state, true), fd;

	if (program < 0)
		return program;
	interface->mode = XDP_FLAGS_SKB_MODE;
	fd = create(interface, program, interface->mode);
	if (fd < 0)
		say_why(state, interface, fd);
	close(program);
	return fd;
}

/* *refused: the driver cannot, and generic XDP may do. */
static int attach_native(const struct state *state, struct model_interface *interface,
			 enum galette_mode mode, bool *refused)
{
	int program = root_program(state, false), fd;
	char remedy[NETDEV_PREFIX_LEN + SHELL_IFNAME_LEN + 32];
	const char *reason;

	*refused = false;
	if (program < 0)
		return program;
	interface->mode = XDP_FLAGS_DRV_MODE;
	fd = create(interface, program, interface->mode);
	if (fd < 0 && !driver_refused(fd))
		say_why(state, interface, fd);
	if (driver_refused(fd)) {
		reason = driver_reason(interface, program, fd);
		driver_remedy(interface, reason, remedy, sizeof(remedy));
		*refused = mode == GALETTE_MODE_AUTO;
		if (*refused)
			warning("%s: generic XDP, slower, as native is refused: %s%s%s%s",
				interface->name, reason, *remedy ? " (" : "", remedy,
				*remedy ? ", then detach and attach)" : "");
		else
			error("cannot attach to %s: %s (%s)%s", interface->name, reason,
			      *remedy ? remedy : "--mode generic",
			      *remedy ? ", or use --mode generic" : "");
	}
	close(program);
	return fd;
}

/* A link in the mode asked for; sets interface->mode. An fd, or -errno after an error. */
static int attach(const struct state *state, struct model_interface *interface,
		  enum galette_mode mode)
{
	bool refused = mode == GALETTE_MODE_GENERIC;
	int fd = refused ? -1 : attach_native(state, interface, mode, &refused);

	return refused ? attach_generic(state, interface) : fd;
}

int links_attach(const struct state *state, struct model_interface *interface,
		 enum galette_mode mode)
{
	char encoded[NAME_MAX + 1];
	int fd, err;

	fd = attach(state, interface, mode);
	if (fd < 0)
		return fd;
	pins_encode(encoded, interface->name);
	err = pins_pin(fd, state->dir, "link/%s", encoded);
	if (err)
		error("cannot pin the link of %s in %s: %s", interface->name, state->dir,
		      strerror(-err));
	close(fd);
	return err;
}

int links_ifindex(const char *chain_dir, const char *interface, __u32 *ifindex)
{
	struct bpf_link_info info = { 0 };
	char encoded[NAME_MAX + 1];
	__u32 length = sizeof(info);
	int fd, err;

	pins_encode(encoded, interface);
	fd = pins_open(chain_dir, "link/%s", encoded);
	err = fd < 0 ? fd : bpf_obj_get_info_by_fd(fd, &info, &length);
	if (fd >= 0)
		close(fd);
	*ifindex = err ? 0 : info.xdp.ifindex;
	return err;
}

__u32 links_mode(__u32 ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	if (bpf_xdp_query(ifindex, 0, &query))
		return 0;
	return query.attach_mode == XDP_ATTACHED_SKB ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE;
}

/*
 * Taking away the pin alone would do, but only later: the kernel frees a link
 * in a worker, and until then the interface is taken.
 */
static int detach(const char *dir, const char *file)
{
	char path[PATH_MAX];
	int fd = pins_open(dir, "%s", file), err = fd < 0 ? fd : bpf_link_detach(fd);

	if (fd >= 0)
		close(fd);
	if (err == -ENOENT)
		return 0;
	return err ?: pins_path(path, dir, "%s", file) ?: pins_remove(path);
}

int links_detach(const char *chain_dir, const char *interface)
{
	char encoded[NAME_MAX + 1], dir[PATH_MAX];

	pins_encode(encoded, interface);
	return pins_path(dir, chain_dir, "link") ?: detach(dir, encoded);
}

int links_detach_all(const char *chain_dir)
{
	char dir[PATH_MAX];
	char **names;
	int count = pins_path(dir, chain_dir, "link") ?: pins_list(dir, &names), err = 0;

	if (count < 0)
		return count == -ENOENT ? 0 : count;
	for (int i = 0; i < count && !err; i++)
		err = detach(dir, names[i]);
	pins_list_free(names, count);
	return err;
}
