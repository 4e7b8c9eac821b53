#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# attach, show, rollback, detach: what they do, refuse and leave.
#
# modes: native generic
# wires: veth cards
. "$(dirname "$0")/../lib.sh"

linear "$T/a.toml" 1 s1 counter=count s2 < /dev/null
linear "$T/b.toml" 2 s1 s2 < /dev/null
bench

# ---- usage ----
expect 0 "help" pin help
for verb in attach apply plan check link rollback detach show map help version; do
	pin help > "$T/out"
	prints "help names $verb" "^  $verb "
	expect 0 "help $verb" pin help $verb
	expect 0 "$verb --help" pin $verb --help
done
expect 0 "version" pin version
expect 2 "no verb" pin
expect 2 "an unknown verb" pin atach
sentence "… is guessed" "did you mean 'attach'"
expect 2 "an unknown option" pin --nothing show
expect 2 "an option of another verb" pin show --reset-map x
expect 2 "attach without a file" pin attach eth0
expect 2 "attach to nothing" pin attach "" "$T/a.toml"
expect 2 "attach to one interface twice" pin attach eth0 x=eth0 "$T/a.toml"
expect 2 "an unknown mode" pin attach --mode offload eth0 "$T/a.toml"
expect 2 "a file that is not there" pin attach eth0 "$T/none.toml"
expect 2 "an interface that is not there" pin attach eth7 "$T/a.toml"
says "… is named" "no interface 'eth7'"
expect 2 "an alias that is not bound" pin attach eth0 "$ROOT/chains/two-port.toml"
says "… is named" "(lan|wan)"
equal "nothing was left by all this" "" "$(pinned | grep -vx '[.]')"
for verb in show rollback detach "map" "apply x" "plan x" "link s1:next drop"; do
	# shellcheck disable=SC2086 # words
	set -- $verb
	[ "${2-}" != x ] || set -- "$1" eth0 "$T/a.toml"
	[ "$1" != link ] || set -- link eth0 s1:next drop
	[ $# -gt 1 ] || set -- "$1" eth0
	expect 1 "$1 without a chain" pin "$@"
	sentence "… says so" "'eth0'"
done
expect 0 "show of nothing" pin show
equal "… says nothing" "" "$(cat "$T/out")"
expect 0 "show -j of nothing" pin -j show
json "… is an empty list" '. == []'

# ---- attach and show ----
expect 0 "attach" pin attach eth0 "$T/a.toml"
equal "… says which generation runs" "eth0: generation 1 runs" "$(cat "$T/out")"
probe --hops 2
equal "packets go through it" "8 0 0 8" \
	"$(probed '"\(.received) \(.short) \(.mixed) \(.builds[1])"')"
before=$(root_id)
expect 1 "a second attach" pin attach eth0 "$T/b.toml"
sentence "… points to apply" "galette-pin apply eth0"
expect 1 "an attach by another name" pin attach --name other eth0 "$T/b.toml"
sentence "… finds the interface taken" "eth0"
equal "… the chain is as before" "$before" "$(root_id)"
equal "… the other one is not there" "eth0" "$(ls "$PINS")"

expect 0 "show -j" pin -j show eth0
json "chain, generation, previous, missed" \
	'.chain == "eth0" and .generation == 1 and .previous == null and .missed == 0'
json "interfaces" ".interfaces == [{name: \"eth0\", alias: .interfaces[0].alias,
	ifindex: $(cat /sys/class/net/eth0/ifindex), mode: \"$MODE\"}]"
json "functions" '[.functions[] | [.name, .object, .actions, .disable_xdp]] ==
	[["s1", "stamp", ["next"], false], ["counter", "count", ["next"], false],
	 ["s2", "stamp", ["next"], false]]'
ids=$(jq -c '[.functions[].prog_id] | sort' "$T/out")
equal "prog_id is that of the pinned programs" "$ids" \
	"$(for p in "$PINS"/eth0/gen/1/nf/*; do bpftool -j prog show pinned "$p"; done | jq -sc 'map(.id) | sort')"
json "links" '[.links[] | [.from, .action, .index, .to, .packets]] ==
	[["rx", null, 0, "s1", 8], ["s1", "next", 0, "counter", 8],
	 ["counter", "next", 0, "s2", 8], ["s2", "next", 0, "tx", 8]]'
json "bytes: 8 frames of 66" '[.links[].bytes] | unique == [528]'
json "maps" '.maps == [{name: "counter:seen", type: "hash", key_size: 4, value_size: 8,
	size: 16, entries: 1, used_by: ["counter"]}]'
expect 0 "show as text" pin show eth0
for word in eth0 s1 counter s2 tx seen "$MODE"; do
	prints "… has $word" "$word"
done
expect 0 "show --source" pin show --source eth0
equal "… is the file as given" "$(cat "$T/a.toml")" "$(cat "$T/out")"
equal "show writes nothing" "$before" "$(root_id)"

