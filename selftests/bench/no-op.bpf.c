/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "../../nf/no-op.c"

#define BODY no_op_body
#include "wiring.h"
