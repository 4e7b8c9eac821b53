#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Promise 5: what fails changes nothing, leaks nothing and says in one sentence
# what failed on what. Broken NFs first; then each bpf(2), mkdir(2) and netlink
# call fails in turn, with ENOMEM, EPERM or EAGAIN (in generic mode and on cards some of
# them: each third of attach, each ninth of the others). A call whose failure the tool
# can do without, or that is made again, may be survived: then the whole command
# must have been done.
#
# modes: native generic
# wires: veth cards
. "$(dirname "$0")/../lib.sh"

CALLS=bpf,mkdir,mkdirat,socket,bind,sendto,sendmsg,recvmsg,setsockopt

ERRORS=(ENOMEM EPERM EAGAIN)

linear "$T/a.toml" 1 s1 counter=count < /dev/null
linear "$T/b.toml" 2 counter=count s1 < /dev/null
bench
probe
objects > "$T/objects-nothing"

STEP=${GALETTE_FULL:-$(every 1)} # 1: each call

state() {
	handled 1
}

# Where nothing is pinned it is a word all the same.
identity() {
	echo pins:
	pinned | grep -vx "[.]"
	[ ! -e "$PINS/eth0/root" ] || root_id
}

# ---- NFs that cannot be loaded ----
broken_chain() {
	linear "$T/good.toml" 2 s1 s2 s3 < /dev/null
	sed 's/to = \["tx"\]/to = ["bad"]/' "$T/good.toml" > "$T/bad.toml"
	cat >> "$T/bad.toml" <<END
[functions.bad]
path = "$1"
[[links]]
from = "bad"
to = $2
END
}

# refused CASE STATUS PATTERN: attach where nothing is and apply where a chain runs.
refused() {
	local before
	for verb in attach apply; do
		[ $verb = attach ] || pin -q attach eth0 "$T/a.toml"
		before=$(identity)
		objects > "$T/objects"
		expect "$2" "$verb: $1 is refused" pin $verb eth0 "$T/bad.toml"
		says "$verb: … and says what and why" "$3"
		equal "$verb: … chain as before" "$before" "$(identity)"
		"$HELPERS/objects" --beyond "$T/objects" > "$T/left"
		equal "$verb: … nothing leaks" "" "$(cat "$T/left")"
		[ $verb = attach ] || equal "$verb: … packets go on" 1 "$(state)"
	done
	pin -q detach eth0
}

broken_chain reject '["tx", "drop"]'
refused "an NF that the verifier rejects" 1 "^galette-pin: .*bad.*(access|packet)"
equal "that is one sentence" 1 "$(wc -l < "$T/err")"

mkdir "$T/nf"
size=$(stat -c %s "$TESTNF/stamp.bpf.o")
saved=$TESTNF
TESTNF=$T/nf:$saved
for length in 0 1 64 $((size / 4)) $((size / 2)) $((size - 1)); do
	head -c "$length" "$saved/stamp.bpf.o" > "$T/nf/cut.bpf.o"
	broken_chain cut '["tx"]'
	refused "an object cut at $length of $size bytes" 2 "cut.bpf.o: "
done
head -c "$size" /dev/urandom > "$T/nf/cut.bpf.o"
refused "an object of random bytes" 2 "cut.bpf.o: "
cp "$HELPERS/load.bpf.o" "$T/nf/cut.bpf.o"
refused "an object that is no NF" 2 "cut.bpf.o: "
cp "$HELPERS/objects" "$T/nf/cut.bpf.o"
refused "an executable" 2 "cut.bpf.o: "
rm "$T/nf/cut.bpf.o"
mkdir "$T/nf/cut.bpf.o"
refused "a directory" 2 "cut.bpf.o"
rmdir "$T/nf/cut.bpf.o"
refused "an object that is not there" 2 "no 'cut.bpf.o'"
TESTNF=$saved

