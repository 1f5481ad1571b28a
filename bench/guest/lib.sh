# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# bench/guest/lib.sh - what the scenarios share: peers, cgroups, counters, records.
#
# A scenario is a script in bench/scenarios. It sets
#	peers	that it makes sense for, in the order in which they run
#	program	which it needs, if that is not one of ours
# and defines
#	work PEER	calls `measure CASE COMMAND...` for each case
# and ends with `scenario "$@"`. Each case runs in a cgroup of its own. What it
# prints is JSON with figures; with what the kernel counted meanwhile, it becomes
# one record on stdout. What goes on is told on stderr.
#
# It runs as root in the VM (see tools/vm) or on a real machine, where all settings
# that it changes are put back at the end.
set -u
export LC_ALL=C

root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
name=${0##*/}
# shellcheck disable=SC2034 # for the scenarios
programs=$root/build/bench
spm=/sys/kernel/mm/spm spm_debug=/sys/kernel/debug/spm zswap=/sys/module/zswap/parameters
group=/sys/fs/cgroup/bench tmpfs=/mnt/bench
# shellcheck disable=SC2034 # for the scenarios
software='zsmalloc+lzo zsmalloc+lz4 zsmalloc+zstd zbud+lzo zbud+lz4 zbud+zstd zram+lz4 zram+zstd'
limit_mib=96 quick_limit_mib=32 quick='' failed=0
# memory.spm.max of the cgroups, if a case has one
spm_max=''
# The most on SPM; the most pages in zswap, and what its pool took then
most_spm=0 most_pages=0 pool_of_pages=0
# For readmix: what a device may take for a line, as bench/reporting/latency.py has it
# shellcheck disable=SC2034 # for the scenarios
readonly delays=(-d 250 -d 1000)
# With as much memory in all: these peers, and what those have more who have no device.
readonly equal_peers='zsmalloc+lz4 zsmalloc+zstd zram+lz4 zram+zstd'
equal='' more_bytes=0

say() {
	printf '%s\n' "$*" >&2
}

die() {
	say "$name: $*"
	exit 2
}

# ---- Settings ----

declare -A original
declare -a order=()

# put VALUE FILE - and see that it took; it is put back at the end
put() {
	[ -e "$2" ] || die "there is no $2: is this kernel configured for it?"
	if [ -z "${original[$2]+set}" ]; then
		original[$2]=$(cat "$2")
		order+=("$2")
	fi
	{ echo "$1" >"$2"; } 2>/dev/null || die "cannot set $2 to $1"
}

put_back() {
	local i
	end_cgroup
	umount "$tmpfs" ${place:+"$place"} 2>/dev/null
	use_swap disk
	[ -z "$tier" ] || leave_tier
	for ((i = ${#order[@]} - 1; i >= 0; i--)); do
		echo "${original[${order[i]}]}" >"${order[i]}" 2>/dev/null
	done
}

# ---- Peers ----

zram=/sys/block/zram0

# use_swap disk - where pages go that zswap does not take
# use_swap zram COMPRESSOR [writeback|recompress]
use_swap() {
	local disk
	swapoff -a || die "swapoff failed"
	[ ! -e $zram/reset ] || echo 1 >$zram/reset
	if [ "$1" = disk ]; then
		for disk in "${disks[@]}"; do
			swapon "$disk" || die "swapon $disk failed"
		done
		return
	fi
	modprobe zram 2>/dev/null
	[ -e $zram/comp_algorithm ] || die "there is no zram"
	echo "$2" >$zram/comp_algorithm || die "zram has no $2"
	case ${3-} in
	# It leaves the first block alone, where the disk says that it is for swap.
	writeback) echo "${disks[0]}" >$zram/backing_dev ;;
	recompress) echo 'algo=zstd priority=1' >$zram/recomp_algorithm ;;
	esac || die "zram cannot do $3: is this kernel configured for it?"
	echo 1G >$zram/disksize
	{ mkswap /dev/zram0 && swapon /dev/zram0; } >/dev/null || die "cannot swap to zram"
}

dax=/sys/bus/dax
tier=''		# devices that are ordinary memory at the moment

# The SPM nodes' memory becomes ordinary memory of a slower tier, and back.
use_tier() {
	local device
	modprobe kmem 2>/dev/null
	for device in "$dax"/drivers/spm_dax/dax*; do
		device=${device##*/}
		echo "$device" >$dax/drivers/spm_dax/unbind || die "cannot unbind $device"
		echo "$device" >$dax/drivers/kmem/new_id 2>/dev/null
		echo "$device" >$dax/drivers/kmem/bind 2>/dev/null
		[ -e "$dax/drivers/kmem/$device" ] || die "$device does not bind to kmem"
		tier+="$device "
	done
	online_tier
	put 1 /sys/kernel/mm/numa/demotion_enabled
}

# tier_nodes - their numbers
tier_nodes() {
	local device
	for device in $tier; do
		cat "$dax/devices/$device/target_node"
	done
}

online_tier() {
	local node block
	for node in $(tier_nodes); do
		for block in /sys/devices/system/node/node"$node"/memory[0-9]*; do
			[ "$(cat "$block/state")" = online ] || echo online_movable >"$block/state"
		done
	done
}

leave_tier() {
	local device node block
	for node in $(tier_nodes); do
		for block in /sys/devices/system/node/node"$node"/memory[0-9]*; do
			echo offline >"$block/state" || die "cannot take $block offline"
		done
	done
	for device in $tier; do
		echo "$device" >$dax/drivers/kmem/unbind
		echo "$device" >$dax/drivers/spm_dax/bind || die "cannot bind $device"
	done
	tier=''
}

# What zram leaves to user space: to write what does not compress to the disk; and to compress
# by zstd what nobody has used since it was last marked idle.
mark_idle() {
	[[ $peer != zram+*+recompress ]] || echo all >$zram/idle
}

tend() {
	case $peer in
	zram+*+writeback) echo huge >$zram/writeback ;;
	zram+*+recompress) echo type=idle >$zram/recompress ;;
	esac
}

# keep_tending - ten times in a second what does not compress, else once, until it is killed
keep_tending() {
	local timer pause=1
	[[ $peer != *+writeback ]] || pause=0.1
	exec {timer}<> <(:)
	while mark_idle; do
		read -r -t "$pause" -u "$timer"
		tend
	done
}

demotion() {
	[ ! -e $spm/demote_enabled ] || put "$1" $spm/demote_enabled
}

# tiering 0|1 - NUMA balancing's mode that promotes, or what it was
tiering() {
	local mode=/proc/sys/kernel/numa_balancing
	if [ "$1" = 1 ]; then
		put 2 $mode
	elif [ -n "${original[$mode]+set}" ]; then
		put "${original[$mode]}" $mode
	fi
}

promotion_of_hot() {
	[ ! -e $spm/promote_hot_enabled ] || put "$1" $spm/promote_hot_enabled
}

shrinker() {
	put "$1" $zswap/shrinker_enabled
}

use_zswap() {
	put "$1" $zswap/zpool
	[ $# -eq 1 ] || put "$2" $zswap/compressor
	put Y $zswap/enabled
}

# use_peer PEER - whatever an earlier one has stored is gone by then
use_peer() {
	local words=${1//+/ }
	put N $zswap/enabled
	demotion 0
	promotion_of_hot 0
	tiering 0
	shrinker N
	[ -z "$tier" ] || leave_tier
	use_swap disk
	case $1 in
	none | disk) ;;
	null) use_zswap znull ;;
	zspm) use_zswap zspm ;;
	mapped) demotion 1 ;;
	mapped+hot) demotion 1; promotion_of_hot 1; tiering 1 ;;
	zspm+mapped) use_zswap zspm; demotion 1 ;;
	tier) use_tier ;;
	tier+promote) use_tier; tiering 1 ;;
	zram+*)
		# shellcheck disable=SC2086 # words
		use_swap zram ${words#zram }
		;;
	*+*+shrinker) shrinker Y ;;&
	*+*)
		# shellcheck disable=SC2086 # words
		use_zswap ${words% shrinker}
		;;
	*) die "there is no peer '$1', see --help" ;;
	esac
}

