#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What each contender of forward.sh costs while nothing comes in: processes, threads, CPU
# time, how often they come onto a CPU; memory that is theirs (rss) or their share of it
# (pss), and of that what they have locked; what BPF programs and maps take in the kernel.
# The frames of AF_XDP and AF_PACKET are in the processes' memory, though pinned.
. "$(dirname "$0")/../lib.sh"

DURATION=${SMOKE:+0.05}
DURATION=${DURATION:-1}

# The sum of fields that match $1 in file $2 of processes $3 …
sum() {
	local pid field=$1 file=$2 files=()
	shift 2
	for pid; do
		# shellcheck disable=SC2206 # a pattern
		files+=("/proc/$pid/"$file)
	done
	awk -v field="^($field)\$" -F ':' '$1 ~ field { sum += $2 } END { printf "%.0f\n", sum }' "${files[@]}" < /dev/null
}

switches() {
	sum '(non)?voluntary_ctxt_switches' 'task/*/status' "$@"
}

# Until starting has nothing left to do; those that poll never come to that.
come_to_rest() {
	local i before more
	for ((i = 0; i < 5; i++)); do
		before=$(switches "$@")
		sleep 1
		more=$(($(switches "$@") - before))
		[ $more -gt 0 ] && [ $more -lt 100 ] || return
	done
}

rest() {
	local own pids from before
	own=$(pids)
	pids() { echo "$own"; } # asking galette-slow wakes it
	# shellcheck disable=SC2086 # a list
	readarray -t pids < <(family $own)
	[ -n "$SMOKE" ] || [ ${#pids[@]} -eq 0 ] || come_to_rest "${pids[@]}"
	from=${EPOCHREALTIME/./}
	before=$(switches "${pids[@]}")
	generate --rate 0 || return
	RESULT=$(jq -c --argjson switches "$(($(switches "${pids[@]}") - before))" \
		--argjson us "$((${EPOCHREALTIME/./} - from))" --argjson processes "${#pids[@]}" \
		--argjson threads "$(sum Threads status "${pids[@]}")" \
		--argjson rss "$(sum VmRSS status "${pids[@]}")" \
		--argjson pss "$(sum Pss smaps_rollup "${pids[@]}")" \
		--argjson locked "$(sum 'VmLck|VmPin' status "${pids[@]}")" \
		--argjson bpf "$(bpf_bytes)" \
		'. + { $processes, $threads, $bpf, rss: ($rss * 1024), pss: ($pss * 1024),
			locked: ($locked * 1024), switches: ($switches * 1e6 / $us) }' <<< "$RESULT")
	samples rest '{}' processes=processes=.processes threads=threads=.threads cpu=share=.cpu \
		switches=switches/s=.switches rss=bytes=.rss pss=bytes=.pss locked=bytes=.locked bpf=bytes=.bpf
}

contenders xdp-limit galette galette-split-10 galette-slow{,-defer} bridge af-packet{,-poll} \
	dpdk-af-packet dpdk-af-xdp{,-defer}
topology
rounds rest
