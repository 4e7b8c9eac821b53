/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/libbpf.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/route/link.h>

#include "ethtool.h"
#include "netdev.h"
#include "shell.h"

/* include/uapi/linux/netdev.h, which Debian 12 does not have. */
enum {
	GNL_NETDEV_CMD_DEV_GET = 1,
	GNL_NETDEV_A_DEV_IFINDEX = 1,
	GNL_NETDEV_A_DEV_XDP_FEATURES = 3,
};

/* ---- one interface of this namespace ---- */

/* Hardware does, and a bridge. What is made of other interfaces takes what those take. */
static bool has_filter(const struct netdev *dev)
{
	return !dev->loopback && (!*dev->kind || !strcmp(dev->kind, "bridge"));
}

static int read_link(struct netdev *dev)
{
	struct nl_sock *sock = nl_socket_alloc();
	struct rtnl_link *link = NULL;
	int err = -EIO;

	if (sock && !nl_connect(sock, NETLINK_ROUTE) &&
	    !rtnl_link_get_kernel(sock, dev->ifindex, NULL, &link)) {
		const char *type = rtnl_link_get_type(link); /* NULL: none that ip(8) can add */

		snprintf(dev->name, sizeof(dev->name), "%s", rtnl_link_get_name(link));
		snprintf(dev->kind, sizeof(dev->kind), "%s", type ?: "");
		dev->up = rtnl_link_get_flags(link) & IFF_UP;
		dev->loopback = rtnl_link_get_flags(link) & IFF_LOOPBACK;
		/* The count: the flag that is told is ip(8)'s own, not a bridge's. */
		dev->filters = has_filter(dev) && !rtnl_link_get_promiscuity(link);
		dev->mtu = rtnl_link_get_mtu(link);
		dev->has_peer = !strcmp(dev->kind, "veth");
		dev->peer = rtnl_link_get_link(link);
		if (rtnl_link_get_link_netnsid(link, &dev->peer_netns))
			dev->peer_netns = -1;
		rtnl_link_put(link);
		err = 0;
	}
	nl_socket_free(sock);
	return err;
}

int netdev_read(__u32 ifindex, struct netdev *dev)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, xdp);
	int err;

	*dev = (struct netdev) { .ifindex = ifindex };
	err = read_link(dev) ?: ethtool_offloads(dev->name, &dev->offloads, &dev->fixed) ?:
	      bpf_xdp_query(ifindex, 0, &xdp);
	if (err)
		return err;
	ethtool_driver(dev->name, dev->driver);
	if (!*dev->driver)
		snprintf(dev->driver, sizeof(dev->driver), "%s", dev->kind);
	ethtool_queues(dev->name, &dev->rx_queues, &dev->tx_queues);
	dev->native_xdp = xdp.drv_prog_id;
	return 0;
}

__u32 netdev_queues(__u32 ifindex)
{
	char name[IF_NAMESIZE];
	__u32 rx = 0, tx;

	if (if_indextoname(ifindex, name))
		ethtool_queues(name, &rx, &tx);
	return rx ?: 1;
}

/* ---- questions to netlink that libnl has no function for ---- */

/* Send a request, and have its one answer read by `read`. Takes the message over. */
static int ask(struct nl_sock *sock, struct nl_msg *msg, nl_recvmsg_msg_cb_t read, void *answer)
{
	int err;

	nl_socket_disable_auto_ack(sock);
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, read, answer);
	err = nl_send_auto(sock, msg);
	nlmsg_free(msg);
	return err < 0 ? err : nl_recvmsgs_default(sock);
}

static int read_nsid(struct nl_msg *msg, void *answer)
{
	struct nlattr *nsid =
		nlmsg_find_attr(nlmsg_hdr(msg), sizeof(struct rtgenmsg), NETNSA_NSID);

	if (nsid)
		*(int *)answer = nla_get_s32(nsid);
	return NL_OK;
}

/* What this network namespace calls the one of netns_fd; negative: nothing. */
static int netns_id(struct nl_sock *sock, int netns_fd)
{
	struct rtgenmsg header = { .rtgen_family = AF_UNSPEC };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETNSID, NLM_F_REQUEST);
	int id = NETNSA_NSID_NOT_ASSIGNED;

	if (!msg)
		return id;
	nlmsg_append(msg, &header, sizeof(header), NLMSG_ALIGNTO);
	nla_put_u32(msg, NETNSA_FD, netns_fd);
	return ask(sock, msg, read_nsid, &id) < 0 ? NETNSA_NSID_NOT_ASSIGNED : id;
}

