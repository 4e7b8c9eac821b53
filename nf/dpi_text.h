/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reading a file of rules by characters, words, numbers and strings: part of dpi_rules.h. */
#ifndef DPI_TEXT_H
#define DPI_TEXT_H

enum {
	RULES_WORD = 32 /* with its NUL; what is longer is none of ours */
};

/* Always at a character that counts: never at the '\' that ends a line. */
struct rules_cursor {
	const char *at, *end;
	uint32_t line, column;
};

static void rules_settle(struct rules_cursor *c)
{
	while (c->end - c->at >= 2 && c->at[0] == '\\') {
		int skip = c->at[1] == '\n'                                              ? 2
			   : c->end - c->at >= 3 && c->at[1] == '\r' && c->at[2] == '\n' ? 3
											 : 0;

		if (!skip)
			return;
		c->at += skip;
		c->line++;
		c->column = 1;
	}
}

/* -1 behind the last one. */
static int rules_peek(const struct rules_cursor *c)
{
	return c->at < c->end ? (unsigned char)*c->at : -1;
}

static void rules_next(struct rules_cursor *c)
{
	if (c->at >= c->end)
		return;
	if (*c->at == '\n') {
		c->line++;
		c->column = 1;
	} else if (((unsigned char)*c->at & 0xc0) != 0x80) { /* UTF-8 */
		c->column++;
	}
	c->at++;
	rules_settle(c);
}

