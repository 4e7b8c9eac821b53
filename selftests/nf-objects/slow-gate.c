/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
// world: native
/*
 * slow-gate: frames from one port wait for as long as the gate is closed. How many
 * wait or have waited is in the map, too.
 */
#include <galette/nf.h>

#include <time.h>

enum slow_gate {
	NEXT
};

enum {
	CLOSED,
	CAME
};

NF_CONFIG(struct { nf_port port; });
NF_MAP(gate, ARRAY, __u32, __u32, 2);

NF(slow_gate, enum slow_gate)
{
	const struct timespec turn = { .tv_nsec = 1000000 };
	__u32 closed = 0;
	struct nf_ip ip;
	struct nf_l4 l4;
	const struct nf_ports *ports;

	if (parse_ip(pkt, &ip) != NF_IPV4 || !parse_l4(pkt, &ip, &l4) || !l4_has_ports(&l4))
		return NEXT;
	ports = parse_ports(pkt, &ip, &l4);
	if (!ports || ports->src != config.port)
		return NEXT;
	map_add(&gate, &(__u32) { CAME }, 1);
	while (map_get(&gate, &(__u32) { CLOSED }, &closed) && closed)
		clock_nanosleep(CLOCK_MONOTONIC, 0, &turn, NULL);
	return NEXT;
}
