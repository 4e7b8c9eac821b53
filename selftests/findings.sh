# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# For tests of doctor, behind lib.sh: its findings, in both forms, and their commands.

mkdir "$T/bin"
ln -s "$(realpath "$GALETTE")" "$T/bin/galette-pin"
printf '#!/bin/sh\nexec "$@"\n' > "$T/bin/sudo"
chmod +x "$T/bin/sudo"
PATH=$T/bin:$PATH
echo 'links = [{ from = "rx", to = ["pass"] }]' > "$T/pass.toml"

# doctor STATUS CASE ARG ...: the findings are then in $T/out and $T/found, as JSON. Both
# forms say the same.
doctor() {
	local status=$1 name=$2
	shift 2
	expect "$status" "$name" "$GALETTE" doctor "$@" || return
	cp "$T/out" "$T/text"
	"$GALETTE" -j doctor "$@" > "$T/out" 2> "$T/err"
	cp "$T/out" "$T/found"
	equal "$name: -j says the same" "$(cat "$T/text")" "$(jq -r '.[] | (.level + "     ")[:5] + " " +
		(if .interface then (.interface | gsub("\u001b"; "\\x1b")) + " " else "" end) + .topic + ": " + .what,
		if .mend then "        " + .mend else empty end' "$T/out")"
}

# levels TOPIC [IF]: of the findings in $T/found about it.
levels() {
	jq -r --arg topic "$1" --arg on "${2-}" \
		'[.[] | select(.topic == $topic and (.interface // "") == $on).level] | join(" ")' "$T/found"
}

# mends [TOPIC]: their commands; those about interfaces, or of one topic.
mends() {
	jq -r --arg topic "${1-}" '.[] | select(.mend and (.topic == $topic or ($topic == "" and .interface))).mend' \
		"$T/found"
}

# mend CASE [TOPIC]: run these.
mend() {
	local command commands
	commands=$(mends "${2-}")
	[ -n "$commands" ] || fail "$1: mended" "no command"
	while read -r command; do
		holds "$1: $command" bash -c "$command" < /dev/null
	done <<< "$commands"
}

# Settings of all interfaces, and all pins.
settings() {
	ip -d -j link show | jq 'map(del(.stats64))'
	find /sys/fs/bpf | sort
	cat /proc/self/mountinfo
}
