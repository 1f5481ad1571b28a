# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# bench/lib.sh - what bench/demo and bench/run share. The caller sets $root.

# shellcheck source=tools/lib.sh
. "$root/tools/lib.sh"
# shellcheck disable=SC2154 # set by the caller
build=$root/build/bench
mkdir -p "$build" || exit 1

# need_kernel - or end the script
need_kernel() {
	[ ! -e "$root/build/out-plain/arch/x86/boot/bzImage" ] || return 0
	echo "bench/${0##*/}: there is no kernel; \`make kernel\` builds it" >&2
	exit 1
}

# need_records - nobody else writes to them, until this script ends; or end it
need_records() {
	exec 7>"$build/.lock"
	flock -n 7 && return
	echo "bench/${0##*/}: another bench/demo or bench/run is at work in $build" >&2
	exit 1
}

# compile_programs - all of ours that run in the VM, for the demo as for each scenario, as
# bench/guest/lib.sh needs some of them itself; those that are newer than their source, any
# header, and this file, are as they should be
compile_programs() {
	local file program
	for file in "$root"/bench/*.c "$root/tests/guest/pages.c"; do
		program=$build/$(basename "$file" .c)
		[ ! -e "$program" ] || [ -n "$(find "$file" "$root"/bench/*.h "$root"/tests/guest/*.h \
			"$root/bench/lib.sh" -newer "$program")" ] || continue
		gcc -O2 -Wall -Wextra -Werror -pthread -o "$program.new" "$file" &&
			mv "$program.new" "$program" || return
	done
}
