// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "nf_bridge.h"

/*
 * The request, as the program finds it at the start of its packet. Behind it:
 * the key, the value, and a byte of enum nf_edit a field; key and value begin at
 * multiples of 8.
 */
struct request {
	__u32 op;
	__u32 reserved;
	__u64 flags; /* of OP_PUT */
};

enum {
	OP_GET,
	OP_PUT,
	OP_DEL,
	OP_MERGE
};

#define ROUND_UP(n, to) (((n) + (to)-1) / (to) * (to))

static size_t key_at(const struct nf_bridge *bridge)
{
	return sizeof(struct request);
}

static size_t value_at(const struct nf_bridge *bridge)
{
	return key_at(bridge) + ROUND_UP(bridge->key_size, 8);
}

static size_t edits_at(const struct nf_bridge *bridge)
{
	return value_at(bridge) + ROUND_UP(bridge->value_size, 8);
}

/* ---- the program ---- */

/* As in the kernel's own headers, which are not for user space. */
#define INSN(CODE, DST, SRC, OFF, IMM)         \
	((struct bpf_insn) { .code = (CODE),   \
			     .dst_reg = (DST), \
			     .src_reg = (SRC), \
			     .off = (OFF),     \
			     .imm = (IMM) })
#define MOV(dst, src)             INSN(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
#define MOV_IMM(dst, imm)         INSN(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, imm)
#define ADD_IMM(dst, imm)         INSN(BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, imm)
#define LOAD(size, dst, src, at)  INSN(BPF_LDX | BPF_MEM | (size), dst, src, at, 0)
#define STORE(size, dst, src, at) INSN(BPF_STX | BPF_MEM | (size), dst, src, at, 0)
#define ATOMIC_ADD(size, dst, src, at) \
	INSN(BPF_STX | BPF_ATOMIC | (size), dst, src, at, BPF_ADD)
#define JUMP_IMM(op, dst, imm, by) INSN(BPF_JMP | (op) | BPF_K, dst, 0, by, imm)
#define CALL(func)                 INSN(BPF_JMP | BPF_CALL, 0, 0, 0, func)
#define EXIT()                     INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

enum {
	R0,
	R1,
	R2,
	R3,
	R4,
	R5,
	R6,
	R7,
	R8,
	R9,
	/* Per field 7 a chunk of at most 8 bytes; copying the value; the rest. */
	INSNS_MAX = 7 * (NF_FIELDS_MAX + NF_ENTRY_SIZE_MAX / 8) + NF_ENTRY_SIZE_MAX / 4 + 64,
};

struct assembly {
	struct bpf_insn insns[INSNS_MAX];
	int count;
};

static void emit(struct assembly *a, struct bpf_insn insn)
{
	a->insns[a->count++] = insn;
}

static int width(__u32 size)
{
	return size == 8 ? BPF_DW : size == 4 ? BPF_W : size == 2 ? BPF_H : BPF_B;
}

/* The largest aligned piece of at most `left` bytes at `at`. */
static __u32 piece(__u32 at, __u32 left)
{
	__u32 size = 8;

	while (size > left || at % size)
		size /= 2;
	return size;
}

/* r1 = the map, r2 = the key in the packet r7. */
static void emit_map_key(struct assembly *a, const struct nf_bridge *bridge, int map)
{
	emit(a, INSN(BPF_LD | BPF_IMM | BPF_DW, R1, BPF_PSEUDO_MAP_FD, 0, map));
	emit(a, INSN(0, 0, 0, 0, 0));
	emit(a, MOV(R2, R7));
	emit(a, ADD_IMM(R2, key_at(bridge)));
}

static void emit_put(struct assembly *a, const struct nf_bridge *bridge, int map)
{
	int skip = a->count;

	emit(a, JUMP_IMM(BPF_JNE, R9, OP_PUT, 0));
	emit_map_key(a, bridge, map);
	emit(a, MOV(R3, R7));
	emit(a, ADD_IMM(R3, value_at(bridge)));
	emit(a, LOAD(BPF_DW, R4, R7, offsetof(struct request, flags)));
	emit(a, CALL(BPF_FUNC_map_update_elem));
	emit(a, EXIT());
	a->insns[skip].off = a->count - skip - 1;
}

