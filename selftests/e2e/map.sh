#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# map and plan: keys and values as people write them, and changes before they are made.
#
# modes: native generic
# wires: veth cards
. "$(dirname "$0")/../lib.sh"

cat > "$T/chain.toml" <<'END'
[functions.knobs.maps]
prefixes = { size = 4, entries = [{ key = "10.1.0.0/16", value = 1 }, { key = "2001:db8::/32", value = 2 }] }
[[links]]
from = "rx"
to = ["knobs"]
[[links]]
from = "knobs"
to = ["tx", "drop", "pass"]
END
bench
expect 0 "attach" pin attach eth0 "$T/chain.toml" || exit

expect 0 "map: their names" pin map eth0
for name in table slots_of_it prefixes; do
	prints "… has $name" "^$name$"
done
expect 0 "map NAME: the entries of the file" pin map eth0 prefixes
equal "… as they were written" "$(printf '10.1.0.0/16 1\n2001:db8::/32 2')" "$(sort "$T/out")"
expect 0 "set" pin map eth0 prefixes set 192.0.2.0/24 0x10
expect 0 "get" pin map eth0 prefixes get 192.0.2.0/24
equal "… prints the value" 16 "$(cat "$T/out")"
expect 0 "get -j" pin -j map eth0 prefixes get 192.0.2.0/24
json "… is a number" '. == 16'
expect 0 "a name with '-' for '_'" pin map eth0 slots-of-it set 3 77
expect 0 "-j" pin -j map eth0 slots_of_it
json "… is a list of keys and values" '.[3] == {key: 3, value: 77} and length == 4'
expect 0 "set again" pin map eth0 prefixes set 192.0.2.0/24 2
expect 0 "a dump of one map" pin map eth0 prefixes
cp "$T/out" "$T/dump"
expect 0 "del" pin map eth0 prefixes del 192.0.2.0/24
expect 1 "get of what is not there" pin map eth0 prefixes get 192.0.2.0/24
sentence "… names the key" "192.0.2.0/24"
expect 1 "del of what is not there" pin map eth0 prefixes del 192.0.2.0/24
expect 0 "set - reads a dump" pin map eth0 prefixes set - < "$T/dump"
pin map eth0 prefixes > "$T/out"
equal "… and has it all again" "$(sort "$T/dump")" "$(sort "$T/out")"
pin map eth0 prefixes set 198.51.100.0/24 1
expect 1 "set in a full map" pin map eth0 prefixes set 203.0.113.0/24 1
sentence "… says that it is full" "full"
bpftool -j map dump pinned "$PINS/eth0/maps/table" > "$T/out"
json "bpftool sees the pins" 'type == "array"'
expect 0 "an IPv4 key" pin map eth0 table set 192.0.2.1 5
bpftool -j map lookup pinned "$PINS/eth0/maps/table" key 192 0 2 1 > "$T/out"
json "… is in network order" '.value[0] == "0x05"'

refused() {
	local name=$1
	shift
	pin map eth0 "$@" > "$T/out" 2> "$T/err"
	holds "$name is refused, status $?" test $? -ne 0
	sentence "… in a sentence" ""
}
refused "an unknown map" tabel
refused "a bad key" prefixes set 10.0.0.0/33 1
refused "a bad address" table set 10.0.0 1
refused "a bad value" table set 10.0.0.1 4294967296
refused "a value that is no number" table set 10.0.0.1 many
refused "an index outside of the array" slots_of_it set 4 1
refused "del in an array" slots_of_it del 1
refused "set without a value" table set 10.0.0.1
refused "an unknown word" table put 10.0.0.1 1
printf '192.0.2.9 1\nnonsense\n' > "$T/in"
expect 2 "set - with a bad line" pin map eth0 table set - < "$T/in"
says "… names the line" "line 2"

# ---- plan ----
sed 's/"drop", "pass"/"pass", "pass"/' "$T/chain.toml" > "$T/new.toml"
cat >> "$T/new.toml" <<'END'
[functions.extra]
path = "stamp"
[[links]]
from = "extra"
to = ["tx"]
END
sed -i 's/to = \["tx", /to = ["extra", /' "$T/new.toml"
before=$(pinned; root_id)
expect 0 "plan of what runs" pin plan eth0 "$T/chain.toml"
prints "… is nothing to do" "nothing to do"
expect 0 "… also with --exit-code" pin plan --exit-code eth0 "$T/chain.toml"
expect 0 "plan" pin plan eth0 "$T/new.toml"
prints "… has the function" "^\+ function extra"
prints "… the link to it" "^~ link knobs:left.*extra.*tx"
prints "… the other link" "^~ link knobs:right.*pass.*drop"
expect 3 "plan --exit-code" pin plan --exit-code eth0 "$T/new.toml"
expect 0 "plan -j" pin -j plan eth0 "$T/new.toml"
json "… has the same" '.changed and ([.changes[] | select(.op == "add").name] | index("extra"))'
equal "plan changed nothing" "$before" "$(pinned; root_id)"
expect 0 "apply" pin apply eth0 "$T/new.toml"
expect 0 "then plan has nothing to do" pin plan --exit-code eth0 "$T/new.toml"
expect 2 "plan of a bad file" pin plan eth0 "$ROOT/selftests/bogons/link-to-unknown.toml"
expect 2 "apply of a bad file" pin apply eth0 "$ROOT/selftests/bogons/link-to-unknown.toml"
expect 0 "the maps are as they were" pin map eth0 prefixes get 198.51.100.0/24
expect 0 "detach" pin detach eth0

# ---- every chain that comes with galette ----
for file in "$ROOT"/chains/*.toml "$ROOT"/chains/original/*.toml; do
	expect 0 "check ${file#"$ROOT/"}" pin check "$file"
	if ! grep -Eq 'disable_xdp|"!|two-port' "$file" && [[ $file != */two-port.toml ]]; then
		expect 0 "attach ${file#"$ROOT/"}" pin attach eth0 "$file"
		probe
		pin -j show eth0 > "$T/out"
		json "… is entered by packets, none missed" '.links[0].packets == 8 and .missed == 0'
		expect 0 "… detach" pin detach eth0
	fi
done
