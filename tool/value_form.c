// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Words people write for bytes: addresses, prefixes, MACs, numbers, hex. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/ether.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "value.h"
#include "value_type.h"

static const __u8 mapped[12] = { [10] = 0xff, [11] = 0xff };

int value_parse_ip4(const char *text, void *out)
{
	return inet_pton(AF_INET, text, out) == 1 ? 0 : -EINVAL;
}

int value_parse_ip6(const char *text, void *out)
{
	__u8 *bytes = out;

	if (inet_pton(AF_INET, text, bytes + 12) == 1) {
		memcpy(bytes, mapped, sizeof(mapped));
		return 0;
	}
	return inet_pton(AF_INET6, text, out) == 1 ? 0 : -EINVAL;
}

int value_parse_mac(const char *text, void *out)
{
	const char *last = strrchr(text, ':');
	struct ether_addr mac;

	/* ether_aton() does not look at what follows two digits or white space at the end. */
	if (text[strspn(text, "0123456789abcdefABCDEF:")] || !last || strlen(last) > 3)
		return -EINVAL;
	if (!ether_aton_r(text, &mac))
		return -EINVAL;
	memcpy(out, &mac, sizeof(mac));
	return 0;
}

void value_print_ip4(const void *bytes, char *out)
{
	inet_ntop(AF_INET, bytes, out, VALUE_FORM_MAX);
}

void value_print_ip6(const void *bytes, char *out)
{
	if (!memcmp(bytes, mapped, sizeof(mapped)))
		value_print_ip4((const __u8 *)bytes + 12, out);
	else
		inet_ntop(AF_INET6, bytes, out, VALUE_FORM_MAX);
}

void value_print_mac(const void *bytes, char *out)
{
	const __u8 *b = bytes;

	snprintf(out, VALUE_FORM_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3],
		 b[4], b[5]);
}

/* Clear the bits past `length`; whether all of them were. */
static bool mask(__u8 *address, __u32 length)
{
	bool clear = true;

	for (__u32 i = length; i < 128; i++) {
		__u8 bit = 0x80 >> i % 8;

		if (address[i / 8] & bit)
			clear = false;
		address[i / 8] &= ~bit;
	}
	return clear;
}

/* struct nf_ip_prefix: length in host order, address. False: not one people can write. */
bool value_print_prefix(const void *bytes, char *out)
{
	const __u8 *address = (const __u8 *)bytes + 4;
	bool is_mapped = !memcmp(address, mapped, sizeof(mapped));
	__u8 masked[16];
	size_t used;
	__u32 length;

	memcpy(&length, bytes, sizeof(length));
	memcpy(masked, address, sizeof(masked));
	if (length > 128 || !mask(masked, length))
		return false;
	value_print_ip6(address, out);
	used = strlen(out);
	snprintf(out + used, VALUE_FORM_MAX - used, "/%u", is_mapped ? length - 96 : length);
	return true;
}

/* Decimal, no sign, no more than max. */
static int parse_length(const char *text, __u32 max, __u32 *out)
{
	size_t digits = strspn(text, "0123456789");

	if (!digits || digits > 3 || text[digits])
		return -EINVAL;
	*out = (__u32)strtoul(text, NULL, 10);
	return *out <= max ? 0 : -EINVAL;
}

int value_parse_prefix(const char *text, void *out, char *why, size_t why_size)
{
	const char *slash = strchr(text, '/');
	size_t address_length = slash ? (size_t)(slash - text) : strlen(text);
	char word[INET6_ADDRSTRLEN + 1] = "", network[VALUE_FORM_MAX];
	__u8 *address = (__u8 *)out + 4;
	__u32 max, length;

	*why = '\0';
	if (address_length >= sizeof(word))
		return -EINVAL;
	memcpy(word, text, address_length);
	if (value_parse_ip6(word, address))
		return -EINVAL;

	max = strchr(word, ':') ? 128 : 32;
	length = max;
	if (slash && parse_length(slash + 1, max, &length)) {
		snprintf(why, why_size, "the length of a prefix is 0 to %u", max);
		return -EINVAL;
	}
	length += 128 - max;
	memcpy(out, &length, sizeof(length));
	if (!mask(address, length)) {
		/* Either the address or the length is a slip: do not choose for people. */
		value_print_prefix(out, network);
		snprintf(why, why_size, "it has bits set behind its length: %s, or %s/%u",
			 network, word, max);
		return -EINVAL;
	}
	return 0;
}

/* As TOML has them, without '_': for words that TOML has no integers for. */
int value_parse_integer(const char *text, __u64 *value, bool *negative)
{
	const char *digits = text;
	int base = 10;

	*negative = *digits == '-';
	if (*digits == '-' || *digits == '+')
		digits++;
	if (!strncmp(digits, "0x", 2) && digits == text) {
		base = 16;
		digits += 2;
	} else if (*digits == '0' && digits[1]) {
		return -EINVAL; /* octal for one reader, decimal for another */
	}
	/* strtoull() takes more: white space, signs, a second 0x. */
	if (!*digits ||
	    digits[strspn(digits, base == 16 ? "0123456789abcdefABCDEF" : "0123456789")])
		return -EINVAL;
	errno = 0;
	*value = strtoull(digits, NULL, base);
	return errno ? -ERANGE : 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int value_from_hex(const char *text, void *out, size_t size)
{
	__u8 *bytes = out;

	if (strncmp(text, "0x", 2) || strlen(text) != 2 + 2 * size)
		return -EINVAL;
	text += 2;
	for (size_t i = 0; i < size; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		bytes[i] = (__u8)(high << 4 | low);
	}
	return 0;
}

char *value_to_hex(const void *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	char *text = malloc(2 * size + 3), *o = text;

	if (!text)
		return NULL;
	*o++ = '0';
	*o++ = 'x';
	for (size_t i = 0; i < size; i++) {
		*o++ = digits[((const __u8 *)bytes)[i] >> 4];
		*o++ = digits[((const __u8 *)bytes)[i] & 15];
	}
	*o = '\0';
	return text;
}
