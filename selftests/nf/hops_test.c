/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every hop stays a direct jump: one tail-call site an action, its index
 * nf_links.base plus an immediate (so that the verifier knows it), and no
 * indirect tail call in what the JIT made of it. An indirect one costs ten
 * times as much, and nothing but this test would tell.
 */
#include "nf/harness.h"

#include <glob.h>
#include <galette/abi.h>

enum {
	TAIL_CALL = 12
};

/* ---- the object ---- */

/* The instruction before insn[at] that last wrote to a register, in program text; -1: none. */
static int writer(const struct bpf_insn *insns, int at, int reg)
{
	while (--at >= 0) {
		int class = BPF_CLASS(insns[at].code);

		if (at > 0 && insns[at - 1].code == (BPF_LD | BPF_IMM | BPF_DW))
			continue; /* the second half of a 64-bit immediate */
		if (insns[at].dst_reg == reg && (class == BPF_ALU || class == BPF_ALU64 ||
						 class == BPF_LD || class == BPF_LDX))
			return at;
	}
	return -1;
}

/* Is insn `ld_imm64 map` as libbpf leaves it after loading? */
static int loads_map(const struct bpf_insn *insn, int pseudo, int fd)
{
	return insn->code == (BPF_LD | BPF_IMM | BPF_DW) && insn->src_reg == pseudo &&
	       insn->imm == fd;
}

/* Does insn[at] load nf_links.base? */
static int loads_base(const struct nf *nf, const struct bpf_insn *insns, int at)
{
	struct bpf_map *map = bpf_object__find_map_by_name(nf->object, ".rodata");
	const char *start = bpf_map__initial_value(map, &(size_t) { 0 });
	int base = (const char *)rodata(nf, "nf_links", NULL) - start, address;

	if (at < 0 || insns[at].code != (BPF_LDX | BPF_MEM | BPF_W))
		return 0;
	address = writer(insns, at, insns[at].src_reg);
	return address >= 0 &&
	       loads_map(&insns[address], BPF_PSEUDO_MAP_VALUE, bpf_map__fd(map)) &&
	       insns[address + 1].imm + insns[at].off == base;
}

/* What is wrong with the call site at insns[at], or NULL; *index is its immediate. */
static const char *site_error(const struct nf *nf, const struct bpf_insn *insns, int at,
			      int *index)
{
	const struct bpf_insn *add = &insns[at - 1], *mov = &insns[at - 2];

	if (at < 5 || add->code != (BPF_ALU64 | BPF_ADD | BPF_K) || add->dst_reg != BPF_REG_3)
		return "its index is not made by adding an immediate to r3";
	if (mov->code != (BPF_ALU64 | BPF_MOV | BPF_X) || mov->dst_reg != BPF_REG_3 ||
	    !loads_base(nf, insns, writer(insns, at - 2, mov->src_reg)))
		return "r3 is not nf_links.base";
	if (!loads_map(&insns[at - 4], BPF_PSEUDO_MAP_FD, nf->slots) ||
	    insns[at - 4].dst_reg != BPF_REG_2)
		return "r2 is not the map `slots`";
	*index = add->imm;
	return NULL;
}

/* NULL, or what is wrong with an NF's call sites. */
static const char *sites_error(const struct nf *nf)
{
	const struct bpf_insn *insns = bpf_program__insns(nf->program);
	int count = bpf_program__insn_cnt(nf->program);
	int seen[ACTIONS_MAX] = {}, index;

	for (int i = 0; i < count; i++) {
		const char *error;

		if (insns[i].code != (BPF_JMP | BPF_CALL) || insns[i].src_reg ||
		    insns[i].imm != TAIL_CALL)
			continue;
		error = site_error(nf, insns, i, &index);
		if (error)
			return error;
		if (index < 0 || index >= ACTIONS_MAX || seen[index]++)
			return "two call sites of one action";
	}
	for (unsigned int i = 0; i < nf->actions; i++)
		if (!seen[i])
			return "an action without a call site";
	return NULL;
}

/* ---- what the JIT made of it ---- */

/*
 * Indirect tail calls in a program's x86-64 code: each loads its target with
 * `mov rcx, [rsi + rdx * 8 + disp32]` (emit_bpf_tail_call_indirect, in
 * arch/x86/net/bpf_jit_comp.c), and the JIT emits that for nothing else. -1:
 * not x86-64, or no JIT, or its code is not to be seen.
 */
