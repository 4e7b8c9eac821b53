# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# Completion of galette-pin(8) for bash. What runs is asked of galette-pin
# itself, so names of chains and what is in them need its privilege.

_galette_pin_verbs='attach apply plan check bundle link rollback detach show map doctor help version'
_galette_pin_global='--json --verbose --quiet --help --version --pin-root --nf-path'

_galette_pin_options() {
	case $1 in
	attach) echo --mode --name --no-helper --no-wait ;;
	apply) echo --mode --no-wait --reset-map ;;
	plan) echo --exit-code --mode --reset-map ;;
	link | rollback | detach) echo --no-wait ;;
	bundle) echo --output --arch --sign ;;
	show) echo --source ;;
	esac
}

# The command as it stands, with the --pin-root of this command line.
_galette_pin_run() {
	local root=()
	[ -n "$pin_root" ] && root=(--pin-root "$pin_root")
	command "$program" "${root[@]}" "$@" 2>/dev/null
}

_galette_pin_chains() {
	local word name _
	while read -r word name _; do
		[ "$word" = chain ] && echo "${name%:}"
	done <<< "$(_galette_pin_run show)"
}

# _galette_pin_show CHAIN KIND: what `show` calls KIND: function, link, map, interface.
_galette_pin_show() {
	local kind name _
	while read -r kind name _; do
		[ "$kind" = "$2" ] && echo "${name%:}"
	done <<< "$(_galette_pin_run show "$1")"
}

# Where a link may lead, in the slow path too, and the aliases that tx() takes.
_galette_pin_targets() {
	local kind name alias functions _
	echo tx drop pass abort
	mapfile -t functions <<< "$(_galette_pin_show "$1" function)"
	printf '%s\n' "${functions[@]}" "${functions[@]/#/!}"
	while read -r kind name alias _; do
		[ "$kind" = interface ] || continue
		case $alias in
		\(*) name=${alias#\(} name=${name%%\)*} ;;
		esac
		echo "tx(${name%:})"
	done <<< "$(_galette_pin_run show "$1")"
}

_galette_pin_interfaces() {
	local path
	for path in /sys/class/net/*; do
		[ -e "$path" ] && echo "${path##*/}"
	done
}

_galette_pin_files() {
	local path
	compopt -o filenames 2>/dev/null
	while read -r path; do
		if [[ -n $path && (-d $path || $path == *.toml || $path == *.galette) ]]; then
			COMPREPLY+=("$path")
		fi
	done <<< "$(compgen -f -- "$cur")"
}

# _galette_pin_words WORD...: those that go on from $cur. Of what bash takes for
# several words, "first:second" and "alias=if", only the last is replaced.
_galette_pin_words() {
	local word behind=${cur##*[:=]}
	local ahead=${cur%"$behind"}
	for word; do
		[ -n "$word" ] && [[ $word == "$cur"* ]] && COMPREPLY+=("$(printf %q "${word#"$ahead"}")")
	done
}

# _galette_pin_argument VERB NUMBER CHAIN: that argument of the verb.
_galette_pin_argument() {
	local words
	case $1:$2 in
	attach:*)
		mapfile -t words <<< "$(_galette_pin_interfaces)"
		[[ $cur == *=* ]] && words=("${words[@]/#/${cur%%=*}=}")
		_galette_pin_words "${words[@]}"
		_galette_pin_files ;;
	doctor:*)
		mapfile -t words <<< "$(_galette_pin_interfaces)"
		_galette_pin_words "${words[@]}" ;;
	check:1 | bundle:1 | apply:2 | plan:2)
		_galette_pin_files ;;
	apply:1 | plan:1 | link:1 | rollback:1 | detach:1 | show:1 | map:1)
		mapfile -t words <<< "$(_galette_pin_chains)"
		_galette_pin_words "${words[@]}" ;;
	link:2)
		mapfile -t words <<< "$(_galette_pin_show "$3" link)"
		_galette_pin_words "${words[@]}" ;;
	link:3)
		mapfile -t words <<< "$(_galette_pin_targets "$3" | tr ' ' '\n')"
		_galette_pin_words "${words[@]}" ;;
	map:2)
		mapfile -t words <<< "$(_galette_pin_show "$3" map)"
		_galette_pin_words "${words[@]}" ;;
	map:3) _galette_pin_words get set del ;;
	help:1)
		# shellcheck disable=SC2086 # a list
		_galette_pin_words $_galette_pin_verbs ;;
	esac
}

# The value of the option before; false: it takes none.
_galette_pin_value() {
	local words
	case $1 in
	--pin-root | --nf-path)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY <<< "$(compgen -d -- "$cur")" ;;
	--mode) _galette_pin_words auto native generic ;;
	--name) ;;
	--arch) _galette_pin_words amd64 arm64 amd64,arm64 ;;
	-o | --output | --sign)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY <<< "$(compgen -f -- "$cur")" ;;
	--reset-map)
		[ -n "$2" ] || return 0
		mapfile -t words <<< "$(_galette_pin_show "$2" map)"
		_galette_pin_words "${words[@]}" ;;
	*) return 1 ;;
	esac
}

_galette_pin() {
	local line=${COMP_LINE:0:COMP_POINT} program=$1 pin_root='' verb='' chain='' cur=''
	local words i number=0 before=''
	COMPREPLY=()
	read -ra words <<< "$line"
	[[ $line == *[[:space:]] ]] && words+=('')
	for ((i = 1; i < ${#words[@]} - 1; i++)); do
		case ${words[i]} in
		--pin-root) pin_root=${words[++i]-} ;;
		--pin-root=*) pin_root=${words[i]#*=} ;;
		--nf-path | --mode | --name | --reset-map | -o | --output | --arch | --sign) ((++i)) ;;
		-?*) ;;
		*)
			if [ -z "$verb" ]; then
				verb=${words[i]}
			else
				((++number))
				[ $number -eq 1 ] && chain=${words[i]}
			fi ;;
		esac
	done
	cur=${words[-1]//\\/} # "tx\(" and "\!" are how one types it
	[ ${#words[@]} -gt 2 ] && before=${words[-2]}
	_galette_pin_value "$before" "$chain" && return
	if [[ $cur == -* ]]; then
		# shellcheck disable=SC2046,SC2086 # lists
		_galette_pin_words $_galette_pin_global $(_galette_pin_options "$verb")
	elif [ -z "$verb" ]; then
		# shellcheck disable=SC2086
		_galette_pin_words $_galette_pin_verbs
	else
		_galette_pin_argument "$verb" $((number + 1)) "$chain"
	fi
}

complete -F _galette_pin galette-pin
