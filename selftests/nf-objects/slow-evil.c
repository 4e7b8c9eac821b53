/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Tries to get out of galette-slow, with each packet: in map `tries` stays what
 * came of each try: the errno, or -1 where it succeeded. What "may" is what it needs.
 */
// world: native
#define _GNU_SOURCE
#include <galette/nf.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/if_xdp.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum slow_evil {
	NEXT
};

typedef char what[32];
NF_MAP(tries, HASH, what, __s32, 64);

/* A system call. */
struct attempt {
	what what;
	long number, arg[6];
};

enum { /* enum bpf_cmd, whose header and vmlinux.h do not go together */
	MAP_CREATE = 0,
	MAP_UPDATE_ELEM = 2,
	OBJ_GET = 7,
	PROG_GET_FD_BY_ID = 13,
	MAP_GET_FD_BY_ID = 14,
};

enum {
	RW = PROT_READ | PROT_WRITE,
	RX = PROT_READ | PROT_EXEC,
	MEMORY = MAP_PRIVATE | MAP_ANONYMOUS,
	FD = 3, /* any: calls are refused before it is looked at */
};

static void make(const struct attempt *first, size_t count)
{
	for (const struct attempt *try = first; try < first + count; try++) {
		const long *a = try->arg;
		__s32 result = -1;

		if (syscall(try->number, a[0], a[1], a[2], a[3], a[4], a[5]) < 0)
			result = errno;
		map_put(&tries, &try->what, &result);
	}
}

/* Any address will do for what would be read or written: none is looked at. */
NF(slow_evil, enum slow_evil)
{
	static char page[8192] __attribute__((aligned(4096)));
	/* An array's type, key, value and size; or an id, and nothing of interest. */
	__u32 bpf[32] = { BPF_MAP_TYPE_ARRAY, 4, 4, 1 };
	char *argv[] = { "/bin/sh", NULL };
	const long passwd = (long)"/etc/passwd", at = (long)page, attr = (long)bpf;
	const long parent = getppid();
	const struct attempt all[] = {
		{ "open a file", SYS_openat, { AT_FDCWD, passwd, O_RDONLY } },
		{ "open a file by openat2", SYS_openat2, { AT_FDCWD, passwd, at, 24 } },
		{ "open /", SYS_openat, { AT_FDCWD, (long)"/", O_DIRECTORY } },
		{ "open the bpf filesystem", SYS_openat, { AT_FDCWD, (long)"/sys/fs/bpf" } },
		{ "write its own memory",
		  SYS_openat,
		  { AT_FDCWD, (long)"/proc/self/mem", O_RDWR } },
		{ "memfd_create", SYS_memfd_create, { passwd } },
		{ "remove a file", SYS_unlinkat, { AT_FDCWD, (long)"/tmp/galette-evil" } },
		{ "a UDP socket", SYS_socket, { AF_INET, SOCK_DGRAM } },
		{ "an AF_XDP socket", SYS_socket, { AF_XDP, SOCK_RAW } },
		{ "a UNIX socket", SYS_socket, { AF_UNIX, SOCK_STREAM } },
		{ "a pair of sockets", SYS_socketpair, { AF_UNIX, SOCK_STREAM, 0, at } },
		{ "send to an address", SYS_sendto, { FD, at, 1, 0, at, 16 } },
		{ "change a socket", SYS_setsockopt, { FD, SOL_XDP, XDP_UMEM_REG, at, 32 } },
		{ "change what any socket has",
		  SYS_setsockopt,
		  { FD, SOL_SOCKET, SO_RCVBUF, at, 4 } },
		{ "receive from a socket", SYS_recvfrom, { FD, at, 1, 0, 0, 0 } },
		{ "may poll a socket", SYS_recvfrom, { -1, 0, 0, MSG_DONTWAIT } },
		{ "may stop that",
		  SYS_setsockopt,
		  { -1, SOL_SOCKET, 69 /* SO_PREFER_BUSY_POLL */ } },
		{ "read more of a socket",
		  SYS_getsockopt,
		  { FD, SOL_SOCKET, SO_TYPE, at, at } },
		{ "io_uring", SYS_io_uring_setup, { 1, at } },
		{ "execve", SYS_execve, { (long)argv[0], (long)argv } },
		{ "a process", SYS_clone, { SIGCHLD } },
		{ "a process by clone3", SYS_clone3, { at, 64 } },
		{ "a thread", SYS_clone, { CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, at } },
		{ "ptrace its supervisor", SYS_ptrace, { PTRACE_ATTACH, parent } },
		{ "signal its supervisor", SYS_kill, { parent } },
		{ "tgkill its supervisor", SYS_tgkill, { parent, parent } },
		{ "pidfd_open its supervisor", SYS_pidfd_open, { parent } },
		{ "write its supervisor's memory",
		  SYS_process_vm_writev,
		  { parent, at, 1, at, 1 } },
		{ "outlive its supervisor", SYS_prctl, { PR_SET_PDEATHSIG, 0 } },
		{ "be root", SYS_setuid, { 0 } },
		{ "a user namespace", SYS_unshare, { CLONE_NEWUSER } },
		{ "map memory to run", SYS_mmap, { 0, 4096, RX, MEMORY, -1 } },
		{ "map a descriptor", SYS_mmap, { 0, 4096, RW, MAP_SHARED, FD } },
		{ "make memory run", SYS_mprotect, { at, 4096, RX } },
		{ "make it run by pkey_mprotect", SYS_pkey_mprotect, { at, 4096, RX, -1 } },
		{ "let all memory run", SYS_personality, { READ_IMPLIES_EXEC } },
		{ "type for the terminal", SYS_ioctl, { 0, TIOCSTI, passwd } },
		{ "create a BPF map", SYS_bpf, { MAP_CREATE, attr, sizeof(bpf) } },
		{ "write a BPF map", SYS_bpf, { MAP_UPDATE_ELEM, attr, sizeof(bpf) } },
		{ "open a BPF map", SYS_bpf, { MAP_GET_FD_BY_ID, attr, sizeof(bpf) } },
		{ "open a BPF program", SYS_bpf, { PROG_GET_FD_BY_ID, attr, sizeof(bpf) } },
		{ "open a pin", SYS_bpf, { OBJ_GET, attr, sizeof(bpf) } },
	};

	make(all, sizeof(all) / sizeof(all[0]));
	return NEXT;
}
