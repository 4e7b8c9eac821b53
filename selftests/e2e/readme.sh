#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# README.md is true to the letter: its commands are run as they stand. The
# convention: a block opened by ```sh is run; each block opened by ```toml or
# ```c whose first line is a comment with a file name (# chain.toml, /* nf/x.c:
# … */) is written to that file first, in the order of the text. Blocks opened by
# anything else (```, ```text, ```console) are pictures.
#
# All of it runs in a copy of the tree, as root, in a namespace whose eth0 and
# eth1 are veths with a host (192.0.2.1, 198.51.100.1) behind each. A line
# `sudo make …` or `git clone …` is left to the CI; sudo is an empty word here.
# Each block must end with status 0.
. "$(dirname "$0")/../lib.sh"

[ -e "$ROOT/README.md" ] || {
	skip "README.md" "there is none yet"
	exit
}

[ "$BUILD" = "$ROOT/build" ] || {
	skip "README.md" "it speaks of build/, this is $BUILD"
	exit
}

# What README writes stays here.
mkdir "$T/tree" "$T/bin"
cp -a "$ROOT"/* "$T/tree/"
printf '#!/bin/sh\nexec "$@"\n' > "$T/bin/sudo"
chmod +x "$T/bin/sudo"
PATH=$T/bin:$T/tree/build:$PATH

# The blocks, one file each: NUMBER.LANGUAGE, with the line they begin at.
awk -v dir="$T" '
	/^```[a-z]/ && !open { open = 1; n++; lang = substr($0, 4); line[n] = NR + 1
		file = sprintf("%s/%03d.%s", dir, n, lang); printf "" > file
		printf "%03d.%s %d\n", n, lang, NR + 1 > (dir "/blocks"); next }
	/^```/ && open { open = 0; close(file); next }
	/^```/ { skip = !skip; next }
	open { print > file }' "$ROOT/README.md"

for i in 0 1; do
	netns "host$i"
	ip link add "eth$i" type veth peer name eth0 netns "host$i"
	ip link set "eth$i" up
	in_ns "host$i" ip link set eth0 up
	ethtool -K "eth$i" gro on
	in_ns "host$i" ethtool -K eth0 gro on
done
ip addr add 192.0.2.254/24 dev eth0
ip addr add 198.51.100.254/24 dev eth1
in_ns host0 ip addr add 192.0.2.1/24 dev eth0
in_ns host1 ip addr add 198.51.100.1/24 dev eth0

own_etc
cd "$T/tree" || exit
ran=0
while read -r block line; do
	case $block in
	*.sh)
		grep -Ev '^(sudo make|(sudo )?apt(-get)? |git clone |cd )' "$T/$block" > "$T/run.sh"
		[ -s "$T/run.sh" ] || continue
		ran=$((ran + 1))
		if bash -eu -o pipefail "$T/run.sh" > "$T/out" 2>&1 < /dev/null; then
			ok "README.md:$line: $(head -1 "$T/run.sh")"
		else
			fail "README.md:$line" "$(head -1 "$T/run.sh")"
			indent "$T/out"
		fi
		;;
	*.toml | *.c)
		name=$(sed -En '1s,^(#|//|/\*) *([A-Za-z0-9_./-]+\.(toml|c))\b.*,\2,p' "$T/$block")
		[ -z "$name" ] || {
			mkdir -p "$(dirname "$name")"
			cp "$T/$block" "$name"
			ok "README.md:$line: $name written"
		}
		;;
	esac
done < "$T/blocks"
holds "README.md has commands to run: $ran blocks" test $ran -gt 0
for chain in "$PINS"/*; do
	[ ! -d "$chain" ] || pin -q detach "$(basename "$chain")"
done
