// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <linux/bpf.h>

#include <bpf/bpf.h>

#include "deliver.h"

#ifndef BPF_F_TEST_XDP_LIVE_FRAMES
#define BPF_F_TEST_XDP_LIVE_FRAMES (1U << 1)
#endif

int deliver_open(void)
{
	const struct bpf_insn pass[] = {
		{ BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, XDP_PASS },
		{ BPF_JMP | BPF_EXIT, 0, 0, 0, 0 },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_XDP);

	return bpf_prog_load(BPF_PROG_TYPE_XDP, "galette_deliver", "Dual BSD/GPL", pass,
			     sizeof(pass) / sizeof(pass[0]), &opts);
}

/* The kernel makes a page pool for a batch: of one, when there is one packet. */
int deliver(int program, const void *packet, size_t length, __u32 ifindex)
{
	struct xdp_md context = { .data_end = length, .ingress_ifindex = ifindex };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = length,
		    .ctx_in = &context, .ctx_size_in = sizeof(context), .repeat = 1,
		    .batch_size = 1, .flags = BPF_F_TEST_XDP_LIVE_FRAMES);

	return bpf_prog_test_run_opts(program, &opts) ? -errno : 0;
}
