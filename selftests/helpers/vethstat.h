/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What veth counts of XDP, summed over its queues (drivers/net/veth.c, `ethtool -S`). */
#ifndef VETHSTAT_H
#define VETHSTAT_H

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct veth_stat {
	__u64 entered;   /* frames that its NAPI took */
	__u64 rx_drops;  /* … lost there for want of memory */
	__u64 xdp_drops; /* … XDP_DROP, XDP_ABORTED, failed redirects */
	__u64 redirects;
	__u64 xdp_tx;    /* XDP_TX that the peer's ring took */
	__u64 tx_errors; /* … and did not take */
	__u64 xmit;      /* redirected to this device and taken by its peer's ring */
	__u64 xmit_errors;
	__u64 xmit_drops; /* sent as the stack sends, by AF_XDP too, and not taken by its peer's ring */
};

static inline __u64 *veth_stat_field(struct veth_stat *stat, const char *name)
{
	/* "rx_queue_0_xdp_packets" */
	const char *end = strstr(name, "_queue_");
	struct {
		const char *name;
		__u64 *field;
	} fields[] = {
		{ "_xdp_packets", &stat->entered }, { "_drops", &stat->rx_drops },
		{ "_xdp_drops", &stat->xdp_drops }, { "_xdp_redirect", &stat->redirects },
		{ "_xdp_tx", &stat->xdp_tx },       { "_xdp_tx_errors", &stat->tx_errors },
		{ "_xdp_xmit", &stat->xmit },       { "_xdp_xmit_errors", &stat->xmit_errors },
	};

	if (!end)
		return NULL;
	end += strlen("_queue_");
	end += strspn(end, "0123456789");
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (!strcmp(end, fields[i].name))
			return fields[i].field;
	return NULL;
}

static inline int veth_ethtool(int sock, const char *name, void *command)
{
	struct ifreq ifr = { .ifr_data = command };

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	return ioctl(sock, SIOCETHTOOL, &ifr);
}

static inline int veth_is(const char *name)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	int sock = socket(AF_INET, SOCK_DGRAM, 0);
	int err = sock < 0 ? -1 : veth_ethtool(sock, name, &info);

	if (sock >= 0)
		close(sock);
	return !err && !strcmp(info.driver, "veth");
}

/* Of the calling thread's network namespace, whichever /sys is mounted. */
static inline __u64 veth_xmit_drops(const char *name)
{
	FILE *f = fopen("/proc/thread-self/net/dev", "r");
	unsigned long long n = 0;
	char line[512];

	while (f && fgets(line, sizeof(line), f)) {
		char *colon = strchr(line, ':'), *start = line + strspn(line, " ");

		if (!colon)
			continue;
		*colon = '\0';
		/* Eight numbers of what was received; sent: bytes, packets, errors, drops. */
		if (!strcmp(start, name))
			sscanf(colon + 1, "%*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %llu",
			       &n);
	}
	if (f)
		fclose(f);
	return n;
}

static inline int veth_stat(const char *name, struct veth_stat *stat)
{
	struct {
		struct ethtool_sset_info info;
		__u32 count;
	} set = { { ETHTOOL_GSSET_INFO, 0, 1 << ETH_SS_STATS }, 0 };
	struct ethtool_gstrings *names = NULL;
	struct ethtool_stats *values = NULL;
	int sock = socket(AF_INET, SOCK_DGRAM, 0), err = -1;

	memset(stat, 0, sizeof(*stat));
	if (sock < 0 || veth_ethtool(sock, name, &set))
		goto out;
	/* Recent kernels fill in nothing when the length given is not the right one. */
	names = calloc(1, sizeof(*names) + set.count * ETH_GSTRING_LEN);
	values = calloc(1, sizeof(*values) + set.count * 8);
	if (!names || !values)
		goto out;
	*names = (struct ethtool_gstrings) { ETHTOOL_GSTRINGS, ETH_SS_STATS, set.count };
	*values = (struct ethtool_stats) { ETHTOOL_GSTATS, set.count };
	if (veth_ethtool(sock, name, names) || veth_ethtool(sock, name, values))
		goto out;
	for (__u32 i = 0; i < names->len && i < values->n_stats; i++) {
		__u64 *field = veth_stat_field(stat, (char *)names->data + i * ETH_GSTRING_LEN);

		if (field)
			*field += values->data[i];
	}
	stat->xmit_drops = veth_xmit_drops(name);
	err = 0;
out:
	if (sock >= 0)
		close(sock);
	free(names);
	free(values);
	return err;
}

static inline void veth_stat_sub(struct veth_stat *a, const struct veth_stat *b)
{
	for (size_t i = 0; i < sizeof(*a) / sizeof(__u64); i++)
		((__u64 *)a)[i] -= ((const __u64 *)b)[i];
}

#endif
