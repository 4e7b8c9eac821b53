/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What ethtool(8) tells of an interface, by SIOCETHTOOL. All print nothing. */
#ifndef ETHTOOL_H
#define ETHTOOL_H

#include <linux/types.h>

/* Offloads that matter to XDP, one bit each. */
enum {
	ETHTOOL_GRO = 1 << 0,
	ETHTOOL_LRO = 1 << 1,
	ETHTOOL_GRO_HW = 1 << 2,
	ETHTOOL_RX_VLAN = 1 << 3, /* 802.1Q tags of received frames are taken off */
	ETHTOOL_RX_STAG = 1 << 4, /* 802.1ad tags */
	ETHTOOL_TX_CSUM = 1 << 5, /* checksums are left to the hardware, or to nobody */
	ETHTOOL_OFFLOADS = 6,
};

/* The name that `ethtool -K` has for an offload, given its bit. */
const char *ethtool_offload_name(__u32 offload);

/* Which are on, and which of these cannot be turned off. 0, or a negative errno. */
int ethtool_offloads(const char *interface, __u32 *on, __u32 *fixed);

/* "" where it does not say. */
void ethtool_driver(const char *interface, char driver[32]);

/* Queues that packets come in by and go out by; 0 where it does not say. */
void ethtool_queues(const char *interface, __u32 *rx, __u32 *tx);

#endif
