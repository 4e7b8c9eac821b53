#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Bundles: packed here, they run where there is nothing else; none that is cut, altered or
# not signed by who is trusted changes anything. /etc/galette is this test's own.
# shellcheck disable=SC2016 # what `bash -c` runs
#
# rcu: normal
# modes: native generic
# wires: veth cards
. "$(dirname "$0")/../lib.sh"

# Nothing but the bundle is there: no functions, no rules.
mkdir "$T/nothing"
bare() {
	mode_option "$@"
	"$GALETTE" --nf-path "$T/nothing" "${MODE_OPTION[@]}" "$@"
}

pack() { # FILE OPTION ...
	local file=$1
	shift
	"$GALETTE" --nf-path "$TESTNF:$NF" -q bundle "$@" -o "$T/$file.galette" "$T/$file.toml"
}

own_etc
TRUSTED=/etc/galette/trusted.d
trust() {
	rm -rf $TRUSTED
	mkdir $TRUSTED
	local key
	for key; do cp "$T/$key.pub" $TRUSTED; done
}
for key in alice bob; do
	ssh-keygen -q -t ed25519 -N '' -f "$T/$key"
done

# ---- attach, plan, apply, check, rollback ----
linear "$T/a.toml" 1 s1 counter=count s2 < /dev/null
linear "$T/b.toml" 2 s1 counter=count s2 < /dev/null
bench
expect 0 "bundle" pack a
expect 0 "bundle, signed" pack b --sign "$T/alice"
expect 0 "check" bare check "$T/a.galette"
expect 0 "check, from a pipe" bash -c 'cat "$1" | "$2" --nf-path "$3" check -' . "$T/a.galette" "$GALETTE" "$T/nothing"
expect 0 "attach" bare attach eth0 "$T/a.galette"
attached_so
equal "packets meet its functions" 1 "$(handled 2)"
expect 0 "show" bare show eth0
prints "show: the bundle" "bundle a\.galette, SHA-256 [0-9a-f]{64}, no signer known here"
expect 0 "plan with itself" bare plan --exit-code eth0 "$T/a.galette"
expect 3 "plan with another" bare plan --exit-code eth0 "$T/b.galette"
bare -j show eth0 > "$T/before"
expect 0 "apply of itself: nothing to do" bare apply eth0 "$T/a.galette"
equal "… the same generation" "$(jq .generation "$T/before")" "$(bare -j show eth0 | jq .generation)"
trust alice
expect 0 "apply over ssh, as it were: from standard input" bash -c 'cat "$1" | "$2" --nf-path "$3" apply eth0 -' . \
	"$T/b.galette" "$GALETTE" "$T/nothing"
equal "packets meet the new functions" 2 "$(handled 2)"
expect 0 "show" bare -j show eth0
json "show: bundle, digest, signer" \
	'.bundle | .name == "<stdin>" and .signer == "alice" and (.sha256 | test("^[0-9a-f]{64}$"))'
digest=$(jq -r .bundle.sha256 "$T/out")
equal "… the digest is that of the file without its last 32 bytes" "$digest" "$(head -c -32 "$T/b.galette" | sha256sum | cut -d' ' -f1)"
expect 0 "rollback" bare rollback eth0
equal "packets meet the functions before" 1 "$(handled 2)"
equal "show: the bundle before" '"a.galette"' "$(bare -j show eth0 | jq .bundle.name)"
equal "show: the chain file is that of the bundle" "$(cat "$T/a.toml")" "$(bare show --source eth0)"

