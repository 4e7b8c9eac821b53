# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# For vm.sh: what a virtual machine finds in its memory when it starts. Three archives,
# one behind the other: Debian's programs, the kernel's modules, the tree with its build.
: "${here:?of vm.sh}" "${root:?}" "${work:?}"

# What the tests call. gojq is their jq: jq 1.6 first compiles a library, half a second here.
GUEST="bash bsdutils coreutils grep sed mawk findutils util-linux mount iproute2 ethtool gojq procps bpftool \
	diffutils iputils-ping netcat-openbsd kmod libbpf1 libelf1 libnl-3-200 libnl-route-3-200 \
	libnl-genl-3-200 libjson-c5 libmd0 zlib1g libseccomp2 libcap2 libcmocka0 libstdc++6 \
	tar openssh-client busybox curl dnsmasq-base iperf3 mosquitto mosquitto-clients nftables"
# Virtual wires and network cards, what tc needs, the Pi's way to switch itself off.
MODULES="veth virtio_net virtio_pci virtio_mmio tun bridge 8021q sch_ingress cls_u32 act_mirred nf_tables nft_counter nft_objref bcm2835_wdt"

# archive DIR FILE: as it is, for an emulated processor copies faster than it unpacks.
archive() {
	local part=$2.$BASHPID
	(cd "$1" && find . | LC_ALL=C sort | cpio -o -H newc --quiet -R 0:0) > "$part"
	mv "$part" "$2"
}

# userland ARCH: Debian's programs, without what only people read. Kept.
userland() {
	local arch=$1 unpacked hyperscan=libhyperscan5
	[ "$arch" != arm64 ] || hyperscan=libvectorscan5
	# shellcheck disable=SC2086 # a list
	unpacked=$("$here/fetch" packages "$arch" $GUEST $hyperscan) || return
	if [ ! -e "$unpacked.cpio" ]; then
		rm -rf "$work/userland-$arch"
		cp -a "$unpacked" "$work/userland-$arch"
		rm -rf "$work/userland-$arch"/usr/{share,games,include,src,lib/*/gconv,lib/*/perl*,bin/perl*} \
			"$work/userland-$arch"/usr/lib/*/lib{perl,hs_runtime}.so* "$work/userland-$arch/boot"
		ln -sf bash "$work/userland-$arch/bin/sh"
		ln -sf mawk "$work/userland-$arch/usr/bin/awk"
		ln -sf nc.openbsd "$work/userland-$arch/bin/nc"
		ln -sf gojq "$work/userland-$arch/usr/bin/jq"
		mkdir -p "$work/userland-$arch"/{proc,sys,dev,tmp,run,root,var/tmp,etc}
		echo "root:x:0:0::/root:/bin/bash" > "$work/userland-$arch/etc/passwd"
		archive "$work/userland-$arch" "$unpacked.cpio"
		rm -rf "$work/userland-$arch"
	fi
	echo "$unpacked.cpio"
}

# modules KERNEL FILE: those that there are, and what they need.
modules() {
	local kernel=$1 to=$work/modules.$$.$BASHPID release module file
	release=$(ls "$kernel/lib/modules")
	mkdir -p "$to/galette" "$to/lib/modules/$release"
	for module in $MODULES; do
		modprobe -d "$kernel" -S "$release" --show-depends "$module" 2> /dev/null > "$to/depends" ||
			continue
		echo "$module" >> "$to/galette/modules"
		while read -r _ file _; do
			[ -e "$file" ] || continue
			(cd "$kernel" && cp --parents "${file#"$kernel"/}" "$to")
		done < <(grep ^insmod "$to/depends")
	done
	rm -f "$to/depends"
	cp "$kernel/lib/modules/$release"/modules.builtin* "$to/lib/modules/$release/" 2> /dev/null
	depmod -b "$to" "$release" 2> /dev/null
	archive "$to" "$2"
	rm -rf "$to"
}

# with_links FILE ...: the files, and where they are symbolic links what they lead to.
with_links() {
	local file link
	for file; do
		while file=$(realpath "${file%/*}")/${file##*/} && echo "$file" && [ -L "$file" ]; do
			link=$(readlink "$file")
			[[ $link = /* ]] && file=$link || file=${file%/*}/$link
		done
	done
}

# peers FILE: what galette is measured beside, as it is on this machine: DPDK's testpmd with the
# drivers that its virtual devices and its buffers need, libxdp, and all that they load; and what
# shows the tables. Links stay, else a library that is loaded by two names is there twice.
peers() {
	local to=$work/peers.$BASHPID lib=/usr/lib/x86_64-linux-gnu file files
	mapfile -t files < <(
		for file in column dpdk-testpmd; do
			command -v $file
		done
		for file in net_af_xdp net_af_packet mempool_ring bus_vdev bus_pci; do
			compgen -G "$lib/dpdk/pmds-*/librte_$file.so"
		done
		compgen -G "$lib/bpf/*.o"
	)
	mapfile -t -O ${#files[@]} files < <(
		ldd "$root/build/selftests/bench/hop" "${files[@]}" | awk '$3 ~ "^/" { print $3 }'
	)
	mkdir -p "$to"
	with_links "${files[@]}" | sort -u | xargs cp -P --parents -t "$to" && archive "$to" "$1" || return
	rm -rf "$to"
}

# tree BUILD FILE STRIP: sources that tests read, and this build as if it had been made there.
tree() {
	local build=$1 to=$work/tree strip=$3 file
	mkdir -p "$to/galette/build"
	cp -a "$here/init" "$to/init"
	(cd "$root" && cp -a --parents Makefile README.md selftests chains bpf nf include vmlinux tool "$to/galette")
	(cd "$build" && find galette-pin galette-slow nf selftests -type f ! -name '*.d' ! -name '*.o' -print0 |
		xargs -0 cp --parents -t "$to/galette/build")
	# What README has been told to install on a Pi.
	[ "$build" = "$root/build" ] || cp -a "$root/build/pi" "$to/galette/build"
	(cd "$root/build" && find nf -name '*.bpf.o' -print0 | xargs -0 cp --parents -t "$to/galette/build")
	"${CLANG:-clang}" --version | sed -n '1s/.*\(clang version [0-9.]*\).*/\1/p' > "$to/galette/build/compiler"
	(cd "$build" && find selftests bpf -name '*.bpf.o' -print0 | xargs -0 cp --parents -t "$to/galette/build")
	find "$to/galette/build" -path '*/pi/usr/local/[is]*' -prune -o -type f ! -name '*.bpf.o' ! -name '*.rules' ! -name '*.service' ! -name compiler -print0 |
		while IFS= read -rd '' file; do "$strip" -g "$file"; done
	archive "$to" "$2"
	rm -rf "$to"
}
