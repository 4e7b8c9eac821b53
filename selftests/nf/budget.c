/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * budget NF-DIR NAME...: what the verifier and the JIT make of the functions NAME,
 * loaded as galette-pin loads them, with every action linked; then of galette's own
 * programs. A line each, as in selftests/budget.csv:
 *
 *   FILE,PROGRAM,VERIFIED_INSNS,JITED_BYTES,STACK_BYTES
 *
 * The first line is of a program that stays as it is: where it has another jited
 * size, the JIT emits other code (mitigations, the processor's features).
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "alloc.h"
#include "check.h"
#include "deliver.skel.h"
#include "ingress.skel.h"
#include "kernel_log.h"
#include "load.h"
#include "root.skel.h"
#include "terminal.skel.h"
#include "upcall.skel.h"

enum {
	LOG_STATS = 4, /* BPF_LOG_STATS, include/linux/bpf_verifier.h */
	LOG_SIZE = 1 << 16
};

static void fail(const char *what)
{
	fprintf(stderr, "budget: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- one program ---- */

struct figures {
	unsigned int verified, jited, stack;
};

/* "stack depth 48+16": the program's own and its subprograms'. Together: no call needs more. */
static unsigned int stack_of(const char *log)
{
	const char *at = strstr(log, "stack depth ");
	unsigned int sum = 0;
	char *end;

	if (!at) {
		errno = ENODATA;
		fail("the verifier's log has no stack depth");
	}
	at += strlen("stack depth ");
	for (sum = strtoul(at, &end, 10); *end == '+';)
		sum += strtoul(end + 1, &end, 10);
	return sum;
}

static struct figures figures_of(int fd, const char *log)
{
	struct bpf_prog_info info = { 0 };
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		fail("a program's info");
	return (struct figures) { info.verified_insns, info.jited_prog_len, stack_of(log) };
}

static void print(const char *file, const char *program, const struct figures *f)
{
	printf("%s,%s,%u,%u,%u\n", file, program, f->verified, f->jited, f->stack);
}

/*
 * What is loaded already is loaded once more, the very instructions, for the stack
 * is nowhere but in a log. That the verifier does the same work shows that it is
 * the same program.
 */
static void measure(const char *file, const struct bpf_program *program)
{
	static char log[LOG_SIZE];
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .log_level = LOG_STATS, .log_buf = log,
		    .log_size = sizeof(log));
	const char *name = bpf_program__name(program);
	int again = bpf_prog_load(BPF_PROG_TYPE_XDP, name, "Dual BSD/GPL",
				  bpf_program__insns(program), bpf_program__insn_cnt(program),
				  &opts);
	struct figures first, second;

	if (again < 0)
		fail(name);
	first = figures_of(bpf_program__fd(program), log);
	second = figures_of(again, log);
	close(again);
	if (first.verified != second.verified || first.jited != second.jited) {
		errno = EPROTO;
		fail(name);
	}
	print(file, name, &first);
}

/* A prologue, a long constant, a shift by a register, a call, a return. */
static void measure_yardstick(void)
{
	static char log[LOG_SIZE];
	const struct bpf_insn insns[] = {
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_ktime_get_ns },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_1, .imm = 0x12345 },
		{ .code = BPF_STX | BPF_MEM | BPF_DW,
		  .dst_reg = BPF_REG_10,
		  .src_reg = BPF_REG_1,
		  .off = -8 },
		{ .code = BPF_ALU64 | BPF_LSH | BPF_X, .src_reg = BPF_REG_1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .log_level = LOG_STATS, .log_buf = log,
		    .log_size = sizeof(log));
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "yardstick", "Dual BSD/GPL", insns,
			       sizeof(insns) / sizeof(*insns), &opts);
	struct figures figures;

	if (fd < 0)
		fail("the yardstick");
	figures = figures_of(fd, log);
	close(fd);
	print("selftests/nf/budget.c", "yardstick", &figures);
}

/* ---- functions ---- */

/* A chain of this function alone: the tool's own path to a program. */
static char *chain_of(const char *name, int actions)
{
	char *text;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	fprintf(out,
		"[functions.\"%s\"]\n[[links]]\nfrom = \"rx\"\nto = [\"%s\"]\n"
		"[[links]]\nfrom = \"%s\"\nto = [",
		name, name, name);
	while (actions--)
		fprintf(out, "\"drop\", ");
	fprintf(out, "]\n");
	fclose(out);
	return text;
}

