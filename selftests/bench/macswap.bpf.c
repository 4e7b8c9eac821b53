/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "../../nf/macswap.c"

#define BODY macswap_body
#include "wiring.h"
