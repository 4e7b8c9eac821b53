/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "process.h"

__u64 process_start(int pid)
{
	char path[64], text[1024] = "", *at;
	__u64 start = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fgets(text, sizeof(text), file) && (at = strrchr(text, ')')) &&
	    sscanf(at + 1,
		   " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d "
		   "%*d %llu",
		   &start) != 1)
		start = 0;
	fclose(file);
	return start;
}

/* One that nobody has waited for yet is no process any more. */
bool process_ended(int pidfd, int ms)
{
	struct pollfd ended = { .fd = pidfd, .events = POLLIN };

	return poll(&ended, 1, ms) > 0;
}

/* Its record was written without privilege: it must not point at what only root may signal. */
static bool is_roots(int pid)
{
	char path[64], line[256];
	unsigned int uid = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "Uid: %u", &uid) == 1)
			break;
	if (file)
		fclose(file);
	return !uid;
}

/* Opened first, then compared: the number may have been given to another process. */
int process_open(const struct galette_helper *record)
{
	int fd = record->pid ? (int)syscall(SYS_pidfd_open, record->pid, 0) : -1;

	if (fd < 0 || (process_start(record->pid) == record->start && !is_roots(record->pid) &&
		       !process_ended(fd, 0)))
		return fd;
	close(fd);
	return -1;
}

int process_signal(int pidfd, int signal)
{
	return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) ? -errno : 0;
}
