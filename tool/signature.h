/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Signatures by ed25519 keys, made and checked by OpenSSH: ssh-keygen -Y, namespace "galette",
 * in the format of its PROTOCOL.sshsig, as text.
 *
 * ssh-keygen is called by its absolute path. Where it checks it has an empty
 * environment: nothing that a caller sets makes another program or library of it. What it reads
 * are files of no directory. Only its exit status 0 is a yes.
 */
#ifndef SIGNATURE_H
#define SIGNATURE_H

#include <stddef.h>

/* Keys that are trusted on this machine, NAME.pub, each the public key of NAME. */
#define SIGNATURE_TRUSTED "/etc/galette/trusted.d"

/*
 * Sign with the key of a file, or with the one in ssh-agent whose public key is in it.
 * *text is malloc'ed. 0, or a negative errno after printing an error.
 */
int signature_make(const char *key, const void *data, size_t size, char **text, size_t *length);

/*
 * Whether a key that is trusted here has made a signature of these bytes. 0: one has, and
 * *signer is its name, malloc'ed; or there are none, *signer is NULL, and nobody's
 * signature is asked for. -EPERM after printing an error: it is unsigned (length 0),
 * altered, signed by somebody else, or that cannot be told.
 */
int signature_check(const void *data, size_t size, const char *text, size_t length,
		    char **signer);

/* The same, with the keys of another directory. */
int signature_check_in(const char *dir, const void *data, size_t size, const char *text,
		       size_t length, char **signer);

#endif