# full_name PEER - lz4 is zsmalloc+lz4, and so on
full_name() {
	case $1 in
	lzo | lz4 | zstd) echo "zsmalloc+$1" ;;
	*) echo "$1" ;;
	esac
}

# limit PEER - memory.max; the ceiling has none. In ordinary memory of a slower tier pages count
# as any others, so it can't be the cgroup that has less: see `crowd`.
limit() {
	case $1 in
	none | tier*) echo max ;;
	*) echo $((limit_mib << 20)) ;;
	esac
}

# limit_here PEER - that, and the memory of a device for those who have none
limit_here() {
	local bytes
	bytes=$(limit "$1")
	case $1 in
	none | tier* | zspm | mapped | mapped+hot | zspm+mapped) ;;
	*) [ "$bytes" = max ] || bytes=$((bytes + more_bytes)) ;;
	esac
	echo "$bytes"
}

free_mib() {
	awk '$3 == "MemFree:" { print int($4 / 1024) }' /sys/devices/system/node/node0/meminfo
}

# crowd COMMAND... - while there is as much DRAM as the cgroup would have, more or less, if it is
# a slower tier that is measured
crowd() {
	local mib
	mib=$(($(free_mib) - limit_mib))
	if [[ $peer != tier* ]] || [ $mib -le 0 ]; then
		"$@"
		return
	fi
	mkdir -p /mnt/crowd
	mount -t ramfs crowd /mnt/crowd
	dd if=/dev/zero of=/mnt/crowd/data bs=1M count=$mib status=none
	"$@"
	umount /mnt/crowd
}

