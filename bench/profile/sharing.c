// SPDX-License-Identifier: GPL-2.0
/*
 * sharing - counts for QEMU what the CPUs of a guest do to memory that others use
 *
 * In the kernel: blocks that run; instructions that lock the bus; and writes to a line of
 * 64 bytes that another CPU has written to in the same phase, which is what moves lines
 * from cache to cache. How the CPUs take turns changes the second but little, and the third
 * only for the first writes to a line, so they may be counted on a host with fewer CPUs.
 * A CPU that waits for another one spins, so how many instructions run says nothing.
 *
 * A program in the guest says what it is about to do by mark() in bench/memory.h; each
 * thread says it for the CPU that it is on. When QEMU ends, each line of the file given by
 * out= is one of
 *	ran PHASE ADDRESS INSTRUCTIONS TIMES	a translation block
 *	locked PHASE ADDRESS TIMES		an instruction
 *	shared PHASE ADDRESS TIMES		an instruction
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "marks.h"

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

#define PHASES 3

enum {
	MOST_CPUS = 32,
	LINE_BITS = 22,			/* lines that are written in a phase: 256 MiB */
	LINES = 1 << LINE_BITS,
};

/* A piece of code: a block, or an instruction */
struct site {
	uint64_t address;
	uint64_t instructions;
	uint64_t times[PHASES];
	uint64_t shared[PHASES];
	bool locked;
	struct site *next;
};

struct line {
	uint64_t number;		/* address by 64; 0 is a free slot */
	uint32_t writers;		/* CPUs, a bit each */
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;	/* for the list of sites */
static struct site *sites;
static struct line *lines;
static unsigned long phase_of[MOST_CPUS];
static unsigned long interval;		/* the phase that lines are of */
static const char *out;

static struct site *new_site(uint64_t address, uint64_t instructions, bool locked)
{
	struct site *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	s->address = address;
	s->instructions = instructions;
	s->locked = locked;
	pthread_mutex_lock(&mutex);
	s->next = sites;
	sites = s;
	pthread_mutex_unlock(&mutex);
	return s;
}

/* Its addresses are the upper half. */
static bool is_kernel(uint64_t address)
{
	return address >> 63;
}

static void count(uint64_t *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

static unsigned long phase_here(unsigned int cpu)
{
	return cpu < MOST_CPUS ? __atomic_load_n(&phase_of[cpu], __ATOMIC_RELAXED) : 0;
}

/* A new phase begins: nobody has written to anything. All threads have met before. */
static void marked(unsigned int cpu, void *data)
{
	unsigned long next = (unsigned long)data;

	if (cpu >= MOST_CPUS || next >= PHASES) {
		fprintf(stderr, "sharing: CPU %u, phase %lu: too many\n", cpu, next);
		abort();
	}
	if (next) {
		pthread_mutex_lock(&mutex);
		if (interval != next)
			memset(lines, 0, LINES * sizeof(*lines));
		interval = next;
		pthread_mutex_unlock(&mutex);
	}
	__atomic_store_n(&phase_of[cpu], next, __ATOMIC_RELAXED);
}

/* Hashed, with the next free slot if there is another one */
static struct line *line_of(uint64_t number)
{
	uint64_t i = (number * 0x9e3779b97f4a7c15) >> (64 - LINE_BITS);
	uint64_t tries, have;

	for (tries = 0; tries < LINES; tries++, i = (i + 1) % LINES) {
		have = __atomic_load_n(&lines[i].number, __ATOMIC_RELAXED);
		if (!have && __atomic_compare_exchange_n(&lines[i].number, &have, number, false,
							 __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return &lines[i];
		if (have == number)
			return &lines[i];
	}
	fputs("sharing: more lines are written than there is room for\n", stderr);
	abort();
}

static void wrote(unsigned int cpu, uint32_t info, uint64_t address, void *data)
{
	unsigned long phase = phase_here(cpu);
	struct site *s = data;
	uint32_t me, writers;
	struct line *l;

	/* QEMU 7.2 calls for reads, even if it is asked for writes only. */
	if (!phase || !is_kernel(address) || !qemu_plugin_mem_is_store(info))
		return;
	me = UINT32_C(1) << cpu;
	l = line_of(address / 64);
	writers = __atomic_load_n(&l->writers, __ATOMIC_RELAXED);
	if (!(writers & me))
		__atomic_fetch_or(&l->writers, me, __ATOMIC_RELAXED);
	if (writers & ~me)
		count(&s->shared[phase]);
}

static void ran(unsigned int cpu, void *data)
{
	unsigned long phase = phase_here(cpu);
	struct site *s = data;

	if (phase)
		count(&s->times[phase]);
}

static bool is_prefix(unsigned char byte)
{
	static const unsigned char prefixes[] = {
		0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf2, 0xf3
	};

	return memchr(prefixes, byte, sizeof(prefixes));
}

/* With a lock prefix, or an xchg with memory, which needs none */
static bool locks(const struct qemu_plugin_insn *insn)
{
	const unsigned char *code = qemu_plugin_insn_data(insn);
	size_t i = 0, n = qemu_plugin_insn_size(insn);

	while (i < n && is_prefix(code[i]))
		i++;
	if (i < n && code[i] == 0xf0)
		return true;
	if (i < n && (code[i] & 0xf0) == 0x40)		/* REX */
		i++;
	return i + 1 < n && (code[i] & 0xfe) == 0x86 && code[i + 1] < 0xc0;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t i, n = qemu_plugin_tb_n_insns(tb);
	struct qemu_plugin_insn *insn;
	unsigned long number;
	struct site *s;

	(void)id;
	for (i = 0; i < n; i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		if (is_mark(insn, &number))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, marked, 0, (void *)number);
	}
	if (!is_kernel(qemu_plugin_tb_vaddr(tb)))
		return;
	s = new_site(qemu_plugin_tb_vaddr(tb), n, false);
	qemu_plugin_register_vcpu_tb_exec_cb(tb, ran, 0, s);
	for (i = 0; i < n; i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		s = new_site(qemu_plugin_insn_vaddr(insn), 0, locks(insn));
		if (s->locked)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, ran, 0, s);
		qemu_plugin_register_vcpu_mem_cb(insn, wrote, 0, QEMU_PLUGIN_MEM_RW, s);
	}
}

static void print_site(FILE *file, const struct site *s)
{
	unsigned long p;

	for (p = 1; p < PHASES; p++) {
		if (s->times[p] && s->locked)
			fprintf(file, "locked %lu %" PRIx64 " %" PRIu64 "\n", p, s->address,
				s->times[p]);
		else if (s->times[p])
			fprintf(file, "ran %lu %" PRIx64 " %" PRIu64 " %" PRIu64 "\n", p,
				s->address, s->instructions, s->times[p]);
		if (s->shared[p])
			fprintf(file, "shared %lu %" PRIx64 " %" PRIu64 "\n", p, s->address,
				s->shared[p]);
	}
}

static void ended(qemu_plugin_id_t id, void *data)
{
	FILE *file = fopen(out, "w");
	const struct site *s;

	(void)id;
	(void)data;
	if (!file) {
		perror(out);
		return;
	}
	for (s = sites; s; s = s->next)
		print_site(file, s);
	if (fclose(file))
		perror(out);
}

__attribute__((visibility("default")))
int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
	(void)info;
	out = out_argument("sharing", argc, argv);
	lines = calloc(LINES, sizeof(*lines));
	if (!out || !lines)
		return 1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, ended, NULL);
	return 0;
}
