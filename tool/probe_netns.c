/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Probes with interfaces of their own, in a network namespace that goes with them. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>
#include <linux/if_link.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>

#include "netdev.h"
#include "probe.h"

/* The calling process is back in its own namespace behind it, or it ends. */
static int in_new_netns(int (*probe)(void *answer), void *answer)
{
	int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), err;

	if (here < 0)
		return -errno;
	err = unshare(CLONE_NEWNET) ? -errno : 0;
	if (!err) {
		err = probe(answer);
		if (setns(here, CLONE_NEWNET))
			abort();
	}
	close(here);
	return err;
}

static int attach_link(void *answer)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_SKB_MODE);
	int program = probe_program(XDP_PASS), link;

	if (program < 0)
		return program;
	link = bpf_link_create(program, if_nametoindex("lo"), BPF_XDP, &opts);
	close(program);
	if (link < 0)
		return link;
	close(link);
	return 0;
}

int probe_link(void)
{
	return in_new_netns(attach_link, NULL);
}

static int add_veth(const char *name, const char *peer)
{
	struct nl_sock *sock = nl_socket_alloc();
	int err = sock && !nl_connect(sock, NETLINK_ROUTE) ? 0 : -EIO;

	if (!err && rtnl_link_veth_add(sock, name, peer, getpid()) < 0)
		err = -EOPNOTSUPP;
	nl_socket_free(sock);
	return err;
}

/* The driver lets the other end have no greater MTU while there is native XDP. */
static int attach_veth(void *answer)
{
	int err = add_veth("probe0", "probe1"), program;

	if (err)
		return err;
	program = probe_program(XDP_PASS);
	if (program < 0)
		return program;
	err = bpf_xdp_attach(if_nametoindex("probe0"), program, XDP_FLAGS_DRV_MODE, NULL)
		      ?: netdev_max_mtu(if_nametoindex("probe1"), answer);
	close(program);
	return err;
}

/* All veths of a kernel have the same: one try is enough. */
int probe_veth_mtu(__u32 *mtu)
{
	static __u32 known;
	int err = known ? 0 : in_new_netns(attach_veth, &known);

	if (!err)
		*mtu = known;
	return err;
}
