/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Captured frames: classic pcap files of Ethernet. */
#ifndef SELFTESTS_NF_CAPTURE_H
#define SELFTESTS_NF_CAPTURE_H

#include <dirent.h>

#include "nf/frame.h"

/* Or where $CAPTURES says. */
#define CAPTURES "../shared/pcap"

static inline uint32_t swapped(uint32_t value, int swap)
{
	return swap ? __builtin_bswap32(value) : value;
}

/* Classic pcap (draft-ietf-opsawg-pcap): 24 bytes of header, 16 before each frame. */
static inline int capture_read(const char *path, void (*each)(struct frame *, void *),
			       void *arg, int *skipped)
{
	uint32_t head[6], record[4];
	FILE *file = fopen(path, "rb");
	struct frame f = {};
	int frames = 0, swap;

	if (!file || fread(head, sizeof(head), 1, file) != 1)
		abort();
	swap = head[0] != 0xa1b2c3d4 && head[0] != 0xa1b23c4d;
	while (fread(record, sizeof(record), 1, file) == 1) {
		uint32_t len = swapped(record[2], swap);

		if (len < 14 || len > 3500 || (swapped(head[5], swap) & 0xffff) != 1) {
			fseek(file, len, SEEK_CUR);
			++*skipped;
			continue;
		}
		f.len = fread(f.data, 1, len, file);
		if (f.len != len)
			break; /* the capture itself is cut off */
		each(&f, arg);
		frames++;
	}
	fclose(file);
	return frames;
}

static inline const char *captures_path(void)
{
	return getenv("CAPTURES") ? getenv("CAPTURES") : CAPTURES;
}

static inline int captures_exist(void)
{
	DIR *dir = opendir(captures_path());

	if (dir)
		closedir(dir);
	return !!dir;
}

/* Every frame of every file, in the order of their names. How many. */
static inline int captures_read(void (*each)(struct frame *, void *), void *arg, int *files,
				int *skipped)
{
	struct dirent **entries;
	int count = scandir(captures_path(), &entries, NULL, alphasort), frames = 0;
	char path[512];

	for (int i = 0; i < count; i++) {
		if (strstr(entries[i]->d_name, ".pcap")) {
			snprintf(path, sizeof(path), "%s/%s", captures_path(),
				 entries[i]->d_name);
			frames += capture_read(path, each, arg, skipped);
			++*files;
		}
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return frames;
}

#endif
