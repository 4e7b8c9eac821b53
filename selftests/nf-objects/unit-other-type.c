/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What an NF must not be: a program that is not XDP. */
#include <galette/nf.h>

char nf_license[] SEC("license") = "Dual BSD/GPL";

SEC("socket") int other_type(void *ctx)
{
	return 0;
}
