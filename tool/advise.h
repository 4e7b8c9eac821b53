/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What makes an attached chain slow or deaf though nothing failed, each with the command that mends it. */
#ifndef ADVISE_H
#define ADVISE_H

#include "model.h"

/*
 * Warnings about an attached chain: a veth whose peer has neither XDP nor GRO
 * loses what is sent out of it, programs that are not compiled are slow, VLAN
 * offload hides tags from native XDP, an interface that is down hears nothing.
 */
void advise(const struct model *model);

/* "native", "generic", "none" of XDP_FLAGS_DRV_MODE, …. */
const char *mode_name(__u32 mode);

#endif
