/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What an NF must not be: two. */
#include <galette/nf.h>

enum two_programs {
	DONE
};

SEC("xdp") int other(struct xdp_md *ctx)
{
	return XDP_PASS;
}

NF(two_programs, enum two_programs)
{
	return DONE;
}
