// SPDX-License-Identifier: GPL-2.0
/*
 * storeonly - allocate, write once, free: what reclaim costs if nothing comes back
 *
 * As usemem of vm-scalability. Threads write a share of the memory each, then free
 * it; meant for a cgroup that may have less. Prints one line of JSON with the time
 * for each page, in nanoseconds of CLOCK_MONOTONIC: from the first thread's
 * beginning to the last one's end, divided by all pages.
 */
#define _GNU_SOURCE
#include "gate.h"
#include "threads.h"

static const char usage[] =
"usage: storeonly PAGES [THREADS [PERCENT-ZEROES]]\n";

static struct memory all = { .percent = 60, .seed = 1 };
static unsigned long threads = 1;
static unsigned long began, written, freed;

static void *work(void *data)
{
	unsigned long number = (unsigned long)data;
	unsigned long first = all.pages * number / threads;
	unsigned long last = all.pages * (number + 1) / threads;
	unsigned char *base;
	unsigned long i;

	meet(&began);
	base = allocate((last - first) * PAGE, 0);
	if (madvise(base, (last - first) * PAGE, MADV_NOHUGEPAGE))
		err(1, "madvise");
	for (i = first; i < last; i++)
		page_make(&all, i, base + (i - first) * PAGE);
	meet(&written);
	if (munmap(base, (last - first) * PAGE))
		err(1, "munmap");
	meet(&freed);
	return NULL;
}

/* What to make the contents takes, which is not what we are here for */
static unsigned long make_ns(void)
{
	unsigned char page[PAGE];
	unsigned long i, t = now();

	for (i = 0; i < 1000; i++) {
		page_make(&all, i, page);
		asm volatile("" :: "r"(page) : "memory");
	}
	return (now() - t) / 1000;
}

int main(int argc, char **argv)
{
	pthread_t *ids;
	unsigned long i, make, write;

	if (argc < 2 || argc > 4) {
		fputs(usage, stderr);
		return 2;
	}
	all.pages = to_number(argv[1]);
	if (argc > 2)
		threads = to_number(argv[2]);
	if (argc > 3)
		all.percent = to_number(argv[3]);
	if (!threads || threads > 1024 || all.pages < threads || all.percent > 100)
		errx(2, "a number is out of range");

	make = make_ns();
	ids = calloc(threads, sizeof(*ids));
	if (!ids)
		errx(1, "no memory");
	expect(threads);
	begin_measured();
	for (i = 1; i < threads; i++)
		if (pthread_create(&ids[i], NULL, work, (void *)i))
			errx(1, "cannot make a thread");
	work(NULL);
	for (i = 1; i < threads; i++)
		pthread_join(ids[i], NULL);
	end_measured();
	write = (written - began) / all.pages;
	printf("{\"pages\": %lu, \"threads\": %lu, \"make_ns\": %lu, \"write_ns\": %lu, ",
	       all.pages, threads, make, write > make ? write - make : 0);
	printf("\"free_ns\": %lu}\n", (freed - written) / all.pages);
	return 0;
}
