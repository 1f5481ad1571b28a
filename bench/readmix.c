// SPDX-License-Identifier: GPL-2.0
/*
 * readmix - a task that mostly reads, with more memory than fits
 *
 * Fills memory with pages that each have a checksum, then uses pages at random:
 * reads all of one and checks it, and, now and then, changes a word of it. Prints
 * one line of JSON with the time per use, in nanoseconds of CLOCK_MONOTONIC:
 * instructions, in a VM that counts these; and how many faults there were. After
 * that come as many uses again that are timed one by one, for the percentiles.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <sys/resource.h>

#include "memory.h"

#define WORDS (PAGE / sizeof(unsigned long))

static const char usage[] =
"usage: readmix PAGES USES WARM-UP WRITES-PERMILLE [PERCENT-ZEROES]\n"
"  The first WARM-UP uses are not measured.\n";

/* The last word is the sum of the others. */
static unsigned long page_sum(const unsigned long *page)
{
	unsigned long i, sum = 0;

	for (i = 0; i < WORDS - 1; i++)
		sum += __atomic_load_n(page + i, __ATOMIC_RELAXED);
	return sum;
}

static void fill(const struct memory *m)
{
	unsigned long *page;
	unsigned long i;

	for (i = 0; i < m->pages; i++) {
		page = (unsigned long *)(m->base + i * PAGE);
		page_make(m, i, (unsigned char *)page);
		page[WORDS - 1] = page_sum(page);
	}
}

/* Return: is it wrong? */
static bool use(const struct memory *m, unsigned long permille, unsigned long *state)
{
	unsigned long random = random_next(state);
	unsigned long *page = (unsigned long *)(m->base + random % m->pages * PAGE);
	bool wrong = page_sum(page) != page[WORDS - 1];

	random = random_next(state);
	if (random % 1000 < permille) {
		page[0] += random;
		page[WORDS - 1] += random;
	}
	return wrong;
}

static unsigned long use_many(const struct memory *m, unsigned long uses, unsigned long permille,
			      unsigned long *state)
{
	unsigned long i, wrong = 0;

	for (i = 0; i < uses; i++)
		wrong += use(m, permille, state);
	return wrong;
}

static void time_each(const struct memory *m, unsigned long uses, unsigned long permille,
		      unsigned long *state, unsigned long *times)
{
	unsigned long i, t;

	for (i = 0; i < uses; i++) {
		t = now();
		if (use(m, permille, state))
			errx(1, "a page is wrong");
		times[i] = now() - t;
	}
	sort_times(times, uses);
}

static unsigned long faults(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage))
		err(1, "getrusage");
	return (unsigned long)(usage.ru_minflt + usage.ru_majflt);
}

int main(int argc, char **argv)
{
	struct memory m = { .percent = 60, .seed = 1 };
	unsigned long uses, warm, permille, wrong, faulted, cost, t;
	unsigned long state = 2;
	unsigned long *times;

	if (argc < 5 || argc > 6) {
		fputs(usage, stderr);
		return 2;
	}
	m.pages = to_number(argv[1]);
	uses = to_number(argv[2]);
	warm = to_number(argv[3]);
	permille = to_number(argv[4]);
	if (argc > 5)
		m.percent = to_number(argv[5]);
	if (!m.pages || m.pages > UINT_MAX || !uses || permille > 1000 || m.percent > 100)
		errx(2, "a number is out of range");

	times = allocate(uses * sizeof(*times), MAP_POPULATE);
	cost = clock_cost(times, uses);
	m.base = allocate(m.pages * PAGE, 0);
	if (madvise(m.base, m.pages * PAGE, MADV_NOHUGEPAGE))
		err(1, "madvise");
	fill(&m);
	wrong = use_many(&m, warm, permille, &state);
	faulted = faults();
	t = now();
	wrong += use_many(&m, uses, permille, &state);
	t = now() - t;
	faulted = faults() - faulted;
	time_each(&m, uses, permille, &state, times);
	printf("{\"pages\": %lu, \"uses\": %lu, \"wrong\": %lu, \"use_ns\": %lu, \"faults\": %lu, ",
	       m.pages, uses, wrong, t / uses, faulted);
	printf("\"p50_ns\": %lu, \"p99_ns\": %lu, \"p999_ns\": %lu}\n",
	       percentile(times, uses, 500, cost), percentile(times, uses, 990, cost),
	       percentile(times, uses, 999, cost));
	return wrong != 0;
}
