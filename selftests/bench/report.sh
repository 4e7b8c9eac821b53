#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# report.sh: from build/bench/samples.jsonl (BENCH_OUT) make bench.json, a list of
# {experiment, contender, params, metric, unit, median, low, high, n}, and print it as
# tables; describe the machine, in bench/machine.json too; draw what plots/*.sh ask for,
# where gnuplot is.
set -u

here=$(dirname "$(realpath "$0")")
OUT=${BENCH_OUT:-$here/../../build/bench}
JSON=$(dirname "$OUT")/bench.json

version() {
	dpkg-query -W -f '${Version}' "$1" 2> /dev/null
}

machine() {
	local vulnerabilities=/sys/devices/system/cpu/vulnerabilities
	jq -n --arg cpu "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)" \
		--argjson cores "$(nproc --all)" --arg kernel "$(uname -srvm)" \
		--arg hypervisor "$(systemd-detect-virt 2> /dev/null || lscpu | sed -n 's/^Hypervisor vendor: *//p')" \
		--argjson awake "$([ -n "${BENCH_AWAKE-}" ] && echo true || echo false)" \
		--arg commit "$(git -C "$here" describe --always --dirty 2> /dev/null)" \
		--arg clang "$(version clang)" --arg libbpf "$(version libbpf-dev)" \
		--arg dpdk "$(version dpdk-dev)" --arg nftables "$(version nftables)" \
		--arg mitigations "$(grep -H Mitigation $vulnerabilities/* 2> /dev/null | sed 's|.*/||; s|:Mitigation||')" '
		{ $cpu, $cores, $kernel, $hypervisor, $commit, $awake,
		  mitigations: ($mitigations | split("\n") | map(select(. != ""))),
		  versions: ({ $clang, $libbpf, $dpdk, $nftables } | with_entries(select(.value != ""))) }'
}

aggregate() {
	jq -s 'def middle: sort | .[((length - 1) / 2) | floor] / 2 + .[(length / 2) | floor] / 2;
		group_by([.experiment, .contender, .params, .metric, .unit]) | map(
		(map(.value)) as $v | .[0] | del(.value) +
		{ median: ($v | middle), low: ($v | min), high: ($v | max), n: ($v | length) })' "$OUT/samples.jsonl"
}

# One table for each metric; the ratio is to galette's with the same parameters. Where the
# generator could not send more, ">" says that the rate may be greater.
tables() {
	jq -r '
	def number: if . == 0 then "0" elif fabs >= 100 then round | tostring
		elif fabs >= 0.01 then . * 1000 | round / 1000 | tostring else . * 1e6 | round / 1e6 | tostring end;
	def words: to_entries | map("\(.key) \(.value)") | join(", ");
	def at: [.experiment, .contender, .params] | tojson;
	(map(select(.metric == "generator_limited" and .median > 0)) | INDEX(at)) as $limited |
	def limited: (.metric == "rate" or .metric == "bits") and $limited[at] != null;
	(map(select(.contender == "galette")) | INDEX([.experiment, .metric, .params] | tojson)) as $ours |
	map(select(.metric != "generator_limited")) | group_by([.experiment, .metric])[] |
	"\n\(.[0].experiment): \(.[0].metric), \(.[0].unit)\n" +
	"params\tcontender\tmedian\tlow\thigh\tn\tto galette", (
	sort_by([(.params.size // 0), (.params | tostring), .contender])[] | . as $it |
	$ours[[.experiment, .metric, .params] | tojson] as $own |
	[(.params | words), .contender, (if limited then ">" else "" end) + (.median | number),
		(.low | number), (.high | number), .n,
		(if ($own.median // 0) > 0 then
			(if limited and ($own | limited) then "?" elif limited then ">" elif $own | limited then "<" else "" end) +
			($it.median / $own.median | number) else "" end)] | map(tostring) | join("\t"))' "$JSON" |
		column -t -s $'\t' -e 2> /dev/null
}

machine > "$OUT/machine.json" && aggregate > "$JSON" || exit 1
jq -r '"\(.cpu), \(.cores) cores\(if .awake then ", the device\u0027s kept awake" else "" end), \(.hypervisor); \(.kernel); \(.commit)",
	"mitigations: \(.mitigations | join("; "))"' "$OUT/machine.json"
tables
command -v gnuplot > /dev/null || { echo "no plots: gnuplot is not there"; exit 0; }
. "$here/plot.sh"
for plots in "$here"/plots/*.sh; do
	# shellcheck source=/dev/null
	. "$plots"
done
