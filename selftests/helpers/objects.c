// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * objects: list the kernel's BPF programs, maps and links, one a line. Only ids
 * are asked for: who opens a prog array by its id just after its last user has
 * gone, and closes it again, makes the kernel leak it (prog_array_map_clear()
 * takes a reference for work that is queued already).
 * objects --beyond FILE [SECONDS]: those that are not in FILE, an earlier list.
 * They are freed behind RCU grace periods, one a slot of a prog array: wait
 * until these are gone, as long as some go within SECONDS (60); list those that
 * do not, and exit with status 1. Ids are the machine's: GALETTE_OBJECT_NAMES is a
 * file with the names that count, one a line; of a link, those of its program.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

struct kind {
	const char *name;
	int (*next)(__u32 start, __u32 *next);
};

static const struct kind kinds[] = {
	{ "prog", bpf_prog_get_next_id },
	{ "map", bpf_map_get_next_id },
	{ "link", bpf_link_get_next_id },
};

static int known(const char *list, const char *line)
{
	const char *at = strstr(list, line);

	while (at && at != list && at[-1] != '\n')
		at = strstr(at + 1, line);
	return !!at;
}

/* All that there is but what is in list; malloc'ed. */
static char *beyond(const char *list)
{
	char line[32], *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		for (__u32 id = 0; !kinds[k].next(id, &id);) {
			snprintf(line, sizeof(line), "%s %u\n", kinds[k].name, id);
			if (!known(list, line))
				fputs(line, out);
		}
	}
	fclose(out);
	return text;
}

static int info_by_id(int (*open_id)(__u32 id), __u32 id, void *info, __u32 len)
{
	int fd = open_id(id), err;

	if (fd < 0)
		return -errno;
	err = bpf_obj_get_info_by_fd(fd, info, &len) ? -errno : 0;
	close(fd);
	return err;
}

/* What has been left for good may be opened. 0: `name` is filled in. */
static int name_of(const char *line, char name[BPF_OBJ_NAME_LEN])
{
	struct bpf_prog_info prog = {};
	struct bpf_map_info map = {};
	struct bpf_link_info link = {};
	__u32 id = atoi(strchr(line, ' '));
	int err = 0;

	if (*line == 'm') {
		err = info_by_id(bpf_map_get_fd_by_id, id, &map, sizeof(map));
		memcpy(name, map.name, BPF_OBJ_NAME_LEN);
		return err;
	}
	if (*line == 'l') {
		err = info_by_id(bpf_link_get_fd_by_id, id, &link, sizeof(link));
		id = link.prog_id;
	}
	if (!err)
		err = info_by_id(bpf_prog_get_fd_by_id, id, &prog, sizeof(prog));
	memcpy(name, prog.name, BPF_OBJ_NAME_LEN);
	return err;
}

/* Whether a name counts. */
static int counts(const char *name)
{
	const char *path = getenv("GALETTE_OBJECT_NAMES");
	FILE *f = path ? fopen(path, "r") : NULL;
	char line[64];
	int found = 0;

	if (!f)
		return 1;
	while (!found && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		found = !strcmp(line, name);
	}
	fclose(f);
	return found;
}

/* Print it if it counts; 1 then. */
static int print_left(const char *line)
{
	char name[BPF_OBJ_NAME_LEN];
	int err = name_of(line, name);

	if (err == -ENOENT || (!err && !counts(name)))
		return 0;
	printf("%s %s\n", line, err ? "?" : name);
	return 1;
}

/* Those lines of `left` that are still there. */
static char *still(char *left)
{
	char *now = beyond(""), *text = NULL, *line, *save;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (line = strtok_r(left, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char with_end[32];

		snprintf(with_end, sizeof(with_end), "%s\n", line);
		if (known(now, with_end))
			fputs(with_end, out);
	}
	fclose(out);
	free(now);
	free(left);
	return text;
}

int main(int argc, char **argv)
{
	static char list[1 << 20];
	time_t patience = argc > 3 ? atoi(argv[3]) : 60;
	size_t length = 0;
	char *left;
	int status = 0;
	FILE *f;

	if (argc == 1) {
		left = beyond("");
		fputs(left, stdout);
		free(left);
		return 0;
	}
	if (argc < 3 || strcmp(argv[1], "--beyond")) {
		fprintf(stderr, "usage: objects [--beyond FILE [SECONDS]]\n");
		return 2;
	}
	f = fopen(argv[2], "r");
	if (!f) {
		perror(argv[2]);
		return 2;
	}
	fread(list, 1, sizeof(list) - 1, f);
	fclose(f);
	left = beyond(list);
	for (time_t last = time(NULL); *left && time(NULL) < last + patience;
	     left = still(left)) {
		if (strlen(left) != length)
			last = time(NULL);
		length = strlen(left);
		usleep(2000);
	}
	for (char *line = strtok(left, "\n"); line; line = strtok(NULL, "\n"))
		status |= print_left(line);
	free(left);
	return status;
}
