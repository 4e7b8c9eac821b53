#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Promise 1: whole chains are swapped under full load, and each packet is
# handled by one of them from end to end. Each NF marks the packets with its
# build; the sink at the other end of the wire counts the mixed ones. Nothing is
# dropped on purpose, so every loss shows: veth counts what XDP drops, and a
# missed tail call is a drop, whichever generation it happened in.
#
# rcu: normal
# modes: native generic
# wires: veth cards
. "$(dirname "$0")/../lib.sh"

APPLIES=${GALETTE_APPLIES:-$(often 1000)}

linear "$T/a.toml" 1 s1 s2 counter=count s3 s4 < /dev/null
linear "$T/b.toml" 2 s1 s3 extra s2 < /dev/null
bench
expect 0 "attach" pin attach eth0 "$T/a.toml" || exit
attached_so

# An emulated machine has no time for anything else under all that it can make.
# shellcheck disable=SC2086 # words
load_start --hops 4 --cpu $(($(nproc) - 1)) ${GALETTE_LOAD-}
failed=0 missed=0 looked=0
start=${EPOCHREALTIME/./}
for ((i = 1; i <= APPLIES; i++)); do
	[ $((i % 2)) = 1 ] && file=b || file=a
	pin -q apply eth0 "$T/$file.toml" > "$T/out" 2> "$T/err" || {
		failed=$((failed + 1))
		indent "$T/err"
	}
	# Every generation dies in the end: look into some of them as they go.
	if [ $((i % 20)) = 0 ]; then
		for edges in "$PINS"/eth0/gen/*/edges; do
			n=$(bpftool -j map lookup pinned "$edges" key 0 0 0 0 |
				jq '[.formatted.values[].value.packets] | add')
			missed=$((missed + n)) looked=$((looked + 1))
		done
	fi
done
micros=$((${EPOCHREALTIME/./} - start))
load_stop

echo "# $APPLIES applies in $((micros / 1000)) ms, $((micros / APPLIES)) us each, under $(load .rate) packets/s"
echo "# $LOAD"
equal "$APPLIES applies, none fails" 0 "$failed"
equal "0 of $(load .received) packets handled by a mix of generations" 0 "$(load .mixed)"
equal "0 packets skip or repeat a hop" 0 "$(load .short)"
equal "0 packets dropped: 0 missed tail calls" 0 "$(load .dropped)"
equal "0 missed in the counters of $looked generations" 0 "$missed"
equal "0 packets lost otherwise" "0 0 0" "$(load '"\(.lost) \(.passed) \(.redirected)"')"
equal "every packet that entered came back" "$(load .entered)" "$(load '.received + .tx_lost')"
equal "0 packets overtaken by another" 0 "$(load .backward)"
switches=$(load .switches)
if [ "$switches" -le "$APPLIES" ] && [ "$switches" -gt $((APPLIES / 20)) ]; then
	ok "load in between: $switches switches of builds seen in $APPLIES applies"
else
	fail "load in between" "$switches switches of builds seen in $APPLIES applies"
fi
equal "both builds handled packets, no other" "true true 0" \
	"$(load '"\(.builds[1] > 0) \(.builds[2] > 0) \(.builds[0] + .builds[3] + .builds[4])"')"
expect 0 "show" pin -j show eth0
json "nothing missed in the end, $APPLIES generations later" \
	".missed == 0 and .generation == $((APPLIES + 1)) and .previous == $APPLIES"

# The instruments see what they are there for: rewrite the running chain as one must not.
running=$PINS/eth0/gen/$((APPLIES + 1)) previous=$PINS/eth0/gen/$APPLIES
slot=$(jq '[.links[].from] | index("s1") + 1' "$T/out")
# met PACKETS: so many more have left s1 since.
met() {
	local n
	n=$(bpftool -j map lookup pinned "$running/edges" key "$slot" 0 0 0 |
		jq '[.formatted.values[].value.packets] | add')
	[ "${1-}" ] || MET=$n
	[ "$n" -ge $((MET + ${1-0})) ]
}
# shellcheck disable=SC2086 # words
load_start --hops 4 ${GALETTE_LOAD-}
bpftool map update pinned "$running/slots" key "$slot" 0 0 0 value pinned "$previous/nf/s3"
met
wait_for met 1000
load_stop
holds "a slot rewritten to another generation's NF shows: $(load .mixed) mixed" \
	test "$(load .mixed)" -gt 0
# shellcheck disable=SC2086 # words
load_start --hops 4 ${GALETTE_LOAD-}
bpftool map delete pinned "$running/slots" key "$slot" 0 0 0
met
wait_for met 1000
load_stop
holds "an empty slot shows: $(load .dropped) dropped" test "$(load .dropped)" -gt 0
equal "and is not taken for another loss" 0 "$(load .lost)"
pin -j show eth0 > "$T/out"
json "an empty slot shows in missed" ".missed == $(load .dropped)"
expect 0 "detach" pin detach eth0
