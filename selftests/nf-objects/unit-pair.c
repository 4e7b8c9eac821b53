/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Two maps that could be one. */
#include <galette/nf.h>

enum pair {
	DONE
};
NF_MAP(left, HASH, __u32, __u64, 16);
NF_MAP(right, HASH, __u32, __u64, 16);

NF(pair, enum pair)
{
	__u32 key = 0;

	return map_view(&left, &key) && map_view(&right, &key) ? DONE : DONE;
}
