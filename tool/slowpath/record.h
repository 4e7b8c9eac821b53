/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counts in a pipe's record (struct galette_pipe): only it writes them; others read them whole. */
#ifndef SLOWPATH_RECORD_H
#define SLOWPATH_RECORD_H

#include <linux/types.h>

static inline void bump(__u64 *counter, __u64 by)
{
	__atomic_store_n(counter, *counter + by, __ATOMIC_RELAXED);
}

#endif
