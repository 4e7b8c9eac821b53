#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# An interface is its index, not its name: one that went and came back, was
# renamed, or is in another namespace is never taken for the one that a
# generation knows. And what is not a chain's is never touched.
#
# modes: native generic
# wires: veth cards
. "$(dirname "$0")/../lib.sh"

cat > "$T/drop.toml" <<-'END'
	[[links]]
	from = "rx"
	to = ["drop"]
END
cat > "$T/abort.toml" <<-'END'
	[[links]]
	from = "rx"
	to = ["abort"]
END
cat > "$T/two.toml" <<-'END'
	[[links]]
	from = "rx"
	to = ["tx(eth1)"]
END

# Of eight frames, those that went on to the stack.
leaked() {
	probe
	probed .stack
}

bench
equal "frames reach the stack" 8 "$(leaked)"
expect 0 "attach" pin -q attach eth0 "$T/drop.toml"
expect 0 "apply" pin -q apply eth0 "$T/abort.toml"

# It goes, with its link, and another of the same name comes.
gone eth0 peer0
bench
equal "an interface that has gone is not attached" none "$(attached_mode)"
expect 3 "plan has something to do" pin plan --exit-code eth0 "$T/abort.toml"
prints "it is the interface" "^\+ interface eth0"
expect 0 "apply takes the new one" pin -q apply eth0 "$T/abort.toml"
equal "it is attached" "$MODE" "$(attached_mode)"
expect 1 "rollback to a generation that knows the old one" pin rollback eth0
sentence "is refused, and says so" "another eth0"
equal "nothing leaks to the stack" 0 "$(leaked)"
pin -j show eth0 > "$T/out"
json "… of what the chain has got" '.links[0].packets == 8'

# Killed between the link and the commit: the link is there, the generation is not.
call=0
status=137
while [ $status -eq 137 ] && [ "$(attached_mode)" = "$MODE" ]; do
	call=$((call + 1))
	gone eth0 peer0
	bench
	"$HELPERS/inject" --calls bpf:OBJ_PIN,bpf:LINK_CREATE,bpf:MAP_UPDATE_ELEM,unlink,rename \
		--kill $call -- "$GALETTE" -q apply eth0 "$T/abort.toml"
	status=$?
	pin -q apply eth0 "$T/abort.toml"
done 2> "$T/err"
equal "after a kill at each call the next apply attaches it" "$MODE" "$(attached_mode)"
echo "# $call calls"

# Another network namespace has another eth0.
netns other
for i in 0 1 2 3 4; do
	in_ns other ip link add "pad$i" type veth peer name "pod$i"
done
in_ns other ip link add eth0 type veth peer name peer0
expect 1 "apply from another namespace" in_ns other "$GALETTE" apply eth0 "$T/drop.toml"
sentence "is refused" "renamed, or this is another network namespace"
equal "the chain is as before" "$MODE" "$(attached_mode)"
expect 0 "detach" pin -q detach eth0

# Renamed, and another put in its place.
expect 0 "attach" pin -q attach eth0 "$T/drop.toml"
ip link set eth0 down
ip link set eth0 name lan0
ip link add eth0 type veth peer name peer9
expect 1 "apply where the name means another" pin apply eth0 "$T/abort.toml"
sentence "is refused" "renamed, or this is another network namespace"
expect 0 "detach lets go of the renamed one" pin -q detach eth0
equal "it has no XDP any more" null "$(ip -j link show lan0 | jq '.[0].xdp')"
ip link del eth0
gone lan0 peer0

