// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Messages: collected ones about a file, plain ones, and "did you mean". */
#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diag.h"

/* More than a person reads; a generated file can have one error an entry. */
#define MESSAGES_MAX 100

/* Names are short: a longer word is not worth a suggestion. */
#define WORD_MAX 64

bool diag_quiet, diag_verbose, diag_held;
const char *diag_program = "galette-pin";

/* A file must not get to steer the terminal: no control characters, C1 ones included. */
char *diag_visible(const char *text)
{
	char *out = malloc(4 * strlen(text) + 1), *o = out;

	if (!out)
		return NULL;
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c < 0x20 || *c == 0x7f)
			o += sprintf(o, "\\x%02x", *c);
		else if (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0)
			o += sprintf(o, "\\x%02x", *++c);
		else
			*o++ = *c;
	}
	*o = '\0';
	return out;
}

static void print_plain(const char *prefix, const char *fmt, va_list args)
{
	char *raw = NULL, *text = NULL;

	if (vasprintf(&raw, fmt, args) < 0)
		raw = NULL;
	if (raw)
		text = diag_visible(raw);
	fprintf(stderr, "%s: %s%s\n", diag_program, prefix, text ? text : "out of memory");
	free(text);
	free(raw);
}

void error(const char *fmt, ...)
{
	va_list args;

	if (diag_held)
		return;
	va_start(args, fmt);
	print_plain("", fmt, args);
	va_end(args);
}

void warning(const char *fmt, ...)
{
	va_list args;

	if (diag_quiet)
		return;
	va_start(args, fmt);
	print_plain("warning: ", fmt, args);
	va_end(args);
}

void info(const char *fmt, ...)
{
	va_list args;

	if (!diag_verbose)
		return;
	va_start(args, fmt);
	print_plain("", fmt, args);
	va_end(args);
}

static void print_message(const char *file, const struct diag_message *message)
{
	const char *kind = message->level == DIAG_ERROR ? "error: " : "warning: ";

	if (!file)
		fprintf(stderr, "%s: %s", diag_program,
			message->level == DIAG_ERROR ? "" : kind);
	else if (message->loc.line > 0 && message->loc.column > 0)
		fprintf(stderr, "%s:%d:%d: %s", file, message->loc.line, message->loc.column,
			kind);
	else if (message->loc.line > 0)
		fprintf(stderr, "%s:%d: %s", file, message->loc.line, kind);
	else
		fprintf(stderr, "%s: %s", file, kind);
	fprintf(stderr, "%s\n", message->text);
}

static void add(struct diag *diag, enum diag_level level, struct loc loc, const char *fmt,
		va_list args)
{
	static char no_memory[] = "out of memory for a message";
	struct diag_message message = { level, loc, NULL }, *messages;
	char *raw = NULL;

	if (level == DIAG_ERROR && diag->errors < INT_MAX)
		diag->errors++;
	if (diag->count == INT_MAX)
		return;

	if (vasprintf(&raw, fmt, args) >= 0) {
		message.text = diag_visible(raw);
		free(raw);
	}
	messages = realloc(diag->messages, (diag->count + 1ul) * sizeof(*messages));
	if (messages)
		diag->messages = messages;
	if (!message.text || !messages) {
		/* A message is never lost silently: say it now, out of order. */
		free(message.text);
		message.text = no_memory;
		print_message(diag->file, &message);
		return;
	}
	diag->messages[diag->count++] = message;
}

void diag_error(struct diag *diag, struct loc loc, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(diag, DIAG_ERROR, loc, fmt, args);
	va_end(args);
}

void diag_warning(struct diag *diag, struct loc loc, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(diag, DIAG_WARNING, loc, fmt, args);
	va_end(args);
}