# ---- whose it is ----
ident() {
	find "$PINS" | sort | sha256sum
	root_id eth0
	bpftool -j map dump pinned "$PINS/eth0/gen/1/graph" | sha256sum
}
ident > "$T/ident"
unchanged() {
	equal "… and nothing changed" "$(cat "$T/ident")" "$(ident)"
}
refused() { # CASE PATTERN FILE
	expect 2 "$1" bare apply eth0 "$3"
	says "… it says why" "$2"
	unchanged
	expect 2 "$1: plan" bare plan eth0 "$3"
	expect 2 "$1: check" bare check "$3"
	expect 2 "$1: attach" bare attach --name other peer0 "$3"
}
trust alice
pack b
refused "unsigned" "unsigned, and $TRUSTED has keys" "$T/b.galette"
pack b --sign "$T/bob"
refused "signed by another" "signed by none of the keys" "$T/b.galette"
expect 2 "… without standard input" bash -c '"$1" --nf-path "$2" apply eth0 "$3" <&-' . "$GALETTE" "$T/nothing" "$T/b.galette"
expect 2 "… without any standard descriptor" bash -c '"$1" --nf-path "$2" apply eth0 "$3" <&- >&- 2>&-' . "$GALETTE" "$T/nothing" "$T/b.galette"
printf '#!/bin/sh\nexit 0\n' > "$T/nothing/ssh-keygen"
chmod +x "$T/nothing/ssh-keygen"
expect 2 "… with another ssh-keygen before it in PATH" env PATH="$T/nothing:$PATH" "$GALETTE" --nf-path "$T/nothing" apply eth0 "$T/b.galette"
rm "$T/nothing/ssh-keygen"
unchanged
trust bob
expect 0 "signed by bob, who is trusted now" bare plan eth0 "$T/b.galette"
ln -sfn nowhere $TRUSTED/alice.pub
refused "a trusted key that cannot be read" "alice.pub: cannot read it" "$T/b.galette"
rm -r $TRUSTED
ln -s nowhere $TRUSTED
refused "trusted.d leads nowhere" "cannot read which keys are trusted" "$T/b.galette"
rm $TRUSTED
trust bob
# Another content in the same frame, the digest made to fit: what an enemy would do.
seal() { # FROM TO: with one byte of the chain changed
	local size
	size=$(($(stat -c %s "$1") - 32))
	head -c $size "$1" | LC_ALL=C sed 's/build = 2/build = 3/' > "$2.body"
	{ cat "$2.body"; sha256sum "$2.body" | cut -c1-64 | sed 's/../\\x&/g' | xargs -0 printf '%b' | head -c 32; } > "$2"
}
seal "$T/b.galette" "$T/forged.galette"
refused "altered, its digest made to fit" "altered, or signed by none" "$T/forged.galette"
rm -r $TRUSTED
expect 2 "… and where nobody is trusted, a member's digest" bare check "$T/forged.galette"
says "… it says so" "a member is not what its manifest says"
expect 0 "a chain file from standard input" pin -q plan eth0 - < "$T/b.toml"
trust alice
expect 0 "where somebody is trusted: chain files of this machine need no signature" pin -q plan eth0 "$T/b.toml"
expect 2 "… but those from a pipe do" pin -q apply eth0 /dev/stdin < <(cat "$T/b.toml")
expect 2 "… but those from standard input do, as what may stand for a bundle" pin -q apply eth0 - < "$T/b.toml"
says "… it says so" "unsigned, and $TRUSTED has keys"
unchanged
rm -r $TRUSTED

# ---- damaged ----
pack b
size=$(stat -c %s "$T/b.galette")
bad=0 tried=0
for ((cut = 0; cut < size; cut += size / 40)); do
	head -c $cut "$T/b.galette" > "$T/cut.galette"
	tried=$((tried + 1))
	! bare -q apply eth0 "$T/cut.galette" 2> /dev/null || bad=$((bad + 1))
done
equal "$tried of $size truncations are refused" 0 $bad
bad=0 tried=0
for ((at = 0; at < size; at += size / 40)); do
	cp "$T/b.galette" "$T/flip.galette"
	byte=$(od -An -tu1 -j $at -N 1 "$T/b.galette")
	# shellcheck disable=SC2059 # octal
	printf "\\$(printf %o $((byte ^ 1)))" | dd of="$T/flip.galette" bs=1 seek=$at conv=notrunc status=none
	tried=$((tried + 1))
	! bare -q apply eth0 "$T/flip.galette" 2> /dev/null || bad=$((bad + 1))
done
equal "$tried flipped bits of $size bytes are refused" 0 $bad
unchanged
equal "packets meet what they met" 1 "$(handled 2)"

