#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# doctor: what it says of this kernel is so, each command it gives is run as it stands
# and mends it, and it changes nothing itself.
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
if has_live_frames; then
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

# ---- a veth with all that there can be ----
ip link set eth0 down
# Native XDP has a page for a frame: an MTU of one byte less is too much for any.
ip link set peer0 mtu "$(awk '/KernelPageSize/ { print $2 * 1024 - 1; exit }' /proc/self/smaps)"
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