# ---- Cgroups ----

# new_cgroup LIMIT
new_cgroup() {
	mkdir "$group" || die "cannot make $group"
	echo "$1" >"$group/memory.max"
	[ -z "$spm_max" ] || echo "$spm_max" >"$group/memory.spm.max" || die "no memory.spm.max"
}

end_cgroup() {
	local i
	[ -d "$group" ] || return 0
	echo 1 >"$group/cgroup.kill"
	for ((i = 0; i < 100; i++)); do
		! rmdir "$group" 2>/dev/null || return 0
		sleep 0.1
	done
	die "cannot remove $group"
}

# within COMMAND... - in the cgroup
within() {
	# shellcheck disable=SC2016 # for the shell inside
	bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" "$@"
}

# ---- Counters ----

readonly events='zswpin zswpout zswpwb pswpin pswpout pgmajfault pgdemote_direct pgdemote_kswapd'
readonly tiering='pgpromote_success'

# field NAME FILE - of lines "NAME VALUE"; 0 if there is no such file
field() {
	if [ ! -e "$2" ]; then
		echo 0
		return
	fi
	awk -v name="$1" '$1 == name { value = $2 } END { print value + 0 }' "$2"
}

# all_counters - the names and values of all, a line each. One program reads them, as it is done
# often. Kernel threads are the children of the second process.
# shellcheck disable=SC2154 # spm_debug: set above
all_counters() {
	awk -v group="$group" -v spm="$spm" -v debug="$spm_debug/stats" -v zram="$zram" \
		-v vmstat="$events $tiering" '
		function put(name, value) { printf "%s %.0f\n", name, value }
		function first_line(file, line) {
			line = 0
			getline line <file
			close(file)
			return line
		}
		# Into has[NAME]
		function read(file, line, word) {
			split("", has)
			while ((getline line <file) > 0) {
				split(line, word, " ")
				has[word[1]] = word[2]
			}
			close(file)
		}
		# Microseconds that the cgroup waited for memory, into has["some"] and has["full"]
		function read_pressure(file, line, word) {
			split("", has)
			while ((getline line <file) > 0) {
				split(line, word, /[ =]/)
				has[word[1]] = word[9]
			}
			close(file)
		}
		# Microseconds of CPU time that kernel threads had
		function read_threads(n, stat, file, line, word, name) {
			threads = kswapd = kworkers = 0
			for (n = 1; n < ARGC; n++) {
				stat = ARGV[n]
				line = ""
				getline line <stat
				close(stat)
				name = line
				if (!sub(/^.*\) . /, "", line) || line !~ /^2 /)
					continue
				file = stat
				sub(/stat$/, "schedstat", file)
				split(first_line(file), word, " ")
				threads += word[1]
				if (name ~ /\(kswapd/)
					kswapd += word[1]
				else if (name ~ /\(kworker/)
					kworkers += word[1]
			}
		}
		BEGIN {
			read("/proc/vmstat")
			n = split(vmstat, names, " ")
			for (i = 1; i <= n; i++)
				put(names[i], has[names[i]])
			put("demoted", first_line(spm "/demoted"))
			put("promoted_write", first_line(spm "/promoted_write"))
			put("refused_full", first_line(spm "/refused_full"))
			put("poisoned", first_line(spm "/poisoned"))
			# Pages that zram has read from its disk, and written there
			split(first_line(zram "/bd_stat"), word, " ")
			put("read_back", word[2])
			put("written_back", word[3])
			read(debug)
			put("promoted", has["promoted"])
			# By a write within ten seconds
			put("undone", has["undone_1s"] + has["undone_10s"])
			read(group "/memory.events")
			put("oom_kills", has["oom_kill"])
			read(group "/cpu.stat")
			put("system_us", has["system_usec"])
			put("user_us", has["user_usec"])
			read_pressure(group "/memory.pressure")
			put("psi_some_us", has["some"])
			put("psi_full_us", has["full"])
			read_threads()
			put("kswapd_us", kswapd / 1000)
			put("kworkers_us", kworkers / 1000)
			put("kthreads_us", threads / 1000)
		}' /proc/[0-9]*/stat
	# What a scenario counts besides
	! declare -F own_counters >/dev/null || own_counters
}

# counter NAME
counter() {
	field "$1" <(all_counters)
}

declare -A now before counted

read_counters() {
	local one value
	now=()
	while read -r one value; do
		now[$one]=$value
	done < <(all_counters)
}

# start_counting, count - what was counted since then is added to what has been counted
start_counting() {
	local one
	read_counters
	for one in "${!now[@]}"; do
		before[$one]=${now[$one]}
	done
}

count() {
	local one
	read_counters
	for one in "${!now[@]}"; do
		counted[$one]=$((${counted[$one]-0} + now[$one] - before[$one]))
	done
}

# DRAM that what is swapped out takes
pool_bytes() {
	case $peer in
	zram+*) awk '{ print $3 }' /sys/block/zram0/mm_stat ;;
	*) cat /sys/kernel/debug/zswap/pool_total_size 2>/dev/null || echo 0 ;;
	esac
}

