# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# tests/guest/lib.sh - what the tests in the virtual machine share.
#
# A test file defines functions test_NAME, one per behaviour, and ends with
# run_tests. Each runs in a subshell: it passes unless it calls fail, a command
# given to `must` fails, or, afterwards, something is still on an SPM node.
# What it leaves running or mounted is cleared away here.
set -u
export LC_ALL=C

tests=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
root=$(cd "$tests/../.." && pwd)
export PATH=$root/build/tests:$PATH
# shellcheck source=/dev/null
. "$root/build/linux/tools/testing/selftests/kselftest/ktap_helpers.sh"
# shellcheck source=tests/judge.sh
. "$root/tests/judge.sh"

driver=/sys/bus/dax/drivers/spm_dax
emu_driver=/sys/bus/dax/drivers/spm_emu
cxl_devices=/sys/bus/cxl/devices
emu_parameters=/sys/module/spm_emu/parameters
node_dir=/sys/devices/system/node
spm=/sys/kernel/mm/spm
debug=/sys/kernel/debug
zswap=/sys/module/zswap/parameters
cgroups=/sys/fs/cgroup
tracing=/sys/kernel/tracing
lru_gen=/sys/kernel/mm/lru_gen/enabled
thp=/sys/kernel/mm/transparent_hugepage
page=4096
scratch=/tmp/test

# ---- Judging ----

# skip REASON - this machine or kernel cannot do it
skip() {
	echo "$*" >"$scratch.skip"
	exit "$KSFT_SKIP"
}

# must COMMAND... - the command succeeds
must() {
	"$@" || fail "'$*' failed: $?"
}

# errno_text ERRNO - what a shell prints for it
errno_text() {
	case $1 in
	EPERM) echo 'Operation not permitted' ;;
	EHWPOISON) echo 'Memory page has hardware error' ;;
	ENOENT) echo 'No such file or directory' ;;
	EINTR) echo 'Interrupted system call' ;;
	EIO) echo 'Input/output error' ;;
	ENOMEM) echo 'Cannot allocate memory' ;;
	ERANGE) echo 'Numerical result out of range' ;;
	EACCES) echo 'Permission denied' ;;
	EBUSY) echo 'Device or resource busy' ;;
	ENODEV) echo 'No such device' ;;
	EINVAL) echo 'Invalid argument' ;;
	*) echo "unknown errno $1" ;;
	esac
}

# put VALUE FILE - write it, in one write
put() {
	{ printf '%s\n' "$1" >"$2"; } 2>"$scratch.error" ||
		fail "writing '$1' to $2: $(tail -n 1 "$scratch.error")"
}

# refused ERRNO VALUE FILE - writing it fails like this
refused() {
	if { printf '%s\n' "$2" >"$3"; } 2>"$scratch.error"; then
		fail "writing '$2' to $3 succeeded, want $1"
	fi
	grep -qF "$(errno_text "$1")" "$scratch.error" ||
		fail "writing '$2' to $3: $(tail -n 1 "$scratch.error"), want $1"
}

# logged TEXT - the last line of the kernel log has this
logged() {
	dmesg | tail -n 1 | grep -qF -e "$1" || fail "the kernel log says: $(dmesg | tail -n 1)"
}

# ---- Looking ----

# drain - what write faults have left is freed now, not a tenth of a second later
drain() {
	[ ! -e $debug/spm/drain ] || put 1 $debug/spm/drain
}

# stats NODE - all counters and figures of a node, or of "all", a line each
stats() {
	if [ "$1" = all ]; then
		cat $debug/spm/stats
	else
		cat "$debug/spm/node$1/stats"
	fi
}

# of NODE COUNTER - one of them, at rest: from sysfs if it is there, else from debugfs
of() {
	local dir=$spm
	[ "$1" = all ] || dir=$node_dir/node$1/spm
	drain
	if [ -e "$dir/$2" ]; then
		cat "$dir/$2"
	else
		stats "$1" | grep -E "^$2 " | cut -d' ' -f2
	fi
}

# used NODE - pages
used() {
	echo $(($(of "$1" used_bytes) / page))
}

# mapped NODE - pages of tasks there
mapped() {
	echo $(($(of "$1" mapped_bytes) / page))
}

