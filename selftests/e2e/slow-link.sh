#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# One edge is led into the slow path and back under load: galette-slow is there
# when the first packet comes, and goes when the last is done. Then all other ways
# that a chain begins or ceases to need it.
#
# rcu: normal
# modes: native generic
# wires: veth cards
. "$(dirname "$0")/../lib.sh"

LINKS=${GALETTE_SLOW_LINKS:-$(often 100)}

# Its process, by /proc and not by what it says of itself.
alive() {
	local pid
	pid=$(slow_show .pid)
	[ "$pid" != null ] && [ "$(cat "/proc/$pid/comm")" = galette-slow ]
}

nothing_to_do() {
	expect 0 "$1: plan has nothing to do" pin plan --exit-code eth0 "$2"
}

# here CASE: running, as many processes as there must be. gone CASE: none.
here() {
	holds "$1: galette-slow is there" alive
	equal "$1: … with its pipe" "2" "$(slow_processes)"
}
gone() {
	equal "$1: galette-slow is gone" "null 0" "$(slow_show .pid) $(slow_processes)"
}

linear "$T/kernel.toml" 1 s1 s2 counter=count < /dev/null
linear "$T/other.toml" 2 s1 s2 counter=count < /dev/null
sed 's/to = \["s2"\]/to = ["!s2"]/' "$T/kernel.toml" > "$T/slow.toml"
bench
expect 0 "attach of a chain that stays in the kernel" pin attach eth0 "$T/kernel.toml" || exit
attached_so
gone "attach"

# ---- there and back, many times ----
slow_base
load_start --hops 2 --slow --rate 40000 --batch 16 --burst 1000 --cpu $(($(nproc) - 1))
failed=0 wrong=0 start=${EPOCHREALTIME/./}
for ((i = 1; i <= LINKS; i++)); do
	for to in '!s2' s2; do
		pin -q link eth0 s1:next "$to" > "$T/out" 2> "$T/err" || {
			failed=$((failed + 1))
			indent "$T/err"
		}
		[ $to = s2 ] && want=0 || want=2
		[ "$(slow_processes)" = "$want" ] || wrong=$((wrong + 1))
	done
done
micros=$((${EPOCHREALTIME/./} - start))
load_stop
echo "# $((2 * LINKS)) links in $((micros / 1000)) ms, $((micros / LINKS / 2)) us each, under $(load .rate) packets/s"
echo "# $LOAD"
equal "$((2 * LINKS)) links, none fails" 0 $failed
equal "galette-slow there after each to !s2, gone after each back" 0 $wrong
equal "0 packets lost, mixed or with a hop too few or too many" "0 0 0 0 0" \
	"$(load '"\(.dropped) \(.back_lost) \(.lost) \(.mixed) \(.short)"')"
equal "every packet that entered came back: $(load .entered)" "$(load .entered)" "$(load .received)"
read -ra added <<< "$(slow_added)"
# Generic XDP and cards do not tell which.
redirected=$(load .redirected)
[ "$MODE $WIRE" = "native veth" ] || redirected=${added[0]}
equal "… some by the kernel alone, the others by galette-slow, as it says" \
	"$redirected $redirected" "${added[0]} ${added[1]}"
holds "… both of them: $redirected of $(load .received)" \
	test "$redirected" -gt 0 -a "$redirected" -lt "$(load .received)"
pin -j show eth0 > "$T/out"
json "the same generation, nothing missed, nothing absent" '.generation == 1 and .missed == 0'
equal "the counter has them all" "$(load .entered)" \
	"$(pin -j map eth0 counter:seen | jq '[.. | .value? // empty | numbers] | add')"
nothing_to_do "back in the kernel" "$T/kernel.toml"

# ---- what it is then ----
seen() {
	slow_show '[.pipes[].tx] | add // 0'
}
# by_slow CASE [HOPS]: eight frames come back with their two hops, all of them by galette-slow.
by_slow() {
	local before
	before=$(seen)
	probe --slow --hops "${2:-2}"
	equal "$1" "8 0 8" "$(probed '"\(.received) \(.short)"') $(($(seen) - before))"
}
expect 0 "link to !s2" pin link eth0 s1:next '!s2'
here "linked"
pin -j show eth0 > "$T/out"
json "show says so" '.links[] | select(.from == "s1").to == "!s2"'
nothing_to_do "linked" "$T/slow.toml"
by_slow "packets come back by it"
expect 0 "an edge that packets meet in the slow path: link s2 past the counter" \
	pin link eth0 s2:next tx
