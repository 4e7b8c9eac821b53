# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
#   make            build/galette-pin, build/nf/*.bpf.o, build/nf/*.so, build/nf/*.rules
#   make check      unit, NF and end-to-end tests (as root; parts skip without)
#   make check-vm   tests on other kernels and on arm64, in virtual machines; VM=NAME for one
#   make check-cards    those that can on emulated network cards, natively and in generic mode
#   make budget     selftests/budget.csv anew: what each BPF program costs (as root)
#   make budget-vm  … on the kernels of check-vm; VM=NAME for one
#   make lint       clang-format, cppcheck, shellcheck
#   make demo       a real chain on real packets, in its own namespaces
#   make bench      galette beside others, in figures: build/bench.json, build/bench/*.svg
#   make bench-smoke    only whether the benchmarks work
#   make bench-count    what a packet costs in instructions, on an emulated machine
#   make install    DESTDIR, PREFIX
#   make deps       install what building and testing need (Debian's apt)
# CROSS_COMPILE=aarch64-linux-gnu- ARCH=arm64: for such machines, in build/arm64.
# V=1 shows the commands; SANITIZE=1 builds the tool with ASan and UBSan.

PREFIX    ?= /usr/local
BINDIR    ?= $(PREFIX)/bin
LIBDIR    ?= $(PREFIX)/lib
MANDIR    ?= $(PREFIX)/share/man
COMPDIR   ?= $(PREFIX)/share/bash-completion/completions
UNITDIR   ?= $(PREFIX)/lib/systemd/system
CLANG     ?= clang
LLVM_STRIP ?= llvm-strip
BPFTOOL   ?= bpftool
PKG_CONFIG ?= pkg-config
VERSION   := 0.1

# bpftool, ip and ethtool are there; not every user's PATH has it.
export PATH := $(PATH):/usr/sbin:/sbin

# Another machine's build and a sanitized one live beside the plain one.
B := build$(if $(CROSS_COMPILE),/$(ARCH))$(if $(SANITIZE),/sanitize)

# Another machine's libraries are Debian's, unpacked where fetch keeps them, or in SYSROOT.
ifneq ($(CROSS_COMPILE),)
ifneq ($(CROSS_COMPILE) $(ARCH),aarch64-linux-gnu- arm64)
$(error cross builds are for CROSS_COMPILE=aarch64-linux-gnu- ARCH=arm64, not for '$(CROSS_COMPILE)' '$(ARCH)'; 32-bit machines are not supported)
endif
SYSROOT_PACKAGES := libc6-dev libstdc++-12-dev libbpf-dev libelf-dev zlib1g-dev libvectorscan-dev libnl-3-dev \
	libnl-route-3-dev libnl-genl-3-dev libtomlplusplus-dev libjson-c-dev libxdp-dev libseccomp-dev libcap-dev libcmocka-dev libmd-dev
SYSROOT ?= $(shell selftests/vm/fetch packages $(ARCH) $(SYSROOT_PACKAGES))
SYSROOT := $(SYSROOT)
ifeq ($(SYSROOT),)
$(error no libraries for $(ARCH))
endif
CC  := $(CROSS_COMPILE)gcc --sysroot=$(SYSROOT)
CXX := $(CROSS_COMPILE)g++ --sysroot=$(SYSROOT)
AR  := $(CROSS_COMPILE)ar
export PKG_CONFIG_SYSROOT_DIR := $(SYSROOT)
export PKG_CONFIG_LIBDIR := $(SYSROOT)/usr/lib/aarch64-linux-gnu/pkgconfig:$(SYSROOT)/usr/share/pkgconfig
endif

# 32-bit machines have no room for what the kernel and galette count in 64 bits.
MACHINE := $(shell $(CC) -dumpmachine 2>/dev/null)
ifneq ($(filter arm-% armv%-% i%86-% mips-% mipsel-% powerpc-% riscv32-% %-gnux32,$(MACHINE)),)
$(error 32-bit machines are not supported: $(MACHINE))
endif
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-8s %s\n' $(1) $(patsubst $(B)/%,%,$(2)))

