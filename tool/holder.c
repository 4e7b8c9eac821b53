/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <ftw.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/if_link.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "holder.h"
#include "pins.h"
#include "shell.h"

const char *const holder_root_names[2] = { "galette_root", "galette_root_ge" };

/* The program's name; it stays empty without privilege. */
static void read_name(struct holder *holder)
{
	struct bpf_prog_info info = { 0 };
	__u32 length = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(holder->prog_id);

	if (fd < 0)
		return;
	if (!bpf_obj_get_info_by_fd(fd, &info, &length))
		snprintf(holder->name, sizeof(holder->name), "%s", info.name);
	close(fd);
	for (int i = 0; i < 2; i++)
		holder->galette |= !strcmp(holder->name, holder_root_names[i]);
}

static bool is_its_link(const struct holder *holder, int fd, __u32 *id)
{
	struct bpf_link_info info = { 0 };
	__u32 length = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &length) || info.type != BPF_LINK_TYPE_XDP ||
	    info.xdp.ifindex != holder->ifindex || info.prog_id != holder->prog_id)
		return false;
	*id = info.id;
	return true;
}

static void find_link(struct holder *holder)
{
	for (__u32 id = 0; !holder->link_id && !bpf_link_get_next_id(id, &id);) {
		int fd = bpf_link_get_fd_by_id(id);

		if (fd < 0)
			continue;
		is_its_link(holder, fd, &holder->link_id);
		close(fd);
	}
}

/* The chain among whose links this is. */
static bool has_link(const struct holder *holder, const char *pin_root, const char *chain)
{
	char dir[PATH_MAX];
	char **names;
	int count = pins_path(dir, pin_root, "%s/link", chain) ?: pins_list(dir, &names);
	bool found = false;

	for (int i = 0; i < count; i++) {
		int fd = pins_open(dir, "%s", names[i]);
		__u32 id;

		if (fd < 0)
			continue;
		found |= is_its_link(holder, fd, &id);
		close(fd);
	}
	if (count >= 0)
		pins_list_free(names, count);
	return found;
}

static void find_chain(struct holder *holder, const char *pin_root)
{
	char **names;
	int count = pins_list(pin_root, &names);

	for (int i = 0; i < count && !*holder->chain; i++) {
		if (!has_link(holder, pin_root, names[i]))
			continue;
		snprintf(holder->chain, sizeof(holder->chain), "%s", names[i]);
		pins_decode(holder->chain);
	}
	if (count >= 0)
		pins_list_free(names, count);
}

int holder_find(__u32 ifindex, const char *pin_root, struct holder *holder)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	int err = bpf_xdp_query(ifindex, 0, &query);

	*holder = (struct holder) { .ifindex = ifindex };
	if (err)
		return err;
	holder->prog_id = query.drv_prog_id ?: query.skb_prog_id;
	holder->mode = query.drv_prog_id ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE;
	if (!holder->prog_id)
		return 0;
	read_name(holder);
	find_link(holder);
	if (holder->galette)
		find_chain(holder, pin_root);
	return 0;
}

/* ---- what keeps a link ---- */

static __u32 wanted_link; /* nftw() has no argument for its function */
static char found_pin[PATH_MAX];

static bool is_link(int fd)
{
	char path[32], kind[64] = "";

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return readlink(path, kind, sizeof(kind) - 1) > 0 && strstr(kind, "bpf-link");
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	struct bpf_link_info info = { 0 };
	__u32 length = sizeof(info);
	int fd = type == FTW_F ? bpf_obj_get(path) : -1;
	bool found;

	if (fd < 0)
		return 0;
	found = is_link(fd) && !bpf_obj_get_info_by_fd(fd, &info, &length) &&
		info.id == wanted_link;
	close(fd);
	if (found)
		snprintf(found_pin, sizeof(found_pin), "%s", path);
	return found;
}

/* A line of a file in /proc/PID/fdinfo. */
static bool has_line(const char *path, const char *line)
{
	FILE *file = fopen(path, "re");
	char is[128];
	bool found = false;

	while (file && !found && fgets(is, sizeof(is), file))
		found = !strcmp(is, line);
	if (file)
		fclose(file);
	return found;
}

static void process_name(int pid, char name[32])
{
	char path[32];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	file = fopen(path, "re");
	if (!file || !fgets(name, 32, file))
		strcpy(name, "?");
	name[strcspn(name, "\n")] = '\0';
	if (file)
		fclose(file);
}

static int find_process(const struct holder *holder)
{
	glob_t files = { 0 };
	char line[64];
	int pid = 0;

	snprintf(line, sizeof(line), "link_id:\t%u\n", holder->link_id);
	glob("/proc/[0-9]*/fdinfo/*", GLOB_NOSORT, NULL, &files);
	for (size_t i = 0; i < files.gl_pathc && !pid; i++)
		if (has_line(files.gl_pathv[i], line))
			pid = atoi(files.gl_pathv[i] + strlen("/proc/"));
	globfree(&files);
	return pid;
}

void holder_owner(const struct holder *holder, char *owner, size_t size)
{
	char name[32];
	int pid;

	*owner = *found_pin = '\0';
	wanted_link = holder->link_id;
	if (!wanted_link)
		return;
	if (pins_on_bpffs("/sys/fs/bpf") && nftw("/sys/fs/bpf", visit, 16, FTW_PHYS) > 0) {
		snprintf(owner, size, ", pinned as %s", found_pin);
		return;
	}
	pid = find_process(holder);
	if (!pid)
		return;
	process_name(pid, name);
	snprintf(owner, size, ", of process %d (%s)", pid, name);
}

void holder_mend(const struct holder *holder, const char *interface, char *command, size_t size)
{
	const char *mode = holder->mode == XDP_FLAGS_SKB_MODE ? "xdpgeneric" : "xdpdrv";
	char word[SHELL_IFNAME_LEN], chain[4 * NAME_MAX + 4];

	shell_word(word, sizeof(word), interface);
	if (*holder->chain)
		snprintf(command, size, "galette-pin detach %s",
			 shell_word(chain, sizeof(chain), holder->chain));
	else if (holder->link_id)
		snprintf(command, size, "bpftool link detach id %u", holder->link_id);
	else /* plain "xdp off" leaves a generic one where the driver has native XDP */
		snprintf(command, size, "ip link set dev %s %s off", word, mode);
}
