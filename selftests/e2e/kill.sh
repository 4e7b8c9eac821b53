#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Promise 4: the tool is killed (SIGKILL, before the call is made) at each of
# its system calls in turn. Being killed before call N + 1 is being killed after
# call N: so every state that a kill between calls can leave is met. Counted are
# the calls that change what other processes see (below); between two of these
# the kernel's state is the same wherever the tool dies. To show that this is true,
# link dies at every seventh of all its calls (every 20th where there is a slow path); with
# GALETTE_FULL=1 all verbs do at each. In generic mode, which differs where it attaches, attach
# dies at each third, the others at each ninth; on cards as well, in both modes.
#
# After each kill: packets are handled wholly by the old or wholly by the new
# chain (or, without one, reach the stack), the next command works, and nothing
# is left that should not be.
#
# modes: native generic
# wires: veth cards
. "$(dirname "$0")/../lib.sh"

CALLS=bpf:MAP_UPDATE_ELEM,bpf:MAP_UPDATE_BATCH,bpf:MAP_DELETE_ELEM,bpf:MAP_FREEZE,bpf:OBJ_PIN
CALLS+=,bpf:LINK_CREATE,bpf:LINK_UPDATE,bpf:LINK_DETACH,bpf:PROG_ATTACH,bpf:PROG_LOAD
CALLS+=,mkdir,mkdirat,unlink,unlinkat,rmdir,rename,renameat,renameat2,symlink,symlinkat,link,linkat
CALLS+=,mount,umount2,flock,sendto,sendmsg,membarrier,exit_group
[ -z "${GALETTE_FULL-}" ] || CALLS=all

linear "$T/a.toml" 1 s1 counter=count s2 < /dev/null
linear "$T/b.toml" 2 s1 s2 counter=count < /dev/null

STEP=${GALETTE_FULL:-$(every 1)} # 1: at each

# Of both chains' two stamps.
state() {
	handled 2
}

tree() {
	if [ -d "$PINS" ]; then
		(cd "$PINS" && find . -mindepth 1 | sed 's/gen\/[0-9]*/gen\/N/' | sort)
	fi
}

# series VERB SETUP-STATES NEXT ARGS...: kill it at each call until one run ends by itself.
series() {
	local verb=$1 allowed=$2 next=$3 n now status what
	shift 3
	mode_option "$@"
	local option=("${MODE_OPTION[@]}") bad=0 kills list="" start=$SECONDS calls=$CALLS step=$STEP least=3
	if [ "$MODE $WIRE" != "native veth" ]; then
		least=1
		[[ $verb == *attach ]] || step=$((STEP * 3))
	fi
	case $verb in *link*)
		calls=all
		[ -n "${GALETTE_FULL-}" ] || [[ $verb == slow* ]] || step=$((step * 7)) ;;
	esac
	for ((n = 1; ; n += step)); do
		"$HELPERS/inject" --calls "$calls" --kill $n -- \
			"$GALETTE" --nf-path "$TESTNF:$NF" "${option[@]}" -q "$@" 3> "$T/hit" > "$T/out" 2> "$T/err"
		status=$?
		read -r _ what < "$T/hit"
		[ "$what" != - ] || break
		now=$(state)
		if [ $status -ne 137 ]; then
			list="status $status"
		elif [[ " $allowed " != *" $now "* ]]; then
			list="packets handled by '$now'"
		elif ! $next "$now" > "$T/next" 2>&1; then
			list="packets were handled by '$now'; the next command: $(head -3 "$T/next" | tr '\n' ' ')"
		else
			continue
		fi
		bad=$((bad + 1))
		[ $bad -gt 5 ] || echo "#   $verb killed at call $n, $what: $list"
		repair
	done
	kills=$(((n - 1) / step))
	equal "$verb, killed at $kills calls: chain whole, next command works" 0 $bad
	equal "$verb, not killed, ends well" 0 $status
	holds "$verb makes calls to be killed at" test "$kills" -ge $least
	[ $((SECONDS - start)) -lt 20 ] || echo "#   $((SECONDS - start)) s"
}

# After a failure: start again from nothing.
repair() {
	pin -q detach eth0 > /dev/null 2>&1
	rm -rf "${PINS:?}/eth0"
	[ "$BASE" = nothing ] || base
}

same_tree() {
	tree > "$T/tree"
	diff "$T/$1" "$T/tree"
}

bench
pin -q attach eth0 "$T/a.toml" && pin -q detach eth0
equal "nothing to begin with" none "$(state)"
tree > "$T/tree-nothing"
objects > "$T/objects-nothing"

# ---- attach: half done is not attached; the next attach takes over ----
BASE=nothing
next_attach() {
	if [ "$1" = none ]; then
		pin -q attach eth0 "$T/a.toml" || return
		[ "$(state)" = 1 ] || return
	fi
	pin -q detach eth0 && same_tree tree-nothing
}
series attach "none 1" next_attach attach eth0 "$T/a.toml"

# ---- the others: from build 2 running, build 1 before it ----
BASE=attached
base() {
	pin -q attach eth0 "$T/b.toml" || return
	[ "$BASE" = first ] || { pin -q apply eth0 "$T/a.toml" && pin -q apply eth0 "$T/b.toml"; }
}
attached_so
pin -q detach eth0
base
tree > "$T/tree-base"
next_apply() {
	pin -q apply eth0 "$T/b.toml" || return
	[ "$(state)" = 2 ] && same_tree tree-base
}
series apply "1 2" next_apply apply eth0 "$T/a.toml"
next_apply > "$T/next" || fail "apply afterwards" "$(cat "$T/next")"

