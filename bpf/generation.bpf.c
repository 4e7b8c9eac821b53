/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A generation's own maps; see galette/abi.h. No program: the tool creates the
 * maps through this object so that they carry the BTF bpftool prints them by.
 */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

#include <galette/abi.h>

/* Sizes of 1 are placeholders: the tool sets what the chain needs. */
#define GENERATION_MAP(NAME, TYPE, VALUE)          \
	struct {                                   \
		__uint(type, BPF_MAP_TYPE_##TYPE); \
		__uint(max_entries, 1);            \
		__type(key, __u32);                \
		__type(value, VALUE);              \
	} NAME SEC(".maps")

/* galette-slow maps them: a system call a packet would cost more than the packet. */
#define MAPPED_MAP(NAME, VALUE)                    \
	struct {                                   \
		__uint(type, BPF_MAP_TYPE_ARRAY);  \
		__uint(map_flags, BPF_F_MMAPABLE); \
		__uint(max_entries, 1);            \
		__type(key, __u32);                \
		__type(value, VALUE);              \
	} NAME SEC(".maps")

GENERATION_MAP(slots, PROG_ARRAY, __u32);
GENERATION_MAP(edges, PERCPU_ARRAY, struct galette_edge);
GENERATION_MAP(graph, ARRAY, struct galette_slot);
GENERATION_MAP(functions, ARRAY, struct galette_function);
GENERATION_MAP(interfaces, ARRAY, struct galette_interface);
GENERATION_MAP(info, ARRAY, struct galette_info);
GENERATION_MAP(origin, ARRAY, struct galette_origin);
GENERATION_MAP(devmap, DEVMAP, __u32);
GENERATION_MAP(slowpath, ARRAY, struct galette_slowpath);
GENERATION_MAP(upcalls, PERCPU_ARRAY, struct galette_upcall);
GENERATION_MAP(xsks, XSKMAP, __u32);
MAPPED_MAP(routes, __u64);
MAPPED_MAP(slow_edges, struct galette_edge);
