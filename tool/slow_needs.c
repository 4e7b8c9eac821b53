/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <string.h>

#include "diag.h"
#include "probe.h"
#include "slow_needs.h"

int slow_needs(void)
{
	int live = probe_live_frame(), unprivileged = probe_unprivileged_run();

	if (live)
		error("the slow path cannot work here: the kernel has no live frames, to pass "
		      "packets on from user space (Linux 5.18): %s",
		      strerror(-live));
	if (unprivileged)
		error("the slow path cannot work here: the kernel lets no process without "
		      "privilege run a BPF program (Linux 5.19, or sysctl "
		      "kernel.unprivileged_bpf_disabled=0): %s",
		      strerror(-unprivileged));
	return live ?: unprivileged;
}
