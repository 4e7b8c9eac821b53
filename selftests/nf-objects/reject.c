/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* reject: the verifier refuses it, a read without a bounds check. */
#include <galette/nf.h>

enum reject {
	NEXT,
	NEVER
};

NF(reject, enum reject)
{
	const __u8 *data = (const void *)(long)pkt->ctx->data;

	return data[100] ? NEXT : NEVER;
}
