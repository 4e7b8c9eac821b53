/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who has an interface's XDP: a chain, or somebody else's program. */
#ifndef HOLDER_H
#define HOLDER_H

#include <limits.h>
#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/types.h>

struct holder {
	__u32 ifindex;
	__u32 prog_id; /* 0: nobody */
	__u32 mode;    /* XDP_FLAGS_DRV_MODE or …SKB_MODE */
	char name
		[BPF_OBJ_NAME_LEN]; /* the program's; "": it cannot be told without privilege */
	bool galette;               /* it is a chain's root program */
	char chain[NAME_MAX + 1];   /* that chain; "": none that is pinned below pin_root */
	__u32 link_id; /* 0: attached by netlink, as ip(8) does, or it cannot be told */
};

/* 0, or a negative errno: it cannot be told. Prints nothing. */
int holder_find(__u32 ifindex, const char *pin_root, struct holder *holder);

/* What keeps its link: ", pinned as PATH", ", of process PID (NAME)", or "". */
void holder_owner(const struct holder *holder, char *owner, size_t size);

enum {
	HOLDER_COMMAND_LEN = 4 * NAME_MAX + 64
};

/* The command that makes it let go of the interface of this name. */
void holder_mend(const struct holder *holder, const char *interface, char *command,
		 size_t size);

/* The names of the programs that links_attach() attaches, native and generic. */
extern const char *const holder_root_names[2];

#endif
