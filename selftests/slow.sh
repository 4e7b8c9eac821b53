# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# For lib.sh: galette-slow, as show and the pinned maps have it.
#
#   frames_whole [CHAIN]          whether galette-slow of CHAIN (eth0) has done with all its packets
#   slow_show FILTER [CHAIN]      of what show says of the slow path of CHAIN (eth0)
#   slow_processes                how many galette-slow has here: itself, and one a pipe
#   slow_runs; slow_gone          whether there is one; whether there is none
#   slow_chain TO FUNCTION [LINE] prints a chain file: all packets go through FUNCTION, which has
#                                 the LINE, in user space, then TO; of [slowpath] what comes from stdin
#   deliver_attached              how many programs for several packets to the stack are attached
#   harmless WHO FILE             of a process, its /proc/PID/status in FILE: another user, no rights
#   slow_base; slow_balance CASE  before load_start --slow, after load_stop: that galette-slow
#                                 and the wires have counted the same packets

slow_show() {
	pin -j show "${2-eth0}" | jq -r ".slowpath | $1"
}

# Every frame of its galette-slow is where it waits for packets; or, sent by a card, which says
# so late, where galette-slow finds it when the next packet comes.
frames_whole() {
	local back=.fill
	[ "$WIRE" = veth ] || back='(.fill + .completion)'
	[ "$(slow_show ".frames | $back == .total and .hand == 0" "$@")" = true ]
}

# Supervisors and pipes in this network namespace: also those that show has lost sight of.
slow_processes() {
	local stat rest n=0
	for stat in /proc/[0-9]*/stat; do
		{ read -r rest < "$stat"; } 2> /dev/null || continue
		[[ $rest == *"(galette-slow)"* ]] && [[ ${rest##*) } != Z* ]] &&
			[ "$(readlink "${stat%/stat}/ns/net")" = "$(readlink /proc/self/ns/net)" ] && n=$((n + 1))
	done
	echo $n
}

# One that galette-pin finds: it is ready.
slow_runs() {
	[ "$(slow_show '.pid // 0')" != 0 ]
}

# galette-slow has ended, or been ended.
slow_gone() {
	[ "$(slow_show .pid)" = null ]
}

slow_chain() {
	echo "[slowpath]"
	cat
	cat <<-END
		[functions.$2]
		${3-}
		disable_xdp = true
		[[links]]
		from = "rx"
		to = ["$2"]
		[[links]]
		from = "$2"
		to = ["$1"]
	END
}

# The program that pipes run for `pass` is on an interface, or on none.
deliver_attached() {
	local id
	for id in $(bpftool -j prog show | jq '.[] | select(.name == "galette_deliver").id'); do
		bpftool -j link show | jq --argjson id "$id" '.[] | select(.type == "xdp" and .prog_id == $id).id'
	done | wc -l
}

harmless() {
	holds "the $1 is not root" grep -Eq "^Uid:(\s+[1-9][0-9]*){4}$" "$2"
	holds "… in no group of root" grep -Eq "^Gid:(\s+[1-9][0-9]*){4}$" "$2"
	equal "… in no other group" "" "$(sed -n 's/^Groups:[[:space:]]*//p' "$2" | tr -d ' ')"
	equal "… no capability" "0000000000000000" "$(awk '/^Cap/ { print $2 }' "$2" | sort -u)"
	equal "… no new privileges" 1 "$(awk '/^NoNewPrivs/ { print $2 }' "$2")"
	equal "… seccomp filters" 2 "$(awk '/^Seccomp:/ { print $2 }' "$2")"
}

# Of all pipes: packets, the ways they left on, losses in the kernel's rings, other losses.
slow_counts() {
	slow_show '[.pipes[]? | [.packets, .tx + .redirect, .pass + .drop + .abort,
		.lost["rx-full"] + .lost["fill-empty"] + .lost["rx-dropped"],
		([.lost[]] | add) - .lost["rx-full"] - .lost["fill-empty"] - .lost["rx-dropped"]]] |
		transpose | if . == [] then [0, 0, 0, 0, 0] else map(add) end | join(" ")'
}

# Absent packets of this generation and those behind it: of any edge, also one that leads elsewhere now.
slow_absent() {
	local dir
	for dir in "$PINS"/eth0/gen/*; do
		[ "${dir##*/}" -lt "$SLOW_SINCE" ] || bpftool -j map dump pinned "$dir/upcalls"
	done | jq -s '[.[][].formatted.values[].value.absent] | add'
}

slow_base() {
	SLOW_SINCE=$(pin -j show eth0 | jq .generation)
	SLOW_BASE="$(slow_counts) $(slow_absent)"
}

# What has been added to them.
slow_added() {
	local slow_was slow_is i
	read -ra slow_was <<< "$SLOW_BASE"
	read -ra slow_is <<< "$(slow_counts) $(slow_absent)"
	for i in "${!slow_is[@]}"; do
		slow_is[i]=$((slow_is[i] - slow_was[i]))
	done
	echo "${slow_is[*]}"
}

# Of a card's frames is known which came back: that galette-slow could not send one is in its
# counts alone.
slow_unsent() {
	[ "$WIRE" = cards ] && echo "$1" || echo 0
}

# The pipes look at the kernel's counts ten times a second.
slow_agrees() {
	local added
	read -ra added <<< "$(slow_added)"
	[ "$((added[3] + added[5] + $(slow_unsent "${added[4]}")))" = "$(load .dropped)" ]
}

slow_balance() {
	local entered received dropped redirected back_lost lost added unsent
	wait_for slow_agrees
	read -r entered received dropped redirected back_lost lost \
		<<< "$(load '"\(.entered) \(.received) \(.dropped) \(.redirected) \(.back_lost) \(.lost)"')"
	read -ra added <<< "$(slow_added)"
	unsent=$(slow_unsent "${added[4]}")
	lost=$((lost + unsent)) dropped=$((dropped - unsent)) redirected=$((redirected + unsent))
	echo "# $1: $entered entered = $received came back + $((dropped - added[5])) found a full ring on the way there + $back_lost back + $lost in between + ${added[5]} absent"
	# Where XDP does not count, `dropped` is what is missing.
	{ [ "$MODE" = generic ] || [ "$WIRE" = cards ]; } ||
		equal "$1: each is somewhere" "$entered" $((received + dropped + back_lost + lost))
	equal "$1: … galette-slow counted those that it got, sent and lost, and those lost before it" \
		"$redirected $((redirected - added[2] - lost)) $dropped $lost" \
		"${added[0]} ${added[1]} $((added[3] + added[5])) ${added[4]}"
}
