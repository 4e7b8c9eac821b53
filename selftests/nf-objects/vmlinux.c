/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Puts every type of vmlinux.h into BTF, for selftests/unit/vmlinux_test.c;
 * which also looks whether one is forgotten here.
 */
#include <vmlinux.h>

struct {
	__s8 s8;
	__u8 u8;
	__s16 s16;
	__u16 u16;
	__s32 s32;
	__u32 u32;
	__s64 s64;
	__u64 u64;
	__be16 be16;
	__be32 be32;
	__be64 be64;
	__sum16 sum16;
	__wsum wsum;
	bool boolean;
	enum bpf_map_type bpf_map_type;
	enum bpf_update_flag bpf_update_flag;
	enum bpf_create_flag bpf_create_flag;
	enum xdp_action xdp_action;
	struct xdp_md xdp_md;
	struct ethhdr ethhdr;
	struct vlan_hdr vlan_hdr;
	struct arphdr arphdr;
	struct iphdr iphdr;
	struct in6_addr in6_addr;
	struct ipv6hdr ipv6hdr;
	struct ipv6_opt_hdr ipv6_opt_hdr;
	struct frag_hdr frag_hdr;
	struct tcphdr tcphdr;
	struct udphdr udphdr;
	struct icmphdr icmphdr;
} every_type;
