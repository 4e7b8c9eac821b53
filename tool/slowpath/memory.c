// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"

enum {
	PAGE = 65536 /* as large as pages are: the UMEM begins on one */
};

static size_t round_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

struct layout {
	size_t sockets, owners, umem, size;
};

static struct layout layout(const struct slow_shape *shape)
{
	size_t frames = (size_t)shape->ports * shape->frames;
	struct layout l = { .sockets = round_up(sizeof(struct slow_shared), 64) };

	l.owners = l.sockets + sizeof(struct slow_socket) * shape->ports * shape->pipes;
	l.umem = round_up(l.owners + frames, PAGE);
	l.size = l.umem + frames * SLOW_FRAME_SIZE;
	return l;
}

static int map(const struct slow_shape *shape, int fd, struct slow_memory *memory)
{
	struct layout l = layout(shape);
	unsigned char *at = mmap(NULL, l.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	*memory = (struct slow_memory) {
		.shape = *shape,
		.size = l.size,
		.shared = (struct slow_shared *)at,
		.sockets = (struct slow_socket *)(at + l.sockets),
		.owners = at + l.owners,
		.umem = at + l.umem,
	};
	return 0;
}

int memory_make(const struct slow_shape *shape, int *fd, struct slow_memory *memory)
{
	int err;

	*fd = memfd_create("galette-slow", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (*fd < 0)
		return -errno;
	err = ftruncate(*fd, layout(shape).size) ||
			      fcntl(*fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW)
		      ? -errno
		      : map(shape, *fd, memory);
	if (err)
		close(*fd);
	return err;
}

int memory_map(const struct slow_shape *shape, int fd, struct slow_memory *memory)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	return (size_t)st.st_size == layout(shape).size ? map(shape, fd, memory) : -EPROTO;
}

void memory_unmap(struct slow_memory *memory)
{
	munmap(memory->shared, memory->size);
	memory->shared = NULL;
}
