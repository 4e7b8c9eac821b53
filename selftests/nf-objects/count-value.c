/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* count-value: count, with another value of the same size in its map. */
#include <galette/nf.h>

struct count_value {
	__u32 packets;
	__u32 bytes;
};
NF_MAP(seen, HASH, __u32, struct count_value, 16);
#define COUNT_OF(value) (&(value)->packets)

#include "count.h"
