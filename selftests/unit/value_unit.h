/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* For the unit tests of values: the types that they are of. */
#ifndef VALUE_UNIT_H
#define VALUE_UNIT_H

#include <errno.h>
#include <arpa/inet.h>

#include "unit.h"
#include "value.h"
#include "fuzz/value_types.h"

static struct value_types types;

static inline int set_up(void **state)
{
	value_types_init(&types);
	return 0;
}

static inline int tear_down(void **state)
{
	btf__free(types.btf);
	return 0;
}

#endif