# limit_bytes - what the cgroup may have of DRAM; null if there is no limit
limit_bytes() {
	local limit
	limit=$(cat "$group/memory.max" 2>/dev/null) || limit=max
	if [ "$limit" = max ]; then echo null; else echo "$limit"; fi
}

# print_counters - members of a JSON object
print_counters() {
	local one
	for one in "${!counted[@]}"; do
		printf '"%s": %d, ' "$one" "${counted[$one]}"
	done
	printf '"pool_bytes": %d, "spm_bytes": %d, "limit_bytes": %s' "$(pool_bytes)" \
		"$(cat $spm/used_bytes 2>/dev/null || echo 0)" "$(limit_bytes)"
}

# ---- Measuring ----

# record CASE STATUS FIGURES
record() {
	printf '{"scenario": "%s", "peer": "%s", "case": "%s", "rc": %d, "figures": %s, "counters": {' \
		"$name" "$peer" "$1" "$2" "${3:-null}"
	print_counters
	printf '}}\n'
}

# measure CASE COMMAND... - in a new cgroup, with the limit that the peer has
measure() {
	in_cgroup measure_here "$@"
}

mapped_pages() {
	echo $(($(cat $spm/mapped_bytes 2>/dev/null || echo 0) / 4096))
}

# attend COMMAND... - counts what happens while it runs. If it tells at the gate which parts of
# it are measured, as bench/gate.h does, only these count. What it prints is in $attended.
attend() {
	local ask go word rc gate=/tmp/gate parts=0 demoted undone
	rm -f $gate.*
	mkfifo $gate.ask $gate.go
	exec {ask}<>$gate.ask {go}<>$gate.go
	counted=()
	start_counting
	undone=${now[undone]} demoted=$((now[demoted] - $(mapped_pages)))
	(
		export GATE=$gate
		rc=0
		"$@" >$gate.printed || rc=$?
		echo "ended $rc" >&"$ask"
	) &
	while read -r -u "$ask" word rc && [ "$word" != ended ]; do
		case $word in
		begin) start_counting ;;
		end) count; parts=$((parts + 1)) ;;
		out) mark_idle; tend ;;
		esac
		echo -n . >&"$go"
	done
	if [ $parts -gt 0 ]; then read_counters; else count; fi
	# Pages that could be brought back: those that were there, and those that went there. Of
	# what a program demotes most goes while it prepares.
	counted[all_demoted]=$((now[demoted] - demoted))
	counted[all_undone]=$((now[undone] - undone))
	wait $!
	exec {ask}>&- {go}>&-
	attended=$(<$gate.printed)
	return "$rc"
}

