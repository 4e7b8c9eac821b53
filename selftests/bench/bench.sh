#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# bench.sh [EXPERIMENT ...]: run experiments/*.sh but burst, or those named, each in namespaces of
# its own, then report.sh. Prints figures, judges none. What experiments measure is in
# build/bench/samples.jsonl.
#   BENCH_ROUNDS        repetitions of each figure, in turn with the other contenders' (5)
#   BENCH_SECONDS       for a point (0.2)
#   BENCH_CONTENDERS    only these
#   BENCH_SIZES         only these of forward's frames ("64 1518")
#   BENCH_SMOKE=1       one round of next to no length: that it works, not how fast
#   BENCH_AWAKE=1       the device's core does not sleep, in experiments with these wires: a
#                       virtual one takes tens of microseconds to wake, whoever has packets there
#   BENCH_OUT           where to (build/bench)
#   BENCH_KEEP=1        keep what is there of other experiments, though another run measured it
# lib.sh says how experiments and contenders are written.
set -u

here=$(dirname "$(realpath "$0")")
if [ "$(id -u)" -ne 0 ]; then
	echo "bench: SKIP, needs root"
	exit 0
fi
export BENCH_OUT=${BENCH_OUT:-$here/../../build/bench}
GALETTE_OUTSIDE=$(readlink /proc/self/ns/{net,mnt} | tr '\n' ' ')
export GALETTE_OUTSIDE
mkdir -p "$BENCH_OUT"
all=$BENCH_OUT/samples.jsonl
[ -n "${BENCH_KEEP-}" ] || : > "$all"
touch "$all"
# What else the machine does comes after.
[ -n "${BENCH_SMOKE-}" ] || renice -n -19 -p $$ > /dev/null

if [ $# -eq 0 ]; then
	GLOBIGNORE=$here/experiments/burst.sh
	set -- "$here"/experiments/*.sh
fi
trap 'exit 1' INT TERM HUP
status=0
for experiment; do
	experiment=$(basename "$experiment" .sh)
	jq -c "select(.experiment != \"$experiment\")" "$all" > "$all.new" && mv "$all.new" "$all"
	unshare -m -n --propagation private "$here/../run" --inside "$here/experiments/$experiment.sh" || status=1
done
"$here/report.sh" || status=1
exit $status
