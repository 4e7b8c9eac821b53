/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the tool has to say to a person: located errors and warnings of a chain
 * file, collected so that one run shows all of them, and plain messages.
 */
#ifndef DIAG_H
#define DIAG_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A place in a chain file; both count from 1, 0: no place. */
struct loc {
	int line;
	int column;
};

enum diag_level {
	DIAG_ERROR,
	DIAG_WARNING
};

struct diag_message {
	enum diag_level level;
	struct loc loc;
	char *text;
};

/*
 * The messages about one file. Zero-initialize, set `file`; NULL: messages are
 * not about a file (the command line) and begin like those of error().
 */
struct diag {
	const char *file; /* as the user named it; printed in front */
	struct diag_message *messages;
	int count;
	int errors;
};

/*
 * Add a message. The text has no trailing newline or full stop; control
 * characters in it, which come from files, are made visible.
 */
void diag_error(struct diag *diag, struct loc loc, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void diag_warning(struct diag *diag, struct loc loc, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Print the messages to stderr by place, "FILE:LINE:COL: error: TEXT", and
 * forget them: at most 100 errors and 100 warnings, then how many more.
 * `errors` keeps its count. Warnings are silent under -q.
 */
void diag_flush(struct diag *diag);
void diag_free(struct diag *diag);

/*
 * Messages without a place, to stderr behind "galette-pin: ". warning() is
 * silent under -q, info() speaks only under -v.
 */
extern bool diag_quiet, diag_verbose;
extern const char *diag_program; /* "galette-pin" */
/* While set error() is silent: what fails will be tried again. */
extern bool diag_held;
void error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Text with its control characters as \xNN; malloc'ed, NULL without memory. */
char *diag_visible(const char *text);

/* The word of `words` (n of them) nearest to `word` if it may be a slip of it, else NULL. */
const char *diag_suggest(const char *word, const char *const *words, int n);

#ifdef __cplusplus
}
#endif

#endif
