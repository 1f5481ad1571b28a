// SPDX-License-Identifier: GPL-2.0
/*
 * plugin - counts for QEMU how often each piece of the guest's code is executed
 *
 * A program in the guest says what it is about to do by mark() in bench/memory.h,
 * an instruction that does nothing else. Counts go to the phase that was marked
 * last; 0, where all begins, is not counted. When QEMU ends, each line of the file
 * given by out= is
 *	PHASE ADDRESS INSTRUCTIONS TIMES
 * for a translation block. For a VM with one CPU.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "marks.h"

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

#define PHASES 8

enum {
	BUCKET_BITS = 18,
	BUCKETS = 1 << BUCKET_BITS,
};

struct block {
	uint64_t address;
	uint64_t instructions;
	uint64_t times;			/* QEMU counts there */
	uint64_t seen;			/* of these, what belongs to a phase already */
	uint64_t phase[PHASES];
	struct block *next;
};

static struct block *blocks[BUCKETS];
static unsigned long phase;
static const char *out;

static struct block *block_of(uint64_t address, uint64_t instructions)
{
	struct block **bucket = &blocks[(address * 0x9e3779b97f4a7c15) >> (64 - BUCKET_BITS)];
	struct block *b;

	for (b = *bucket; b; b = b->next)
		if (b->address == address && b->instructions == instructions)
			return b;
	b = calloc(1, sizeof(*b));
	if (!b)
		abort();
	b->address = address;
	b->instructions = instructions;
	b->next = *bucket;
	*bucket = b;
	return b;
}

static void end_phase(void)
{
	unsigned long i;
	struct block *b;

	for (i = 0; i < BUCKETS; i++) {
		for (b = blocks[i]; b; b = b->next) {
			b->phase[phase] += b->times - b->seen;
			b->seen = b->times;
		}
	}
}

static void marked(unsigned int cpu, void *data)
{
	(void)cpu;
	end_phase();
	phase = (unsigned long)data % PHASES;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t i, n = qemu_plugin_tb_n_insns(tb);
	struct qemu_plugin_insn *insn;
	struct block *b = block_of(qemu_plugin_tb_vaddr(tb), n);
	unsigned long number;

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_inline(tb, 0, &b->times, 1);
	for (i = 0; i < n; i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		if (is_mark(insn, &number))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, marked, 0, (void *)number);
	}
}

static void print_block(FILE *file, const struct block *b)
{
	unsigned long p;

	for (p = 1; p < PHASES; p++)
		if (b->phase[p])
			fprintf(file, "%lu %" PRIx64 " %" PRIu64 " %" PRIu64 "\n", p,
				b->address, b->instructions, b->phase[p]);
}

static void ended(qemu_plugin_id_t id, void *data)
{
	FILE *file = fopen(out, "w");
	struct block *b;
	unsigned long i;

	(void)id;
	(void)data;
	if (!file) {
		perror(out);
		return;
	}
	end_phase();
	for (i = 0; i < BUCKETS; i++)
		for (b = blocks[i]; b; b = b->next)
			print_block(file, b);
	if (fclose(file))
		perror(out);
}

__attribute__((visibility("default")))
int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
	(void)info;
	out = out_argument("plugin", argc, argv);
	if (!out)
		return 1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, ended, NULL);
	return 0;
}
