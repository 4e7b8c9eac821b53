#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What a share of packets that meet a heavy function costs the others. All are classified and
# have their addresses swapped; the heavy ones meet the function in between: so many rounds
# of nf/compute, or nf/sleep, which blocks. It runs in the kernel, or in user space with one
# or two pipes, whose queue is short ($FRAMES), for it is full when there is too much work.
#
# At half the rate that is borne without heavy packets, by function and share:
#   goodput         light packets that came through, as a share of those sent, in relation to
#                   the same without heavy packets
#   light_p99, heavy_p99
#   heavy_rate      heavy packets a second that came through while others were sent
#   heavy_goodput   their share of those sent, with those still in the queue in the end
. "$(dirname "$0")/../lib.sh"
# shellcheck source=selftests/bench/split.sh
. "$BENCH/split.sh"

FRAMES=256
FUNCTIONS=(compute-1000 compute-10000 compute-100000 sleep-1000) # rounds, us
SHARES=(0.001 0.01 0.1 1)
[ -z "$SMOKE" ] || FUNCTIONS=(compute-1000 sleep-1000) SHARES=(0.1)

# The contenders are places to run the function in, all of one chain: no files for them.
load_contender() {
	CONTENDER=$1
	SINK=$GEN0
	GENERATE=()
	pids() { slow_show '.pid // empty' "$DUT0"; }
	start() {
		heavy_chain > "$T/heavy.toml"
		on_dut "$GALETTE" --nf-path "$NF" -q attach --mode native "$DUT0" "$T/heavy.toml"
	}
	stop() { pin -q detach "$DUT0"; }
}

heavy_chain() {
	local upcall=!
	if [ "$CONTENDER" = kernel ]; then
		upcall=
	else
		printf '[slowpath]\npipes = %d\nframes = %d\n' "${CONTENDER#pipes-}" $FRAMES
	fi
	echo "[functions.heavy]"
	case $FUNCTION in
	compute-*) printf 'path = "compute"\nconfig = { iterations = %d }\n' "${FUNCTION#*-}" ;;
	sleep-*) printf 'path = "sleep"\nconfig = { microseconds = %d }\n' "${FUNCTION#*-}" ;;
	esac
	printf '[[links]]\nfrom = "heavy"\nto = ["macswap"]\n'
	branch_chain "${upcall}heavy"
}

half() {
	greatest light && RATE=$((GREATEST / 2))
}

point() { # SHARE
	generate --rate "$RATE" --heavy "$1" || return
	[ "$1" != 0 ] || BASE=$(result '.light.received / .light.sent')
	[ -n "$BASE" ] || return
	jq -e '.heavy.sent == 0 or .heavy.received > 0' <<< "$RESULT" > "$T/came" ||
		fail "$CONTENDER: no packet that met $FUNCTION came through"
	samples heavy "{\"function\":\"$FUNCTION\",\"share\":$1}" \
		goodput=ratio="(if .light.sent > 0 and $BASE > 0 then .light.received / .light.sent / $BASE else null end)" \
		light_p99=ns='(if .light.received > 0 then .light.p99 else null end)' \
		heavy_p99=ns='(if .heavy.p99 > 0 then .heavy.p99 else null end)' \
		heavy_rate=packets/s='(if .heavy.sent > 0 then .heavy_rate else null end)' \
		heavy_goodput=ratio='(if .heavy.sent > 0 then .heavy.received / .heavy.sent else null end)' \
		offered=packets/s=.offered cpu=share=.cpu received=packets=.received
}

heavy() {
	local share
	BASE=
	for share in 0 "${SHARES[@]}"; do
		point "$share"
	done
}

topology
RATE=
FUNCTION=${FUNCTIONS[0]}
with_contender kernel half
[ -n "$RATE" ] || { fail "no rate without loss"; exit; }
echo "# $TEST: at $RATE packets/s"
for FUNCTION in "${FUNCTIONS[@]}"; do
	CONTENDERS=(kernel pipes-1 pipes-2)
	[[ $FUNCTION != sleep-* ]] || CONTENDERS=(pipes-1 pipes-2) # the kernel cannot
	rounds heavy
done
