#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The benchmarks run, and every contender's packets come through; how fast is not looked at.
. "$(dirname "$0")/../lib.sh"

[ "$BUILD" = "$ROOT/build" ] || {
	skip "bench" "it is build/ that is measured, this is $BUILD"
	exit
}

contender_came_through() { # EXPERIMENT NAME
	holds "$1, $2: packets came through" jq -se "map(select(.experiment == \"$1\" and .contender == \"$2\" and
		.metric == \"received\" and .value > 0)) | length > 0" "$T/bench/samples.jsonl"
}

mkdir "$T/bench"
BENCH_SMOKE=1 BENCH_OUT=$T/bench expect 0 "selftests/bench/bench.sh" "$ROOT/selftests/bench/bench.sh" || exit
for contender in "$ROOT"/selftests/bench/contenders/{,eight/,gateway/}*.sh; do
	name=${contender#"$ROOT"/selftests/bench/contenders/}
	name=${name%.sh}
	missing=$(sed -n "s|^ok - .*: $name # SKIP ||p" "$T/out" | head -1)
	if [ -n "$missing" ]; then
		skip "$name" "$missing"
	elif [[ $name == */* ]]; then
		contender_came_through "${name%/*}" "${name#*/}"
	else
		contender_came_through forward "$name"
	fi
done
# It ends with what keeps the core awake: selftests/run would find that.
BENCH_AWAKE=1 BENCH_SMOKE=1 BENCH_OUT=$T/awake/bench expect 0 "two experiments, with a core that stays awake" \
	"$ROOT/selftests/bench/bench.sh" eight burst
equal "… which is written down" true "$(jq .awake "$T/awake/bench/machine.json")"
holds "burst: what each packet more takes is told of galette" jq -se 'map(select(.experiment == "burst" and
	.contender == "galette" and .metric == "each")) | length > 0' "$T/awake/bench/samples.jsonl"
cp "$T/bench.json" "$T/out"
json "bench.json is a list of figures" 'length > 0 and all(.[]; has("experiment") and has("contender") and
	has("params") and has("metric") and has("unit") and .low <= .median and .median <= .high and .n > 0)'
