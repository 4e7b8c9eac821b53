#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The man pages and the completions say what the tools do: verbs, options and
# usage lines, the man pages' examples, keys, counters, the names of what runs.
. "$(dirname "$0")/../lib.sh"

MAN=$ROOT/tool/galette-pin.8
SLOWMAN=$ROOT/tool/slowpath/galette-slow.8
VERBS=$(pin help | sed -n 's/^  \([a-z]*\)  *.*/\1/p' | sort)
OPTIONS=$(sed -n 's/^\t{ "\([a-z-]*\)", \(no\|required\)_argument.*/\1/p' "$ROOT/tool/main.c")
REQUIRED=$(sed -n 's/^\t{ "\([a-z-]*\)", required_argument.*/\1/p' "$ROOT/tool/main.c")
GLOBAL=(json verbose quiet help version pin-root nf-path)

one_line() {
	tr -s ' \n' ' ' | sed 's/^ //; s/ $//'
}

# ---- galette-pin's man page ----

# formatted FILE: as it is read, in $T/man.
formatted() {
	: > "$T/man"
	if command -v groff > /dev/null && command -v man > /dev/null; then
		groff -man -ww -Tutf8 -z "$1" 2> "$T/warnings"
		MANWIDTH=300 man -l --warnings -E UTF-8 "$1" > "$T/man" 2>> "$T/warnings"
		equal "$(basename "$1") has no warnings" "" "$(cat "$T/warnings")"
	else
		skip "$(basename "$1") has no warnings" "no man or groff"
	fi
}

formatted "$MAN"
equal "the man page's sections" \
	"NAME SYNOPSIS DESCRIPTION VERBS TRUST OPTIONS CHAIN FILE PINNED STATE EXIT STATUS EXAMPLES FILES SEE ALSO" \
	"$(sed -n 's/^\.SH //p' "$MAN" | one_line)"

# What begins a paragraph of section $1 of $2, its roff gone.
tags() {
	awk -v section="$1" '/^\.SH/ { on = $0 == ".SH " section } on && tag { print; tag = 0 }
		on && /^\.TP/ { tag = 1 }' "${2-$MAN}" |
		sed 's/^\.[A-Z]*  *//; s/\\f.//g; s/\\-/-/g; s/[",]//g'
}

equal "the man page has the verbs" "$(one_line <<< "$VERBS")" \
	"$(tags VERBS | awk '{ print $1 }' | sort | one_line)"
equal "the man page has the options" "$(sort <<< "$OPTIONS" | one_line)" \
	"$(tags OPTIONS | grep -o -- '--[a-z-]*' | sed 's/^--//' | sort | one_line)"
equal "the man page has the keys of [slowpath]" \
	"$(sed -n '/keys\[\] = {/,/}/p' "$ROOT/tool/chain_slowpath.c" | grep -o '"[a-z_]*"' | tr -d '"' |
		sort | one_line)" \
	"$(tags "CHAIN FILE" | sed '1,/^\[slowpath\]/d' | awk '{ print $1 }' | sort | one_line)"
sed 's/^ *//; s/  */ /g' "$T/man" > "$T/lines"
if [ -s "$T/lines" ]; then
	for verb in $VERBS; do
		usage=$(pin help "$verb" | sed -n '1s/^galette-pin //p' | one_line)
		holds "the man page's usage: $usage" grep -Fxq -- "$usage" "$T/lines"
	done
fi

# Each as often as there are objects with it; the columns' first words are no keys.
equal "the man page has the keys of show --json" \
	"$(sed -En 's/.*\b(set|json_object_object_add)\((item|top|frames), "([a-z0-9_]*)".*/\3/p' \
		"$ROOT"/tool/verb/show{,_slow}.c | sort | one_line)" \
	"$(sed -n '/^chain       chain/,/^\.fi/p' "$MAN" | sed '/^\.fi/d; s/^[a-z][a-z]*  *//' | tr -s ', \n' '\n' |
		sort | sed '/^$/d' | one_line)"

for topic in state peer $("$GALETTE" -j doctor lo | jq -r '[.[].topic] | unique[]'); do
	holds "the man page has doctor's $topic" grep -Eq "^\.BR? ${topic//-/.-}( |$)" \
		<<< "$(sed -n '/^\.BR doctor/,/^\.BR help/p' "$MAN")"
done

# ---- which verb takes which option ----

# The options that VERB takes, as it says itself.
takes() {
	local option value words=()
	# Enough words, none of which is anything.
	while "$GALETTE" "$1" "${words[@]}" 2>&1 | grep -q '^galette-pin: usage:'; do
		words+=(no:thing)
	done
	for option in $OPTIONS; do
		case " ${GLOBAL[*]} " in *" $option "*) continue ;; esac
		value=
		grep -qx -- "$option" <<< "$REQUIRED" && value="=auto"
		"$GALETTE" "$1" "--$option$value" "${words[@]}" 2>&1 |
			grep -q 'does not take --' || echo "$option"
	done | sort
}

