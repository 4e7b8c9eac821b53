/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* prefixes: whether an IPv4 frame's source is in a list of prefixes. */
#include <galette/nf.h>

enum prefixes {
	LISTED,
	OTHER
};
NF_MAP(allow_list, LPM_TRIE, struct nf_ip_prefix, __u32, 1024);

NF(prefixes, enum prefixes)
{
	struct iphdr *ip = pkt_at(pkt, sizeof(struct ethhdr), sizeof(*ip));
	struct nf_ip_prefix key = { .len = 128 };
	__u32 value;

	if (!ip || ip->version != 4)
		return OTHER;
	key.addr.w[2] = bpf_htonl(0xffff);
	key.addr.w[3] = ip->saddr;
	return map_get(&allow_list, &key, &value) ? LISTED : OTHER;
}
