/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A generation's first program: from the interface to the slot of its rx edge. */
#include <galette/nf.h>

/* Set by the tool before loading: the interfaces' indexes, in slot order. */
const volatile __u32 interfaces;
const volatile __u32 ifindex[GALETTE_INTERFACES_MAX];

#define LEAVE(I)                                                      \
	if ((I) < interfaces && ctx->ingress_ifindex == ifindex[I]) { \
		edge_leave(ctx, GALETTE_SLOT_RX, I);                  \
		return edge_missed(ctx);                              \
	}

SEC("xdp") int galette_ingress(struct xdp_md *ctx)
{
	LEAVE(0)
	LEAVE(1)
	LEAVE(2)
	LEAVE(3)
	LEAVE(4)
	LEAVE(5)
	LEAVE(6)
	LEAVE(7)
	LEAVE(8)
	LEAVE(9)
	LEAVE(10)
	LEAVE(11)
	LEAVE(12)
	LEAVE(13)
	LEAVE(14)
	LEAVE(15)
	/* An interface that another generation brought into the chain: none of our business. */
	return XDP_PASS;
}

_Static_assert(GALETTE_INTERFACES_MAX == 16, "one LEAVE() an interface");

char LICENSE[] SEC("license") = "Dual BSD/GPL";
