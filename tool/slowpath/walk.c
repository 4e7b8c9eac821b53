// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <arpa/inet.h>
#include <string.h>

#include "walk.h"

enum {
	HOPS_MAX =
		GALETTE_TAIL_CALLS_MAX, /* functions of one packet: no more than in the kernel */
	LEN_MIN = 14,                   /* an Ethernet header */
};

static struct walk_end lost(enum galette_loss loss)
{
	return (struct walk_end) { .kind = GALETTE_ROUTE_NONE, .loss = loss };
}

/* As the kernel counts: the length with which the packet leaves the function. */
static void count(struct generation *g, __u32 slot, const struct pkt *pkt)
{
	__atomic_fetch_add(&g->edges[slot].packets, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&g->edges[slot].bytes, pkt->end - pkt->data, __ATOMIC_RELAXED);
}

static struct walk_end follow(struct generation *g, __u32 function, struct pkt *pkt,
			      volatile __u32 *in)
{
	for (int hops = 0; hops < HOPS_MAX; hops++) {
		const struct slow_function *f = &g->functions[function];
		__u32 route;
		int action;

		if (function >= g->function_count || !f->host)
			return lost(GALETTE_LOSS_MISSED);
		*in = function;
		action = nf_host_run(f->host, pkt);
		*in = ~0u;
		if (action == NF_HOST_MISSED) {
			count(g, GALETTE_SLOT_MISSED, pkt);
			return lost(GALETTE_LOSS_MISSED);
		}
		count(g, f->base + action, pkt);
		route = __atomic_load_n(&g->routes[f->base + action], __ATOMIC_RELAXED);
		function = GALETTE_ROUTE_INDEX(route);
		switch (GALETTE_ROUTE_KIND(route)) {
		case GALETTE_ROUTE_FUNCTION:
			continue;
		case GALETTE_ROUTE_REDIRECT:
			if (function >= g->interface_count)
				return lost(GALETTE_LOSS_MISSED);
			return (struct walk_end) { .kind = GALETTE_ROUTE_REDIRECT,
						   .ifindex = g->interfaces[function].ifindex };
		case GALETTE_ROUTE_TX:
		case GALETTE_ROUTE_DROP:
		case GALETTE_ROUTE_PASS:
		case GALETTE_ROUTE_ABORT:
			return (struct walk_end) { .kind = GALETTE_ROUTE_KIND(route) };
		default:
			count(g, GALETTE_SLOT_MISSED, pkt);
			return lost(GALETTE_LOSS_MISSED);
		}
	}
	return lost(GALETTE_LOSS_HOPS);
}

struct walk_end walk(struct generation *const *generations, int generation_count,
		     struct pkt *pkt, volatile __u32 *in)
{
	struct galette_upcall_head head;

	if (pkt->end - pkt->data < (long)sizeof(head) + LEN_MIN)
		return lost(GALETTE_LOSS_HEAD);
	memcpy(&head, pkt->data, sizeof(head));
	pkt->data += sizeof(head);
	for (int i = 0; i < generation_count; i++) {
		struct generation *g = generations[i];
		__u32 function = ntohs(head.function), slot = ntohs(head.slot);

		if (g->number != ntohl(head.generation))
			continue;
		if (slot < GALETTE_SLOT_RX || slot >= g->slot_count ||
		    function >= g->function_count || !g->functions[function].host)
			return lost(GALETTE_LOSS_HEAD);
		return follow(g, function, pkt, in);
	}
	return lost(GALETTE_LOSS_GENERATION);
}
