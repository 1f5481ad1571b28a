# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# tests/judge.sh - what a test case compares, and waits for. A case runs in a subshell.

fail() {
	echo "$*"
	exit 1
}

# equal WHAT HAVE WANT
equal() {
	[ "$2" = "$3" ] || fail "$1: have '$2', want '$3'"
}

# atleast WHAT HAVE LEAST
atleast() {
	[ "$2" -ge "$3" ] || fail "$1: have $2, want at least $3"
}

# atmost WHAT HAVE MOST
atmost() {
	[ "$2" -le "$3" ] || fail "$1: have $2, want at most $3"
}

# eventually SECONDS COMMAND... - the command succeeds before this time is over
eventually() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1
	done
}
