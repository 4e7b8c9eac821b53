#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Forwarding (macswap): the greatest rate with a loss below 0.1 %, by size; and at rest, at
# 1000 packets/s, at 10 % and at 50 % of that rate: CPU time and latency. Of split chains
# slow_p50 and so on are that of the packets which leave the kernel, p50 of the others.
. "$(dirname "$0")/../lib.sh"

read -ra SIZES <<< "${BENCH_SIZES:-64 128 256 512 1024 1280 1518}"
LOADED=(64 1518) # sizes at which loads are looked at
[ -z "$SMOKE" ] || SIZES=(64)

at_load() { # SIZE NAME RATE
	generate --size "$1" --rate "$3" --histogram "$T/histogram" || return
	[ "$1" != 64 ] || sed "s|^|$CONTENDER $2 |" "$T/histogram" >> "$OUT/histograms"
	samples forward "{\"size\":$1,\"load\":\"$2\"}" \
		cpu=share=.cpu cpu_per_packet=ns='(if .received > 0 then .cpu_ns else null end)' \
		offered=packets/s=.offered loss=share=.loss \
		p50=ns='(if .received > 0 then .light.p50 else null end)' \
		p99=ns='(if .received > 0 then .light.p99 else null end)' \
		p999=ns='(if .received > 0 then .light.p999 else null end)' \
		max=ns='(if .received > 0 then .light.max else null end)' \
		slow_p50=ns='(if .heavy.received > 0 then .heavy.p50 else null end)' \
		slow_p99=ns='(if .heavy.received > 0 then .heavy.p99 else null end)'
}

forward() {
	local size
	generate --rate 0 && samples forward '{"load":"rest"}' cpu=share=.cpu
	for size in "${SIZES[@]}"; do
		greatest "$size" --size "$size" || {
			sample forward "$CONTENDER" "{\"size\":$size}" rate packets/s 0
			continue
		}
		samples forward "{\"size\":$size}" rate=packets/s=.rate cpu=share=.cpu bits=bit/s=.bits received=packets=.received \
			cpu_per_packet=ns=.cpu_ns generator_limited=bool='(.generator_limited | if . then 1 else 0 end)'
		[[ " ${LOADED[*]} " == *" $size "* ]] || continue
		at_load "$size" "1000/s" 1000
		at_load "$size" "10%" $((GREATEST / 10))
		at_load "$size" "50%" $((GREATEST / 2))
	done
}

contenders xdp-limit galette galette-split-{1,10,50} galette-slow{,-defer,-poll,-poll-defer} bridge af-packet{,-poll} \
	dpdk-af-packet dpdk-af-xdp{,-defer}
: > "$OUT/histograms"
topology
rounds forward