# The verbs in parentheses behind OPTION in the man page.
verbs_of() {
	awk -v option="$1" '{ gsub(/\\-/, "-") } /^\.TP/ { tag = 1; next }
		tag { tag = 0; on = index($0, "--" option) && !index($0, "--" option "-"); next }
		on && /^\.RB \(/ { print; on = 0 }' <<< "$(sed -n '/^\.SH OPTIONS/,/^\.SH CHAIN/p' "$MAN")" |
		grep -o '[a-z]*' | grep -v RB
}

: > "$T/takes"
for verb in $VERBS; do
	takes "$verb" | sed "s/^/$verb /" >> "$T/takes"
done
for option in $OPTIONS; do
	case " ${GLOBAL[*]} " in *" $option "*) continue ;; esac
	equal "the man page's verbs of --$option" \
		"$(awk -v o="$option" '$2 == o { print $1 }' "$T/takes" | sort | one_line)" \
		"$(verbs_of "$option" | sort | one_line)"
done

# ---- its examples ----

# Example number $1 of $2, as it is typed.
example() {
	awk -v want="$1" '/^\.SH/ { on = $0 == ".SH EXAMPLES" }
		on && /^\.nf/ { n++; inside = 1; next } /^\.fi/ { inside = 0 }
		on && inside && n == want { print }' "${2-$MAN}" |
		sed 's/\\-/-/g; s/\\(aq/'"'"'/g'
}

bench
mkdir "$T/bin"
ln -s "$GALETTE" "$T/bin/galette-pin"
ln -s "$BUILD/galette-slow" "$T/bin/galette-slow"
PATH=$T/bin:$PATH
cd "$T" || exit
example 1 > first.toml
cp "$ROOT/chains/two-port.toml" .

# run COMMAND: a line of an example.
run() {
	local status want=0
	bash -o pipefail -c "galette-pin() { command galette-pin --nf-path '$NF' \"\$@\"; }; $1" \
		> "$T/out" 2> "$T/err"
	status=$?
	[[ $1 == *--exit-code* ]] && want=3
	equal "example: $1" $want $status
	[ $status -eq $want ] || indent "$T/err"
}

while read -r command; do
	run "$command"
	[[ $command == *"set 10.1"* ]] && holds "the map has it" pin map eth0 allow-list get 10.1.0.0/16
	[[ $command == *"jq"* ]] && cp "$T/out" "$T/jq.out"
done <<< "$(example 2)"
holds "nothing is left of the example" test ! -e "$PINS/eth0"
# ---- galette-slow's man page ----

formatted "$SLOWMAN"
equal "its sections" \
	"NAME SYNOPSIS DESCRIPTION OPTIONS SIGNALS WHEN SOMETHING DIES TAKING OVER PRIVILEGE COUNTERS EXIT STATUS EXAMPLES FILES SEE ALSO" \
	"$(sed -n 's/^\.SH //p' "$SLOWMAN" | one_line)"
# --ready is between galette-pin and it.
SLOWOPTIONS=$(sed -n 's/^\t{ "\([a-z-]*\)", \(no\|required\)_argument.*/\1/p' \
	"$ROOT/tool/slowpath/main.c" | grep -vx ready | sort)
galette-slow --help > "$T/usage"
equal "it has the options" "$(one_line <<< "$SLOWOPTIONS")" \
	"$(tags OPTIONS "$SLOWMAN" | grep -o -- '--[a-z-]*' | sed 's/^--//' | sort | one_line)"
equal "the usage has the options" "$(one_line <<< "$SLOWOPTIONS")" \
	"$(sed -n 's/^  \(-., \)\?--\([a-z-]*\).*/\2/p' "$T/usage" | sort | one_line)"
sed 's/^ *//; s/  */ /g' "$T/man" > "$T/lines"
[ ! -s "$T/lines" ] || holds "its synopsis is the usage" \
	grep -Fxq "$(sed -n '1s/:.*//p' "$T/usage")" "$T/lines"
equal "it has the reasons for a loss" \
	"$(sed -n '/losses\[\] = {/,/};/p' "$ROOT/tool/verb/show_slow.c" | grep -o '"[a-z-]*"' | tr -d '"' |
		sort | one_line)" \
	"$(tags COUNTERS "$SLOWMAN" | sort | one_line)"
expect 2 "exit status: bad usage" galette-slow
expect 2 "exit status: a bad option" galette-slow --none eth0
expect 1 "exit status: no such chain" galette-slow eth0

slow_pid() {
	pin -j show eth0 | jq '.slowpath.pid // 0'
}

# Whether another than $1 handles the chain's packets.
is_another() {
	[ "$(slow_pid)" != "$1" ]
}

