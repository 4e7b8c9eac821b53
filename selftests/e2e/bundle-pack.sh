#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Packing bundles, where to and under which names; whom and what a running chain is said to
# be from; for which machines and kernels one is. /etc/galette is this test's own.
# shellcheck disable=SC2016 # what `bash -c` runs
. "$(dirname "$0")/../lib.sh"

own_etc
mkdir -p /etc/galette/trusted.d "$T/nothing"
trust() {
	rm -f /etc/galette/trusted.d/*
	cp "$T/$1.pub" /etc/galette/trusted.d
}
for key in alice bob; do
	ssh-keygen -q -t ed25519 -N '' -f "$T/$key"
done
trust alice
pack() { # TO FROM OPTION ...
	local to=$1 from=$2
	shift 2
	"$GALETTE" --nf-path "$TESTNF:$NF" -q bundle "$@" -o "$to" "$from"
}
bare() {
	"$GALETTE" --nf-path "$T/nothing" "$@"
}
a=$T/a.toml
linear "$a" 1 s1 s2 < /dev/null
bench

# ---- where to ----
expect 0 "a bundle of standard input" pack "$T/in.galette" - --sign "$T/alice" < "$a"
expect 0 "… is one" bare check "$T/in.galette"
sed 's/s2/s9/' "$a" | head -3 > "$T/bad.toml"
expect 2 "the chain file's errors" pack "$T/bad.galette" "$T/bad.toml"
holds "… and no bundle" test ! -e "$T/bad.galette"
(umask 077 && pack "$T/private.galette" "$a")
equal "it has the mode that umask leaves" 600 "$(stat -c %a "$T/private.galette")"
pack "$T/a.galette" "$a"
mkfifo "$T/pipe"
exec 8<> "$T/pipe" # which has room for all of it
expect 0 "into a pipe" pack "$T/pipe" "$a"
if [ -p "$T/pipe" ]; then
	ok "… which stays one"
	head -c "$(stat -c %s "$T/a.galette")" <&8 > "$T/through.galette"
	holds "… as into a file: packing makes the same of the same" cmp "$T/a.galette" "$T/through.galette"
else
	fail "… which stays one"
fi
exec 8>&-
expect 0 "to standard output" bash -c '"$1" --nf-path "$2" bundle -o - "$3" | cmp - "$4"' . \
	"$GALETTE" "$TESTNF:$NF" "$a" "$T/a.galette"
echo old > "$T/old.galette"
ln -s old.galette "$T/link.galette"
expect 0 "to where a link leads" pack "$T/link.galette" "$a"
holds "… the link stays" test -L "$T/link.galette"
holds "… and what it leads to is the bundle" cmp "$T/a.galette" "$T/old.galette"
cp "$a" "$T/self.toml"
expect 2 "not over the chain file" pack "$T/self.toml" "$T/self.toml"
sentence "… it says so" "is the chain file itself"
holds "… which stays" cmp "$a" "$T/self.toml"
equal "nothing else is left" "" "$(find "$T" -name '*.galette.*' -o -name 'pipe.*')"

# ---- names ----
cp "$a" "$T/"$'a\e[2J.toml'
expect 2 "a name with control characters" pack "$T/x.galette" "$T/"$'a\e[2J.toml'
says "… it says so" "error: names of files in a bundle have .* no control characters"
cp "$a" "$T/"$'a\xff.toml'
expect 1 "a name that is no UTF-8" pack "$T/x.galette" "$T/"$'a\xff.toml'
sentence "… it says so" "could not be read again"
holds "… and no bundle" test ! -e "$T/x.galette"

# ---- from whom ----
pack "$T/alices.galette" "$a" --sign "$T/alice"
pack "$T/bobs.galette" "$a" --sign "$T/bob"
expect 0 "attach of a chain file" pin attach eth0 "$a"
expect 0 "show" bare -j show eth0
json "… it is of no bundle" '.bundle == null'
expect 3 "plan of the same, in a bundle" bare plan --exit-code eth0 "$T/alices.galette"
prints "… it says which" '^\+ bundle alices\.galette SHA-256 [0-9a-f]{64}, signed by alice$'
expect 0 "apply" bare apply eth0 "$T/alices.galette"
equal "show: who signed what runs" "alices.galette alice" "$(bare -j show eth0 | jq -r '"\(.bundle.name) \(.bundle.signer)"')"
cp "$T/alices.galette" "$T/copy.galette"
expect 0 "the same under another name: nothing to do" bare plan --exit-code eth0 "$T/copy.galette"
trust bob
expect 3 "plan of the same, signed by another" bare plan --exit-code eth0 "$T/bobs.galette"
prints "… it says which" '^~ bundle bobs\.galette SHA-256 [0-9a-f]{64}, signed by bob, was alices\.galette$'
expect 0 "apply, SIGCHLD ignored" env --ignore-signal=CHLD "$GALETTE" -q apply eth0 "$T/bobs.galette"
equal "show: who signed what runs" bob "$(bare -j show eth0 | jq -r .bundle.signer)"
expect 2 "alice's is refused" bare apply eth0 "$T/alices.galette"
expect 2 "… with SIGCHLD ignored as well" env --ignore-signal=CHLD "$GALETTE" -q apply eth0 "$T/alices.galette"
expect 0 "rollback" bare rollback eth0
equal "show: who signed what runs" alice "$(bare -j show eth0 | jq -r .bundle.signer)"
expect 3 "plan of the chain file" pin plan --exit-code eth0 "$a"
prints "… it says that it is of no bundle" '^- bundle alices\.galette$'
rm "$PINS"/eth0/gen/*/origin
expect 0 "a generation that was made before there were bundles" bare -j show eth0
json "… is of none" '.bundle == null'
rm /etc/galette/trusted.d/*

# ---- for which machine ----
other=arm64
[ "$(uname -m)" = x86_64 ] || other=amd64
expect 0 "for another machine, where no function is needed natively" pack "$T/other.galette" "$a" --arch $other
expect 0 "… this one runs it, too" bare apply eth0 "$T/other.galette"
equal "… packets meet it" 1 "$(handled 2)"
sed 's/to = \["s2/to = ["!s2/' "$a" > "$T/upcall.toml"
expect 2 "where one is" pack "$T/upcall.galette" "$T/upcall.toml" --arch $other
says "… it says which, and how to get it" "upcall\.toml:4:12: error: no 'stamp\.so' for $other in .* \(make .* builds it in build/.*nf: --nf-path DIR:DIR\)$"

# ---- for which kernel ----
# An unknown need in the same frame, the digest made to fit.
size=$(($(stat -c %s "$T/a.galette") - 32))
head -c $size "$T/a.galette" | LC_ALL=C sed 's/"percpu_array"/"quantum_gate"/' > "$T/needs.galette"
sha256sum "$T/needs.galette" | cut -c1-64 | sed 's/../\\x&/g' | xargs -0 printf '%b' | head -c 32 > "$T/digest"
cat "$T/digest" >> "$T/needs.galette"
before=$(bare -j show eth0 | jq .generation)
expect 2 "a need that is not known here" bare apply eth0 "$T/needs.galette"
says "… it says which" "needs\.galette: error: it needs 'quantum_gate', which this galette-pin does not know"
setpriv --reuid 65534 --clear-groups "$GALETTE" check - < "$T/needs.galette" > "$T/out" 2> "$T/err"
equal "… check says so without privilege" 2 $?
says "… in the same words" "it needs 'quantum_gate'"
equal "… and nothing changed" "$before" "$(bare -j show eth0 | jq .generation)"
pin -q detach eth0
