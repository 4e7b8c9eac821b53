# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# For lib.sh: what a chain is attached to, by $WIRE. veth pairs, or the network cards that
# selftests/vm/vm.sh has given a virtual machine.
#
#   veth IF PEER [NAMESPACE]      a pair, both up, PEER in NAMESPACE
#   card NUMBER IF [NAMESPACE]    … a virtual machine's virtio-net card, up, that meets the next one
#   cards_here NUMBER ...         … these are here, or the test ends: they come back a little after
#                                 the one before
#   bench [N [NAMESPACE]]         ethN (0), for a chain, and peerN at its other end, in NAMESPACE if
#                                 that is given: veth, or cards
#   gone IF PEER                  these two of a bench are no more, as cards that are pulled; bench
#                                 makes them again, with other indices
#   veth_receives                 whether one without XDP gets what XDP sends
#   card_counts                   prints what the cards have counted

veth() {
	ip link add "$1" type veth peer name "$2" ${3:+netns "$3"} && ip link set "$1" up &&
		${3:+in_ns "$3"} ip link set "$2" up
}

# A veth without XDP takes what XDP sends it, when GRO is on: since Linux 5.13. As its NAPI shows.
veth_receives() {
	local status=1
	veth probe0 probe1 && ethtool -K probe0 gro on
	(echo 1 > /sys/class/net/probe0/threaded) 2> /dev/null && status=0
	ip link del probe0
	return $status
}

# Where cards are when the machine starts; and where they come back to.
outside() {
	nsenter --net=/proc/1/ns/net "$@"
}

# By its address, which selftests/vm/vm.sh has given it.
card_name() {
	outside ip -j link | jq -er ".[] | select(.address == \"52:54:00:67:61:0$1\").ifname"
}

card() {
	local name
	name=$(card_name "$1") || return
	outside ip link set "$name" netns $$ name "$2"
	ethtool -K "$2" tx off tso off gso off gro off > /dev/null
	[ -z "${3-}" ] || ip link set "$2" netns "$3"
	${3:+in_ns "$3"} ip link set "$2" up
}

cards_here() {
	local number
	for number; do
		wait_for card_name "$number" && continue
		fail "the cards are here" "there is none that has the address of number $number"
		exit 1
	done
}

# Frames reach ethN's stack, and are counted, also when there is no XDP on it. Cards take frames
# for others when they are told to.
bench() {
	local eth=eth${1-0} peer=peer${1-0} number=$((2 * ${1-0})) there=${2:+in_ns $2}
	if [ "$WIRE" = cards ]; then
		cards_here $((number + 1)) $((number + 2))
		card $((number + 1)) "$peer" "${2-}" && card $((number + 2)) "$eth" &&
			$there ip link set "$peer" promisc on && ip link set "$eth" promisc on
	else
		veth "$eth" "$peer" "${2-}" && ethtool -K "$eth" gro on && $there ethtool -K "$peer" gro on
	fi
}

# A veth takes its peer with it. A card is put back at once, which is another one, outside.
gone() {
	local name device driver=/sys/bus/virtio/drivers/virtio_net
	if [ "$WIRE" = cards ]; then
		for name; do
			device=$(basename "$(readlink "/sys/class/net/$name/device")")
			echo "$device" > $driver/unbind && echo "$device" > $driver/bind
		done
	else
		ip link del "$1"
	fi
}

# What the cards have counted: where frames are lost, if one is.
card_counts() {
	local name
	for name in peer0 eth0; do
		echo "# $name:$(ethtool -S $name | sed -nE 's/^ *([rt]x_[a-z_]+: [1-9])/ \1/p' | tr -d '\n')" \
			"$(ip -j -s link show $name | jq -c '.[].stats64')"
	done
}
