# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034 # variables are for experiments and contenders
#
# For experiments (experiments/NAME.sh), which bench.sh runs each in namespaces of its own.
#
#   gen0 ══ dut0  device under test  dut1 ══ sink0
#
# The device under test is in the experiment's own network namespace, the ends of the wires
# in "gen" and "sink". Interfaces are called $GEN0 $DUT0 $DUT1 $SINK0, by this process's
# number, for their NAPI threads are seen by the whole machine. Those of $DUT0 and $DUT1 run
# on the last CPU ($DUT_CPU), generator and the other ends on the first. They have real-time
# priority, as interrupts would come first on a real NIC. Processes of contenders may use
# all CPUs but the first ($DUT_CPUS; on_dut CMD ...).
#
#   topology                  makes all that (and, with BENCH_AWAKE, what keeps $DUT_CPU awake); GENS and DUTS are the interfaces that frames leave by,
#                             and those of the device under test (one, and two)
#   contenders NAME ...       each a file contenders/NAME.sh with
#       needs                   (may be left out) says on stdout what is missing, if anything
#       start                   frames that come in at $DUT0 are on their way; fails if not
#       stop                    undoes it
#       pids                    processes whose CPU time, with their children's, is its own
#       SINK=$GEN0|$SINK0       where its frames come out ($GEN0, as macswap does: all of GENS)
#       GENERATE=(OPTION ...)   more options of the generator, such as --mac
#       DEFER=(N NS)            napi_defer_hard_irqs and gro_flush_timeout of $DUT0 (0 0)
#     Only those that are in BENCH_CONTENDERS, if that is set, and whose needs are met.
#   rounds CMD [ARG ...]      for each round, for each contender: start it, CMD, stop it
#   generate OPTION ...       what generate.c says of it, in $RESULT
#   greatest KEY OPTION ...   the greatest rate with a loss below 0.1 %, in $GREATEST, and $RESULT;
#                             the same KEY and contender are searched faster in later rounds
#   result FILTER             of $RESULT, by jq
#   bpf_bytes                 what programs and maps take in the kernel
#   sample EXPERIMENT CONTENDER PARAMS METRIC UNIT VALUE     into samples.jsonl; PARAMS in JSON
#   samples EXPERIMENT PARAMS METRIC=UNIT=FILTER ...         of $CONTENDER, from $RESULT, null left out
#
# ROUNDS, DURATION (seconds for a point), SMOKE, AWAKE: see bench.sh.

# shellcheck source=selftests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

BENCH=$ROOT/selftests/bench
OUT=${BENCH_OUT:-$ROOT/build/bench}
SMOKE=${BENCH_SMOKE-}
ROUNDS=${BENCH_ROUNDS:-${SMOKE:+1}}
ROUNDS=${ROUNDS:-5}
DURATION=${BENCH_SECONDS:-${SMOKE:+0.05}}
DURATION=${DURATION:-0.2}
AWAKE=${BENCH_AWAKE-}
LOSS=0.001

GEN0=gen0-$$ DUT0=dut0-$$ DUT1=dut1-$$ SINK0=sink0-$$
GEN_CPU=0
DUT_CPU=$(($(nproc --all) - 1))
DUT_CPUS=$((DUT_CPU > 0 ? 1 : 0))-$DUT_CPU
GENS=("$GEN0") DUTS=("$DUT0" "$DUT1")
CONTENDERS=()
DEFER=(0 0)
CONTENDER=
STARTED=
SPINNER=
declare -A GUESS

bench_end() {
	[ -z "$SPINNER" ] || kill "$SPINNER" 2> /dev/null
	[ -z "$STARTED" ] || stop
	cleanup
}
trap 'bench_end; [ $FAILED -eq 0 ] || exit 1' EXIT

on_dut() {
	taskset -c "$DUT_CPUS" "$@"
}

# ---- the wires ----

# Of lower priority than all else: what has packets takes the core from it at once.
stay_awake() {
	setpriv --pdeathsig KILL chrt -i 0 taskset -c "$DUT_CPU" bash -c 'while :; do :; done' &
	SPINNER=$!
	wait_for grep -qx bash "/proc/$SPINNER/comm"
}

napi_threads() {
	local comm name
	for comm in /proc/[0-9]*/comm; do
		{ read -r name < "$comm"; } 2> /dev/null || continue
		[[ $name == napi/$1-* ]] && comm=${comm%/comm} && echo "${comm##*/}"
	done
}

# NAPI is there while GRO is on, whatever comes and goes on the interface.
wire() { # IF CPU MAC
	local pid
	ip link set "$1" up && ethtool -K "$1" gro on tx off > /dev/null &&
		echo 1 > "/sys/class/net/$1/threaded" || return
	for pid in $(napi_threads "$1"); do
		taskset -cp "$2" "$pid" > /dev/null && chrt -f -p 1 "$pid" || return
	done
}

wires() {
	ip link add "$DUT0" address 02:00:00:00:00:02 type veth peer name "$GEN0" address 02:00:00:00:00:01 &&
		ip link add "$DUT1" address 02:00:00:00:00:03 type veth peer name "$SINK0" address 02:00:00:00:00:04 &&
		wire "$DUT0" "$DUT_CPU" && wire "$DUT1" "$DUT_CPU" &&
		netns gen && netns sink && far_end gen "$GEN0" && far_end sink "$SINK0"
}

