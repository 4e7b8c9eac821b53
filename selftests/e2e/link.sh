#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Promise 2: single slots are rewritten under full load, none is ever empty.
#
# rcu: normal
# modes: native generic
# wires: veth cards
. "$(dirname "$0")/../lib.sh"

REWRITES=${GALETTE_LINKS:-$(often 1000)}

cat > "$T/fork.toml" <<'END'
[functions.first]
path = "stamp"
[functions.one]
path = "stamp"
config = { build = 1 }
[functions.two]
path = "stamp"
config = { build = 2 }
[functions.last]
path = "stamp"

[[links]]
from = "rx"
to = ["first"]
[[links]]
from = "first"
to = ["one"]
[[links]]
from = "one"
to = ["last"]
[[links]]
from = "two"
to = ["last"]
[[links]]
from = "last"
to = ["tx"]
END

bench
# Nothing leads to 'two' yet: loaded all the same, with a warning.
expect 0 "attach" pin attach eth0 "$T/fork.toml" || exit
attached_so
ids=$(pin -j show eth0 | jq -c '[.functions[].prog_id]')

load_start --hops 3 --cpu $(($(nproc) - 1))
failed=0
start=${EPOCHREALTIME/./}
for ((i = 1; i <= REWRITES; i++)); do
	[ $((i % 2)) = 1 ] && to=two || to=one
	pin -q link eth0 first:next "$to" > "$T/out" 2> "$T/err" || {
		failed=$((failed + 1))
		indent "$T/err"
	}
done
micros=$((${EPOCHREALTIME/./} - start))
load_stop

echo "# $REWRITES rewrites in $((micros / 1000)) ms, $((micros / REWRITES)) us each, under $(load .rate) packets/s"
echo "# $LOAD"
equal "$REWRITES rewrites, none fails" 0 "$failed"
equal "0 packets dropped: 0 missed tail calls" 0 "$(load .dropped)"
equal "0 packets lost otherwise" "0 0 0" "$(load '"\(.lost) \(.passed) \(.redirected)"')"
equal "every packet that entered came back" "$(load .entered)" "$(load '.received + .tx_lost')"
equal "0 packets take both ways or neither" "0 0 0" "$(load '"\(.mixed) \(.short) \(.builds[0])"')"
switches=$(load .switches)
if [ "$switches" -le "$REWRITES" ] && [ "$switches" -gt 10 ]; then
	ok "load in between: the way changed $switches times in $REWRITES rewrites"
else
	fail "load in between" "the way changed $switches times in $REWRITES rewrites"
fi
pin -j show eth0 > "$T/out"
json "nothing missed, the same generation, the same programs" \
	".missed == 0 and .generation == 1 and [.functions[].prog_id] == $ids"
json "the counters of both ways have every packet" \
	"([.links[] | select(.from == \"one\" or .from == \"two\").packets] | add) == $(load .entered)"

# Targets that the running generation does not have yet, and those it always has.
for to in drop pass abort tx one; do
	expect 0 "link to $to" pin link eth0 first:next "$to"
done
expect 0 "link of rx" pin link eth0 rx drop
probe
equal "rx linked to drop drops" "8 0" "$(probed '"\(.dropped) \(.received)"')"
expect 0 "link of rx back" pin link eth0 rx first
probe
equal "and back" 8 "$(probed .received)"
expect 0 "link to what is there already is nothing to do" pin link eth0 rx first
pin -j show eth0 > "$T/out"
json "show has the link as it is now" \
	'.links[] | select(.from == "first" and .action == "next").to == "one"'

expect 2 "an unknown function" pin link eth0 frist:next one ||
	expect 1 "an unknown function" pin link eth0 frist:next one
says "says so and guesses" "no function 'frist'.*first"
for args in "first:nxt one" "first:next three" "first one two" "first" "first:next !three"; do
	# shellcheck disable=SC2086 # words
	pin link eth0 $args > "$T/out" 2> "$T/err"
	status=$?
	holds "link '$args' is refused, status $status" test $status -eq 1 -o $status -eq 2
	holds "… and says why: $(head -1 "$T/err")" test -s "$T/err"
done
expect 1 "a chain that is not there" pin link eth9 first:next one
sentence "is named" "eth9"
# A cycle by link is refused as in a file.
pin link eth0 last:next first > "$T/out" 2> "$T/err"
equal "a link that closes a cycle is refused" 1 "$(($? > 0))"
probe
equal "after all refusals: unchanged" "8 0" "$(probed '"\(.builds[1]) \(.mixed)"')"
expect 0 "detach" pin detach eth0
