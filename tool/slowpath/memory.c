// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"

enum {
	PAGE = 65536 /* as large as pages are: the UMEM begins on one */
};

static __u64 round_up(__u64 n, __u64 to)
{
	return (n + to - 1) / to * to;
}

static struct slow_memory layout(const struct slow_shape *shape)
{
	struct slow_memory m = {
		.magic = SLOW_MAGIC,
		.pipes = shape->pipes,
		.ports = shape->ports,
		.frames = shape->frames,
	};

	m.sockets_at = round_up(sizeof(m), 64);
	m.owners_at = m.sockets_at + (__u64)m.ports * m.pipes * sizeof(struct slow_socket);
	m.umem_at = round_up(m.owners_at + memory_total(&m), PAGE);
	m.size = m.umem_at + (__u64)memory_total(&m) * SLOW_FRAME_SIZE;
	return m;
}

/* Whoever dies with it in hand leaves it to the next, with EOWNERDEAD. */
static int init_lock(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attr;
	int err = pthread_mutexattr_init(&attr)
			  ?: pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED)
			  ?: pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST)
			  ?: pthread_mutex_init(lock, &attr);

	pthread_mutexattr_destroy(&attr);
	return -err;
}

static struct slow_memory *map(int fd, size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return at == MAP_FAILED ? NULL : at;
}

int memory_make(const struct slow_shape *shape, int *fd, struct slow_memory **memory)
{
	struct slow_memory m = layout(shape);
	int err = 0;

	*fd = memfd_create("galette-slow", MFD_CLOEXEC);
	if (*fd < 0)
		return -errno;
	*memory = ftruncate(*fd, m.size) ? NULL : map(*fd, m.size);
	if (!*memory) {
		err = -errno;
		close(*fd);
		return err;
	}
	**memory = m;
	for (__u32 i = 0; i < m.ports && !err; i++) {
		struct slow_port *port = &(*memory)->port[i];

		port->ifindex = shape->port[i].ifindex;
		port->queue = shape->port[i].queue;
		err = init_lock(&port->lock);
	}
	return err;
}

struct slow_memory *memory_map(int fd)
{
	struct slow_memory *m;
	struct slow_shape shape = { 0 };
	struct slow_memory want;
	struct stat st;

	if (fstat(fd, &st) || st.st_size < (off_t)sizeof(*m))
		return NULL;
	m = map(fd, st.st_size);
	if (!m)
		return NULL;
	shape.pipes = m->pipes;
	shape.ports = m->ports;
	shape.frames = m->frames;
	want = layout(&shape);
	if (m->magic == SLOW_MAGIC && m->ports <= SLOW_PORTS_MAX &&
	    m->pipes <= GALETTE_PIPES_MAX && m->size == want.size &&
	    m->size == (__u64)st.st_size && m->sockets_at == want.sockets_at &&
	    m->owners_at == want.owners_at && m->umem_at == want.umem_at)
		return m;
	munmap(m, st.st_size);
	return NULL;
}

void memory_unmap(struct slow_memory *memory)
{
	munmap(memory, memory->size);
}

bool memory_fits(const struct slow_memory *memory, const struct slow_shape *shape)
{
	if (memory->pipes != shape->pipes || memory->ports != shape->ports ||
	    memory->frames != shape->frames)
		return false;
	for (__u32 i = 0; i < shape->ports; i++)
		if (memory->port[i].ifindex != shape->port[i].ifindex ||
		    memory->port[i].queue != shape->port[i].queue)
			return false;
	return true;
}
