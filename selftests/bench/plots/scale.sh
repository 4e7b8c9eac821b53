# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Of experiments/scale.sh: there is one contender, so maps are drawn as such.

of='.experiment == "scale"'
maps="$of and .params.map"
chains="$of and .params.chains"
AS='.params.map' LOG=x curves scale-map-rate "Large maps: greatest rate, loss below 0.1 %" "entries" \
	"million packets/s" 1e-6 "$maps and .metric == \"rate\"" .params.entries
AS='.params.map' LOG=x curves scale-map-cpu "Large maps: CPU time for a packet" "entries" "ns" 1 \
	"$maps and .metric == \"cpu_per_packet\"" .params.entries
AS='.params.map' LOG=xy curves scale-map-memory "Large maps: memory in the kernel" "entries" "MB" 1e-6 \
	"$maps and .metric == \"memory\"" .params.entries
AS='.metric' LOG=x curves scale-chains-time "Many chains: time of a command" "chains" "ms" 1e-6 \
	"$chains and .unit == \"ns\" and .metric != \"cpu_per_packet\"" \
	.params.chains
LOG=x curves scale-chains-rate "Many chains: greatest rate of all together" "chains" "million packets/s" \
	1e-6 "$chains and .metric == \"rate\"" .params.chains