static int indirect_calls(int fd)
{
	static const uint8_t load[] = { 0x48, 0x8b, 0x8c, 0xd6 };
	static uint8_t code[1 << 20];
	struct bpf_prog_info info = { .jited_prog_insns = (uintptr_t)code,
				      .jited_prog_len = sizeof(code) };
	uint32_t len = sizeof(info);
	int found = 0;

#ifndef __x86_64__
	return -1;
#endif
	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &len), 0);
	if (!info.jited_prog_len || !info.jited_prog_insns)
		return -1;
	assert_true(info.jited_prog_len <= sizeof(code));
	for (uint32_t i = 0; i + sizeof(load) <= info.jited_prog_len; i++)
		found += memcmp(code + i, load, sizeof(load)) == 0;
	return found;
}

/* ---- tests ---- */

static void load(struct nf *nf, const char *path)
{
	if (geteuid() != 0)
		skip();
	if (nf_try_load(nf, path, NULL))
		fail_msg("%s: the kernel refuses it (V=1 shows why)", path);
}

/* The tests below must be able to see an indirect tail call. */
static void test_control(void **state)
{
	struct nf nf;
	int found;

	load(&nf, test_object("variable-index.bpf.o"));
	assert_non_null(sites_error(&nf));
	found = indirect_calls(nf.fd);
	nf_unload(&nf);
	if (found < 0)
		skip();
	assert_int_equal(found, 1);
}

static void each_nf(void (*check)(const char *path, const struct nf *nf))
{
	glob_t paths;

	assert_int_equal(glob("build/nf/*.bpf.o", 0, NULL, &paths), 0);
	assert_int_equal(glob(test_object("parse.bpf.o"), GLOB_APPEND, NULL, &paths), 0);
	for (size_t i = 0; i < paths.gl_pathc; i++) {
		struct nf nf;

		load(&nf, paths.gl_pathv[i]);
		check(paths.gl_pathv[i], &nf);
		nf_unload(&nf);
	}
	globfree(&paths);
}

static void check_sites(const char *path, const struct nf *nf)
{
	const char *error = sites_error(nf);

	if (error)
		fail_msg("%s: %s", path, error);
}

static void test_call_sites(void **state)
{
	each_nf(check_sites);
}

static void check_jited(const char *path, const struct nf *nf)
{
	int found = indirect_calls(nf->fd);

	if (found < 0)
		skip();
	if (found)
		fail_msg("%s: %d indirect tail calls", path, found);
}

static void test_jited(void **state)
{
	each_nf(check_jited);
}

/* The tool's own programs, with as many interfaces as there may be: else their sites are dead code. */
static void load_own(struct nf *nf, const char *name)
{
	const char *build = getenv("GALETTE_BUILD");
	struct bpf_map *slots;
	uint32_t *interfaces;
	char path[512];

	if (geteuid() != 0)
		skip();
	libbpf_set_print(quiet);
	snprintf(path, sizeof(path), "%s/bpf/%s.bpf.o", build ? build : "build", name);
	*nf = (struct nf) { .object = bpf_object__open(path) };
	assert_non_null(nf->object);
	interfaces = rodata(nf, "interfaces", NULL);
	if (interfaces) {
		uint32_t *ifindex = rodata(nf, "ifindex", NULL);

		*interfaces = GALETTE_INTERFACES_MAX;
		for (uint32_t i = 0; i < GALETTE_INTERFACES_MAX; i++)
			ifindex[i] = i + 1;
	}
	slots = bpf_object__find_map_by_name(nf->object, "slots");
	if (slots)
		bpf_map__set_max_entries(slots, 2 * GALETTE_INTERFACES_MAX);
	assert_int_equal(bpf_object__load(nf->object), 0);
	nf->program = bpf_object__next_program(nf->object, NULL);
	nf->fd = bpf_program__fd(nf->program);
}

static int tail_calls(const struct nf *nf)
{
	const struct bpf_insn *insns = bpf_program__insns(nf->program);
	int count = 0;

	for (size_t i = 0; i < bpf_program__insn_cnt(nf->program); i++)
		count += insns[i].code == (BPF_JMP | BPF_CALL) && !insns[i].src_reg &&
			 insns[i].imm == TAIL_CALL;
	return count;
}

static void test_own_programs(void **state)
{
	struct nf root, ingress;

	load_own(&root, "root");
	assert_int_equal(tail_calls(&root), 1);
	check_jited("root", &root);
	nf_unload(&root);
	load_own(&ingress, "ingress");
	assert_int_equal(tail_calls(&ingress), GALETTE_INTERFACES_MAX);
	check_jited("ingress", &ingress);
	nf_unload(&ingress);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_control),
		cmocka_unit_test(test_call_sites),
		cmocka_unit_test(test_jited),
		cmocka_unit_test(test_own_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
