/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* macswap: send a frame back where it came from, and count it. */
#include <galette/nf.h>

enum macswap {
	CONTINUE
};
NF_MAP(count, PERCPU_ARRAY, __u32, __u64, 1);

NF(macswap, enum macswap)
{
	nf_mac *mac = pkt_at(pkt, 0, 2 * sizeof(*mac)); /* destination, source */

	if (mac) {
		nf_swap(mac[0], mac[1]);
		map_add(&count, &(__u32) { 0 }, 1);
	}
	return CONTINUE;
}
