#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# doctor: what it says is so, each command it gives is run as it stands and mends
# it, and it changes nothing itself.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../findings.sh"

# ---- the machine ----
veth eth0 peer0
doctor 0 "a machine that can" eth0
json "each finding has its parts" 'length > 10 and all(.[]; keys == ["interface", "level", "mend", "topic", "values", "what"] and
	(.level | IN("ok", "note", "wrong")))'
equal "what is looked at" "bpffs btf driver jit kernel live-frames memlock mtu offload peer program queues tail-calls unprivileged-run xdp xdp-sockets" \
	"$(jq -r '[.[].topic] | unique | join(" ")' "$T/out")"
json "the kernel" ".[0].topic == \"kernel\" and .[0].level == \"ok\" and .[0].values.release == \"$(uname -r)\""
for topic in kernel btf memlock bpffs; do
	equal "$topic is as it should be" ok "$(levels $topic)"
done
pin attach --name c eth0 "$T/pass.toml" > "$T/attach" 2>&1
equal "and a chain runs" 0 $?
pin -q detach c
if has_load; then
	equal "live frames, as loadgen finds" ok "$(levels live-frames)"
else
	equal "no live frames, as loadgen finds" note "$(levels live-frames)"
fi
ip link del eth0 # loadgen has left a program at its peer
veth eth0 peer0
case $(uname -m):$(cat /proc/sys/kernel/kptr_restrict) in
x86_64:[01]) equal "direct jumps on x86_64" ok "$(levels tail-calls)" ;;
x86_64:*) skip "direct jumps on x86_64" "the kernel hides them" ;;
*) equal "no direct jumps elsewhere" note "$(levels tail-calls)" ;;
esac

# ---- nothing is changed ----
settings > "$T/before"
objects > "$T/objects"
doctor 0 "doctor"
settings > "$T/after"
equal "… changes nothing" "" "$(diff "$T/before" "$T/after")"
holds "… leaves nothing" "$HELPERS/objects" --beyond "$T/objects"

# ---- which interfaces ----
equal "all that are up, not lo" "eth0 peer0" "$(jq -r '[.[].interface | values] | unique | join(" ")' "$T/out")"
ip link set peer0 down
doctor 0 "one is down"
equal "… the others" eth0 "$(jq -r '[.[].interface | values] | unique | join(" ")' "$T/out")"
doctor 0 "by name" peer0
equal "… also when it is down" peer0 "$(jq -r '[.[].interface | values] | unique | join(" ")' "$T/out")"
equal "… which is mended by" "ip link set dev peer0 up" \
	"$(mends state)"
doctor 0 "two, in their order" peer0 eth0
equal "… as given" "peer0 eth0" "$(jq -r '[.[].interface | values] | reduce .[] as $i ([]; if index($i) then . else . + [$i] end) | join(" ")' "$T/out")"
doctor 0 "no native XDP" lo
equal "… is a note" note "$(levels xdp lo)"
expect 2 "an interface that is not there" pin doctor eth0 nope
sentence "… by its name" "no interface 'nope'"
equal "… and nothing else is said" "" "$(cat "$T/out")"

# ---- a veth with all that there can be ----
ip link set eth0 down
ip link set peer0 mtu 9000
doctor 0 "a veth in a bad state" eth0
for topic in state mtu peer offload; do
	holds "… $topic" grep -q note <<< "$(levels $topic eth0)"
done
expect 1 "… native XDP is refused" pin attach --mode native eth0 "$T/pass.toml"
mend "a bad state"
doctor 0 "all is mended" eth0
equal "… no command is left" "" "$(mends)"
equal "… nor any note" "" "$(jq -r '.[] | select(.interface and .level != "ok").what' "$T/out")"
expect 0 "… native XDP" pin attach --mode native eth0 "$T/pass.toml"
equal "… without a warning" "" "$(cat "$T/err")"
doctor 0 "a chain is on it" eth0
json "… says which" '.[] | select(.topic == "program") | .level == "ok" and .values == { chain: "eth0", mode: "native" }'
pin -q detach eth0
pin -q detach peer0
ip link del eth0

