#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# README's section "On a Raspberry Pi", to the letter: its blocks opened by ```bash, in an arm64
# machine that is both the larger one and the Pi. `ssh pi` runs the command here, with
# nothing of the tree in PATH; make and apt were run when the image was made: the
# machine has the packages that it names, and what `make install` put below build/pi.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"

[ "$(uname -m)" = aarch64 ] || {
	skip "On a Raspberry Pi" "this is $(uname -m)"
	exit
}

mkdir -p "$T/bin" "$T/tree"
cp -a "$ROOT"/* "$T/tree/"
printf '#!/bin/sh\nexec "$@"\n' > "$T/bin/sudo"
printf '#!/bin/sh\nshift\ncd / && PATH=%s:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin exec "$@"\n' "$T/bin" > "$T/bin/ssh"
chmod +x "$T/bin"/*
PATH=$T/bin:$PATH
veth eth0 peer0

# The packages that README names are those of the image, and so enough.
read -ra packages <<< "$(sed -n '/^## On a Raspberry Pi/,/^## Several/s/^sudo apt install //p' "$ROOT/README.md")"
for package in "${packages[@]}"; do
	holds "package $package" grep -qw "$package" "$ROOT/selftests/vm/image.sh"
done

cd "$T/tree" || exit
block=0
awk -v dir="$T" '/^## / { on = $0 == "## On a Raspberry Pi" }
	on && /^```bash/ { n++; file = sprintf("%s/%d.bash", dir, n); printf "" > file; inside = 1; next }
	/^```/ { inside = 0 }
	inside { print > file }' "$ROOT/README.md"
for file in "$T"/*.bash; do
	block=$((block + 1))
	grep -Ev '^(make|sudo apt) ' "$file" > "$T/run.sh"
	while read -r command; do
		expect 0 "$command" bash -e -o pipefail -c "$command"
	done < "$T/run.sh"
done
equal "blocks" 3 $block
equal "everything is gone again" "" "$(ls "$PINS" 2> "$T/null")"
