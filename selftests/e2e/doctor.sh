#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# doctor: what it says is so, each command it gives is run as it stands and mends
# it, and it changes nothing itself.
. "$(dirname "$0")/../lib.sh"

mkdir "$T/bin"
ln -s "$(realpath "$GALETTE")" "$T/bin/galette-pin"
printf '#!/bin/sh\nexec "$@"\n' > "$T/bin/sudo"
chmod +x "$T/bin/sudo"
PATH=$T/bin:$PATH
echo 'links = [{ from = "rx", to = ["pass"] }]' > "$T/pass.toml"

# doctor STATUS CASE ARG ...: the findings are then in $T/out and $T/found, as JSON. Both
# forms say the same.
doctor() {
	local status=$1 name=$2
	shift 2
	expect "$status" "$name" "$GALETTE" doctor "$@" || return
	cp "$T/out" "$T/text"
	"$GALETTE" -j doctor "$@" > "$T/out" 2> "$T/err"
	cp "$T/out" "$T/found"
	equal "$name: -j says the same" "$(cat "$T/text")" "$(jq -r '.[] | (.level + "     ")[:5] + " " +
		(if .interface then (.interface | gsub("\u001b"; "\\x1b")) + " " else "" end) + .topic + ": " + .what,
		if .mend then "        " + .mend else empty end' "$T/out")"
}

# levels TOPIC [IF]: of the findings in $T/found about it.
levels() {
	jq -r --arg topic "$1" --arg on "${2-}" \
		'[.[] | select(.topic == $topic and (.interface // "") == $on).level] | join(" ")' "$T/found"
}

# mends [TOPIC]: their commands.
mends() {
	jq -r --arg topic "${1-}" '.[] | select(.mend and ($topic == "" or .topic == $topic)).mend' "$T/found"
}

# mend CASE [TOPIC]: run the commands.
mend() {
	local command commands
	commands=$(mends "${2-}")
	[ -n "$commands" ] || fail "$1: mended" "no command"
	while read -r command; do
		holds "$1: $command" bash -c "$command" < /dev/null
	done <<< "$commands"
}

# Settings of all interfaces, and all pins.
settings() {
	ip -d -j link show | jq -S 'map(del(.stats64))'
	find /sys/fs/bpf | sort
	cat /proc/self/mountinfo
}

# ---- the machine ----
veth eth0 peer0
doctor 0 "a machine that can" eth0
json "each finding has its parts" 'length > 10 and all(.[]; keys == ["interface", "level", "mend", "topic", "values", "what"] and
	(.level | IN("ok", "note", "wrong")))'
equal "what is looked at" "bpffs btf driver jit kernel live-frames memlock mtu offload peer program queues tail-calls unprivileged-run xdp xdp-sockets" \
	"$(jq -r '[.[].topic] | unique | join(" ")' "$T/out")"
json "the kernel" ".[0].topic == \"kernel\" and .[0].level == \"ok\" and .[0].values.release == \"$(uname -r)\""
for topic in kernel btf memlock bpffs; do
	equal "$topic is as it should be" ok "$(levels $topic)"
done
pin attach --name c eth0 "$T/pass.toml" > "$T/attach" 2>&1
equal "and a chain runs" 0 $?
pin -q detach c
if has_load; then
	equal "live frames, as loadgen finds" ok "$(levels live-frames)"
else
	equal "no live frames, as loadgen finds" note "$(levels live-frames)"
fi
ip link del eth0 # loadgen has left a program at its peer
veth eth0 peer0
case $(uname -m):$(cat /proc/sys/kernel/kptr_restrict) in
x86_64:[01]) equal "direct jumps on x86_64" ok "$(levels tail-calls)" ;;
x86_64:*) skip "direct jumps on x86_64" "the kernel hides them" ;;
*) equal "no direct jumps elsewhere" note "$(levels tail-calls)" ;;
esac

# ---- nothing is changed ----
settings > "$T/before"
objects > "$T/objects"
doctor 0 "doctor"
settings > "$T/after"
equal "… changes nothing" "" "$(diff "$T/before" "$T/after")"
holds "… leaves nothing" "$HELPERS/objects" --beyond "$T/objects"

