/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * `pass` from user space: the packet is given to the kernel's stack as if its
 * interface had received it, by a live-frame run of a program that passes
 * (BPF_F_TEST_XDP_LIVE_FRAMES, Linux 5.18). Running needs no privilege.
 */
#ifndef SLOWPATH_DELIVER_H
#define SLOWPATH_DELIVER_H

#include <stddef.h>
#include <linux/types.h>

/* Load the program: its descriptor, or a negative errno. */
int deliver_open(void);

/* 0, or a negative errno. The packet, from its Ethernet header, is copied. */
int deliver(int program, const void *packet, size_t length, __u32 ifindex);

#endif
