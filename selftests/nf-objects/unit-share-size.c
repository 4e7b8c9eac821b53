/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The map of unit-share, larger. */
#include <galette/nf.h>

enum share {
	DONE
};
NF_MAP(table, HASH, __u32, __u64, 32);

NF(share, enum share)
{
	return map_view(&table, &(__u32) { 0 }) ? DONE : DONE;
}
