// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <gelf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "alloc.h"
#include "kernel_log.h"
#include "native.h"
#include "object_read.h"
#include "trial.h"
#include "value.h"

/* ---- the file ---- */

struct native *native_open(const char *nf_path, const char *path, struct loc loc,
			   struct diag *diag)
{
	struct native *native = xcalloc(1, sizeof(*native));
	int fd = object_find(nf_path, path, ".so", &native->file);

	if (fd >= 0)
		native->bytes = object_bytes(fd, OBJECT_SIZE_MAX, &native->size);
	if (fd < 0 && fd != -ENOENT)
		diag_error(diag, loc, "'%s.so' in %s: %s", path, nf_path, strerror(-fd));
	else if (fd >= 0 && !native->bytes)
		diag_error(diag, loc, "%s: cannot read it: %s", native->file, strerror(errno));
	if (fd >= 0)
		close(fd);
	if (!native->bytes) {
		native_free(native);
		return NULL;
	}
	native->crc32 = crc32(crc32(0, NULL, 0), native->bytes, native->size);
	return native;
}

void native_free(struct native *native)
{
	if (!native)
		return;
	free(native->file);
	free(native->bytes);
	free(native);
}

/* ---- its ELF ---- */

#if defined(__x86_64__)
#define OWN_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define OWN_MACHINE EM_AARCH64
#else
#define OWN_MACHINE EM_NONE
#endif

struct elf {
	const struct native *native;
	Elf *elf;
	size_t names; /* the section of section names */
};

static Elf_Scn *find_section(const struct elf *e, const char *name, __u32 type,
			     GElf_Shdr *header)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(e->elf, section))) {
		const char *its;

		if (!gelf_getshdr(section, header) || header->sh_type != type)
			continue;
		its = elf_strptr(e->elf, e->names, header->sh_name);
		if (its && !strcmp(its, name))
			return section;
	}
	return NULL;
}

/*
 * The object of that name among the symbols of a table, defined here; of several
 * none, for it could not be told which is meant.
 */
static bool find_symbol(const struct elf *e, const char *table, __u32 type, const char *name,
			GElf_Sym *found)
{
	GElf_Shdr header;
	Elf_Scn *section = find_section(e, table, type, &header);
	Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
	int count = 0;
	GElf_Sym symbol;

	for (int i = 0; data && gelf_getsym(data, i, &symbol); i++) {
		const char *its = elf_strptr(e->elf, header.sh_link, symbol.st_name);

		if (!its || strcmp(its, name) || GELF_ST_TYPE(symbol.st_info) != STT_OBJECT ||
		    symbol.st_shndx == SHN_UNDEF || symbol.st_shndx >= SHN_LORESERVE)
			continue;
		*found = symbol;
		count++;
	}
	return count == 1;
}

/* The bytes that a symbol has in the file; NULL: they are not in it. */
static unsigned char *symbol_bytes(const struct elf *e, const GElf_Sym *symbol, size_t size)
{
	Elf_Scn *section = elf_getscn(e->elf, symbol->st_shndx);
	unsigned char *bytes;
	GElf_Shdr header;
	__u64 at;

	if (!section || !gelf_getshdr(section, &header) || symbol->st_value < header.sh_addr)
		return NULL;
	at = symbol->st_value - header.sh_addr;
	if (symbol->st_size < size || at > header.sh_size || header.sh_size - at < size)
		return NULL;
	bytes = xcalloc(1, size + 1);
	if (header.sh_type == SHT_NOBITS)
		return bytes;
	if (header.sh_offset > e->native->size || at > e->native->size - header.sh_offset ||
	    size > e->native->size - header.sh_offset - at) {
		free(bytes);
		return NULL;
	}
	memcpy(bytes, (char *)e->native->bytes + header.sh_offset + at, size);
	return bytes;
}

/* ---- what it holds ---- */

static __u32 var_type(const struct btf *btf, const char *name)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_VAR);

	return id < 0 ? 0 : btf__type_by_id(btf, id)->type;
}

/* What a member of NF_MAP()'s union points to; 0: there is no such member. */
static __u32 pointed_to(const struct btf *btf, const struct btf_type *map, const char *which)
{
	const struct btf_member *member = btf_members(map);

	for (int i = 0; i < btf_vlen(map); i++, member++) {
		const char *name = btf__name_by_offset(btf, member->name_off);
		const struct btf_type *pointer = btf__type_by_id(btf, member->type);

		if (name && !strcmp(name, which) && pointer && btf_is_ptr(pointer))
			return pointer->type;
	}
	return 0;
}

