/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Runs one native NF (include/galette/nf/native_abi.h) in this process: load
 * the object, hold it against the BPF object of the same source, bind its maps
 * to BPF maps, give it packets.
 *
 * A host is one instance of an NF: its own config, its own maps, for one thread
 * at a time. The same file can be loaded as often as need be.
 *
 * Loading and binding open files and load BPF programs; running does neither. It
 * makes the system calls bpf(BPF_PROG_TEST_RUN) and clock_gettime(), and at
 * times allocates memory.
 */
#ifndef SLOWPATH_NF_HOST_H
#define SLOWPATH_NF_HOST_H

#include <linux/types.h>

#include <galette/nf/native_abi.h>

#include "diag.h"
#include "object.h"

/*
 * Kernel time for nf_now(): jiffies64 * tick_ns, the NF's own nf_tick_ns. Zero
 * all of it and time stands still at 0, as it does for a BPF NF whose nf_tick_ns
 * is 0.
 */
struct nf_clock {
	__u64 tick_ns; /* nanoseconds per jiffy */
	__u64 origin;  /* CLOCK_MONOTONIC + origin, cut to whole ticks, is kernel time */
};

/*
 * Find out both, once for all hosts: takes some ticks (4 ms to 40 ms) and loads
 * a BPF program for as long. 0, or a negative errno. Good until reboot, for
 * jiffies follow CLOCK_MONOTONIC tick by tick: `known`, an origin found before, is
 * taken at once if it agrees with now. 0: none.
 */
int nf_clock_calibrate(struct nf_clock *clock, __u64 known);
__u64 nf_clock_now(const struct nf_clock *clock);

enum {
	NF_HOST_MISSED = -1 /* an action that the NF's enum does not have */
};

struct nf_host;

/*
 * Load FILE. `object`, when not NULL, is the BPF object of the same source: its
 * actions, config, and maps (types, keys, values, sizes) must be the same. NULL:
 * diag has an error at loc. FILE itself is copied, so it may be replaced at will.
 */
struct nf_host *nf_host_open(const char *file, const struct object *object, struct loc loc,
			     struct diag *diag);
void nf_host_free(struct nf_host *host);

/* What the NF says of itself, and its types. */
const struct nf_native *nf_host_nf(const struct nf_host *host);
const struct btf *nf_host_btf(const struct nf_host *host);
int nf_host_action_count(const struct nf_host *host);

/*
 * Set the config: the bytes of the BPF object's `config` variable
 * (object_var(object, &object->config)). 0; -EINVAL: the NF's config, if it has
 * one, is of another size.
 */
int nf_host_config(struct nf_host *host, const void *config, size_t size);

/* What an nf_file of the NF's config names: field is the config's. */
struct nf_host_file {
	const char *field;
	const char *bytes; /* a NUL behind them */
	size_t size;       /* without it */
};

/* What the NF finds wrong with a file; field NULL: with one that it was not given. */
typedef void nf_host_complaint(void *arg, const char *field, struct loc loc, const char *text);

/*
 * Give the NF its files and let it load, after nf_host_config() and before the
 * first packet; nothing of `files` is kept. 0, also when the NF has nothing to
 * load; a negative errno: -ENOENT: its config has no such nf_file; -EINVAL: it
 * has complained; what the NF says.
 */
int nf_host_load(struct nf_host *host, const struct nf_host_file *files, int count,
		 nf_host_complaint *complain, void *arg);

/* Until then time stands still at 0. */
void nf_host_clock(struct nf_host *host, const struct nf_clock *clock);

/*
 * Let the NF's map be the BPF map of fd, which is not kept. 0, or a negative
 * errno: -ENOENT: the NF has no such map; -EINVAL: keys or values of other
 * sizes; -E2BIG: an entry too large for this (nf_bridge.h); what loading a
 * program gives.
 */
int nf_host_bind(struct nf_host *host, const char *map, int fd);

/* The first map that is not bound yet; NULL: the NF can run. */
const char *nf_host_unbound(const struct nf_host *host);

/*
 * Put a packet through the NF, all of whose maps are bound. It is changed in
 * place, pkt says where it ends up. The action, from 0; or NF_HOST_MISSED.
 *
 * Room for what an XDP program may do: `start` 216 bytes before data (of 256
 * bytes of headroom the kernel takes 40 for its own struct xdp_frame), `limit`
 * at the end of the frame.
 */
int nf_host_run(struct nf_host *host, struct pkt *pkt);

/*
 * map_add() to one entry of an ARRAY or PERCPU_ARRAY map, again and again, is held
 * back, in this process alone, until the NFs do anything else with that map: write
 * what is, of all NFs.
 */
void nf_host_flush(void);

#endif
