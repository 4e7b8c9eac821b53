/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A map's types for the kernel, where no BPF object brings them. */
#ifndef MAP_BTF_H
#define MAP_BTF_H

#include <bpf/btf.h>

/*
 * A BTF that holds these two types and what they need, in a form that the kernel
 * takes, whichever compiler `from` is of; pointers in it point to void. The
 * caller loads it (btf__load_into_kernel()) and frees it. NULL: errno says why;
 * EINVAL: types that do not end, or of a kind that no value has.
 */
struct btf *map_btf(const struct btf *from, __u32 key_type, __u32 value_type, __u32 *new_key,
		    __u32 *new_value);

#endif
