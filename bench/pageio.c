// SPDX-License-Identifier: GPL-2.0
/*
 * pageio - what it costs to swap a page out, and in again
 *
 * Fills anonymous memory with pages that compress to a given share, pushes them
 * all out with one MADV_PAGEOUT, then touches them one by one, in random order,
 * and checks every byte. Prints one line of JSON with times per page, in
 * nanoseconds of CLOCK_MONOTONIC: instructions, in a VM that counts these.
 * The time to read the clock is subtracted from the time of each touch.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define PAGE 4096UL

/* A page is made of pieces, each beginning with random bytes, then zeroes. */
#define PIECE 256UL

struct memory {
	unsigned char *base;
	unsigned long pages;
	unsigned long percent;		/* how much of a page is zeroes */
	unsigned long seed;
};

static unsigned long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (unsigned long)t.tv_sec * 1000000000 + (unsigned long)t.tv_nsec;
}

/* splitmix64 */
static unsigned long random_next(unsigned long *state)
{
	unsigned long x = *state += 0x9e3779b97f4a7c15;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

/* The contents of a page follow from its number. */
static void page_make(const struct memory *m, unsigned long number, unsigned char *page)
{
	unsigned long filled = PIECE * (100 - m->percent) / 100;
	unsigned long word = 0, state = m->seed + (number << 20);
	unsigned long i, piece;

	memset(page, 0, PAGE);
	for (piece = 0; piece < PAGE; piece += PIECE) {
		for (i = 0; i < filled; i++) {
			if (i % sizeof(word) == 0)
				word = random_next(&state);
			page[piece + i] = (unsigned char)(word >> i % sizeof(word) * 8);
		}
	}
}

static unsigned long count_wrong(const struct memory *m)
{
	unsigned char expected[PAGE];
	unsigned long i, wrong = 0;

	for (i = 0; i < m->pages; i++) {
		page_make(m, i, expected);
		wrong += memcmp(m->base + i * PAGE, expected, PAGE) != 0;
	}
	return wrong;
}

static int compare(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a, y = *(const unsigned long *)b;

	return x < y ? -1 : x > y;
}

static unsigned long median(unsigned long *values, unsigned long n)
{
	qsort(values, n, sizeof(*values), compare);
	return values[n / 2];
}

static unsigned long clock_cost(unsigned long *scratch, unsigned long n)
{
	unsigned long i;
	unsigned long t;

	for (i = 0; i < n; i++) {
		t = now();
		scratch[i] = now() - t;
	}
	return median(scratch, n);
}

/* Fisher and Yates */
static void shuffle(unsigned int *order, unsigned long n, unsigned long seed)
{
	unsigned long i, j;
	unsigned int swap;

	for (i = 0; i < n; i++)
		order[i] = (unsigned int)i;
	for (i = n - 1; i > 0; i--) {
		j = random_next(&seed) % (i + 1);
		swap = order[i];
		order[i] = order[j];
		order[j] = swap;
	}
}

/* Nanoseconds per page */
static unsigned long swap_out(const struct memory *m)
{
	unsigned long t = now();

	if (madvise(m->base, m->pages * PAGE, MADV_PAGEOUT))
		err(1, "MADV_PAGEOUT");
	return (now() - t) / m->pages;
}

static void swap_in(const struct memory *m, const unsigned int *order, unsigned long *times)
{
	unsigned long i;
	unsigned long t;

	for (i = 0; i < m->pages; i++) {
		t = now();
		__atomic_load_n(m->base + order[i] * PAGE, __ATOMIC_RELAXED);
		times[i] = now() - t;
	}
}

static unsigned long to_number(const char *text)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end)
		errx(2, "'%s' is not a number", text);
	return value;
}

static void *allocate(unsigned long size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED)
		err(1, "mmap");
	return p;
}

int main(int argc, char **argv)
{
	struct memory m = { .percent = 60, .seed = 1 };
	unsigned long i, n, round, rounds, wrong = 0;
	unsigned long cost, *out, *in, *times;
	unsigned int *order;

	if (argc < 3 || argc > 5) {
		fputs("usage: pageio PAGES ROUNDS [PERCENT-ZEROES [SEED]]\n", stderr);
		return 2;
	}
	m.pages = to_number(argv[1]);
	rounds = to_number(argv[2]);
	if (argc > 3)
		m.percent = to_number(argv[3]);
	if (argc > 4)
		m.seed = to_number(argv[4]);
	if (!m.pages || m.pages > UINT_MAX || !rounds || m.percent > 100)
		errx(2, "a number is out of range");

	/* Our own tables are touched, and stay: only the region is pushed out. */
	n = m.pages;
	times = allocate(n * sizeof(*times));
	order = allocate(n * sizeof(*order));
	out = allocate(rounds * sizeof(*out));
	in = allocate(rounds * sizeof(*in));
	m.base = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (m.base == MAP_FAILED || madvise(m.base, n * PAGE, MADV_NOHUGEPAGE))
		err(1, "mmap");

	cost = clock_cost(times, n);
	shuffle(order, n, m.seed);
	for (round = 0; round < rounds; round++) {
		/* Written each time, else pages that are still in swap are just dropped. */
		for (i = 0; i < n; i++)
			page_make(&m, i, m.base + i * PAGE);
		out[round] = swap_out(&m);
		swap_in(&m, order, times);
		wrong += count_wrong(&m);
		in[round] = median(times, n) - cost;
	}
	printf("{\"pages\": %lu, \"rounds\": %lu, \"clock_ns\": %lu, \"wrong\": %lu, ",
	       n, rounds, cost, wrong);
	printf("\"out_ns\": %lu, \"in_p50_ns\": %lu, \"in_p99_ns\": %lu}\n",
	       median(out, rounds), median(in, rounds), times[n * 99 / 100] - cost);
	return wrong != 0;
}
