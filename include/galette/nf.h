/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The network function's interface. An NF is one file, nf/NAME.c, that
 * includes this header and nothing else of ours:
 *
 *   #include <galette/nf.h>
 *
 *   enum my_nf { FORWARD, DROP };               the actions, in link order
 *   NF_CONFIG(struct { __u32 limit; }) = { .limit = 10 };   set by the chain file
 *   NF_MAP(seen, HASH, nf_ip4, __u64, 1024);    lives across generations
 *
 *   NF(my_nf, enum my_nf)
 *   {
 *           struct ethhdr *eth = pkt_at(pkt, 0, sizeof(*eth));
 *           return eth ? FORWARD : DROP;
 *   }
 *
 * What each file below offers:
 *   nf/types.h   meaningful types: the tool reads and prints them as people do
 *   nf/bpf.h     NF(), NF_CONFIG(), NF_MAP(), pkt_*(), map_*(), nf_now()
 *   nf/parse.h   parse_*(): Ethernet, VLAN, ARP, IPv4, IPv6, TCP, UDP, ICMP
 *   nf/flow.h    flows as map keys, their hash, the state NFs share about them
 *   nf/csum.h    csum_replace*(): incremental Internet checksums
 *
 * This is the only file that asks which world it is compiled for.
 */
#ifndef GALETTE_NF_H
#define GALETTE_NF_H

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#include <galette/abi.h>
#include <galette/nf/types.h>
#include <galette/nf/bpf.h>
#include <galette/nf/csum.h>
#include <galette/nf/parse.h>
#include <galette/nf/flow.h>

#endif
