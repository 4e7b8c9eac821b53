/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What `doctor` looks at. Nothing is changed, and nothing is left behind. */
#ifndef DOCTOR_H
#define DOCTOR_H

#include "finding.h"

/* The kernel, and what this user may do with it. */
void doctor_machine(const char *pin_root, struct findings *findings);

/*
 * One interface of this network namespace. 0, or a negative errno: it cannot be
 * asked, it may just have gone.
 */
int doctor_netdev(unsigned int ifindex, const char *pin_root, struct findings *findings);

#endif
