/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * dest-ip-branch: four ways, by the last two bits of the destination address.
 *
 * 00 left, 01 right, 10 up, 11 down, for IPv4 and IPv6. Malformed packets and
 * frames that are not IP go down.
 */
#include <galette/nf.h>

enum dest_ip_branch {
	LEFT,
	RIGHT,
	UP,
	DOWN
};

NF(dest_ip_branch, enum dest_ip_branch)
{
	struct nf_ip ip;

	switch (parse_ip(pkt, &ip)) {
	case NF_MALFORMED:
	case NF_NOT_IP:
		break;
	case NF_IPV4:
	case NF_IPV6:
		return nf_ntohl(ip_dst(&ip).w[3]) & 3;
	}
	return DOWN;
}
