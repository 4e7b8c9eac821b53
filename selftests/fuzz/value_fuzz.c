// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The first byte chooses a type. The rest is read as a word; what that gives
 * must come back the same through text. The rest as bytes must print as a word
 * that reads as bytes which print the same.
 */
#include <stdlib.h>
#include <string.h>

#include "value.h"
#include "value_types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct value_types types;
static int ids[64], n_ids;

static void init(void)
{
#define VALUE_TYPE_ID(name) ids[n_ids++] = types.name;
	value_types_init(&types);
	VALUE_TYPES_EXACT(VALUE_TYPE_ID)
	VALUE_TYPES_OTHER(VALUE_TYPE_ID)
}

static void round_trip(int type, const unsigned char *bytes)
{
	unsigned char back[VALUE_SIZE_MAX];
	struct diag diag = { 0 };
	char *text = value_to_text(types.btf, type, bytes), *again;

	if (!text || text[strcspn(text, " \t\r\n")])
		abort();
	if (value_from_text(types.btf, type, text, back, "value", &diag)) {
		diag_flush(&diag);
		abort();
	}
	again = value_to_text(types.btf, type, back);
	if (!again || strcmp(text, again) || diag.errors)
		abort();
	free(text);
	free(again);
}

static void from_word(int type, const uint8_t *data, size_t size)
{
	unsigned char bytes[VALUE_SIZE_MAX];
	struct diag diag = { 0 };
	char *word = malloc(size + 1);

	memcpy(word, data, size);
	word[size] = '\0';
	if (!value_from_text(types.btf, type, word, bytes, "word", &diag))
		round_trip(type, bytes);
	else if (!diag.errors)
		abort();
	diag_free(&diag);
	free(word);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char bytes[VALUE_SIZE_MAX] = { 0 };
	int type;

	if (!n_ids)
		init();
	if (!size)
		return 0;
	type = ids[*data++ % n_ids];
	size--;
	from_word(type, data, size);
	memcpy(bytes, data, size < sizeof(bytes) ? size : sizeof(bytes));
	round_trip(type, bytes);
	return 0;
}
