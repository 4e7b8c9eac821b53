/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The options of a rule, what stands between its '(' and ')': part of dpi_rules.h. */
#ifndef DPI_OPTION_H
#define DPI_OPTION_H

/* Each gets its value, or nothing where it has none; what is left of it is an error. */
typedef bool rules_read(struct rules_parser *p, struct rules_cursor *value);

static bool rules_content(struct rules_parser *p, struct rules_cursor *v)
{
	struct rules *r = p->rules;
	struct rules_content content = { .rule = r->rule_count, .first = r->byte_count };
	const struct rules_cursor at = *v;

	if (p->rule.count == RULES_CONTENTS_MAX)
		return rules_bad(p, v, "more than %d contents", RULES_CONTENTS_MAX);
	if (!rules_grow(p, (void **)&r->contents, r->content_count, sizeof(content)))
		return false;
	/* Kept even if it is wrong, for the options that follow. */
	r->contents[r->content_count++] = content;
	p->rule.count++;
	if (rules_peek(v) == '!')
		return rules_bad(p, v, "negated content is not supported");
	if (!rules_string(p, v, true))
		return false;
	content.length = r->byte_count - content.first;
	r->contents[r->content_count - 1] = content;
	if (!content.length)
		return rules_bad(p, &at, "the content is empty");
	if (content.length > RULES_CONTENT_MAX)
		return rules_bad(p, &at, "the content is of %u bytes, more than %d",
				 content.length, RULES_CONTENT_MAX);
	return true;
}

/* The content that an option is for; NULL: there is none. */
static struct rules_content *rules_last(struct rules_parser *p, const struct rules_cursor *at)
{
	if (p->rule.count)
		return &p->rules->contents[p->rules->content_count - 1];
	rules_bad(p, at, "there is no content before it");
	return NULL;
}

static bool rules_nocase(struct rules_parser *p, struct rules_cursor *v)
{
	struct rules_content *content = rules_last(p, v);

	if (!content)
		return false;
	content->nocase = true;
	return true;
}

static bool rules_offset(struct rules_parser *p, struct rules_cursor *v)
{
	struct rules_content *content = rules_last(p, v);

	if (!content)
		return false;
	if (content->has_offset)
		return rules_bad(p, v, "the content has an offset already");
	content->has_offset = true;
	return rules_number(p, v, 0, RULES_PLACE_MAX, &content->offset);
}

static bool rules_depth(struct rules_parser *p, struct rules_cursor *v)
{
	struct rules_content *content = rules_last(p, v);
	const struct rules_cursor at = *v;

	if (!content)
		return false;
	if (content->depth)
		return rules_bad(p, v, "the content has a depth already");
	if (!rules_number(p, v, 1, RULES_PLACE_MAX, &content->depth))
		return false;
	if (content->depth < content->length)
		return rules_bad(p, &at, "depth %u is less than the content's %u bytes",
				 content->depth, content->length);
	return true;
}

static bool rules_sid(struct rules_parser *p, struct rules_cursor *v)
{
	if (p->has_sid)
		return rules_bad(p, v, "the rule has a sid already");
	p->has_sid = true;
	p->rule.line = v->line;
	p->rule.column = v->column;
	return rules_number(p, v, 1, UINT32_MAX, &p->rule.sid);
}

static bool rules_rev(struct rules_parser *p, struct rules_cursor *v)
{
	uint32_t rev;

	if (p->has_rev)
		return rules_bad(p, v, "the rule has a rev already");
	p->has_rev = true;
	return rules_number(p, v, 1, UINT32_MAX, &rev);
}

static bool rules_msg(struct rules_parser *p, struct rules_cursor *v)
{
	if (p->has_msg)
		return rules_bad(p, v, "the rule has a msg already");
	p->has_msg = true;
	return rules_string(p, v, false);
}

static bool rules_read_over(struct rules_parser *p, struct rules_cursor *v)
{
	v->at = v->end;
	return true;
}

static const struct rules_option {
	const char *name;
	rules_read *read;
	enum {
		RULES_NO_VALUE,
		RULES_VALUE,
		RULES_MAYBE
	} value;
} rules_options[] = {
	{ "content", rules_content, RULES_VALUE },
	{ "nocase", rules_nocase, RULES_NO_VALUE },
	{ "offset", rules_offset, RULES_VALUE },
	{ "depth", rules_depth, RULES_VALUE },
	{ "sid", rules_sid, RULES_VALUE },
	{ "rev", rules_rev, RULES_VALUE },
	{ "msg", rules_msg, RULES_VALUE },
	{ "priority", rules_read_over, RULES_VALUE },
	{ "gid", rules_read_over, RULES_VALUE },
	{ "classtype", rules_read_over, RULES_VALUE },
	{ "reference", rules_read_over, RULES_VALUE },
	{ "metadata", rules_read_over, RULES_VALUE },
	{ "fast_pattern", rules_read_over, RULES_MAYBE },
};

/* An option and its value, which lies before the ';'. Whatever is wrong, the next one is read. */
static void rules_option(struct rules_parser *p, const char *name,
			 const struct rules_cursor *at, struct rules_cursor *value)
{
	const struct rules_option *o = rules_options;
	const struct rules_option *end = o + sizeof(rules_options) / sizeof(rules_options[0]);
	struct rules_cursor none = *at;

	while (o < end && strcmp(o->name, name) != 0)
		o++;
	if (o == end) {
		rules_bad(p, at, "option '%s' is not supported", name);
	} else if (value && o->value == RULES_NO_VALUE) {
		rules_bad(p, value, "'%s' takes no value", name);
	} else if (!value && o->value == RULES_VALUE) {
		rules_bad(p, at, "'%s' needs a value", name);
	} else if (o->read(p, value ?: &none) && value) {
		rules_blanks(value);
		if (value->at < value->end)
			rules_unexpected(p, value, "the value");
	}
}

#endif
