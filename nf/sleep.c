/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * sleep: hold every packet for `microseconds`, and with it the thread that runs
 * the NF: what a function that waits for something costs the others behind it.
 * That long at least; the kernel's timer slack comes on top.
 */
// world: native
#include <galette/nf.h>

#include <errno.h>
#include <time.h>

enum sleep {
	DONE
};
NF_CONFIG(struct { __u32 microseconds; }) = { .microseconds = 1000 };

NF(sleep, enum sleep)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += config.microseconds / 1000000;
	until.tv_nsec += config.microseconds % 1000000 * 1000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	/* Absolute: an interruption does not make it longer. */
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
	return DONE;
}
