/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The rules of dpi: a subset of what Snort and Suricata read, so that a file of
 * these is good there as well.
 *
 *   # A comment, from the first column that is no blank.
 *   alert tcp any any -> any [23,2323] (msg:"Mirai, its own name"; \
 *           content:"/bin/busybox MIRAI"; nocase; sid:1000001; rev:1;)
 *
 * ACTION PROTOCOL any PORTS DIRECTION any PORTS (OPTION; OPTION; …)
 *
 *   ACTION     alert or drop: both make an attack; the chain says what becomes of it
 *   PROTOCOL   tcp, udp, or ip: any
 *   PORTS      any, 80, 8000:8999, :1023, 1024:, or a list of these, [80,8000:8999];
 *              only any with ip
 *   DIRECTION  -> : from the left ports to the right ones; <> : or back
 *
 *   content:"…"   bytes that must be in the payload, at least one content a rule.
 *                 |0d 0a| are bytes in hex; '"', '\', ';' are written \" \\ \;
 *                 and ':' may be written \:. All contents of a rule have to be
 *                 found, in any order. Each option below is for the content before
 *                 it:
 *     nocase      upper and lower case of ASCII letters are the same
 *     offset:N    it begins at byte N of the payload (from 0) or behind
 *     depth:N     it lies within the N bytes from there
 *   sid:N         the rule's number, one rule a number
 *   msg:"…"       what it is about
 *   rev:N         and these are read over: priority, gid, classtype, reference,
 *                 metadata, fast_pattern
 *
 * Everything else is an error, for what is not understood would make a rule mean
 * something else: negated contents and ports, addresses and variables, pcre, flow,
 * distance, within and so on.
 *
 * '\' at a line's end goes on with the next line, but not in a comment. All errors
 * are told, each with its place. Columns count characters.
 *
 * Nothing of galette/nf.h is needed here: the parser is tested and fuzzed alone.
 */
#ifndef DPI_RULES_H
#define DPI_RULES_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	RULES_SIZE_MAX = 16 << 20, /* bytes of a file */
	RULES_MAX = 65536,
	RULES_CONTENTS_MAX = 16, /* of one rule */
	RULES_CONTENT_MAX = 512, /* bytes */
	RULES_RANGES_MAX = 16,   /* of one list of ports */
	RULES_PLACE_MAX = 65535, /* offset and depth */
	RULES_TCP = 6,
	RULES_UDP = 17,
};

struct rules_range {
	uint16_t low, high;
};

struct rules_ports {
	uint32_t first, count; /* in ranges; count 0: any */
};

struct rules_content {
	uint32_t rule;
	uint32_t first;  /* in bytes */
	uint32_t length; /* 1 to RULES_CONTENT_MAX */
	uint32_t offset;
	uint32_t depth; /* 0: any; never less than length */
	bool nocase, has_offset;
};

struct rules_rule {
	uint32_t sid, line, column; /* and where that is written */
	uint32_t protocol;          /* 0: any */
	bool both;                  /* directions */
	struct rules_ports source, destination;
	uint32_t first, count; /* in contents; 1 to RULES_CONTENTS_MAX */
};

struct rules {
	struct rules_rule *rules;
	struct rules_content *contents;
	struct rules_range *ranges;
	unsigned char *bytes;
	uint32_t rule_count, content_count, range_count, byte_count;
};

typedef void rules_complaint(void *arg, uint32_t line, uint32_t column, const char *text);

struct rules_parser {
	struct rules *rules;
	rules_complaint *complain;
	void *arg;
	struct rules_rule rule; /* that is being read */
	bool has_sid, has_msg, has_rev;
	int err;
};

#include "dpi_text.h"
#include "dpi_option.h"

/* ---- ports ---- */

static bool rules_add_range(struct rules_parser *p, const struct rules_cursor *at,
			    struct rules_ports *ports, uint32_t low, uint32_t high)
{
	struct rules *r = p->rules;

	if (low > high)
		return rules_bad(p, at, "port range %u:%u is empty", low, high);
	if (ports->count == RULES_RANGES_MAX)
		return rules_bad(p, at, "more than %d ports and ranges", RULES_RANGES_MAX);
	if (!rules_grow(p, (void **)&r->ranges, r->range_count, sizeof(*r->ranges)))
		return false;
	r->ranges[r->range_count++] = (struct rules_range) { low, high };
	ports->count++;
	return true;
}

static bool rules_range(struct rules_parser *p, struct rules_cursor *c,
			struct rules_ports *ports)
{
	const struct rules_cursor at = *c;
	uint32_t low = 0, high = UINT16_MAX;

