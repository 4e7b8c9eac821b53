#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Whole chains are swapped under load while packets are on their way between the
# kernel and galette-slow. Each NF marks the packets with its build, those in the
# kernel and those in the slow path: the sink counts the mixed ones.
. "$(dirname "$0")/../lib.sh"

APPLIES=${GALETTE_APPLIES:-1000}
RATE=${GALETTE_RATE:-20000}

# linear, with s2 and what is behind it in the slow path.
slow() {
	linear "$@" < /dev/null
	sed -i '/^\[functions.s2\]/a disable_xdp = true' "$1"
}

slow "$T/a.toml" 1 s1 s2 s3
slow "$T/b.toml" 2 s1 s2 s3
bench
expect 0 "attach" pin attach eth0 "$T/a.toml" || exit
equal "galette-slow runs" 1 "$(pin -j show eth0 | jq '.slowpath.pipes | length')"

load_start --hops 3 --rate "$RATE" --batch 8 --burst 16 --cpu $(($(nproc) - 1))
failed=0
start=${EPOCHREALTIME/./}
for ((i = 1; i <= APPLIES; i++)); do
	[ $((i % 2)) = 1 ] && file=b || file=a
	pin -q apply eth0 "$T/$file.toml" > "$T/out" 2> "$T/err" || {
		failed=$((failed + 1))
		indent "$T/err"
	}
done
micros=$((${EPOCHREALTIME/./} - start))
load_stop
pin -j show eth0 > "$T/out"

echo "# $APPLIES applies in $((micros / 1000)) ms, $((micros / APPLIES)) us each, under $(load .rate) packets/s"
echo "# $LOAD"
jq -c .slowpath "$T/out" | indent
equal "$APPLIES applies, none fails" 0 "$failed"
equal "0 of $(load .received) packets handled by a mix of generations" 0 "$(load .mixed)"
equal "0 packets skip or repeat a hop" 0 "$(load .short)"
equal "0 packets dropped in the kernel" 0 "$(load .dropped)"
equal "0 packets overtaken by another" 0 "$(load .backward)"
expect 0 "detach" pin detach eth0