sent=$(seen)
probe --slow --hops 2
equal "… packets take it" "8 8" "$(probed .received) $(($(seen) - sent))"
expect 0 "… to drop" pin link eth0 s2:next drop
probe --slow --patience 1
equal "… they are dropped there" 0 "$(probed .received)"
equal "… and counted" 8 "$(slow_show '[.pipes[].drop] | add')"
expect 0 "… and back" pin link eth0 s2:next counter
nothing_to_do "linked back" "$T/slow.toml"

# ---- refusals ----
# A function without a native object, and one that has no other.
mkdir "$T/nf"
cp "$TESTNF/stamp.bpf.o" "$T/nf/bare.bpf.o"
cp "$TESTNF/stamp.so" "$T/nf/native.so"
TESTNF=$T/nf:$TESTNF
linear "$T/both.toml" 1 s1 s2 bare=bare native=native < /dev/null
sed -i -e 's/to = \["native"\]/to = ["tx"]/' -e '/^\[functions.native\]/a disable_xdp = true' "$T/both.toml"
expect 0 "apply of a chain with them" pin apply eth0 "$T/both.toml"
gone "applied"
as_is=$(pinned; root_id)
# refused CASE EDGE TARGET REGEX
refused() {
	expect 2 "$1 is refused" pin link eth0 "$2" "$3"
	sentence "… and says why" "$4"
	equal "… and changes nothing" "$as_is" "$(pinned; root_id)"
	gone "… it"
}
refused "a link to !function without a native object" s2:next '!bare' "bare"
refused "a link to !function that leads to one without" rx '!s1' "bare"
refused "a link to an unknown !function" rx '!s9' "s9"
linear "$T/large.toml" 1 s1 large=native-large < /dev/null
expect 0 "apply of a chain with a map that has too much for the slow path" pin apply eth0 "$T/large.toml"
as_is=$(pinned; root_id)
expect 2 "a link to the !function that has it is refused" pin link eth0 s1:next '!large'
says "… and says why" "entries of map 'large:large' have 3076 bytes: 3072 are possible there"
equal "… and changes nothing" "$as_is" "$(pinned; root_id)"
expect 0 "apply of the chain before" pin apply eth0 "$T/both.toml"

# A function that has disable_xdp is led to without '!' as well; without it, not.
expect 0 "a link to a native function without !" pin link eth0 bare:next native
here "linked to a native function"
expect 0 "… and back" pin link eth0 bare:next tx
gone "linked back"
as_is=$(pinned; root_id)

# ---- functions that the kernel never runs ----
# One behind the other: no packet goes to either when the kernel passes the first.
linear "$T/two.toml" 1 s1 s2 s3 counter=count < /dev/null
sed -i '/^\[functions.s[23]\]/a disable_xdp = true' "$T/two.toml"
expect 0 "apply of two slow functions in a row" pin apply eth0 "$T/two.toml"
here "two in a row"
nothing_to_do "two in a row" "$T/two.toml"
expect 0 "link past both" pin link eth0 s1:next counter
gone "linked past both"
expect 0 "… and back" pin link eth0 s1:next s2
here "linked back to both"
nothing_to_do "linked back to both" "$T/two.toml"
by_slow "… packets come back by it" 3