static int read_max_mtu(struct nl_msg *msg, void *answer)
{
	struct nlattr *max =
		nlmsg_find_attr(nlmsg_hdr(msg), sizeof(struct ifinfomsg), IFLA_MAX_MTU);

	if (max)
		*(__u32 *)answer = nla_get_u32(max);
	return NL_OK;
}

int netdev_max_mtu(__u32 ifindex, __u32 *mtu)
{
	struct ifinfomsg header = { .ifi_index = ifindex };
	struct nl_sock *sock = nl_socket_alloc();
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETLINK, NLM_F_REQUEST);
	int err = -EIO;

	*mtu = 0;
	if (sock && msg && !nl_connect(sock, NETLINK_ROUTE)) {
		nlmsg_append(msg, &header, sizeof(header), NLMSG_ALIGNTO);
		err = ask(sock, msg, read_max_mtu, mtu) < 0 || !*mtu ? -EIO : 0;
		msg = NULL;
	}
	nlmsg_free(msg);
	nl_socket_free(sock);
	return err;
}

static int read_xdp_features(struct nl_msg *msg, void *answer)
{
	struct nlattr *features =
		nlmsg_find_attr(nlmsg_hdr(msg), GENL_HDRLEN, GNL_NETDEV_A_DEV_XDP_FEATURES);

	if (features)
		*(int *)answer = nla_get_u64(features) & INT_MAX;
	return NL_OK;
}

int netdev_xdp_features(__u32 ifindex)
{
	struct nl_sock *sock = nl_socket_alloc();
	struct nl_msg *msg = nlmsg_alloc();
	int family, features = -1;

	if (!sock || !msg || genl_connect(sock))
		goto out;
	family = genl_ctrl_resolve(sock, "netdev");
	if (family < 0)
		goto out;
	genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, 0, GNL_NETDEV_CMD_DEV_GET, 1);
	nla_put_u32(msg, GNL_NETDEV_A_DEV_IFINDEX, ifindex);
	ask(sock, msg, read_xdp_features, &features);
	msg = NULL;
out:
	nlmsg_free(msg);
	nl_socket_free(sock);
	return features;
}

int netdev_takes_redirects(__u32 ifindex)
{
	int features = netdev_xdp_features(ifindex);

	return features < 0 ? -1 : (features & NETDEV_XDP_NDO_XMIT) != 0;
}

/* ---- the other end of a veth ---- */

/* How to get into the namespace of this file. */
static bool describe(const char *path, char prefix[NETDEV_PREFIX_LEN])
{
	char word[NETDEV_PREFIX_LEN - sizeof("nsenter --net= ")];
	int pid;

	if (!strncmp(path, "/run/netns/", 11))
		snprintf(prefix, NETDEV_PREFIX_LEN, "nsenter --net=%s ",
			 shell_word(word, sizeof(word), path));
	else if (sscanf(path, "/proc/%d/", &pid) == 1)
		snprintf(prefix, NETDEV_PREFIX_LEN, "nsenter -n -t %d ", pid);
	else
		return false;
	return true;
}

/* A namespace by its id: one with a name, or that of a process. An fd, or -ENOENT. */
static int find_netns(int id, char prefix[NETDEV_PREFIX_LEN])
{
	struct nl_sock *sock = nl_socket_alloc();
	glob_t paths = { 0 };
	int fd = -1;

	if (sock && !nl_connect(sock, NETLINK_ROUTE)) {
		glob("/run/netns/*", 0, NULL, &paths);
		glob("/proc/[0-9]*/ns/net", GLOB_APPEND, NULL, &paths);
	}
	for (size_t i = 0; i < paths.gl_pathc; i++) {
		fd = open(paths.gl_pathv[i], O_RDONLY | O_CLOEXEC);
		if (fd >= 0 && netns_id(sock, fd) == id && describe(paths.gl_pathv[i], prefix))
			break;
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	globfree(&paths);
	nl_socket_free(sock);
	return fd < 0 ? -ENOENT : fd;
}

int netdev_read_peer(const struct netdev *dev, struct netdev *peer,
		     char prefix[NETDEV_PREFIX_LEN])
{
	int here, there, err;

	*prefix = '\0';
	if (dev->peer_netns < 0)
		return netdev_read(dev->peer, peer);
	there = find_netns(dev->peer_netns, prefix);
	if (there < 0)
		return there;
	here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	err = here < 0 || setns(there, CLONE_NEWNET) ? -errno : 0;
	if (!err) {
		err = netdev_read(dev->peer, peer);
		if (setns(here, CLONE_NEWNET))
			err = -errno;
	}
	if (here >= 0)
		close(here);
	close(there);
	return err;
}
