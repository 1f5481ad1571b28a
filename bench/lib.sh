# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# bench/lib.sh - what bench/demo and bench/run share: the VM, its programs, and
# the file of records. The caller sets $root.

# shellcheck source=tools/lib.sh
. "$root/tools/lib.sh"
# shellcheck disable=SC2154 # set by the caller
build=$root/build/bench

# bench_prepare - what the guest needs. It uses this machine's files.
bench_prepare() {
	mkdir -p "$build" || return
	install_packages "$build/apt.log" fio jq python3 gcc libc6-dev || return
	gcc -O2 -Wall -Wextra -Werror -o "$build/pageio" "$root/bench/pageio.c"
}

# bench_vm RECORDS [VM-OPTION...] -- ARG... - run bench/guest/measure with these
# arguments in a VM, and append its records to a file.
bench_vm() {
	local records=$1
	local -a options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	"$root/tools/vm" --spm 256M --swap 512M "${options[@]}" -- \
		"$root/bench/guest/measure" "$@" >>"$records"
}
