/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * `pass` from user space: the packet is given to the kernel's stack as if its
 * interface had received it, by a live-frame run of a program that passes
 * (BPF_F_TEST_XDP_LIVE_FRAMES, Linux 5.18). Running needs no privilege.
 */
#ifndef SLOWPATH_DELIVER_H
#define SLOWPATH_DELIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

struct deliver {
	int native, generic; /* programs, by the XDP of the interface */
};

/* Load the programs for a chain. 0, or a negative errno. */
int deliver_open(struct deliver *deliver, const char *chain_dir);

/*
 * Run a program on a packet as a live frame that an interface has received; 0: of
 * loopback. *verdict is the program's where the kernel took the frame for an
 * ordinary one, else 0. 0, or a negative errno.
 */
int deliver_run(int program, const void *packet, size_t length, __u32 ifindex, __u32 *verdict);

/* 0, or a negative errno. The packet, from its Ethernet header, is copied. */
int deliver(const struct deliver *deliver, const void *packet, size_t length, __u32 ifindex,
	    bool generic);

#endif
