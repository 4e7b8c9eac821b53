/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "diag.h"
#include "slow_needs.h"

#ifndef BPF_F_TEST_XDP_LIVE_FRAMES
#define BPF_F_TEST_XDP_LIVE_FRAMES (1U << 1)
#endif

enum {
	NOBODY = 65534,
	FRAME = 60, /* the shortest there is */
};

/* It drops: where its packets are live they reach nobody. */
static int load_drop(void)
{
	const struct bpf_insn drop[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_DROP },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return bpf_prog_load(BPF_PROG_TYPE_XDP, "galette_probe", "Dual BSD/GPL", drop, 2, NULL);
}

/*
 * Older kernels take the flag and ignore it. The batch came with it, and that they
 * refuse, as all that they do not know.
 */
int slow_needs_live_frames(void)
{
	const unsigned char frame[FRAME] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame),
		    .repeat = 1, .batch_size = 1, .flags = BPF_F_TEST_XDP_LIVE_FRAMES);
	int program = load_drop(), err;

	if (program < 0)
		return program;
	err = bpf_prog_test_run_opts(program, &opts) ? -errno : 0;
	close(program);
	return err;
}

/* In the child: the errno, as an exit status and through the pipe. */
static void run_as_nobody(int program, int result)
{
	const unsigned char frame[FRAME] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame),
		    .repeat = 1);
	int err = 0;

	if (geteuid() == 0 && (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
			       setresuid(NOBODY, NOBODY, NOBODY)))
		err = errno;
	if (!err && bpf_prog_test_run_opts(program, &opts))
		err = errno;
	_exit(write(result, &err, sizeof(err)) != sizeof(err));
}

int slow_needs_unprivileged(void)
{
	int program = load_drop(), ends[2], err = 0;
	ssize_t got;
	pid_t child;

	if (program < 0)
		return program;
	if (pipe2(ends, O_CLOEXEC)) {
		err = -errno;
		close(program);
		return err;
	}
	child = fork();
	if (!child)
		run_as_nobody(program, ends[1]);
	err = child < 0 ? errno : 0;
	close(ends[1]);
	close(program);
	if (child > 0) {
		do
			got = read(ends[0], &err, sizeof(err));
		while (got < 0 && errno == EINTR);
		if (got != sizeof(err))
			err = ECHILD;
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
	}
	close(ends[0]);
	return -err;
}

int slow_needs(void)
{
	int live = slow_needs_live_frames(), unprivileged = slow_needs_unprivileged();

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
