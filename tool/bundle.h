/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A bundle: a chain file with all that it needs, in one file, for a machine that has
 * neither compiler nor tree. Numbers are little endian:
 *
 *   8 bytes   "galette" and the number of this format, 1
 *   4 bytes   size of the manifest
 *   4 bytes   size of all members
 *   4 bytes   size of the signature, 0: unsigned
 *   manifest  JSON, see below
 *   members   their bytes, one behind the other, in the manifest's order
 *   signature of manifest and members (signature.h)
 *   32 bytes  SHA-256 of all before: for accidents, not for enemies
 *
 *   { "galette": "0.1",                      what packed it
 *     "needs": ["lpm_trie", "af_xdp", …],    of the kernel (kernel_has.h)
 *     "members": [
 *       { "kind": "chain",  "name": "security.toml", "size": 1234, "sha256": "…" },
 *       { "kind": "object", "name": "dpi", …, "tag": "…" },
 *       { "kind": "native", "name": "dpi", "arch": "arm64", … },
 *       { "kind": "file",   "name": "dpi.rules", … } ] }
 *
 * The first member is the chain, and the only one. "object" is NAME.bpf.o, "native" NAME.so for
 * that machine (Debian's names), by the function's path; "file" what a config names, as it is
 * written there. "tag" is the kernel's of the program, as bpftool shows it: only where it was packed
 * by somebody who may load programs, and comparable from one kernel to another only where
 * both hash alike (SHA-1 before Linux 6.18, SHA-256 since).
 *
 * Names are compared, and never become names of files: UTF-8 of up to 255 bytes without control
 * characters.
 */
#ifndef BUNDLE_H
#define BUNDLE_H

#include <stdbool.h>
#include <stddef.h>

enum {
	BUNDLE_SIZE_MAX = 64 << 20,    /* bytes */
	BUNDLE_MANIFEST_MAX = 1 << 20, /* bytes */
	BUNDLE_MEMBERS_MAX = 1024,
	BUNDLE_NAME_MAX = 255, /* bytes */
	BUNDLE_DIGEST = 32,    /* bytes */
	BUNDLE_HEX_LEN = 2 * BUNDLE_DIGEST + 1,
};

enum bundle_kind {
	BUNDLE_CHAIN,
	BUNDLE_OBJECT,
	BUNDLE_NATIVE,
	BUNDLE_FILE
};

struct bundle_member {
	enum bundle_kind kind;
	const char *name;
	const char *arch; /* "": none */
	const unsigned char *bytes;
	size_t size;
};

struct bundle {
	char *bytes; /* all of it */
	struct json_object *manifest;
	struct bundle_member *members;
	int member_count;
	const char *manifest_text, *payload; /* what the signature is of … */
	size_t manifest_size, payload_size;  /* … one behind the other */
	const char *signature;               /* text without a NUL behind it */
	size_t signature_size;               /* 0: unsigned */
	char digest[BUNDLE_HEX_LEN];
};

/* Whether bytes begin like a bundle of any format. */
bool bundle_is(const void *bytes, size_t size);

/*
 * Find the parts, which a signature can then be checked of, and nothing else: no manifest,
 * no members. Takes the bytes (malloc'ed) over. NULL: *why says in a few words what is
 * wrong, and the bytes are still the caller's.
 */
struct bundle *bundle_open(char *bytes, size_t size, const char **why);

/* Read the manifest and find the members. False: *why says what is wrong. */
bool bundle_read(struct bundle *bundle, const char **why);
void bundle_free(struct bundle *bundle);

/* Whether a member can be called so, as far as lengths and control characters go. */
bool bundle_name_possible(const char *name);

/* NULL: there is none. */
const struct bundle_member *bundle_member(const struct bundle *bundle, enum bundle_kind kind,
					  const char *name, const char *arch);

/* The machines that natives are for, "amd64, arm64"; "": there are none. malloc'ed. */
char *bundle_archs(const struct bundle *bundle);

/* This machine, as a bundle calls it. */
extern const char bundle_own_arch[];

/* The words of "needs", and how many. */
int bundle_needs(const struct bundle *bundle);
const char *bundle_need(const struct bundle *bundle, int i);

/* Of bytes, in hexadecimal. */
void bundle_digest(const void *bytes, size_t size, char hex[BUNDLE_HEX_LEN]);

/* ---- writing ---- */

struct bundle_draft;

struct bundle_draft *bundle_draft_new(void);
void bundle_draft_free(struct bundle_draft *draft);

/* A feature that is there already is not added again. */
void bundle_draft_need(struct bundle_draft *draft, const char *feature);

/* arch and tag may be NULL. A member that is there already is not added again. */
void bundle_draft_add(struct bundle_draft *draft, enum bundle_kind kind, const char *name,
		      const char *arch, const void *bytes, size_t size, const char *tag);

/*
 * All of it, malloc'ed; key NULL: unsigned, else as signature_make() has it. NULL after
 * printing an error.
 */
char *bundle_draft_finish(struct bundle_draft *draft, const char *key, size_t *size);

#endif
