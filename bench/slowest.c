// SPDX-License-Identifier: GPL-2.0
/*
 * slowest - the longest that it takes to push one page out, and to use it again
 *
 * Gives one page after the other new contents, pushes it out by an MADV_PAGEOUT of its
 * own, and uses it again, so that each is freed where it was; or leaves it there, so
 * that each takes memory that nobody had before. With -b so many are pushed out together,
 * and used one by one. Prints one line of JSON with the
 * median, the 99.9th percentile and the longest of both, in nanoseconds of
 * CLOCK_MONOTONIC: instructions, in a VM that counts these.
 *
 * With -o the time in which this task could run, but somebody else had the CPU, is left out.
 * A VM that counts instructions has one CPU, which workers take from it now and then. To
 * wait for anything else counts, a device for one.
 */
#define _GNU_SOURCE
#include "gate.h"
#include "memory.h"

static const char usage[] =
"usage: slowest [-b PAGES] [-o] [-s PAGES] PAGES ROUNDS read|write|leave\n"
"  -b PAGES    so many are pushed out by one call (1)\n"
"  -o          without the time in which others had the CPU\n"
"  -s PAGES    so many others are pushed out before, and stay there (0)\n"
"  what is done to a page that was pushed out: a byte of it is read, or written, or nothing;\n"
"  then it is another page in each round\n";

static struct memory all = { .percent = 60, .seed = 1 };
static unsigned long rounds, batch = 1, ballast;
static bool writes, leaves;
static int schedstat = -1;

struct start {
	unsigned long time, queued;
};

/* The second number there: nanoseconds that this task has waited for a CPU. */
static unsigned long time_queued(void)
{
	char line[80];
	unsigned long queued;
	ssize_t n;

	if (schedstat < 0)
		return 0;
	n = pread(schedstat, line, sizeof(line) - 1, 0);
	if (n <= 0)
		err(1, "/proc/thread-self/schedstat");
	line[n] = 0;
	if (sscanf(line, "%*u %lu", &queued) != 1)
		errx(1, "/proc/thread-self/schedstat says '%s'", line);
	return queued;
}

static void leave_out_others(void)
{
	schedstat = open("/proc/thread-self/schedstat", O_RDONLY);
	if (schedstat < 0)
		err(1, "/proc/thread-self/schedstat");
}

static struct start begin(void)
{
	struct start start = { .queued = time_queued() };

	start.time = now();
	return start;
}

/* If that was shorter than the wait, the wait was before it or after it. */
static unsigned long since(struct start start)
{
	unsigned long time = now() - start.time;
	unsigned long queued = time_queued() - start.queued;

	return time < queued ? time : time - queued;
}

static void push_out(unsigned char *pages, unsigned long n)
{
	if (madvise(pages, n * PAGE, MADV_PAGEOUT))
		err(1, "MADV_PAGEOUT");
}

static unsigned char *small_pages(unsigned long n)
{
	unsigned char *base = allocate(n * PAGE, 0);

	if (madvise(base, n * PAGE, MADV_NOHUGEPAGE))
		err(1, "madvise");
	return base;
}

/* What an emulated device has noticed by then is as it will be. */
static void push_out_ballast(void)
{
	unsigned char *base = small_pages(ballast);
	unsigned long i;

	for (i = 0; i < ballast; i++) {
		page_make(&all, i, base + i * PAGE);
		if (i % 256 == 255 || i == ballast - 1) {
			push_out(base + i / 256 * 256 * PAGE, i % 256 + 1);
			usleep(2000);
		}
	}
	usleep(500000);
}

static void use(unsigned char *page)
{
	if (writes)
		__atomic_fetch_or(page, 0, __ATOMIC_RELAXED);
	else
		__atomic_load_n(page, __ATOMIC_RELAXED);
}

/* One after the other. Return: how many are not as they were */
static unsigned long use_batch(unsigned long number, unsigned char *pages, unsigned long *in)
{
	unsigned char expected[PAGE];
	unsigned long i, wrong = 0;
	struct start start;

	for (i = 0; i < batch; i++) {
		start = begin();
		use(pages + i * PAGE);
		in[i] = since(start);
		page_make(&all, number + i, expected);
		wrong += memcmp(pages + i * PAGE, expected, PAGE) != 0;
	}
	return wrong;
}

static unsigned long one_batch(unsigned long number, unsigned char *pages, unsigned long *out,
			       unsigned long *in)
{
	struct start start;
	unsigned long i;

	for (i = 0; i < batch; i++)
		page_make(&all, number + i, pages + i * PAGE);
	start = begin();
	push_out(pages, batch);
	*out = since(start);
	return leaves ? 0 : use_batch(number, pages, in);
}

static void print_times(const char *name, unsigned long *times, unsigned long n,
			unsigned long cost)
{
	sort_times(times, n);
	printf(", \"%s_p50_ns\": %lu, \"%s_p999_ns\": %lu, \"%s_max_ns\": %lu",
	       name, percentile(times, n, 500, cost), name, percentile(times, n, 999, cost),
	       name, without_clock(times[n - 1], cost));
}

static void refuse(void)
{
	fputs(usage, stderr);
	exit(2);
}

static void parse(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "b:os:")) != -1) {
		if (option == 'b')
			batch = to_number(optarg);
		else if (option == 'o')
			leave_out_others();
		else if (option == 's')
			ballast = to_number(optarg);
		else
			refuse();
	}
	argc -= optind;
	argv += optind;
	if (argc != 3 || (strcmp(argv[2], "read") && strcmp(argv[2], "write") &&
			  strcmp(argv[2], "leave")))
		refuse();
	all.pages = to_number(argv[0]);
	rounds = to_number(argv[1]);
	writes = !strcmp(argv[2], "write");
	leaves = !strcmp(argv[2], "leave");
	if (!all.pages || all.pages > 1UL << 20 || ballast > 1UL << 20 || !rounds || rounds > 1000)
		errx(2, "a number is out of range");
	if (!batch || all.pages % batch)
		errx(2, "%lu pages are not in batches of %lu", all.pages, batch);
}

int main(int argc, char **argv)
{
	unsigned long i, n, pages, cost, wrong = 0;
	unsigned long *out, *in;

	parse(argc, argv);
	n = all.pages * rounds;
	pages = leaves ? n : all.pages;
	all.base = small_pages(pages);
	if (ballast)
		push_out_ballast();
	out = allocate(n * sizeof(*out), MAP_POPULATE);
	in = allocate(n * sizeof(*in), MAP_POPULATE);
	cost = clock_cost(out, n);
	begin_measured();
	for (i = 0; i < n; i += batch)
		wrong += one_batch(i, all.base + i % pages * PAGE, &out[i / batch], &in[i]);
	end_measured();

	printf("{\"pages\": %lu, \"rounds\": %lu, \"wrong\": %lu", all.pages, rounds, wrong);
	print_times("out", out, n / batch, cost);
	if (!leaves)
		print_times("use", in, n, cost);
	puts("}");
	return wrong != 0;
}
