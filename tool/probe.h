/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What this kernel lets this process do, found out by doing it, on a small scale:
 * nothing is pinned, no interface of this network namespace is touched, and all
 * is gone again behind it. Errors are negative errnos; nothing is printed.
 */
#ifndef PROBE_H
#define PROBE_H

#include <stdbool.h>
#include <linux/types.h>

/* A program that gives this verdict (XDP_PASS, …): an fd. */
int probe_program(int verdict);

/* Whether this process may load programs at all. */
bool probe_may_load(void);

/* 1: a program is compiled, 0: it is interpreted, or a negative errno. */
int probe_is_compiled(int program);

enum probe_jumps {
	PROBE_JUMPS_UNKNOWN, /* the kernel does not show its code */
	PROBE_JUMPS_INDIRECT,
	PROBE_JUMPS_DIRECT,
};

struct probe_chain {
	bool compiled;
	enum probe_jumps jumps;
};

/*
 * Load the root program of a chain, let it lead to `pass`, and run a packet
 * through. -EPROTO: it went elsewhere.
 */
int probe_chain(struct probe_chain *chain);

/*
 * Attach to an interface by a link, in a network namespace that is made for it.
 * -EPERM also where that may not be made.
 */
int probe_link(void);

/* The MTU up to which a veth takes native XDP, found with a pair of them likewise. */
int probe_veth_mtu(__u32 *mtu);

/* Whether the kernel takes the types of maps, which chains are read and written by. */
int probe_map_types(void);

/* Whether maps are charged against RLIMIT_MEMLOCK, as before Linux 5.11. */
bool probe_memlock_counts(void);

/* An AF_XDP socket, and a map to reach it by. */
int probe_af_xdp(void);

/* Run a program on a live frame, which it drops. -EOPNOTSUPP: the frame was none. */
int probe_live_frame(void);

/* Run a program without any capability, as galette-slow does. */
int probe_unprivileged_run(void);

/* Whether a bpf filesystem could be mounted. -ENODEV: there is none; -EPERM: not by us. */
int probe_bpffs(void);

#endif
