#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# galette-pin doctor: what it says is so, each command that it names mends what it is
# named for, and nothing is changed by asking.
# shellcheck disable=SC2016 # what `bash -c` runs
. "$(dirname "$0")/../lib.sh"

PATH=$(dirname "$(realpath "$GALETTE")"):$PATH
finding() { # INTERFACE TOPIC: its level, text and command; "": nothing
	pin -j doctor ${1:+"$1"} |
		jq -r --arg i "$1" --arg t "$2" '.[] | select((.interface // "") == $i and .topic == $t) |
			"\(.level) \(.text)\(if .mend then " (" + .mend + ")" else "" end)"'
}
command_of() {
	pin -j doctor ${1:+"$1"} |
		jq -r --arg i "$1" --arg t "$2" 'first(.[] | select((.interface // "") == $i and .topic == $t) | .mend)'
}
# mended CASE INTERFACE TOPIC: by its command, then nothing but ok is said of it.
mended() {
	local command
	command=$(command_of "$2" "$3")
	holds "$1: mended by: $command" bash -c "$command"
	equal "… and no more is said" "" "$(finding "$2" "$3" | grep -v '^ok')"
}
found() { # CASE REGEX INTERFACE TOPIC
	local got
	got=$(finding "$3" "$4")
	if grep -qE -- "$2" <<< "$got"; then ok "$1"; else fail "$1" "'$got' is not '$2'"; fi
}

# ---- the machine ----
expect 0 "doctor" pin doctor
prints "the kernel, by trying it" "^ok     kernel: Linux $(uname -r), $(uname -m): chains can be loaded$"
found "bpffs is there" '^ok /sys/fs/bpf is a bpf filesystem' '' bpffs
expect 0 "-j" pin -j doctor
json "… as the text has it" 'map(select(.level == "wrong")) == [] and (map(.topic) | index("jit", "memlock", "btf", "af_xdp", "live-frames") | . != null)'
pin doctor | sed 's/^\([a-z]*\) *\([^:]*\): .*/\1 \2/' > "$T/text"
pin -j doctor | jq -r '.[] | "\(.level) \(if .interface then .interface + " " else "" end)\(.topic)"' > "$T/json"
equal "… line by line" "$(cat "$T/text")" "$(cat "$T/json")"
if has_live_frames; then
	found "live frames" '^ok ' '' live-frames
else
	found "no live frames" '^note no slow path' '' live-frames
fi
if [ "$(uname -m)" = x86_64 ]; then
	found "direct jumps, seen in the code" '^ok .*direct jumps|^ok .*does not show' '' jit
else
	found "no direct jumps" '^ok .*indirect jumps|^ok .*does not show' '' jit
fi
unshare -m --propagation private bash -c 'umount /sys/fs/bpf
	galette-pin -j doctor > "$1"
	eval "$(jq -r ".[] | select(.topic == \"bpffs\") | .mend" "$1")"
	galette-pin -j doctor > "$2"' . "$T/without" "$T/with"
equal "no bpffs: its command mounts one" "note mount -t bpf bpf /sys/fs/bpf ok null" \
	"$(jq -r '.[] | select(.topic == "bpffs") | "\(.level) \(.mend)"' "$T/without" "$T/with" | xargs)"
cp "$GALETTE" "$T/galette-pin"
chmod 755 "$T" "$T/galette-pin"
chmod 755 "$(dirname "$T")" "$(dirname "$(dirname "$T")")" 2> "$T/null"
setpriv --reuid 65534 --regid 65534 --clear-groups "$T/galette-pin" doctor > "$T/out" 2> "$T/err"
equal "without privilege: no chain would run" 1 $?
prints "… it says so" "^wrong  privilege: .*\(sudo galette-pin doctor\)"
# libbpf tries something of its own before.
for n in 1 2 3; do
	"$HELPERS/inject" --calls bpf:PROG_LOAD --error EPERM $n -- "$GALETTE" doctor 3> "$T/hit" > "$T/out" 2> "$T/err" || break
done
prints "no program can be loaded: no chain would run" "^wrong  kernel: .*no XDP program can be loaded: Operation not permitted"