/* The N of int (*WHICH)[N]. */
static bool said_number(const struct btf *btf, const struct btf_type *map, const char *which,
			__u32 *number)
{
	__u32 id = pointed_to(btf, map, which);
	const struct btf_type *array = id ? btf__type_by_id(btf, id) : NULL;

	if (!array || !btf_is_array(array))
		return false;
	*number = btf_array(array)->nelems;
	return true;
}

/* Whether a variable is one of NF_MAP(), and what it says. */
static bool read_map(const struct btf *btf, const struct btf_type *var, struct object_map *map)
{
	const struct btf_type *t = btf__type_by_id(btf, var->type);
	__s64 key, value;

	*map = (struct object_map) { .name = btf__name_by_offset(btf, var->name_off) };
	if (!map->name || !t || !btf_is_union(t) || !said_number(btf, t, "type", &map->type) ||
	    !said_number(btf, t, "map_flags", &map->flags) ||
	    !said_number(btf, t, "max_entries", &map->size))
		return false;
	map->key_type = pointed_to(btf, t, "key");
	map->value_type = pointed_to(btf, t, "value");
	if (!map->key_type || !map->value_type)
		return false;
	key = btf__resolve_size(btf, map->key_type);
	value = btf__resolve_size(btf, map->value_type);
	/* What has no size, or no possible one, is refused with what is not 0 < SIZE. */
	map->key_size = key > 0 && key <= UINT32_MAX ? key : 0;
	map->value_size = value > 0 && value <= UINT32_MAX ? value : 0;
	return true;
}

static int read_maps(struct object *object, struct loc loc, struct diag *diag)
{
	__u32 count = btf__type_cnt(object->btf);
	struct object_map map;

	for (__u32 id = 1; id < count; id++) {
		const struct btf_type *var = btf__type_by_id(object->btf, id);

		if (!btf_is_var(var) || !read_map(object->btf, var, &map))
			continue;
		if (object_map(object, map.name)) {
			diag_error(diag, loc, "%s: two of its maps are called '%s'",
				   object->file, map.name);
			return -EINVAL;
		}
		object->maps =
			xrealloc(object->maps, (object->map_count + 1) * sizeof(*object->maps));
		object->maps[object->map_count++] = map;
		if (object_check_map(object, &map, loc, diag))
			return -EINVAL;
	}
	return 0;
}

static int read_config(struct object *object, const struct elf *e, struct loc loc,
		       struct diag *diag)
{
	__u32 type = var_type(object->btf, "config");
	__s64 size = type ? btf__resolve_size(object->btf, type) : 0;
	GElf_Sym symbol;

	if (!type)
		return 0;
	if (size > 0 && size <= OBJECT_SIZE_MAX &&
	    find_symbol(e, ".symtab", SHT_SYMTAB, "config", &symbol))
		object->data = symbol_bytes(e, &symbol, size);
	if (!object->data) {
		diag_error(diag, loc, "%s: its config is not to be found (is it stripped?)",
			   object->file);
		return -EINVAL;
	}
	object->config = (struct object_var) { .type = type, .size = size };
	return 0;
}

static int read_btf(struct object *object, const struct elf *e, struct loc loc,
		    struct diag *diag)
{
	GElf_Shdr header;
	Elf_Scn *section = find_section(e, ".BTF", SHT_PROGBITS, &header);
	Elf_Data *data = section ? elf_rawdata(section, NULL) : NULL;

	if (!data || !data->d_buf) {
		diag_error(diag, loc, "%s: it has no BTF (compile with -gbtf)", object->file);
		return -EINVAL;
	}
	kernel_log_clear();
	object->own_btf = btf__new(data->d_buf, data->d_size);
	object->btf = object->own_btf;
	if (!object->btf)
		diag_error(diag, loc, "%s: its BTF cannot be read: %s", object->file,
			   kernel_log_last(strerror(errno)));
	return object->btf ? 0 : -EINVAL;
}

static bool is_own_shared_object(const struct elf *e)
{
	GElf_Ehdr header;
	const char *ident = elf_getident(e->elf, NULL);

	return elf_kind(e->elf) == ELF_K_ELF && ident && gelf_getehdr(e->elf, &header) &&
	       header.e_type == ET_DYN && header.e_machine == OWN_MACHINE &&
	       ident[EI_CLASS] == ELFCLASS64 && ident[EI_DATA] == ELFDATA2LSB;
}

