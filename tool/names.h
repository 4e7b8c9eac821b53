/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a name in a chain file may be. Errors go to diag, at loc. */
#ifndef NAMES_H
#define NAMES_H

#include <stdbool.h>

#include <galette/abi.h>

#include "diag.h"

/* Letters, digits, '-', '_' and the characters of `more`; not too long. */
bool name_check(const char *name, const char *more, const char *what, struct loc loc,
		struct diag *diag);

/* The NAME of "WORD(NAME)"; 1: it was one, 0: it is not, -EINVAL: a broken one. */
int name_call(const char *text, const char *word, char name[GALETTE_NAME_LEN], struct loc loc,
	      struct diag *diag);

/* Words that mean something as a `from` or a target, and so can name no function. */
bool name_reserved(const char *name);

#endif
