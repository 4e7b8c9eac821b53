// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * toml++ behind toml.h: its tree becomes plain structs, its tables (sorted by
 * key) go back into file order, and no exception leaves this file.
 */
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <vector>

/* TOML 1.1: inline tables over several lines, \e and \xHH. */
#define TOML_ENABLE_UNRELEASED_FEATURES 1
#define TOML_ENABLE_FORMATTERS          0
/* [[[[… and {a={a={…: the parser recurses once a level. */
#define TOML_MAX_NESTED_VALUES          64
#include <toml++/toml.h>

#include "toml.h"

namespace
{

constexpr int depth_max = 256;
/* Of one key. The parser has no limit and its tree's destructor recurses. */
constexpr int key_parts_max = 32;
/* The parser looks for tables it knows in lists: time grows with the square. */
constexpr size_t text_max = 16 << 20;

struct loc place(const toml::source_position &pos)
{
	return { (int)pos.line, (int)pos.column };
}

struct loc place_of(const toml::node &node)
{
	return place(node.source().begin);
}

/* "…key 'x'": a string that is C's, or an error that says where it is not. */
bool copy_string(char **out, std::string_view text, struct loc loc, struct diag *diag)
{
	if (text.find('\0') != text.npos) {
		diag_error(diag, loc, "a NUL character in a string");
		return false;
	}
	*out = (char *)malloc(text.size() + 1);
	if (!*out)
		throw std::bad_alloc();
	memcpy(*out, text.data(), text.size());
	(*out)[text.size()] = '\0';
	return true;
}

/* Room for `count` items, all of them safe to free from the start. */
void make_items(struct node *out, size_t count)
{
	out->items = (struct node *)calloc(count + 1, sizeof(*out->items));
	if (!out->items)
		throw std::bad_alloc();
	for (size_t i = 0; i < count; i++)
		out->items[i].type = NODE_BOOLEAN;
	out->count = count;
}

bool convert(const toml::node &from, struct node *out, int depth, struct diag *diag);

bool convert_table(const toml::table &table, struct node *out, int depth, struct diag *diag)
{
	struct member {
		const toml::key *key;
		const toml::node *value;
	};
	std::vector<member> members;
	size_t i = 0;
	bool ok = true;

	for (auto it = table.cbegin(); it != table.cend(); ++it)
		members.push_back({ &it->first, &it->second });
	std::stable_sort(members.begin(), members.end(), [](const member &a, const member &b) {
		return a.key->source().begin < b.key->source().begin;
	});

	make_items(out, members.size());
	for (const member &m : members) {
		struct node *item = &out->items[i++];

		item->key_loc = place(m.key->source().begin);
		ok &= copy_string(&item->key, m.key->str(), item->key_loc, diag);
		ok &= convert(*m.value, item, depth + 1, diag);
	}
	return ok;
}

bool convert_array(const toml::array &array, struct node *out, int depth, struct diag *diag)
{
	bool ok = true;

	make_items(out, array.size());
	for (size_t i = 0; i < array.size(); i++)
		ok &= convert(array[i], &out->items[i], depth + 1, diag);
	return ok;
}

/* Goes on after an error, to show them all. out->type is set when the rest of it is. */
bool convert(const toml::node &from, struct node *out, int depth, struct diag *diag)
{
	out->type = NODE_BOOLEAN;
	out->loc = place_of(from);
	if (depth > depth_max) {
		diag_error(diag, out->loc, "nested more than %d levels deep", depth_max);
		return false;
	}

	switch (from.type()) {
	case toml::node_type::table:
		out->type = NODE_TABLE;
		return convert_table(*from.as_table(), out, depth, diag);
	case toml::node_type::array:
		out->type = NODE_ARRAY;
		return convert_array(*from.as_array(), out, depth, diag);
	case toml::node_type::string:
		if (!copy_string(&out->string, from.as_string()->get(), out->loc, diag))
			return false;
		out->type = NODE_STRING;
		return true;
	case toml::node_type::integer:
		out->type = NODE_INTEGER;
		out->integer = from.as_integer()->get();
		return true;
	case toml::node_type::floating_point:
		out->type = NODE_FLOAT;
		out->floating = from.as_floating_point()->get();
		return true;
	case toml::node_type::boolean:
		out->boolean = from.as_boolean()->get();
		return true;
	default:
		diag_error(diag, out->loc,
			   "dates and times have no use here; a string needs \"\"");
		return false;
	}
}

/* "Error while parsing SCOPE: TEXT" as "TEXT (in the SCOPE)". */
void parse_failed(const toml::parse_error &err, struct diag *diag)
{
	constexpr std::string_view intro = "Error while parsing ";
	std::string_view text = err.description(), scope;

	if (text.substr(0, intro.size()) == intro) {
		size_t colon = text.find(": ");

		if (colon != text.npos) {
			scope = text.substr(intro.size(), colon - intro.size());
			text = text.substr(colon + 2);
		}
	}
	if (scope.empty() || scope == "root table")
		diag_error(diag, place(err.source().begin), "not valid TOML: %.*s",
			   (int)text.size(), text.data());
	else
		diag_error(diag, place(err.source().begin),
			   "not valid TOML: %.*s (in the %.*s)", (int)text.size(), text.data(),
			   (int)scope.size(), scope.data());
}

/* Past the string that begins at i; past the end when nothing closes it. */
size_t skip_string(std::string_view text, size_t i)
{
	char quote = text[i];
	bool lines = text.substr(i, 3) == std::string_view(quote == '"' ? "\"\"\"" : "\'\'\'");

	for (i += lines ? 3 : 1; i < text.size(); i++) {
		if (text[i] == '\\' && quote == '"') {
			i++;
		} else if (text[i] == '\n' && !lines) {
			return i;
		} else if (text[i] == quote) {
			if (!lines)
				return i + 1;
			if (i + 2 < text.size() && text[i + 1] == quote &&
			    text[i + 2] == quote) {
				/* The string may end in two quotes of its own. */
				size_t last = std::min(i + 5, text.size());

				for (i += 3; i < last && text[i] == quote; i++)
					;
				return i;
			}
		}
	}
	return text.size();
}

/*
 * Whether no key has too many parts. Outside of strings and comments only keys
 * have more than one dot. Where the text is no TOML the count may be off: the
 * parser stops there.
 */
bool keys_short(std::string_view text, struct diag *diag)
{
	int line = 1, dots = 0;

	for (size_t i = 0; i < text.size();) {
		char c = text[i];
		size_t next = i + 1;

		if (c == '"' || c == '\'')
			next = skip_string(text, i);
		else if (c == '#')
			next = std::min(text.find('\n', i), text.size());
		else if (c == '\n' || c == '=' || c == ',' || c == '[' || c == '{')
			dots = 0;
		else if (c == '.' && ++dots >= key_parts_max) {
			diag_error(diag, { line, 0 }, "a key of more than %d parts",
				   key_parts_max);
			return false;
		}
		line += (int)std::count(text.begin() + i, text.begin() + next, '\n');
		i = next;
	}
	return true;
}

struct node *parse(std::string_view text, struct diag *diag)
{
	struct node *root = nullptr;

	try {
		const toml::table table = toml::parse(text);

		root = (struct node *)calloc(1, sizeof(*root));
		if (!root)
			throw std::bad_alloc();
		if (convert(table, root, 0, diag))
			return root;
	} catch (const toml::parse_error &err) {
		parse_failed(err, diag);
	} catch (const std::exception &err) {
		diag_error(diag, {}, "%s", err.what());
	} catch (...) {
		diag_error(diag, {}, "the TOML parser failed");
	}
	node_free(root);
	return nullptr;
}

} // namespace

struct node *toml_parse(const char *text, size_t length, struct diag *diag)
{
	if (length > text_max) {
		diag_error(diag, {}, "larger than %zu MiB", text_max >> 20);
		return nullptr;
	}
	if (!length)
		text = "";
	if (!keys_short({ text, length }, diag))
		return nullptr;
	return parse({ text, length }, diag);
}
