# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# For test scripts run by selftests/run: cases, namespaces, load; and what wires.sh and
# slow.sh have.
#
#   ok|fail|skip CASE [WHY]       one case's outcome
#   expect STATUS CASE CMD ...    run CMD; its output is then in $T/out and $T/err
#   says CASE REGEX               … and one line of stderr matches
#   prints CASE REGEX             … and one line of stdout matches
#   sentence CASE REGEX           stderr is one line, from galette-pin, that matches
#   json CASE FILTER              $T/out makes the jq filter true
#   equal CASE WANT GOT
#   holds CASE CMD ...           CMD ends with status 0
#   pin ARG ...                   galette-pin, with the tests' NFs before the real ones
#   mode_option ARG ...           sets $MODE_OPTION, what it needs before these arguments to
#                                 attach in $MODE, for who calls it in another way
#   attached_mode; attached_so    how eth0 is attached; a case: in $MODE
#   often N, every N              N times, each Nth; where it is not the first mode on a veth
#                                 a fifth of that, each 3Nth
#   own_etc                       an /etc of its own until the test ends, with an empty /etc/galette
#   netns NAME; in_ns NAME CMD    a network namespace; this mount namespace stays
#   has_live_frames               whether this kernel can (Linux 5.18)
#   refuses_slow FILE             where it cannot, attach says what galette-slow lacks
#   load_way                      sets $WAY, the option of loadgen by which frames meet the chain
#   load_start [OPTION ...]; load_stop [CMD ...]    loadgen in the background; result in $LOAD
#                                 CMD succeeds when no frame is on its way any more
#   probe [OPTION ...]            eight frames; result in $PROBE
#   handled HOPS [OPTION ...]     whose stamps eight frames come back with, by HOPS functions:
#                                 a build's number, "none" (they reach the stack) or "broken"

set -u

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=${GALETTE_BUILD:-$ROOT/build}
HELPERS=$BUILD/selftests/helpers
TESTNF=$BUILD/selftests/nf-objects
NF=$ROOT/build/nf
GALETTE=${GALETTE_PIN:-$BUILD/galette-pin}
PINS=/sys/fs/bpf/galette
MODE=${GALETTE_MODE:-native}
WIRE=${GALETTE_WIRE:-veth}
TEST=$(basename "$0")
[ "$MODE" = native ] || TEST+=" ($MODE)"
[ "$WIRE" = veth ] || TEST+=" on $WIRE"
LOAD_PID=
FAILED=0
ETC=
# A sanitized tool cannot look for leaks under ptrace.
export ASAN_OPTIONS=${ASAN_OPTIONS-detect_leaks=0}

ok() {
	echo "ok - $TEST: $1"
}

fail() {
	FAILED=$((FAILED + 1))
	echo "not ok - $TEST: $1${2+: $2}"
}

skip() {
	echo "ok - $TEST: $1 # SKIP ${2-}"
}

# Test scripts change interfaces and mounts: never those of the machine. (Not by comparing
# with /proc/1/ns: that may not be readable, even to root.)
if [ "$(id -u)" -ne 0 ] || [ "${GALETTE_INSIDE-}" != "$(readlink /proc/self/ns/{net,mnt})" ]; then
	skip "everything" "needs root and the namespaces of selftests/run"
	exit 0
fi

