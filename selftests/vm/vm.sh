#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# vm.sh [--budget|--cards|--count] [NAME]: boot the machines of selftests/vm/matrix, or this one, and
# run tests in each; --budget: put into selftests/budget.csv what programs cost there; --cards: all
# scripts that can run on network cards, on these, on one machine natively and on one in generic mode;
# --count: two experiments of the bench, on an x86_64 machine where each instruction takes a ns, with
# what this one has of galette's peers.
# A line a machine: pass, fail or skip with its reason, counts, seconds. What a machine said
# is in build/vm/NAME.log. Exit status 1 when one failed.
#   GALETTE_VM_TIMEOUT: seconds that a machine may take (420; 3600 with --cards)
#   GALETTE_VM_TESTS: tests to run, with commas in between, else those of selftests/vm/tests
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$root/build/vm
budget='' count='' only=''
each='' # seconds for a test; empty: as many as init says
limit=${GALETTE_VM_TIMEOUT:-420}
mkdir -p "$out"
work=$(mktemp -d "$out/work.XXXXXX")
# Interrupted: the machines go as well.
trap 'kill $(jobs -p) 2> /dev/null; wait; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
# shellcheck source=selftests/vm/image.sh
. "$here/image.sh"

# What costs an emulated machine most and changes nothing that is tried here: libraries at a
# random address, for QEMU finds translated code by its virtual address, and translates a
# library anew for each process; memory zeroed twice, detours for processors' weaknesses, grace
# periods that wait for the next tick; and a kernel at a random address, for arm64 then has its
# pages in processes' view only while it runs (KPTI): emulated, each system call forgets all
# translations, and all takes twice as long.
quick="nokaslr norandmaps init_on_alloc=0 mitigations=off rcupdate.rcu_expedited=1 audit=0"

# Four network cards, two by two on a wire. Without what XDP does not go with.
cards=()
for i in 1 2 3 4; do
	cards+=(-netdev "hubport,id=port$i,hubid=$(((i - 1) / 2))" -device "virtio-net-pci,netdev=port$i,mac=52:54:00:67:61:0$i,romfile=,guest_csum=off,guest_tso4=off,guest_tso6=off,guest_ecn=off,guest_ufo=off")
done

# qemu MACHINE CPU KERNEL INITRD [VARIABLE]: what the kernel does not know, init has in its
# environment: $name is of machine(). In one thread: with more, QEMU 7.2 runs x86 code that another
# processor has just rewritten, as XDP's dispatcher is, in its old form.
qemu() {
	local machine=$1 cpu=$2 kernel=$3 initrd=$4 append="quiet panic=-1 $quick ${5//,/ }"
	append+=" GALETTE_MACHINE=$name${GALETTE_VM_TESTS:+ GALETTE_TESTS=$GALETTE_VM_TESTS}"
	append+="${each:+ GALETTE_TIMEOUT=$each}"
	local memory=1024 processors=2 accel=tcg,thread=single common
	if [ -n "$count" ]; then
		# One processor: several would have their instructions' time one after the other. Without
		# autogroup, which a process with a session of its own pays for with each switch.
		memory=3072 processors=1 accel+=" -icount shift=0,sleep=off"
		append+=" noautogroup GALETTE_EXPERIMENTS=chain,burst"
	fi
	common=(-nodefaults -display none -monitor none -no-reboot -kernel "$kernel/vmlinuz" -initrd "$initrd")
	case $machine in
	q35)
		# shellcheck disable=SC2086 # words
		exec timeout -k 5 "$limit" qemu-system-x86_64 -M q35 -accel $accel -cpu "$cpu" -m $memory \
			-smp $processors "${cards[@]}" "${common[@]}" -serial stdio -append "console=ttyS0 $append"
		;;
	virt)
		exec timeout -k 5 "$limit" qemu-system-aarch64 -M virt -accel tcg,thread=single -cpu "$cpu" -m 1024 -smp 2 \
			"${cards[@]}" "${common[@]}" -serial stdio -append "console=ttyAMA0 $append"
		;;
	raspi3b)
		exec timeout -k 5 "$limit" qemu-system-aarch64 -M raspi3b -accel tcg,thread=single -smp 4 "${common[@]}" \
			-dtb "$(find "$kernel" -name bcm2837-rpi-3-b.dtb)" -serial null -serial stdio \
			-append "console=ttyS1,115200 $append"
		;;
	esac < /dev/null
}

# initrd NAME ARCH KERNEL FILE
initrd() {
	local name=$1 arch=$2 kernel=$3 userland
	userland=$(userland "$arch") || return
	modules "$kernel" "$work/$name.modules"
	[ -z "$count" ] || peers "$work/$name.peers" || return
	cat "$userland" "$work/$name.modules" "$work/tree-$arch" ${count:+"$work/$name.peers"} > "$4"
	rm -f "$work/$name.modules" "$work/$name.peers"
}

