/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A whole chain with every name resolved: what check makes of a chain file, and
 * what inspect finds in bpffs. plan compares two of them; commit builds one.
 */
#ifndef MODEL_H
#define MODEL_H

#include <bpf/btf.h>

#include <galette/abi.h>

#include "chain.h"
#include "native.h"
#include "object.h"

/* An interface given on the command line: [ALIAS=]IF. */
struct binding {
	char alias[GALETTE_NAME_LEN]; /* "": none */
	char name[GALETTE_IFNAME_LEN];
};

struct model_interface {
	char alias[GALETTE_NAME_LEN];
	char name[GALETTE_IFNAME_LEN]; /* "" when a file is checked without any */
	__u32 ifindex;                 /* 0: there is none */
	bool bound;                    /* given on the command line: a bare rx means it */
	bool attached;                 /* running: its link is on this very interface */
	__u32 mode; /* XDP_FLAGS_DRV_MODE or …SKB_MODE; 0: it cannot be told */
};

/* The content of a file that a config names (nf_file). */
struct model_file {
	char field[GALETTE_NAME_LEN]; /* of the config */
	char *name;                   /* as the config has it */
	char *path;                   /* where it was found */
	char *bytes;                  /* a NUL behind them */
	size_t size;                  /* without it */
};

struct model_function {
	char name[GALETTE_NAME_LEN];
	char path[GALETTE_PATH_LEN];
	const struct function *decl; /* in model.chain */
	char (*actions)[GALETTE_ACTION_LEN];
	int action_count;
	__u32 base; /* its first edge */
	__u32 object_size, object_crc32;
	struct object *object; /* wanted; of a native-only function, read from its .so */
	int *map_index;        /* wanted: for each of object->maps, its place in model.maps */
	struct native *native; /* wanted: its native object; NULL: there is none */
	struct model_file *files; /* wanted: what the nf_file fields of its config name */
	int file_count;
	bool has_native; /* it can run in the slow path */
	bool kernel;     /* wanted: packets may meet it in the kernel */
	bool slow;       /* wanted: packets may meet it in the slow path */
	__u32 prog_id;   /* running; 0: native only */
};

enum {
	EDGE_NONE = -2,
	EDGE_RX = -1
};

/* The edge of a slot, same index. Edge 0 is GALETTE_SLOT_MISSED. */
struct model_edge {
	int function; /* in model.functions, EDGE_RX, or EDGE_NONE */
	int index;    /* of the action, or of the interface */
	struct target target;
	int to;        /* the function or interface that target names, else -1 */
	__u32 prog_id; /* running: what the slot holds; 0: nothing */
	__u64 packets, bytes;
	struct galette_upcall upcall; /* running: of what left the kernel here */
};

struct model_map {
	char name[GALETTE_NAME_LEN * 2]; /* as pinned: NAME, or FUNCTION:NAME */
	struct map_spec spec;
	bool shared; /* wanted: one of [maps] */
	__u32 type, key_size, value_size, size, flags;
	struct btf *own_btf;   /* running: loaded for it */
	const struct btf *btf; /* NULL: none */
	__u32 key_type, value_type;
	int *users; /* in model.functions */
	int user_count;
	unsigned char *entries; /* wanted: key and value, one entry after the other */
	int entry_count;
	int fd;   /* running, or kept, or made; -1: none */
	__u32 id; /* running */
};

struct model {
	char name[GALETTE_NAME_LEN]; /* of the chain */
	struct chain *chain;
	struct model_interface *interfaces;
	int interface_count;
	struct model_function *functions;
	int function_count;
	struct model_edge *edges;
	int edge_count;
	struct model_map *maps;
	int map_count;
	struct galette_slowpath
		slowpath;             /* wanted: no_helper; the rest is set when it is built */
	enum galette_mode mode;       /* how its interfaces are to be attached */
	__u32 generation, previous;   /* running; previous 0: none to roll back to */
	__u64 created;                /* running: seconds since the epoch */
	struct galette_origin origin; /* the bundle that it came in */
};

/* Takes the chain over. */
struct model *model_new(const char *name, struct chain *chain);
void model_free(struct model *model);

/* "auto", "native" or "generic", as --mode has it; NULL: there is no such mode. */
const char *model_mode_word(unsigned int mode);

/* Places by name; -1: none. An interface goes by its alias or its own name. */
int model_function(const struct model *model, const char *name);
int model_interface(const struct model *model, const char *name);
int model_map(const struct model *model, const char *name);

/* The edge of a function's action; -1: it has no such action. */
int model_edge(const struct model *model, int function, const char *action);

/* "rx", "rx(lan)" or the function's name; and the action, "" for rx. */
void edge_from(const struct model *model, const struct model_edge *edge,
	       char text[GALETTE_TARGET_LEN]);
const char *edge_action(const struct model *model, const struct model_edge *edge);

/* Of the verifier's world: in a chain file by its object, in a chain that runs by its program. */
bool function_has_program(const struct model_function *f);

/* Whether the kernel may run it: it has a program there, and no disable_xdp. */
bool function_in_kernel(const struct model_function *f);

/* Whether a target names a function, !F or F. */
bool target_is_function(const struct target *target);

/*
 * Whether packets can take an edge in the kernel: its slot then says where it
 * leads. The slots of other edges stay empty, and only their routes say it.
 */
bool edge_in_kernel(const struct model *model, const struct model_edge *edge);

/* Whether an edge leads out of the kernel, and so whether its slot holds an upcall. */
bool edge_leads_out(const struct model *model, const struct model_edge *edge);

/* The most queues that one of its interfaces has now, as many as the slow path looks at. */
__u32 model_queues(const struct model *model);

/* Whether a chain needs galette-slow: packets can come to an edge that leads out of the kernel. */
bool model_leads_out(const struct model *model);

/* What the target names, found again in this model: sets edge->to. False: there is none. */
bool edge_resolve(const struct model *model, struct model_edge *edge);

#endif
