/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a native NF (build/nf/NAME.so) and the program that loads it share.
 *
 * The object exports one symbol, `struct nf_native nf_native`; all else is
 * hidden. It is opened with dlopen(RTLD_LOCAL). Its state is static: one copy of
 * the object is one instance, for one thread at a time.
 *
 * What a C struct cannot say is in the object's .BTF section, to be read without
 * running anything of it: the action names (the type of variable nf_action), the
 * fields of `config`, and all of every map: a variable of the map's name, a union
 * with the members of a BPF map definition. `key` and `value` point to the types;
 * `type`, `map_flags` and `max_entries` to arrays of so many elements.
 *
 * Needs __u32 and the like, of linux/types.h or vmlinux.h. Host byte order.
 */
#ifndef GALETTE_NF_NATIVE_ABI_H
#define GALETTE_NF_NATIVE_ABI_H

#define NF_NATIVE_VERSION 2 /* changes when an older host could not run a newer NF */

/*
 * A packet: start <= data <= end <= limit. The NF moves data and end, within
 * start and limit. data is even: see nf.h.
 */
struct pkt {
	__u8 *data, *end;
	__u8 *start, *limit;
	__u32 ifindex;
	__u32 reserved;
};

/* A map as NF_MAP() declares it. */
struct nf_native_map {
	const char *name;
	__u32 type;       /* BPF_MAP_TYPE_* */
	__u32 flags;      /* BPF_F_* */
	__u32 key_size;   /* bytes */
	__u32 value_size; /* bytes */
	__u32 size;       /* entries, where the chain file says no other */
	__u32 reserved;
	void *host; /* the host's handle, for nf_native_ops; NULL until it binds the map */
};

/*
 * What the host does for the NF. `map` is the host pointer of a map, `host` that
 * of struct nf_native. Errors are negative errnos.
 */
struct nf_native_ops {
	/* nf_now() */
	__u64 (*now)(void *host);

	/* The value of *key to read and write until the NF returns; NULL: none. */
	void *(*view)(void *map, const void *key);
	/* Copy the value of *key. 0 or -ENOENT. */
	int (*get)(void *map, const void *key, void *value);
	/* Set it; flags: BPF_ANY, BPF_NOEXIST. 0, -EEXIST, -E2BIG. */
	int (*put)(void *map, const void *key, const void *value, __u64 flags);
	/* 0 or -ENOENT. */
	int (*del)(void *map, const void *key);
	/* Add to a value that is one integer of 4 or 8 bytes, atomically. 0 or -ENOENT. */
	int (*add)(void *map, const void *key, __u64 n);
	/* Add to an integer of `size` bytes (4 or 8), in a view or anywhere else. */
	void (*view_add)(void *host, void *p, __u32 size, __u64 n);
	/*
	 * While `load` runs. `field` is that of the config, an nf_file. The content,
	 * a NUL behind its *size bytes, good until `load` returns; NULL: there is none.
	 */
	const char *(*file)(void *host, const volatile void *field, __u64 *size);
	/* Something is wrong with it at this place: from 1 each, 0: no place. One line. */
	void (*complain)(void *host, const volatile void *field, __u32 line, __u32 column,
			 const char *fmt, __builtin_va_list args);
};

/* What NF_CONFIG() declares. */
struct nf_native_config {
	const volatile void *data; /* maybe in read-only memory; NULL: there is none */
	__u32 size;                /* bytes */
	__u32 reserved;
};

struct nf_native {
	__u32 version;    /* NF_NATIVE_VERSION */
	__u32 size;       /* of this struct */
	const char *name; /* as in NF(), with '_' */
	/* Handle one packet. The action; the host has to check that there is such a one. */
	__u32 (*entry)(struct pkt *pkt);
	struct nf_native_map *const *maps; /* from here to before maps_end */
	struct nf_native_map *const *maps_end;
	const struct nf_native_config *config;
	/*
	 * Once, behind the config and before the first packet; no map is there yet.
	 * NULL: there is nothing to do. 0, or a negative errno: the NF cannot run.
	 */
	int (*load)(void);
	/* Set by the host. */
	const struct nf_native_ops *ops;
	void *host;
};

/* As the 64-bit worlds have it; a 32-bit one has no BPF maps to share. */
_Static_assert(sizeof(struct pkt) == 40, "packet");
_Static_assert(sizeof(struct nf_native_map) == 40, "map");
_Static_assert(sizeof(struct nf_native_ops) == 72, "operations");
_Static_assert(sizeof(struct nf_native) == 72, "NF");

#endif
