/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "alloc.h"
#include "doctor.h"
#include "kernel_has.h"
#include "load.h"
#include "pins.h"
#include "slow_needs.h"

#define JIT_ON "sysctl net.core.bpf_jit_enable=1"

enum {
	IMAGE_MAX = 4096 /* bytes of machine code; a tail call has some 200 */
};

/* ---- what every chain needs ---- */

static void look_at_kernel(struct findings *findings, bool may_load)
{
	static const char *const needs[] = { "prog_array", "array", "percpu_array", "devmap" };
	struct utsname uts;

	uname(&uts);
	if (!may_load && geteuid()) {
		finding_add(
			findings, FINDING_WRONG, "privilege", NULL, "sudo galette-pin doctor",
			"chains are attached by root, and most of this is found out by root");
		return;
	}
	if (!may_load) {
		finding_add(findings, FINDING_WRONG, "kernel", NULL, NULL,
			    "Linux %s, %s: no XDP program can be loaded: %s", uts.release,
			    uts.machine, strerror(errno));
		return;
	}
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		if (kernel_has(needs[i]) == KERNEL_HAS)
			continue;
		finding_add(findings, FINDING_WRONG, "kernel", NULL, NULL,
			    "Linux %s, %s: no map of type %s can be made", uts.release,
			    uts.machine, needs[i]);
		return;
	}
	finding_add(findings, FINDING_OK, "kernel", NULL, NULL,
		    "Linux %s, %s: chains can be loaded", uts.release, uts.machine);
}

static void look_at_bpffs(struct findings *findings, const char *pin_root)
{
	char *copy = xstrdup(pin_root), *word, *mend;
	const char *dir = access(pin_root, F_OK) ? dirname(copy) : pin_root;

	word = shell_word(dir);
	if (pins_on_bpffs(dir))
		finding_add(findings, FINDING_OK, "bpffs", NULL, NULL, "%s is a bpf filesystem",
			    dir);
	else if (asprintf(&mend, "mount -t bpf bpf %s", word) >= 0) {
		finding_add(findings, FINDING_NOTE, "bpffs", NULL, mend,
			    "%s is no bpf filesystem: attach mounts one, where it may", dir);
		free(mend);
	}
	free(word);
	free(copy);
}

/* ---- the JIT ---- */

/* Machine code; 0: there is none, or it is kept back. */
static __u32 image(int program, unsigned char bytes[IMAGE_MAX])
{
	struct bpf_prog_info info = { .jited_prog_len = IMAGE_MAX,
				      .jited_prog_insns = (__u64)(unsigned long)bytes };
	__u32 length = sizeof(info);

	memset(bytes, 0, IMAGE_MAX);
	if (bpf_obj_get_info_by_fd(program, &info, &length) || !info.jited_prog_insns)
		return 0;
	return info.jited_prog_len;
}

static int load(const struct bpf_insn *insns, size_t count)
{
	return bpf_prog_load(BPF_PROG_TYPE_XDP, "galette_probe", "Dual BSD/GPL", insns, count,
			     NULL);
}

static int load_pass(void)
{
	const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return load(pass, 2);
}

static int load_tail_call(int slots)
{
	const struct bpf_insn call[] = {
		{ .code = BPF_LD | BPF_DW | BPF_IMM,
		  .dst_reg = BPF_REG_2,
		  .src_reg = BPF_PSEUDO_MAP_FD,
		  .imm = slots },
		{ 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_tail_call },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return load(call, 6);
}

/*
 * A direct jump is written into the program's code when its slot is. 1: so it was, 0: the
 * code stayed, -1: it cannot be seen.
 */
static int jumps_directly(void)
{
	unsigned char before[IMAGE_MAX], after[IMAGE_MAX];
	int slots = bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "galette_probe", 4, 4, 1, NULL);
	int target = load_pass(), caller = slots < 0 ? -1 : load_tail_call(slots), jumps = -1;
	__u32 zero = 0;

	if (caller >= 0 && target >= 0 && image(caller, before) &&
	    !bpf_map_update_elem(slots, &zero, &target, BPF_ANY) && image(caller, after))
		jumps = memcmp(before, after, IMAGE_MAX) != 0;
	if (slots >= 0)
		close(slots);
	if (target >= 0)
		close(target);
	if (caller >= 0)
		close(caller);
	return jumps;
}

