/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The programs that end a chain (bpf/terminal.bpf.c), in a generation's directory. */
#ifndef TERMINAL_H
#define TERMINAL_H

#include "model.h"

/*
 * The program for a target that is no function, loaded and pinned where it is
 * not there yet: an fd, or a negative errno after printing an error. egress:
 * for tx(IF), the interface's place in the generation's devmap.
 */
int terminal_open(const char *generation_dir, const struct target *target, __u32 egress);

/* Remove its pin. */
void terminal_remove(const char *generation_dir, const struct target *target);

/* An unpinned program that passes every packet to the stack: what root[0] holds when no chain runs. */
int terminal_load_pass(void);

#endif
