// SPDX-License-Identifier: GPL-2.0
/*
 * outrun - contents that compressed stop doing so: is the device fast enough to say?
 *
 * Fills memory with pages of which nine tenths are zeroes, and pushes them out. Then
 * threads write random bytes to all of them, and push them out again, while the gate
 * of the node is watched. In the end every byte is checked. Prints one line of JSON:
 * the time until the gate closed, in nanoseconds of CLOCK_MONOTONIC (0 if it never
 * did), and how many bytes the device held at most.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>

#include "gate.h"
#include "memory.h"

#define CHUNK 64UL

static const char usage[] =
"usage: outrun PAGES THREADS GATE-FILE USED-BYTES-FILE\n";

static struct memory all = { .percent = 90, .seed = 1 };
static struct memory incompressible;
static unsigned long threads;
static atomic_ulong next_chunk;
static atomic_ulong running;

static void push_out(unsigned long first, unsigned long n)
{
	if (madvise(all.base + first * PAGE, n * PAGE, MADV_PAGEOUT))
		err(1, "MADV_PAGEOUT");
}

static void *rewrite(void *data)
{
	unsigned long i, first, last;

	(void)data;
	for (;;) {
		first = atomic_fetch_add(&next_chunk, CHUNK);
		if (first >= all.pages)
			break;
		last = first + CHUNK < all.pages ? first + CHUNK : all.pages;
		for (i = first; i < last; i++)
			page_make(&incompressible, i, all.base + i * PAGE);
		push_out(first, last - first);
	}
	atomic_fetch_sub(&running, 1);
	return NULL;
}

static void read_file(const char *path, char *text, unsigned long size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		err(1, "%s", path);
	n = read(fd, text, size - 1);
	if (n < 0)
		err(1, "%s", path);
	text[n] = 0;
	close(fd);
}

/* Until all threads are done. Returns when the gate closed, after @began. */
static unsigned long watch(const char *gate, const char *used, unsigned long began,
			   unsigned long *most)
{
	unsigned long stopped = 0, now_used;
	char text[64];

	while (atomic_load(&running)) {
		read_file(used, text, sizeof(text));
		now_used = strtoul(text, NULL, 10);
		if (now_used > *most)
			*most = now_used;
		read_file(gate, text, sizeof(text));
		if (!stopped && strncmp(text, "open", 4))
			stopped = now() - began;
		usleep(1000);
	}
	return stopped;
}

int main(int argc, char **argv)
{
	unsigned long i, began, took, stopped, wrong, most = 0;
	pthread_t *ids;

	if (argc != 5) {
		fputs(usage, stderr);
		return 2;
	}
	all.pages = to_number(argv[1]);
	threads = to_number(argv[2]);
	if (!all.pages || !threads || threads > 1024)
		errx(2, "a number is out of range");
	ids = calloc(threads, sizeof(*ids));
	if (!ids)
		errx(1, "no memory");
	all.base = allocate(all.pages * PAGE, 0);
	if (madvise(all.base, all.pages * PAGE, MADV_NOHUGEPAGE))
		err(1, "madvise");
	for (i = 0; i < all.pages; i++) {
		page_make(&all, i, all.base + i * PAGE);
		if (i % CHUNK == CHUNK - 1 || i == all.pages - 1) {
			push_out(i / CHUNK * CHUNK, i % CHUNK + 1);
			usleep(1000);		/* the device needs its time, too */
		}
	}

	incompressible = all;
	incompressible.percent = 0;
	incompressible.seed = 2;
	atomic_store(&running, threads);
	begin_measured();
	began = now();
	for (i = 0; i < threads; i++)
		if (pthread_create(&ids[i], NULL, rewrite, NULL))
			errx(1, "cannot make a thread");
	stopped = watch(argv[3], argv[4], began, &most);
	took = now() - began;
	for (i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	end_measured();
	wrong = count_wrong(&incompressible, all.base, all.pages);
	printf("{\"pages\": %lu, \"threads\": %lu, \"wrong\": %lu, \"took_ns\": %lu, ",
	       all.pages, threads, wrong, took);
	printf("\"stopped_ns\": %lu, \"most_bytes\": %lu}\n", stopped, most);
	return wrong != 0;
}
