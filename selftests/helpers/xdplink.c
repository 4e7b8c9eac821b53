// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * xdplink IF native|generic [PIN]: put a program that passes on an interface, by a
 * link. With PIN the link is pinned there; else it is this process's: "ready" on
 * stdout, and it stays until standard input ends.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/if_link.h>
#include <net/if.h>

#include <bpf/bpf.h>

static int fail(const char *what)
{
	perror(what);
	return 1;
}

int main(int argc, char **argv)
{
	const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_link_create_opts, opts);
	int program, link;

	if (argc < 3 || argc > 4)
		return fprintf(stderr, "usage: xdplink IF native|generic [PIN]\n"), 2;
	program =
		bpf_prog_load(BPF_PROG_TYPE_XDP, "xdplink_pass", "Dual BSD/GPL", pass, 2, NULL);
	if (program < 0)
		return fail("bpf_prog_load");
	opts.flags = strcmp(argv[2], "native") ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE;
	link = bpf_link_create(program, if_nametoindex(argv[1]), BPF_XDP, &opts);
	if (link < 0)
		return fail("bpf_link_create");
	if (argc == 4)
		return bpf_obj_pin(link, argv[3]) ? fail(argv[3]) : 0;
	puts("ready");
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}
