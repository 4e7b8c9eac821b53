/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/capability.h>
#include <linux/if_ether.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "alloc.h"
#include "load.h"
#include "probe.h"
#include "root.skel.h"
#include "slowpath/deliver.h"

enum {
	CODE_MAX = 1 << 16 /* bytes; the root program has some hundred */
};

static const unsigned char frame[ETH_ZLEN];

int probe_program(int verdict)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = verdict },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return bpf_prog_load(BPF_PROG_TYPE_XDP, "galette_probe", "Dual BSD/GPL", insns, 2,
			     NULL);
}

static void close_if(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* ---- a chain ---- */

/* Its machine code: how much, 0 where there is none, or a negative errno; *hidden: not what. */
static int read_code(int program, unsigned char *code, bool *hidden)
{
	struct bpf_prog_info info = { .jited_prog_insns = (__u64)(unsigned long)code,
				      .jited_prog_len = code ? CODE_MAX : 0 };
	__u32 length = sizeof(info);
	int err = bpf_obj_get_info_by_fd(program, &info, &length);

	if (err)
		return err;
	*hidden = !info.jited_prog_insns;
	return info.jited_prog_len;
}

bool probe_may_load(void)
{
	int program = probe_program(XDP_PASS);

	if (program >= 0)
		close(program);
	return program >= 0;
}

int probe_is_compiled(int program)
{
	bool hidden;
	int length = read_code(program, NULL, &hidden);

	return length < 0 ? length : length > 0;
}

/* A direct jump is written into the code when its slot is. */
static int fill_root(int program, int root, int pass, struct probe_chain *chain)
{
	unsigned char *before = xcalloc(2, CODE_MAX), *after = before + CODE_MAX;
	bool hidden_before, hidden_after;
	int length = read_code(program, before, &hidden_before);
	__u32 zero = 0;
	int err = length < 0 ? length : bpf_map_update_elem(root, &zero, &pass, BPF_ANY);

	chain->compiled = length > 0;
	chain->jumps = PROBE_JUMPS_INDIRECT;
	if (!err && length) {
		length = read_code(program, after, &hidden_after);
		if (length < 0 || hidden_before || hidden_after)
			chain->jumps = PROBE_JUMPS_UNKNOWN;
		else if (memcmp(before, after, CODE_MAX))
			chain->jumps = PROBE_JUMPS_DIRECT;
	}
	free(before);
	return err;
}

static int run(int program)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame),
		    .repeat = 1);

	return bpf_prog_test_run_opts(program, &opts) ? -errno
	       : opts.retval == XDP_PASS              ? 0
						      : -EPROTO;
}

int probe_chain(struct probe_chain *chain)
{
	struct root_bpf *skel = root_bpf__open();
	int pass = probe_program(XDP_PASS), err = skel ? 0 : -errno;

	*chain = (struct probe_chain) { 0 };
	if (!err && pass < 0)
		err = pass;
	if (!err) {
		load_uniform(skel->obj);
		bpf_program__set_autoload(skel->progs.galette_root_generic, false);
		err = bpf_map__set_autocreate(skel->maps.delivered, false)
			      ?: root_bpf__load(skel);
	}
	if (!err)
		err = fill_root(bpf_program__fd(skel->progs.galette_root),
				bpf_map__fd(skel->maps.root), pass, chain)
			      ?: run(bpf_program__fd(skel->progs.galette_root));
	root_bpf__destroy(skel);
	close_if(pass);
	return err;
}

/* ---- what else a chain needs ---- */

int probe_map_types(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts);
	struct btf *btf = btf__new_empty();
	int id = btf ? btf__add_int(btf, "probe", sizeof(__u32), 0) : -errno;
	int err = id < 0 ? id : btf__load_into_kernel(btf), map = -1;

	if (!err) {
		opts.btf_fd = btf__fd(btf);
		opts.btf_key_type_id = opts.btf_value_type_id = id;
		map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "galette_probe", sizeof(__u32),
				     sizeof(__u32), 1, &opts);
		err = map < 0 ? map : 0;
	}
	close_if(map);
	btf__free(btf);
	return err;
}

/* Not by libbpf, which raises the limit. */
static int create_map(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY,
				.key_size = sizeof(__u32),
				.value_size = sizeof(__u32),
				.max_entries = 1 };

	strcpy(attr.map_name, "galette_probe");
	return syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
}

bool probe_memlock_counts(void)
{
	struct rlimit limit, none;
	int map, err;

	if (getrlimit(RLIMIT_MEMLOCK, &limit))
		return false;
	none = (struct rlimit) { 0, limit.rlim_max };
	if (setrlimit(RLIMIT_MEMLOCK, &none))
		return false;
	map = create_map();
	err = errno;
	setrlimit(RLIMIT_MEMLOCK, &limit);
	close_if(map);
	return map < 0 && err == EPERM;
}

int probe_bpffs(void)
{
	int fd = syscall(SYS_fsopen, "bpf", 1 /* FSOPEN_CLOEXEC */), err = fd < 0 ? -errno : 0;

	close_if(fd);
	return err;
}

/* ---- what the slow path needs ---- */

int probe_af_xdp(void)
{
	int sock = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	int map, err;

	if (sock < 0)
		return -errno;
	map = bpf_map_create(BPF_MAP_TYPE_XSKMAP, "galette_probe", sizeof(__u32), sizeof(__u32),
			     1, NULL);
	err = map < 0 ? map : 0;
	close_if(map);
	close(sock);
	return err;
}

/*
 * What a live frame meets is not told: the verdict comes back as 0. A kernel that
 * does not know of them may take it for an ordinary run.
 */
int probe_live_frame(void)
{
	int program = probe_program(XDP_DROP), err;
	__u32 verdict = 0;

	if (program < 0)
		return program;
	err = deliver_run(program, frame, sizeof(frame), 0, &verdict);
	close(program);
	return err ?: verdict == XDP_DROP ? -EOPNOTSUPP : 0;
}

/* Capabilities that are permitted can be taken up again. */
int probe_unprivileged_run(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct ours[2], none[2];
	int program = probe_program(XDP_PASS), err;

	if (program < 0)
		return program;
	err = syscall(SYS_capget, &header, ours) ? -errno : 0;
	memcpy(none, ours, sizeof(none));
	none[0].effective = none[1].effective = 0;
	if (!err && syscall(SYS_capset, &header, none))
		err = -errno;
	if (!err) {
		err = run(program);
		if (syscall(SYS_capset, &header, ours))
			abort();
	}
	close(program);
	return err;
}
