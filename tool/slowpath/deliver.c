// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "deliver.h"
#include "deliver.skel.h"
#include "deliver_queue.h"
#include "pins.h"

#ifndef BPF_F_TEST_XDP_LIVE_FRAMES
#define BPF_F_TEST_XDP_LIVE_FRAMES (1U << 1)
#endif

/* ---- the beginning ---- */

static int attach(struct deliver *deliver)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_SKB_MODE);

	deliver->netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (deliver->netns < 0)
		return -errno;
	deliver->link = bpf_link_create(deliver->program, if_nametoindex("lo"), BPF_XDP, &opts);
	return deliver->link < 0 ? deliver->link : 0;
}

/* The process is back in its own namespace behind it, or it ends. */
static void attach_elsewhere(struct deliver *deliver)
{
	int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (here < 0)
		return;
	if (!unshare(CLONE_NEWNET)) {
		deliver->batches = !attach(deliver);
		if (setns(here, CLONE_NEWNET))
			abort();
	}
	close(here);
}

static int open_queues(struct deliver *deliver, int map, __u32 pipes)
{
	size_t size = pipes * sizeof(*deliver->queues);

	deliver->queues = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	return deliver->queues == MAP_FAILED ? -errno : 0;
}

int deliver_open(struct deliver *deliver, const char *chain_dir, __u32 pipes)
{
	struct deliver_bpf *skel = deliver_bpf__open();
	int delivered = pins_open(chain_dir, "slow/delivered");
	int err = skel ? 0 : -errno;

	*deliver = (struct deliver) { .program = -1, .netns = -1, .link = -1 };
	if (!err && delivered < 0)
		err = delivered;
	if (!err)
		err = bpf_map__reuse_fd(skel->maps.delivered, delivered) ?:
		      bpf_map__set_max_entries(skel->maps.queues, pipes) ?:
		      deliver_bpf__load(skel)				 ?:
		      open_queues(deliver, bpf_map__fd(skel->maps.queues), pipes);
	if (!err) {
		deliver->program = dup(bpf_program__fd(skel->progs.galette_deliver));
		err = deliver->program < 0 ? -errno : 0;
	}
	deliver_bpf__destroy(skel);
	if (delivered >= 0)
		close(delivered);
	if (!err)
		attach_elsewhere(deliver);
	return err;
}

static void close_if(int fd)
{
	if (fd >= 0)
		close(fd);
}

void deliver_close(struct deliver *deliver)
{
	close_if(deliver->program);
	close_if(deliver->link);
	close_if(deliver->netns);
}

/* ---- runs ---- */

/* The kernel makes a page pool for a run, and takes all its frames as one batch. */
static int run(int program, const void *frame, size_t length, __u32 ifindex, __u32 frames,
	       __u32 *verdict)
{
	struct xdp_md context = { .data_end = length, .ingress_ifindex = ifindex };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = length,
		    .ctx_in = &context, .ctx_size_in = sizeof(context), .repeat = frames,
		    .batch_size = frames, .flags = BPF_F_TEST_XDP_LIVE_FRAMES);
	int err = bpf_prog_test_run_opts(program, &opts) ? -errno : 0;

	*verdict = opts.retval;
	return err;
}

int deliver_run(int program, const void *packet, size_t length, __u32 ifindex, __u32 *verdict)
{
	return run(program, packet, length, ifindex, 1, verdict);
}

/* ---- a pipe's queue ---- */

/*
 * The compiler must not move stores across: whoever finds this process dead reads what it wrote,
 * up to some instruction.
 */
static void in_order(void)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

int deliver_add(const struct deliver *deliver, __u32 pipe, const void *packet, size_t length,
		__u32 ifindex, bool generic)
{
	struct deliver_queue *queue = &deliver->queues[pipe];
	__u32 count = queue->count;

	if (length > DELIVER_ROOM)
		return -EMSGSIZE;
	if (count >= DELIVER_BATCH || (count && queue->ifindex != ifindex))
		return -EAGAIN;
	if (!count) {
		queue->next = queue->failed = 0;
		queue->ifindex = ifindex;
		queue->generic = generic;
	}
	queue->slot[count].length = length;
	memcpy(queue->slot[count].packet, packet, length);
	in_order();
	queue->count = count + 1;
	return 0;
}

/* A run. The first packet behind those that it has taken; *lost is more by what it lost. */
static __u32 pass_some(const struct deliver *deliver, __u32 pipe, __u32 next, __u32 count,
		       __u32 *lost)
{
	struct deliver_queue *queue = &deliver->queues[pipe];
	struct deliver_call call = { .pipe = pipe };
	__u32 frames = deliver->batches ? count - next : 1, verdict, taken;

	queue->begin = queue->next = next;
	queue->held = 0;
	if (run(deliver->program, &call, sizeof(call), queue->ifindex, frames, &verdict)) {
		*lost += frames;
		return next + frames;
	}
	taken = queue->next;
	return taken > next && taken <= next + frames ? taken : next + 1;
}

__u32 deliver_flush(const struct deliver *deliver, __u32 pipe)
{
	struct deliver_queue *queue = &deliver->queues[pipe];
	__u32 count = queue->count, next = queue->next, lost = 0;

	if (!count)
		return 0;
	if (count > DELIVER_BATCH) /* another process wrote here */
		count = DELIVER_BATCH;
	while (next < count)
		next = pass_some(deliver, pipe, next, count, &lost);
	lost += queue->failed;
	in_order();
	queue->count = 0;
	return lost < count ? lost : count;
}
