#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The unit galette-slow@.service as `make install` lays it down, under a systemd: in its sandbox
# galette-slow handles packets and takes over from another; killed, it is started again; without a
# chain it is not.
#
# systemd is the first process of a PID namespace, with a hostname, a cgroup, /etc, /run, /tmp and
# units of its own. Its services have this network and this bpffs.
. "$(dirname "$0")/../lib.sh"

SYSTEMD=/lib/systemd/systemd
skip_without() { # WHAT CMD ...
	local what=$1
	shift
	"$@" > /dev/null 2>&1 && return
	skip "everything" "no $what"
	exit
}
skip_without "build/ to install: this is $BUILD" [ "$BUILD" = "$ROOT/build" ]
skip_without $SYSTEMD [ -x $SYSTEMD ]
skip_without /opt [ -d /opt ]

# ---- a systemd ----
UNIT=galette-slow@eth0
CGROUP=$T/cgroup/galette-$$
INIT=
UNSHARE=
OPT=

emptied() {
	grep -qx "populated 0" "$CGROUP/cgroup.events"
}
# All in its PID namespace ends with it, and before unshare does.
end() {
	local pid=${INIT:-$UNSHARE}
	[ -z "$pid" ] || kill -KILL "$pid" 2> /dev/null
	wait
	[ ! -d "$CGROUP" ] || {
		wait_for emptied
		find "$CGROUP" -depth -type d -exec rmdir {} + || fail "its cgroup is removed"
	}
	! mountpoint -q "$T/cgroup" || umount "$T/cgroup"
	[ -z "$OPT" ] || umount /opt
	cleanup
}
trap 'end; [ $FAILED -eq 0 ] || exit 1' EXIT

# Those of tests that were killed.
remove_old_cgroups() {
	local dir
	for dir in "$T"/cgroup/galette-*; do
		[ ! -d "$dir" ] || [ -d "/proc/${dir##*-}" ] || find "$dir" -depth -type d -exec rmdir {} +
	done 2> /dev/null
}

mkdir "$T/cgroup" "$T/units"
skip_without cgroup2 mount -t cgroup2 cgroup2 "$T/cgroup"
remove_old_cgroups
skip_without "cgroup of one's own" mkdir "$CGROUP"
expect 0 "make install PREFIX=/opt" make -s -C "$ROOT" install DESTDIR="$T" PREFIX=/opt || exit
mount --bind "$T/opt" /opt && OPT=own || exit
# It would set the hostname, make a machine id, raise sysctls, and go by the machine's settings.
own_etc
rm -rf /etc/systemd/system.conf*

for unit in sysinit.target basic.target shutdown.target; do
	cp "/lib/systemd/system/$unit" "$T/units"
done
cp /opt/lib/systemd/system/galette-slow@.service "$T/units"
# What it says. There is no journal.
MORE=$T/units/$UNIT.service.d
mkdir "$MORE"
printf '%s\n' '[Service]' "StandardError=append:$T/said" > "$MORE/said.conf"
cat > "$T/boot" <<END
mount -t tmpfs tmpfs /run && mkdir /run/test && mount --bind $T /run/test &&
	mount -t tmpfs tmpfs /tmp && mkdir -p $T && mount --bind /run/test $T && umount /run/test &&
	mount -t tmpfs tmpfs /var/tmp &&
	mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys &&
	mount -t cgroup2 cgroup2 /sys/fs/cgroup || exit
export container=galette SYSTEMD_UNIT_PATH=$T/units
export SYSTEMD_GENERATOR_PATH=/nowhere SYSTEMD_ENVIRONMENT_GENERATOR_PATH=/nowhere
exec $SYSTEMD --system --unit=basic.target --log-target=null --show-status=no
END
(
	echo $BASHPID > "$CGROUP/cgroup.procs" || exit
	exec unshare --pid --fork --kill-child --mount-proc --cgroup --uts --ipc bash "$T/boot" < /dev/null 2> "$T/err"
) &
UNSHARE=$!

# There, where galette-slow's processes have the numbers that it knows them by.
inside() {
	nsenter -t "$INIT" --mount --pid --cgroup "$@"
}
systemctl() {
	inside systemctl --no-pager "$@"
}
booted() {
	INIT=$(pgrep -P $UNSHARE) && [[ $(systemctl is-system-running) == @(running|degraded) ]]
}
holds "systemd runs" wait_for booted || {
	indent "$T/err"
	exit
}
unit() {
	systemctl show --value --property "$1" $UNIT
}
cat > "$T/galette-pin" <<END
#!/bin/bash
exec nsenter -t $INIT --mount --pid --cgroup /opt/bin/galette-pin "\$@"
END
chmod +x "$T/galette-pin"
GALETTE=$T/galette-pin
NF=/opt/lib/galette/nf

