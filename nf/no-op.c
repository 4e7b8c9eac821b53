/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* no-op: hand every frame on as it is; the cost of a hop and nothing else. */
#include <galette/nf.h>

enum no_op {
	NO_OP
};

NF(no_op, enum no_op)
{
	return NO_OP;
}
