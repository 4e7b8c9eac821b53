/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What galette-slow needs of the kernel, tried here and now: versions say little of
 * kernels that distributions mend, and settings take away what a version has.
 */
#ifndef SLOW_NEEDS_H
#define SLOW_NEEDS_H

/*
 * Packets given to a program as if received (BPF_F_TEST_XDP_LIVE_FRAMES, Linux 5.18):
 * how `pass` works. 0, or a negative errno; prints nothing.
 */
int slow_needs_live_frames(void);

/*
 * Programs run by a process without privilege (Linux 5.19, or kernel.unprivileged_bpf_disabled
 * = 0): how functions reach their maps. 0, or a negative errno; prints nothing.
 */
int slow_needs_unprivileged(void);

/* All of it. 0, or a negative errno after an error for each that is not there. */
int slow_needs(void);

#endif
