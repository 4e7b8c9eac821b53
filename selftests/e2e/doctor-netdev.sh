#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# doctor on interfaces: which, of any name, with a peer anywhere, and who has their XDP.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../findings.sh"

veth eth0 peer0

# ---- which interfaces ----
doctor 0 "no interface is named"
equal "all that are up, not lo" "eth0 peer0" "$(jq -r '[.[].interface | values] | unique | join(" ")' "$T/out")"
ip link set peer0 down
doctor 0 "one is down"
equal "… the others" eth0 "$(jq -r '[.[].interface | values] | unique | join(" ")' "$T/out")"
doctor 0 "by name" peer0
equal "… also when it is down" peer0 "$(jq -r '[.[].interface | values] | unique | join(" ")' "$T/out")"
equal "… which is mended by" "ip link set dev peer0 up" "$(mends state)"
doctor 0 "two, in their order" peer0 eth0
equal "… as given" "peer0 eth0" "$(jq -r '[.[].interface | values] | reduce .[] as $i ([]; if index($i) then . else . + [$i] end) | join(" ")' "$T/out")"
doctor 0 "no native XDP" lo
equal "… is a note" note "$(levels xdp lo)"
expect 2 "an interface that is not there" pin doctor eth0 nope
sentence "… by its name" "no interface 'nope'"
equal "… and nothing else is said" "" "$(cat "$T/out")"

# ---- GRO turned on while the peer was down ----
ethtool -K peer0 gro on
ip link set peer0 up
doctor 0 "GRO turned on while down" eth0
if grep -q "once more" "$T/text"; then
	mend "GRO" peer
	doctor 0 "GRO is on" eth0
	equal "… no note" ok "$(levels peer eth0)"
	pin -q detach peer0
fi
ip link del eth0

# ---- names ----
# shellcheck disable=SC2016,SC1003 # they are meant so
for name in "a'b" '$(x)' -x i=j '*' '~' '"' '\' $'k\e[1m' "it's" ü; do
	ip link add name "$name" type veth peer name "${name}p" || continue
	doctor 0 "an interface '$name'" -- "$name"
	mend "'$name'"
	doctor 0 "… is well" -- "$name"
	equal "… no command is left" "" "$(mends)"
	for chain in "$PINS"/*; do
		pin -q detach -- "${chain##*/}"
	done
	ip link del dev "$name"
done

# ---- the peer in another namespace ----
far="o'ther \$(ns)"
ip netns add "$far"
ip link add eth0 type veth peer name peer0 netns "$far"
ip link set eth0 up
doctor 0 "the peer in another namespace" eth0
mend "the peer there"
doctor 0 "… is well" eth0
equal "… no command is left" "" "$(mends)"
equal "… that the chain there needs" "peer0" "$(ls "$PINS")"
nsenter --net="/run/netns/$far" "$GALETTE" -q detach peer0
ip link del eth0

# A tool that does not see the namespace: its own /proc has not that process.
ip link add eth0 type veth peer name peer0 netns "$far"
ip link set eth0 up
unshare -p -f --mount-proc unshare -m bash -c "umount -a -t nsfs; $GALETTE -j doctor eth0" > "$T/found"
equal "the peer is not to be found" note "$(levels peer eth0)"
ip link del eth0
ip netns del "$far"

# ---- who has it ----
veth eth0 peer0
for mode in native generic; do
	flag=$([ $mode = native ] && echo xdpdrv || echo xdpgeneric)
	bpftool prog load "$HELPERS/load.bpf.o" /sys/fs/bpf/alien type xdp 2> "$T/alien" ||
		bpftool prog loadall "$HELPERS/load.bpf.o" /sys/fs/bpf/alien type xdp
	alien=/sys/fs/bpf/alien
	[ -d $alien ] && alien=$alien/load_sink
	ip link set eth0 "$flag" pinned $alien
	rm -r /sys/fs/bpf/alien
	doctor 1 "a program by netlink, $mode" eth0
	json "… is named" ".[] | select(.topic == \"program\") | .level == \"wrong\" and .values.mode == \"$mode\" and
		.values.link_id == null and (.values.id | . > 0) and .mend == \"ip link set dev eth0 $flag off\""
	expect 1 "… attach agrees" pin attach --mode $mode eth0 "$T/pass.toml"
	sentence "… with the command" "XDP program .* is on it \(ip link set dev eth0 $flag off\)"
	doctor 1 "and all" eth0
	mend "… by netlink, $mode" program
	doctor 0 "… is gone" eth0
	equal "… and so the finding" ok "$(levels program eth0)"

	"$HELPERS/xdplink" eth0 $mode /sys/fs/bpf/alien
	doctor 1 "a program by a pinned link, $mode" eth0
	json "… is named" ".[] | select(.topic == \"program\") | .values.name == \"xdplink_pass\" and .values.mode == \"$mode\" and
		(.what | contains(\"/sys/fs/bpf/alien\")) and (.mend | startswith(\"bpftool link detach id \"))"
	mend "… by a link, $mode" program
	doctor 0 "… is gone" eth0
	equal "… and so the finding" ok "$(levels program eth0)"
	rm /sys/fs/bpf/alien

	mkfifo "$T/fifo"
	"$HELPERS/xdplink" eth0 $mode < "$T/fifo" > "$T/ready" &
	linker=$!
	exec 9> "$T/fifo"
	wait_for grep -q ready "$T/ready"
	doctor 1 "a program by a process's link, $mode" eth0
	json "… is named" ".[] | select(.topic == \"program\").what | contains(\"of process $linker (xdplink)\")"
	mend "… by a link, $mode" program
	doctor 0 "… is gone" eth0
	exec 9>&-
	wait $linker
	rm "$T/fifo"
done
mkdir /sys/fs/bpf/else
expect 0 "a chain that is pinned elsewhere" pin --pin-root /sys/fs/bpf/else attach eth0 "$T/pass.toml"
doctor 1 "… is in the way" eth0
holds "… as what it is" grep -q "a chain pinned elsewhere" "$T/text"
mend "… elsewhere" program
doctor 0 "… is gone" eth0
expect 0 "… what is left is detached" pin --pin-root /sys/fs/bpf/else detach eth0
rmdir /sys/fs/bpf/else
expect 0 "a chain's own pin root" pin attach eth0 "$T/pass.toml"
expect 1 "another chain has it" pin attach --name d eth0 "$T/pass.toml"
sentence "… says which" "chain eth0 has it"
pin -q detach eth0