# ---- interfaces ----
expect 2 "an interface that is not there" pin doctor no-such
says "… it says so" "no interface 'no-such'"
veth eth0 peer0
before=$(ip -d link show; ethtool -k eth0; ethtool -k peer0)
expect 0 "interfaces that are up, without being named" pin doctor
prints "… among them" "eth0 queues: 1 receive queue"
found "the driver" '^ok driver veth: native XDP' eth0 xdp
found "its peer has no native XDP" "peer0 has .*vanish.*\(echo .*galette-pin attach peer0 -\)" eth0 peer
equal "asking changes nothing" "$before" "$(ip -d link show; ethtool -k eth0; ethtool -k peer0)"
ethtool -K peer0 tx off > "$T/null"
found "… but not of checksums now" '^note its peer peer0 has' eth0 peer
equal "… one thing is left to say of it" 1 "$(finding eth0 peer | wc -l)"
mended "peer without XDP" eth0 peer
found "the chain on the other end is not in the way" '^ok chain peer0 is on it, in native mode' peer0 holder
pin -q detach peer0
ethtool -K peer0 tx on > "$T/null"
pin -q attach peer0 - <<< 'links = [{ from = "rx", to = ["pass"] }]'
mended "checksums" eth0 peer
pin -q detach peer0
ip link set peer0 down
found "peer down" '^note its peer peer0 is down \(ip link set peer0 up\)' eth0 peer
ip link set peer0 up
ip link set eth0 down
found "down" '^note it is down' eth0 link
equal "… and not among those that are up" "" "$(pin doctor | grep '^[a-z]*  *eth0 ')"
mended "down" eth0 link
ip link set eth0 mtu 9000
found "a large MTU" '^note MTU 9000: above some [0-9]+ bytes.*ip link set eth0 mtu 1500' eth0 mtu
ip link set eth0 mtu 1500
equal "… and not of 1500" "" "$(finding eth0 mtu)"

# ---- somebody else's program ----
ip link set dev eth0 xdp obj "$BUILD/selftests/bench/limit.bpf.o" sec xdp 2> "$T/err" ||
	ip link set dev eth0 xdpdrv obj "$BUILD/selftests/bench/limit.bpf.o" sec xdp
expect 1 "a program by netlink: no chain would run" pin doctor eth0
prints "… it says so" "^wrong  eth0 holder: XDP program [0-9]+ '.*' is on it, in native mode \(ip link set dev eth0 xdp off\)"
mended "by netlink" eth0 holder
ip link set dev eth0 xdpgeneric obj "$BUILD/selftests/bench/limit.bpf.o" sec xdp
found "a program in generic mode" 'wrong .* in generic mode \(ip link set dev eth0 xdpgeneric off\)' eth0 holder
mended "generic" eth0 holder
# A link of nobody's chain: that of a chain whose pins are elsewhere.
mkdir -p "$T/elsewhere" && mount -t bpf bpf "$T/elsewhere"
pin -q --pin-root "$T/elsewhere/galette" attach eth0 - <<< 'links = [{ from = "rx", to = ["pass"] }]'
expect 1 "a program by a link" pin doctor eth0
prints "… with its number" "^wrong  eth0 holder: .*\(bpftool link detach id [0-9]+\)"
found "… which is no stranger where it is pinned" '^ok ' '' kernel
equal "… there it is a chain" "ok chain eth0 is on it, in native mode" \
	"$(pin --pin-root "$T/elsewhere/galette" -j doctor eth0 | jq -r '.[] | select(.topic == "holder") | "\(.level) \(.text)"')"
mended "by a link" eth0 holder
pin -q --pin-root "$T/elsewhere/galette" detach eth0 2> "$T/null"
umount "$T/elsewhere"

# ---- names that a shell takes apart ----
odd="a'b\$(x);&"
ip link add name "$odd" type veth peer name odd1
found "an odd name" "ip link set 'a'\\\\''b\\\$\(x\);&' up" "$odd" link
mended "an odd name" "$odd" link
ip link del "$odd"

# ---- a peer far away ----
netns far
ip link add far0 type veth peer name eth9 netns far
ip link set far0 up
found "the peer in another namespace is down" '\(nsenter --net=/run/netns/far ip link set eth9 up\)' far0 peer
bash -c "$(command_of far0 peer)"
equal "… mended" "" "$(finding far0 peer | grep 'is down')"
