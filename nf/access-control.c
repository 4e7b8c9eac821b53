/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * access-control: packets from listed sources are allowed, others inspected.
 *
 * The longest prefix in `allow_list` that matches the source address decides:
 * 1 allows, 0 inspects although a shorter prefix allows. Both IP versions are
 * in one list, IPv4 prefixes as v4-mapped: ::/0 is for IPv4 too, unless 0.0.0.0/0
 * is listed with its own value (0). Malformed packets are inspected;
 * frames that are not IP (ARP, …) take the action `non_ip`.
 */
#include <galette/nf.h>

enum access_control {
	ALLOW,
	INSPECT
};
NF_CONFIG(struct { enum access_control non_ip; }) = { .non_ip = ALLOW };
NF_MAP(allow_list, LPM_TRIE, struct nf_ip_prefix, __u32, 1024);

NF(access_control, enum access_control)
{
	struct nf_ip_prefix key = { .len = 128 };
	struct nf_ip ip;
	__u32 *allowed;

	switch (parse_ip(pkt, &ip)) {
	case NF_MALFORMED:
		return INSPECT;
	case NF_NOT_IP:
		return config.non_ip == ALLOW ? ALLOW : INSPECT;
	case NF_IPV4:
	case NF_IPV6:
		break;
	}
	key.addr = ip_src(&ip);
	allowed = map_view(&allow_list, &key);
	return allowed && *allowed ? ALLOW : INSPECT;
}
