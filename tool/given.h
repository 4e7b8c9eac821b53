/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a command was given: a chain file, whose functions are in directories, or a bundle
 * that has them all. From then on objects and files are looked for there: a
 * process runs one command, with one chain.
 */
#ifndef GIVEN_H
#define GIVEN_H

#include "chain.h"
#include "model.h"

/*
 * Read the chain of FILE ("-": standard input), a bundle's only when its bytes are whole,
 * somebody who is trusted has signed it, and the kernel has what it needs. Where anybody
 * is trusted, standard input must be a bundle. NULL: diag says why
 * not, or error() has. diag->file is what errors in it are called by.
 */
struct chain *given_read(const char *file, struct diag *diag);

/* The chain of a chain file that is not to run here, but to be packed. NULL: diag says why not. */
struct chain *given_source(const char *file, struct diag *diag);

/* Where objects are looked for, for messages and for check(): the bundle, else nf_path. */
const char *given_where(const char *nf_path);

/* Whether it is a bundle. */
bool given_bundle(void);

/* PATH and suffix (".bpf.o", ".so", "": a file) of the bundle: an fd and *file, or -errno. */
int given_open(const char *path, const char *suffix, char **file);
bool given_has(const char *path, const char *suffix);

/* Which bundle it was, for the model that is made of it; nothing if it was none. */
void given_origin(struct galette_origin *origin);

#endif
