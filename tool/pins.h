/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Files in bpffs: where a chain's pins are, the lock on them, and removing
 * them. All functions return 0 or a negative errno and print nothing unless
 * they say so.
 */
#ifndef PINS_H
#define PINS_H

#include <limits.h>
#include <stdbool.h>
#include <linux/types.h>

#define PINS_DEFAULT_ROOT "/sys/fs/bpf/galette"

enum pins_place {
	PINS_THERE,     /* on a bpffs, or to be made there */
	PINS_UNMOUNTED, /* below /sys/fs/bpf, where none is mounted */
	PINS_ENDING,    /* likewise, and one mounted by this command would end with it */
	PINS_ELSEWHERE, /* on another filesystem */
};

/* Where `root` is, or would be. */
enum pins_place pins_look(const char *root);

/*
 * Make sure that `root` is, or can be made, a directory of a bpffs: mounts one
 * on /sys/fs/bpf where there is none and it would outlive this command. Prints
 * one error that says how to do it by hand.
 */
int pins_prepare(const char *root);

/* Nothing else is ever locked, made or removed. */
bool pins_on_bpffs(const char *path);

/* A path below dir; snprintf() with -ENAMETOOLONG. */
int pins_path(char path[PATH_MAX], const char *dir, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A name as bpffs allows it: '.' is %2e, '%' is %25, '/' is %2f; and back, in place. */
void pins_encode(char out[NAME_MAX + 1], const char *name);
void pins_decode(char *name);

enum pins_lock_kind {
	PINS_SHARED,    /* to read */
	PINS_EXCLUSIVE, /* to change */
	PINS_MAKE,      /* to change, and made first where it is not there */
};

/*
 * Lock a chain's directory: *lock holds it until closed, or this process ends.
 * -ENOENT: there is none; -EWOULDBLOCK: somebody has it and `wait` is false.
 */
int pins_lock(const char *dir, enum pins_lock_kind kind, bool wait, int *lock);

/* Remove a file, or a directory with all that is in it. Nothing there: 0. */
int pins_remove(const char *path);

/* The names in a directory, sorted, malloc'ed one by one; the count, or a negative errno. */
int pins_list(const char *dir, char ***names);
void pins_list_free(char **names, int count);

/* Pin by way of a path built as by pins_path(). */
int pins_pin(int fd, const char *dir, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Open a pin: an fd. */
int pins_open(const char *dir, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Keep bytes as a pinned array of one value of that size. Prints the error that
 * it returns.
 */
int pins_keep(const char *dir, const char *pin, const void *bytes, size_t size);

/* The kernel's id of a program. */
int pins_program_id(int fd, __u32 *id);

#endif
