// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Any bytes as a file of dpi's rules: complaints with a place in it, or rules
 * that are what dpi_rules.h says of them; never both or neither.
 */
#include <stdlib.h>
#include <string.h>

#include "../../nf/dpi_rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct text {
	uint32_t lines;
	size_t size;
	int complaints;
};

static void check(int good)
{
	if (!good)
		abort();
}

static void complain(void *arg, uint32_t line, uint32_t column, const char *text)
{
	struct text *t = arg;

	check(line >= 1 && line <= t->lines && column >= 1 && column <= t->size + 1);
	check(*text && !strpbrk(text, "\n"));
	t->complaints++;
}

static void check_ports(const struct rules *r, const struct rules_rule *rule,
			const struct rules_ports *ports)
{
	check(ports->count <= RULES_RANGES_MAX &&
	      ports->first + ports->count <= r->range_count);
	check(rule->protocol || !ports->count);
	for (uint32_t i = 0; i < ports->count; i++)
		check(r->ranges[ports->first + i].low <= r->ranges[ports->first + i].high);
}

static void check_content(const struct rules *r, const struct rules_content *content)
{
	check(content->length >= 1 && content->length <= RULES_CONTENT_MAX);
	check(content->first + content->length <= r->byte_count);
	check(!content->depth || content->depth >= content->length);
	check(content->offset <= RULES_PLACE_MAX && content->depth <= RULES_PLACE_MAX);
}

/* Every content is of the rule that has it, and none is of no rule. */
static void check_rules(const struct rules *r)
{
	uint32_t contents = 0;

	check(r->rule_count <= RULES_MAX);
	for (uint32_t i = 0; i < r->rule_count; i++) {
		const struct rules_rule *rule = &r->rules[i];

		check(rule->sid && rule->first == contents);
		check(rule->count >= 1 && rule->count <= RULES_CONTENTS_MAX);
		check(!rule->protocol || rule->protocol == RULES_TCP ||
		      rule->protocol == RULES_UDP);
		check_ports(r, rule, &rule->source);
		check_ports(r, rule, &rule->destination);
		for (uint32_t c = 0; c < rule->count; c++) {
			check(r->contents[contents + c].rule == i);
			check_content(r, &r->contents[contents + c]);
		}
		contents += rule->count;
		rules_concern(r, rule, RULES_TCP, true, 80, 40000);
	}
	check(contents == r->content_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text text = { .lines = 1, .size = size };
	struct rules rules;
	int err;

	for (size_t i = 0; i < size; i++)
		text.lines += data[i] == '\n';
	err = rules_parse(&rules, (const char *)data, size, complain, &text);
	check(rules.byte_count <= size);
	check(err == (text.complaints ? -EINVAL : 0));
	if (!err)
		check_rules(&rules);
	rules_free(&rules);
	return 0;
}
