/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SLOW_NEEDS_H
#define SLOW_NEEDS_H

/*
 * Whether the kernel has what galette-slow needs, tried here and now: versions say little of
 * kernels that distributions mend, and settings take away what a version has. 0, or a
 * negative errno after an error for each that is not there.
 */
int slow_needs(void);

#endif
