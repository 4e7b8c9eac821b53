/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What an NF must not be: a map that nobody could read. */
#include <galette/nf.h>

enum bare_map {
	DONE
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__uint(key_size, 4);
	__uint(value_size, 4);
} bare SEC(".maps");

NF(bare_map, enum bare_map)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&bare, &key) ? DONE : DONE;
}