/* Equal places stay in the order of adding: the array holds it, qsort() need not. */
static int by_place(const void *a, const void *b)
{
	const struct diag_message *ma = *(const struct diag_message *const *)a;
	const struct diag_message *mb = *(const struct diag_message *const *)b;

	if (ma->loc.line != mb->loc.line)
		return ma->loc.line < mb->loc.line ? -1 : 1;
	if (ma->loc.column != mb->loc.column)
		return ma->loc.column < mb->loc.column ? -1 : 1;
	return ma < mb ? -1 : ma > mb;
}

static void print_more(const char *file, int errors, int warnings)
{
	if (!errors && !warnings)
		return;
	fprintf(stderr, "%s: … and", file ? file : diag_program);
	if (errors)
		fprintf(stderr, " %d more error%s", errors, errors > 1 ? "s" : "");
	if (warnings)
		fprintf(stderr, "%s %d more warning%s", errors ? "," : "", warnings,
			warnings > 1 ? "s" : "");
	fputc('\n', stderr);
}

void diag_flush(struct diag *diag)
{
	const struct diag_message **order = calloc(diag->count + 1ul, sizeof(*order));
	int count[2] = { 0, 0 };

	for (int i = 0; order && i < diag->count; i++)
		order[i] = &diag->messages[i];
	if (order)
		qsort(order, diag->count, sizeof(*order), by_place);

	for (int i = 0; i < diag->count; i++) {
		const struct diag_message *message = order ? order[i] : &diag->messages[i];

		if (message->level == DIAG_WARNING && diag_quiet)
			continue;
		/* Counted apart, so that a hundred warnings do not hide the error. */
		if (count[message->level]++ < MESSAGES_MAX)
			print_message(diag->file, message);
	}
	print_more(diag->file,
		   count[DIAG_ERROR] > MESSAGES_MAX ? count[DIAG_ERROR] - MESSAGES_MAX : 0,
		   count[DIAG_WARNING] > MESSAGES_MAX ? count[DIAG_WARNING] - MESSAGES_MAX : 0);
	free(order);
	diag_free(diag);
}

void diag_free(struct diag *diag)
{
	for (int i = 0; i < diag->count; i++)
		free(diag->messages[i].text);
	free(diag->messages);
	diag->messages = NULL;
	diag->count = 0;
}

/* Case and '-' or '_' are no difference between names: 'Allow_List' is 'allow-list'. */
static char fold(char c)
{
	return c == '_' ? '-' : (char)tolower((unsigned char)c);
}

static int min3(int a, int b, int c)
{
	int m = a < b ? a : b;

	return m < c ? m : c;
}

/* Insertions, deletions, substitutions and swaps of neighbours from a to b. */
static int distance(const char *a, const char *b)
{
	int rows[3][WORD_MAX + 1], *before = rows[0], *last = rows[1], *now = rows[2];
	int la = (int)strlen(a), lb = (int)strlen(b);

	for (int j = 0; j <= lb; j++)
		last[j] = j;
	for (int i = 1; i <= la; i++) {
		int *spare = before;

		now[0] = i;
		for (int j = 1; j <= lb; j++) {
			char ca = fold(a[i - 1]), cb = fold(b[j - 1]);

			now[j] = min3(now[j - 1] + 1, last[j] + 1, last[j - 1] + (ca != cb));
			if (i > 1 && j > 1 && ca == fold(b[j - 2]) && fold(a[i - 2]) == cb &&
			    before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
		before = last;
		last = now;
		now = spare;
	}
	return last[lb];
}

const char *diag_suggest(const char *word, const char *const *words, int n)
{
	size_t length = strlen(word);
	const char *best = NULL;
	int limit = (int)(length / 3), nearest;

	if (length < 2 || length > WORD_MAX)
		return NULL;
	if (limit < 1)
		limit = 1;
	nearest = limit + 1;
	for (int i = 0; i < n; i++) {
		int d;

		if (!words[i] || strlen(words[i]) > WORD_MAX)
			continue;
		d = distance(word, words[i]);
		/* A word that is replaced as a whole is no slip: "tx" for "if". */
		if (d < nearest && d < (int)strlen(words[i])) {
			nearest = d;
			best = words[i];
		}
	}
	return best;
}
