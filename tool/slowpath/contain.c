// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <grp.h>
#include <linux/bpf.h>
#include <linux/if_xdp.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "contain.h"
#include "diag.h"

/* What pipes and supervisor both need. mmap, clone and those of pipes alone are below. */
static const int common[] = {
	SCMP_SYS(ppoll),
	SCMP_SYS(poll),
	SCMP_SYS(read),
	SCMP_SYS(write),
	SCMP_SYS(futex),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(brk),
	SCMP_SYS(madvise),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(getrandom),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(getcpu),
	SCMP_SYS(sched_yield),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

/* fork(2), wait for it, tell it; and what a child does before it is a pipe. */
static const int supervising[] = {
	SCMP_SYS(wait4),
	SCMP_SYS(waitid),
	SCMP_SYS(kill),
	SCMP_SYS(timerfd_settime),
	SCMP_SYS(close),
	SCMP_SYS(pidfd_open),
	SCMP_SYS(prctl),
	SCMP_SYS(seccomp),
	SCMP_SYS(getppid),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(set_tid_address),
	SCMP_SYS(rseq),
	SCMP_SYS(mprotect),
	SCMP_SYS(pidfd_send_signal),
	SCMP_SYS(dup3),
	SCMP_SYS(flock),
};

static int allow(scmp_filter_ctx filter, const int *calls, size_t count)
{
	int err = 0;

	for (size_t i = 0; i < count && !err; i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	return err;
}

/* Memory that holds data, never code, and no file's. */
static int allow_memory(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
				SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
				SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));
}

/* To kick and to poll a socket, to read its counts, and to run a BPF program. */
static int allow_packets(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 2,
				SCMP_A2(SCMP_CMP_EQ, 0), SCMP_A4(SCMP_CMP_EQ, 0)) ?:
	       seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(recvfrom), 2,
				SCMP_A1(SCMP_CMP_EQ, 0), SCMP_A2(SCMP_CMP_EQ, 0)) ?:
	       seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(setsockopt), 2,
				SCMP_A1(SCMP_CMP_EQ, SOL_SOCKET),
				SCMP_A2(SCMP_CMP_EQ, SO_PREFER_BUSY_POLL)) ?:
	       seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(getsockopt), 2,
				SCMP_A1(SCMP_CMP_EQ, SOL_XDP),
				SCMP_A2(SCMP_CMP_EQ, XDP_STATISTICS)) ?:
	       seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(bpf), 1,
				SCMP_A0(SCMP_CMP_EQ, BPF_PROG_TEST_RUN));
}

/* A child process, in the same namespaces and with memory of its own: fork(2). */
static int allow_fork(scmp_filter_ctx filter)
{
	const unsigned long other = CLONE_VM | CLONE_THREAD | CLONE_NEWNS | CLONE_NEWUSER |
				    CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS |
				    CLONE_NEWCGROUP;

	/* clone3's arguments are in memory, which no filter sees: glibc then uses clone. */
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
				SCMP_A0(SCMP_CMP_MASKED_EQ, other, 0))
		       ?: seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

static int install(bool supervisor)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int err = filter ? 0 : -ENOMEM;

	if (!err)
		err = allow(filter, common, sizeof(common) / sizeof(common[0])) ?:
		      allow_memory(filter) ?:
		      allow_packets(filter);
	if (!err && supervisor)
		err = allow(filter, supervising, sizeof(supervising) / sizeof(supervising[0]))
			      ?: allow_fork(filter);
	err = err ?: seccomp_load(filter);
	if (filter)
		seccomp_release(filter);
	if (err)
		error("cannot limit the system calls: %s", strerror(-err));
	return err;
}

static int change_user(void)
{
	const struct passwd *user = getpwnam("galette") ?: getpwnam("nobody");
	uid_t uid = user ? user->pw_uid : 65534;
	gid_t gid = user ? user->pw_gid : 65534;

	if (setgroups(0, NULL) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid))
		return -errno;
	return 0;
}

static int drop_capabilities(void)
{
	cap_t none;
	int err = 0;

	for (int cap = 0; cap_get_bound(cap) >= 0; cap++)
		if (cap_get_bound(cap) && cap_drop_bound(cap))
			return -errno;
	err = change_user();
	none = err ? NULL : cap_init();
	if (!err && (!none || cap_set_proc(none)))
		err = -errno;
	if (none)
		cap_free(none);
	return err;
}

int contain_supervisor(void)
{
	int err = drop_capabilities();

	/* Others of the same user must not look into it. */
	if (!err && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0)))
		err = -errno;
	if (err) {
		error("cannot drop privileges: %s", strerror(-err));
		return err;
	}
	return install(true);
}

int contain_pipe(void)
{
	return install(false);
}
