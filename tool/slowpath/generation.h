/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A generation as galette-slow runs it: read from gen/N (galette/abi.h), its
 * native functions loaded, their maps bound. It keeps what it needs, so the pins
 * may go while packets of the generation are still on their way.
 */
#ifndef SLOWPATH_GENERATION_H
#define SLOWPATH_GENERATION_H

#include <linux/types.h>

#include <galette/abi.h>

#include "nf_host.h"
#include "port.h"

struct slow_function {
	char name[GALETTE_NAME_LEN];
	__u32 base, actions;  /* its slots */
	struct nf_host *host; /* NULL: it cannot run here */
};

struct generation {
	__u32 number;
	struct galette_slowpath slowpath;
	struct galette_interface interfaces[GALETTE_INTERFACES_MAX];
	__u32 interface_count;
	struct slow_function *functions;
	__u32 function_count;
	__u32 slot_count;
	const __u64 *routes;        /* mapped: they change while it runs */
	struct galette_edge *edges; /* mapped: counted by all pipes */
	int xsks;
	__u32 xsks_id;
};

/* Read and load CHAIN_DIR/gen/NAME; NULL after printing an error. */
struct generation *generation_load(const char *chain_dir, const char *name,
				   const struct nf_clock *clock);
void generation_free(struct generation *generation);

/* Let the kernel's upcalls of this generation come to these sockets. 0, or a negative errno. */
int generation_publish(const struct generation *generation, const struct ports *ports);

/* Let none come any more, whoever's sockets they are: such packets are `absent`. */
void generation_withdraw(const struct generation *generation);

#endif
