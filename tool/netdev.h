/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the kernel says of an interface, and of the other end of a veth, wherever that is. */
#ifndef NETDEV_H
#define NETDEV_H

#include <stdbool.h>
#include <net/if.h>
#include <linux/types.h>

struct netdev {
	__u32 ifindex;
	char name[IF_NAMESIZE];
	char kind[32];   /* as in `ip link add type KIND`; "": hardware, or loopback */
	char driver[32]; /* else its kind */
	bool up;
	bool loopback;
	bool filters;    /* its own address and groups only, as it is not promiscuous */
	bool native_xdp; /* it has a program in native mode */
	__u32 mtu;
	__u32 rx_queues, tx_queues; /* 0: it does not say */
	__u32 offloads, fixed; /* ETHTOOL_… that are on; those that cannot be turned off */
	bool has_peer;         /* it is a veth */
	__u32 peer;            /* ifindex in its own network namespace */
	int peer_netns;        /* id of that namespace; -1: this one */
};

/* 0, or a negative errno: something of it cannot be told. Prints nothing. */
int netdev_read(__u32 ifindex, struct netdev *dev);

enum {
	NETDEV_PREFIX_LEN = 4 * 300
};

/*
 * The other end of a veth; prefix is what a command needs in front of it to
 * run where the peer is: "", or an nsenter(1), which keeps the bpffs (ip netns exec does not).
 */
int netdev_read_peer(const struct netdev *dev, struct netdev *peer,
		     char prefix[NETDEV_PREFIX_LEN]);

/* Its receive queues; 1 where it does not say. */
__u32 netdev_queues(__u32 ifindex);

/* The greatest MTU that it can be given now. 0, or a negative errno. */
int netdev_max_mtu(__u32 ifindex, __u32 *mtu);

/* Some of enum netdev_xdp_act (include/uapi/linux/netdev.h), which Debian 12 does not have. */
enum {
	NETDEV_XDP_BASIC = 1,    /* native XDP */
	NETDEV_XDP_NDO_XMIT = 4, /* it sends what XDP redirects to it */
};

/* NETDEV_XDP_…, and more. -1: this kernel does not say (before 6.3). */
int netdev_xdp_features(__u32 ifindex);

/* Whether it can send what XDP redirects to it. -1: this kernel does not say (before 6.3). */
int netdev_takes_redirects(__u32 ifindex);

#endif
