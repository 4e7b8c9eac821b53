#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Warnings after attach and apply: each is true of real frames, none comes
# without its cause, and the command it names mends it.
. "$(dirname "$0")/../lib.sh"

cat > "$T/tx.toml" <<'END'
[functions.macswap]
[[links]]
from = "rx"
to = ["macswap"]
[[links]]
from = "macswap"
to = ["tx"]
END
sed 's/"tx"/"pass"/; s/macswap/no-op/' "$T/tx.toml" > "$T/pass.toml"
sed 's/"tx"/"tx(eth0)"/' "$T/tx.toml" > "$T/self.toml"
# Out of wan only what came in from lan; nothing is sent out of lan.
cat > "$T/lan-wan.toml" <<'END'
[functions.no-op]
[[links]]
from = "rx(lan)"
to = ["no-op"]
[[links]]
from = "rx(wan)"
to = ["drop"]
[[links]]
from = "no-op"
to = ["tx(wan)"]
END

# attach CASE PATTERN ARG ...: exit status 0 and one warning; no PATTERN: silence.
attach() {
	local name=$1 pattern=$2
	shift 2
	expect 0 "$name" pin attach --name c "$@" || return
	if [ -n "$pattern" ]; then
		sentence "$name: warned" "warning: $pattern"
	else
		equal "$name: silent" "" "$(cat "$T/err")"
	fi
}

# What the warning wants done, detach not among it.
mend() {
	local command
	command=$(sed -n 's/^galette-pin: .*(\([^()]*\))$/\1/p' "$T/err")
	holds "… mended by: $command" bash -c "${command%, then detach*}"
}

detach() {
	pin -q detach c
}

# frames FROM [AT]: eight frames out of FROM, in namespace $far if that is set;
# how many come back to FROM's stack, or have arrived at AT.
far=
there() {
	if [ -n "$far" ]; then in_ns "$far" "$@"; else "$@"; fi
}
received() {
	if [ -n "$1" ]; then
		ip -s -j link show "$1" | jq '.[0].stats64.rx.packets'
	else
		# An interface's own counter does not have what came by XDP_TX.
		there cat /proc/net/snmp | awk '/^Ip: [0-9]/ { print $4 }'
	fi
}
frames() {
	local before
	before=$(received "${2-}")
	there ip addr add 10.7.0.1/24 dev "$1"
	there ip neigh replace 10.7.0.2 lladdr 02:00:00:00:00:02 dev "$1"
	there bash -c 'for i in {1..8}; do echo > /dev/udp/10.7.0.2/9; done'
	there ip addr flush dev "$1"
	echo $(($(received "${2-}") - before))
}

# ---- the peer of a veth, here ----
GRO="ethtool -K peer0 gro on"
XDP="galette-pin attach peer0 -"
PATH=$(dirname "$(realpath "$GALETTE")"):$PATH
veth eth0 peer0
attach "tx: peer without XDP and GRO" "eth0: .*vanish.*peer0 .*\(echo .*| $XDP\)" \
	eth0 "$T/tx.toml"
equal "… frames vanish" 0 "$(frames peer0)"
mend
holds "… frames arrive" test "$(frames peer0)" -ge 8
detach
attach "tx: peer with native XDP" "" eth0 "$T/tx.toml"
detach
pin detach peer0
attach "no frame is sent" "" eth0 "$T/pass.toml"
expect 0 "apply a chain that sends" pin apply c "$T/tx.toml"
sentence "… warned" "eth0: .*$XDP"
expect 0 "-q" pin -q apply c "$T/pass.toml"
expect 0 "-q apply" pin -q apply c "$T/tx.toml"
equal "… silent" "" "$(cat "$T/err")"
detach
pin -q attach --mode generic peer0 "$T/pass.toml"
attach "tx: peer with generic XDP" "eth0: .*peer0 has no native XDP" eth0 "$T/tx.toml"
equal "… frames vanish" 0 "$(frames peer0)"
detach
pin detach peer0
attach "tx in generic mode needs nothing" "" --mode generic eth0 "$T/tx.toml"
holds "… frames arrive" test "$(frames peer0)" -ge 8
detach
$GRO
attach "tx: peer with GRO" "eth0: .*no native XDP, and GRO is not enough" eth0 "$T/tx.toml"
equal "… frames vanish" 0 "$(frames peer0)"
mend
holds "… frames arrive, with those that waited in its ring" test "$(frames peer0)" -ge 8
detach
pin detach peer0
attach "tx(IF) to itself: peer with GRO" "" eth0 "$T/self.toml"
holds "… frames arrive" test "$(frames peer0)" -ge 8
detach
ethtool -K peer0 gro off
attach "tx(IF) to itself: peer without" "eth0: .*neither native XDP nor GRO \($GRO\)" \
	eth0 "$T/self.toml"
