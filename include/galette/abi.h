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
 *     slots              prog array: one slot an edge; slot 0 is always empty, and so
 *                        are those of functions that run in the slow path only
 *     edges              per-CPU array of struct galette_edge, same index
 *     graph              array of struct galette_slot, same index
 *     functions          array of struct galette_function, in file order
 *     interfaces         array of struct galette_interface
 *     info               array of one struct galette_info
 *     source             array of one value: the chain file, NUL-padded
 *     origin             array of one struct galette_origin: the bundle that it came in
 *     devmap             devmap: index = that of the interface
 *     maps/NAME          the NF maps that this generation uses
 *     nf/FUNCTION        its programs, by their names in the chain file
 *     ingress tx drop …  its terminals; redirects are called tx-NAME, upcalls
 *                        upcall-SLOT-FUNCTION: one a slot, for it names its slot
 *   gen/build            a generation that is being built
 *
 * And what the slow path needs, so that galette-slow reads nothing else:
 *
 *   slow/                where galette-slow says how it is; locked by it
 *     helper             array of one struct galette_helper, to be mapped
 *     pipes              array of GALETTE_PIPES_MAX struct galette_pipe, to be mapped
 *     delivered          LRU hash: packets that generic XDP is to let pass
 *   gen/N/slowpath       array of one struct galette_slowpath
 *   gen/N/routes         array of __u64, GALETTE_ROUTE() of each slot, to be mapped
 *   gen/N/slow_edges     array of struct galette_edge, same index: what galette-slow
 *                        counts, beside the kernel's edges; to be mapped
 *   gen/N/upcalls        per-CPU array of struct galette_upcall, same index
 *   gen/N/xsks           XSKMAP, filled by galette-slow: GALETTE_XSK()
 *   gen/N/native/FUNCTION/   of each function that has a native object:
 *     so                 array of one value: the shared object
 *     config             array of one value: its config's bytes (if it has one)
 *     files/FIELD        array of one value: content of the nf_file config.FIELD,
 *                        and a NUL behind it
 *     maps/NAME          its maps, as it calls them
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
	GALETTE_PIPES_MAX = 64,  /* pipes per queue */
	GALETTE_QUEUES_MAX = 64, /* queues of an interface that the slow path looks at */
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

/* How an interface is to be attached: what --mode said. */
enum galette_mode {
	GALETTE_MODE_AUTO, /* native where the driver can, else generic */
	GALETTE_MODE_NATIVE,
	GALETTE_MODE_GENERIC,
};

struct galette_info {
	__u32 generation; /* its number */
	__u32 parent;     /* the generation that ran when this one was built; 0: none */
	__u64 created;    /* seconds since the epoch */
	__u32 slots;      /* entries of slots, edges and graph */
	__u32 functions;
	__u32 interfaces;
	__u32 mode; /* enum galette_mode: of interfaces that are attached later, too */
};

/* The bundle that a generation was built from; all of it 0: a chain file. */
struct galette_origin {
	char bundle[GALETTE_PATH_LEN]; /* its file's name; "<stdin>" */
	char sha256[72];               /* of all but its trailer, in hexadecimal */
	char signer[128];              /* "": unsigned, or nobody is trusted in particular */
};

/* ---- the slow path ---- */

/*
 * What the upcall program writes in front of the packet, in network order:
 * which chain to go on with, and where. The packet is behind it.
 */
struct galette_upcall_head {
	__be32 generation;
	__be16 function; /* its place in `functions`: the one to run */
	__be16 slot;     /* the edge that led to it */
};

/* What has become of the packets of one upcall edge, on one CPU. */
struct galette_upcall {
	__u64 sent;   /* handed to galette-slow's socket */
	__u64 absent; /* no socket: they took the action `absent` */
	__u64 lost;   /* no room for the head */
};

/* Where an edge leads natively, in one word that changes in one step. */
enum galette_route {
	GALETTE_ROUTE_NONE, /* nowhere: a missed edge */
	GALETTE_ROUTE_TX,
	GALETTE_ROUTE_REDIRECT, /* to the interface of that index */
	GALETTE_ROUTE_DROP,
	GALETTE_ROUTE_PASS,
	GALETTE_ROUTE_ABORT,
	GALETTE_ROUTE_FUNCTION, /* to the function of that index */
};

