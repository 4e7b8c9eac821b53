/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The programs that lead out of the kernel (bpf/upcall.bpf.c), in a
 * generation's directory: upcall-SLOT-FUNCTION, one for each slot that has one.
 */
#ifndef UPCALL_H
#define UPCALL_H

#include "model.h"

/*
 * The program for a slot that leads to a function, loaded and pinned: an fd, or
 * a negative errno after printing an error. The generation's maps are there.
 */
int upcall_open(const char *generation_dir, const struct model *model, __u32 slot,
		int function);

/* Remove the pins of programs that no slot holds any more. */
void upcall_prune(const char *generation_dir, const struct model *model);

/* Whether anything leads out of the kernel in this generation. */
bool upcall_any(const char *generation_dir);

/* A pin's name taken apart; false: it is none of these. */
bool upcall_parse(const char *pin, __u32 *slot, const char **function);

#endif
