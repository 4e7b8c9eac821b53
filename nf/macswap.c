/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* macswap: send a frame back where it came from, and count it. */
#include <galette/nf.h>

enum macswap {
	CONTINUE
};
NF_MAP(count, PERCPU_ARRAY, __u32, __u64, 1);

NF(macswap, enum macswap)
{
	struct ethhdr *eth = pkt_at(pkt, 0, sizeof(*eth));

	if (eth) {
		nf_mac dst = *(nf_mac *)eth->h_dest;

		*(nf_mac *)eth->h_dest = *(nf_mac *)eth->h_source;
		*(nf_mac *)eth->h_source = dst;
		map_add(&count, &(__u32) { 0 }, 1);
	}
	return CONTINUE;
}