# Killed apply, next command a rollback or a show: they must do as well.
next_rollback() {
	local want=2
	pin -j show eth0 > "$T/show" || return
	jq -e '.missed == 0' "$T/show" || return
	[ "$1" = 2 ] && want=1
	pin -q rollback eth0 || return
	[ "$(state)" = $want ] || return
	[ $want = 2 ] || pin -q rollback eth0 || return
	[ "$(state)" = 2 ] && same_tree tree-base
}
series rollback "1 2" next_rollback rollback eth0
[ "$(state)" = 2 ] || pin -q rollback eth0

next_link() {
	pin -q link eth0 s1:next s2 || return
	[ "$(state)" = 2 ] && same_tree tree-base
}
# From s1 over s2 and the counter; by link straight to the counter: one stamp less.
state() {
	probe
	if ! read_probe || [ $((MIXED + LOST + DROPPED + STACK)) -gt 0 ]; then
		echo broken
	else
		echo $((BUILDS[2] / 4))
	fi
}
series link "2" next_link link eth0 s1:next counter
state() {
	handled 2
}
pin -q link eth0 s1:next s2

# ---- detach: half done is gone, or still there ----
next_detach() {
	if [ "$1" != none ]; then
		pin -q detach eth0 || return
	fi
	[ "$(state)" = none ] || return
	[ "$1" = none ] || same_tree tree-nothing || return
	base && same_tree tree-base
}
series detach "none 2" next_detach detach eth0
pin -q detach eth0 2> /dev/null

# ---- with a slow path: at some of the calls ----
STEP=${GALETTE_FULL:-$(every 12)}
for file in a b; do
	sed -i '/^\[functions.s2\]/a disable_xdp = true' "$T/$file.toml"
done
state() {
	handled 2 --slow
}
# Started, and not yet told that nobody waits: the next command sees to that.
alone() {
	[ "$(slow_processes)" = "$1" ]
}
next_slow_attach() {
	next_attach "$@" && alone 0
}
BASE=nothing
series "slow attach" "none 1" next_slow_attach attach eth0 "$T/a.toml"
pin -q detach eth0
# starts PID: galette-slow is its child.
starts() {
	local child='' comm
	{ read -r child < "/proc/$1/task/$1/children"; } 2> /dev/null || [ -n "$child" ] || return
	{ read -r comm < "/proc/${child%% *}/comm"; } 2> /dev/null && [ "$comm" = galette-slow ]
}
# killed_early OLD NEXT ARGS...: while galette-slow starts, when the tool makes no calls.
killed_early() {
	local old=$1 next=$2 i k pid stat bad=0 hits=0 tries
	shift 2
	mode_option "$@"
	local option=("${MODE_OPTION[@]}")
	tries=$(often 20)
	for ((i = 0; i < 20; i += 20 / tries)); do
		"$GALETTE" --nf-path "$TESTNF:$NF" "${option[@]}" -q "$@" > "$T/out" 2> "$T/err" &
		pid=$!
		# Nothing here may take as long as galette-slow does.
		until starts $pid; do
			{ read -r stat < "/proc/$pid/stat"; } 2> /dev/null || break
			[[ ${stat##*) } != Z* ]] || break
		done
		for ((k = 0; k < 200 * i; k++)); do :; done
		kill -KILL $pid 2> /dev/null
		wait $pid 2> /dev/null
		[ $? -ne 137 ] || hits=$((hits + 1))
		now=$(state)
		[[ " $old " == *" $now "* ]] && $next "$now" > "$T/next" 2>&1 && continue
		bad=$((bad + 1))
		echo "#   packets handled by '$now'; the next command: $(head -3 "$T/next" | tr '\n' ' ')"
		repair
	done
	equal "$1, killed $hits times while galette-slow starts: chain whole, next command works" 0 $bad
	holds "$1 … $hits of $tries" test $hits -gt $((tries / 6))
}
killed_early "none 1" next_slow_attach attach eth0 "$T/a.toml"
BASE=attached
base
tree > "$T/tree-base"
next_slow_apply() {
	next_apply "$@" && alone 2
}
series "slow apply" "1 2" next_slow_apply apply eth0 "$T/a.toml"
next_apply > "$T/next" || fail "apply afterwards" "$(cat "$T/next")"
killed_early "1 2" next_slow_apply apply eth0 "$T/a.toml"
next_slow_detach() {
	next_detach "$@" && alone 2
}
series "slow detach" "none 2" next_slow_detach detach eth0
pin -q detach eth0 2> /dev/null

# Into the slow path and back: slot, route, upcall and galette-slow go together.
sed -i '/^disable_xdp/d' "$T/b.toml"
BASE=first
base
STEP=${GALETTE_FULL:-$(every 20)}
tree > "$T/tree-base"
routes() {
	bpftool -j map dump pinned "$PINS/eth0/gen/1/routes" | jq -c '[.[].value]'
}
routes > "$T/routes"
next_slow_link() {
	pin -q link eth0 s1:next s2 || return
	same_tree tree-base && alone 0 && routes | diff "$T/routes" -
}
series "slow link" "2" next_slow_link link eth0 s1:next '!s2'
pin -q link eth0 s1:next s2
next_slow_link_back() {
	next_slow_link && pin -q link eth0 s1:next '!s2' && alone 2
}
pin -q link eth0 s1:next '!s2'
series "slow link back" "2" next_slow_link_back link eth0 s1:next s2
pin -q detach eth0
equal "no galette-slow is left" 0 "$(slow_processes)"

same_tree tree-nothing > "$T/diff"
equal "no pin is left" "" "$(cat "$T/diff")"
"$HELPERS/objects" --beyond "$T/objects-nothing" > "$T/left"
equal "no program, map or link is left" "" "$(cat "$T/left")"