# measure_here CASE COMMAND... - in a cgroup, or where there has never been one
measure_here() {
	local label=$1 figures rc=0
	shift
	[ "$more_bytes" -eq 0 ] || label='equal memory'
	say "step $name $peer: $label"
	attend "$@" || rc=$?
	figures=$attended
	if [ $rc -ne 0 ] || [ "$(jq -r 'type' <<<"$figures" 2>/dev/null)" != object ]; then
		say "$name: $peer: $label FAILED with $rc: ${figures:0:200}"
		failed=1 rc=$((rc ? rc : 1)) figures=null
	fi
	record "$label" $rc "$figures"
}

# ---- As much DRAM for each ----

# watch, end_watch - how much memory is taken meanwhile, see bench/watch.c. $watched is what it
# says, in the words of the associative array.
declare -A watched
watch() {
	[ -x "$programs/watch" ] || die "there is no $programs/watch; bench/run --prepare builds it"
	exec {end}> >(exec "$programs/watch" "$group" >/tmp/watched)
	watcher=$!
}

end_watch() {
	local word value
	echo >&"$end"
	wait "$watcher"
	exec {end}>&-
	while read -r word value; do
		watched[$word]=$value
	done < <(jq -r 'to_entries[] | "\(.key) \(.value)"' /tmp/watched)
	[ "${watched[spm_peak]}" -le "$most_spm" ] || most_spm=${watched[spm_peak]}
	[ "${watched[zswap_pages]}" -le "$most_pages" ] ||
		most_pages=${watched[zswap_pages]} pool_of_pages=${watched[zswap_pool]}
}

# next_limit LIMIT DRAM - of a cgroup that may have so much DRAM in all, after it was measured
# with that limit. Each byte that the limit is lower makes others be swapped out, whose share
# that is not charged is DRAM, too. If that leaves it next to nothing, they are not reckoned
# with: what is written back takes DRAM for a moment only.
next_limit() {
	awk -v limit="$1" -v dram="$2" -v had="${watched[dram]}" \
		-v stored="${watched[stored]}" -v pool="${watched[pool]}" \
		-v charged="${watched[charged]}" 'BEGIN {
			less = had - dram
			next_limit = 0
			if (pool < stored)
				next_limit = limit - less * (stored - charged) / (stored - pool)
			if (next_limit < dram / 8)
				next_limit = limit - less
			printf "%d\n", int(next_limit / 4096) * 4096
		}'
}

# tended COMMAND...
tended() {
	local tender
	if [[ $peer != zram+*+* ]]; then
		"$@"
		return
	fi
	keep_tending &
	tender=$!
	"$@"
	kill $tender
	wait $tender 2>/dev/null
}

# in_cgroup_once LIMIT DRAM COMMAND... - with that limit, of a peer that may have so much DRAM
in_cgroup_once() {
	local limit=$1 dram=$2 printed=/tmp/records.printed
	shift 2
	new_cgroup "$limit"
	if [ "$dram" = max ]; then
		"$@"
		end_cgroup
		return
	fi
	watch
	tended "$@" >$printed
	end_watch
	end_cgroup
	jq -c --argjson dram "$dram" --slurpfile watched /tmp/watched '
		.counters += { dram_bytes: $dram, dram_peak_bytes: $watched[0].dram,
		               pool_peak_bytes: $watched[0].pool_peak }' $printed
}

# off_by LIMIT DRAM - by how much the cgroup had more than that, or less as its limit was lower
off_by() {
	local off=$((watched[dram] - $2))
	[ "$off" -ge 0 ] || [ "$1" != "$2" ] || off=0
	echo "${off#-}"
}

# in_cgroup COMMAND... - in a new cgroup. What it prints are records. What zram stores is not
# charged to the cgroup: if it has had over 3 % more DRAM than it may, or less, all of that is done
# again with another limit, up to twice, and what was nearest counts.
in_cgroup() {
	local dram limit tries off margin best=0 was_failed=$failed records=/tmp/records
	dram=$(limit_here "$peer") limit=$dram
	for ((tries = 0; tries < 3; tries++)); do
		failed=0
		in_cgroup_once "$limit" "$dram" "$@" >$records.new
		if [ $failed -ne 0 ] && [ $tries -gt 0 ]; then
			failed=0
			break
		fi
		if [[ $dram = max || $peer != zram+* ]]; then
			mv $records.new $records
			break
		fi
		off=$(off_by "$limit" "$dram") margin=$((dram * 3 / 100))
		if [ $tries -eq 0 ] || [ "$off" -lt "$best" ]; then
			best=$off
			mv $records.new $records
		fi
		if [ $failed -ne 0 ] || [ "$off" -le $margin ]; then
			break
		fi
		limit=$(next_limit "$limit" "$dram")
		[ "$limit" -ge $((dram / 8)) ] || break
	done
	cat $records
	failed=$((was_failed | failed))
}