# Only what was given on the command line is meant by a bare rx.
bench
bench 1
equal "frames reach the stack of these, too" 8 "$(leaked)"
expect 0 "attach to one, redirect to another" pin -q attach eth0 "$T/two.toml"
pin -j show eth0 > "$T/out"
json "rx is the interface that was given" '[.links[] | select(.from == "rx(eth0)").to] == ["tx(eth1)"]'
json "the other is left to the stack" '[.links[] | select(.from == "rx(eth1)").to] == ["pass"]'
expect 0 "plan without it" pin plan eth0 "$T/drop.toml"
prints "… names it" "^- interface eth1 kept for rollback, then let go$"
expect 0 "apply without it" pin -q apply eth0 "$T/drop.toml"
expect 0 "and once more" pin -q apply eth0 "$T/abort.toml"
equal "nobody needs the other any more: it is let go" null "$(ip -j link show eth1 | jq '.[0].xdp')"
equal "one link is left" eth0 "$(ls "$PINS/eth0/link")"
# again MODE [OPTION ...]: the mode that the other has, when it comes back.
again() {
	local want=$1
	shift
	pin -q apply eth0 "$T/drop.toml" && pin -q apply eth0 "$T/abort.toml"
	expect 0 "with it again${*:+ ($*)}" pin apply "$@" eth0 "$T/two.toml"
	pin -j show eth0 > "$T/out"
	json "… it is $want" '[.interfaces[] | select(.name == "eth1").mode] == ["'"$want"'"]'
}
again "$MODE"
[ "$MODE" = native ] && other=generic || other=native
again "$other" --mode "$other"
says "… it says that the one which is attached is not" "warning: eth0 stays $MODE"
expect 0 "show" pin show eth0
prints "… so does the text" "^chain eth0: .*, --mode $other$"
# has MODE: that the chain has; the interface which was attached all the time stays as it is.
has() {
	pin -j show eth0 > "$T/out"
	json "… the chain has $1, eth0 $MODE" \
		"[.mode, (.interfaces[] | select(.name == \"eth0\").mode)] == [\"$1\", \"$MODE\"]"
}
has "$other"
kept=auto
[ "$MODE" = native ] || kept=generic # as pin() attaches
expect 0 "rollback" pin -q rollback eth0
has $kept
expect 0 "… and back" pin -q rollback eth0
has "$other"
again "$other"
expect 0 "another mode is a change" pin plan --mode auto eth0 "$T/two.toml"
prints "… named" "^~ mode auto was $other$"
expect 0 "… that apply makes" pin -q apply --mode auto eth0 "$T/two.toml"
has auto
gone eth1 peer1
expect 0 "plan without an interface that has gone" pin plan eth0 "$T/drop.toml"
prints "… names it" "^- interface eth1 has gone$"
expect 0 "an interface that has gone and is not named is no obstacle" \
	pin -q apply eth0 "$T/drop.toml"

# A pin or two are gone: detach needs none of them.
rm "$PINS/eth0/gen/"*/graph
expect 1 "a chain that cannot be read" pin apply eth0 "$T/abort.toml"
expect 0 "can be detached" pin detach eth0
equal "and leaves nothing" "" "$(ls "$PINS")"
expect 0 "attach" pin -q attach eth0 "$T/drop.toml"
rm "$PINS"/eth0/gen/*/ingress
expect 1 "a chain whose generation cannot be told" pin apply eth0 "$T/abort.toml"
says "is not torn down" "detach the chain"
equal "it drops as before" 0 "$(leaked)"
expect 0 "but by detach" pin -q detach eth0

# A slot that somebody emptied shows, and is filled again.
expect 0 "attach" pin -q attach eth0 "$T/drop.toml"
bpftool map delete pinned "$PINS/eth0/gen/1/slots" key 1 0 0 0
pin -j show eth0 > "$T/out"
json "an empty slot is shown" '.links[0].to == "none"'
expect 0 "link fills it" pin -q link eth0 rx drop
pin -j show eth0 > "$T/out"
json "and it drops again" '.links[0].to == "drop"'
expect 0 "detach" pin -q detach eth0

# Files that are no pins.
mkdir -p "$T/home/alice/maps"
echo precious > "$T/home/alice/maps/letter"
for verb in "detach alice" "rollback alice" "apply alice $T/drop.toml" "link alice rx drop"; do
	# shellcheck disable=SC2086 # words
	expect 1 "$verb where there is no bpffs" "$GALETTE" --pin-root "$T/home" $verb
done
equal "touches nothing" precious "$(cat "$T/home/alice/maps/letter")"

# Forms of a pin root.
for root in /sys/fs/bpf/other/ /sys/fs/bpf/a/b; do
	expect 0 "--pin-root $root" pin -q --pin-root "$root" attach eth0 "$T/drop.toml"
	expect 0 "detach" "$GALETTE" -q --pin-root "$root" detach eth0
done

# No grace period by membarrier: the commands that need one have another way.
nobarrier() {
	"$HELPERS/inject" --calls membarrier --error EPERM 1 -- "$GALETTE" "$@"
}
expect 0 "attach" pin -q attach eth0 "$T/drop.toml"
for file in abort drop abort; do
	expect 0 "apply without membarrier" nobarrier -q apply eth0 "$T/$file.toml"
done
equal "three applies without membarrier leave two generations" 2 \
	"$(find "$PINS/eth0/gen" -mindepth 1 -maxdepth 1 | wc -l)"
expect 0 "detach" pin -q detach eth0
