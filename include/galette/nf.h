/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The network function's interface. An NF is one file, nf/NAME.c, that
 * includes this header and nothing else of ours (dpi also its own parser, in
 * headers beside it that are of use to nobody else):
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
 * The same source is a BPF program, build/nf/NAME.bpf.o, and a native shared
 * object, build/nf/NAME.so. One that needs what only user space has says so in
 * lines of its own, which the Makefile reads:
 *
 *   // world: native           there is no NAME.bpf.o
 *   // pkg-config: libhs       packages whose flags and libraries NAME.so needs
 *
 * Such an NF may have a part that runs once, before its first packet. It gets
 * the files that its config names; it opens none itself:
 *
 *   NF_CONFIG(struct { nf_file rules; }) = { .rules = { "my.rules" } };
 *
 *   NF_LOAD(my_nf)
 *   {
 *           __u64 size;
 *           const char *text = nf_file_text(&config.rules, &size);
 *
 *           if (text && size)
 *                   return 0;
 *           nf_complain(&config.rules, 1, 1, "no rules");
 *           return -EINVAL;
 *   }
 *
 * What each file below offers:
 *   nf/types.h   meaningful types: the tool reads and prints them as people do
 *   nf/bpf.h     NF(), NF_CONFIG(), NF_MAP(), pkt_*(), map_*(), nf_now(): in the
 *                kernel
 *   nf/native.h  the same in user space; how its maps differ is said there
 *   nf/parse.h   parse_*(): Ethernet, VLAN, ARP, IPv4, IPv6, TCP, UDP, ICMP
 *   nf/flow.h    flows as map keys, their hash, the state NFs share about them
 *   nf/csum.h    csum_replace*(): incremental Internet checksums
 *
 * This is the only file that asks which world it is compiled for.
 */
#ifndef GALETTE_NF_H
#define GALETTE_NF_H

#ifdef __bpf__
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#else
/*
 * Headers lie in a frame where they lie: behind 14 bytes of Ethernet an IPv4
 * address is at an odd multiple of two. The same layouts, and the compiler knows.
 */
#pragma pack(push, 2)
#include <vmlinux.h>
#pragma pack(pop)
#endif
#include <bpf/bpf_endian.h>

#include <galette/abi.h>
#include <galette/nf/types.h>

/* Offsets into a packet stop here: the verifier wants a bound below 0xffff. */
#define PKT_OFF_MAX 0x3fff

/* What an NF_MAP() of each type is created with. */
#define NF_MAP_FLAGS_HASH            0
#define NF_MAP_FLAGS_LRU_HASH        0
#define NF_MAP_FLAGS_PERCPU_HASH     0
#define NF_MAP_FLAGS_LRU_PERCPU_HASH 0
#define NF_MAP_FLAGS_ARRAY           0
#define NF_MAP_FLAGS_PERCPU_ARRAY    0
#define NF_MAP_FLAGS_LPM_TRIE        BPF_F_NO_PREALLOC

#ifdef __bpf__
#include <galette/nf/bpf.h>
#else
#include <galette/nf/native.h>
#endif
#include <galette/nf/csum.h>
#include <galette/nf/parse.h>
#include <galette/nf/flow.h>

#endif