static struct model *model_of(const char *nf_path, const char *name, struct diag *diag)
{
	const struct check_input input = { .name = "budget", .nf_path = nf_path };
	struct object *object = object_open(nf_path, name, (struct loc) { 0 }, diag);
	char *text = object ? chain_of(name, object->action_count) : NULL;
	struct chain *chain = text ? chain_parse(text, strlen(text), diag) : NULL;
	struct model *model = chain ? check(chain, &input, diag) : NULL;

	free(text);
	object_free(object);
	return model;
}

static void measure_nf(const char *nf_path, const char *name)
{
	struct diag diag = { .file = name };
	struct model *model = model_of(nf_path, name, &diag);
	char file[PATH_MAX];

	if (model)
		load_proof(model, 0, &diag);
	diag_flush(&diag);
	if (diag.errors)
		exit(1);
	diag_free(&diag);
	snprintf(file, sizeof(file), "nf/%s.c", name);
	measure(file, model->functions[0].object->program);
	model_free(model);
}

/* ---- galette's own, as the largest chain has them ---- */

/* A refused program's log ends with the reason. */
static int print_end(enum libbpf_print_level level, const char *fmt, va_list args)
{
	enum {
		LINES = 8
	};
	char *text, *from;

	if (level != LIBBPF_WARN || vasprintf(&text, fmt, args) < 0)
		return 0;
	from = text + strlen(text);
	for (int lines = 0; from > text && (from[-1] != '\n' || lines++ < LINES);)
		from--;
	fputs(from, stderr);
	free(text);
	return 0;
}

static void measure_object(const char *file, struct bpf_object *object)
{
	struct bpf_program *program;

	load_uniform(object);
	if (bpf_object__load(object))
		fail(file);
	bpf_object__for_each_program(program, object)
		measure(file, program);
}

static void measure_root(void)
{
	struct root_bpf *skel = root_bpf__open();

	if (!skel)
		fail("root");
	measure_object("bpf/root.bpf.c", skel->obj);
	root_bpf__destroy(skel);
}

/* Of a slot that is beyond the array, the call would not be direct. */
static void measure_ingress(void)
{
	struct ingress_bpf *skel = ingress_bpf__open();
	__u32 slots = GALETTE_SLOT_RX + GALETTE_INTERFACES_MAX;

	if (!skel || bpf_map__set_max_entries(skel->maps.slots, slots) ||
	    bpf_map__set_max_entries(skel->maps.edges, slots))
		fail("ingress");
	skel->rodata->interfaces = GALETTE_INTERFACES_MAX;
	for (int i = 0; i < GALETTE_INTERFACES_MAX; i++)
		skel->rodata->ifindex[i] = i + 1;
	measure_object("bpf/ingress.bpf.c", skel->obj);
	ingress_bpf__destroy(skel);
}

static void measure_terminal(void)
{
	struct terminal_bpf *skel = terminal_bpf__open();

	if (!skel)
		fail("terminal");
	measure_object("bpf/terminal.bpf.c", skel->obj);
	terminal_bpf__destroy(skel);
}

static void measure_upcall(void)
{
	static const struct galette_slowpath slowpath = {
		.pipes = GALETTE_PIPES_MAX,
		.queues = GALETTE_QUEUES_MAX,
		.absent = XDP_DROP,
	};
	struct upcall_bpf *skel = upcall_bpf__open();

	if (!skel || bpf_map__set_autocreate(skel->maps.slots, false) ||
	    bpf_map__set_autocreate(skel->maps.edges, false))
		fail("upcall");
	memcpy((void *)&skel->rodata->slowpath, &slowpath, sizeof(slowpath));
	skel->rodata->interfaces = GALETTE_INTERFACES_MAX;
	for (int i = 0; i < GALETTE_INTERFACES_MAX; i++)
		skel->rodata->ifindex[i] = i + 1;
	measure_object("bpf/upcall.bpf.c", skel->obj);
	upcall_bpf__destroy(skel);
}

/* Where there are live frames there is the helper, too: since Linux 5.18. */
static void measure_deliver(void)
{
	struct deliver_bpf *skel;

	if (libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_xdp_store_bytes, NULL) != 1)
		return;
	skel = deliver_bpf__open();
	if (!skel)
		fail("deliver");
	measure_object("bpf/deliver.bpf.c", skel->obj);
	deliver_bpf__destroy(skel);
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: budget NF-DIR NAME...\n");
		return 2;
	}
	kernel_log_init();
	measure_yardstick();
	for (int i = 2; i < argc; i++)
		measure_nf(argv[1], argv[i]);
	libbpf_set_print(print_end);
	measure_root();
	measure_ingress();
	measure_terminal();
	measure_upcall();
	measure_deliver();
	return 0;
}