equal "… frames vanish" 0 "$(frames peer0)"
mend
holds "… frames arrive" test "$(frames peer0)" -ge 8
detach
echo 'links = [{ from = "rx", to = ["pass"] }]' | pin attach peer0 -

# ---- down ----
ip link set eth0 down
attach "interface down" "eth0: it is down \(ip link set dev eth0 up\)" eth0 "$T/tx.toml"
mend
detach
ip link set peer0 down
attach "peer down" "eth0: its peer peer0 is down \(ip link set dev peer0 up\)" eth0 "$T/tx.toml"
mend
holds "… frames arrive" test "$(frames peer0)" -ge 8
detach
attach "both up" "" eth0 "$T/tx.toml"
detach
pin detach peer0
$GRO

# ---- native XDP refused ----
ip link set peer0 mtu 9000
expect 1 "MTU of 9000, --mode native" pin attach --mode native eth0 "$T/self.toml"
sentence "… the driver's reason" "eth0: .*MTU is too large.*\(ip link set dev peer0 mtu 1500\)"
attach "MTU of 9000" "eth0: generic XDP.*MTU is too large.*\(ip link set dev peer0 mtu 1500, then" \
	eth0 "$T/self.toml"
equal "… it works" 8 "$(frames peer0)"
mend
detach
attach "MTU of 1500" "" eth0 "$T/self.toml"
equal "… is native" native "$(pin -j show c | jq -r '.interfaces[0].mode')"
detach
ip link add q0 numtxqueues 1 numrxqueues 1 type veth peer name qpeer0 numtxqueues 2 numrxqueues 2
ip link set q0 up
ip link set qpeer0 up
attach "fewer queues than the peer" "q0: generic XDP.*queues.*\(ethtool -L qpeer0 tx 1, then" \
	q0 "$T/pass.toml"
mend
detach
attach "as many queues" "" q0 "$T/pass.toml"
detach
ip link del q0
bpftool prog load "$HELPERS/load.bpf.o" /sys/fs/bpf/alien type xdp 2> "$T/alien" ||
	bpftool prog loadall "$HELPERS/load.bpf.o" /sys/fs/bpf/alien type xdp
alien=/sys/fs/bpf/alien
[ -d $alien ] && alien=$alien/load_sink
for mode in xdpdrv xdpgeneric; do
	ip link set eth0 $mode pinned $alien
	expect 1 "a program of somebody else's, $mode" pin attach eth0 "$T/self.toml"
	sentence "… is named as the cause" "eth0: XDP program .* is on it \(ip link set dev eth0 $mode off\)"
	mend
done
rm -r /sys/fs/bpf/alien

# ---- tx(IF) ----
veth eth1 peer1
attach "redirect to a veth" "eth1: .*vanish.*\(ethtool -K peer1 gro on\)" \
	lan=eth0 wan=eth1 "$T/lan-wan.toml"
equal "… frames vanish" 0 "$(frames peer0 peer1)"
mend
holds "… frames arrive" test "$(frames peer0 peer1)" -ge 8
detach
ethtool -K peer1 gro off
ethtool -K peer0 gro off
ethtool -K peer1 gro on
attach "redirect to a veth with GRO at the peer" "" lan=eth0 wan=eth1 "$T/lan-wan.toml"
detach
ethtool -K peer1 gro off
ip link set peer1 down
ethtool -K peer1 gro on
ip link set peer1 up
expect 0 "redirect to a veth, GRO turned on while down" pin attach --name c \
	lan=eth0 wan=eth1 "$T/lan-wan.toml"
if [ -s "$T/err" ]; then
	sentence "… warned" "eth1: .*vanish until.*once more"
	equal "… frames vanish" 0 "$(frames peer0 peer1)"
	mend