# verdict NAME SECONDS: the line of a machine that was started.
verdict() {
	local log=$out/$1.log counts end seconds=$2
	counts=$(grep -aE '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped' "$log" | tr -d '\r' | tail -1)
	[ -z "$count" ] || counts=$(grep -aq '^burst: each' "$log" && echo "an instruction takes 1 ns" || echo "no figures")
	end=$(grep -a '^galette-vm: status' "$log" | tr -d '\r')
	if [ -z "$end" ]; then
		line fail "$1" "ended within $(grep -aE '^# ([^ ]*/|[a-z]*\.sh: )' "$log" | tail -1 | tr -d '\r#:'), see build/vm/$1.log; $seconds s"
	elif [[ $end == "galette-vm: status 0,"* ]]; then
		line pass "$1" "$counts; $seconds s; ${end##*, }"
	else
		line fail "$1" "$counts; $seconds s; ${end##*, }"
	fi
	[ -z "$count" ] || tr -d '\r' < "$log" | sed -n -e '/# SKIP/p' -e '/^# .*: no burst/p' -e '/^[a-z]*: [a-z]*, ns/,/^no plots/{ /^no plots/!p; }'
	tr -d '\r' < "$log" | awk '
		/^not ok/ && !/# SKIP/ { print; refused = /budget.sh: each program/; next }
		refused && /^#   / { print; next }
		{ refused = 0 }
		/^# [0-9]+ applies|^# {.*mixed/' | cut -c1-400 | sed 's/^/    /'
}

# costs NAME: of a machine that has measured them.
costs() {
	[ -e "$out/$1.log" ] || return # it was skipped
	tr -d '\r' < "$out/$1.log" | sed -n 's/^# csv //p' > "$work/section"
	if grep -q "^# $1: Linux .*clang" "$work/section"; then
		"$root/selftests/budget.sh" --into "$root/selftests/budget.csv" "$work/section"
		line pass "$1" "$(sed -n "s/^# $1: //p" "$work/section"), $(grep -c "^$1," "$work/section") programs"
	else
		line fail "$1" "has not measured its programs, see build/vm/$1.log"
	fi
}

# line pass|fail|skip NAME WHAT
line() {
	printf '%-4s  %-14s  %s\n' "$@"
	[ "$1" != fail ] || touch "$work/failed"
}

machine() {
	local name=$1 arch=$2 machine=$3 cpu=$4 version=$5 flavour=${6#-} kernel start
	rm -f "$out/$name.log"
	if ! kernel=$("$here/fetch" kernel "$arch" "$version" "$flavour" 2> "$work/$name.why") ||
		! initrd "$name" "$arch" "$kernel" "$work/$name.initrd" 2> "$work/$name.why"; then
		line skip "$name" "$(tail -1 "$work/$name.why")"
		return
	fi
	start=$SECONDS
	qemu "$machine" "$cpu" "$kernel" "$work/$name.initrd" "${7-}" > "$out/$name.log" 2>&1 &
	trap 'kill $!; exit' TERM
	wait $!
	rm -f "$work/$name.initrd"
	verdict "$name" $((SECONDS - start)) > "$work/$name.line"
	[ -n "$budget" ] || cat "$work/$name.line"
}

if [ "${1-}" = --budget ]; then
	shift
	budget=yes
	export GALETTE_VM_TESTS=selftests/e2e/budget.sh
fi
if [ "${1-}" = --count ]; then
	shift
	count=yes only=x86_64-6.18
fi
if [ "${1-}" = --cards ]; then
	shift
	only="x86_64-6.12 arm64-6.12" limit=${GALETTE_VM_TIMEOUT:-3600}
	: "${GALETTE_VM_TESTS:=$(cd "$root" && grep -l '^# wires: veth cards' selftests/e2e/*.sh | sed 's/^/cards:/' | paste -sd ,)}"
	export GALETTE_VM_TESTS
	each=1200
fi
mapfile -t machines < <(grep -v '^#' "$here/matrix" | awk -v "names=${1:-$only}" 'names == "" || index(" " names " ", " " $1 " ")')
[ ${#machines[@]} -gt 0 ] || {
	echo "vm.sh: no machine '$1': $(grep -v '^#' "$here/matrix" | cut -d' ' -f1 | tr '\n' ' ')" >&2
	exit 1
}
if [ -n "$count" ] && printf '%s\n' "${machines[@]}" | grep -qv ' amd64 '; then
	echo "vm.sh: --count is for x86_64" >&2
	exit 1
fi
unknown=$(awk '!/^#/ { for (i = 2; i <= NF; i++) print $i }' "$here/tests" |
	grep -vxFf <(awk '!/^#/ { print $1 }' "$here/matrix")) && {
	echo "vm.sh: selftests/vm/tests names machines that there are not: $unknown" >&2
	exit 1
}
for arch in $(printf '%s\n' "${machines[@]}" | awk '{ print $2 }' | sort -u); do
	case $arch in
	amd64) tree "$root/build" "$work/tree-$arch" strip ;;
	arm64) tree "$root/build/arm64" "$work/tree-$arch" aarch64-linux-gnu-strip ;;
	esac || exit
	# Made once, and not by two at a time; why it cannot be had says the machine's line.
	userland "$arch" > /dev/null 2>&1 || :
done

# A machine is one thread, and more than a gigabyte: as many at once as there are processors,
# but four at most.
at_once=$(($(nproc) < 4 ? $(nproc) : 4))
start=$SECONDS
for description in "${machines[@]}"; do
	while [ "$(jobs -rp | wc -l)" -ge "$at_once" ]; do
		wait -n
	done
	# shellcheck disable=SC2086 # words
	machine $description &
done
wait
if [ -n "$budget" ]; then
	rm -f "$work/failed"
	for description in "${machines[@]}"; do
		costs "${description%% *}"
	done
fi
echo "${#machines[@]} machines in $((SECONDS - start)) s"
[ ! -e "$work/failed" ]
