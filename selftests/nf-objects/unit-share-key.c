/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The map of unit-share, of other keys. */
#include <galette/nf.h>

enum share {
	DONE
};
NF_MAP(table, HASH, nf_ip4, __u64, 16);

NF(share, enum share)
{
	return map_view(&table, &(nf_ip4) { 0 }) ? DONE : DONE;
}
