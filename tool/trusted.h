/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The keys that are trusted on this machine: DIR/NAME.pub, as ssh-keygen writes them. */
#ifndef TRUSTED_H
#define TRUSTED_H

#include <limits.h>

enum {
	/* "ssh-ed25519 " and 51 bytes in base64, with a NUL */
	TRUSTED_KEY_LEN = 12 + 68 + 1,
	TRUSTED_NAME_LEN = 64,
};

struct trusted_key {
	char name[TRUSTED_NAME_LEN]; /* letters, digits and . _ @ + - */
	char key[TRUSTED_KEY_LEN];   /* without comment and options */
};

struct trusted {
	const char *dir;
	struct trusted_key *keys;
	int count;
};

/*
 * All of them; none where there is no such directory. Files that do not end in .pub are not
 * looked at. A negative errno after printing an error: what cannot be read might be
 * what somebody relies on, and who else may write there could trust himself (-EPERM, for the
 * directory or a key of another user than root and the caller, or writable for others than its
 * owner). Free it in any case.
 */
int trusted_read(const char *dir, struct trusted *trusted);
void trusted_free(struct trusted *trusted);

#endif
