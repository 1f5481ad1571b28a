/* SPDX-License-Identifier: GPL-2.0 */
/*
 * marks.h - what both plugins share: the marks of bench/memory.h, and their argument
 */
#ifndef MARKS_H
#define MARKS_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "qemu-plugin.h"

/* nopl 0x4d5053PP(%rax), see mark() */
static inline bool is_mark(const struct qemu_plugin_insn *insn, unsigned long *number)
{
	const unsigned char *code = qemu_plugin_insn_data(insn);

	if (qemu_plugin_insn_size(insn) != 7 || memcmp(code, "\x0f\x1f\x80", 3) ||
	    memcmp(code + 4, "\x53\x50\x4d", 3))
		return false;
	*number = code[3];
	return true;
}

/* Return: the file's name, or NULL, and said so */
static inline const char *out_argument(const char *plugin, int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++)
		if (!strncmp(argv[i], "out=", 4))
			return strdup(argv[i] + 4);
	fprintf(stderr, "%s: out=FILE is missing\n", plugin);
	return NULL;
}

#endif
