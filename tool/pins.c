/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <linux/magic.h>
#include <bpf/bpf.h>

#include "alloc.h"
#include "diag.h"
#include "pins.h"

/* ---- bpffs ---- */

bool pins_on_bpffs(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && (unsigned long)fs.f_type == BPF_FS_MAGIC;
}

/*
 * Whether our mounts go when we exit: true of a command run by `ip netns exec`,
 * which has a mount namespace that its parent does not share.
 */
static bool mounts_are_ours_alone(void)
{
	char parent[64];
	struct stat ours, theirs;

	snprintf(parent, sizeof(parent), "/proc/%d/ns/mnt", getppid());
	return !stat("/proc/self/ns/mnt", &ours) && !stat(parent, &theirs) &&
	       ours.st_ino != theirs.st_ino;
}

static const char standard[] = "/sys/fs/bpf";

/* What is relative gets a slash to end at, and one at the end goes. */
static void normalize(char path[PATH_MAX], const char *root)
{
	snprintf(path, PATH_MAX, "%s%s", *root == '/' ? "" : "./", root);
	for (size_t end = strlen(path); end > 1 && path[end - 1] == '/'; end--)
		path[end - 1] = '\0';
}

static enum pins_place look(char *path)
{
	char *slash;

	if (!strncmp(path, standard, strlen(standard)) && !pins_on_bpffs(standard))
		return mounts_are_ours_alone() ? PINS_ENDING : PINS_UNMOUNTED;
	while (access(path, F_OK) && (slash = strrchr(path, '/')) && slash != path)
		*slash = '\0';
	return pins_on_bpffs(path) ? PINS_THERE : PINS_ELSEWHERE;
}

enum pins_place pins_look(const char *root)
{
	char path[PATH_MAX];

	normalize(path, root);
	return look(path);
}

static int mount_standard(enum pins_place place)
{
	if (place == PINS_ENDING) {
		error("no bpf filesystem on %s, and one mounted here would end with this "
		      "command: enter a network namespace with nsenter --net=/run/netns/NAME, "
		      "which keeps the mounts",
		      standard);
		return -ENODEV;
	}
	if (mount("bpf", standard, "bpf", 0, "mode=0700")) {
		int err = -errno;

		error("no bpf filesystem on %s, and it cannot be mounted: %s (mount -t bpf bpf "
		      "%s)",
		      standard, strerror(-err), standard);
		return err;
	}
	return 0;
}

/* The directory and what is missing above it, once that is on a bpffs. */
static int make_below(char *path)
{
	char *slash = strrchr(path, '/');
	int err;

	if (!access(path, F_OK))
		return pins_on_bpffs(path) ? 0 : -ENODEV;
	if (!slash || slash == path)
		return -ENODEV;
	*slash = '\0';
	err = make_below(path);
	*slash = '/';
	if (!err && mkdir(path, 0700) && errno != EEXIST)
		err = -errno;
	return err;
}

int pins_prepare(const char *root)
{
	enum pins_place place = pins_look(root);
	char path[PATH_MAX];
	int err;

	if (place == PINS_ENDING || place == PINS_UNMOUNTED) {
		err = mount_standard(place);
		if (err)
			return err;
	}
	normalize(path, root);
	err = make_below(path);
	if (err == -ENODEV)
		error("%s is not on a bpf filesystem (mount -t bpf bpf DIR, then --pin-root "
		      "DIR/galette)",
		      root);
	else if (err)
		error("cannot make %s: %s", root, strerror(-err));
	return err;
}

/* ---- paths ---- */

static int format_path(char path[PATH_MAX], const char *dir, const char *fmt, va_list args)
{
	int length = snprintf(path, PATH_MAX, "%s/", dir);

	if (length < PATH_MAX)
		length += vsnprintf(path + length, PATH_MAX - length, fmt, args);
	return length < PATH_MAX ? 0 : -ENAMETOOLONG;
}

int pins_path(char path[PATH_MAX], const char *dir, const char *fmt, ...)
{
	va_list args;
	int err;

	va_start(args, fmt);
	err = format_path(path, dir, fmt, args);
	va_end(args);
	return err;
}