# ---- Contents ----

# Files of bench/corpus', one of each kind
# shellcheck disable=SC2034 # for the scenarios
contents=$programs/contents

# kinds_of_contents - a line each
kinds_of_contents() {
	local -a kinds=(programs python perl 'C compiler' 'JavaScript engine' JVM redis PostgreSQL
		libraries text JSON database 'bf16 weights' 'bf16 KV cache' images compressed encrypted)
	[ -z "$quick" ] || kinds=(programs text encrypted)
	printf '%s\n' "${kinds[@]}"
}

# ---- A device that is emulated ----

# until_open SECONDS - the gate of $node is open: the device has been read
until_open() {
	local end=$((SECONDS + $1))
	until [ "$(cat "$node/gate")" = 'open none' ]; do
		[ $SECONDS -lt "$end" ] || return 1
		sleep 0.1
	done
}

# ---- fio ----

# What matters of fio's output
# shellcheck disable=SC2016 # jq's variables
readonly digest='.jobs[0] as $job |
	[ $job.read, $job.write ] | map(select(.io_bytes > 0)) as $io |
	($io | map(.clat_ns.percentile."99.000000") | max) as $p99 |
	if $job.error != 0 or ($job.total_err // 0) != 0 then error("fio failed") else
	{ system_ms: ($job.job_runtime * $job.sys_cpu / 100), bytes: ($io | map(.io_bytes) | add),
	  write_iops: $job.write.iops,
	  iops: ($io | map(.iops) | add),
	  mean_ns: (($io | map(.clat_ns.mean * .total_ios) | add) / ($io | map(.total_ios) | add)),
	  p50_ns: ($io | map(.clat_ns.percentile."50.000000") | max), p99_ns: $p99,
	  p999_ns: ($io | map(.clat_ns.percentile."99.900000") | max),
	  ios: ($io | map(.total_ios) | add) } end'

# run_fio FILE SECTION - in the cgroup; from the environment what the file says
run_fio() {
	local result=/tmp/fio.json errors=/tmp/fio.err
	rm -f $result
	if ! DIR=$tmpfs within fio --output-format=json --output=$result --section="$2" \
	   "$root/bench/fio/$1" >$errors 2>&1; then
		head -n 5 $errors >&2
		return 1
	fi
	# It warns of threads that verify, in front of the JSON.
	sed -n '/^{/,$p' $result | jq -c "$digest"
}

mount_tmpfs() {
	mkdir -p "$tmpfs"
	mount -t tmpfs -o huge=never bench "$tmpfs" || die "cannot mount $tmpfs"
}

# fio_case CASE FILE PERCENT - with a file twice as large as the limit, prepared if the
# file has a section for that
fio_case() {
	export SIZE=$((2 * limit_mib))m PERCENT=$3 IOS=$((quick ? 10000 : 50000))
	in_cgroup fio_here "$1" "$2"
}

fio_here() {
	mount_tmpfs
	if ! grep -qx '\[prepare\]' "$root/bench/fio/$2" || run_fio "$2" prepare >/dev/null; then
		measure_here "$1" run_fio "$2" measure
	else
		measure_here "$1" false
	fi
	umount "$tmpfs"
}

# files_of_program NAME - it, and the libraries that it needs
files_of_program() {
	local file
	file=$(command -v "$1") || die "there is no $1"
	echo "$file"
	ldd "$file" 2>/dev/null | grep -o '/[^ ]*' || :
}

# A program's own code must not be charged, and read again and again from the disk.
load_program() {
	local files
	files=$(files_of_program "$1") || exit
	xargs cat <<<"$files" >/dev/null
}

# stress STRESSOR OPS OPTION... - one of stress-ng's stressors, in the cgroup; it fails if
# its memory is wrong, or if it does not get done with all that
stress() {
	local stressor=$1 ops=$2 result=/tmp/stress.yaml log=/tmp/stress.log
	shift 2
	rm -f $result
	if ! within stress-ng --temp-path /tmp --metrics --yaml $result --"$stressor" 1 \
		--"$stressor-ops" "$ops" "$@" >$log 2>&1; then
		tail -n 5 $log >&2
		return 1
	fi
	awk -v wanted="$ops" '
		$1 == "bogo-ops:" { ops = $2 }
		$1 == "bogo-ops-per-second-real-time:" { rate = $2 }
		$1 == "system-time:" { system_s = $2 }
		END {
			printf "{\"ops\": %d, \"ops_s\": %f, \"system_s\": %f}\n", ops, rate, system_s
			exit ops < wanted
		}' $result
}

# ---- As much memory in all ----

# use_of PEER - what `watch` finds while the peer does the work
use_of() {
	most_spm=0 most_pages=0 pool_of_pages=0
	peer=$1
	use_peer "$peer"
	work "$peer"
}

# What the device takes of physical memory, if it compresses as well as zsmalloc with lz4 does:
# the peers that have no device get as much DRAM more. What both peers do to find that is
# measured, too, as the case that it is.
measure_more() {
	local device_bytes
	more_bytes=0
	use_of zspm
	device_bytes=$most_spm
	use_of zsmalloc+lz4
	[ $((device_bytes * most_pages)) -gt 0 ] ||
		die "nothing went to SPM, or to zswap: is there too much memory for this work?"
	more_bytes=$((device_bytes * pool_of_pages / most_pages / 4096))
	say "info $name all: $((device_bytes >> 10)) KiB on SPM, which $((more_bytes >> 10)) KiB hold"
}

# ---- Running ----

# Swap on a disk that says it doesn't rotate: Linux finds free slots faster. Only in
# the VM, whose disks have that wrong.
swap_on_flash() {
	local disk
	for disk in "${disks[@]}"; do
		case $disk in
		/dev/vd*) echo 0 >"/sys/block/${disk#/dev/}/queue/rotational" ;;
		esac
	done
}

