#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The unit galette-slow@.service as `make install` lays it down, under a systemd: in its sandbox
# galette-slow has all it needs, and in the end nothing; killed, it is started again; without a
# chain it is not.
#
# systemd is the first process of a PID namespace, with a cgroup, a /run and units of its own. Its
# services have this network and this bpffs.
. "$(dirname "$0")/../lib.sh"

[ "$BUILD" = "$ROOT/build" ] || {
	skip "everything" "make install installs build/, this is $BUILD"
	exit
}
SYSTEMD=/lib/systemd/systemd
[ -x $SYSTEMD ] || {
	skip "everything" "no $SYSTEMD"
	exit
}

UNIT=galette-slow@eth0
CGROUP=$T/cgroup/galette-$$
INIT=
UNSHARE=

mkdir "$T/cgroup" "$T/units"
mount -t cgroup2 cgroup2 "$T/cgroup" || {
	skip "everything" "no cgroup2"
	exit
}

emptied() {
	grep -qx "populated 0" "$CGROUP/cgroup.events"
}
# All that systemd has started ends with it, a moment later.
end() {
	[ -z "$UNSHARE" ] || kill -KILL "$UNSHARE" 2> /dev/null
	wait
	[ ! -d "$CGROUP" ] || {
		wait_for emptied
		find "$CGROUP" -depth -type d -exec rmdir {} +
	}
	umount "$T/cgroup"
	! mountpoint -q /opt || umount /opt
	cleanup
}
trap 'end; [ $FAILED -eq 0 ] || exit 1' EXIT

expect 0 "make install PREFIX=/opt" make -s -C "$ROOT" install DESTDIR="$T" PREFIX=/opt || exit
holds "it is there" mount --bind "$T/opt" /opt || exit
holds "a cgroup" mkdir "$CGROUP" || exit
# What a system's first process writes and reads is not the machine's: its name, its id, its settings.
own_etc
rm -rf /etc/systemd/system.conf*

for unit in sysinit.target basic.target shutdown.target -.slice system.slice; do
	[ ! -e /lib/systemd/system/$unit ] || cp -- /lib/systemd/system/$unit "$T/units"
done
cp /opt/lib/systemd/system/galette-slow@.service "$T/units"
# What it says. There is no journal.
MORE=$T/units/$UNIT.service.d
mkdir "$MORE"
printf '%s\n' '[Service]' "StandardError=append:$T/said" > "$MORE/said.conf"
cat > "$T/boot" <<END
mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/tmp &&
	mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys &&
	mount -t cgroup2 cgroup2 /sys/fs/cgroup || exit
export container=galette SYSTEMD_UNIT_PATH=$T/units
export SYSTEMD_GENERATOR_PATH=/nowhere SYSTEMD_ENVIRONMENT_GENERATOR_PATH=/nowhere
exec $SYSTEMD --system --unit=basic.target --log-target=console --show-status=no
END
(
	echo $BASHPID > "$CGROUP/cgroup.procs" || exit
	exec unshare --pid --fork --kill-child --mount-proc --cgroup --uts --ipc bash "$T/boot" \
		> "$T/systemd.log" 2>&1 < /dev/null
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
wait_for booted
holds "systemd runs" booted || {
	indent "$T/systemd.log"
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
expect 0 "start without a chain" systemctl start $UNIT
equal "nothing runs, and nothing has failed" "inactive success 0" \
	"$(unit ActiveState) $(unit Result) $(unit MainPID)"

# ---- a chain ----
bench
cat > "$T/chain.toml" <<'END'
[slowpath]
pipes = 2
[functions.macswap]
disable_xdp = true
[[links]]
from = "rx"
to = ["macswap"]
[[links]]
from = "macswap"
to = ["tx"]
END
through() { # CASE
	wait_for slow_runs || {
		fail "$1" "no galette-slow runs: $(tail -n 1 "$T/said")"
		exit
	}
	probe --slow
	equal "$1" 8 "$(probed .received)"
}
expect 0 "attach --no-helper" pin attach --no-helper eth0 "$T/chain.toml"
equal "it starts none" null "$(slow_show .pid)"
expect 0 "start" systemctl start $UNIT
through "packets come back"
pid=$(unit MainPID)
equal "show has the unit's process" "$pid" "$(slow_show .pid)"
equal "with two pipes" 2 "$(slow_show '.pipes | length')"
for one in $(slow_show '.pid, .pipes[].pid'); do
	inside cat "/proc/$one/status" > "$T/status"
	equal "process $one is not root" 0 "$(grep -Ec '^Uid:.*\s0(\s|$)' "$T/status")"
	equal "… has no capability" 0000000000000000 "$(awk '/^Cap/ { print $2 }' "$T/status" | sort -u)"
done
# Which takes CAP_SYS_ADMIN and a network namespace.
equal "packets for the stack go several at once" 1 "$(slow_attached)"

# ---- what happens to it ----
another() {
	slow_runs && [ "$(slow_show .pid)" != "$pid" ]
}
expect 0 "killed" systemctl kill --kill-whom=main --signal=KILL $UNIT
holds "another runs" wait_for another || exit
through "packets come back"
pid=$(slow_show .pid)
equal "the unit has started it" "1 $pid" "$(unit NRestarts) $(unit MainPID)"
expect 0 "restart" systemctl restart $UNIT
holds "another runs" wait_for another || exit
through "packets come back"
main=$(unit MainPID)
pid=$(slow_show .pid)
equal "by the unit's process" "$main" "$pid"
sed -i 's/pipes = 2/pipes = 1/' "$T/chain.toml"
expect 0 "apply with one pipe, which starts another" pin apply eth0 "$T/chain.toml"
through "packets come back"
holds "the command's has taken over" another
equal "with one pipe" 1 "$(slow_show '[.pipes[] | select(.pid != 0 and .pid != null)] | length')"
equal "the unit's waits for its end" "active $main" "$(unit ActiveState) $(unit MainPID)"
pid=$(slow_show .pid)
inside kill -KILL "$pid"
holds "that is killed: another runs" wait_for another || exit
through "packets come back"
equal "by the unit's next one" "1 $(slow_show .pid)" "$(unit NRestarts) $(unit MainPID)"

# ---- its end ----
expect 0 "stop" systemctl stop $UNIT
equal "it ended by itself" "inactive success" "$(unit ActiveState) $(unit Result)"
equal "no process is left" 0 "$(inside pgrep -c galette-slow)"

# ---- whoever takes more from it ----
printf '%s\n' '[Service]' 'CapabilityBoundingSet=~CAP_SYS_ADMIN' 'RestrictNamespaces=yes' > "$MORE/less.conf"
expect 0 "without CAP_SYS_ADMIN" systemctl daemon-reload
expect 0 "start" systemctl start $UNIT
through "packets come back"
equal "packets for the stack go one by one" 0 "$(slow_attached)"
expect 0 "detach" pin detach eth0
ended() {
	[ "$(unit ActiveState)" = inactive ]
}
wait_for ended
equal "the unit has ended, and has not failed" "inactive success 0" \
	"$(unit ActiveState) $(unit Result) $(unit MainPID)"
equal "it said nothing but that" "galette-pin: no chain 'eth0' is attached (galette-pin show lists those that are)" \
	"$(sort -u "$T/said")"
