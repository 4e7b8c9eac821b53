/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <glob.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <linux/bpf.h>

#include "advise.h"
#include "doctor.h"
#include "pins.h"
#include "probe.h"
#include "shell.h"

static struct finding *add(struct findings *findings, enum finding_level level,
			   const char *topic, const char *what)
{
	return finding_add(findings, level, topic, NULL, "%s", what);
}

/* ---- the kernel ---- */

static void kernel(struct findings *findings, enum finding_level level, const char *what,
		   int err)
{
	struct utsname name;
	struct finding *finding;

	uname(&name);
	finding = finding_add(findings, level, "kernel", NULL, "Linux %s, %s: %s%s%s",
			      name.release, name.machine, what, err ? ": " : "",
			      err ? strerror(-err) : "");
	finding_value(finding, "release", json_object_new_string(name.release));
	finding_value(finding, "machine", json_object_new_string(name.machine));
	if (err == -EPERM && geteuid())
		finding_mend(finding, "sudo galette-pin doctor");
}

/* Whether programs can be loaded at all. */
static bool look_at_programs(struct findings *findings)
{
	int program = probe_program(XDP_PASS);

	if (program >= 0)
		close(program);
	else if (program == -EPERM && geteuid())
		kernel(findings, FINDING_WRONG, "loading programs takes root", program);
	else
		kernel(findings, FINDING_WRONG, "programs cannot be loaded", program);
	return program >= 0;
}

/* The switch can be read in the first network namespace only. */
static void look_at_code(struct findings *findings, const struct probe_chain *chain)
{
	FILE *file = fopen("/proc/sys/net/core/bpf_jit_harden", "re");
	int harden = file ? fgetc(file) - '0' : -1;

	if (file)
		fclose(file);
	if (!chain->compiled) {
		advise_compile(findings);
		return;
	}
	add(findings, FINDING_OK, "jit", "programs are compiled");
	if (chain->jumps == PROBE_JUMPS_UNKNOWN)
		add(findings, FINDING_NOTE, "tail-calls",
		    "the kernel does not show what it compiles: tail calls may be direct "
		    "jumps, "
		    "or indirect and slower");
	else if (chain->jumps == PROBE_JUMPS_DIRECT)
		add(findings, FINDING_OK, "tail-calls", "tail calls are direct jumps");
	else if (harden == 2)
		finding_mend(add(findings, FINDING_NOTE, "tail-calls",
				 "tail calls are indirect, and slower: programs of root are "
				 "hardened, too"),
			     "sysctl net.core.bpf_jit_harden=1");
	else
		finding_add(findings, FINDING_NOTE, "tail-calls", NULL,
			    "tail calls are indirect, and slower: this kernel's JIT has no "
			    "direct jumps%s",
			    harden < 0 ? ", or net.core.bpf_jit_harden is 2" : "");
}

static void look_at_chain(struct findings *findings)
{
	struct probe_chain chain;
	int err = probe_chain(&chain), link = err ? 0 : probe_link();

	if (err)
		kernel(findings, FINDING_WRONG, "a chain's programs do not run", err);
	else if (link && link != -EPERM)
		kernel(findings, FINDING_WRONG, "programs cannot be attached by links", link);
	else
		kernel(findings, FINDING_OK, "a chain's programs run", 0);
	if (!err)
		look_at_code(findings, &chain);
}

static void look_at_btf(struct findings *findings)
{
	int err = probe_map_types();

	if (err)
		finding_add(findings, FINDING_WRONG, "btf", NULL,
			    "the kernel does not take the types of maps: %s", strerror(-err));
	else if (access("/sys/kernel/btf/vmlinux", R_OK))
		add(findings, FINDING_OK, "btf",
		    "maps have types; the kernel's own, which chains do not need, are not "
		    "there");
	else
		add(findings, FINDING_OK, "btf", "maps have types, and so has the kernel");
}

/* ---- where chains are pinned ---- */

/* The name of the network namespace that we are in; false: it has none. */
static bool netns_path(char *word, size_t size)
{
	struct stat ours, st;
	glob_t paths = { 0 };
	bool found = false;

	if (stat("/proc/self/ns/net", &ours))
		return false;
	glob("/run/netns/*", 0, NULL, &paths);
	for (size_t i = 0; i < paths.gl_pathc && !found; i++) {
		found = !stat(paths.gl_pathv[i], &st) && st.st_ino == ours.st_ino &&
			st.st_dev == ours.st_dev;
		if (found)
			shell_word(word, size, paths.gl_pathv[i]);
	}
	globfree(&paths);
	return found;
}

