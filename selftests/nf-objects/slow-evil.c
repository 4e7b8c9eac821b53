/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Tries to get out of galette-slow, once a packet: in map `tries` stays, by the
 * number of the try, what came of it: the errno, or -1 where it succeeded.
 */
// world: native
#define _GNU_SOURCE
#include <galette/nf.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum slow_evil {
	NEXT
};

NF_MAP(tries, HASH, __u32, __s32, 64);

static long exec_shell(void)
{
	char *argv[] = { "/bin/sh", NULL };

	return execve(argv[0], argv, NULL);
}

enum {
	MAP_CREATE = 0, /* enum bpf_cmd, whose header and vmlinux.h do not go together */
	PROG_GET_FD_BY_ID = 13,
};

/* An array of one entry; or the first of the arguments as a program's id. */
static long ask_bpf(int command)
{
	__u32 attr[32] = { BPF_MAP_TYPE_ARRAY, 4, 4, 1 };

	return syscall(SYS_bpf, command, attr, sizeof(attr));
}

static long map_code(void)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? -1 : 0;
}

static long make_code(void)
{
	static char page[8192] __attribute__((aligned(4096)));

	return mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
}

static long attempt(__u32 number)
{
	int pair[2];

	switch (number) {
	case 0:
		return open("/etc/passwd", O_RDONLY);
	case 1:
		return open("/sys/fs/bpf", O_RDONLY | O_DIRECTORY);
	case 2:
		return open("/proc/self/mem", O_RDWR);
	case 3:
		return socket(AF_INET, SOCK_DGRAM, 0);
	case 4:
		return socket(AF_XDP, SOCK_RAW, 0);
	case 5:
		return socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	case 6:
		return exec_shell();
	case 7:
		return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	case 8:
		return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
	case 9:
		return kill(getppid(), 0);
	case 10:
		return map_code();
	case 11:
		return make_code();
	case 12:
		return ask_bpf(MAP_CREATE);
	case 13:
		return ask_bpf(PROG_GET_FD_BY_ID);
	case 14:
		return setuid(0);
	case 15:
		return unshare(CLONE_NEWUSER);
	case 16:
		return unlink("/tmp/galette-evil");
	case 17:
		return syscall(SYS_io_uring_setup, 1, NULL);
	}
	return -1;
}

enum {
	TRIES = 18
};

NF(slow_evil, enum slow_evil)
{
	for (__u32 number = 0; number < TRIES; number++) {
		__s32 result;

		errno = 0;
		result = attempt(number) < 0 ? errno : -1;
		map_put(&tries, &number, &result);
	}
	return NEXT;
}
