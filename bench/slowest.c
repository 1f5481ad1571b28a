// SPDX-License-Identifier: GPL-2.0
/*
 * slowest - the longest that it takes to push one page out, and to use it again
 *
 * Gives one page after the other new contents, pushes it out by an MADV_PAGEOUT of its
 * own, and uses it again, so that each is freed where it was; or leaves it there, so
 * that each takes memory that nobody had before. Prints one line of JSON with the
 * median, the 99.9th percentile and the longest of both, in nanoseconds of
 * CLOCK_MONOTONIC: instructions, in a VM that counts these.
 */
#define _GNU_SOURCE
#include "memory.h"

static const char usage[] =
"usage: slowest PAGES ROUNDS read|write|leave\n"
"  what is done to a page that was pushed out: a byte of it is read, or written, or nothing;\n"
"  then it is another page in each round\n";

static struct memory all = { .percent = 60, .seed = 1 };
static unsigned long rounds;
static bool writes, leaves;

static void push_out(unsigned char *page)
{
	if (madvise(page, PAGE, MADV_PAGEOUT))
		err(1, "MADV_PAGEOUT");
}

static void use(unsigned char *page)
{
	if (writes)
		__atomic_fetch_or(page, 0, __ATOMIC_RELAXED);
	else
		__atomic_load_n(page, __ATOMIC_RELAXED);
}

/* Return: is the page as it was? */
static bool one_page(unsigned long number, unsigned char *page, unsigned long *out,
		     unsigned long *in)
{
	unsigned char expected[PAGE];
	unsigned long t;

	page_make(&all, number, page);
	t = now();
	push_out(page);
	*out = now() - t;
	if (leaves)
		return true;
	t = now();
	use(page);
	*in = now() - t;
	page_make(&all, number, expected);
	return !memcmp(page, expected, PAGE);
}

static void print_times(const char *name, unsigned long *times, unsigned long n,
			unsigned long cost)
{
	sort_times(times, n);
	printf(", \"%s_p50_ns\": %lu, \"%s_p999_ns\": %lu, \"%s_max_ns\": %lu",
	       name, percentile(times, n, 500, cost), name, percentile(times, n, 999, cost),
	       name, times[n - 1] - cost);
}

static void parse(int argc, char **argv)
{
	if (argc != 4 || (strcmp(argv[3], "read") && strcmp(argv[3], "write") &&
			  strcmp(argv[3], "leave"))) {
		fputs(usage, stderr);
		exit(2);
	}
	all.pages = to_number(argv[1]);
	rounds = to_number(argv[2]);
	writes = !strcmp(argv[3], "write");
	leaves = !strcmp(argv[3], "leave");
	if (!all.pages || all.pages > 1UL << 20 || !rounds || rounds > 1000)
		errx(2, "a number is out of range");
}

int main(int argc, char **argv)
{
	unsigned long i, n, pages, cost, wrong = 0;
	unsigned long *out, *in;

	parse(argc, argv);
	n = all.pages * rounds;
	pages = leaves ? n : all.pages;
	all.base = allocate(pages * PAGE, 0);
	if (madvise(all.base, pages * PAGE, MADV_NOHUGEPAGE))
		err(1, "madvise");
	out = allocate(n * sizeof(*out), MAP_POPULATE);
	in = allocate(n * sizeof(*in), MAP_POPULATE);
	cost = clock_cost(out, n);
	for (i = 0; i < n; i++)
		wrong += !one_page(i, all.base + i % pages * PAGE, &out[i], &in[i]);

	printf("{\"pages\": %lu, \"rounds\": %lu, \"wrong\": %lu", all.pages, rounds, wrong);
	print_times("out", out, n, cost);
	if (!leaves)
		print_times("use", in, n, cost);
	puts("}");
	return wrong != 0;
}
