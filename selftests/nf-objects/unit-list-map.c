/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What an NF must not be: a map of a type that chain files have no word for. */
#include <galette/nf.h>

enum list_map {
	DONE
};

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u32);
} jumps SEC(".maps");

NF(list_map, enum list_map)
{
	bpf_tail_call(pkt->ctx, &jumps, 0);
	return DONE;
}
