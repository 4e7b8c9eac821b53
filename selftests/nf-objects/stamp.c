/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* stamp: mark a frame of loadgen with this generation's build; note where another had marked it. */
#include <galette/nf.h>

#include "../helpers/stamp.h"

enum stamp_action {
	NEXT
};
NF_CONFIG(struct { __u32 build; }); /* 0: only count the hop */

NF(stamp, enum stamp_action)
{
	struct stamp *stamp = pkt_at(pkt, pkt_len(pkt) - sizeof(*stamp), sizeof(*stamp));

	if (!stamp || stamp->magic != STAMP_MAGIC)
		return NEXT;
	stamp->hops++;
	if (!config.build)
		return NEXT;
	if (!stamp->build)
		stamp->build = config.build;
	else if (stamp->build != config.build)
		stamp->mixed++;
	return NEXT;
}
