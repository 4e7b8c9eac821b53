/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who has an interface: the XDP program that is on it, and the command that takes it off. */
#ifndef XDP_HOLDER_H
#define XDP_HOLDER_H

#include <stdbool.h>
#include <limits.h>
#include <linux/types.h>

struct xdp_holder {
	__u32 prog_id; /* 0: nobody has it */
	char prog_name[16];
	__u32 link_id; /* 0: it was attached without a link */
	bool generic;
	char chain[NAME_MAX + 1]; /* the chain of galette's; "": none */
};

/* 0, or a negative errno. Chains are looked for below pin_root. */
int xdp_holder_find(__u32 ifindex, const char *pin_root, struct xdp_holder *holder);

/* The command for an interface of this name, malloc'ed. */
char *xdp_holder_mend(const struct xdp_holder *holder, const char *interface);

#endif
