#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Several interfaces, native and generic, with real connections: two hosts, each
# in a network namespace of its own, and chains/two-port.toml between them.
#
#   host lan (eth0) ── lan0 [chain] wan0 ── (eth0) host wan
#
# modes: native generic
# wires: veth cards
. "$(dirname "$0")/../lib.sh"

BYTES=${GALETTE_BYTES:-3000000}

# host NAME ADDRESS CARD CARD: a host, and NAME0 here; on cards: its own, and this one.
host() {
	netns "$1"
	if [ "$WIRE" = cards ]; then
		card "$3" eth0 "$1"
		card "$4" "${1}0"
		in_ns "$1" ip link set eth0 promisc on
		ip link set "${1}0" promisc on
	else
		ip link add "${1}0" numtxqueues 2 numrxqueues 2 type veth peer name eth0 \
			numtxqueues 2 numrxqueues 2 netns "$1"
		ip link set "${1}0" up
		in_ns "$1" ip link set eth0 up
		# As the tool asks for; and XDP sends segments, not what TSO leaves whole.
		in_ns "$1" ethtool -K eth0 gro on tso off gso off tx off > /dev/null
	fi
	echo 0 | in_ns "$1" tee /proc/sys/net/ipv6/conf/eth0/disable_ipv6 > "$T/null"
	in_ns "$1" ip addr add "192.0.2.$2/24" dev eth0
	in_ns "$1" ip addr add "2001:db8::$2/64" dev eth0 nodad
}

# transfer CASE FROM TO ADDRESS BYTES: echo over TCP, every byte compared.
port=5000
transfer() {
	local name=$1 from=$2 to=$3 address=$4 bytes=$5 server
	port=$((port + 1))
	: > "$T/server"
	in_ns "$to" "$HELPERS/tcp" serve "$address" $port > "$T/server" 2>&1 &
	server=$!
	wait_for grep -q listening "$T/server"
	expect 0 "$name: $bytes bytes from $from and back" \
		timeout 120 nsenter --net="/run/netns/$from" "$HELPERS/tcp" echo "$address" $port "$bytes"
	kill $server 2> /dev/null
	wait $server 2> /dev/null
}

connections() {
	transfer "$1, IPv4" lan wan 192.0.2.2 "$BYTES"
	transfer "$1, IPv4" wan lan 192.0.2.1 $((BYTES / 10))
	transfer "$1, IPv6" lan wan 2001:db8::2 "$BYTES"
}

two_interfaces() {
	[ "$WIRE" = veth ] || cards_here 1 2 3 4
	host lan 1 1 2
	host wan 2 4 3
	pin attach --mode "$MODE" --name gw lan=lan0 wan=wan0 "$ROOT/chains/two-port.toml" \
		> "$T/out" 2> "$T/err"
	equal "attach --mode $MODE to two interfaces" 0 $?
	expect 0 "show" pin -j show gw
	json "both interfaces, with aliases, $MODE" \
		"[.interfaces[] | [.name, .alias, .mode]] ==
		 [[\"lan0\", \"lan\", \"$MODE\"], [\"wan0\", \"wan\", \"$MODE\"]]"
	connections "$MODE"
	pin -j show gw > "$T/out"
	json "$MODE: both rx edges have packets, none missed" \
		'([.links[] | select(.action == null and .packets > 0).from] | length) == 2 and .missed == 0'
	json "$MODE: the edges to tx(wan) and tx(lan) have packets" \
		'([.links[] | select((.to == "tx(wan)" or .to == "tx(lan)") and .packets > 0)] | length) >= 2'

	# VLAN-tagged frames cross as they are. A tag beside the frame is lost on the way into native XDP.
	for side in lan wan; do
		in_ns $side ethtool -K eth0 txvlan off
		in_ns $side ip link add link eth0 name v5 type vlan id 5 2> "$T/vlan"
		in_ns $side ip link set v5 up 2>> "$T/vlan"
	done
	if [ -s "$T/vlan" ]; then
		skip "$MODE: VLAN" "no VLAN devices in this kernel"
	else
		in_ns lan ip addr add 198.51.100.1/24 dev v5
		in_ns wan ip addr add 198.51.100.2/24 dev v5
		transfer "$MODE, VLAN 5" lan wan 198.51.100.2 $((BYTES / 10))
		in_ns lan ip link del v5
		in_ns wan ip link del v5
	fi

	# The chain changes under an open connection: it stays.
	sed 's/^config = .*/config = { new_flows_per_second = 100, probation = 20 }/' \
		"$ROOT/chains/two-port.toml" > "$T/other.toml"
	in_ns wan "$HELPERS/tcp" serve 192.0.2.2 6000 > "$T/server" 2>&1 &
	server=$!
	wait_for grep -q listening "$T/server"
	in_ns lan "$HELPERS/tcp" echo 192.0.2.2 6000 $((BYTES * 7)) 2> "$T/client" &
	client=$!
	applies=0
	while kill -0 $client 2> /dev/null && [ $applies -lt 200 ]; do
		pin -q apply gw "$T/other.toml" && pin -q apply gw "$ROOT/chains/two-port.toml"
		applies=$((applies + 2))
	done
	wait $client
	equal "$MODE: a connection of $((BYTES * 7)) bytes lives through $applies applies" "0 " "$? $(cat "$T/client")"
	kill $server 2> /dev/null
	wait $server 2> /dev/null
	expect 0 "$MODE: detach" pin detach gw
	equal "$MODE: no XDP is left" "null null" \
		"$(for i in lan0 wan0; do ip -j link show $i | jq -c '.[0].xdp'; done | tr '\n' ' ' | sed 's/ $//')"
}

one_interface() {
	linear "$T/a.toml" 1 s1 counter=count s2 < /dev/null
	linear "$T/b.toml" 2 s1 s2 counter=count < /dev/null
	bench
	expect 0 "attach --mode $MODE" pin attach --mode "$MODE" eth0 "$T/a.toml"
	for args in "" "--vlan 5" "--vlan 5 --vlan 6" "--src 2001:db8::1 --dst 2001:db8::2"; do
		# shellcheck disable=SC2086 # words
		probe --hops 2 $args
		equal "$MODE, frames with ${args:-no options}" "8 0 8" \
			"$(probed '"\(.received) \(.short) \(.builds[1])"')"
	done
	expect 0 "$MODE: apply" pin apply eth0 "$T/b.toml"
	probe --hops 2
	equal "… packets are the new chain's" "8 8" "$(probed '"\(.received) \(.builds[2])"')"
	expect 0 "$MODE: rollback" pin rollback eth0
	probe --hops 2
	equal "… and the old one's again" "8 8" "$(probed '"\(.received) \(.builds[1])"')"
	expect 0 "$MODE: detach" pin detach eth0
	gone eth0 peer0
}

no_native() {
	expect 1 "--mode native where there is none" pin attach --mode native lo "$T/a.toml"
	sentence "… says so" "lo"
	expect 0 "auto where there is no native: generic" pin attach lo "$T/a.toml"
	says "… with a warning" "warning: .*generic"
	pin -j show lo > "$T/out"
	json "… as show says" '.interfaces[0].mode == "generic"'
	expect 0 "detach" pin detach lo
}

one_interface
if [ "$MODE $WIRE" = "native veth" ] && ! veth_receives; then
	skip "native" "this kernel's veth gets what XDP sends only with XDP"
else
	two_interfaces
fi
[ "$MODE" = generic ] || no_native
