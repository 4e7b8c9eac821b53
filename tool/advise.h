/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What makes an attached chain slow or deaf though nothing failed, each with the command that mends it. */
#ifndef ADVISE_H
#define ADVISE_H

#include "finding.h"
#include "model.h"
#include "netdev.h"

/*
 * Warnings about an attached chain: a veth whose peer has neither XDP nor GRO
 * loses what is sent out of it, programs that are not compiled are slow, VLAN
 * offload hides tags from native XDP, an interface that is down hears nothing, and
 * a network card only what is addressed to itself.
 */
void advise(const struct model *model);

/* ---- what it is made of: findings about any interface; none where all is well ---- */

/* Frames that leave a veth by tx, or by tx(IF), and never arrive. */
void advise_peer(struct findings *findings, const struct netdev *dev, bool tx, bool redirect);

/* It is down, or its peer is. */
void advise_up(struct findings *findings, const struct netdev *dev);

/* VLAN tags that the chain does not see. */
void advise_vlan(struct findings *findings, const struct netdev *dev);

/*
 * An offload of dev, one ETHTOOL_…, that is on: `why` that hurts this interface, and
 * the command that turns it off where dev is.
 */
void advise_offload(struct findings *findings, const struct netdev *dev, const char *prefix,
		    const char *interface, __u32 offload, const char *why);

/* Programs are not compiled. */
void advise_compile(struct findings *findings);

/* "native", "generic", "none" of XDP_FLAGS_DRV_MODE, …. */
const char *mode_name(__u32 mode);

#endif
