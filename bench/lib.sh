# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# bench/lib.sh - what bench/demo and bench/run share. The caller sets $root.

# shellcheck source=tools/lib.sh
. "$root/tools/lib.sh"
# shellcheck disable=SC2154 # set by the caller
build=$root/build/bench
mkdir -p "$build" || exit 1
