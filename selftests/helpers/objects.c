// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * objects: list the kernel's BPF programs, maps and links, one a line.
 * objects --beyond FILE [SECONDS]: those that are not in FILE, an earlier list.
 * They are freed after an RCU grace period or two: wait until there are none,
 * for SECONDS (20) at most; exit 1 and list them when there still are.
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
	int (*open)(__u32 id);
};

static const struct kind kinds[] = {
	{ "prog", bpf_prog_get_next_id, bpf_prog_get_fd_by_id },
	{ "map", bpf_map_get_next_id, bpf_map_get_fd_by_id },
	{ "link", bpf_link_get_next_id, bpf_link_get_fd_by_id },
};

/* "prog 12 galette_root"; false when it has gone meanwhile. */
static int describe(const struct kind *kind, __u32 id, char *line, size_t size)
{
	struct bpf_prog_info prog = {};
	struct bpf_map_info map = {};
	struct bpf_link_info link = {};
	int fd = kind->open(id), err;
	const char *name = "";
	__u32 len;

	if (fd < 0)
		return 0;
	if (kind == &kinds[0]) {
		len = sizeof(prog);
		err = bpf_obj_get_info_by_fd(fd, &prog, &len);
		name = prog.name;
	} else if (kind == &kinds[1]) {
		len = sizeof(map);
		err = bpf_obj_get_info_by_fd(fd, &map, &len);
		name = map.name;
	} else {
		len = sizeof(link);
		err = bpf_obj_get_info_by_fd(fd, &link, &len);
	}
	close(fd);
	snprintf(line, size, "%s %u %s\n", kind->name, id, name);
	return !err;
}

static int known(const char *list, const char *line)
{
	const char *at = strstr(list, line);

	while (at && at != list && at[-1] != '\n')
		at = strstr(at + 1, line);
	return !!at;
}

/* Print to out, or only count where out is NULL, what is not in list. */
static int beyond(const char *list, FILE *out)
{
	char line[128];
	int n = 0;

	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		for (__u32 id = 0; !kinds[k].next(id, &id);) {
			if (!describe(&kinds[k], id, line, sizeof(line)) || known(list, line))
				continue;
			n++;
			if (out)
				fputs(line, out);
		}
	}
	return n;
}

int main(int argc, char **argv)
{
	static char list[1 << 20];
	time_t end;
	FILE *f;

	if (argc == 1) {
		beyond("", stdout);
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
	end = time(NULL) + (argc > 3 ? atoi(argv[3]) : 20);
	while (beyond(list, NULL)) {
		if (time(NULL) >= end)
			return !!beyond(list, stdout);
		usleep(2000);
	}
	return 0;
}
