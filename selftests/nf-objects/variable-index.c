/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What an NF must not be: a tail call whose index is known only when a packet comes. */
#include <galette/nf.h>

enum variable_index {
	EVEN,
	ODD
};

char nf_license[] SEC("license") = "Dual BSD/GPL";
const volatile struct nf_links nf_links;
const volatile enum variable_index nf_action;

SEC("xdp") int variable_index(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &slots, nf_links.base + (ctx->data_end - ctx->data) % 2);
	return edge_missed(ctx);
}
