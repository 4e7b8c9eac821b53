#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# doctor where calls fail that others make, and on what this machine does not have: no
# AF_XDP, no live frames, no JIT, hidden code, offloads.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../findings.sh"

veth eth0 peer0
settings > "$T/before"
objects > "$T/objects"

# ---- calls that fail ----
# failing TOPIC LEVEL STATUS CALL ERROR: when each of these in turn fails, once the finding is this.
failing() {
	local topic=$1 level=$2 status=$3 call=$4 error=$5 n=0 got hit seen=0 bad=
	while :; do
		n=$((n + 1))
		"$HELPERS/inject" --calls "$call" --error "$error" $n -- "$GALETTE" -j doctor eth0 \
			> "$T/out" 2> "$T/err" 3> "$T/hit"
		got=$?
		cp "$T/out" "$T/found"
		read -r _ hit < "$T/hit"
		[ "$hit" != - ] || break
		[ $got -le 1 ] || bad="$bad, $n: status $got"
		[ ! -s "$T/out" ] || jq -e . "$T/out" > /dev/null || bad="$bad, $n: no JSON"
		[ "$(levels "$topic")" != "$level" ] || [ $got != "$status" ] || seen=$((seen + 1))
	done
	equal "$call fails with $error: doctor goes on, $((n - 1)) times" "" "$bad"
	holds "… $topic: $level, status $status" test $seen -gt 0
}
failing xdp-sockets note 0 socket EAFNOSUPPORT
failing kernel wrong 1 bpf:PROG_TEST_RUN EINVAL
failing live-frames note 0 bpf:PROG_TEST_RUN EINVAL
failing unprivileged-run note 0 bpf:PROG_TEST_RUN EPERM
failing kernel wrong 1 bpf:PROG_LOAD EPERM
failing kernel wrong 1 bpf:LINK_CREATE EINVAL
failing btf wrong 1 bpf:MAP_CREATE EINVAL
failing xdp-sockets note 0 bpf:MAP_CREATE EINVAL
failing kernel wrong 1 bpf ENOMEM
settings > "$T/after"
equal "nothing is changed by all this" "" "$(diff "$T/before" "$T/after")"
holds "… nor left" "$HELPERS/objects" --beyond "$T/objects"

# ---- what this machine has, made to look otherwise ----
if ! command -v cc > /dev/null || nm -D "$GALETTE" | grep -q __asan; then
	skip "a library in front of it" "no compiler here, or ASan"
	exit
fi
cc -shared -fPIC -o "$T/fake.so" -x c - -ldl <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>

static int is(const char *what)
{
	const char *fake = getenv("FAKE");

	return fake && !strcmp(fake, what);
}

int bpf_obj_get_info_by_fd(int fd, void *info, __u32 *len)
{
	int (*real)(int, void *, __u32 *) = dlsym(RTLD_NEXT, "bpf_obj_get_info_by_fd");
	struct bpf_prog_info *prog = info;
	__u64 code = *len == sizeof(*prog) ? prog->jited_prog_insns : 0;
	int err = real(fd, info, len);

	if (*len != sizeof(*prog))
		return err;
	if (is("interpreted"))
		prog->jited_prog_len = 0;
	if (is("hidden"))
		prog->jited_prog_insns = 0;
	if (is("indirect") && code)
		memset((void *)(long)code, 0, prog->jited_prog_len);
	return err;
}

/* A feature that FAKE names, on an interface t0. */
int ioctl(int fd, unsigned long request, ...)
{
	int (*real)(int, unsigned long, ...) = dlsym(RTLD_NEXT, "ioctl");
	static struct ethtool_gstrings *names;
	struct ethtool_gfeatures *features;
	struct ifreq *ifr;
	va_list args;
	int err;

	va_start(args, request);
	ifr = va_arg(args, struct ifreq *);
	va_end(args);
	err = real(fd, request, ifr);
	if (err || request != SIOCETHTOOL || strcmp(ifr->ifr_name, "t0"))
		return err;
	features = (void *)ifr->ifr_data;
	if (features->cmd == ETHTOOL_GDRVINFO && getenv("DRIVER"))
		strcpy(((struct ethtool_drvinfo *)ifr->ifr_data)->driver, getenv("DRIVER"));
	if (features->cmd == ETHTOOL_GSTRINGS)
		names = (void *)features;
	for (__u32 i = 0; features->cmd == ETHTOOL_GFEATURES && i < names->len; i++) {
		const char *name = (const char *)names->data + i * ETH_GSTRING_LEN;
		int fixed = is("fixed") && (!strcmp(name, "rx-lro") || !strcmp(name, "rx-gro-hw"));

		if (!is(name) && !fixed)
			continue;
		features->features[i / 32].active |= 1u << i % 32;
		if (!fixed)
			features->features[i / 32].available |= 1u << i % 32;
	}
	return 0;
}
END
# fake WHAT ARG ...: findings in $T/found.
fake() {
	local what=$1
	shift
	FAKE=$what LD_PRELOAD=$T/fake.so "$GALETTE" -j doctor "$@" > "$T/found" 2> "$T/err"
}
fake interpreted eth0
equal "no JIT: a note" "0 note" "$? $(levels jit)"
equal "… mended in the first namespace" "nsenter -n -t 1 sysctl net.core.bpf_jit_enable=1" "$(mends jit)"
fake hidden eth0
equal "code that is hidden: a note" "0 note" "$? $(levels tail-calls)"
holds "… says it does not know" grep -q "may be direct" "$T/found"
fake indirect eth0
equal "indirect jumps: a note" "0 note" "$? $(levels tail-calls)"
# The switches of the first network namespace, as if this were it.
mount -t tmpfs tmpfs /proc/sys/net/core
echo 2 > /proc/sys/net/core/bpf_jit_harden
echo 0 > /proc/sys/net/core/bpf_jit_enable
fake indirect eth0
equal "indirect by hardening" note "$(levels tail-calls)"
mend "… hardening" tail-calls
equal "… is less" 1 "$(cat /proc/sys/net/core/bpf_jit_harden)"
fake interpreted eth0
mend "no JIT" jit
equal "… is on" 1 "$(cat /proc/sys/net/core/bpf_jit_enable)"
umount /proc/sys/net/core
if ip tuntap add t0 mode tap 2> "$T/tap" && ip link set t0 up; then
	for feature in rx-vlan-hw-parse:rxvlan rx-vlan-stag-hw-parse:rx-vlan-stag-hw-parse rx-lro:lro rx-gro-hw:rx-gro-hw; do
		fake "${feature%:*}" t0
		equal "${feature%:*}: a note" note "$(levels offload t0)"
		equal "… mended by" "ethtool -K t0 ${feature#*:} off" "$(mends offload)"
		mend "… ${feature%:*}" offload
	done
	fake fixed t0
	equal "fixed: a note each, and no command" "note note " "$(levels offload t0) $(mends offload)"
	# virtio-net turns merging off when it gets a program, or has a host that does not let it.
	fake none t0
	xdp=$(levels xdp t0)
	DRIVER=virtio_net fake rx-gro-hw t0
	equal "virtio-net that merges: no matter" "$xdp ok" "$(levels xdp t0) $(levels offload t0)"
	DRIVER=virtio_net fake fixed t0
	equal "virtio-net whose host merges: generic only" "note ok" "$(levels xdp t0) $(levels offload t0)"
	holds "… says where it is mended" grep -q ctrl_guest_offloads=on "$T/found"
	fake none t0
	equal "none of them" ok "$(levels offload t0)"
	ip link del t0
else
	skip "offloads" "no tap devices"
fi
