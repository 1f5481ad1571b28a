# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# tools/lib.sh - what the scripts in tools/ and tests/ share.

# What the kernel says when something is wrong with it
# shellcheck disable=SC2034 # for who includes this
kernel_trouble='BUG:|WARNING:|Oops:|Kernel panic|general protection fault'\
'|invoked oom-killer|(blocked for more than|blocked on|stuck for) [0-9]+ ?s'\
'|rcu: INFO: .*(stall|detected)|possible (circular|recursive|irq lock|irq-safe)'\
'|inconsistent lock state|suspicious RCU usage|KASAN:|UBSAN:|new suspected memory leaks'\
'|DEBUG_LOCKS_WARN_ON'

# usage_error TEXT - the command line of the script that includes this is wrong; ends it
usage_error() {
	local script
	script=$(readlink -f "$0")
	# shellcheck disable=SC2154 # who includes this has it
	echo "${script#"$root/"}: $*, see --help" >&2
	exit 2
}

# needs_value ARGUMENT... - of the command line: the first one is an option with a value
needs_value() {
	[ $# -ge 2 ] || usage_error "$1 needs a value"
}

# stale_breakpoint LOG - did the emulator execute a breakpoint that was gone? To patch
# itself (static keys), the kernel sets one for a moment. QEMU before 8.1 may translate
# it just when it goes, and execute that later: "accel/tcg: Always lock pages before
# translation" has mended it. Says nothing about the kernel; with a later QEMU it would.
stale_breakpoint() {
	grep -qs 'Oops: int3: 0000' "$1" && is_old_qemu
}

# lost_timer LOG - was a CPU that is idle not woken by its timer? In one of some hundred virtual
# machines with QEMU 10, that happens while the kernel boots, and for minutes, so that nothing
# goes on but the other CPUs' complaints. Whose fault it is was not found out.
lost_timer() {
	grep -qs 'kthread timer wakeup did.*t happen' "$1"
}

# is_old_qemu - before 8.1?
is_old_qemu() {
	local version
	version=$(qemu-system-x86_64 --version | sed -n 's/.* version \([0-9]*\.[0-9]*\).*/\1/p')
	[ "$(printf '%s\n' 8.1 "$version" | sort -V | head -n 1)" != 8.1 ]
}

# qemu10 BUILD - use what tools/qemu has unpacked there. Sets $qemu.
qemu10() {
	local dir=$1/qemu10/root
	# shellcheck disable=SC2034 # for who includes this
	qemu=(env "LD_LIBRARY_PATH=$dir/usr/lib/x86_64-linux-gnu" "$dir/usr/bin/qemu-system-x86_64"
	      -L "$dir/usr/share/qemu" -L "$dir/usr/share/seabios" -L /usr/share/seabios
	      -L /usr/lib/ipxe/qemu)
}

# end_together [FILE...] - from now on each job in the background is a process group, which ends
# when we do, and these files are gone then
end_together() {
	set -m
	our_files=("$@")
	# shellcheck disable=SC2154 # set right there
	trap 'for job in $(jobs -p); do kill -- "-$job" 2>/dev/null; done; rm -rf "${our_files[@]}"' EXIT
	trap 'exit 130' INT TERM HUP
}

# need_git - the script asks git which files are ours; ends it where git knows nothing
need_git() {
	# shellcheck disable=SC2154 # who includes this has it
	[ "$(git -C "$root" rev-parse --show-toplevel 2>/dev/null)" = "$root" ] && return
	echo "$root is no git repository, which this needs: clone it, do not unpack an archive" >&2
	exit 1
}

# heartbeat SECONDS TEXT... - until stop_heartbeat, says so each time that they have passed
heartbeat() {
	local -r every=$1 began=$SECONDS
	shift
	while sleep "$every" >/dev/null 2>&1; do
		printf '%s, %d s so far\n' "$*" $((SECONDS - began))
	done &
	heart=$!
}

stop_heartbeat() {
	kill "$heart"
	wait "$heart" 2>/dev/null || return 0
}

# install_packages LOG NAME... - by apt, only what is missing
install_packages() {
	local log=$1 name
	local -a missing=()
	shift
	for name in "$@"; do
		dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed ||
			missing+=("$name")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	echo "installing ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	{
		apt-get install -y --no-install-recommends "${missing[@]}" ||
			{ apt-get update && apt-get install -y --no-install-recommends "${missing[@]}"; }
	} </dev/null >"$log" 2>&1 9>&- || {
		echo "apt failed, see $log" >&2
		return 1
	}
}

# unpack_packages FROM TO - those that apt-get has downloaded there, and nothing is installed
unpack_packages() {
	local deb
	mkdir -p "$2" || return
	for deb in "$1"/*.deb; do
		[ -e "$deb" ] || { echo "apt-get has downloaded nothing to $1" >&2; return 1; }
		dpkg-deb -x "$deb" "$2" || { echo "$deb can't be unpacked" >&2; return 1; }
	done
}

# own_files ROOT - the files of this repository that the kernel has, one line each: its
# path here, and in the kernel's tree
own_files() {
	local file
	(
		cd "$1" || exit 1
		for file in mm/zspm.c mm/spm/* include/linux/*.h include/trace/events/*.h; do
			echo "$file $file"
		done
		echo "Kconfig mm/spm/Kconfig"
		for file in tests/kunit/* tests/kunit/.kunitconfig; do
			echo "$file mm/spm/tests/${file##*/}"
		done
		for file in drivers/*; do
			echo "$file drivers/dax/spm/${file##*/}"
		done
	)
}

# own_docs ROOT - the documentation, which the kernel's tree gets only as patches, in the
# same form
own_docs() {
	(cd "$1" && find Documentation -type f | LC_ALL=C sort | sed 's/.*/& &/')
}

# kernel_cc - the compiler, through its cache if that is installed
kernel_cc() {
	if command -v ccache >/dev/null; then
		echo "ccache gcc"
	else
		echo gcc
	fi
}

# kernel_make ROOT OUT [ARG...] - make in the kernel tree, which is $kernel_tree if that
# is set. Neither the jobs nor the descriptors of a make that called us are handed on.
kernel_make() {
	local root=$1 out=$2
	shift 2
	env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS CCACHE_BASEDIR="$root" CCACHE_NOHASHDIR=1 \
		KBUILD_BUILD_USER=spm KBUILD_BUILD_HOST=spm \
		make -C "${kernel_tree:-$root/build/linux}" O="$out" CC="$(kernel_cc)" LOCALVERSION= "$@" </dev/null 9>&-
}