static bool is_compiled(void)
{
	struct bpf_prog_info info = { 0 };
	__u32 length = sizeof(info);
	int fd = load_pass();
	bool compiled =
		fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &length) && info.jited_prog_len;

	if (fd >= 0)
		close(fd);
	return compiled;
}

static void look_at_jit(struct findings *findings)
{
	if (!is_compiled()) {
		finding_add(findings, FINDING_NOTE, "jit", NULL, JIT_ON,
			    "programs are interpreted, which is slow");
		return;
	}
	switch (jumps_directly()) {
	case 1:
		finding_add(findings, FINDING_OK, "jit", NULL, NULL,
			    "programs are compiled, and functions joined by direct jumps");
		return;
	case 0:
		finding_add(findings, FINDING_OK, "jit", NULL, NULL,
			    "programs are compiled; functions are joined by indirect jumps, as "
			    "this processor's JIT has no others");
		return;
	default:
		finding_add(
			findings, FINDING_OK, "jit", NULL, NULL,
			"programs are compiled; whether functions are joined by direct jumps "
			"the kernel does not show");
	}
}

/* ---- limits and types ---- */

/* A map where no memory may be locked; not by libbpf, which would raise the limit. */
static bool counts_memlock(void)
{
	int status = 0;
	pid_t child = fork();

	if (!child) {
		union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY,
					.key_size = 4,
					.value_size = 4,
					.max_entries = 1 };
		struct rlimit none = { 0 };

		setrlimit(RLIMIT_MEMLOCK, &none);
		_exit(syscall(__NR_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)) < 0);
	}
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status);
}

static void look_at_memlock(struct findings *findings)
{
	struct rlimit limit = { 0 }, most = { RLIM_INFINITY, RLIM_INFINITY };
	bool counts = counts_memlock();

	getrlimit(RLIMIT_MEMLOCK, &limit);
	if (!counts)
		finding_add(findings, FINDING_OK, "memlock", NULL, NULL,
			    "maps do not count as locked memory");
	else if (limit.rlim_cur == RLIM_INFINITY || !setrlimit(RLIMIT_MEMLOCK, &most))
		finding_add(findings, FINDING_OK, "memlock", NULL, NULL,
			    "maps count as locked memory, for which the limit can be raised");
	else
		finding_add(findings, FINDING_WRONG, "memlock", NULL, "ulimit -l unlimited",
			    "maps count as locked memory, of which %llu bytes are allowed",
			    (unsigned long long)limit.rlim_cur);
}

static void look_at_btf(struct findings *findings)
{
	bool there = !access("/sys/kernel/btf/vmlinux", R_OK);

	finding_add(findings, FINDING_OK, "btf", NULL, NULL,
		    there ? "the kernel has its types (BTF)"
			  : "the kernel has no types (BTF); chains need none");
}

/* ---- the slow path ---- */

static void look_at_slow(struct findings *findings)
{
	int live = slow_needs_live_frames(), unprivileged = slow_needs_unprivileged();

	if (kernel_has(KERNEL_AF_XDP) != KERNEL_HAS || kernel_has("xskmap") != KERNEL_HAS)
		finding_add(findings, FINDING_NOTE, "af_xdp", NULL, NULL,
			    "no slow path: the kernel has no AF_XDP (CONFIG_XDP_SOCKETS)");
	else
		finding_add(findings, FINDING_OK, "af_xdp", NULL, NULL,
			    "AF_XDP sockets can be opened");
	if (live)
		finding_add(findings, FINDING_NOTE, "live-frames", NULL, NULL,
			    "no slow path: the kernel has no live frames (Linux 5.18): %s",
			    strerror(-live));
	else
		finding_add(findings, FINDING_OK, "live-frames", NULL, NULL,
			    "the slow path can pass packets on to the kernel");
	if (unprivileged)
		finding_add(findings, FINDING_NOTE, "unprivileged", NULL,
			    "sysctl kernel.unprivileged_bpf_disabled=0",
			    "no slow path: without privilege no program can be run (Linux 5.19 "
			    "lets it): %s",
			    strerror(-unprivileged));
	else
		finding_add(findings, FINDING_OK, "unprivileged", NULL, NULL,
			    "functions of the slow path reach their maps without privilege");
}

void doctor_machine(struct findings *findings, const char *pin_root)
{
	bool may_load = load_possible();

	look_at_kernel(findings, may_load);
	look_at_bpffs(findings, pin_root);
	look_at_btf(findings);
	if (!may_load)
		return;
	look_at_jit(findings);
	look_at_memlock(findings);
	look_at_slow(findings);
}
