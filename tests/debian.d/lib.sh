# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# tests/debian.d/lib.sh - what the stages of tests/debian have in common. They run in the
# guest, as root, and include this.
#
# What a case finds goes to the second serial port, see result in tests/debian. Below
# /run/journey is what the host gave: build/deb/ and upgrade/ with packages, NAME.readme
# with lines of README, region.rst and region.man with those of the documentation, and the
# program pages.
set -u
export LC_ALL=C
export PATH=/run/journey:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export DEBIAN_FRONTEND=noninteractive

readonly here=/run/journey
# shellcheck source=tests/judge.sh
. $here/judge.sh
stage=$(sed -n 's/.*\bjourney=\([a-z]*\).*/\1/p' /proc/cmdline)
readonly stage
readonly scratch=/run/scratch
readonly spm=/sys/kernel/mm/spm node=/sys/devices/system/node
# shellcheck disable=SC2034 # for who includes this
readonly zswap=/sys/module/zswap/parameters
# From include/linux/panic.h: a module that is not in the kernel's tree
readonly taint_oot=$((1 << 12))
# Seconds until what a udev event starts is there, and until a program has pushed out what
# it was given; much, as the host may be busy
# shellcheck disable=SC2034 # for who includes this
readonly settle_seconds=180 load_seconds=600
# ---- Telling ----

exec 5>/dev/ttyS1
stty -F /dev/ttyS1 raw -echo

properties=()
cases=0
# Where all is that a case starts, but these services, which a stage adds
readonly slice=journey.slice
services=()

say() {
	printf '%s\n' "$*" >&5
}

# note LINE... - for who reads the log
note() {
	sed 's/^/| /' >&5
}

# mark NAME - the host looks at its clock
mark() {
	say "mark $1"
}

# it NAME COMMAND... - a case: it passes unless the command calls fail, or fails. What it
# started is stopped then.
it() {
	local name=$1
	shift
	cases=$((cases + 1))
	if ("$@") >$scratch/out 2>&1; then
		say "ok $name"
	else
		tail -n 30 $scratch/out | sed 's/^/# /' >&5
		say "not ok $name"
		systemctl stop $slice "${services[@]}"
	fi
}

# ---- The machine ----

# spm_nodes - their numbers, such as "1 2"
spm_nodes() {
	local list=$node/has_spm_memory range
	[ -e $list ] || return
	for range in $(tr ',' ' ' <$list); do
		seq -s ' ' "${range%-*}" "${range#*-}"
	done | xargs
}

# used - bytes on all SPM nodes
used() {
	cat $spm/used_bytes
}

nodes_are() {
	[ "$(spm_nodes)" = "$1" ]
}

# capacity_mib NODE
capacity_mib() {
	echo $(($(cat "$node/node$1/spm/capacity_bytes") >> 20))
}

is_healthy() {
	local tainted failed
	tainted=$(cat /proc/sys/kernel/tainted)
	[ $((tainted & ~taint_oot)) -eq 0 ] || fail "tainted: $tainted, $(dmesg | grep -i taint)"
	failed=$(systemctl --failed --no-legend --plain)
	[ -z "$failed" ] || fail "units failed: $failed"
}

is_empty() {
	[ "$(used)" = 0 ]
}

mem_total() {
	awk '/^MemTotal/ { print $2 }' /proc/meminfo
}

# written - sectors to the swap disk
written() {
	awk '{ print $7 }' /sys/block/nvme0n1/stat
}

vmstat_of() {
	awk -v name="$1" '$1 == name { print $2 }' /proc/vmstat
}

# running UNIT - sets $cgroup, where the kernel tells of it
running() {
	cgroup=/sys/fs/cgroup$(systemctl show -P ControlGroup "$1")
}

is_ready_or_gone() {
	[ -e "$scratch/$1.ready" ] || ! kill -0 "$2" 2>/dev/null
}

# start UNIT LIMIT COMMAND... - as a service, which may have LIMIT MiB in DRAM, and has the
# properties in $properties. Returns when the command has made $scratch/UNIT.ready; it goes
# on when there is $scratch/UNIT.go. Sets $pid, $cgroup, and $before: what had been written
# to the swap disk.
start() {
	local unit=$1 limit=$2
	shift 2
	rm -f "$scratch/$unit".{ready,go}
	before=$(written)
	systemd-run --quiet --wait --collect --slice=$slice --unit="$unit" -p MemoryMax="${limit}M" \
		-p StandardOutput="file:$scratch/$unit.log" -p StandardError="file:$scratch/$unit.log" \
		"${properties[@]}" "$@" &
	pid=$!
	eventually $load_seconds is_ready_or_gone "$unit" $pid ||
		fail "$unit is not ready after $load_seconds s"
	[ -e "$scratch/$unit.ready" ] || fail "$unit has ended: $(cat "$scratch/$unit.log")"
	running "$unit"
}

# finish UNIT PID - all went well to its end
finish() {
	touch "$scratch/$1.go"
	wait "$2" || fail "$1 ended with $?: $(cat "$scratch/$1.log")"
}

# load UNIT MIB LIMIT COMMAND... - the program has so much memory, and may have LIMIT of
# it in DRAM; the command runs when it has pushed out the rest, then it checks every byte
load() {
	local unit=$1 mib=$2 limit=$3 rc=0
	shift 3
	start "$unit" "$limit" $here/pages -m "$mib" fill pause="$scratch/$unit" check
	("$@") || rc=1
	finish "$unit" $pid
	return $rc
}

# is_stored BYTES - what does not fit in DRAM is on the nodes, and nothing on the disk
is_stored() {
	local least=$1
	echo "used $(used), cgroup $(cat "$cgroup/memory.spm.current")"
	atleast "bytes on SPM nodes" "$(used)" "$least"
	atleast memory.spm.current "$(cat "$cgroup/memory.spm.current")" "$least"
	atmost memory.current "$(cat "$cgroup/memory.current")" "$(cat "$cgroup/memory.max")"
	equal "sectors written to the swap disk" "$(($(written) - before))" 0
}

# They stay mapped, so the process has them.
is_mapped() {
	local process
	is_stored "$1"
	process=/proc/$(cat "$cgroup/cgroup.procs")
	atleast "VmSpm, KiB" "$(awk '/^VmSpm/ { print $2 }' "$process/status")" $(($1 >> 11))
}

# main - does what the kernel's parameter journey= names
main() {
	mkdir -p $scratch
	{ uname -a; systemd-analyze 2>&1 | head -n 1; lsmod | wc -l; } | note
	"stage_$stage"
	dmesg | grep -iE 'spm|dax|zswap|soft reserved|taint' | tail -n 40 | note
	say "end $cases"
}
