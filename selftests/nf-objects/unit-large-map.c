/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What an NF must not be: a map whose values no machine has room for. */
#include <galette/nf.h>

enum large_map {
	DONE
};
struct large {
	__u8 bytes[2 << 20];
};
NF_MAP(large, HASH, __u32, struct large, 1000);

NF(large_map, enum large_map)
{
	return map_view(&large, &(__u32) { 0 }) ? DONE : DONE;
}