void pins_encode(char out[NAME_MAX + 1], const char *name)
{
	int length = 0;

	for (; *name && length < NAME_MAX - 3; name++) {
		if (strchr(".%/", *name))
			length += sprintf(out + length, "%%%02x", *name);
		else
			out[length++] = *name;
	}
	out[length] = '\0';
}

void pins_decode(char *name)
{
	char *out = name;

	while (*name) {
		unsigned int byte;

		if (*name == '%' && isxdigit((unsigned char)name[1]) &&
		    isxdigit((unsigned char)name[2]) && sscanf(name + 1, "%2x", &byte) == 1) {
			*out++ = byte;
			name += 3;
		} else {
			*out++ = *name++;
		}
	}
	*out = '\0';
}

/* ---- the lock ---- */

static int lock_once(const char *dir, int operation, int *lock)
{
	struct stat opened, there;
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (flock(fd, operation))
		err = -errno;
	else if (fstat(fd, &opened))
		err = -errno;
	else if (stat(dir, &there) || there.st_ino != opened.st_ino)
		err = -ESTALE; /* who had the lock before us removed the directory */
	if (err) {
		close(fd);
		return err;
	}
	*lock = fd;
	return 0;
}

int pins_lock(const char *dir, enum pins_lock_kind kind, bool wait, int *lock)
{
	int operation = (kind == PINS_SHARED ? LOCK_SH : LOCK_EX) | (wait ? 0 : LOCK_NB);
	int err;

	do {
		if (kind == PINS_MAKE && mkdir(dir, 0700) && errno != EEXIST)
			return -errno;
		err = lock_once(dir, operation, lock);
	} while (err == -ESTALE || (kind == PINS_MAKE && err == -ENOENT));
	return err;
}

/* ---- directories ---- */

static int not_dots(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
}

int pins_list(const char *dir, char ***names)
{
	struct dirent **entries;
	int count = scandir(dir, &entries, not_dots, versionsort);

	*names = NULL;
	if (count < 0)
		return -errno;
	*names = xcalloc(count + 1, sizeof(**names));
	for (int i = 0; i < count; i++) {
		(*names)[i] = xstrdup(entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return count;
}

void pins_list_free(char **names, int count)
{
	for (int i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

int pins_remove(const char *path)
{
	char inside[PATH_MAX];
	char **names;
	int count, err;

	if (!unlink(path) || errno == ENOENT)
		return 0;
	err = -errno;
	if (err != -EISDIR && err != -EPERM)
		return err;
	count = pins_list(path, &names);
	if (count < 0)
		return count == -ENOTDIR ? err : count;
	err = 0;
	for (int i = 0; i < count && !err; i++)
		err = pins_path(inside, path, "%s", names[i]) ?: pins_remove(inside);
	pins_list_free(names, count);
	if (!err && rmdir(path))
		err = -errno;
	return err;
}

/* ---- pins ---- */

int pins_pin(int fd, const char *dir, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list args;
	int err;

	va_start(args, fmt);
	err = format_path(path, dir, fmt, args);
	va_end(args);
	return err ?: bpf_obj_pin(fd, path);
}

int pins_open(const char *dir, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list args;
	int err;

	va_start(args, fmt);
	err = format_path(path, dir, fmt, args);
	va_end(args);
	return err ?: bpf_obj_get(path);
}

int pins_keep(const char *dir, const char *pin, const void *bytes, size_t size)
{
	const char *slash = strrchr(pin, '/');
	char name[BPF_OBJ_NAME_LEN];
	__u32 zero = 0;
	int fd, err;

	snprintf(name, sizeof(name), "%s", slash ? slash + 1 : pin);
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, name, sizeof(__u32), size, 1, NULL);
	err = fd < 0 ? fd : 0;
	if (!err)
		err = bpf_map_update_elem(fd, &zero, bytes, BPF_ANY)
			      ?: pins_pin(fd, dir, "%s", pin);
	if (fd >= 0)
		close(fd);
	if (err)
		error("cannot keep %zu bytes as %s/%s: %s", size, dir, pin, strerror(-err));
	return err;
}

int pins_program_id(int fd, __u32 *id)
{
	struct bpf_prog_info info = { 0 };
	__u32 length = sizeof(info);
	int err = bpf_obj_get_info_by_fd(fd, &info, &length);

	*id = err ? 0 : info.id;
	return err;
}
