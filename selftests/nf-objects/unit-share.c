/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A map to share. */
#include <galette/nf.h>

enum share {
	DONE
};
NF_MAP(table, HASH, __u32, __u64, 16);

NF(share, enum share)
{
	return map_view(&table, &(__u32) { 0 }) ? DONE : DONE;
}