# ---- which interfaces ----
equal "all that are up, not lo" "eth0 peer0" "$(jq -r '[.[].interface | values] | unique | join(" ")' "$T/out")"
ip link set peer0 down
doctor 0 "one is down"
equal "… the others" eth0 "$(jq -r '[.[].interface | values] | unique | join(" ")' "$T/out")"
doctor 0 "by name" peer0
equal "… also when it is down" peer0 "$(jq -r '[.[].interface | values] | unique | join(" ")' "$T/out")"
equal "… which is mended by" "ip link set dev peer0 up" \
	"$(mends state)"
doctor 0 "two, in their order" peer0 eth0
equal "… as given" "peer0 eth0" "$(jq -r '[.[].interface | values] | reduce .[] as $i ([]; if index($i) then . else . + [$i] end) | join(" ")' "$T/out")"
doctor 0 "no native XDP" lo
equal "… is a note" note "$(levels xdp lo)"
expect 2 "an interface that is not there" pin doctor eth0 nope
sentence "… by its name" "no interface 'nope'"
equal "… and nothing else is said" "" "$(cat "$T/out")"

# ---- a veth with all that there can be ----
ip link set eth0 down
ip link set peer0 mtu 9000
doctor 0 "a veth in a bad state" eth0
for topic in state mtu peer offload; do
	holds "… $topic" grep -q note <<< "$(levels $topic eth0)"
done
expect 1 "… native XDP is refused" pin attach --mode native eth0 "$T/pass.toml"
mend "a bad state"
doctor 0 "all is mended" eth0
equal "… no command is left" "" "$(mends)"
equal "… nor any note" "" "$(jq -r '.[] | select(.interface and .level != "ok").what' "$T/out")"
expect 0 "… native XDP" pin attach --mode native eth0 "$T/pass.toml"
equal "… without a warning" "" "$(cat "$T/err")"
doctor 0 "a chain is on it" eth0
json "… says which" '.[] | select(.topic == "program") | .level == "ok" and .values == { chain: "eth0", mode: "native" }'
pin -q detach eth0
pin -q detach peer0
ip link del eth0

ip link add q0 numtxqueues 1 numrxqueues 1 type veth peer name qpeer0 numtxqueues 2 numrxqueues 2
ip link set q0 up
ip link set qpeer0 up
doctor 0 "fewer queues than the peer" q0
if [ "$(levels queues q0)" = "note note" ]; then
	expect 1 "… native XDP is refused" pin attach --mode native q0 "$T/pass.toml"
	mend "… queues" queues
	expect 0 "… native XDP" pin attach --mode native q0 "$T/pass.toml"
	pin -q detach q0
	doctor 0 "as many queues" q0
	equal "… no note" ok "$(levels queues q0)"
else
	skip "fewer queues than the peer" "this kernel's veth does not tell how many it has"
fi
ip link del q0

# The limit is the kernel's, to the byte.
veth eth0 peer0
limit=$("$GALETTE" -j doctor eth0 | jq '.[] | select(.topic == "mtu").values.native_limit')
for mtu in "$limit" $((limit + 1)); do
	ip link set peer0 mtu "$mtu"
	doctor 0 "MTU $mtu" eth0
	if pin -q attach --mode native eth0 "$T/pass.toml" 2> "$T/refused"; then
		equal "MTU $mtu is taken" ok "$(levels mtu eth0)"
		pin -q detach eth0
	else
		equal "MTU $mtu is refused" "ok note" "$(levels mtu eth0)"
	fi
done
equal "the last of them was refused" 1 "$(grep -c MTU "$T/refused")"
mend "MTU" mtu

# ---- GRO turned on while the peer was down ----
ip link set peer0 down
ethtool -K peer0 gro on
ip link set peer0 up
doctor 0 "GRO turned on while down" eth0
if grep -q "once more" "$T/text"; then
	mend "GRO" peer
	doctor 0 "GRO is on" eth0
	equal "… no note" ok "$(levels peer eth0)"
	pin -q detach peer0
fi
ip link del eth0