# shellcheck disable=SC2154 # peers: the scenario's
usage() {
	cat <<-END
	usage: ${0#"$root"/} [--quick] [--equal] [PEER...]

	$(sed -n "s/^# $name - //p" "$0")
	With --equal peers without a device get the memory that it takes; not for all scenarios.
	As root. Prints a JSON record for each case. Peers: $peers
	END
}

# chosen [PEER...] - those that it makes sense for
chosen() {
	local one
	for one in "$@"; do
		one=$(full_name "$one")
		case " $peers " in
		*" $one "*) echo "$one" ;;
		esac
	done
}

scenario() {
	local list=''
	local -a selected
	while [ $# -gt 0 ]; do
		case $1 in
		--quick) quick=1 ;;
		--equal) equal=1 ;;
		--peers) list=1 ;;
		-h | --help) usage; exit 0 ;;
		-*) usage >&2; exit 2 ;;
		*) break ;;
		esac
		shift
	done
	if [ -n "$equal" ]; then
		# shellcheck disable=SC2086 # words
		peers=$(chosen $equal_peers zspm | tr '\n' ' ')
	fi
	# shellcheck disable=SC2086 # words
	[ $# -gt 0 ] || set -- $peers
	mapfile -t selected < <(chosen "$@")
	if [ -n "$list" ]; then
		printf '%s\n' "${selected[@]}"
		exit 0
	fi
	[ -z "$quick" ] || limit_mib=$quick_limit_mib
	[ -z "${program-}" ] || load_program "$program"
	mapfile -t disks < <(awk 'NR > 1 { print $1 }' /proc/swaps)
	[ ${#disks[@]} -gt 0 ] || die "there is no swap device"
	# No neighbours: who reads ahead does so in vain, when access is random.
	trap put_back EXIT
	put 0 /proc/sys/vm/page-cluster
	swap_on_flash
	echo '+memory +cpu' >/sys/fs/cgroup/cgroup.subtree_control 2>/dev/null ||
		echo +memory >/sys/fs/cgroup/cgroup.subtree_control || die "no memory cgroups"
	[ -z "$equal" ] || measure_more
	for peer in "${selected[@]}"; do
		[ "$equal,$peer" != 1,zspm ] || continue
		use_peer "$peer"
		work "$peer"
	done
	exit $failed
}
