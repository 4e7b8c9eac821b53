#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The security gateway: packets in at $DUT0 and out at $DUT1, but for those from listed
# prefixes. By the number of prefixes: the greatest rate with a loss below 0.1 %, of packets
# from addresses that are not listed, and the CPU time for one.
#
# In a /6 of 65536 blocks of 1024 addresses, as many blocks as there are prefixes, evenly
# spread, have one at their beginning, of 24 to 32 bits. Packets come from all blocks, from
# an address behind that prefix. So no lookup is spared, and none is the one before.
#
# galette and nftables-fwd join the two interfaces as they are; nftables and ipset are behind
# the kernel's routing, which also counts the TTL down and writes new MAC addresses.
. "$(dirname "$0")/../lib.sh"

BLOCKS=65536
COUNTS=(1 1024 65536)
[ -z "$SMOKE" ] || COUNTS=(1 1024)
UNLISTED=(--src 64.0.2.0 --sources "$BLOCKS" --stride 1024)

prefixes() { # COUNT
	awk -v n="$1" -v blocks=$BLOCKS 'BEGIN {
		for (i = 0; i < n; i++) {
			b = i * blocks / n
			printf "%d.%d.%d.0/%d\n", 64 + b / 16384, b / 64 % 256, b % 64 * 4, 24 + i % 9
		}
	}'
}

# The kernel's forwarding, for contenders that stand in its way.
routed() {
	echo 1 > /proc/sys/net/ipv4/ip_forward
	echo 0 | tee /proc/sys/net/ipv4/conf/{all,"$DUT0"}/rp_filter > /dev/null
	ip route add 10.1.0.0/24 dev "$DUT1" && ip neigh add 10.1.0.4 lladdr 02:00:00:00:00:04 dev "$DUT1"
}

unrouted() {
	echo 0 > /proc/sys/net/ipv4/ip_forward
	ip neigh del 10.1.0.4 dev "$DUT1"
	ip route del 10.1.0.0/24 dev "$DUT1"
}

received() { # CONDITION OPTION ...
	generate --rate 20000 --seconds 0.1 "${@:2}" && jq -e ".sent > 0 and .received $1" <<< "$RESULT"
}

right() {
	holds "$CONTENDER, $COUNT prefixes: packets from them are dropped" \
		received "== 0" --src 64.0.0.0 --sources "$COUNT" --stride $((BLOCKS * 1024 / COUNT))
	holds "$CONTENDER, $COUNT prefixes: others are forwarded" received "> 0" "${UNLISTED[@]}"
}

gateway() {
	CONTENDER=${CONTENDER#gateway/}
	[ "$ROUND" -gt 1 ] || right
	greatest "$COUNT" "${UNLISTED[@]}" || {
		sample gateway "$CONTENDER" "{\"prefixes\":$COUNT}" rate packets/s 0
		return
	}
	samples gateway "{\"prefixes\":$COUNT}" rate=packets/s=.rate cpu_per_packet=ns=.cpu_ns \
		received=packets=.received \
		generator_limited=bool='(.generator_limited | if . then 1 else 0 end)'
}

contenders gateway/{galette,nftables,nftables-fwd,ipset}
topology
for COUNT in "${COUNTS[@]}"; do
	prefixes "$COUNT" > "$T/prefixes"
	rounds gateway
done
