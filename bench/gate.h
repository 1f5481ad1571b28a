/* SPDX-License-Identifier: GPL-2.0 */
/*
 * gate.h - tells who has started us which part of our work is measured
 *
 * That one counts what the kernel does in that part alone; see `attend` in bench/guest/lib.sh.
 * There may be several such parts, one after the other: all of them count.
 */
#ifndef BENCH_GATE_H
#define BENCH_GATE_H

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline int open_gate(const char *gate, const char *name, int flags)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s.%s", gate, name);
	fd = open(path, flags);
	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

/* Waits until that one has read the counters. Nobody may be there. */
static inline void pass_gate(const char *what)
{
	static int ask = -1, go;
	const char *gate = getenv("GATE");
	char answer;

	if (!gate)
		return;
	if (ask < 0) {
		ask = open_gate(gate, "ask", O_WRONLY);
		go = open_gate(gate, "go", O_RDONLY);
	}
	dprintf(ask, "%s\n", what);
	if (read(go, &answer, 1) != 1)
		err(1, "%s.go", gate);
}

static inline void begin_measured(void)
{
	pass_gate("begin");
}

/* What was to be pushed out is: whoever takes care of what it takes may do that now. */
static inline void all_out(void)
{
	pass_gate("out");
}

static inline void end_measured(void)
{
	pass_gate("end");
}

#endif