topology() {
	{ [ -z "$AWAKE" ] || stay_awake; } && wires && return
	fail "the bench's wires"
	exit 1
}

# An interface that moves loses its threads, and gets new ones there. IPv6 would send frames
# of its own.
far_end() { # NETNS IF
	ip link set "$2" netns "$1" &&
		ip netns exec "$1" bash -c "$(declare -f napi_threads wire)
			echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6 && wire $2 $GEN_CPU"
}

# ---- contenders ----

load_contender() {
	CONTENDER=$1
	SINK=$GEN0
	GENERATE=()
	DEFER=(0 0)
	needs() { :; }
	pids() { :; }
	# shellcheck source=/dev/null
	. "$BENCH/contenders/$1.sh"
}

contenders() {
	local name missing
	for name; do
		[[ " ${BENCH_CONTENDERS-$name} " == *" $name "* ]] || continue
		load_contender "$name"
		missing=$(needs)
		if [ -n "$missing" ]; then
			skip "$name" "$missing"
		else
			CONTENDERS+=("$name")
		fi
	done
}

# Once packets have come, look for more after NS, N times, before one can interrupt again.
defer() { # N NS
	echo "$1" > "/sys/class/net/$DUT0/napi_defer_hard_irqs"
	echo "$2" > "/sys/class/net/$DUT0/gro_flush_timeout"
}

with_contender() {
	load_contender "$1"
	shift
	STARTED=1
	defer "${DEFER[@]}"
	if start; then
		"$@"
	else
		fail "$CONTENDER does not start"
	fi
	stop
	defer 0 0
	STARTED=
}

rounds() {
	local name
	for ((ROUND = 1; ROUND <= ROUNDS; ROUND++)); do
		for name in "${CONTENDERS[@]}"; do
			echo "# $TEST: round $ROUND of $ROUNDS, $name"
			with_contender "$name" "$@"
		done
	done
}

# These processes, and all below them.
family() {
	local pid
	for pid; do
		echo "$pid"
		# shellcheck disable=SC2046 # a list
		family $(pgrep -P "$pid")
	done
}

# ---- measuring ----

generate() {
	local dev pid pids=() from to
	# shellcheck disable=SC2046
	for pid in $(for dev in "${DUTS[@]}"; do napi_threads "$dev"; done) $(family $(pids)); do
		pids+=(--pid "$pid")
	done
	from=gen:$(IFS=,; echo "${GENS[*]}")
	to=$from
	[ "$SINK" = "$GEN0" ] || to=sink:$SINK
	RESULT=$("$BUILD/selftests/bench/generate" --cpu $GEN_CPU --seconds "$DURATION" "${pids[@]}" \
		${GENERATE[@]+"${GENERATE[@]}"} "$@" "$from" "$to" "${DUTS[@]}") ||
		{ fail "$CONTENDER: generate $*"; return 1; }
}

result() {
	jq -r "$1" <<< "$RESULT"
}

# A smoke test does not search: the machine may be too busy to lose nothing.
greatest() {
	local key="$CONTENDER $1"
	shift
	if [ -n "$SMOKE" ]; then
		generate --rate 5000 "$@" || return
	else
		generate --lossfree $LOSS ${GUESS[$key]+--guess "${GUESS[$key]}"} "$@" || return
		[ "$(result .found)" = true ] || { echo "# $key: no rate without loss"; return 1; }
	fi
	GREATEST=$(result .rate)
	# The best so far: from a round that was disturbed the next ones would not come up again.
	[ "${GUESS[$key]-0}" -ge "$GREATEST" ] || GUESS[$key]=$GREATEST
}

# Of programs and maps: those that are pinned, and the interface's own.
bpf_bytes() {
	local program
	program=$(ip -j link show "$DUT0" | jq '.[0].xdp.prog.id // 0')
	{
		bpftool -jf prog show
		bpftool -jf map show
	} | jq -s --arg pins "$PINS/" --argjson program "$program" '
		def pinned: .pinned // [] | any(startswith($pins));
		(.[0] | map(select(.id == $program or pinned))) as $programs |
		($programs | map(.map_ids[]?)) as $used |
		[$programs[], (.[1][] | select(pinned or (.id as $id | $used | index($id))))] |
		map(.bytes_memlock) | add // 0'
}

sample() {
	printf '{"experiment":"%s","contender":"%s","params":%s,"metric":"%s","unit":"%s","value":%s}\n' \
		"$@" >> "$OUT/samples.jsonl"
}

samples() {
	local experiment=$1 params=$2 each metric unit value filter=
	shift 2
	for each; do
		IFS='=' read -r metric unit value <<< "$each"
		filter+="{metric: \"$metric\", unit: \"$unit\", value: ($value)},"
	done
	jq -c --arg experiment "$experiment" --arg contender "$CONTENDER" --argjson params "$params" \
		"${filter%,} | select(.value != null) | { \$experiment, \$contender, \$params } + ." \
		<<< "$RESULT" >> "$OUT/samples.jsonl"
}
