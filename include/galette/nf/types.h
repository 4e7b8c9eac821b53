/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Types that carry meaning into BTF: galette-pin reads and prints a map's keys
 * and values, and a config's fields, by the typedef they are declared with.
 *
 *   nf_ip4        192.0.2.1             network order
 *   nf_ip6        2001:db8::1           network order; ::ffff:192.0.2.1 is 192.0.2.1
 *   nf_mac        02:00:00:00:00:01
 *   nf_port       443                   network order
 *   nf_ip_prefix  10.1.0.0/16, 2001:db8::/32
 *   nf_file       "dpi.rules"           a path; native NFs get its content (NF_LOAD())
 *
 * And two things every NF needs with them: byte order, and exchanging values.
 */
#ifndef GALETTE_NF_TYPES_H
#define GALETTE_NF_TYPES_H

typedef __be32 nf_ip4;
typedef __be16 nf_port;

typedef struct {
	__be16 w[3];
} nf_mac;

/* An IPv6 address, or an IPv4 one as v4-mapped (RFC 4291, 2.5.5.2). */
typedef struct {
	__be32 w[4];
} nf_ip6;

/*
 * A prefix of either family, the key of an LPM_TRIE. len counts bits of addr,
 * 0–128: an IPv4 prefix's own length is len - 96.
 */
struct nf_ip_prefix {
	__u32 len;
	nf_ip6 addr;
};

_Static_assert(sizeof(struct nf_ip_prefix) == 20,
	       "LPM key: struct bpf_lpm_trie_key and 16 bytes");

/*
 * A file that a config field names: beside the chain file, else where the NF
 * objects are. The tool reads it when the chain is built, so a chain that runs
 * does not change with it.
 */
typedef struct {
	char path[256]; /* NUL-terminated */
} nf_file;

/* Between host and network order; a constant stays one. */
#define nf_htons(x) bpf_htons(x)
#define nf_ntohs(x) bpf_ntohs(x)
#define nf_htonl(x) bpf_htonl(x)
#define nf_ntohl(x) bpf_ntohl(x)

/* Exchange two lvalues of one type. */
#define nf_swap(a, b)                  \
	({                             \
		typeof(a) __tmp = (a); \
                                       \
		(a) = (b);             \
		(b) = __tmp;           \
	})

#endif
