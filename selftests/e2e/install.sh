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

# Of each function its objects: a native one, and one for the kernel unless it says so.
wanted() {
	local path name
	for path in "$ROOT"/nf/*.c; do
		name=$(basename "$path" .c)
		echo "$name.so"
		grep -qx '// world: native' "$path" || echo "$name.bpf.o"
	done
	find "$ROOT/nf" -name '*.rules' -printf '%f\n'
}
equal "each function's objects, and their files" "$(wanted | sort)" \
	"$(find "$P/lib/galette/nf" -type f -printf '%f\n' | sort)"
holds "some are native only" test -e "$P/lib/galette/nf/dpi.so" -a ! -e "$P/lib/galette/nf/dpi.bpf.o"
expect 0 "the installed chain, by the installed tool" \
	"$P/bin/galette-pin" --nf-path "$P/lib/galette/nf" check "$P/share/galette/chains/gateway.toml"
expect 0 "one with a native function and its file" \
	"$P/bin/galette-pin" --nf-path "$P/lib/galette/nf" check "$P/share/galette/chains/security.toml"
for tool in galette-pin galette-slow; do
	holds "$tool" "$P/bin/$tool" --version
	holds "its man page" man -l --warnings "$P/share/man/man8/$tool.8"
	holds "its completion" bash -n "$P/share/bash-completion/completions/$tool"
done

# The unit runs what is installed.
UNIT=$P/lib/systemd/system/galette-slow@.service
equal "the unit's programs" "/opt/bin/galette-pin /opt/bin/galette-slow" \
	"$(grep -o '/[a-z/]*/bin/galette-[a-z]*' "$UNIT" | sort | xargs)"
if command -v systemd-analyze > /dev/null; then
	sed "s|/opt/bin|$P/bin|" "$UNIT" > "$T/galette-slow@.service"
	expect 0 "systemd takes the unit" systemd-analyze --man=no verify "$T/galette-slow@.service"
	equal "without a warning" "" "$(cat "$T/out" "$T/err")"
else
	skip "systemd takes the unit" "no systemd-analyze"
fi

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
expect 0 "and natively" gcc -std=gnu11 -O2 -gbtf -fPIC -shared -fvisibility=hidden -fno-strict-aliasing \
	-Wno-unknown-pragmas -I"$P/include" -I"$P/include/galette" -o "$T/own/echo.so" "$T/own/echo.c"
printf '%s\n' '[functions.echo]' '[[links]]' 'from = "rx"' 'to = ["echo"]' \
	'[[links]]' 'from = "echo"' 'to = { again = "tx" }' > "$T/own/echo.toml"
bench
expect 0 "and its chain" "$P/bin/galette-pin" --nf-path "$T/own" attach eth0 "$T/own/echo.toml"
probe
equal "sends eight frames back" 8 "$(probed .received)"
expect 0 "in the slow path" "$P/bin/galette-pin" link eth0 rx '!echo'
holds "it is the installed galette-slow" test \
	"$(readlink "/proc/$("$P/bin/galette-pin" -j show eth0 | jq .slowpath.pid)/exe")" = "$P/bin/galette-slow"
probe
sent_back() {
	"$P/bin/galette-pin" -j show eth0 | jq -e '[.slowpath.pipes[].tx] | add == 8'
}
holds "sends eight frames back, too" wait_for sent_back
expect 0 "detach" "$P/bin/galette-pin" detach eth0
