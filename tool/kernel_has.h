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

/* Whether it is one that kernel_has() can look for; nothing is tried. */
bool kernel_has_name(const char *feature);

/*
 * A type of map, as libbpf_bpf_map_type_str() calls it, or one of the above. For all but
 * KERNEL_AF_XDP the caller must be one that may load programs (probe_may_load()).
 */
enum kernel_answer kernel_has(const char *feature);

#endif
