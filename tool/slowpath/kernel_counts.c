// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <linux/if_xdp.h>
#include <sys/socket.h>

#include "kernel_counts.h"
#include "record.h"

/*
 * The kernel counts a packet for which there was no free frame twice: as dropped
 * at its socket, and at the fill ring that all the port's sockets have. So many
 * of these as nobody has claimed yet may be ours.
 */
static __u64 claim(struct slow_port *port, __u64 empty, __u64 dropped)
{
	__u64 claimed = __atomic_load_n(&port->claimed, __ATOMIC_RELAXED), mine;

	do {
		mine = empty > claimed ? empty - claimed : 0;
		if (mine > dropped)
			mine = dropped;
	} while (!__atomic_compare_exchange_n(&port->claimed, &claimed, claimed + mine, false,
					      __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return mine;
}

static void look_at(const struct ports *ports, __u32 pipe, __u32 port,
		    struct galette_pipe *record)
{
	const struct slow_memory *m = &ports->memory;
	struct slow_socket *socket = memory_socket(m, port, pipe);
	__u64 *lost = record->lost, dropped, empty;
	struct xdp_statistics s = { 0 };
	socklen_t length = sizeof(s);

	if (getsockopt(ports->port[port].pipes[pipe].fd, SOL_XDP, XDP_STATISTICS, &s, &length))
		return;
	dropped = s.rx_dropped - socket->dropped;
	empty = claim(&m->shared->port[port], s.rx_fill_ring_empty_descs, dropped);
	bump(&lost[GALETTE_LOSS_FILL_EMPTY], empty);
	bump(&lost[GALETTE_LOSS_RX_DROPPED], dropped - empty);
	bump(&lost[GALETTE_LOSS_RX_FULL], s.rx_ring_full - socket->full);
	socket->dropped = s.rx_dropped;
	socket->full = s.rx_ring_full;
}

void kernel_counts_look(const struct ports *ports, __u32 pipe, struct galette_pipe *record)
{
	for (__u32 port = 0; port < ports->memory.shape.ports; port++)
		look_at(ports, pipe, port, record);
}