# One that has no program for the kernel, called without '!', behind one that has: both in the slow path.
for first in s2 '!s2'; do
	linear "$T/behind.toml" 1 s1 s2 native=native < /dev/null
	if [ $first = s2 ]; then
		sed -i '/^\[functions.s2\]/a disable_xdp = true' "$T/behind.toml"
	else
		sed -i 's/to = \["s2"\]/to = ["!s2"]/' "$T/behind.toml"
	fi
	expect 0 "apply of a native function behind $first" pin apply eth0 "$T/behind.toml"
	pin -j show eth0 > "$T/out"
	json "… show says what the file says" '.links[] | select(.from == "s2").to == "native"'
	nothing_to_do "… applied" "$T/behind.toml"
	expect 0 "… link past it" pin link eth0 s2:next drop
	pin -j show eth0 > "$T/out"
	json "… show says so" '.links[] | select(.from == "s2").to == "drop"'
	probe --slow --patience 1
	equal "… packets are dropped there" 0 "$(probed .received)"
	expect 0 "… and back" pin link eth0 s2:next native
	nothing_to_do "… linked back" "$T/behind.toml"
	expect 0 "… link past both" pin link eth0 s1:next tx
	gone "linked past $first and a native function"
	expect 0 "… and back to both" pin link eth0 s1:next "$first"
	here "linked back to both"
	nothing_to_do "… linked back to both" "$T/behind.toml"
	probe --slow
	equal "… packets come back" 8 "$(probed .received)"
done
expect 0 "apply of the first" pin apply eth0 "$T/both.toml"
gone "applied"

# ---- rollback, apply ----
expect 0 "apply of the slow chain" pin apply eth0 "$T/slow.toml"
here "applied"
expect 0 "apply of one in the kernel" pin apply eth0 "$T/other.toml"
gone "applied"
nothing_to_do "applied" "$T/other.toml"
expect 0 "rollback to the slow chain" pin rollback eth0
here "rolled back"
nothing_to_do "rolled back" "$T/slow.toml"
by_slow "… packets come back by it"
expect 0 "rollback to the one in the kernel" pin rollback eth0
gone "rolled back"
probe --hops 2
equal "… packets do without it" "8 0" "$(probed '"\(.received) \(.short)"')"
expect 0 "and again" pin rollback eth0
here "and again"

# Other pipes, other frames: one that ran before cannot be taken over, and all is counted.
were=
for settings in "pipes = 3" "pipes = 3
frames = 512" "pipes = 2
frames = 64"; do
	{
		cat "$T/slow.toml"
		printf '[slowpath]\n%s\n' "$settings"
	} > "$T/sized.toml"
	name=$(tr '\n' ' ' <<< "$settings")
	slow_base
	load_start --hops 2 --slow --rate 40000 --batch 16 --burst 1000 --cpu $(($(nproc) - 1))
	expect 0 "apply with $name" pin apply eth0 "$T/sized.toml"
	load_stop frames_whole
	pin -j show eth0 > "$T/out"
	case $settings in
	*pipes*) json "… as many pipes" "[.slowpath.pipes[] | select(.pid)] | length == $(sed -n 's/^pipes = //p' <<< "$settings")" ;;
	esac
	case $settings in
	*frames*) json "… as many frames" ".slowpath.frames.total == $(sed -n 's/^frames = //p' <<< "$settings")" ;;
	esac
	nothing_to_do "with $name" "$T/sized.toml"
	echo "# $LOAD"
	# With another number of pipes a flow may have another one, and nobody waits for what is in the first.
	pipes=$(sed -n 's/^pipes = //p' <<< "$settings")
	if [ "$pipes" = "$were" ]; then
		equal "… none mixed, none overtaken" "0 0 0" "$(load '"\(.mixed) \(.short) \(.backward)"')"
	else
		equal "… none mixed" "0 0" "$(load '"\(.mixed) \(.short)"')"
	fi
	were=$pipes
	slow_balance "… with $name"
done
expect 0 "apply without" pin apply eth0 "$T/slow.toml"
here "without"

# One that cannot be had leaves the old one at work.
{
	cat "$T/slow.toml"
	printf '[slowpath]\npipes = 64\n'
} > "$T/huge.toml"
(
	ulimit -n 64
	pin -q apply eth0 "$T/huge.toml" > "$T/out" 2> "$T/err"
)
equal "an apply with more pipes than there can be sockets fails" 1 $?
nothing_to_do "failed" "$T/slow.toml"
here "failed"
by_slow "… packets come back by it"
expect 0 "detach" pin detach eth0
equal "… and galette-slow is gone" 0 "$(slow_processes)"
