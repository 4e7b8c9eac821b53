/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* For loadgen.c: its frames that an interface's stack got, by a packet socket there. */
#ifndef LOAD_STACK_H
#define LOAD_STACK_H

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "helpers/stamp.h"

/*
 * The socket, or -1 (errno). Protocol 0 at first: each socket() that listens, bind() and
 * close() is an RCU grace period. It has room for what comes while nobody looks: a card's
 * frames take some kilobytes each.
 */
static inline int stack_socket(int ifindex)
{
	int room = 32 << 20;
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
				  .sll_ifindex = ifindex,
				  .sll_protocol = htons(ETH_P_ALL) };
	int sock = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);

	if (sock >= 0 && !setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) &&
	    !bind(sock, (void *)&at, sizeof(at)))
		return sock;
	if (sock >= 0)
		close(sock);
	return -1;
}

/* Of the frames that have come since the last call: how many are ours; which came behind a later one, or again. */
static inline __u64 stack_drain(int sock, __u64 *overtaken)
{
	static __u64 latest;
	struct sockaddr_ll from;
	socklen_t len = sizeof(from);
	__u8 data[2048];
	__u64 count = 0;
	ssize_t n;

	while ((n = recvfrom(sock, data, sizeof(data), 0, (void *)&from, &len)) >= 0) {
		struct stamp stamp;

		if (n < (ssize_t)sizeof(stamp) || from.sll_pkttype == PACKET_OUTGOING)
			continue;
		memcpy(&stamp, data + n - sizeof(stamp), sizeof(stamp));
		if (stamp.magic != STAMP_MAGIC)
			continue;
		count++;
		*overtaken += stamp.seq <= latest;
		latest = stamp.seq;
	}
	return count;
}

/* How many it had no room for, which are in no count; or -1 (errno). */
static inline long stack_uncounted(int sock)
{
	struct tpacket_stats stats;
	socklen_t len = sizeof(stats);

	return getsockopt(sock, SOL_PACKET, PACKET_STATISTICS, &stats, &len)
		       ? -1
		       : (long)stats.tp_drops;
}

#endif
