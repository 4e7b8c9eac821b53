/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * `pass` from user space: packets are given to the kernel's stack as if their interface had
 * received them, by a live-frame run of a program that passes (BPF_F_TEST_XDP_LIVE_FRAMES,
 * Linux 5.18). Running needs no privilege.
 *
 * A run costs some microseconds, for the kernel makes a page pool for each; so a pipe's packets
 * are queued (deliver_queue.h) and one run takes all of them. That more than one frame in a run
 * does not cost two RCU grace periods, the program has to be on some interface (kernel/bpf/
 * dispatcher.c): it is on the loopback of a network namespace of its own, where no packets are.
 * (That Linux has generic XDP somewhere costs every packet for any stack a test more.) Without
 * CAP_SYS_ADMIN there is none, and each packet has a run of its own.
 */
#ifndef SLOWPATH_DELIVER_H
#define SLOWPATH_DELIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include <galette/abi.h>

struct deliver {
	int program;
	struct deliver_queue *queues; /* of each pipe; shared by all processes */
	size_t size;                  /* bytes of them */
	bool batches;                 /* a run may take several packets */
	int netns, link; /* where the program is attached, for batches; -1: nowhere */
};

/* Load the program for a chain, with queues for so many pipes. 0, or a negative errno. */
int deliver_open(struct deliver *deliver, const char *chain_dir, __u32 pipes);

/* For a process that only runs it: another keeps it attached. */
void deliver_detach(struct deliver *deliver);
void deliver_close(struct deliver *deliver);

/*
 * Run a program on a packet as a live frame that an interface has received; 0: of
 * loopback. *verdict is the program's where the kernel took the frame for an
 * ordinary one, else 0. 0, or a negative errno.
 */
int deliver_run(int program, const void *packet, size_t length, __u32 ifindex, __u32 *verdict);

/*
 * Queue a packet, from its Ethernet header, which is copied: 0; -EMSGSIZE: it is too long;
 * -EAGAIN: the queue has to be flushed first, it is full or another interface's.
 */
int deliver_add(const struct deliver *deliver, __u32 pipe, const void *packet, size_t length,
		__u32 ifindex, bool generic);

/*
 * What a pipe has queued goes to the stack; also what one that has died had, but for those that
 * the program has taken. They count as passed in the pipe's record: what the kernel did not take
 * is counted as lost instead.
 */
void deliver_flush(const struct deliver *deliver, __u32 pipe, struct galette_pipe *record);

#endif
