/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packets that the kernel lost on their way to a pipe: what its sockets count of them. */
#ifndef SLOWPATH_KERNEL_COUNTS_H
#define SLOWPATH_KERNEL_COUNTS_H

#include <galette/abi.h>

#include "port.h"

/* Add to a pipe's record what its sockets have counted since the last call. */
void kernel_counts_look(const struct ports *ports, __u32 pipe, struct galette_pipe *record);

#endif
