/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The root program on interfaces: pinned XDP links. */
#ifndef LINKS_H
#define LINKS_H

#include "commit.h"

/*
 * Attach the root program to an interface and pin the link; sets interface->mode.
 * Native first under GALETTE_MODE_AUTO, generic where the driver cannot, with a warning.
 */
int links_attach(const struct state *state, struct model_interface *interface,
		 enum galette_mode mode);

/*
 * The interface that a pinned link is on now; 0: it has gone. -ENOENT: there is
 * no such link.
 */
int links_ifindex(const char *chain_dir, const char *interface, __u32 *ifindex);

/* XDP_FLAGS_DRV_MODE or …SKB_MODE of an interface with XDP; 0: it cannot be told from here. */
__u32 links_mode(__u32 ifindex);

/* Remove a pinned link, or all of them: the interfaces are let go at once. No such link: 0. */
int links_detach(const char *chain_dir, const char *interface);
int links_detach_all(const char *chain_dir);

#endif
