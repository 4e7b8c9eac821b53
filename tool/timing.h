/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where a command's time goes, for -v: each phase lasts until the next is entered. */
#ifndef TIMING_H
#define TIMING_H

enum timing {
	TIMING_LOCK,   /* until no other command is at work on the chain */
	TIMING_READ,   /* what runs */
	TIMING_PARSE,  /* the chain file, the functions' objects, the checks */
	TIMING_LOAD,   /* maps and programs */
	TIMING_ATTACH, /* interfaces */
	TIMING_SLOW,   /* until galette-slow is ready */
	TIMING_COMMIT, /* the change itself */
	TIMING_TIDY,   /* what is no longer needed */
	TIMING_DRAIN,  /* until no packet is in the old programs */
	TIMING_PHASES
};

/* The phase before, to go back to. */
enum timing timing_enter(enum timing phase);

/* Say how long each took, and all of them, of a command that has entered any. */
void timing_report(const char *command);

#endif
