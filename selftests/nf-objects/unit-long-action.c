/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What an NF must not be: an action whose name does not fit. */
#include <galette/nf.h>

enum long_action {
	AN_ACTION_OF_THIRTY_TWO_LETTERS_
};

NF(long_action, enum long_action)
{
	return AN_ACTION_OF_THIRTY_TWO_LETTERS_;
}
