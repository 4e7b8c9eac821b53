#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# -v says where a command's time went. How long anything takes is not looked at, but that
# a wait is put down as what it was.
#
# modes: native generic
# wires: veth cards
. "$(dirname "$0")/../lib.sh"

# Of the line in $T/err: the phases, in order.
phases() {
	sed -n 's/^galette-pin: [a-z]* took [0-9.]* ms: //p' "$T/err" | sed 's/ [0-9.]*\(,\|$\)/\1/g'
}

# The parts come to the whole, but for rounding.
adds_up() {
	sed -n 's/^galette-pin: [a-z]* took \([0-9.]*\) ms:\(.*\)/\1,\2/p' "$T/err" |
		awk -F , '{ for (i = 2; i <= NF; i++) { n = split($i, word, " "); sum += word[n] }
			exit !($1 > 0 && sum > $1 - 0.01 && sum < $1 + 0.01) } END { exit NR != 1 }'
}

tells() { # PHASES VERB ARG ...
	local want=$1
	shift
	expect 0 "$1 -v" pin -v "$@"
	equal "$1: the phases" "$want" "$(phases)"
	holds "$1: they come to the whole" adds_up
}

linear "$T/a.toml" 1 s1 s2 < /dev/null
linear "$T/b.toml" 2 s1 s2 s3 < /dev/null
bench
tells "lock, read, parse, load, attach, commit, tidy" attach eth0 "$T/a.toml"
tells "lock, read, parse, load, attach, commit, tidy" apply eth0 "$T/b.toml"
tells "lock, read, parse, load, attach, commit, tidy, drain" apply eth0 "$T/a.toml"
tells "lock, read, parse" apply eth0 "$T/a.toml"
tells "lock, read, commit, tidy" rollback eth0
tells "lock, read, commit, tidy" link eth0 s1:next drop

expect 0 "without -v" pin apply eth0 "$T/a.toml"
equal "… nothing of it" "" "$(phases)"
expect 1 "a failure" pin -v attach eth0 "$T/a.toml"
equal "… takes no time" "" "$(phases)"

# Another command is at work for a tenth of a second more, once this one waits.
exec 9< "$PINS/eth0"
flock 9
(
	exec 9<&-
	exec "$GALETTE" --nf-path "$TESTNF:$NF" -v apply eth0 "$T/b.toml"
) > "$T/out" 2> "$T/err" &
waiting=$!
wait_for grep -q -- "-> FLOCK.* $waiting " /proc/locks
sleep 0.1
exec 9<&-
wait $waiting
lock=$(sed -n 's/.* lock \([0-9]*\)\..*/\1/p' "$T/err")
holds "waiting for another command is put down as that: $lock ms" test "$lock" -ge 90

# Starting galette-slow is none of the change.
sed '/^\[functions.s1\]/a disable_xdp = true' "$T/a.toml" > "$T/slow.toml"
tells "lock, read, parse, load, attach, slow path, commit, tidy, drain" apply eth0 "$T/slow.toml"

tells "lock, read, attach, commit, tidy, drain" detach eth0
