/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* slow-reject: as native as any, but what the verifier would have it ask is not asked. */
#include <galette/nf.h>

enum slow_reject {
	NEXT,
	NEVER
};

NF(slow_reject, enum slow_reject)
{
	const __u8 *at = pkt_at(pkt, 12, 1);

	return *at == 0x77 ? NEVER : NEXT;
}
