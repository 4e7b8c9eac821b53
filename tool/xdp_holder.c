/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "alloc.h"
#include "doctor.h"
#include "pins.h"
#include "xdp_holder.h"

/*
 * The link that is on it: of all there are, for nobody can be asked. An interface of another
 * network namespace may have the same index, but not the same program by the same link.
 */
static __u32 find_link(__u32 ifindex, __u32 program)
{
	__u32 id = 0, found = 0;

	while (!found && !bpf_link_get_next_id(id, &id)) {
		struct bpf_link_info info = { 0 };
		__u32 length = sizeof(info);
		int fd = bpf_link_get_fd_by_id(id);

		if (fd < 0)
			continue;
		if (!bpf_obj_get_info_by_fd(fd, &info, &length) &&
		    info.type == BPF_LINK_TYPE_XDP && info.xdp.ifindex == ifindex &&
		    info.prog_id == program)
			found = id;
		close(fd);
	}
	return found;
}

static bool is_link(int fd, __u32 id)
{
	struct bpf_link_info info = { 0 };
	__u32 length = sizeof(info);

	return fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &length) && info.id == id;
}

/* Whether it is one of a chain's pinned links. */
static bool has_link(const char *dir, __u32 id)
{
	char links[PATH_MAX], **names;
	int count = pins_path(links, dir, "link") ? 0 : pins_list(links, &names);
	bool has = false;

	for (int i = 0; i < count; i++) {
		int fd = pins_open(links, "%s", names[i]);

		has |= is_link(fd, id);
		if (fd >= 0)
			close(fd);
	}
	if (count > 0)
		pins_list_free(names, count);
	return has;
}

static void find_chain(const char *pin_root, __u32 link, char chain[NAME_MAX + 1])
{
	char **names;
	int count = pins_list(pin_root, &names);

	for (int i = 0; i < count && !*chain; i++) {
		char dir[PATH_MAX];

		if (pins_path(dir, pin_root, "%s", names[i]) || !has_link(dir, link))
			continue;
		pins_decode(names[i]);
		snprintf(chain, NAME_MAX + 1, "%s", names[i]);
	}
	if (count > 0)
		pins_list_free(names, count);
}

int xdp_holder_find(__u32 ifindex, const char *pin_root, struct xdp_holder *holder)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	struct bpf_prog_info info = { 0 };
	__u32 length = sizeof(info);
	int err = bpf_xdp_query(ifindex, 0, &query), fd;

	*holder = (struct xdp_holder) { 0 };
	if (err)
		return err;
	holder->prog_id = query.drv_prog_id ?: query.skb_prog_id ?: query.hw_prog_id;
	holder->generic = !query.drv_prog_id && query.skb_prog_id;
	if (!holder->prog_id)
		return 0;
	fd = bpf_prog_get_fd_by_id(holder->prog_id);
	if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &length))
		snprintf(holder->prog_name, sizeof(holder->prog_name), "%s", info.name);
	if (fd >= 0)
		close(fd);
	holder->link_id = find_link(ifindex, holder->prog_id);
	if (holder->link_id)
		find_chain(pin_root, holder->link_id, holder->chain);
	return 0;
}

char *xdp_holder_mend(const struct xdp_holder *holder, const char *interface)
{
	char *word = shell_word(*holder->chain ? holder->chain : interface), *mend = NULL;
	int n;

	if (*holder->chain)
		n = asprintf(&mend, "galette-pin detach %s", word);
	else if (holder->link_id)
		n = asprintf(&mend, "bpftool link detach id %u", holder->link_id);
	else
		n = asprintf(&mend, "ip link set dev %s %s off", word,
			     holder->generic ? "xdpgeneric" : "xdp");
	free(word);
	return n < 0 ? NULL : mend;
}
