/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What an NF must not be: actions whose values leave one out. */
#include <galette/nf.h>

enum gap {
	FIRST,
	THIRD = 2
};

NF(gap, enum gap)
{
	return FIRST;
}