fi
holds "… frames arrive" test "$(frames peer0 peer1)" -ge 8
detach
# Without snooping: it would send reports of its own.
if ip link add br0 type bridge mcast_snooping 0 2> /dev/null && ip link set br0 up; then
	veth eth2 peer2
	ip link set eth2 master br0
	expect 0 "redirect to a bridge" pin attach --name c lan=eth0 wan=br0 "$T/lan-wan.toml"
	if grep -q vanish "$T/err"; then
		says "… warned" "br0: .*vanish.*\(bridge\).*--mode generic"
		equal "… frames vanish" 0 "$(frames peer0 peer2)"
	else
		skip "… warned" "this kernel does not tell (before 6.3)"
	fi
	detach
	attach "generic redirect to a bridge" "" --mode generic lan=eth0 wan=br0 "$T/lan-wan.toml"
	equal "… frames arrive" 8 "$(frames peer0 peer2)"
	detach
	# It delivers what is for itself, as a network card does.
	attach "frames for hosts beyond it" "br0: .*hosts beyond it.*\(ip link set dev br0 promisc on\)" \
		--mode generic lan=br0 wan=eth0 "$T/lan-wan.toml"
	equal "… do not come in" 0 "$(frames peer2 peer0)"
	mend
	equal "… frames arrive" 8 "$(frames peer2 peer0)"
	detach
	ip link set br0 promisc off
	sed 's/to = \["no-op"\]/to = ["!no-op"]/' "$T/lan-wan.toml" > "$T/slow.toml"
	attach "… handed on by the slow path" "br0: .*hosts beyond it" --mode generic lan=br0 wan=eth0 "$T/slow.toml"
	mend
	detach
	attach "an interface that hears all" "" --mode generic lan=br0 wan=eth0 "$T/lan-wan.toml"
	detach
	ip link set br0 promisc off
	sed 's/tx(wan)/tx(lan)/' "$T/lan-wan.toml" > "$T/back.toml"
	attach "back by the same interface" "" --mode generic lan=br0 wan=eth0 "$T/back.toml"
	detach
else
	skip "redirect to a bridge" "no bridges in this kernel"
fi

# ---- the peer in another namespace ----
netns other
ip link set peer0 netns other
in_ns other ip link set peer0 up
far=other
attach "peer in a named namespace" "eth0: .*\(nsenter --net=/run/netns/other ethtool -K peer0 gro on\)" \
	eth0 "$T/self.toml"
equal "… frames vanish" 0 "$(frames peer0)"
mend
holds "… frames arrive" test "$(frames peer0)" -ge 8
detach
attach "peer in a named namespace, with GRO" "" eth0 "$T/self.toml"
detach
in_ns other ethtool -K peer0 gro off
nsenter --net=/run/netns/other sleep 600 &
sleeper=$!
wait_for nsenter -n -t $sleeper ip link show dev peer0
umount /run/netns/other
attach "peer in a process's namespace" "eth0: .*\(nsenter -n -t [0-9]+ ethtool -K peer0 gro on\)" \
	eth0 "$T/self.toml"
mend
detach
attach "peer in a process's namespace, with GRO" "" eth0 "$T/self.toml"
detach
nsenter -n -t $sleeper ethtool -K peer0 gro off
# A tool that does not see the namespace: its own /proc has not that process.
attach_blind() { # FILE
	unshare -p -f --mount-proc "$GALETTE" --nf-path "$TESTNF:$NF" attach --name c eth0 "$1"
}
expect 0 "peer in a namespace that is not to be found" attach_blind "$T/self.toml"
sentence "… a condition" "eth0: .*vanish unless its peer.*ethtool -K PEER gro on"
detach
nsenter -n -t $sleeper ethtool -K peer0 gro on
expect 0 "… and with GRO" attach_blind "$T/self.toml"
if [ -s "$T/err" ]; then
	sentence "… a condition still, before Linux 6.3" "eth0: .*vanish unless"
else
	ok "… silent"
fi
detach
expect 0 "… and tx" attach_blind "$T/tx.toml"
sentence "… a condition" "eth0: .*vanish unless its peer.*native XDP$"
detach
ip link del eth0 # its namespace goes later
kill $sleeper
wait $sleeper 2> /dev/null
rm /run/netns/other

# ---- no JIT: where the kernel has no switch any more, the library lies ----
veth eth0 peer0
ethtool -K peer0 gro on
if nm -D "$GALETTE" | grep -q __asan; then
	skip "no JIT" "ASan does not let a library in front of it"
else
	cc -shared -fPIC -o "$T/nojit.so" -x c - -ldl <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <bpf/bpf.h>
int bpf_obj_get_info_by_fd(int fd, void *info, __u32 *len)
{
	int (*real)(int, void *, __u32 *) = dlsym(RTLD_NEXT, "bpf_obj_get_info_by_fd");
	int err = real(fd, info, len);

	if (*len == sizeof(struct bpf_prog_info))
		((struct bpf_prog_info *)info)->jited_prog_len = 0;
	return err;
}
END
	LD_PRELOAD=$T/nojit.so attach "no JIT" "the kernel interprets.*bpf_jit_enable=1" \
		eth0 "$T/self.toml"
	detach
fi