example 1 "$SLOWMAN" > dpi.toml
while read -r command; do
	case $command in
	*"&")
		was=$(slow_pid)
		run "$command"
		holds "it runs" wait_for is_another "$was" ;;
	*) run "$command" ;;
	esac
done <<< "$(example 2 "$SLOWMAN")"
none_left() {
	! pgrep -x galette-slow -s "$(ps -o sid= -p $$ | tr -d ' ')" && ! [ -e "$PINS/eth0" ]
}
holds "nothing is left of the example" wait_for none_left
holds "the example's unit is there" \
	test -e "$ROOT/tool/slowpath/$(example 3 "$SLOWMAN" | sed -n 's/^systemctl start \(.*@\).*/\1.service/p')"

veth eth1 peer1
run "$(example 4)"

# ---- the completions ----

# shellcheck source=tool/galette-pin.bash
. "$ROOT/tool/galette-pin.bash"
# shellcheck source=tool/slowpath/galette-slow.bash
. "$ROOT/tool/slowpath/galette-slow.bash"

# completes WORDS LINE: the words that come of a tab at the end of LINE, sorted.
# COMP_WORDS is as bash makes it: ':' and '=' are words of their own.
completes() {
	local want=$1 program=${2%% *}
	COMP_LINE=$2 COMP_POINT=${#2}
	mapfile -t COMP_WORDS <<< "$(grep -oE '[:=]+|[^:= ]+' <<< "$2")"
	[[ $2 == *[\ :=] ]] && COMP_WORDS+=('')
	# shellcheck disable=SC2034 # the function's input
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	COMPREPLY=()
	"_${program/-/_}" "$program" "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"
	equal "tab behind '$2'" "$want" "$(printf '%s\n' "${COMPREPLY[@]}" | sort | one_line)"
}

expect 0 "detach" pin detach gw
veth eth2 peer2
expect 0 "attach two for the completion" \
	pin attach lan=eth1 wan=eth2 "$ROOT/chains/two-port.toml" --name gw
expect 0 "attach one for the completion" pin attach lan=eth0 "$ROOT/chains/gateway.toml"
mkdir "$T/dir.toml"
completes "$(one_line <<< "$VERBS")" "galette-pin "
completes "apply attach" "galette-pin a"
completes "apply attach" "galette-pin -j --pin-root $PINS a"
completes "$(one_line <<< "$VERBS")" "galette-pin help "
completes "auto generic native" "galette-pin attach --mode "
completes "eth0 gw" "galette-pin detach "
completes "gw" "galette-pin show g"
completes "" "galette-pin --pin-root $T show "
completes "filter-ip:allow filter-ip:block" "galette-pin link eth0 filter-"
completes "allow block" "galette-pin link eth0 filter-ip:"
completes "block" "galette-pin link eth0 filter-ip:b"
completes "rx\(lan\)" "galette-pin link eth0 r"
completes "shed" "galette-pin link eth0 filter-ip:block s"
completes "\\!access-control \\!filter-ip \\!shed \\!weak-classifier" "galette-pin link eth0 filter-ip:block !"
completes "\\!shed" "galette-pin link eth0 filter-ip:block \\!s"
completes "tx tx\(lan\)" "galette-pin link eth0 filter-ip:block t"
completes "tx\(lan\)" "galette-pin link eth0 filter-ip:block tx\\(l"
completes "tx\(lan\) tx\(wan\)" "galette-pin link gw rx\\(lan\\) tx\\("
completes "allow_list" "galette-pin map eth0 a"
completes "del get set" "galette-pin map eth0 allow_list "
completes "allow_list" "galette-pin apply eth0 --reset-map al"
completes "first.toml" "galette-pin check f"
completes "dir.toml" "galette-pin apply eth0 dir"
completes "eth0 eth1 eth2" "galette-pin attach e"
completes "eth0 eth1 eth2" "galette-pin attach lan=e"
completes "eth0 eth1 eth2" "galette-pin doctor lo e"
for verb in $VERBS; do
	completes "$( (sed -n "s/^$verb /--/p" "$T/takes"; printf -- '--%s\n' "${GLOBAL[@]}") |
		sort | one_line)" \
		"galette-pin $verb --"
done
completes "eth0 gw" "galette-slow "
completes "eth0" "galette-slow --replace -v e"
completes "" "galette-slow --pin-root $T "
completes "" "galette-slow eth0 "
completes "--$(one_line <<< "${SLOWOPTIONS//$'\n'/ --}")" "galette-slow -"
while read -r command; do
	run "$command"
done <<< "$(example 3)"
# A negative number behind "--", as the man page says, is a value and no option.
expect 2 "a negative value" pin map eth0 allow-list set -- 10.0.0.0/8 -5
says "a negative value is read as one" "value of map 'allow_list': -5 is out of range"
expect 0 "detach" pin detach eth0
expect 0 "detach" pin detach gw