# ---- each call fails in turn ----
# series VERB OLD NEW RESET ARGS...: RESET brings the state back that OLD names.
series() {
	local verb=$1 old=$2 new=$3 reset=$4 round rounds=1 error n status what before state why
	shift 4
	local bad=0 survived=0 failed=0 least=4 step=$STEP
	# Generic mode and cards differ where a chain attaches.
	[ "$MODE $WIRE" = "native veth" ] || [ "$verb" = attach ] || step=$((STEP * 3)) least=1
	mode_option "$@"
	local option=("${MODE_OPTION[@]}")
	# Each call with one of the errors, the next with the next; GALETTE_FULL=1: with all of them.
	[ -z "${GALETTE_FULL-}" ] || rounds=${#ERRORS[@]}
	for ((round = 0; round < rounds; round++)); do
		before=
		for ((n = 1; ; n += step)); do
			error=${ERRORS[(n / step + round) % ${#ERRORS[@]}]}
			[ -n "$before" ] || before=$(identity)
			"$HELPERS/inject" --calls "$CALLS" --error "$error" "$n" -- \
				"$GALETTE" --nf-path "$TESTNF:$NF" "${option[@]}" "$@" 3> "$T/hit" > "$T/out" 2> "$T/err"
			status=$?
			read -r _ what < "$T/hit"
			[ "$what" != - ] || break
			state=$(state) why=
			case $status in
			0)
				survived=$((survived + 1)) before=
				[ "$state" = "$new" ] || why="status 0, packets handled by '$state'"
				[ "$state" = "$new" ] && ! $reset > "$T/next" 2>&1 &&
					why="survived, then: $(head -3 "$T/next" | tr '\n' ' ')"
				;;
			1)
				failed=$((failed + 1))
				if [ "$state" != "$old" ]; then
					why="packets handled by '$state'"
				elif [ "$before" != "$(identity)" ]; then
					why="pins changed: $(diff <(echo "$before") <(identity) | tr '\n' ' ')"
				elif ! is_sentence; then
					why="not one sentence: $(tr '\n' '|' < "$T/err")"
				fi
				;;
			*) why="status $status: $(head -1 "$T/err")" ;;
			esac
			[ -n "$why" ] || continue
			bad=$((bad + 1)) before=
			[ $bad -gt 8 ] || echo "#   $verb, $error in call $n, $what: $why"
			repair "$old"
		done
		$reset > "$T/next" 2>&1 || fail "$verb without a fault" "$(cat "$T/next")"
	done
	echo "#   $verb: $((failed + survived)) faults, $survived of them survived"
	equal "$verb: each call failing leaves the chain as it was, and says so" 0 $bad
	holds "$verb: $failed faults made it fail" test $failed -ge $least
}

# After a failure: from nothing to the state that $1 names.
repair() {
	pin -q detach eth0 > /dev/null 2>&1
	rm -rf "${PINS:?}/eth0"
	case $1 in
	1) pin -q attach eth0 "$T/b.toml" && pin -q apply eth0 "$T/a.toml" ;;
	2) pin -q attach eth0 "$T/a.toml" && pin -q apply eth0 "$T/b.toml" ;;
	esac
}

clean() {
	"$HELPERS/objects" --beyond "$T/$1" > "$T/left"
	equal "$2: nothing leaks" "" "$(cat "$T/left")"
}

# The next command clears what a survived one could not.
detached() {
	[ "$(attached_mode)" = "$MODE" ] && pin -q detach eth0 && [ "$(state)" = none ]
}
series attach none 1 detached -q attach eth0 "$T/a.toml"
clean objects-nothing attach

back() {
	pin -q apply eth0 "$T/a.toml" && [ "$(state)" = 1 ]
}
repair 1
series apply 1 2 back -q apply eth0 "$T/b.toml"
back_link() {
	pin -q link eth0 rx s1 && [ "$(state)" = 1 ]
}
repair 1
# Straight to the counter, no stamp.
state() {
	probe
	if ! read_probe || [ $((MIXED + LOST + DROPPED)) -gt 0 ]; then
		echo broken
	elif [ "${BUILDS[1]}" = 8 ]; then
		echo 1
	elif [ "${BUILDS[0]}" = 8 ]; then
		echo 2
	else
		echo broken
	fi
}
series link 1 2 back_link -q link eth0 rx counter
state() {
	handled 1
}
repair 2
rolled() {
	pin -q rollback eth0 && [ "$(state)" = 2 ]
}
series rollback 2 1 rolled -q rollback eth0
repair 1
attached() {
	repair 1
}
series detach 1 none attached -q detach eth0
pin -q detach eth0

# ---- with a slow path: some of the calls ----
STEP=${GALETTE_FULL:-$(every 6)}
for file in a b; do
	sed -i '/^\[functions.s1\]/a disable_xdp = true' "$T/$file.toml"
done
state() {
	handled 1 --slow
}
# Whatever failed: as many processes as the chain that runs needs.
needed() {
	[ "$(slow_processes)" = "$1" ]
}
slow_detached() {
	detached && needed 0
}
series attach none 1 slow_detached -q attach eth0 "$T/a.toml"
slow_back() {
	back && needed 2
}
repair 1
series apply 1 2 slow_back -q apply eth0 "$T/b.toml"
slow_attached() {
	attached && needed 2
}
series detach 1 none slow_attached -q detach eth0
pin -q detach eth0
equal "no galette-slow is left" 0 "$(slow_processes)"
clean objects-nothing "all in all"
