#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What a native function may do: a function that tries to get out of galette-slow
# gets nowhere, and its packets go on.
#
# modes: native generic
# wires: veth cards
. "$(dirname "$0")/../lib.sh"

cat > "$T/chain.toml" <<'END'
[functions.slow-evil]
[[links]]
from = "rx"
to = ["!slow-evil"]
[[links]]
from = "slow-evil"
to = ["tx"]
END
bench
expect 0 "attach" pin attach eth0 "$T/chain.toml" || exit
pipe=$(slow_show '.pipes[0].pid')
probe --slow
equal "its packets go on" 8 "$(probed .received)"
all_done() {
	[ "$(slow_show '.pipes[0].packets')" = 8 ]
}
wait_for all_done
expect 0 "what came of its tries" pin -j map eth0 tries
while read -r result what; do
	equal "$what: refused (EPERM)" 1 "$result"
done < <(jq -r '.[] | select(.key | startswith("may ") | not) | "\(.value) \(.key)"' "$T/out")
equal "all were tried" 42 "$(jq length "$T/out")"
equal "what it needs is not refused (EBADF)" "9 9" \
	"$(jq -r '[.[] | select(.key | startswith("may ")).value] | join(" ")' "$T/out")"
equal "the process is the same" "$pipe 0" "$(slow_show '"\(.pipes[0].pid) \(.pipes[0].crashes)"')"

# ---- the processes ----
for pid in $(slow_show '.pid, .pipes[].pid'); do
	# The supervisor keeps the program for `pass` attached.
	[ "$pid" = "$pipe" ] && who=pipe more='' || who=supervisor more='net:|anon_inode:bpf_link$|'
	harmless "$who" "/proc/$pid/status"
	kinds=$(for fd in "/proc/$pid/fd"/*; do readlink "$fd"; done |
		sed -E 's/:\[[0-9]+\]$//; s/ \(deleted\)//' | sort | uniq -c | awk '{ printf "%s %s; ", $1, $2 }')
	echo "# the $who holds: $kinds"
	equal "… nothing open but packets, programs and /dev/null" "" \
		"$(for fd in "/proc/$pid/fd"/*; do readlink "$fd"; done | grep -Ev \
			"^(${more}socket:|anon_inode:(bpf-prog|bpf-map|btf|\[?(eventfd|signalfd|timerfd)\]?)|/memfd:|/dev/null$|/sys/fs/bpf/galette/eth0/slow$)")"
done
expect 0 "detach" pin detach eth0