# ---- names ----
# shellcheck disable=SC2016,SC1003 # they are meant so
for name in "a'b" '$(x)' -x i=j '*' '~' '"' '\' $'k\e[1m' "it's" ü; do
	ip link add name "$name" type veth peer name "${name}p" || continue
	doctor 0 "an interface '$name'" -- "$name"
	mend "'$name'"
	doctor 0 "… is well" -- "$name"
	equal "… no command is left" "" "$(mends)"
	for chain in "$PINS"/*; do
		pin -q detach -- "${chain##*/}"
	done
	ip link del dev "$name"
done

# ---- the peer in another namespace ----
far="o'ther \$(ns)"
ip netns add "$far"
ip link add eth0 type veth peer name peer0 netns "$far"
ip link set eth0 up
doctor 0 "the peer in another namespace" eth0
mend "the peer there"
doctor 0 "… is well" eth0
equal "… no command is left" "" "$(mends)"
equal "… that the chain there needs" "peer0" "$(ls "$PINS")"
nsenter --net="/run/netns/$far" "$GALETTE" -q detach peer0
ip link del eth0

# A tool that does not see the namespace: its own /proc has not that process.
ip link add eth0 type veth peer name peer0 netns "$far"
ip link set eth0 up
unshare -p -f --mount-proc unshare -m bash -c "umount -a -t nsfs; $GALETTE -j doctor eth0" > "$T/found"
equal "the peer is not to be found" note "$(levels peer eth0)"
ip link del eth0
ip netns del "$far"

# ---- who has it ----
veth eth0 peer0
for mode in native generic; do
	flag=$([ $mode = native ] && echo xdpdrv || echo xdpgeneric)
	bpftool prog load "$HELPERS/load.bpf.o" /sys/fs/bpf/alien type xdp 2> "$T/alien" ||
		bpftool prog loadall "$HELPERS/load.bpf.o" /sys/fs/bpf/alien type xdp
	alien=/sys/fs/bpf/alien
	[ -d $alien ] && alien=$alien/load_sink
	ip link set eth0 "$flag" pinned $alien
	rm -r /sys/fs/bpf/alien
	doctor 1 "a program by netlink, $mode" eth0
	json "… is named" ".[] | select(.topic == \"program\") | .level == \"wrong\" and .values.mode == \"$mode\" and
		.values.link_id == null and (.values.id | . > 0) and .mend == \"ip link set dev eth0 $flag off\""
	expect 1 "… attach agrees" pin attach --mode $mode eth0 "$T/pass.toml"
	sentence "… with the command" "XDP program .* is on it \(ip link set dev eth0 $flag off\)"
	doctor 1 "and all" eth0
	mend "… by netlink, $mode" program
	doctor 0 "… is gone" eth0
	equal "… and so the finding" ok "$(levels program eth0)"

	"$HELPERS/xdplink" eth0 $mode /sys/fs/bpf/alien
	doctor 1 "a program by a pinned link, $mode" eth0
	json "… is named" ".[] | select(.topic == \"program\") | .values.name == \"xdplink_pass\" and .values.mode == \"$mode\" and
		(.what | contains(\"/sys/fs/bpf/alien\")) and (.mend | startswith(\"bpftool link detach id \"))"
	mend "… by a link, $mode" program
	doctor 0 "… is gone" eth0
	equal "… and so the finding" ok "$(levels program eth0)"
	rm /sys/fs/bpf/alien

	mkfifo "$T/fifo"
	"$HELPERS/xdplink" eth0 $mode < "$T/fifo" > "$T/ready" &
	linker=$!
	exec 9> "$T/fifo"
	wait_for grep -q ready "$T/ready"
	doctor 1 "a program by a process's link, $mode" eth0
	json "… is named" ".[] | select(.topic == \"program\").what | contains(\"of process $linker (xdplink)\")"
	mend "… by a link, $mode" program
	doctor 0 "… is gone" eth0
	exec 9>&-
	wait $linker
	rm "$T/fifo"
done
mkdir /sys/fs/bpf/else
expect 0 "a chain that is pinned elsewhere" pin --pin-root /sys/fs/bpf/else attach eth0 "$T/pass.toml"
doctor 1 "… is in the way" eth0
holds "… as what it is" grep -q "a chain pinned elsewhere" "$T/text"
mend "… elsewhere" program
doctor 0 "… is gone" eth0
expect 0 "… what is left is detached" pin --pin-root /sys/fs/bpf/else detach eth0
rmdir /sys/fs/bpf/else
expect 0 "a chain's own pin root" pin attach eth0 "$T/pass.toml"
expect 1 "another chain has it" pin attach --name d eth0 "$T/pass.toml"
sentence "… says which" "chain eth0 has it"
pin -q detach eth0

# ---- where chains are pinned ----
cat > "$T/unmounted" <<END
umount /sys/fs/bpf
$GALETTE -j doctor eth0 > "$T/out"
echo "\$? \$(jq -r '.[] | select(.topic == "bpffs").level' "$T/out")"
command=\$(jq -r '.[] | select(.topic == "bpffs").mend' "$T/out")
\$command
$GALETTE -j doctor eth0 > "$T/out"
echo "\$? \$(jq -r '.[] | select(.topic == "bpffs").level' "$T/out")"
END
equal "no bpf filesystem, and then one" "0 note 0 ok" "$(unshare -m bash "$T/unmounted" | tr '\n' ' ' | sed 's/ $//')"
netns inner
expect 1 "one that would end with the command" ip netns exec inner "$GALETTE" -j doctor
cp "$T/out" "$T/found"
equal "… is wrong" wrong "$(levels bpffs)"
equal "… and mended by" "nsenter --net=/run/netns/inner galette-pin doctor" "$(mends bpffs)"
mend "… there" bpffs
ip netns del inner
doctor 1 "another filesystem" --pin-root "$T/p i/ns" eth0
equal "… is wrong" wrong "$(levels bpffs)"
mend "… there" bpffs
doctor 0 "… is one now" --pin-root "$T/p i/ns" eth0
umount "$T/p i/ns"

# ---- memlock: it counts before Linux 5.11, and where it cannot be raised ----
cat > "$T/memlock" <<END
limited() {
	setpriv --inh-caps -sys_resource --bounding-set -sys_resource "$GALETTE" -j doctor eth0 > "$T/out"
	echo "\$? \$(jq -r '.[] | select(.topic == "memlock").level' "$T/out")"
}
ulimit -l 1024
limited
command=\$(jq -r '.[] | select(.topic == "memlock").mend // "true"' "$T/out")
eval "\$command"
limited
END
case $(bash "$T/memlock" | tr '\n' ' ') in
"0 ok 0 ok ") ok "memlock does not count" ;;
"0 note 0 ok ") ok "memlock counts, and is mended" ;;
*) fail "memlock" "$(bash "$T/memlock" 2>&1)" ;;
esac