# node_of DAX - the node that it is or would be
node_of() {
	local link
	for link in "$node_dir"/node*/spm/device; do
		[[ $(readlink "$link") == */"$1" ]] || continue
		link=${link#"$node_dir/node"}
		echo "${link%%/*}"
		return
	done
	cat "/sys/bus/dax/devices/$1/target_node"
}

# blocks NODE - sysfs directories of its memory blocks
blocks() {
	local block
	for block in "$node_dir/node$1"/memory[0-9]*; do
		[ ! -e "$block" ] || echo "$block"
	done
}

# meminfo FIELD [NODE] - in kB
meminfo() {
	local file=/proc/meminfo
	[ $# -lt 2 ] || file=$node_dir/node$2/meminfo
	awk -v field="$1:" '{ for (i = 1; i < NF; i++) if ($i == field) print $(i + 1) }' "$file"
}

# vmstat FIELD
vmstat() {
	awk -v field="$1" '$1 == field { print $2 }' /proc/vmstat
}

# numa_maps PID NODE - a task's pages on a node
numa_maps() {
	grep -o " N$2=[0-9]*" "/proc/$1/numa_maps" | awk -F= '{ n += $2 } END { print n + 0 }'
}

# smaps PID FIELD - in kB
smaps() {
	awk -v field="$2:" '$1 == field { n += $2 } END { print n + 0 }' "/proc/$1/smaps"
}

# only_pid CGROUP - of its one process
only_pid() {
	cat "$cgroups/$1/cgroup.procs"
}

# pid_of NAME - of what "start $scratch/NAME" has started
pid_of() {
	cat "$scratch/$1.pid"
}

# zswap_stat FIELD - from debugfs
zswap_stat() {
	cat "$debug/zswap/$1"
}

# ---- Doing ----

bind() {
	put "$1" $driver/bind
}

unbind() {
	put "$1" $driver/unbind
}

bound() {
	[ "$(readlink -f "/sys/bus/dax/devices/$1/driver")" = $driver ]
}

all_dax() {
	local path
	for path in /sys/bus/dax/devices/*; do
		[ ! -e "$path" ] || echo "${path##*/}"
	done
}

# emulate DAX [PARAMETER=VALUE...] - make an SPM node of an emulated device, with
# the defaults for all other parameters
emulate() {
	local dax=$1 setting
	shift
	modprobe spm_emu 2>/dev/null
	leave "$dax"
	for setting in ratio_permille=2000 model=lz4 fixed_permille=2000 lag_ms=10 refresh_ms=20 \
		       notice_ms=2000 coherent=1 "$@"; do
		put "${setting#*=}" "$emu_parameters/${setting%%=*}"
	done
	put "$dax" $emu_driver/bind
	# All of 128 MiB in five seconds or so, as long as nobody else needs the CPU.
	[ ! -e "$debug/spm_emu/$dax/sweep" ] || put 64 "$debug/spm_emu/$dax/sweep"
}

# swept DAX - an emulated device holds nothing that the kernel has not told it of
swept() {
	local sweep=$debug/spm_emu/$1/sweep
	[ ! -e "$sweep" ] || equal "pages of $1 with contents that nobody told of" "$(cat "$sweep")" 0
}

# leave DAX - no driver has it any more
leave() {
	local driver
	driver=$(readlink -f "/sys/bus/dax/devices/$1/driver") || return 0
	swept "$1"
	[ ! -e "$driver" ] || put "$1" "$driver/unbind"
}

# bind_kmem DAX - what it has becomes ordinary memory, offline as long as nobody says else
bind_kmem() {
	must modprobe kmem
	[ -e "/sys/bus/dax/devices/$1/driver" ] || put "$1" /sys/bus/dax/drivers/kmem/bind
}

# zram SIZE - /dev/zram0 is a block device of that size; fails if the kernel has none
zram() {
	modprobe zram || return
	put 1 /sys/block/zram0/reset
	put "$1" /sys/block/zram0/disksize
}

# emu DAX FILE - a figure of an emulated device
emu() {
	cat "$debug/spm_emu/$1/$2"
}

# fault DAX FILE VALUE - let an emulated device misbehave
fault() {
	put "$3" "$debug/spm_emu/$1/$2"
}

# holds_at_most DAX BYTES - an emulated device does
holds_at_most() {
	[ "$(emu "$1" used_bytes)" -le "$2" ]
}

# relieved DAX BYTES - pages leave it until it holds no more. A worker moves thousands in
# a few seconds here; so a device must have been emulated with a minute's notice_ms.
relieved() {
	local node
	node=$(node_of "$1")
	eventually 60 holds_at_most "$1" "$2" ||
		fail "pages do not leave: $(of "$node" mm_stat), $(gate "$node")"
}

# gate NODE
gate() {
	of "$1" gate
}

# gate_is NODE TEXT
gate_is() {
	[ "$(gate "$1")" = "$2" ]
}

# opens NODE [SECONDS] - its gate does, before this time is over
opens() {
	eventually "${2:-30}" gate_is "$1" 'open none' ||
		fail "the gate of node $1 does not open: $(gate "$1"), $(of "$1" mm_stat)"
}

# oom_kills - since boot
oom_kills() {
	vmstat oom_kill
}

# demotion - reclaim demotes, from here on
demotion() {
	put 1 $spm/demote_enabled
}

# with_lru GENERATIONS FUNCTION [ARG...]
with_lru() {
	local enabled
	enabled=$(cat $lru_gen)
	put "$1" $lru_gen
	"${@:2}"
	put "$enabled" $lru_gen
}

# with_the_other_lru FUNCTION [ARG...]
with_the_other_lru() {
	local other=0
	[ $(($(cat $lru_gen))) -ne 0 ] || other=7
	with_lru $other "$@"
}

# use_zswap ZPOOL - switch zswap on with this zpool
use_zswap() {
	put "$1" $zswap/zpool
	put lz4 $zswap/compressor
	put Y $zswap/enabled
}

swap_disk() {
	local path
	for path in /sys/block/vd*; do
		[ -e "$path/serial" ] || continue
		[ "$(<"$path/serial")" != vmswap ] || echo "/dev/${path##*/}"
	done
}

# only_empty DISK - it is what there is to swap to, and nothing is there
only_empty() {
	local name used only=''
	while read -r name _ _ used _; do
		[ "$name" != Filename ] || continue
		[ "$name $used" = "$1 0" ] || return 1
		only=1
	done </proc/swaps
	[ -n "$only" ]
}

# swap_again - everything is read back, nothing is left of it on SPM
swap_again() {
	local disk
	disk=$(swap_disk)
	[ -n "$disk" ] || return 0
	! only_empty "$disk" || return 0
	must swapoff -a
	must swapon "$disk"
}

# fallback NAME - what zspm does when SPM is full; needs that no pool exists
fallback() {
	put N $zswap/enabled
	put zsmalloc $zswap/zpool
	swap_again
	eventually 10 no_pool || fail "a zspm pool does not go away"
	put "$1" /sys/module/zspm/parameters/fallback
}

# Only without a pool may the fallback be changed.
no_pool() {
	local file=/sys/module/zspm/parameters/fallback have other=''
	have=$(cat $file)
	[ -n "$have" ] || other=zsmalloc
	{ echo "$other" >$file && echo "$have" >$file; } 2>/dev/null
}

# cgroup NAME [FILE=VALUE...] - make it
cgroup() {
	local name=$1 setting
	shift
	mkdir -p "$cgroups/$name"
	for setting in "$@"; do
		put "${setting#*=}" "$cgroups/$name/${setting%%=*}"
	done
}

# within CGROUP COMMAND... - run it there; not for functions
within() {
	local name=$1
	shift
	# shellcheck disable=SC2016 # for the shell inside
	bash -c 'echo $$ >"$0" && exec "$@"' "$cgroups/$name/cgroup.procs" "$@"
}

# memory_stat CGROUP FIELD
memory_stat() {
	awk -v field="$2" '$1 == field { print $2 }' "$cgroups/$1/memory.stat"
}

# memory_event CGROUP NAME - how often
memory_event() {
	awk -v name="$2" '$1 == name { print $2 }' "$cgroups/$1/memory.events"
}

# start MARK COMMAND... - run in the background until it makes MARK.ready, which
# "pages ... pause=MARK" or "loop=MARK" does
start() {
	local mark=$1
	shift
	rm -f "$mark.ready" "$mark.go"
	"$@" &
	echo $! >"$mark.pid"
	wait_ready "$mark" "$@"
}

wait_ready() {
	local mark=$1 pid
	shift
	pid=$(cat "$mark.pid")
	until [ -e "$mark.ready" ]; do
		kill -0 "$pid" 2>/dev/null || {
			wait "$pid"
			fail "'$*' ended early: $?"
		}
		sleep 0.05
	done
}

# next_pause MARK NEXT - let it go on until NEXT.ready
next_pause() {
	cp "$1.pid" "$2.pid"
	rm -f "$2.ready" "$2.go"
	touch "$1.go"
	wait_ready "$2" pages
}

# finish MARK - let it go on; it must succeed
finish() {
	touch "$1.go"
	wait "$(cat "$1.pid")" || fail "'pages' at $1 failed: $?"
}

# trace_stores - from here on stored_pfns tells the page frames that were stored to
trace_stores() {
	put 0 $tracing/tracing_on
	put '' $tracing/trace
	put 1 $tracing/events/spm/spm_store/enable
	put 1 $tracing/tracing_on
}

# stored_pfns - in the order of the stores
stored_pfns() {
	sed -n 's/.*spm_store:.* pfn=\(0x[0-9a-f]*\) rc=0.*/\1/p' $tracing/trace
}

# ---- CXL ----

# qmp COMMAND [ARGUMENTS] - have QEMU do it, with arguments in JSON, and print what it
# returns; needs "# vm: --guest-qmp", see tools/vm. Its monitor has to be told once that
# its capabilities are wanted, and complains the next times.
qmp() {
	local dir name='' port='' monitor line id=$RANDOM$RANDOM
	for dir in /sys/class/virtio-ports/*; do
		read -r name 2>/dev/null <"$dir/name"
		[ "$name" != qmp ] || port=/dev/${dir##*/}
	done
	[ -n "$port" ] || fail "there is no port qmp: the test needs --guest-qmp"
	exec {monitor}<>"$port"
	printf '{"execute": "qmp_capabilities"}\n{"execute": "%s", "arguments": %s, "id": "%s"}\n' \
		"$1" "${2:-{\}}" "$id" >&"$monitor"
	# What it says otherwise: a greeting, events, the answer to the first
	while read -r -t 60 line <&"$monitor"; do
		[[ $line == *"\"id\": \"$id\""* ]] || continue
		exec {monitor}>&-
		[[ $line != *'"error": '* ]] || fail "QEMU: $1 ${2-}: $line"
		echo "$line"
		return
	done
	fail "QEMU does not answer $1"
}