ip link add q0 numtxqueues 1 numrxqueues 1 type veth peer name qpeer0 numtxqueues 2 numrxqueues 2
ip link set q0 up
ip link set qpeer0 up
doctor 0 "fewer queues than the peer" q0
if [ "$(levels queues q0)" = "note note" ]; then
	expect 1 "… native XDP is refused" pin attach --mode native q0 "$T/pass.toml"
	mend "… queues" queues
	expect 0 "… native XDP" pin attach --mode native q0 "$T/pass.toml"
	pin -q detach q0
	doctor 0 "as many queues" q0
	equal "… no note" ok "$(levels queues q0)"
else
	skip "fewer queues than the peer" "this kernel's veth does not tell how many it has"
fi
ip link del q0

# The limit is the kernel's, to the byte.
veth eth0 peer0
limit=$("$GALETTE" -j doctor eth0 | jq '.[] | select(.topic == "mtu").values.native_limit')
for mtu in "$limit" $((limit + 1)); do
	ip link set peer0 mtu "$mtu"
	doctor 0 "MTU $mtu" eth0
	if pin -q attach --mode native eth0 "$T/pass.toml" 2> "$T/refused"; then
		equal "MTU $mtu is taken" ok "$(levels mtu eth0)"
		pin -q detach eth0
	else
		equal "MTU $mtu is refused" "ok note" "$(levels mtu eth0)"
	fi
done
equal "the last of them was refused" 1 "$(grep -c MTU "$T/refused")"
mend "MTU" mtu

# ---- GRO turned on while the peer was down ----
ip link set peer0 down
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

# ---- where chains are pinned ----
cat > "$T/unmounted" <<END
umount /sys/fs/bpf
$GALETTE -j doctor eth0 > "$T/out"
echo "\$? \$(jq -r '.[] | select(.topic == "bpffs").level' "$T/out")"
command=\$(jq -r '.[] | select(.topic == "bpffs").mend' "$T/out")
\$command
$GALETTE -j doctor eth0 > "$T/out"
echo "\$? \$(jq -r '.[] | select(.topic == "bpffs").level' "$T/out")"
END
equal "no bpf filesystem, and then one" "0 note 0 ok" "$(unshare -m bash "$T/unmounted" | tr '\n' ' ' | sed 's/ $//')"
netns inner
expect 1 "one that would end with the command" ip netns exec inner "$GALETTE" -j doctor
cp "$T/out" "$T/found"
equal "… is wrong" wrong "$(levels bpffs)"
equal "… and mended by" "nsenter --net=/run/netns/inner galette-pin doctor" "$(mends bpffs)"
mend "… there" bpffs
ip netns del inner
doctor 1 "another filesystem" --pin-root "$T/p i/ns" eth0
equal "… is wrong" wrong "$(levels bpffs)"
mend "… there" bpffs
doctor 0 "… is one now" --pin-root "$T/p i/ns" eth0
umount "$T/p i/ns"

# ---- memlock: it counts before Linux 5.11, and where it cannot be raised ----
cat > "$T/memlock" <<END
limited() {
	setpriv --inh-caps -sys_resource --bounding-set -sys_resource "$GALETTE" -j doctor eth0 > "$T/out"
	echo "\$? \$(jq -r '.[] | select(.topic == "memlock").level' "$T/out")"
}
ulimit -l 1024
limited
command=\$(jq -r '.[] | select(.topic == "memlock").mend // "true"' "$T/out")
eval "\$command"
limited
END
case $(bash "$T/memlock" | tr '\n' ' ') in
"0 ok 0 ok ") ok "memlock does not count" ;;
"0 note 0 ok ") ok "memlock counts, and is mended" ;;
*) fail "memlock" "$(bash "$T/memlock" 2>&1)" ;;
esac

# ---- not root ----
chmod o+x "$T" "$T/bin"
settings > "$T/before"
expect 1 "another user" setpriv --reuid 65534 --regid 65534 --clear-groups "$GALETTE" doctor eth0
expect 1 "another user, JSON" setpriv --reuid 65534 --regid 65534 --clear-groups "$GALETTE" -j doctor eth0
cp "$T/out" "$T/found"
equal "… which lines need root" "jit tail-calls btf memlock xdp-sockets live-frames unprivileged-run" \
	"$(jq -r '[.[] | select(.what == "only root can tell").topic] | join(" ")' "$T/out")"
equal "… is told what to do" "sudo galette-pin doctor" "$(jq -r '.[0].mend' "$T/out")"
equal "… and the interface" "ok ok" "$(levels driver eth0) $(levels queues eth0)"
mend "… as root" kernel
settings > "$T/after"
equal "nothing is changed by all this" "" "$(diff "$T/before" "$T/after")"
