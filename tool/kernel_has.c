/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <bpf/libbpf.h>

#include "kernel_has.h"
#include "probe.h"

static enum kernel_answer has_af_xdp(void)
{
	int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		close(fd);
	/* Who may not have one is told so when it is needed. */
	return fd < 0 && errno == EAFNOSUPPORT ? KERNEL_LACKS : KERNEL_HAS;
}

/* The map type that is called so; BPF_MAP_TYPE_UNSPEC: none. */
static enum bpf_map_type map_type(const char *feature)
{
	const char *name;

	for (int type = BPF_MAP_TYPE_HASH; (name = libbpf_bpf_map_type_str(type)); type++)
		if (!strcmp(name, feature))
			return type;
	return BPF_MAP_TYPE_UNSPEC;
}

enum kernel_answer kernel_has(const char *feature, bool may_load)
{
	enum bpf_map_type type = map_type(feature);
	bool live_frames = !strcmp(feature, KERNEL_LIVE_FRAMES);

	if (!strcmp(feature, KERNEL_AF_XDP))
		return has_af_xdp();
	if (type == BPF_MAP_TYPE_UNSPEC && !live_frames)
		return KERNEL_UNKNOWN;
	if (!may_load)
		return KERNEL_HAS;
	if (live_frames)
		return probe_live_frame() ? KERNEL_LACKS : KERNEL_HAS;
	return libbpf_probe_bpf_map_type(type, NULL) == 0 ? KERNEL_LACKS : KERNEL_HAS;
}
