// SPDX-License-Identifier: GPL-2.0
/*
 * outrun - contents compress less than was thought: is the device fast enough to say?
 *
 * Fills memory with pages of which nine tenths are zeroes, and pushes them out. Then
 * threads write random bytes to all of them, and push them out again, while the gate
 * of the node is watched. Or, with a file, they write its pages to memory that nobody has
 * used before, and only until the gate closes. In the end every byte is checked. Prints one
 * line of JSON: the time until the gate closed, in nanoseconds of CLOCK_MONOTONIC (0 if it
 * never did), how many bytes the device held at most, and how many it holds in the end, of so
 * many bytes of pages.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>

#include "gate.h"
#include "memory.h"

#define CHUNK 64UL

static const char usage[] =
"usage: outrun [-f FILE] PAGES THREADS GATE-FILE HELD-BYTES-FILE STORED-BYTES-FILE\n";

static struct memory all = { .percent = 90, .seed = 1 };
static struct memory contents;
static unsigned long threads;
static atomic_ulong next_chunk;
static atomic_ulong running;
static atomic_ulong stopped;	/* when the gate closed, after they began; 0 if it never did */
static const char *gate_file, *held_file, *stored_file;

static void push_out(unsigned long first, unsigned long n)
{
	if (madvise(all.base + first * PAGE, n * PAGE, MADV_PAGEOUT))
		err(1, "MADV_PAGEOUT");
}

static void *rewrite(void *data)
{
	unsigned long i, first, last;

	(void)data;
	while (!contents.data || !atomic_load(&stopped)) {
		first = atomic_fetch_add(&next_chunk, CHUNK);
		if (first >= all.pages)
			break;
		last = first + CHUNK < all.pages ? first + CHUNK : all.pages;
		for (i = first; i < last; i++)
			page_make(&contents, i, all.base + i * PAGE);
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

static unsigned long number_in(const char *path)
{
	char text[64];

	read_file(path, text, sizeof(text));
	return strtoul(text, NULL, 10);
}

static bool gate_is_closed(void)
{
	char text[64];

	read_file(gate_file, text, sizeof(text));
	return strncmp(text, "open", 4);
}

/* @most: bytes that the device held at most */
static void look(unsigned long began, unsigned long *most)
{
	unsigned long held = number_in(held_file);

	if (held > *most)
		*most = held;
	if (!atomic_load(&stopped) && gate_is_closed())
		atomic_store(&stopped, now() - began);
}

static void fill_with_zeroes(void)
{
	unsigned long i;

	for (i = 0; i < all.pages; i++) {
		page_make(&all, i, all.base + i * PAGE);
		if (i % CHUNK == CHUNK - 1 || i == all.pages - 1) {
			push_out(i / CHUNK * CHUNK, i % CHUNK + 1);
			usleep(1000);		/* the device needs its time, too */
		}
	}
}

static void parse(int argc, char **argv)
{
	int option;

	contents.seed = 2;
	while ((option = getopt(argc, argv, "f:")) == 'f')
		use_file(&contents, optarg);
	argv += optind;
	if (option != -1 || argc - optind != 5) {
		fputs(usage, stderr);
		exit(2);
	}
	all.pages = to_number(argv[0]);
	threads = to_number(argv[1]);
	if (!all.pages || !threads || threads > 1024)
		errx(2, "a number is out of range");
	gate_file = argv[2];
	held_file = argv[3];
	stored_file = argv[4];
}

int main(int argc, char **argv)
{
	unsigned long i, began, took, written, held, stored, wrong, most = 0;
	pthread_t *ids;

	parse(argc, argv);
	ids = calloc(threads, sizeof(*ids));
	if (!ids)
		errx(1, "no memory");
	all.base = allocate(all.pages * PAGE, 0);
	if (madvise(all.base, all.pages * PAGE, MADV_NOHUGEPAGE))
		err(1, "madvise");
	if (!contents.data)
		fill_with_zeroes();

	atomic_store(&running, threads);
	begin_measured();
	began = now();
	for (i = 0; i < threads; i++)
		if (pthread_create(&ids[i], NULL, rewrite, NULL))
			errx(1, "cannot make a thread");
	while (atomic_load(&running)) {
		look(began, &most);
		usleep(1000);
	}
	look(began, &most);
	took = now() - began;
	for (i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	end_measured();
	usleep(200000);		/* until the device has compressed what it was given */
	held = number_in(held_file);
	stored = number_in(stored_file);
	written = atomic_load(&next_chunk);
	if (written > all.pages)
		written = all.pages;
	wrong = count_wrong(&contents, all.base, written);
	printf("{\"pages\": %lu, \"threads\": %lu, \"wrong\": %lu, \"took_ns\": %lu, ",
	       written, threads, wrong, took);
	printf("\"stopped_ns\": %lu, \"most_bytes\": %lu, ", atomic_load(&stopped), most);
	printf("\"held_bytes\": %lu, \"stored_bytes\": %lu}\n", held, stored);
	return wrong != 0;
}
