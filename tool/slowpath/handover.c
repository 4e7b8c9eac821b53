// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "handover.h"

static int map(int fd, struct handover **handover)
{
	*handover = mmap(NULL, sizeof(**handover), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return *handover == MAP_FAILED ? -errno : 0;
}

int handover_make(int *fd, struct handover **handover)
{
	int err;

	*fd = memfd_create("galette-slow-handover", MFD_CLOEXEC);
	if (*fd < 0)
		return -errno;
	err = ftruncate(*fd, sizeof(**handover)) ? -errno : map(*fd, handover);
	if (err)
		close(*fd);
	else
		(*handover)->magic = HANDOVER_MAGIC;
	return err;
}

int handover_map(int fd, struct handover **handover)
{
	struct stat st;
	int err;

	if (fstat(fd, &st))
		return -errno;
	if (st.st_size != sizeof(**handover))
		return -EPROTO;
	err = map(fd, handover);
	if (!err && (*handover)->magic == HANDOVER_MAGIC)
		return 0;
	if (!err)
		handover_unmap(*handover);
	*handover = NULL;
	return err ?: -EPROTO;
}

void handover_unmap(struct handover *handover)
{
	munmap(handover, sizeof(*handover));
}

void handover_write(struct handover *handover, const struct ports *ports, int memory, int wake)
{
	const struct slow_shape *shape = &ports->memory.shape;

	handover->memory = memory;
	handover->wake = wake;
	handover->shape = *shape;
	for (__u32 port = 0; port < shape->ports; port++)
		for (__u32 pipe = 0; pipe < shape->pipes; pipe++)
			handover->sockets[port * shape->pipes + pipe] =
				ports->port[port].pipes[pipe].fd;
}

void handover_done(struct handover *handover)
{
	__atomic_store_n(&handover->handed, 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &handover->handed, FUTEX_WAKE, 1);
}

bool handover_wait(struct handover *handover)
{
	const struct timespec turn = { .tv_nsec = 20000000 };

	syscall(SYS_futex, &handover->handed, FUTEX_WAIT, 0, &turn);
	return __atomic_load_n(&handover->handed, __ATOMIC_SEQ_CST);
}
