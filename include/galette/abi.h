/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The pinned state of a chain: what the maps below /sys/fs/bpf/galette/CHAIN
 * hold. Shared by the tool and the BPF programs; all integers are in host
 * order, all strings NUL-terminated and NUL-padded.
 *
 *   root                 prog array, 1 slot: the running generation's ingress
 *   link/IF              XDP links ('.' in IF is written %2e, '%' is %25)
 *   maps                 symlink to gen/N/maps of the running generation
 *   gen/N/               one generation
 *     slots              prog array: one slot an edge; slot 0 is always empty
 *     edges              per-CPU array of struct galette_edge, same index
 *     graph              array of struct galette_slot, same index
 *     functions          array of struct galette_function, in file order
 *     interfaces         array of struct galette_interface
 *     info               array of one struct galette_info
 *     source             array of one value: the chain file, NUL-padded
 *     devmap             devmap: index = that of the interface
 *     maps/NAME          the NF maps that this generation uses
 *     nf/FUNCTION        its programs, by their names in the chain file
 *     ingress tx drop …  its terminals; redirects are called tx-NAME
 *   gen/build            a generation that is being built
 *
 * Which generation runs is derived: the one whose ingress has the program id
 * that is in root[0]. A chain whose root[0] is none of its ingresses is not
 * attached (or not any more), and the next command removes it.
 */
#ifndef GALETTE_ABI_H
#define GALETTE_ABI_H

enum {
	GALETTE_NAME_LEN = 64, /* a function's, map's, alias's or chain's name, with its NUL */
	GALETTE_ACTION_LEN = 32, /* an action's name, with its NUL */
	GALETTE_TARGET_LEN = 72, /* a target as written: "!NAME", "tx(NAME)", with its NUL */
	GALETTE_PATH_LEN =
		256, /* an object's path as written in the chain file, with its NUL */
	GALETTE_IFNAME_LEN = 16,  /* IFNAMSIZ */
	GALETTE_ACTIONS_MAX = 16, /* actions of one function: the call sites of NF() */
	GALETTE_INTERFACES_MAX = 16,
	GALETTE_TAIL_CALLS_MAX = 33, /* MAX_TAIL_CALL_CNT, include/linux/bpf.h */
	GALETTE_SLOT_MISSED = 0, /* never filled; its counter: packets that met an empty slot */
	GALETTE_SLOT_RX = 1,     /* first of one slot per interface, then the functions' */
};

/* What has gone over one edge, on one CPU. Bytes: Ethernet frame without FCS. */
struct galette_edge {
	__u64 packets;
	__u64 bytes;
};

/* One edge. The slot's program decides; target says what it is called. */
struct galette_slot {
	char function[GALETTE_NAME_LEN]; /* "rx" for the edge of an interface */
	char action[GALETTE_ACTION_LEN]; /* "" for the edge of an interface */
	char target[GALETTE_TARGET_LEN];
	__u32 index; /* the action's position, or the interface's */
	__u32 reserved;
};

/* One function of the chain file, loaded. Its slots: base … base + actions - 1. */
struct galette_function {
	char name[GALETTE_NAME_LEN];
	char object[GALETTE_PATH_LEN]; /* `path`, or the name */
	__u32 base;
	__u32 actions;
	__u32 object_size; /* bytes; with object_crc32 tells whether the object file is another */
	__u32 object_crc32;
};

/* One interface of the chain. Its slot: GALETTE_SLOT_RX + index. */
struct galette_interface {
	char name[GALETTE_IFNAME_LEN];
	char alias[GALETTE_NAME_LEN]; /* "" where none was given */
	__u32 ifindex;                /* the one that the generation's ingress knows */
	__u32 bound; /* 1: given on the command line; 0: only named by the chain file */
};

struct galette_info {
	__u32 generation; /* its number */
	__u32 parent;     /* the generation that ran when this one was built; 0: none */
	__u64 created;    /* seconds since the epoch */
	__u32 slots;      /* entries of slots, edges and graph */
	__u32 functions;
	__u32 interfaces;
	__u32 reserved;
};

_Static_assert(sizeof(struct galette_edge) == 16, "edge");
_Static_assert(sizeof(struct galette_slot) == 176, "slot");
_Static_assert(sizeof(struct galette_function) == 336, "function");
_Static_assert(sizeof(struct galette_interface) == 88, "interface");
_Static_assert(sizeof(struct galette_info) == 32, "info");

#endif
