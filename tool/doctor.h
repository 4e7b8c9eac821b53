/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a machine can do for a chain, found by trying, and the commands that mend what it
 * cannot. Nothing is attached, changed or left behind.
 */
#ifndef DOCTOR_H
#define DOCTOR_H

#include <stdbool.h>
#include <net/if.h>
#include <linux/types.h>

enum finding_level {
	FINDING_OK,
	FINDING_NOTE, /* a chain runs, but slower, or without the slow path, or deaf */
	FINDING_WRONG /* no chain runs */
};

struct finding {
	enum finding_level level;
	const char *topic;           /* one word, for scripts */
	char interface[IF_NAMESIZE]; /* "": the machine */
	char *text;
	char *mend; /* a command for a shell; NULL: there is none, or nothing to mend */
};

struct findings {
	struct finding *list;
	int count;
};

/* Of an interface, or of the machine (NULL). mend may be NULL, and is copied. */
void finding_add(struct findings *findings, enum finding_level level, const char *topic,
		 const char *interface, const char *mend, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));
void findings_free(struct findings *findings);

/* The worst of all. */
enum finding_level findings_level(const struct findings *findings);

/* "ok", "note", "wrong" */
const char *finding_level_name(enum finding_level level);

/* A word as a shell reads it back, quoted where it must be; malloc'ed. */
char *shell_word(const char *word);

/* The kernel and its settings. pin_root: where chains are to be pinned. */
void doctor_machine(struct findings *findings, const char *pin_root);

/* An interface of this network namespace, and who has it. */
void doctor_interface(struct findings *findings, __u32 ifindex, const char *pin_root);

#endif
