#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A chain on network cards: virtio-net, with an interrupt, rings and offloads of its own.
# vm.sh has joined them two by two:
#
#   host lan (near0) ── eth1 [chain] eth2 ── (far0) host wan
#
# modes: native generic
. "$(dirname "$0")/../lib.sh"

BYTES=${GALETTE_BYTES:-3000000}
FRAMES=8

# end NAMESPACE NUMBER NAME ADDRESS
end() {
	netns "$1"
	in_ns "$1" sh -c 'echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6'
	card "$2" "$3" "$1" && in_ns "$1" ip addr add "$4/24" dev "$3" && in_ns "$1" ip link set "$3" promisc on
}

if ! end lan 1 near0 192.0.2.1 || ! card 2 eth1 || ! card 3 eth2 || ! end wan 4 far0 192.0.2.2; then
	skip "everything" "no virtio-net cards here"
	exit
fi

# The driver may want more rings than there are: then native is refused, and said to be.
attach() {
	pin attach --mode "$MODE" "$@" > "$T/out" 2> "$T/err"
}
if ! attach --name gw lan=eth1 wan=eth2 "$ROOT/chains/two-port.toml" && [ "$MODE" = native ] &&
	grep -qE 'ring|queue' "$T/err"; then
	skip "native" "$(sed 's/^galette-pin: //' "$T/err")"
	expect 0 "auto is generic then" pin attach eth1 "$ROOT/chains/gateway.toml"
	says "… and says so" "warning: eth1: generic XDP"
	expect 0 "detach" pin detach eth1
	exit
fi

# ---- tx(IF) ----

transfer() {
	local from=$1 to=$2 address=$3 server
	: > "$T/server"
	in_ns "$to" "$HELPERS/tcp" serve "$address" 5000 > "$T/server" 2>&1 &
	server=$!
	wait_for grep -q listening "$T/server"
	expect 0 "$BYTES bytes from $from and back" \
		in_ns "$from" "$HELPERS/tcp" echo "$address" 5000 "$BYTES"
	kill $server 2> /dev/null
	wait $server 2> /dev/null
}
# Cards take what is for their own address, and say nothing of the rest.
filtered="it takes frames for its own address only"
equal "attach to two cards: what they do not hear" 2 "$(grep -c "eth[12]: $filtered" "$T/err")"
equal "… and nothing else is to be said" 2 "$(wc -l < "$T/err")"
in_ns lan ip neigh add 192.0.2.2 lladdr 52:54:00:67:61:04 dev near0
equal "… it is so" "1 0" "$(in_ns lan ping -q -c 2 -i 0.2 192.0.2.2 > /dev/null; echo $? "$(pin -j show gw | jq '.links[0].packets')")"
in_ns lan ip neigh del 192.0.2.2 dev near0
sed -n 's/.*(\(ip link set [^()]*\))$/\1/p' "$T/err" > "$T/mend"
expect 0 "… mended by: $(tr '\n' ';' < "$T/mend")" sh -e "$T/mend"
pin -j show gw > "$T/out"
json "both are $MODE" "[.interfaces[].mode] == [\"$MODE\", \"$MODE\"]"
expect 0 "ping" in_ns lan ping -q -c 3 -i 0.05 192.0.2.2
transfer lan wan 192.0.2.2
transfer wan lan 192.0.2.1
pin -j show gw > "$T/out"
json "tx(wan) and tx(lan) have sent them, none missed: $(jq -c '[.links[] | select(.packets > 0) | [.to, .packets]]' "$T/out")" \
	'.missed == 0 and ([.links[] | select((.to == "tx(wan)" or .to == "tx(lan)") and .packets > 10)] | length) >= 2'
expect 0 "detach" pin detach gw

# ---- tx, pass, drop; in the kernel and in the slow path ----

# near: frames that the host lan has got.
near() {
	in_ns lan ip -j -s link show near0 | jq '.[0].stats64.rx.packets'
}
send() {
	local frames=() i
	for ((i = 0; i < FRAMES; i++)); do
		frames+=("0200000000ff02000000000188b5$(printf '%0100d' $i)")
	done
	in_ns lan "$HELPERS/rawsend" near0 "${frames[@]}"
}
# came EDGE PACKETS: over an edge, by its number in show.
came() {
	[ "$(pin -j show eth1 | jq ".links[$1].packets")" -ge "$2" ]
}
back() {
	[ "$(near)" -ge "$1" ]
}
# chain TARGET [SLOW]
chain() {
	printf '[functions.s]\npath = "stamp"\ndisable_xdp = %s\n' "${2-false}"
	printf '[[links]]\nfrom = "rx"\nto = ["s"]\n[[links]]\nfrom = "s"\nto = ["%s"]\n' "$1"
}

ip addr add 192.0.2.3/24 dev eth1
# Nobody asks where somebody is while frames are counted.
in_ns lan ip neigh replace 192.0.2.2 lladdr 52:54:00:67:61:04 dev near0 nud permanent
in_ns lan ip neigh replace 192.0.2.3 lladdr 52:54:00:67:61:02 dev near0 nud permanent
ip neigh replace 192.0.2.1 lladdr 52:54:00:67:61:01 dev eth1 nud permanent
# targets WHAT SLOW TARGET ...
targets() {
	local what=$1 slow=$2 before target
	shift 2
	for target; do
		chain "$target" "$slow" > "$T/chain.toml"
		holds "$what: attach, to $target" attach eth1 "$T/chain.toml" || return
		before=$(near)
		if [ "$target" = pass ]; then
			expect 0 "$what: ping to this machine" in_ns lan ping -q -c 3 -i 0.05 192.0.2.3
		else
			send
			wait_for came 1 $FRAMES
		fi
		pin -j show eth1 > "$T/out"
		[ "$target" = pass ] || json "$what: $FRAMES to $target" \
			"[.links[].packets] == [$FRAMES, $FRAMES] and .missed == 0"
		if [ "$target" = tx ]; then
			holds "$what: … they come back" wait_for back $((before + FRAMES))
		fi
		[ "$slow" = false ] || json "$what: … all by galette-slow, and none lost" \
			'.links[0].packets == ([.slowpath.pipes[].packets] | add) and
			 ([.slowpath.pipes[].lost[]] | add) == 0'
		expect 0 "$what: detach" pin detach eth1
	done
}
targets "kernel" false tx drop pass
if has_live_frames; then
	targets "slow path" true tx pass
else
	skip "the slow path" "this kernel has no live frames"
fi
