/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* count-key: count, with a longer key in its map. */
#include <galette/nf.h>

NF_MAP(seen, HASH, __u64, __u64, 16);

#include "count.h"
