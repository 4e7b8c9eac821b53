#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What `make install` lays down is complete: the tool finds its functions, and a
# function is written and compiled against the installed headers alone.
. "$(dirname "$0")/../lib.sh"

[ "$BUILD" = "$ROOT/build" ] || {
	skip "install" "it installs build/, this is $BUILD"
	exit
}

expect 0 "make install DESTDIR PREFIX" make -s -C "$ROOT" install DESTDIR="$T" PREFIX=/opt
P=$T/opt
equal "one native object a function" "$(find "$ROOT/nf" -name '*.c' | wc -l)" \
	"$(find "$P/lib/galette/nf" -name '*.so' | wc -l)"
equal "one BPF object a function that has a BPF world" \
	"$(grep -Lx '// world: native' "$ROOT"/nf/*.c | wc -l)" \
	"$(find "$P/lib/galette/nf" -name '*.bpf.o' | wc -l)"
holds "dpi's rules" cmp "$ROOT/nf/dpi.rules" "$P/lib/galette/nf/dpi.rules"
expect 0 "the installed chain, by the installed tool" \
	"$P/bin/galette-pin" --nf-path "$P/lib/galette/nf" check "$P/share/galette/chains/gateway.toml"
holds "man page" man -l --warnings "$P/share/man/man8/galette-pin.8"
holds "completion" bash -n "$P/share/bash-completion/completions/galette-pin"

# Seen from its own place the tool looks into the directory it was built for.
expect 2 "no nf/ beside the installed tool" "$P/bin/galette-pin" check /dev/stdin \
	< "$ROOT/chains/original/01.toml"
says "it names the directory" "galette/nf"

mkdir "$T/own"
cat > "$T/own/echo.c" <<-'NF'
	#include <galette/nf.h>
	enum echo { AGAIN };
	NF(echo, enum echo)
	{
		return AGAIN;
	}
NF
expect 0 "a function against the installed headers" clang -target bpf -mcpu=v3 -O2 -g -Wall -Werror \
	-I"$P/include" -I"$P/include/galette" -c "$T/own/echo.c" -o "$T/own/echo.bpf.o"
printf '%s\n' '[functions.echo]' '[[links]]' 'from = "rx"' 'to = ["echo"]' \
	'[[links]]' 'from = "echo"' 'to = { again = "tx" }' > "$T/own/echo.toml"
bench
expect 0 "and its chain" "$P/bin/galette-pin" --nf-path "$T/own" attach eth0 "$T/own/echo.toml"
probe
equal "sends eight frames back" 8 "$(probed .received)"
expect 0 "detach" "$P/bin/galette-pin" detach eth0