static int read_elf(struct object *object, struct elf *e, struct loc loc, struct diag *diag)
{
	__u32 action;
	GElf_Sym symbol;

	if (!e->elf || !is_own_shared_object(e) || elf_getshdrstrndx(e->elf, &e->names)) {
		diag_error(diag, loc, "%s: not a shared object for this machine", object->file);
		return -EINVAL;
	}
	if (read_btf(object, e, loc, diag))
		return -EINVAL;
	action = var_type(object->btf, "nf_action");
	if (!action || !find_symbol(e, ".dynsym", SHT_DYNSYM, "nf_native", &symbol)) {
		diag_error(diag, loc, "%s: it is not an NF: no NF() of galette/nf.h in it",
			   object->file);
		return -EINVAL;
	}
	return object_read_actions(object, action, loc, diag) ?:
	       read_maps(object, loc, diag) ?:
	       read_config(object, e, loc, diag);
}

static struct object *read_native(const struct native *native, struct loc loc,
				  struct diag *diag)
{
	struct object *object = xcalloc(1, sizeof(*object));
	struct elf e = { .native = native };
	int err;

	object->file = xstrdup(native->file);
	object->file_size = native->size;
	object->file_crc32 = native->crc32;
	elf_version(EV_CURRENT);
	e.elf = elf_memory(native->bytes, native->size);
	err = read_elf(object, &e, loc, diag);
	elf_end(e.elf);
	if (!err)
		return object;
	object_free(object);
	return NULL;
}

static void try_read(const void *bytes, size_t length)
{
	const struct native native = { .file = "", .bytes = (void *)bytes, .size = length };
	struct diag diag = { 0 };

	libbpf_set_print(NULL);
	object_free(read_native(&native, (struct loc) { 0 }, &diag));
	diag_free(&diag);
}

/* libelf and libbpf trust the file, as with a BPF object: what they die of is tried first. */
struct object *native_object(const struct native *native, struct loc loc, struct diag *diag)
{
	if (trial(try_read, native->bytes, native->size) == -EFAULT) {
		diag_error(diag, loc, "%s: not a native NF: libelf or libbpf %s cannot read it",
			   native->file, libbpf_version_string());
		return NULL;
	}
	return read_native(native, loc, diag);
}

/* ---- of one source ---- */

__attribute__((format(printf, 2, 3))) static bool differ(char **why, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	if (vasprintf(why, fmt, args) < 0)
		*why = NULL;
	va_end(args);
	return false;
}

static bool same_type(const struct object *native, __u32 type, const struct object *object,
		      __u32 object_type, const char *what, char **why)
{
	char *how = NULL;

	if (value_same_type(native->btf, type, object->btf, object_type, &how))
		return true;
	differ(why, "%s is not that of %s: %s", what, object->file, how ?: "?");
	free(how);
	return false;
}

static bool same_map(const struct object *native, const struct object_map *map,
		     const struct object *object, char **why)
{
	const struct object_map *other = object_map(object, map->name);
	char key[GALETTE_NAME_LEN + 32], value[GALETTE_NAME_LEN + 32];

	if (!other)
		return differ(why, "map '%s' is not in %s", map->name, object->file);
	if (map->type != other->type || map->flags != other->flags || map->size != other->size)
		return differ(why, "map '%s' is declared otherwise in %s", map->name,
			      object->file);
	snprintf(key, sizeof(key), "the key of map '%s'", map->name);
	snprintf(value, sizeof(value), "the value of map '%s'", map->name);
	return same_type(native, map->key_type, object, other->key_type, key, why) &&
	       same_type(native, map->value_type, object, other->value_type, value, why);
}

static bool same_actions(const struct object *native, const struct object *object, char **why)
{
	if (native->action_count != object->action_count)
		return differ(why, "it has %d actions, %s has %d", native->action_count,
			      object->file, object->action_count);
	for (int i = 0; i < native->action_count; i++)
		if (strcmp(native->actions[i], object->actions[i]))
			return differ(why, "its action %d is '%s', that of %s is '%s'", i,
				      native->actions[i], object->file, object->actions[i]);
	return true;
}

static bool same(const struct object *native, const struct object *object, char **why)
{
	const struct object_var *config = &native->config, *other = &object->config;

	if (!same_actions(native, object, why))
		return false;
	if (native->map_count != object->map_count)
		return differ(why, "it has %d maps, %s has %d", native->map_count, object->file,
			      object->map_count);
	for (int i = 0; i < native->map_count; i++)
		if (!same_map(native, &native->maps[i], object, why))
			return false;
	if (!config->type != !other->type)
		return differ(why, "it has %s config, %s has %s", config->type ? "a" : "no",
			      object->file, other->type ? "one" : "none");
	return !config->type ||
	       same_type(native, config->type, object, other->type, "its config", why);
}

bool native_same(const struct object *native, const struct object *object, struct loc loc,
		 struct diag *diag)
{
	char *why = NULL;

	if (same(native, object, &why))
		return true;
	diag_error(diag, loc, "%s: %s", native->file, why ?: "it is another NF");
	free(why);
	return false;
}
