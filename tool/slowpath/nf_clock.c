// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The kernel advances jiffies by the nanoseconds of CLOCK_MONOTONIC that have
 * gone by, TICK_NSEC a jiffy: the two differ by a constant. What it is only the
 * kernel knows, so a BPF program reads both.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "nf_host.h"

#define NSEC_PER_SEC 1000000000ull

struct sample {
	__u64 jiffies, monotonic;
};

enum {
	TICKS = 4 /* to watch: one may come late */
};

/* r6: packet. Fills it as a struct sample; jiffies first, so that they are not the later. */
static int load(void)
{
	const struct bpf_insn insns[] = {
		{ BPF_LDX | BPF_MEM | BPF_W, 6, 1, offsetof(struct xdp_md, data), 0 },
		{ BPF_LDX | BPF_MEM | BPF_W, 3, 1, offsetof(struct xdp_md, data_end), 0 },
		{ BPF_ALU64 | BPF_MOV | BPF_X, 2, 6, 0, 0 },
		{ BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, sizeof(struct sample) },
		{ BPF_JMP | BPF_JGT | BPF_X, 2, 3, 4, 0 },
		{ BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_jiffies64 },
		{ BPF_STX | BPF_MEM | BPF_DW, 6, 0, offsetof(struct sample, jiffies), 0 },
		{ BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_ktime_get_ns },
		{ BPF_STX | BPF_MEM | BPF_DW, 6, 0, offsetof(struct sample, monotonic), 0 },
		{ BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0 },
		{ BPF_JMP | BPF_EXIT, 0, 0, 0, 0 },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_XDP);

	return bpf_prog_load(BPF_PROG_TYPE_XDP, "galette_clock", "Dual BSD/GPL", insns,
			     sizeof(insns) / sizeof(insns[0]), &opts);
}

static int take(int program, struct sample *sample)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = sample, .data_size_in = sizeof(*sample),
		    .data_out = sample, .data_size_out = sizeof(*sample), .repeat = 1);

	return bpf_prog_test_run_opts(program, &opts) ? -errno : 0;
}

/*
 * Kernels align ticks to multiples of TICK_NSEC (not all do). An origin just short
 * of one, by interrupt latency and the time between two samples, is meant to be it.
 */
static __u64 align(__u64 origin, __u64 tick)
{
	__u64 missing = tick - origin % tick;

	return missing < tick / 16 ? origin + missing : origin;
}

/*
 * A jiffy is never early: jiffies * tick <= monotonic + origin, always. The
 * largest difference that is seen is the one of least delay, just behind a tick.
 */
static int watch(struct nf_clock *clock, int program)
{
	struct sample s = {};
	__u64 first = 0;
	int err;

	clock->origin = 0;
	do {
		__u64 origin;

		err = take(program, &s);
		origin = s.jiffies * clock->tick_ns - s.monotonic;
		if (!first || (__s64)(origin - clock->origin) > 0)
			clock->origin = origin;
		if (!first)
			first = s.jiffies;
	} while (!err && s.jiffies - first < TICKS);
	clock->origin = align(clock->origin, clock->tick_ns);
	return err;
}

/* Of one sample can be told that it is of another boot, or nonsense. */
static bool holds(const struct nf_clock *clock, int program)
{
	struct sample s = {};
	__u64 jiffy, now;

	if (!clock->origin || take(program, &s))
		return false;
	jiffy = s.jiffies * clock->tick_ns;
	now = s.monotonic + clock->origin;
	return jiffy <= now && now - jiffy < 2 * clock->tick_ns;
}

int nf_clock_calibrate(struct nf_clock *clock, __u64 known)
{
	struct timespec tick;
	int program, err;

	if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick))
		return -errno;
	program = load();
	if (program < 0)
		return program;
	*clock = (struct nf_clock) { .tick_ns = tick.tv_nsec, .origin = known };
	err = holds(clock, program) ? 0 : watch(clock, program);
	close(program);
	return err;
}

__u64 nf_clock_now(const struct nf_clock *clock)
{
	struct timespec now;
	__u64 ns;

	if (!clock->tick_ns)
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	ns = now.tv_sec * NSEC_PER_SEC + now.tv_nsec + clock->origin;
	return ns - ns % clock->tick_ns;
}
