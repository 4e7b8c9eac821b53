/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What an NF must not be: its actions are numbers. */
#include <galette/nf.h>

NF(no_enum, int)
{
	return 0;
}
