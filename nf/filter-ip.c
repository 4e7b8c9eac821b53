/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * filter-ip: block packets from listed addresses, and count them.
 *
 * `blocked_ips` holds source addresses of both IP versions (IPv4 as v4-mapped)
 * with the number of packets blocked from each; `shared_counter` is the number
 * blocked in all, also across functions that share it. Malformed packets are
 * blocked, and counted in `shared_counter` only; frames that are not IP are
 * allowed.
 */
#include <galette/nf.h>

enum filter_ip {
	ALLOW,
	BLOCK
};
NF_MAP(blocked_ips, HASH, nf_ip6, __u64, 65535);
NF_MAP(shared_counter, PERCPU_ARRAY, __u32, __u64, 1);

NF(filter_ip, enum filter_ip)
{
	struct nf_ip ip;
	nf_ip6 src;

	switch (parse_ip(pkt, &ip)) {
	case NF_MALFORMED:
		break;
	case NF_NOT_IP:
		return ALLOW;
	case NF_IPV4:
	case NF_IPV6:
		src = ip_src(&ip);
		if (!map_add(&blocked_ips, &src, 1))
			return ALLOW;
	}
	map_add(&shared_counter, &(__u32) { 0 }, 1);
	return BLOCK;
}
