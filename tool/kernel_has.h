/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whether the kernel has what a bundle says that its chain needs, found by trying. */
#ifndef KERNEL_HAS_H
#define KERNEL_HAS_H

#include <stdbool.h>

enum kernel_answer {
	KERNEL_LACKS,
	KERNEL_HAS,
	KERNEL_UNKNOWN /* no such feature is known here */
};

/* Those that are no types of maps. */
#define KERNEL_AF_XDP      "af_xdp"
#define KERNEL_LIVE_FRAMES "live_frames"

/*
 * A type of map, as libbpf_bpf_map_type_str() calls it, or one of the above. Who may not
 * load programs (probe_may_load()) cannot try most of them: those that are known then
 * count as there.
 */
enum kernel_answer kernel_has(const char *feature, bool may_load);

#endif
