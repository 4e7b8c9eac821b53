/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What galette-slow says of itself, for as long as the chain lives; see galette/abi.h. */
#include "delivered.h"

#include <galette/abi.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct galette_helper);
} helper SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, GALETTE_PIPES_MAX);
	__type(key, __u32);
	__type(value, struct galette_pipe);
} pipes SEC(".maps");
