// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <linux/bpf.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "deliver.h"
#include "deliver.skel.h"
#include "pins.h"

#ifndef BPF_F_TEST_XDP_LIVE_FRAMES
#define BPF_F_TEST_XDP_LIVE_FRAMES (1U << 1)
#endif

int deliver_open(struct deliver *deliver, const char *chain_dir)
{
	struct deliver_bpf *skel = deliver_bpf__open();
	int delivered = pins_open(chain_dir, "slow/delivered");
	int err = skel ? 0 : -errno;

	if (!err && delivered < 0)
		err = delivered;
	if (!err)
		err = bpf_map__reuse_fd(skel->maps.delivered, delivered)
			      ?: deliver_bpf__load(skel);
	if (!err) {
		deliver->native = dup(bpf_program__fd(skel->progs.galette_deliver));
		deliver->generic = dup(bpf_program__fd(skel->progs.galette_deliver_generic));
		err = deliver->native < 0 || deliver->generic < 0 ? -errno : 0;
	}
	deliver_bpf__destroy(skel);
	if (delivered >= 0)
		close(delivered);
	return err;
}

/* The kernel makes a page pool for a batch: of one, when there is one packet. */
int deliver_run(int program, const void *packet, size_t length, __u32 ifindex, __u32 *verdict)
{
	struct xdp_md context = { .data_end = length, .ingress_ifindex = ifindex };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = length,
		    .ctx_in = &context, .ctx_size_in = sizeof(context), .repeat = 1,
		    .batch_size = 1, .flags = BPF_F_TEST_XDP_LIVE_FRAMES);
	int err = bpf_prog_test_run_opts(program, &opts) ? -errno : 0;

	*verdict = opts.retval;
	return err;
}

int deliver(const struct deliver *deliver, const void *packet, size_t length, __u32 ifindex,
	    bool generic)
{
	__u32 verdict;

	return deliver_run(generic ? deliver->generic : deliver->native, packet, length,
			   ifindex, &verdict);
}