static void emit_del(struct assembly *a, const struct nf_bridge *bridge, int map)
{
	int skip = a->count;

	emit(a, JUMP_IMM(BPF_JNE, R9, OP_DEL, 0));
	emit_map_key(a, bridge, map);
	emit(a, CALL(BPF_FUNC_map_delete_elem));
	emit(a, EXIT());
	a->insns[skip].off = a->count - skip - 1;
}

/* The entry's value is at r0: copy it into the packet. */
static void emit_get(struct assembly *a, const struct nf_bridge *bridge)
{
	int skip = a->count;

	emit(a, JUMP_IMM(BPF_JNE, R9, OP_GET, 0));
	for (__u32 at = 0, size; at < bridge->value_size; at += size) {
		size = piece(at, bridge->value_size - at);
		emit(a, LOAD(width(size), R1, R0, at));
		emit(a, STORE(width(size), R7, R1, value_at(bridge) + at));
	}
	emit(a, MOV_IMM(R0, 0));
	emit(a, EXIT());
	a->insns[skip].off = a->count - skip - 1;
}

static bool can_add(const struct nf_field *field)
{
	return (field->size == 4 || field->size == 8) && field->offset % field->size == 0;
}

static void emit_field(struct assembly *a, const struct nf_bridge *bridge, int i)
{
	const struct nf_field *field = &bridge->fields[i];
	int keep, to_add, from = value_at(bridge) + field->offset;

	emit(a, LOAD(BPF_B, R1, R7, edits_at(bridge) + i));
	keep = a->count;
	emit(a, JUMP_IMM(BPF_JEQ, R1, NF_KEEP, 0));
	if (can_add(field)) {
		emit(a, LOAD(width(field->size), R2, R7, from));
		to_add = a->count;
		emit(a, JUMP_IMM(BPF_JEQ, R1, NF_ADD, 0));
		emit(a, STORE(width(field->size), R0, R2, field->offset));
		emit(a, INSN(BPF_JMP | BPF_JA, 0, 0, 1, 0));
		a->insns[to_add].off = a->count - to_add - 1;
		emit(a, ATOMIC_ADD(width(field->size), R0, R2, field->offset));
	} else {
		for (__u32 at = 0, size; at < field->size; at += size) {
			size = piece(field->offset + at, field->size - at);
			emit(a, LOAD(width(size), R2, R7, from + at));
			emit(a, STORE(width(size), R0, R2, field->offset + at));
		}
	}
	a->insns[keep].off = a->count - keep - 1;
}

/* r6: context, r7: packet, r9: operation; result: 0 or a negative errno. */
static void assemble(struct assembly *a, const struct nf_bridge *bridge, int map)
{
	emit(a, LOAD(BPF_W, R7, R1, offsetof(struct xdp_md, data)));
	emit(a, LOAD(BPF_W, R8, R1, offsetof(struct xdp_md, data_end)));
	emit(a, MOV(R2, R7));
	emit(a, ADD_IMM(R2, bridge->request_size));
	emit(a, INSN(BPF_JMP | BPF_JLE | BPF_X, R2, R8, 2, 0));
	emit(a, MOV_IMM(R0, -EINVAL));
	emit(a, EXIT());
	emit(a, LOAD(BPF_W, R9, R7, offsetof(struct request, op)));
	emit_put(a, bridge, map);
	emit_del(a, bridge, map);
	emit_map_key(a, bridge, map);
	emit(a, CALL(BPF_FUNC_map_lookup_elem));
	emit(a, JUMP_IMM(BPF_JNE, R0, 0, 2));
	emit(a, MOV_IMM(R0, -ENOENT));
	emit(a, EXIT());
	emit_get(a, bridge);
	for (int i = 0; i < bridge->field_count; i++)
		emit_field(a, bridge, i);
	emit(a, MOV_IMM(R0, 0));
	emit(a, EXIT());
}

