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
#include "record.h"

#ifndef BPF_F_TEST_XDP_LIVE_FRAMES
#define BPF_F_TEST_XDP_LIVE_FRAMES (1U << 1)
#endif

/* ---- the beginning ---- */

static void close_if(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void deliver_detach(struct deliver *deliver)
{
	close_if(&deliver->link);
	close_if(&deliver->netns);
}

static bool attach(struct deliver *deliver)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_SKB_MODE);

	deliver->netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (deliver->netns >= 0)
		deliver->link =
			bpf_link_create(deliver->program, if_nametoindex("lo"), BPF_XDP, &opts);
	if (deliver->link < 0)
		deliver_detach(deliver);
	return deliver->link >= 0;
}

/* 0, attached or not; or a negative errno: the process is not where it was. */
static int attach_elsewhere(struct deliver *deliver)
{
	int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), err = 0;

	if (here >= 0 && !unshare(CLONE_NEWNET)) {
		deliver->batches = attach(deliver);
		err = setns(here, CLONE_NEWNET) ? -errno : 0;
	}
	close_if(&here);
	return err;
}

static int open_queues(struct deliver *deliver, int map, __u32 pipes)
{
	deliver->size = pipes * sizeof(*deliver->queues);
	deliver->queues = mmap(NULL, deliver->size, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	return deliver->queues == MAP_FAILED ? -errno : 0;
}

int deliver_open(struct deliver *deliver, const char *chain_dir, __u32 pipes)
{
	struct deliver_bpf *skel = deliver_bpf__open();
	int err = skel ? 0 : -errno, delivered = pins_open(chain_dir, "slow/delivered");

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
		err = deliver->program < 0 ? -errno : attach_elsewhere(deliver);
	}
	deliver_bpf__destroy(skel);
	close_if(&delivered);
	return err;
}

void deliver_close(struct deliver *deliver)
{
	close_if(&deliver->program);
	deliver_detach(deliver);
	munmap(deliver->queues, deliver->size);
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

	if (verdict)
		*verdict = opts.retval;
	return err;
}

int deliver_run(int program, const void *packet, size_t length, __u32 ifindex, __u32 *verdict)
{
	return run(program, packet, length, ifindex, 1, verdict);
}

/* ---- a pipe's queue ---- */

/* Another process may write here: it is read once, and no more than `most`. */
static __u32 read_most(const __u32 *from, __u32 most)
{
	__u32 value = __atomic_load_n(from, __ATOMIC_RELAXED);

	return value < most ? value : most;
}

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
	__u32 count = read_most(&queue->count, DELIVER_BATCH);

	if (length > DELIVER_ROOM)
		return -EMSGSIZE;
	if (count == DELIVER_BATCH || (count && queue->ifindex != ifindex))
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

/* A run of so many frames. The first packet behind those that it has done with. */
static __u32 pass_some(const struct deliver *deliver, __u32 pipe, __u32 next, __u32 frames)
{
	struct deliver_queue *queue = &deliver->queues[pipe];
	struct deliver_call call = { .pipe = pipe };
	__u32 to = next + frames, taken;
	int err;

	queue->begin = queue->next = next;
	queue->held = 0;
	err = run(deliver->program, &call, sizeof(call), queue->ifindex, frames, NULL);
	taken = read_most(&queue->next, to);
	if (taken > next && !(err && taken == to))
		return taken; /* when the kernel runs out of pages, those before have gone */
	/* It did not run them; or had no socket buffers, and then for none. */
	queue->failed += frames;
	in_order();
	queue->next = to;
	return to;
}

/* One by one, so that who dies in between has counted all but one right. */
static void count_failed(struct deliver_queue *queue, __u32 count, struct galette_pipe *record)
{
	for (__u32 failed = read_most(&queue->failed, count); failed--;) {
		queue->failed = failed;
		in_order();
		bump(&record->lost[GALETTE_LOSS_PASS], 1);
		bump(&record->pass, -1ull);
		in_order();
	}
}

/* Behind a run that was held, many may be alike: they must not cost more than one by one. */
void deliver_flush(const struct deliver *deliver, __u32 pipe, struct galette_pipe *record)
{
	struct deliver_queue *queue = &deliver->queues[pipe];
	__u32 count = read_most(&queue->count, DELIVER_BATCH), most = DELIVER_BATCH;
	__u32 next = read_most(&queue->next, count);

	if (!count)
		return;
	while (next < count) {
		__u32 left = deliver->batches ? count - next : 1;

		next = pass_some(deliver, pipe, next, left < most ? left : most);
		most = queue->held ? 1 : most < DELIVER_BATCH / 2 ? most * 2 : DELIVER_BATCH;
	}
	count_failed(queue, count, record);
	queue->count = 0;
}
