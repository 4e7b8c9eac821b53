/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>

#include "alloc.h"
#include "ethtool.h"

/* What the kernel calls a feature (netdev_features_strings), and what it counts as here. */
static const struct {
	const char *name;
	__u32 offload;
} features[] = {
	{ "rx-gro", ETHTOOL_GRO },
	{ "rx-lro", ETHTOOL_LRO },
	{ "rx-gro-hw", ETHTOOL_GRO_HW },
	{ "rx-vlan-hw-parse", ETHTOOL_RX_VLAN },
	{ "rx-vlan-stag-hw-parse", ETHTOOL_RX_STAG },
	{ "tx-checksum-ip-generic", ETHTOOL_TX_CSUM },
	{ "tx-checksum-ipv4", ETHTOOL_TX_CSUM },
	{ "tx-checksum-ipv6", ETHTOOL_TX_CSUM },
};

const char *ethtool_offload_name(__u32 offload)
{
	static const char *const names[ETHTOOL_OFFLOADS] = {
		"gro", "lro", "rx-gro-hw", "rxvlan", "rx-vlan-stag-hw-parse", "tx"
	};

	return names[__builtin_ctz(offload)];
}

static int ask(const char *interface, void *command)
{
	struct ifreq request = { .ifr_data = command };
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;

	if (sock < 0)
		return -errno;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	if (ioctl(sock, SIOCETHTOOL, &request))
		err = -errno;
	close(sock);
	return err;
}

/* ---- features, whose numbers are each kernel's own ---- */

static int feature_count(const char *interface, __u32 *count)
{
	struct {
		struct ethtool_sset_info info;
		__u32 count;
	} sset = { { .cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ull << ETH_SS_FEATURES } };
	int err = ask(interface, &sset);

	*count = err || !sset.info.sset_mask ? 0 : sset.count;
	return err;
}

/* Their names, ETH_GSTRING_LEN each; malloc'ed. */
static int feature_names(const char *interface, __u32 count, struct ethtool_gstrings **names)
{
	*names = xcalloc(1, sizeof(**names) + (size_t)count * ETH_GSTRING_LEN);
	**names = (struct ethtool_gstrings) { .cmd = ETHTOOL_GSTRINGS,
					      .string_set = ETH_SS_FEATURES,
					      .len = count };
	return ask(interface, *names);
}

static __u32 offload_of(const __u8 *name)
{
	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++)
		if (!strncmp((const char *)name, features[i].name, ETH_GSTRING_LEN))
			return features[i].offload;
	return 0;
}

int ethtool_offloads(const char *interface, __u32 *on, __u32 *fixed)
{
	struct ethtool_gstrings *names = NULL;
	struct ethtool_gfeatures *state = NULL;
	__u32 count, blocks, changeable = 0;
	int err = feature_count(interface, &count) ?: feature_names(interface, count, &names);

	*on = *fixed = 0;
	if (!err) {
		blocks = (count + 31) / 32;
		state = xcalloc(1, sizeof(*state) + blocks * sizeof(state->features[0]));
		*state =
			(struct ethtool_gfeatures) { .cmd = ETHTOOL_GFEATURES, .size = blocks };
		err = ask(interface, state);
	}
	for (__u32 i = 0; !err && i < count && i / 32 < state->size; i++) {
		__u32 offload = offload_of(names->data + (size_t)i * ETH_GSTRING_LEN);

		if (state->features[i / 32].active & 1u << i % 32)
			*on |= offload;
		if (state->features[i / 32].available & 1u << i % 32)
			changeable |= offload;
	}
	*fixed = *on & ~changeable;
	free(names);
	free(state);
	return err;
}

/* ---- the rest ---- */

void ethtool_driver(const char *interface, char driver[32])
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };

	if (ask(interface, &info))
		*info.driver = '\0';
	snprintf(driver, sizeof(info.driver), "%s", info.driver);
}

void ethtool_queues(const char *interface, __u32 *rx, __u32 *tx)
{
	struct ethtool_channels channels = { .cmd = ETHTOOL_GCHANNELS };

	if (ask(interface, &channels))
		channels = (struct ethtool_channels) { 0 };
	*rx = channels.rx_count + channels.combined_count;
	*tx = channels.tx_count + channels.combined_count;
}
