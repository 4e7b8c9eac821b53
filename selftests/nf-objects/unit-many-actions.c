/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What an NF must not be: one action more than there are call sites. */
#include <galette/nf.h>

enum many_actions {
	A0,
	A1,
	A2,
	A3,
	A4,
	A5,
	A6,
	A7,
	A8,
	A9,
	A10,
	A11,
	A12,
	A13,
	A14,
	A15,
	A16
};

NF(many_actions, enum many_actions)
{
	return A16;
}