# ---- no chain ----
ended() {
	[ "$(unit ActiveState) $(unit Job)" = "inactive " ]
}
expect 0 "start without a chain" systemctl start $UNIT
holds "nothing runs, and nothing has failed" ended
NO_CHAIN="galette-pin: no chain 'eth0' is attached (galette-pin show lists those that are)"
equal "it says why" "$NO_CHAIN" "$(cat "$T/said")"

# ---- packets ----
through() { # CASE
	wait_for slow_runs || {
		fail "$1" "no galette-slow runs: $(tail -n 1 "$T/said")"
		exit
	}
	probe --slow
	equal "$1" 8 "$(probed .received)"
}
# Not the one that had $pid.
another() {
	slow_runs && [ "$(slow_show .pid)" != "$pid" ]
}
follows() { # CASE
	holds "$1: another runs" wait_for another || exit
	pid=$(slow_show .pid)
	equal "… which the unit has started" "$(unit MainPID)" "$pid"
}

bench
slow_chain tx no-op > "$T/chain.toml" <<< "pipes = 2"
slow_chain tx no-op > "$T/one.toml" <<< "pipes = 1"
slow_chain pass no-op > "$T/pass.toml" <<< "pipes = 1"

expect 0 "attach" pin attach eth0 "$T/chain.toml"
through "packets come back, by one that the command has started"
pid=$(slow_show .pid)
expect 0 "systemctl start" systemctl start $UNIT
follows "taking over"
through "… and packets come back"
harmless_processes() {
	local one who=supervisor
	for one in $(slow_show '.pid, .pipes[].pid'); do
		inside cat "/proc/$one/status" > "$T/status"
		harmless "$who" "$T/status"
		who=pipe
	done
}
harmless_processes
equal "two pipes" 2 "$(slow_show '.pipes | length')"
# Which takes CAP_SYS_ADMIN and a network namespace.
equal "the program for several packets to the stack is attached" 1 "$(deliver_attached)"
expect 0 "detach" pin detach eth0
holds "the unit ends, and has not failed" wait_for ended

# ---- with an init system alone ----
expect 0 "attach --no-helper" pin attach --no-helper eth0 "$T/chain.toml"
equal "it starts none" null "$(slow_show .pid)"
pid=0
expect 0 "systemctl start" systemctl start $UNIT
follows "started"
through "… and packets come back"
inside kill -KILL "$pid"
follows "killed"
through "… and packets come back"
expect 0 "systemctl restart" systemctl restart $UNIT
follows "restarted"
through "… and packets come back"
main=$pid
expect 0 "apply with one pipe, which starts another" pin apply eth0 "$T/one.toml"
holds "the command's has taken over" another
through "packets come back"
equal "one pipe" 1 "$(slow_show '[.pipes[] | select(.pid != 0 and .pid != null)] | length')"
equal "the unit's waits for its end" "active $main" "$(unit ActiveState) $(unit MainPID)"
pid=$(slow_show .pid)
inside kill -KILL "$pid"
follows "the command's is killed"
through "… and packets come back"
expect 0 "systemctl stop" systemctl stop $UNIT
holds "it has ended, and not failed" ended
equal "no process is left" 0 "$(inside pgrep -c galette-slow)"

# ---- with less than the unit gives ----
printf '%s\n' '[Service]' 'CapabilityBoundingSet=~CAP_SYS_ADMIN' 'RestrictNamespaces=yes' > "$MORE/less.conf"
systemctl daemon-reload
expect 0 "apply" pin apply eth0 "$T/pass.toml"
equal "it starts none" null "$(slow_show .pid)"
pid=0
expect 0 "start without CAP_SYS_ADMIN" systemctl start $UNIT
follows "started"
equal "… without the program for several packets to the stack" 0 "$(deliver_attached)"
probe --slow
equal "… and packets come to the stack" 8 "$(probed .stack)"
expect 0 "detach" pin detach eth0
holds "the unit ends, and has not failed" wait_for ended
equal "it said nothing else" "$NO_CHAIN" "$(sort -u "$T/said")"
