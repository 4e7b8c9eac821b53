/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The command line, and what a verb is. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>

#include "commit.h"

enum {
	STATUS_DONE = 0,    /* done, or nothing to do */
	STATUS_FAILED = 1,  /* it failed, and nothing changed */
	STATUS_USAGE = 2,   /* bad usage, or a bad chain file */
	STATUS_CHANGES = 3, /* plan --exit-code: there are changes */
};

struct options {
	bool json;
	const char *pin_root;
	const char *nf_path;
	bool mode_given;
	enum galette_mode mode;
	const char *name;
	bool no_wait;
	bool no_helper;
	bool exit_code;
	bool source;
	const char *output; /* of bundle: a file, "-": standard output; NULL: not given */
	const char *archs;  /* machines' names with ',' between; NULL: this one's */
	const char *key;    /* to sign with; NULL: unsigned */
	char **reset_maps;
	int reset_count;
	int argc; /* the verb's own arguments */
	char **argv;
};

/* Which of the options a verb takes beside the global ones. */
enum {
	TAKES_MODE = 1 << 0,
	TAKES_NAME = 1 << 1,
	TAKES_NO_WAIT = 1 << 2,
	TAKES_RESET_MAP = 1 << 3,
	TAKES_EXIT_CODE = 1 << 4,
	TAKES_SOURCE = 1 << 5,
	TAKES_NO_HELPER = 1 << 6,
	TAKES_OUTPUT = 1 << 7,
	TAKES_ARCH = 1 << 8,
	TAKES_SIGN = 1 << 9,
};

struct verb {
	const char *name;
	int (*run)(struct options *options); /* a STATUS_… */
	int min_args, max_args;
	unsigned int takes;
	const char *arguments; /* for the usage line */
	const char *help;      /* one line */
	const char *more;      /* `help VERB`: the rest */
};

extern const struct verb verbs[]; /* ends with a NULL name */
const struct verb *verb_find(const char *name);
void verb_usage(const struct verb *verb);

int verb_attach(struct options *options);
int verb_apply(struct options *options);
int verb_plan(struct options *options);
int verb_check(struct options *options);
int verb_bundle(struct options *options);
int verb_link(struct options *options);
int verb_rollback(struct options *options);
int verb_detach(struct options *options);
int verb_show(struct options *options);
int verb_map(struct options *options);
int verb_doctor(struct options *options);
int verb_help(struct options *options);
int verb_version(struct options *options);

#endif