static int load(struct nf_bridge *bridge, int map)
{
	struct assembly *a = calloc(1, sizeof(*a));
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_XDP);

	if (!a)
		return -ENOMEM;
	assemble(a, bridge, map);
	bridge->program = bpf_prog_load(BPF_PROG_TYPE_XDP, "galette_bridge", "Dual BSD/GPL",
					a->insns, a->count, &opts);
	free(a);
	return bridge->program < 0 ? bridge->program : 0;
}

static bool is_fixed(__u32 type)
{
	return type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

static bool is_in_place(__u32 type)
{
	return is_fixed(type) || type == BPF_MAP_TYPE_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

int nf_bridge_open(struct nf_bridge *bridge, int fd, __u32 key_size, __u32 value_size,
		   const struct btf *btf, __u32 type)
{
	struct bpf_map_info info = {};
	__u32 length = sizeof(info);
	int err;

	*bridge = (struct nf_bridge) { .program = -1,
				       .key_size = key_size,
				       .value_size = value_size };
	if (bpf_obj_get_info_by_fd(fd, &info, &length))
		return -errno;
	if (info.key_size != key_size || info.value_size != value_size)
		return -EINVAL;
	if ((size_t)key_size + value_size > NF_ENTRY_SIZE_MAX)
		return -E2BIG;
	bridge->id = info.id;
	bridge->in_place = is_in_place(info.type);
	bridge->fixed = is_fixed(info.type);
	bridge->field_count = nf_fields(btf, type, bridge->fields);
	if (bridge->field_count < 0)
		return bridge->field_count;
	bridge->request_size = edits_at(bridge) + bridge->field_count;
	bridge->request = calloc(1, bridge->request_size);
	err = bridge->request ? load(bridge, fd) : -ENOMEM;
	if (err)
		nf_bridge_close(bridge);
	return err;
}

void nf_bridge_close(struct nf_bridge *bridge)
{
	if (bridge->program >= 0)
		close(bridge->program);
	free(bridge->request);
	*bridge = (struct nf_bridge) { .program = -1 };
}

/* ---- its use ---- */

/* The packet that comes back is written over the request. */
static int run(struct nf_bridge *bridge, __u32 op, const void *key, bool back)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = bridge->request,
		    .data_size_in = bridge->request_size,
		    .data_out = back ? bridge->request : NULL,
		    .data_size_out = back ? bridge->request_size : 0, .repeat = 1);

	((struct request *)bridge->request)->op = op;
	memcpy(bridge->request + key_at(bridge), key, bridge->key_size);
	if (bpf_prog_test_run_opts(bridge->program, &opts))
		return -errno;
	return (int)opts.retval;
}

int nf_bridge_get(struct nf_bridge *bridge, const void *key, void *value)
{
	int err = run(bridge, OP_GET, key, true);

	if (!err)
		memcpy(value, bridge->request + value_at(bridge), bridge->value_size);
	return err;
}

int nf_bridge_put(struct nf_bridge *bridge, const void *key, const void *value, __u64 flags)
{
	((struct request *)bridge->request)->flags = flags;
	memcpy(bridge->request + value_at(bridge), value, bridge->value_size);
	return run(bridge, OP_PUT, key, false);
}

int nf_bridge_del(struct nf_bridge *bridge, const void *key)
{
	return run(bridge, OP_DEL, key, false);
}

int nf_bridge_merge(struct nf_bridge *bridge, const void *key, const void *value,
		    const unsigned char *edits)
{
	memcpy(bridge->request + value_at(bridge), value, bridge->value_size);
	memcpy(bridge->request + edits_at(bridge), edits, bridge->field_count);
	return run(bridge, OP_MERGE, key, false);
}