#define GALETTE_ROUTE(KIND, INDEX) ((__u32)(KIND) << 16 | (__u16)(INDEX))
#define GALETTE_ROUTE_KIND(ROUTE)  ((ROUTE) >> 16)
#define GALETTE_ROUTE_INDEX(ROUTE) ((ROUTE)&0xffff)

/* The socket of a pipe for one queue of an interface, each by its place. */
#define GALETTE_XSK(SLOWPATH, INTERFACE, QUEUE, PIPE) \
	(((INTERFACE) * (SLOWPATH)->queues + (QUEUE)) * (SLOWPATH)->pipes + (PIPE))

/* [slowpath] of the chain file, with what it left to be chosen. */
struct galette_slowpath {
	__u32 pipes;       /* per queue */
	__u32 queues;      /* the most that an interface of the chain has */
	__u32 frames;      /* UMEM frames per queue, a power of two */
	__u32 absent;      /* XDP_DROP, XDP_PASS or XDP_TX */
	__u32 watchdog_ms; /* longer than this no packet may take */
	__u32 busy_poll;   /* 1: never sleep */
	__u32 no_helper;   /* 1: commands do not start galette-slow, an init system does */
	__u32 reserved;
};

/* Why galette-slow did not bring a packet to its end. */
enum galette_loss {
	GALETTE_LOSS_HEAD,       /* no valid upcall head */
	GALETTE_LOSS_GENERATION, /* of a generation that is gone */
	GALETTE_LOSS_MISSED,     /* an edge that leads nowhere, an action that there is not */
	GALETTE_LOSS_HOPS,       /* more functions on its way than the kernel would allow */
	GALETTE_LOSS_TX_FULL,    /* the interface does not take packets fast enough */
	GALETTE_LOSS_TX_FAILED,  /* the interface is down or gone */
	GALETTE_LOSS_PASS,       /* the kernel did not take it */
	GALETTE_LOSS_CRASHED,    /* in the pipe's hands when its process died */
	GALETTE_LOSS_RX_FULL,    /* kernel: the socket's ring was full */
	GALETTE_LOSS_FILL_EMPTY, /* kernel: no frame was free */
	GALETTE_LOSS_RX_DROPPED, /* kernel: too long for a frame, and others */
	GALETTE_LOSSES,
};

/* One pipe: its process, and what it has done since the chain was attached. */
struct galette_pipe {
	__u32 pid;      /* 0: there is none */
	__u32 function; /* that it is in now, its place in `functions`; ~0: none */
	__u32 crashes;
	__u32 hangs; /* times that the watchdog ended it */
	__u64 packets;
	__u64 tx, redirect, pass, drop, abort; /* how they ended */
	__u64 lost[GALETTE_LOSSES];
};

/* galette-slow's own process; counts of frames as of the last SIGUSR1 it got. */
struct galette_helper {
	__u32 pid;    /* 0: none has ever run */
	__u32 pipes;  /* per queue, and entries of `pipes` in use */
	__u64 start;  /* the process's start time: field 22 of /proc/PID/stat */
	__u64 ready;  /* seconds since the epoch */
	__u32 memory; /* number of its descriptor of what a successor takes over */
	/* … ~0: the chain is about to go, and nobody is to begin */
	__u32 generations[3]; /* that it can handle; 0: none */
	__u32 xsks[3];        /* the ids of their xsks: a number may be given again */
	__u32 counted;        /* goes up when the counts below have been made */
	__u32 total;
	__u32 fill, rx, tx, completion; /* in the rings */
	__u32 hand;                     /* in the pipes' hands */
	__u64 clock;                    /* jiffies in ns less CLOCK_MONOTONIC; 0: not known */
};

_Static_assert(sizeof(struct galette_upcall_head) == 8, "upcall head");
_Static_assert(sizeof(struct galette_upcall) == 24, "upcall");
_Static_assert(sizeof(struct galette_slowpath) == 32, "slowpath");
_Static_assert(sizeof(struct galette_pipe) == 152, "pipe");
_Static_assert(sizeof(struct galette_helper) == 88, "helper");
_Static_assert(sizeof(struct galette_edge) == 16, "edge");
_Static_assert(sizeof(struct galette_slot) == 176, "slot");
_Static_assert(sizeof(struct galette_function) == 336, "function");
_Static_assert(sizeof(struct galette_interface) == 88, "interface");
_Static_assert(sizeof(struct galette_info) == 32, "info");
_Static_assert(sizeof(struct galette_origin) == 456, "origin");

#endif