# ---- rollback, detach ----
expect 1 "rollback without a generation before" pin rollback eth0
sentence "… says so" "eth0"
expect 0 "apply" pin apply eth0 "$T/b.toml"
expect 0 "apply of what runs is nothing to do" pin apply eth0 "$T/b.toml"
pin -j show eth0 > "$T/out"
json "… and makes no generation" '.generation == 2 and .previous == 1'
expect 0 "rollback" pin rollback eth0
probe
equal "the first runs again" 8 "$(probed '.builds[1]')"
pin -j show eth0 > "$T/out"
json "show says so" '.generation == 1 and .previous == 2'
expect 0 "rollback of the rollback" pin rollback eth0
probe
equal "the second runs again" 8 "$(probed '.builds[2]')"
for _ in 1 2 3; do
	pin -q apply eth0 "$T/a.toml"
	pin -q apply eth0 "$T/b.toml"
done
equal "two generations are kept" 2 "$(find "$PINS/eth0/gen" -mindepth 1 -maxdepth 1 | wc -l)"
expect 0 "detach" pin detach eth0
probe
equal "packets reach the stack" 8 "$(probed .stack)"
equal "no pin is left" "" "$(find "$PINS" -mindepth 1)"
equal "no XDP is left" null "$(ip -j link show eth0 | jq -c '.[0].xdp')"
for _ in {1..20}; do
	pin -q attach eth0 "$T/a.toml" || break
	pin -q detach eth0 || break
done > "$T/out" 2>&1
equal "attach and detach, 20 times, at once behind each other" "" "$(cat "$T/out")"

# ---- names ----
ip link add eth0.5 link eth0 type vlan id 5 2> /dev/null && ip link set eth0.5 up
if [ -e /sys/class/net/eth0.5 ]; then
	expect 0 "an interface with a dot" pin attach --mode generic eth0.5 "$T/a.toml"
	expect 0 "… is shown" pin -j show eth0.5
	json "… by its name" '.chain == "eth0.5" and .interfaces[0].name == "eth0.5"'
	holds "… pinned as %2e" test -e "$PINS/eth0%2e5/link/eth0%2e5"
	expect 0 "… detached" pin detach eth0.5
	ip link del eth0.5
else
	skip "an interface with a dot" "no VLAN devices in this kernel"
fi
for name in a/b .. ""; do
	pin attach --name "$name" eth0 "$T/a.toml" > "$T/out" 2> "$T/err"
	holds "a chain called '$name' is refused or encoded, status $?" \
		test "$(find "$PINS" -mindepth 1 -maxdepth 1 | wc -l)" -le 1
	pin -q detach "$name" 2> /dev/null
done
equal "… and nothing is outside of the pin root" galette \
	"$(find /sys/fs/bpf -mindepth 1 -maxdepth 1 -type d ! -name 'load-*' -printf '%f\n')"
expect 0 "--pin-root" pin --pin-root /sys/fs/bpf/elsewhere attach eth0 "$T/a.toml"
holds "… is where the chain is" test -e /sys/fs/bpf/elsewhere/eth0/root
expect 0 "… and goes from" pin --pin-root /sys/fs/bpf/elsewhere detach eth0
expect 1 "--pin-root on no bpffs" pin --pin-root "$T/pins" attach eth0 "$T/a.toml"
sentence "… says so" "bpf filesystem"
expect 0 "a chain file from standard input" pin attach eth0 - < "$T/a.toml"
expect 0 "… is kept" pin show --source eth0
equal "… as it was" "$(cat "$T/a.toml")" "$(cat "$T/out")"
pin detach eth0

# ---- interfaces that go away ----
veth gone gonepeer
ethtool -K gonepeer gro on
expect 0 "attach to an interface" pin attach gone "$T/a.toml"
ip link del gone
expect 0 "that goes away: show" pin show gone
expect 0 "… and detach" pin detach gone

# ---- privilege and bpffs ----
if command -v setpriv > /dev/null; then
	user() {
		setpriv --reuid 65534 --regid 65534 --clear-groups "$T/user" "$@"
	}
	# The tree may be where nobody else can look.
	cp "$GALETTE" "$T/user"
	mkdir "$T/nf"
	cp "$TESTNF"/*.bpf.o "$T/nf"
	cp "$T/a.toml" "$T/nf"
	chmod -R a+rX "$T" "$TMPDIR" "$TMPDIR/.."
	expect 0 "check without privilege" user --nf-path "$T/nf" check "$T/nf/a.toml"
	for args in "attach eth0 $T/nf/a.toml" "detach eth0" "show eth0"; do
		# shellcheck disable=SC2086 # words
		expect 1 "${args%% *} without privilege" user --nf-path "$T/nf" $args
		sentence "… says so" ""
	done
else
	skip "without privilege" "no setpriv"
fi
mode_option attach
expect 0 "no bpffs: it is mounted" unshare -m sh -c "umount -l /sys/fs/bpf
	$GALETTE --nf-path $TESTNF -q ${MODE_OPTION[*]} attach eth0 $T/a.toml && $GALETTE detach eth0 &&
	mountpoint -q /sys/fs/bpf"
netns other
expect 1 "ip netns exec: the mounts would go with the command" \
	ip netns exec other "$GALETTE" --nf-path "$TESTNF" attach lo "$T/a.toml"
sentence "… says what to do instead" "nsenter --net="
expect 0 "nsenter --net: a chain in another network namespace" \
	in_ns other "$GALETTE" --nf-path "$TESTNF" -q attach --mode generic lo "$T/a.toml"
expect 0 "… is seen from here" pin show lo
expect 0 "… and detached from there" in_ns other "$GALETTE" detach lo