# ---- not root ----
chmod o+x "$T" "$T/bin"
settings > "$T/before"
expect 1 "another user" setpriv --reuid 65534 --regid 65534 --clear-groups "$GALETTE" doctor eth0
expect 1 "another user, JSON" setpriv --reuid 65534 --regid 65534 --clear-groups "$GALETTE" -j doctor eth0
cp "$T/out" "$T/found"
equal "… which lines need root" "jit tail-calls btf memlock xdp-sockets live-frames unprivileged-run" \
	"$(jq -r '[.[] | select(.what == "only root can tell").topic] | join(" ")' "$T/out")"
equal "… is told what to do" "sudo galette-pin doctor" "$(jq -r '.[0].mend' "$T/out")"
equal "… and the interface" "ok ok" "$(levels driver eth0) $(levels queues eth0)"
mend "… as root" kernel

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
	if (features->cmd == ETHTOOL_GSTRINGS)
		names = (void *)features;
	for (__u32 i = 0; features->cmd == ETHTOOL_GFEATURES && i < names->len; i++) {
		const char *name = (const char *)names->data + i * ETH_GSTRING_LEN;
		int fixed = is("fixed") && !strcmp(name, "rx-lro");

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
equal "… mended in the first namespace" "nsenter -n -t 1 sysctl net.core.bpf_jit_enable=1" "$(mends | head -1)"
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
	equal "fixed: a note, and no command" "note " "$(levels offload t0) $(mends offload)"
	fake none t0
	equal "none of them" ok "$(levels offload t0)"
	ip link del t0
else
	skip "offloads" "no tap devices"
fi
