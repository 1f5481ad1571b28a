/* SPDX-License-Identifier: GPL-2.0 */
/*
 * memory.h - what the programs here share: memory with contents that compress as
 * told, a clock, and percentiles
 */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096UL

/* A page is made of pieces, each beginning with random bytes, then zeroes. */
#define PIECE 256UL

/*
 * Begins a phase of the profile that bench/profile/plugin.c takes. To everything else
 * it is an instruction that does nothing.
 */
static inline void mark(const int phase)
{
	asm volatile("nopl %c0(%%rax)" :: "i"(0x4d505300 + phase) : "memory");
}

struct memory {
	unsigned char *base;
	unsigned long pages;
	unsigned long percent;		/* how much of a page is zeroes */
	unsigned long seed;
	const unsigned char *data;	/* if there is, pages are copies of these ... */
	unsigned long data_pages;	/* ... so many */
};

static inline unsigned long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (unsigned long)t.tv_sec * 1000000000 + (unsigned long)t.tv_nsec;
}

/* splitmix64 */
static inline unsigned long random_next(unsigned long *state)
{
	unsigned long x = *state += 0x9e3779b97f4a7c15;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

/* The contents of a page follow from its number. */
static inline void page_make(const struct memory *m, unsigned long number, unsigned char *page)
{
	unsigned long filled = PIECE * (100 - m->percent) / 100;
	unsigned long word = 0, state = m->seed + (number << 20);
	unsigned long i, piece;

	if (m->data) {
		memcpy(page, m->data + (number + m->seed) % m->data_pages * PAGE, PAGE);
		return;
	}
	memset(page, 0, PAGE);
	for (piece = 0; piece < PAGE; piece += PIECE) {
		for (i = 0; i < filled; i++) {
			if (i % sizeof(word) == 0)
				word = random_next(&state);
			page[piece + i] = (unsigned char)(word >> i % sizeof(word) * 8);
		}
	}
}

/* How many of so many pages there don't have the contents of @m */
static inline unsigned long count_wrong(const struct memory *m, const unsigned char *base,
					unsigned long pages)
{
	unsigned char expected[PAGE];
	unsigned long i, wrong = 0;

	for (i = 0; i < pages; i++) {
		page_make(m, i, expected);
		wrong += memcmp(base + i * PAGE, expected, PAGE) != 0;
	}
	return wrong;
}

static inline unsigned long to_number(const char *text)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end)
		errx(2, "'%s' is not a number", text);
	return value;
}

static inline void *allocate(unsigned long size, int flags)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	if (p == MAP_FAILED)
		err(1, "mmap");
	return p;
}

/* Pages are copies of this file's from now on; it is in memory, and stays there. */
static inline void use_file(struct memory *m, const char *path)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	unsigned char *data;
	unsigned long done = 0;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st))
		err(2, "%s", path);
	m->data_pages = (unsigned long)st.st_size / PAGE;
	if (!m->data_pages)
		errx(2, "%s: less than a page", path);
	data = allocate(m->data_pages * PAGE, MAP_POPULATE);
	while (done < m->data_pages * PAGE) {
		n = read(fd, data + done, m->data_pages * PAGE - done);
		if (n <= 0)
			err(2, "%s", path);
		done += (unsigned long)n;
	}
	close(fd);
	if (mlock(data, m->data_pages * PAGE))
		err(1, "mlock");
	m->data = data;
}

static inline int compare_times(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a, y = *(const unsigned long *)b;

	return x < y ? -1 : x > y;
}

static inline void sort_times(unsigned long *times, unsigned long n)
{
	qsort(times, n, sizeof(*times), compare_times);
}

/* A time, less what reading the clock takes */
static inline unsigned long without_clock(unsigned long time, unsigned long cost)
{
	return time > cost ? time - cost : 0;
}

/* Of sorted times, less that */
static inline unsigned long percentile(const unsigned long *times, unsigned long n,
				       unsigned long permille, unsigned long cost)
{
	return without_clock(times[n * permille / 1000], cost);
}

/* Nanoseconds to read the clock */
static inline unsigned long clock_cost(unsigned long *scratch, unsigned long n)
{
	unsigned long i;
	unsigned long t;

	for (i = 0; i < n; i++) {
		t = now();
		scratch[i] = now() - t;
	}
	sort_times(scratch, n);
	return scratch[n / 2];
}

#endif
