/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What an NF must not be: two actions that are one word in a chain file. */
#include <galette/nf.h>

enum same_word {
	DROP_IT,
	drop_it
};

NF(same_word, enum same_word)
{
	return DROP_IT;
}
