/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* As many actions as there can be. */
#include <galette/nf.h>

enum sixteen {
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
	A15
};

NF(sixteen, enum sixteen)
{
	return (enum sixteen)(pkt_len(pkt) % 16);
}