# ---- another machine ----
cat > "$T/slow.toml" <<'END'
[functions.s1]
path = "stamp"
config = { build = 1 }
disable_xdp = true
[[links]]
from = "rx"
to = ["s1"]
[[links]]
from = "s1"
to = ["tx"]
END
other=arm64 machine='\xb7'
[ "$(uname -m)" = x86_64 ] || other=amd64 machine='\x3e'
expect 2 "functions for a machine that there are none for" pack slow --arch $other
says "… it says which" "^.*slow\.toml:1:12: error: no 'stamp\.so' for $other in "
expect 2 "a machine that is none" pack slow --arch mips
# An object of the other machine, as far as its head tells.
mkdir "$T/other"
cp "$TESTNF/stamp.so" "$T/other"
# shellcheck disable=SC2059
printf "$machine\\x00" | dd of="$T/other/stamp.so" bs=1 seek=18 conv=notrunc status=none
both() {
	"$GALETTE" --nf-path "$TESTNF:$NF:$T/other" -q bundle "$@" -o "$T/slow.galette" "$T/slow.toml"
}
expect 0 "for the other machine" both --arch $other
expect 2 "… refused here" bare attach --name other peer0 "$T/slow.galette"
says "… it says what it is for" "it is for $other; this machine is"
expect 0 "for both" both --arch amd64,arm64
expect 0 "… taken here" bare check "$T/slow.galette"
expect 1 "nowhere to write to" "$GALETTE" --nf-path "$TESTNF:$NF" bundle -o "$T/no/x" "$T/a.toml"
expect 2 "no -o" "$GALETTE" --nf-path "$TESTNF:$NF" bundle "$T/a.toml"
expect 2 "a bundle of a bundle" "$GALETTE" bundle -o "$T/x.galette" "$T/a.galette"

# ---- rules and the slow path ----
if has_live_frames; then
	cp "$ROOT/chains/security.toml" "$T"
	veth sec0 sec1
	expect 0 "a chain with rules" "$GALETTE" -q bundle -o "$T/security.galette" "$T/security.toml"
	expect 0 "… attached" bare -q attach --name sec sec0 "$T/security.galette"
	equal "… galette-slow runs" true "$(bare -j show sec | jq '.slowpath.pid != null')"
	equal "… with the rules of the bundle" \
		"$({ od -An -v -tx1 "$ROOT/nf/dpi.rules"; echo 00; } | tr -d ' \n' | sha256sum)" \
		"$(bpftool -j map lookup pinned "$PINS/sec/gen/1/native/dpi/files/rules" key 0 0 0 0 |
			jq -r '.value[]' | sed 's/0x//' | tr -d '\n' | sha256sum)"
	expect 0 "… detached" bare detach sec
else
	skip "a chain with rules" "this kernel cannot pass packets on from galette-slow"
fi

# ---- the tag is the kernel's ----
tag=$(grep -a '"tag":' "$T/a.galette" | head -1 | sed 's/.*"tag": *"\([0-9a-f]*\)".*/\1/')
equal "the program's tag is the one that bpftool shows" "$tag" \
	"$(bpftool -j prog show pinned "$PINS/eth0/gen/1/nf/s1" | jq -r .tag)"

# ---- while packets flow, and while another command holds the chain ----
pack a && pack b
load_start --rate 50000 --hops 2
for ((i = 0; i < 20; i++)); do
	bare -q apply eth0 "$T/$([ $((i % 2)) = 0 ] && echo b || echo a).galette" || fail "apply $i"
done
load_stop
equal "20 applies of bundles under load, $(load .received) packets: none mixed, lost, dropped" "0 0 0" \
	"$(load '"\(.mixed) \(.lost) \(.dropped)"')"
mkfifo "$T/pipe"
bare -q apply eth0 - < "$T/pipe" &
slow=$!
exec 9> "$T/pipe"
head -c 100 "$T/b.galette" >&9
expect 0 "who waits for the rest of a bundle holds nobody up" timeout 30 "$GALETTE" --nf-path "$TESTNF:$NF" -q link --no-wait eth0 s2:next drop
tail -c +101 "$T/b.galette" >&9
exec 9>&-
wait $slow
equal "… and takes it when it has come" 0 $?
equal "… packets meet it" 2 "$(handled 2)"

# ---- killed while it is written ----
rm -f "$T/a.galette"
for n in 1 2 3 4 5 6 7 8; do
	"$HELPERS/inject" --calls write,fsync,rename,fchmod --kill $n -- \
		"$GALETTE" --nf-path "$TESTNF:$NF" -q bundle -o "$T/a.galette" "$T/a.toml" 3> "$T/hit" > /dev/null 2>&1
	read -r _ what < "$T/hit"
	[ "$what" != - ] || break
	[ ! -e "$T/a.galette" ] || bare -q check "$T/a.galette" || fail "killed at $what: half a bundle"
done
holds "killed at $((n - 1)) calls: no half bundle" test "$n" -gt 3
pin -q detach eth0