T=$(mktemp -d)
cleanup() {
	local name
	if [ -n "$LOAD_PID" ]; then
		kill "$LOAD_PID" 2>/dev/null
		wait "$LOAD_PID" 2>/dev/null
	fi
	for name in /run/netns/*; do
		[ -e "$name" ] && ip netns del "$(basename "$name")"
	done
	[ -z "$ETC" ] || umount /etc
	rm -rf "$T"
}
trap 'cleanup; [ $FAILED -eq 0 ] || exit 1' EXIT
trap 'exit 1' INT TERM

own_etc() {
	cp -a /etc "$T/etc" && mount --bind "$T/etc" /etc && ETC=own
	rm -rf /etc/galette
	mkdir /etc/galette
}

# Native is what there is without saying so. A test that says how it attaches means it.
mode_option() {
	MODE_OPTION=()
	if [ "$MODE" = generic ] && [[ " $* " =~ " attach " && ! " $* " =~ " "(help|--mode)" " ]]; then
		MODE_OPTION=(--mode generic)
	fi
}

pin() {
	mode_option "$@"
	"$GALETTE" --nf-path "$TESTNF:$NF" "${MODE_OPTION[@]}" "$@"
}

# … and it is so.
attached_mode() {
	pin -j show eth0 | jq -r '.interfaces[0].mode'
}
attached_so() {
	equal "eth0 is attached in $MODE mode" "$MODE" "$(attached_mode)"
}

indent() {
	sed 's/^/#   /' "$@"
}

expect() {
	local want=$1 name=$2 got
	shift 2
	"$@" > "$T/out" 2> "$T/err"
	got=$?
	if [ "$got" -eq "$want" ]; then
		ok "$name"
	else
		fail "$name" "exit status $got, not $want: $*"
		head -20 "$T/err" "$T/out" | indent
		return 1
	fi
}

says() {
	if grep -Eq -- "$2" "$T/err"; then
		ok "$1"
	else
		fail "$1" "stderr has no line like: $2"
		indent "$T/err"
	fi
}

prints() {
	if grep -Eq -- "$2" "$T/out"; then
		ok "$1"
	else
		fail "$1" "stdout has no line like: $2"
		head -40 "$T/out" | indent
	fi
}

is_sentence() {
	[ "$(wc -l < "$T/err")" -eq 1 ] && grep -Eq "^galette-pin: .*${1-}" "$T/err"
}

sentence() {
	if is_sentence "$2"; then
		ok "$1"
	else
		fail "$1" "stderr is not one sentence like: $2"
		indent "$T/err"
	fi
}

json() {
	if jq -e "$2" "$T/out" > "$T/jq" 2>&1; then
		ok "$1"
	else
		fail "$1" "not so: $2"
		{ head -3 "$T/jq"; head -c 2000 "$T/out"; } | indent
	fi
}

equal() {
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		fail "$1" "is '${3:0:400}', not '${2:0:400}'"
	fi
}

holds() {
	local name=$1
	shift
	if "$@" > "$T/holds" 2>&1; then
		ok "$name"
	else
		fail "$name" "not so: $*"
		head -20 "$T/holds" | indent
	fi
}

# wait_for CMD ...: until it succeeds. The bound only ends a hopeless wait.
wait_for() {
	local end=$((SECONDS + 120))
	until "$@" > /dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		read -rt 0.01 <> <(:) || :
	done
}

netns() {
	ip netns add "$1"
	in_ns "$1" ip link set lo up
}

in_ns() {
	local name=$1
	shift
	nsenter --net="/run/netns/$name" "$@"
}

# What takes as long as it is often done is done less in the second mode, and on machines with
# cards, which are emulated.
often() {
	[ "$MODE $WIRE" = "native veth" ] && echo "$1" || echo $(($1 / 5))
}

every() {
	[ "$MODE $WIRE" = "native veth" ] && echo "$1" || echo $(($1 * 3))
}

# What makes load, and what galette-slow passes packets with. Tried without the tool, which
# must come to the same.
has_live_frames() {
	if [ -z "${LIVE_FRAMES-}" ]; then
		veth live0 live1
		if "$HELPERS/loadgen" live1 live0 --count 8 > /dev/null 2> "$T/live" ||
			! grep -q 'BPF_PROG_TEST_RUN: Invalid argument' "$T/live"; then
			LIVE_FRAMES=yes
		else
			LIVE_FRAMES=no
		fi
		rm -rf /sys/fs/bpf/load-live1
		ip link del live0
	fi
	[ "$LIVE_FRAMES" = yes ]
}

refuses_slow() {
	expect 1 "attach is refused where the slow path cannot work" pin attach eth0 "$1"
	says "… it says what the kernel lacks" "^galette-pin: .*no live frames.*Linux 5\.18"
	equal "… and nothing is made" "no XDP, no pin" \
		"$(ip link show eth0 | grep -q xdp || printf 'no XDP, '; [ -e "$PINS/eth0" ] || echo no pin)"
	skip "the slow path" "this kernel has no live frames"
}

# Live frames do not meet generic XDP, nor a card on the other end of a wire.
load_way() {
	WAY=
	if [ "$MODE" = generic ] || [ "$WIRE" = cards ] || ! has_live_frames; then
		WAY=--skb
	fi
}

load_start() {
	load_way
	rm -f "$T/ready"
	"$HELPERS/loadgen" peer0 eth0 $WAY --ready "$T/ready" "$@" > "$T/load" &
	LOAD_PID=$!
	wait_for test -e "$T/ready"
}

load_stop() {
	kill -TERM "$LOAD_PID"
	[ $# = 0 ] || { wait_for "$@" && kill -TERM "$LOAD_PID" 2> /dev/null; }
	wait "$LOAD_PID"
	LOAD_PID=
	LOAD=$(cat "$T/load")
	[ "$WIRE" = veth ] || card_counts
}

load() {
	jq -r "$1" <<< "$LOAD"
}

probe() {
	PROBE=$("$HELPERS/loadgen" peer0 eth0 --skb --count 8 "$@")
}

probed() {
	jq -r "$1" <<< "$PROBE"
}

# The numbers of a probe, without the 20 ms that jq takes to start.
read_probe() {
	local builds
	[[ $PROBE =~ \"dropped\":([0-9]+),.*\"stack\":([0-9]+),.*\"lost\":(-?[0-9]+),\"mixed\":([0-9]+),\"short\":([0-9]+),.*\"builds\":\[([0-9,]+)\] ]] ||
		return
	DROPPED=${BASH_REMATCH[1]} STACK=${BASH_REMATCH[2]} LOST=${BASH_REMATCH[3]}
	MIXED=${BASH_REMATCH[4]} SHORT=${BASH_REMATCH[5]} builds=${BASH_REMATCH[6]}
	IFS=, read -ra BUILDS <<< "$builds"
}

handled() {
	probe --hops "$@"
	if ! read_probe || [ $((MIXED + LOST + DROPPED)) -gt 0 ]; then
		echo broken
	elif [ "$SHORT" = 0 ] && [ "${BUILDS[1]}" = 8 ]; then
		echo 1
	elif [ "$SHORT" = 0 ] && [ "${BUILDS[2]}" = 8 ]; then
		echo 2
	elif [ "$STACK" = 8 ]; then
		echo none
	else
		echo broken
	fi
}

# What is pinned, and with which program ids: the running chain's identity.
pinned() {
	(cd "$PINS" 2>/dev/null && find . | sort)
}

root_id() {
	bpftool -j map lookup pinned "$PINS/${1-eth0}/root" key 0 0 0 0
}

objects() {
	"$HELPERS/objects"
}

# linear FILE BUILD NAME ...: a chain file, rx to tx through stamps of this build and these
# names. A NAME "other=path" is another NF instead, of one action; extra lines from stdin.
linear() {
	local file=$1 build=$2 from=rx name
	shift 2
	{
		for name; do
			if [ "${name#*=}" = "$name" ]; then
				echo "[functions.$name]"
				echo "path = \"stamp\""
				echo "config = { build = $build }"
			else
				echo "[functions.${name%=*}]"
				echo "path = \"${name#*=}\""
			fi
		done
		for name in "$@" tx; do
			printf '[[links]]\nfrom = "%s"\nto = ["%s"]\n' "$from" "${name%=*}"
			from=${name%=*}
		done
		[ -t 0 ] || cat
	} > "$file"
}

# shellcheck source=selftests/wires.sh
. "$ROOT/selftests/wires.sh"
# shellcheck source=selftests/slow.sh
. "$ROOT/selftests/slow.sh"