	if (rules_peek(c) == '!')
		return rules_bad(p, c, "negated ports are not supported");
	if (!rules_is_digit(rules_peek(c)) && rules_peek(c) != ':')
		return rules_bad(p, c, "expected 'any', a port, LOW:HIGH or [a list of them]");
	if (rules_peek(c) != ':' && !rules_number(p, c, 0, UINT16_MAX, &low))
		return false;
	if (rules_peek(c) != ':')
		return rules_add_range(p, &at, ports, low, low);
	rules_next(c);
	if (rules_is_digit(rules_peek(c)) && !rules_number(p, c, 0, UINT16_MAX, &high))
		return false;
	return rules_add_range(p, &at, ports, low, high);
}

static bool rules_port_list(struct rules_parser *p, struct rules_cursor *c,
			    struct rules_ports *ports)
{
	do {
		rules_next(c); /* '[' or ',' */
		rules_blanks(c);
		if (!rules_range(p, c, ports))
			return false;
		rules_blanks(c);
	} while (rules_peek(c) == ',');
	if (rules_peek(c) != ']')
		return rules_bad(p, c, "expected ',' or ']'");
	rules_next(c);
	return true;
}

static bool rules_read_ports(struct rules_parser *p, struct rules_cursor *c,
			     struct rules_ports *ports)
{
	const struct rules_cursor at = *c;

	*ports = (struct rules_ports) { .first = p->rules->range_count };
	if (!rules_literal(c, "any") &&
	    !(rules_peek(c) == '[' ? rules_port_list(p, c, ports) : rules_range(p, c, ports)))
		return false;
	if (ports->count && !p->rule.protocol)
		return rules_bad(p, &at, "ip has no ports: expected 'any'");
	if (!rules_is_blank(rules_peek(c)) && rules_peek(c) != '(')
		return rules_unexpected(p, c, "the ports");
	return true;
}

/* ---- the head ---- */

static bool rules_address(struct rules_parser *p, struct rules_cursor *c)
{
	if (!rules_literal(c, "any") || !rules_is_blank(rules_peek(c)))
		return rules_bad(p, c, "expected 'any': rules for addresses are not supported");
	rules_blanks(c);
	return true;
}

static bool rules_protocol(struct rules_parser *p, struct rules_cursor *c)
{
	const struct rules_cursor at = *c;
	char word[RULES_WORD];

	rules_word(c, word);
	if (!strcmp(word, "tcp"))
		p->rule.protocol = RULES_TCP;
	else if (!strcmp(word, "udp"))
		p->rule.protocol = RULES_UDP;
	else if (strcmp(word, "ip") != 0)
		return rules_bad(p, &at, "expected a protocol: tcp, udp or ip");
	rules_blanks(c);
	return true;
}

static bool rules_direction(struct rules_parser *p, struct rules_cursor *c)
{
	if (rules_literal(c, "<>"))
		p->rule.both = true;
	else if (!rules_literal(c, "->"))
		return rules_bad(p, c, "expected '->' or '<>'");
	rules_blanks(c);
	return true;
}

static bool rules_head(struct rules_parser *p, struct rules_cursor *c)
{
	const struct rules_cursor at = *c;
	char word[RULES_WORD];

	rules_word(c, word);
	if (strcmp(word, "alert") != 0 && strcmp(word, "drop") != 0)
		return rules_bad(p, &at, "expected a rule: 'alert' or 'drop'");
	rules_blanks(c);
	if (!rules_protocol(p, c) || !rules_address(p, c) ||
	    !rules_read_ports(p, c, &p->rule.source))
		return false;
	rules_blanks(c);
	if (!rules_direction(p, c) || !rules_address(p, c) ||
	    !rules_read_ports(p, c, &p->rule.destination))
		return false;
	rules_blanks(c);
	if (rules_peek(c) != '(')
		return rules_bad(p, c, "expected '(' and the options");
	rules_next(c);
	return true;
}

/* ---- the rest ---- */

/* Up to the ')'. False: what follows cannot be read. */
static bool rules_body(struct rules_parser *p, struct rules_cursor *c)
{
	for (rules_blanks(c); rules_peek(c) != ')'; rules_blanks(c)) {
		const struct rules_cursor at = *c;
		struct rules_cursor value;
		char name[RULES_WORD];
		bool has_value;

		if (rules_at_end(c))
			return rules_bad(p, c, "the rule has no ')' at its end");
		if (!rules_word(c, name))
			return rules_bad(p, c, "expected an option");
		rules_blanks(c);
		has_value = rules_peek(c) == ':';
		if (has_value) {
			rules_next(c);
			rules_blanks(c);
		}
		if (!rules_cut_value(p, c, &value))
			return false;
		if (!has_value && value.at < value.end)
			return rules_bad(p, &value, "expected ':' or ';' behind '%s'", name);
		rules_option(p, name, &at, has_value ? &value : NULL);
	}
	rules_next(c);
	rules_blanks(c);
	return rules_at_end(c) ? true : rules_unexpected(p, c, "the rule");
}

