// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Any bytes as a frame from the kernel, with native functions behind it and any
 * routes between them: the packet stays in its frame, the counts in their slots,
 * and it comes to one end.
 *
 * Input: a byte of each slot for its route; one for which functions are there;
 * then the frame, from its upcall head.
 */
#include <dlfcn.h>
#include <libgen.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "slowpath/walk.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	FUNCTIONS = 4,
	ACTIONS = 4, /* of each, at most */
	SLOTS = GALETTE_SLOT_RX + 1 + FUNCTIONS * ACTIONS,
	/* Of a frame, as in pipe.c: where its packet is, and how far it may be moved. */
	FRAME = 4096,
	HEADROOM = 256,
	START = 48,
	LIMIT = FRAME - 320,
};

/* What of nf_host.c a walk needs, for functions without maps. */
struct nf_host {
	const char *name;
	int actions;
	const struct nf_native *nf;
};

static struct nf_host hosts[FUNCTIONS] = {
	{ "decrement-ip-ttl", 2 },
	{ "dest-ip-branch", 4 },
	{ "load-balance", 2 },
	{ "no-op", 1 },
};

int nf_host_run(struct nf_host *host, struct pkt *pkt)
{
	__u32 action = host->nf->entry(pkt);

	return action < (__u32)host->actions ? (int)action : NF_HOST_MISSED;
}

/* They are beside: BUILD/selftests/fuzz/walk_fuzz, BUILD/nf. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char self[4096], path[4200];

	snprintf(self, sizeof(self), "%s", (*argv)[0]);
	dirname(self);
	for (int i = 0; i < FUNCTIONS; i++) {
		void *handle;

		snprintf(path, sizeof(path), "%s/../../nf/%s.so", self, hosts[i].name);
		handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
		hosts[i].nf = handle ? dlsym(handle, "nf_native") : NULL;
		if (!hosts[i].nf || hosts[i].nf->maps != hosts[i].nf->maps_end) {
			fprintf(stderr, "%s: %s\n", path,
				hosts[i].nf ? "it has maps" : dlerror());
			exit(1);
		}
	}
	return 0;
}

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* One end, by no more edges than the kernel would go. */
static void judge(const struct generation *g, const struct walk_end *end)
{
	__u64 edges = 0;

	for (__u32 i = 0; i < g->slot_count; i++)
		edges += g->edges[i].packets;
	must(edges <= GALETTE_TAIL_CALLS_MAX + 1);
	switch (end->kind) {
	case GALETTE_ROUTE_NONE:
		must(end->loss <= GALETTE_LOSS_HOPS);
		must(end->loss != GALETTE_LOSS_HOPS || edges == GALETTE_TAIL_CALLS_MAX);
		return;
	case GALETTE_ROUTE_REDIRECT:
		must(end->ifindex == g->interfaces[0].ifindex ||
		     end->ifindex == g->interfaces[1].ifindex);
		break;
	case GALETTE_ROUTE_FUNCTION:
		abort();
	case GALETTE_ROUTE_TX:
	case GALETTE_ROUTE_DROP:
	case GALETTE_ROUTE_PASS:
	case GALETTE_ROUTE_ABORT:
		break;
	}
	must(edges > 0);
}

static void walk_frame(struct generation *g, const uint8_t *data, size_t size)
{
	unsigned char *frame = malloc(FRAME);
	unsigned char *start = frame + START, *limit = frame + LIMIT;
	struct pkt pkt = { .data = frame + HEADROOM,
			   .end = frame + HEADROOM + size,
			   .start = start,
			   .limit = limit };
	__u32 in = ~0u;
	struct walk_end end;

	memcpy(pkt.data, data, size);
	end = walk(&g, 1, &pkt, &in);
	must(in == ~0u);
	must(pkt.start == start && start <= pkt.data && pkt.data <= pkt.end &&
	     pkt.end <= limit && pkt.limit == limit);
	judge(g, &end);
	free(frame);
}

/* The lower half: how many there are; the upper: which of them have no host. */
static void set_functions(struct generation *g, uint8_t which)
{
	g->function_count = (which & 15) % (FUNCTIONS + 1);
	g->functions = calloc(g->function_count, sizeof(*g->functions));
	for (__u32 i = 0; i < g->function_count; i++)
		g->functions[i] = (struct slow_function) {
			.base = GALETTE_SLOT_RX + 1 + i * ACTIONS,
			.actions = hosts[i].actions,
			.host = which & 16 << i ? NULL : &hosts[i],
		};
}

/* Also kinds that there are not, and the furthest index. */
static __u32 route_of(uint8_t byte)
{
	return GALETTE_ROUTE(byte & 7, byte >> 3 == 31 ? 0xffff : byte >> 3);
}

/* All on the heap, each as large as it is: the sanitizer sees what is beside. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct generation g = { .number = 1, .slot_count = SLOTS, .interface_count = 2 };
	__u64 *routes;

	if (size < SLOTS + 1 || size - SLOTS - 1 > LIMIT - HEADROOM)
		return -1;
	routes = malloc(SLOTS * sizeof(*routes));
	for (int i = 0; i < SLOTS; i++)
		routes[i] = route_of(data[i]);
	g.routes = routes;
	g.edges = calloc(SLOTS, sizeof(*g.edges));
	g.interfaces[0].ifindex = 7;
	g.interfaces[1].ifindex = 8;
	set_functions(&g, data[SLOTS]);
	walk_frame(&g, data + SLOTS + 1, size - SLOTS - 1);
	free(g.functions);
	free(g.edges);
	free(routes);
	return 0;
}