# media_event DEVICE KIND LOG DESCRIPTOR TYPE ADDRESS - QEMU's CXL device of this id
# records an event of this kind, general-media or dram
media_event() {
	qmp "cxl-inject-$2-event" "{\"path\": \"/machine/peripheral/$1\", \"log\": \"$3\",
		\"flags\": 1, \"dpa\": $6, \"descriptor\": $4, \"type\": $5,
		\"transaction-type\": 5}" >/dev/null
}

# endpoint_of MEMORY - the decoder that has memory of a CXL device, mem0 say
endpoint_of() {
	local port
	for port in "$cxl_devices"/endpoint*; do
		[ "$(readlink -f "$port/uport")" = "$(readlink -f "$cxl_devices/$1")" ] || continue
		echo "decoder${port##*endpoint}.0"
	done
}

# memory_there NAME... - these CXL devices are, and can be used
memory_there() {
	local name
	for name; do
		[ -e "$cxl_devices/$name/driver" ] || return 1
	done
}

# cxl_region BYTES GRANULARITY NAME... - a region of that many bytes of the volatile memory
# of each of these CXL devices, some bytes of each in turn. Sets $region, its name. It
# has a dax device, see dax_of.
cxl_region() {
	local bytes=$1 granularity=$2 decoder name i=0
	shift 2
	eventually 60 memory_there "$@" || fail "not all CXL devices came up: $*"
	region=$(cat $cxl_devices/decoder0.0/create_ram_region)
	put "$region" $cxl_devices/decoder0.0/create_ram_region
	put "$granularity" "$cxl_devices/$region/interleave_granularity"
	put $# "$cxl_devices/$region/interleave_ways"
	put $((bytes * $#)) "$cxl_devices/$region/size"
	for name; do
		decoder=$(endpoint_of "$name")
		[ -n "$decoder" ] || fail "CXL device $name has no endpoint"
		put ram "$cxl_devices/$decoder/mode"
		put "$bytes" "$cxl_devices/$decoder/dpa_size"
		put "$decoder" "$cxl_devices/$region/target$i"
		i=$((i + 1))
	done
	put 1 "$cxl_devices/$region/commit"
	put "$region" /sys/bus/cxl/drivers/cxl_region/bind
}

# dax_of REGION - its dax device
dax_of() {
	local path
	for path in "$cxl_devices/$1"/dax_region*/dax*.*; do
		[ ! -e "$path" ] || echo "${path##*/}"
	done
}

# delete_cxl_region REGION - and its dax device with it; its devices have all of their
# memory again
delete_cxl_region() {
	local i decoder
	local -a decoders=()
	for ((i = 0; i < $(cat "$cxl_devices/$1/interleave_ways"); i++)); do
		decoders+=("$(cat "$cxl_devices/$1/target$i")")
	done
	put "$1" $cxl_devices/decoder0.0/delete_region
	for decoder in "${decoders[@]}"; do
		[ -z "$decoder" ] || put 0 "$cxl_devices/$decoder/dpa_size"
	done
}

# ---- Measuring ----

# figure_of NAME RESULT - a number of the line of JSON that a program of bench/ printed
figure_of() {
	sed -n "s/.*\"$1\": \([0-9]*\).*/\1/p" <<<"$2"
}

# ---- Running ----

# One test's state must not reach the next one.
clean_up() {
	local dir pid
	for pid in $(jobs -p); do
		kill -9 "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	[[ $(</proc/self/mounts) != *" $scratch/"* ]] || umount "$scratch"/* 2>/dev/null
	echo 0 >$tracing/tracing_on
	[ ! -e $spm/demote_enabled ] || echo 0 >$spm/demote_enabled
	for dir in "$cgroups"/*/; do
		if [ -e "$dir/cgroup.kill" ]; then
			echo 1 >"$dir/cgroup.kill"
			eventually 5 rmdir "$dir" 2>/dev/null
		fi
	done
	rm -rf "$scratch"
}

# nothing_left - after swapoff; a page that is in use all the same has leaked
nothing_left() {
	[ ! -e $spm ] || [ "$(used all)" -eq 0 ]
}

# quoted - what is read, as KTAP has what is said about a case. A process for each of some
# six hundred cases would take a minute.
quoted() {
	local line
	while IFS= read -r line || [ -n "$line" ]; do
		printf '# %s\n' "$line"
	done
}

# one_test FUNCTION - in a subshell
one_test() {
	local dax
	mkdir -p "$scratch"
	trap clean_up EXIT
	[ -n "${PLAIN-1}" ] || like_a_server
	"$1"
	clean_up
	trap - EXIT
	swap_again
	for dax in $(all_dax); do
		swept "$dax"
	done
	eventually 10 nothing_left || fail "$(used all) pages are left on SPM"
}

prepare() {
	# The kernel without SPM has neither.
	modprobe zspm 2>/dev/null
	modprobe spm_dax 2>/dev/null
	put '+cpuset +memory' $cgroups/cgroup.subtree_control
	[ -z "${LRU_GEN-}" ] || put "$LRU_GEN" $lru_gen
	# Where tests want what kmem adds online, they say so; a distribution's kernel does that.
	put offline /sys/devices/system/memory/auto_online_blocks
}

# like_a_server - before each test, what tools/vm has set at boot, as the last one may have
# set it otherwise; and the scanner for pages that are the same, at work
like_a_server() {
	put always $thp/enabled
	put 1 /proc/sys/kernel/numa_balancing
	put 1 /sys/kernel/mm/ksm/run
}

# run_tests - all test_* functions of the file, in its order; with LONG=1 all long_* ones,
# too, which do what others do with other sizes and settings, or more often
run_tests() {
	local name rc kinds='test'
	local -a names
	[ -z "${LONG-}" ] || kinds='test|long'
	mapfile -t names < <(sed -nE "s/^(($kinds)_[a-z0-9_]*)\(\) \{\$/\1/p" "$0")
	prepare
	ktap_print_header
	ktap_set_plan ${#names[@]}
	for name in "${names[@]}"; do
		rm -f "$scratch".*
		(one_test "$name") >"$scratch.out" 2>&1
		rc=$?
		quoted <"$scratch.out"
		name=${name#*_}
		name=${name//_/ }
		case $rc in
		0) ktap_test_pass "$name" ;;
		"$KSFT_SKIP") ktap_test_skip "$name ($(cat "$scratch.skip"))" ;;
		*) ktap_test_fail "$name" ;;
		esac
	done
	ktap_finished
}
