/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A chain file as it stands: what it declares, every name still a name. The
 * first stage of the pipeline; nothing here looks at objects or at the kernel.
 */
#ifndef CHAIN_H
#define CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include <galette/abi.h>

#include "diag.h"
#include "toml.h"

enum target_kind {
	TARGET_TX,       /* out of the interface the packet came in on */
	TARGET_REDIRECT, /* tx(IF) */
	TARGET_DROP,
	TARGET_PASS,
	TARGET_ABORT,
	TARGET_FUNCTION,
	TARGET_UPCALL, /* !FUNCTION: the function, in the slow path */
	TARGET_NONE,   /* of a running chain: the slot has been emptied by somebody */
};

struct target {
	enum target_kind kind;
	char name[GALETTE_NAME_LEN]; /* the interface or alias, or the function; else "" */
	struct loc loc;
};

/* One entry of a `to`. */
struct link {
	char action[GALETTE_ACTION_LEN]; /* "": by position */
	struct target target;
	struct loc loc;
};

/* What a file may say of a map; what it does not say is the NF's own. */
struct map_spec {
	__u32 type; /* enum bpf_map_type; 0: not said */
	__u32 size; /* entries; 0: not said */
	const struct node *entries;
	struct loc loc;
};

/* A map under [functions.F.maps], or shared under [maps]. */
struct map_decl {
	char name[GALETTE_NAME_LEN];   /* as the NF calls it: C, '_' for '-' */
	char shared[GALETTE_NAME_LEN]; /* the [maps.…] it stands for; "": the function's own */
	struct map_spec spec;
};

struct function {
	char name[GALETTE_NAME_LEN];
	char path[GALETTE_PATH_LEN]; /* the object, below --nf-path, without ".bpf.o" */
	bool disable_xdp;
	const struct node *config; /* a table, or NULL */
	struct map_decl *maps;
	int map_count;
	struct link *links;
	int link_count;
	bool linked;          /* it is the `from` of a link */
	struct loc loc;       /* of its name */
	struct loc links_loc; /* of the link's `to` */
};

/* A link from rx, or rx(NAME). */
struct rx {
	char name[GALETTE_NAME_LEN]; /* the interface or alias; "": bare */
	struct target target;
	struct loc loc;
};

/* [slowpath]; 0: not said. */
struct slowpath {
	enum target_kind absent; /* TARGET_DROP, TARGET_PASS or TARGET_TX */
	int pipes;               /* per queue, 1 to GALETTE_PIPES_MAX */
	int frames;              /* per queue, a power of two */
	int watchdog;            /* seconds */
	bool busy_poll;
};

struct chain {
	char *text; /* the file, NUL-terminated */
	size_t length;
	struct node *root;
	struct function *functions;
	int function_count;
	struct map_decl *maps; /* [maps.…]; .name as pinned, .shared unused */
	int map_count;
	struct rx *rx;
	int rx_count;
	struct slowpath slowpath;
	bool loops;
};

enum {
	CHAIN_TEXT_MAX = 8 << 20,   /* bytes of a chain file */
	CHAIN_FUNCTIONS_MAX = 1024, /* far more than a path can hold: what recursion may cost */
	CHAIN_FRAMES = 2048,        /* [slowpath] frames, where the file does not say */
	CHAIN_WATCHDOG = 5,         /* [slowpath] watchdog, likewise */
};

/* From text. NULL: diag has the errors. */
struct chain *chain_parse(const char *text, size_t length, struct diag *diag);
void chain_free(struct chain *chain);

struct function *chain_function(const struct chain *chain, const char *name);

/* A target as written in a chain file or on the command line; -EINVAL: diag says why. */
int target_parse(const char *text, struct loc loc, struct target *target, struct diag *diag);
/* The same back to text. */
void target_format(const struct target *target, char text[GALETTE_TARGET_LEN]);

/* The word of a map type in a chain file, or "?"; and back, 0: no such type. */
const char *map_type_name(__u32 type);
__u32 map_type_parse(const char *name);

/* Copy a map's name with '_' for '-', as C and the pins have it. */
void map_name_copy(char out[GALETTE_NAME_LEN], const char *name);

#endif