/* ---- the file ---- */

static void rules_read_rule(struct rules_parser *p, struct rules_cursor *c)
{
	const struct rules_cursor at = *c;
	struct rules *r = p->rules;

	p->rule = (struct rules_rule) { .first = r->content_count };
	p->has_sid = p->has_msg = p->has_rev = false;
	if (!rules_head(p, c) || !rules_body(p, c))
		return;
	if (!p->rule.count)
		rules_bad(p, &at, "the rule has no content: it would hit every packet");
	if (!p->has_sid)
		rules_bad(p, &at, "the rule has no sid");
	if (r->rule_count == RULES_MAX) {
		rules_bad(p, &at, "more than %d rules", RULES_MAX);
		c->at = c->end;
	} else if (rules_grow(p, (void **)&r->rules, r->rule_count, sizeof(p->rule))) {
		r->rules[r->rule_count++] = p->rule;
	}
}

static int rules_by_sid(const void *a, const void *b)
{
	const struct rules_rule *x = *(const struct rules_rule *const *)a;
	const struct rules_rule *y = *(const struct rules_rule *const *)b;

	if (x->sid != y->sid)
		return x->sid < y->sid ? -1 : 1;
	return x < y ? -1 : x > y;
}

static void rules_same_sids(struct rules_parser *p)
{
	const struct rules *r = p->rules;
	const struct rules_rule **sorted = malloc((r->rule_count + 1ul) * sizeof(*sorted));

	if (!sorted) {
		p->err = -ENOMEM;
		return;
	}
	for (uint32_t i = 0; i < r->rule_count; i++)
		sorted[i] = &r->rules[i];
	qsort(sorted, r->rule_count, sizeof(*sorted), rules_by_sid);
	for (uint32_t i = 1; i < r->rule_count; i++) {
		const struct rules_cursor at = { .line = sorted[i]->line,
						 .column = sorted[i]->column };

		if (sorted[i]->sid && sorted[i]->sid == sorted[i - 1]->sid)
			rules_bad(p, &at, "sid %u is that of the rule in line %u already",
				  sorted[i]->sid, sorted[i - 1]->line);
	}
	free(sorted);
}

static inline void rules_free(struct rules *rules)
{
	free(rules->rules);
	free(rules->contents);
	free(rules->ranges);
	free(rules->bytes);
	*rules = (struct rules) {};
}

/* 0; -EINVAL: it has complained; -ENOMEM. `rules` is to be freed in any case. */
static inline int rules_parse(struct rules *rules, const char *text, size_t size,
			      rules_complaint *complain, void *arg)
{
	struct rules_parser p = { .rules = rules, .complain = complain, .arg = arg };
	struct rules_cursor c = { text, text + size, 1, 1 };

	*rules = (struct rules) {};
	if (size > RULES_SIZE_MAX) {
		rules_bad(&p, &c, "the file is larger than %d bytes", RULES_SIZE_MAX);
		return -EINVAL;
	}
	rules->bytes =
		malloc(size + 1); /* contents are no longer than what they are written as */
	if (!rules->bytes)
		return -ENOMEM;
	for (rules_settle(&c); c.at < c.end && p.err != -ENOMEM;) {
		rules_blanks(&c);
		if (rules_peek(&c) == '#')
			rules_skip_line(&c);
		else if (!rules_at_end(&c))
			rules_read_rule(&p, &c);
		while (!rules_at_end(&c))
			rules_next(&c);
		if (c.at < c.end)
			rules_next(&c);
	}
	if (p.err != -ENOMEM)
		rules_same_sids(&p);
	return p.err;
}

static bool rules_has_port(const struct rules *r, const struct rules_ports *ports,
			   uint16_t port)
{
	for (uint32_t i = 0; i < ports->count; i++)
		if (port >= r->ranges[ports->first + i].low &&
		    port <= r->ranges[ports->first + i].high)
			return true;
	return !ports->count;
}

/* Whether a rule is for packets of this protocol and, where they are known, these ports. */
static inline bool rules_concern(const struct rules *r, const struct rules_rule *rule,
				 uint8_t protocol, bool ports_known, uint16_t source,
				 uint16_t destination)
{
	if (rule->protocol && rule->protocol != protocol)
		return false;
	return !ports_known ||
	       (rules_has_port(r, &rule->source, source) &&
		rules_has_port(r, &rule->destination, destination)) ||
	       (rule->both && rules_has_port(r, &rule->source, destination) &&
		rules_has_port(r, &rule->destination, source));
}

#endif
