#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Promise 6: tools that change one chain at the same time go one after the other.
#
# rcu: normal
# modes: native generic
# wires: veth cards
. "$(dirname "$0")/../lib.sh"

ROUNDS=25

linear "$T/a.toml" 1 s1 counter=count s2 < /dev/null
linear "$T/b.toml" 2 s1 s2 counter=count < /dev/null
linear "$T/c.toml" 3 s2 counter=count s1 < /dev/null
bench
expect 0 "attach" pin attach eth0 "$T/a.toml" || exit

load_start --hops 2 --cpu $(($(nproc) - 1))
failed=0 wrong=0
for ((i = 0; i < ROUNDS; i++)); do
	before=$(pin -j show eth0 | jq .generation)
	pin -q apply eth0 "$T/b.toml" 2> "$T/err-b" &
	b=$!
	pin -q apply eth0 "$T/c.toml" 2> "$T/err-c" &
	c=$!
	wait $b || failed=$((failed + 1))
	wait $c || failed=$((failed + 1))
	cat "$T/err-b" "$T/err-c"
	# One after the other: two new generations, the later on top of the earlier. Where one found
	# running what it wanted, it had nothing to do.
	pin -j show eth0 > "$T/out"
	made=$(jq ".generation - $before" "$T/out")
	jq -e '.previous == .generation - 1' "$T/out" > /dev/null && [ "$made" -ge 1 ] && [ "$made" -le 2 ] ||
		wrong=$((wrong + 1))
done
load_stop
equal "$((2 * ROUNDS)) applies, two at a time: both end well" 0 $failed
equal "one after the other" 0 $wrong
equal "under load: 0 mixed, 0 dropped, 0 lost" "0 0 0" "$(load '"\(.mixed) \(.dropped) \(.lost)"')"

# The lock itself: somebody holds it.
exec 9< "$PINS/eth0"
flock 9
expect 1 "--no-wait fails at once" pin apply --no-wait eth0 "$T/a.toml"
sentence "… with a sentence" "eth0"
for args in "link --no-wait eth0 s1:next s2" "rollback --no-wait eth0" "detach --no-wait eth0"; do
	# shellcheck disable=SC2086 # words
	expect 1 "$args" pin $args
	sentence "… with a sentence" "eth0"
done
before=$(root_id)
(
	exec 9<&-
	exec "$GALETTE" --nf-path "$TESTNF:$NF" -q apply eth0 "$T/a.toml"
) 2> "$T/err" &
waiting=$!
wait_for grep -q -- "-> FLOCK.* $waiting " /proc/locks
holds "without it the tool waits for the lock" grep -q -- "-> FLOCK.* $waiting " /proc/locks
equal "… and changes nothing" "$before" "$(root_id)"
expect 0 "show does not wait" pin show eth0
exec 9<&-
wait $waiting
equal "… until the lock is free" 0 $?
probe
equal "and then does its work" 8 "$(probed '.builds[1]')"

# Two attaches: one wins, the other is told.
expect 0 "detach" pin detach eth0
pin -q attach eth0 "$T/a.toml" 2> "$T/err-a" &
a=$!
pin -q attach eth0 "$T/b.toml" 2> "$T/err-b" &
b=$!
wait $a
a=$?
wait $b
b=$?
equal "of two attaches one is refused" 1 $((a + b))
cat "$T/err-a" "$T/err-b" > "$T/err"
sentence "… and points to apply" "apply"
expect 0 "detach" pin detach eth0