static void look_at_mounting(struct findings *findings)
{
	int err = probe_bpffs();
	struct finding *finding;

	if (err && err != -EPERM) {
		finding_add(findings, FINDING_WRONG, "bpffs", NULL,
			    "this kernel has no bpf filesystem: %s", strerror(-err));
		return;
	}
	finding = add(findings, err ? FINDING_WRONG : FINDING_NOTE, "bpffs",
		      err ? "none is mounted on /sys/fs/bpf, and that takes root"
			  : "none is mounted on /sys/fs/bpf: attach will do it");
	finding_mend(finding, "mount -t bpf bpf /sys/fs/bpf");
}

static void look_at_pins(struct findings *findings, const char *pin_root)
{
	char word[4 * PATH_MAX];
	struct finding *finding;

	switch (pins_look(pin_root)) {
	case PINS_THERE:
		finding_add(findings, FINDING_OK, "bpffs", NULL, "chains are pinned in %s",
			    pin_root);
		break;
	case PINS_UNMOUNTED:
		look_at_mounting(findings);
		break;
	case PINS_ENDING:
		finding = add(findings, FINDING_WRONG, "bpffs",
			      "none is mounted on /sys/fs/bpf, and one mounted by this command "
			      "would end with it");
		if (netns_path(word, sizeof(word)))
			finding_mend(finding, "nsenter --net=%s galette-pin doctor", word);
		break;
	case PINS_ELSEWHERE:
		finding_mend(finding_add(findings, FINDING_WRONG, "bpffs", NULL,
					 "%s is not on a bpf filesystem", pin_root),
			     "mkdir -p %s && mount -t bpf bpf %s",
			     shell_word(word, sizeof(word) / 2, pin_root), word);
		break;
	}
}

static void look_at_memlock(struct findings *findings)
{
	struct rlimit limit = { 0, 0 };
	struct finding *finding;

	if (!probe_memlock_counts()) {
		add(findings, FINDING_OK, "memlock", "maps do not count against ulimit -l");
		return;
	}
	/* libbpf has raised it, where it could. */
	getrlimit(RLIMIT_MEMLOCK, &limit);
	if (limit.rlim_cur == RLIM_INFINITY) {
		add(findings, FINDING_OK, "memlock",
		    "maps count against ulimit -l, which is raised for them");
		return;
	}
	finding = finding_add(findings, FINDING_NOTE, "memlock", NULL,
			      "maps count against ulimit -l, which is %llu KiB and cannot be "
			      "raised: chains with large maps will not load",
			      (unsigned long long)limit.rlim_cur / 1024);
	finding_value(finding, "bytes", json_object_new_uint64(limit.rlim_cur));
	finding_mend(finding, "prlimit --pid $$ --memlock=unlimited:unlimited");
}

/* ---- what the slow path needs ---- */

static void look_at_unprivileged(struct findings *findings)
{
	int err = probe_unprivileged_run();
	FILE *file = fopen("/proc/sys/kernel/unprivileged_bpf_disabled", "re");
	int disabled = file ? fgetc(file) - '0' : 0;

	if (file)
		fclose(file);
	if (!err) {
		add(findings, FINDING_OK, "unprivileged-run",
		    "programs can be run without privilege, as galette-slow does");
		return;
	}
	/* What is 1 stays so until the next boot. */
	finding_add(
		findings, FINDING_NOTE, "unprivileged-run", NULL,
		"no slow path: programs cannot be run without privilege: %s%s", strerror(-err),
		disabled == 1 ? " (kernel.unprivileged_bpf_disabled is 1 until the next boot)"
			      : "");
	if (disabled == 2)
		finding_mend(&findings->list[findings->count - 1],
			     "sysctl kernel.unprivileged_bpf_disabled=0");
}

static void look_at_slow_path(struct findings *findings)
{
	int err = probe_af_xdp();

	if (err)
		finding_add(findings, FINDING_NOTE, "xdp-sockets", NULL,
			    "no slow path: no AF_XDP (CONFIG_XDP_SOCKETS): %s", strerror(-err));
	else
		add(findings, FINDING_OK, "xdp-sockets", "there are AF_XDP sockets");
	err = probe_live_frame();
	if (err)
		finding_add(findings, FINDING_NOTE, "live-frames", NULL,
			    "the slow path cannot pass packets: programs do not run on live "
			    "frames: %s",
			    strerror(-err));
	else
		add(findings, FINDING_OK, "live-frames", "programs run on live frames");
	look_at_unprivileged(findings);
}

/* ---- all of it ---- */

static void look_without_privilege(struct findings *findings)
{
	static const char *const topics[] = {
		"jit",         "tail-calls",      "btf", "memlock", "xdp-sockets",
		"live-frames", "unprivileged-run"
	};

	for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++)
		add(findings, FINDING_NOTE, topics[i], "only root can tell");
}

void doctor_machine(const char *pin_root, struct findings *findings)
{
	if (look_at_programs(findings)) {
		look_at_chain(findings);
		look_at_btf(findings);
		look_at_memlock(findings);
		look_at_slow_path(findings);
	} else {
		look_without_privilege(findings);
	}
	look_at_pins(findings, pin_root);
}