static bool rules_is_blank(int c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool rules_is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static void rules_blanks(struct rules_cursor *c)
{
	while (rules_is_blank(rules_peek(c)))
		rules_next(c);
}

static bool rules_at_end(const struct rules_cursor *c)
{
	return rules_peek(c) < 0 || rules_peek(c) == '\n';
}

/* A comment ends where its line does, whatever is there. */
static void rules_skip_line(struct rules_cursor *c)
{
	const char *end = memchr(c->at, '\n', c->end - c->at);

	c->at = end ?: c->end;
}

/* ---- complaints ---- */

__attribute__((format(printf, 3, 4))) static bool rules_bad(struct rules_parser *p,
							    const struct rules_cursor *at,
							    const char *fmt, ...)
{
	char text[160];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	p->complain(p->arg, at->line, at->column, text);
	p->err = p->err ?: -EINVAL;
	return false;
}

static bool rules_unexpected(struct rules_parser *p, const struct rules_cursor *at,
			     const char *behind)
{
	int c = rules_peek(at);

	if (c < 0 || c == '\n')
		return rules_bad(p, at, "the line ends behind %s", behind);
	if (c > 0x20 && c < 0x7f)
		return rules_bad(p, at, "unexpected '%c' behind %s", c, behind);
	return rules_bad(p, at, "unexpected byte 0x%02x behind %s", c, behind);
}

/* Room for one element more; capacities are powers of two. */
static bool rules_grow(struct rules_parser *p, void **array, uint32_t count, size_t size)
{
	void *bigger = *array;

	if (!(count & (count - 1)))
		bigger = realloc(*array, (count ? 2ul * count : 1) * size);
	if (bigger)
		*array = bigger;
	else
		p->err = -ENOMEM;
	return bigger;
}

/* ---- words and numbers ---- */

static bool rules_literal(struct rules_cursor *c, const char *text)
{
	struct rules_cursor ahead = *c;

	for (; *text; text++) {
		if (rules_peek(&ahead) != *text)
			return false;
		rules_next(&ahead);
	}
	*c = ahead;
	return true;
}

/* Letters, digits and '_'; false: none. */
static bool rules_word(struct rules_cursor *c, char word[RULES_WORD])
{
	unsigned int length = 0;

	for (int ch; (ch = rules_peek(c)) == '_' || (ch >= 'a' && ch <= 'z') ||
		     (ch >= 'A' && ch <= 'Z') || rules_is_digit(ch);
	     rules_next(c))
		if (length < RULES_WORD - 1)
			word[length++] = ch;
	word[length] = '\0';
	return length;
}

static bool rules_number(struct rules_parser *p, struct rules_cursor *c, uint32_t low,
			 uint32_t high, uint32_t *number)
{
	const struct rules_cursor at = *c;
	uint64_t n = 0;

	if (!rules_is_digit(rules_peek(c)))
		return rules_bad(p, &at, "expected a number");
	for (; rules_is_digit(rules_peek(c)); rules_next(c))
		if (n <= UINT32_MAX)
			n = n * 10 + rules_peek(c) - '0';
	if (n < low || n > high)
		return rules_bad(p, &at, "the number is not from %u to %u", low, high);
	*number = n;
	return true;
}

/* ---- strings ---- */

static int rules_hex_digit(int c)
{
	if (rules_is_digit(c))
		return c - '0';
	if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
		return (c | 0x20) - 'a' + 10;
	return -1;
}

static void rules_put(struct rules_parser *p, int byte)
{
	p->rules->bytes[p->rules->byte_count++] = byte;
}

/* |0d 0a|, from its first '|' to behind its last. */
static bool rules_hex(struct rules_parser *p, struct rules_cursor *v)
{
	const struct rules_cursor at = *v;
	uint32_t before = p->rules->byte_count;

	rules_next(v);
	for (rules_blanks(v); rules_peek(v) != '|'; rules_blanks(v)) {
		int high = rules_hex_digit(rules_peek(v)), low;

		if (rules_peek(v) == '"' || rules_peek(v) < 0)
			return rules_bad(p, &at, "'|' has no second one");
		if (high < 0)
			return rules_bad(p, v, "expected bytes in hex, as in |0d 0a|");
		rules_next(v);
		low = rules_hex_digit(rules_peek(v));
		if (low < 0)
			return rules_bad(p, v, "a byte has two digits, as in |0d 0a|");
		rules_next(v);
		rules_put(p, high << 4 | low);
	}
	rules_next(v);
	return p->rules->byte_count > before ? true : rules_bad(p, &at, "no bytes in '||'");
}

static bool rules_escape(struct rules_parser *p, struct rules_cursor *v)
{
	const struct rules_cursor at = *v;
	int c;

	rules_next(v);
	c = rules_peek(v);
	if (c <= 0 || !strchr("\"\\;:", c))
		return rules_bad(p, &at, "expected one of \\\" \\\\ \\; \\:");
	rules_put(p, c);
	rules_next(v);
	return true;
}

/* A string in quotes, to the end of rules->bytes; with |…| in it where `hex`. */
static bool rules_string(struct rules_parser *p, struct rules_cursor *v, bool hex)
{
	if (rules_peek(v) != '"')
		return rules_bad(p, v, "expected a string in quotes");
	for (rules_next(v); rules_peek(v) != '"';) {
		int c = rules_peek(v);

		if (c == '\\') {
			if (!rules_escape(p, v))
				return false;
		} else if (c == '|' && hex) {
			if (!rules_hex(p, v))
				return false;
		} else if (c < 0x20 || c == 0x7f) {
			return rules_bad(p, v, "control characters are written in hex, |%02x|",
					 c & 0xff);
		} else {
			rules_put(p, c);
			rules_next(v);
		}
	}
	rules_next(v);
	return true;
}

/* From c to the next ';' outside of quotes, which is left behind; blanks at its end are cut off. */
static bool rules_cut_value(struct rules_parser *p, struct rules_cursor *c,
			    struct rules_cursor *value)
{
	struct rules_cursor quote;
	bool quoted = false;

	*value = *c;
	value->end = c->at;
	for (int ch; (ch = rules_peek(c)) != ';' || quoted; rules_next(c)) {
		if (rules_at_end(c))
			return quoted ? rules_bad(p, &quote, "the string has no end")
				      : rules_bad(p, c, "the option has no ';' at its end");
		if (ch == ';')
			return rules_bad(p, c, "';' in a string is written '\\;'");
		if (ch == '"') {
			quoted = !quoted;
			quote = *c;
		} else if (ch == '\\' && quoted) {
			rules_next(c);
			if (rules_at_end(c))
				return rules_bad(p, &quote, "the string has no end");
		}
		if (!rules_is_blank(rules_peek(c)))
			value->end = c->at + 1;
	}
	rules_next(c);
	return true;
}

#endif
