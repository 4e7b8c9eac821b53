/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* count-type: count, with a map of another type. */
#include <galette/nf.h>

NF_MAP(seen, LRU_HASH, __u32, __u64, 16);

#include "count.h"
