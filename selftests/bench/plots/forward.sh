# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Of experiments/forward.sh.

of='.experiment == "forward"'
by_load='.params.load'
LOG=y curves forward-rate "Forwarding: greatest rate, loss below 0.1 %" "frame, bytes" "million packets/s" \
	1e-6 "$of and .metric == \"rate\"" .params.size
LOG=y columns forward-cpu "Forwarding: CPU time for a packet of 64 bytes" "ns" 1 \
	"$of and .metric == \"cpu_per_packet\" and .params.size == 64" "$by_load // \"greatest\""
LOG=y columns forward-p50 "Forwarding: median latency, 64 bytes" "us" 1e-3 \
	"$of and .metric == \"p50\" and .params.size == 64" "$by_load"
LOG=y columns forward-p99 "Forwarding: 99 % of packets of 64 bytes are faster" "us" 1e-3 \
	"$of and .metric == \"p99\" and .params.size == 64" "$by_load"

# Of all rounds: the share of packets that are slower. Each line of histograms says of which
# contender, load and kind of packet so many came after so many ns.
distribution() { # FILE LOAD
	local data
	[ -s "$OUT/histograms" ] || return 0
	data=$(awk -v load="$2" '$2 == load { print $1 ($3 == "heavy" ? " (slow path)" : "") "\t" $4 "\t" $5 }' "$OUT/histograms" |
		sort -t $'\t' -k 1,1 -k 2,2n | awk -F '\t' '
			function flush(i, left) {
				if (n) printf "%s\"%s\"\n", blocks++ ? "\n\n" : "", who
				for (i = 1; i <= n; i++) {
					left += count[i]
					if (left < total) print ns[i] / 1000, 1 - left / total
				}
				n = total = 0
			}
			$1 != who { flush(); who = $1 }
			{ n++; ns[n] = $2; count[n] = $3; total += $3 }
			END { flush() }')
	[ -n "$data" ] || return 0
	LOG=xy draw "$1" "Forwarding, 64 bytes, $2 of the greatest rate: latency" "share of packets that are slower" <<-END
		\$data << EOD
		$data
		EOD
		set xlabel "us"
		stats \$data using 0 nooutput
		plot for [i=0:STATS_blocks - 1] \$data index i using 1:2 with steps lw 2 title columnheader(1)
	END
}
distribution forward-latency-10 10%
distribution forward-latency-50 50%
