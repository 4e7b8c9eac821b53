/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Words of commands that a person is told to run. */
#ifndef SHELL_H
#define SHELL_H

#include <stddef.h>

/*
 * A word as a shell reads it back: as it is where that is safe, else quoted; what
 * could steer a terminal, or is no ASCII, as bash's $'\NNN'. Four characters are
 * enough for each of the word's, and four more. Returns out; what does not fit is cut.
 */
char *shell_word(char *out, size_t size, const char *word);

enum {
	SHELL_IFNAME_LEN = 4 * 16 + 4 /* an interface's name, of IF_NAMESIZE */
};

#endif
