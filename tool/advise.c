/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <linux/if_link.h>

#include "advise.h"

const char *mode_name(__u32 mode)
{
	return mode == XDP_FLAGS_DRV_MODE   ? "native"
	       : mode == XDP_FLAGS_SKB_MODE ? "generic"
					    : "none";
}

void advise(const struct model *model)
{
}
