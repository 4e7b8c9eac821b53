/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the reader and the writer of bundles share. Private to bundle.c and bundle_draft.c. */
#ifndef BUNDLE_FORMAT_H
#define BUNDLE_FORMAT_H

#include <stdbool.h>

#include "bundle.h"

#define BUNDLE_MAGIC     "galette\1"
#define BUNDLE_MAGIC_LEN (sizeof(BUNDLE_MAGIC) - 1)

/* By enum bundle_kind, NULL behind the last. */
extern const char *const bundle_kinds[];

/* Whether BUNDLE_DIGEST bytes are what a digest says in hexadecimal; and the other way round. */
bool bundle_digest_is(const char hex[BUNDLE_HEX_LEN], const char *bytes);
void bundle_digest_bytes(const char hex[BUNDLE_HEX_LEN], char *bytes);

#endif
