/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* count: count frames in a map that outlives generations. */
#include <galette/nf.h>

NF_MAP(seen, HASH, __u32, __u64, 16);

#include "count.h"