comma  := ,
LIBS   := libbpf libelf libnl-route-3.0 libnl-genl-3.0 json-c zlib libmd
SLOWLIBS := libseccomp libcap
SAN    := $(if $(SANITIZE),-fsanitize=address$(comma)undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
WARN   := -Wall -Wextra -Werror -Wno-unused-parameter -Wno-missing-field-initializers
CFLAGS ?= -O2 -g
TOOLCFLAGS = -std=gnu11 -D_GNU_SOURCE $(WARN) -Wmissing-prototypes -Wstrict-prototypes -Wshadow \
	-Iinclude -Itool -Ibpf -I$(B) $(shell $(PKG_CONFIG) --cflags $(LIBS)) \
	-DGALETTE_VERSION='"$(VERSION)"' -DGALETTE_NFDIR='"$(LIBDIR)/galette/nf"' $(CFLAGS) $(SAN)
TOOLCXXFLAGS = -std=c++20 $(WARN) -Itool -O1 -g $(SAN)
LDLIBS  = $(shell $(PKG_CONFIG) --libs $(LIBS))
# Line information is to name files the same way wherever the tree is.
BPFCFLAGS = -target bpf -mcpu=v3 -O2 -g $(WARN) -Wswitch-enum -Iinclude -Ivmlinux -ffile-compilation-dir=.

# The native NFs; gcc 12 or later, for -gbtf (fuzzers do without): hosts read their actions and types as those of
# BPF objects. Packet bytes are read as one type and another. Pragmas may be clang's.
NFCFLAGS = -std=gnu11 -O2 -g $(if $(findstring clang,$(CC)),,-gbtf) -fPIC -shared -fvisibility=hidden -fno-strict-aliasing \
	-fstack-protector-strong -fstack-clash-protection $(WARN) -Wswitch-enum -Wno-unknown-pragmas \
	-Iinclude -Ivmlinux $(SAN) -Wl,-Bsymbolic,-z,relro,-z,now,-z,noexecstack,-z,start-stop-visibility=hidden$(if $(SAN),,$(comma)-z$(comma)defs)

NFNATIVE := $(shell grep -lx '// world: native' nf/*.c selftests/nf-objects/*.c)
NF      := $(patsubst nf/%.c,build/nf/%.bpf.o,$(filter-out $(NFNATIVE),$(wildcard nf/*.c)))
NFSO    := $(patsubst nf/%.c,$(B)/nf/%.so,$(wildcard nf/*.c))
RULES   := $(patsubst %,$(B)/%,$(wildcard nf/*.rules))
SKEL    := $(patsubst bpf/%.bpf.c,$(B)/%.skel.h,$(wildcard bpf/*.bpf.c))
TOOLOBJ := $(patsubst %.c,$(B)/%.o,$(wildcard tool/*.c tool/verb/*.c)) $(B)/tool/toml.o
SLOWOBJ := $(patsubst %.c,$(B)/%.o,$(filter-out tool/slowpath/main.c,$(wildcard tool/slowpath/*.c)))
TESTBPF := $(patsubst %.bpf.c,$(B)/%.bpf.o,$(wildcard selftests/*/*.bpf.c)) \
	$(patsubst selftests/nf-objects/%.c,$(B)/selftests/nf-objects/%.bpf.o,$(filter-out $(NFNATIVE),$(wildcard selftests/nf-objects/*.c)))
TESTSO  := $(patsubst %.c,$(B)/%.so,$(wildcard selftests/nf-objects/native-*.c) $(wildcard selftests/nf-objects/slow-*.c) \
	selftests/nf-objects/stamp.c selftests/nf-objects/count.c)
UNIT    := $(patsubst %.c,$(B)/%,$(wildcard selftests/unit/*_test.c))
NFTEST  := $(patsubst %.c,$(B)/%,$(wildcard selftests/nf/*_test.c))
HELPERS := $(patsubst %.c,$(B)/%,$(filter-out %.bpf.c,$(wildcard selftests/helpers/*.c)))
BUDGET  := $(B)/selftests/nf/budget
BENCH   := $(patsubst %,$(B)/selftests/bench/%,af_packet generate hop layout)
$(B)/selftests/bench/hop: LDLIBS += -lxdp
E2E     := $(sort $(wildcard selftests/e2e/*.sh))

# Hyperscan is for x86; its port to other machines is called otherwise.
HYPERSCAN := $(if $(filter arm64,$(shell dpkg --print-architecture 2>/dev/null)),libvectorscan-dev,libhyperscan-dev)

# What a Debian 12 machine lacks: to build, to test.
PACKAGES := make gcc g++ clang llvm bpftool pkg-config libbpf-dev libelf-dev zlib1g-dev \
	$(HYPERSCAN) libnl-3-dev libnl-route-3-dev libnl-genl-3-dev libtomlplusplus-dev libjson-c-dev \
	libxdp-dev libseccomp-dev libcap-dev libcmocka-dev libmd-dev openssh-client clang-format cppcheck shellcheck iproute2 ethtool jq \
	iputils-ping netcat-openbsd procps man-db groff \
	busybox curl dnsmasq-base iperf3 mosquitto mosquitto-clients nftables systemd

# What make bench needs besides.
BENCH_PACKAGES := gnuplot-nox dpdk-dev iptables ipset

# Emulators, a compiler for the other machine, and what an image is made with.
VM_PACKAGES := qemu-system-x86 qemu-system-arm gcc-aarch64-linux-gnu g++-aarch64-linux-gnu libc6-dev-arm64-cross \
	cpio zstd kmod

# clang-format knows C, cppcheck finds what compilers do not.
# An exported tree has no git.
sources = $(shell find . -name build -prune -o -name '.?*' -prune -o -type f \( $(1) \) -printf '%P\n' | sort)
CSOURCES = $(call sources,-name '*.c' -o -name '*.h' -o -name '*.cc')
SHSOURCES = $(call sources,-name '*.sh') selftests/run selftests/vm/fetch selftests/vm/init tool/galette-pin.bash tool/slowpath/galette-slow.bash $(wildcard .ci/run)

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all check run-check check-vm check-cards budget-vm vm-parts sanitized budget lint demo bench bench-smoke bench-count run-bench install deps clean format

all: $(B)/galette-pin $(B)/galette-slow $(NF) $(NFSO) $(RULES)

$(B)/galette-pin: $(B)/tool/main.o $(B)/tool/libtool.a
	$(call say,LINK,$@)
	$(Q)$(CXX) $(SAN) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/galette-slow: $(B)/tool/slowpath/main.o $(B)/tool/libtool.a
	$(call say,LINK,$@)
	$(Q)$(CXX) $(SAN) $(LDFLAGS) -o $@ $^ $(LDLIBS) $(shell $(PKG_CONFIG) --libs $(SLOWLIBS))

# All but main(): tests link it, too.
$(B)/tool/libtool.a: $(filter-out $(B)/tool/main.o,$(TOOLOBJ)) $(SLOWOBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/tool/%.o: tool/%.c | $(SKEL)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(TOOLCFLAGS) -MMD -MP -c -o $@ $<

$(B)/tool/toml.o: tool/toml.cc
	$(call say,CXX,$@)
	$(Q)mkdir -p $(@D) && $(CXX) $(TOOLCXXFLAGS) -MMD -MP -c -o $@ $<

# BPF: an NF is nf/NAME.c and needs no line here. DWARF goes, BTF stays.
build/nf/%.bpf.o: nf/%.c
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D) && $(CLANG) $(BPFCFLAGS) -MMD -MP -MT $@ -c -o $@ $< && $(LLVM_STRIP) -g $@

# What packages one needs natively it says itself (include/galette/nf.h).
nf_packages = $(shell sed -n 's|^// pkg-config: *||p' $<)
NFLINK = $(CC) $(NFCFLAGS) $(if $(nf_packages),$(shell $(PKG_CONFIG) --cflags $(nf_packages))) \
	-MMD -MP -MT $@ -MF $(@:.so=.so.d) -o $@ $< \
	$(if $(nf_packages),$(shell $(PKG_CONFIG) --libs $(nf_packages)))

$(B)/nf/%.so: nf/%.c
	$(call say,NF,$@)
	$(Q)mkdir -p $(@D) && $(NFLINK)

$(B)/nf/%.rules: nf/%.rules
	$(call say,RULES,$@)
	$(Q)mkdir -p $(@D) && cp $< $@

$(B)/selftests/nf-objects/%.so: selftests/nf-objects/%.c
	$(call say,NF,$@)
	$(Q)mkdir -p $(@D) && $(NFLINK)

$(B)/selftests/nf-objects/%.bpf.o: selftests/nf-objects/%.c
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D) && $(CLANG) $(BPFCFLAGS) -MMD -MP -MT $@ -c -o $@ $< && $(LLVM_STRIP) -g $@

$(B)/%.bpf.o: %.bpf.c
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D) && $(CLANG) $(BPFCFLAGS) -MMD -MP -MT $@ -c -o $@ $< && $(LLVM_STRIP) -g $@

$(B)/%.skel.h: $(B)/bpf/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $@

$(B)/selftests/%: selftests/%.c $(B)/tool/libtool.a
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(TOOLCFLAGS) -Iselftests -MMD -MP -MT $@ -MF $@.d -c -o $@.o $< && \
		$(CXX) $(SAN) $(LDFLAGS) -o $@ $@.o $(B)/tool/libtool.a $(LDLIBS) -lcmocka

# Helpers of the tests stand alone: they must not share the tool's mistakes.
$(B)/selftests/helpers/%: selftests/helpers/%.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(TOOLCFLAGS) -Iselftests -MMD -MP -MT $@ -MF $@.d -o $@ $< -lbpf

# ---- tests ----

# The second make sees what deps has installed.
check: deps
	$(Q)$(MAKE) --no-print-directory run-check

run-check: all $(TESTBPF) $(TESTSO) $(UNIT) $(NFTEST) $(HELPERS) $(BUDGET) $(BENCH)
	$(Q)$(if $(SANITIZE),,$(MAKE) --no-print-directory SANITIZE=1 sanitized)
	$(Q)GALETTE_BUILD=$(abspath $(B)) selftests/run $(UNIT) $(NFTEST) $(if $(SANITIZE),,$(SANITIZED)) $(E2E)

# What NFs do with memory that is not theirs shows natively.
SANITIZED := build/sanitize/selftests/nf/differential_test

sanitized: $(SANITIZED) $(NFSO) $(addprefix $(B)/selftests/nf-objects/native-api,.so .bpf.o)

# Each machine's binaries, then the machines.
check-vm check-cards budget-vm:
	$(Q)$(MAKE) --no-print-directory deps PACKAGES='$(PACKAGES) $(VM_PACKAGES)'
	$(Q)$(MAKE) --no-print-directory vm-parts
	$(Q)$(if $(filter x86_64-%,$(VM)),,$(MAKE) --no-print-directory CROSS_COMPILE=aarch64-linux-gnu- ARCH=arm64 DESTDIR=build/pi vm-parts install)
	$(Q)CLANG='$(CLANG)' selftests/vm/vm.sh $(if $(filter budget-vm,$@),--budget)$(if $(filter check-cards,$@),--cards) $(VM)

vm-parts: all $(TESTBPF) $(TESTSO) $(UNIT) $(NFTEST) $(HELPERS) $(BUDGET)

# Other kernels' figures stay.
budget: deps
	$(Q)$(MAKE) --no-print-directory all $(BUDGET)
	$(Q)GALETTE_BUILD=$(abspath $(B)) CLANG='$(CLANG)' selftests/budget.sh --into selftests/budget.csv

demo: deps
	$(Q)$(MAKE) --no-print-directory all
	$(Q)selftests/demo.sh

bench:
	$(Q)$(MAKE) --no-print-directory deps PACKAGES='$(PACKAGES) $(BENCH_PACKAGES)'
	$(Q)$(MAKE) --no-print-directory run-bench

bench-smoke: deps
	$(Q)BENCH_SMOKE=1 BENCH_OUT=$(abspath $(B))/bench-smoke/bench $(MAKE) --no-print-directory run-bench

# VM: another x86_64 machine of selftests/vm/matrix, of Linux 6.1 or later, for the slow path.
bench-count:
	$(Q)$(MAKE) --no-print-directory deps PACKAGES='$(PACKAGES) dpdk-dev qemu-system-x86 cpio zstd kmod'
	$(Q)$(MAKE) --no-print-directory vm-parts $(BENCH)
	$(Q)selftests/vm/vm.sh --count $(VM)

# EXPERIMENTS: those of selftests/bench/experiments to run, else all.
run-bench: all $(TESTBPF) $(HELPERS) $(BENCH)
	$(Q)GALETTE_BUILD=$(abspath $(B)) selftests/bench/bench.sh $(EXPERIMENTS)

lint: deps
	$(Q)clang-format --dry-run -Werror $(CSOURCES)
	$(Q)cppcheck --quiet --error-exitcode=1 --std=c11 --inline-suppr --enable=warning,portability \
		'-DLIBBPF_OPTS(t,n,...)=struct t n = {0}' '-Dbpf_object__for_each_program(p,o)=for (p = NULL; (p = bpf_object__next_program(o, p));)' \
		'-Dbpf_object__for_each_map(m,o)=for (m = NULL; (m = bpf_object__next_map(o, m));)' --suppress=missingIncludeSystem -Iinclude -Itool $(filter tool/%.c,$(CSOURCES))
	$(Q)shellcheck -x $(SHSOURCES)

format:
	$(Q)clang-format -i $(CSOURCES)

# Nothing to do needs no root and no network.
deps:
	$(Q)missing=$$(dpkg-query -W -f '$${Package} $${db:Status-Status}\n' $(PACKAGES) 2>/dev/null | \
		awk '$$2 == "installed" { have[$$1] } \
		     END { n = split("$(PACKAGES)", p); for (i = 1; i <= n; i++) if (!(p[i] in have)) print p[i] }'); \
	[ -z "$$missing" ] || { echo "installing" $$missing && apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $$missing; }

# ---- installation ----

install: all
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBDIR)/galette/nf $(DESTDIR)$(MANDIR)/man8 \
		$(DESTDIR)$(COMPDIR) $(DESTDIR)$(UNITDIR) $(DESTDIR)$(PREFIX)/include/galette/nf \
		$(DESTDIR)$(PREFIX)/share/galette/chains
	install -m 755 $(B)/galette-pin $(B)/galette-slow $(DESTDIR)$(BINDIR)
	install -m 644 $(NF) $(NFSO) $(RULES) $(DESTDIR)$(LIBDIR)/galette/nf
	install -m 644 tool/galette-pin.8 tool/slowpath/galette-slow.8 $(DESTDIR)$(MANDIR)/man8
	install -m 644 tool/galette-pin.bash $(DESTDIR)$(COMPDIR)/galette-pin
	install -m 644 tool/slowpath/galette-slow.bash $(DESTDIR)$(COMPDIR)/galette-slow
	sed 's|/usr/local/bin|$(BINDIR)|' tool/slowpath/galette-slow@.service > $(DESTDIR)$(UNITDIR)/galette-slow@.service
	chmod 644 $(DESTDIR)$(UNITDIR)/galette-slow@.service
	install -m 644 include/galette/*.h vmlinux/vmlinux.h $(DESTDIR)$(PREFIX)/include/galette
	install -m 644 include/galette/nf/*.h $(DESTDIR)$(PREFIX)/include/galette/nf
	install -m 644 chains/*.toml $(DESTDIR)$(PREFIX)/share/galette/chains

clean:
	$(Q)rm -rf build

-include $(TOOLOBJ:.o=.d) $(SLOWOBJ:.o=.d) $(B)/tool/slowpath/main.d $(NF:.o=.d) $(addsuffix .d,$(NFSO) $(TESTSO)) $(TESTBPF:.o=.d) $(SKEL:$(B)/%.skel.h=$(B)/bpf/%.bpf.d) \
	$(addsuffix .d,$(UNIT) $(NFTEST) $(HELPERS) $(BUDGET) $(BENCH))

# ---- fuzzing ----

# Each for FUZZ_SECONDS, from the chains, the bogons and the NFs; the corpora
# and what fails are in build/fuzz.
FUZZ_SECONDS ?= 30
FUZZ    := $(patsubst selftests/fuzz/%.c,%,$(wildcard selftests/fuzz/*_fuzz.c))
FUZZSAN := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
.PHONY: fuzz run-fuzz

# The tool is built once more, by clang and instrumented.
fuzz:
	$(Q)$(MAKE) --no-print-directory deps PACKAGES='$(PACKAGES) libclang-rt-14-dev'
	$(Q)$(MAKE) --no-print-directory all
	$(Q)$(MAKE) --no-print-directory B=build/fuzz CC=clang CXX=clang++ SAN='$(FUZZSAN)' \
		LDFLAGS=-fsanitize=fuzzer run-fuzz

run-fuzz: $(FUZZ:%=$(B)/selftests/fuzz/%) $(NFSO)
	$(Q)selftests/fuzz/run.sh $(B) $(FUZZ_SECONDS) $(FUZZ)
