/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What an NF must not be: a program of another kind of tool. */
#include <galette/nf.h>

char nf_license[] SEC("license") = "Dual BSD/GPL";
const volatile __u32 nothing;

SEC("xdp") int no_nf(struct xdp_md *ctx)
{
	return nothing ? XDP_DROP : XDP_PASS;
}
