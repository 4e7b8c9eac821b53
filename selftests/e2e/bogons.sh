#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Chain files that `check` must refuse, with status 2 and the message in the
# file's `# expect:` lines: text behind "FILE:" of one line of stderr. All
# errors of a file are to be found in one run: there are no others.
. "$(dirname "$0")/../lib.sh"

cd "$ROOT/selftests/bogons" || exit
for file in *.toml; do
	pin check "$file" > "$T/out" 2> "$T/err" < /dev/null
	status=$?
	why=
	[ $status -eq 2 ] || why="exit status $status, not 2"
	expected=0
	while read -r text; do
		expected=$((expected + 1))
		grep -Fq -e "$file:$text" -e "$file: $text" "$T/err" || why+="${why:+; }no message '$text'"
	done < <(sed -n 's/^# expect: //p' "$file")
	[ $expected -gt 0 ] || why="no '# expect:' line"
	errors=$(grep -c ' error: ' "$T/err")
	[ "$errors" = $expected ] || why+="${why:+; }$errors errors, not $expected"
	[ -s "$T/out" ] && why+="${why:+; }output on stdout"
	grep -Ev "^$file:([0-9]+:[0-9]+:)? (error|warning): " "$T/err" > "$T/stray" &&
		why+="${why:+; }stray: $(head -1 "$T/stray")"
	if [ -z "$why" ]; then
		ok "$file"
	else
		fail "$file" "$why"
		indent "$T/err"
	fi
done
count=$(find . -name '*.toml' | wc -l)
holds "$count chain files refused, 40 at least" test "$count" -ge 40
