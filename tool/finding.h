/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What was found out about a machine or an interface, each with the command that
 * mends it: a line of `doctor`, or a warning after `attach`.
 */
#ifndef FINDING_H
#define FINDING_H

#include <stdbool.h>
#include <net/if.h>

struct json_object;

enum finding_level {
	FINDING_OK,
	FINDING_NOTE, /* a chain runs, but something is slow, or missing */
	FINDING_WRONG /* no chain would run */
};

struct finding {
	enum finding_level level;
	const char *topic;           /* static: a word, as JSON has it */
	char interface[IF_NAMESIZE]; /* "": it is the machine's */
	char *what; /* no newline or full stop; control characters are visible */
	char *mend; /* one line for a shell; NULL: none is known */
	struct json_object *values; /* what the text was made of; NULL: nothing more */
};

/* Zero-initialize. A finding's address is good until the next is added. */
struct findings {
	struct finding *list;
	int count;
};

struct finding *finding_add(struct findings *findings, enum finding_level level,
			    const char *topic, const char *interface, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* The command for it; names and paths in it are the caller's to quote (shell.h). */
void finding_mend(struct finding *finding, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Takes the value over. */
void finding_value(struct finding *finding, const char *key, struct json_object *value);

/* Whether no chain would run. */
bool findings_wrong(const struct findings *findings);

/* A line each on stdout, and below it, further in, the command. */
void findings_print(const struct findings *findings);

/* As an array of { level, topic, interface, what, mend, values }. */
struct json_object *findings_json(const struct findings *findings);

/* "INTERFACE: WHAT (MEND)", each a warning. */
void findings_warn(const struct findings *findings);

void findings_free(struct findings *findings);

#endif
