// SPDX-License-Identifier: GPL-2.0
/*
 * stale - memory that is zeroed while zswap has its old contents
 *
 * A thread reads each page while it's swapped out, so that most stay in the swap cache,
 * and in zswap too. Then all is zeroed, and swapped out. Now zswap must not have the old
 * contents any more: the script makes it give up all that it has, and then every byte must
 * be zero.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096UL
#define HUGE (2UL << 20)
#define PAGES 512UL		/* that are zeroed */
#define CONTROL 64UL		/* that are not, and stay in zswap */
#define OLD 0x5a

static unsigned char *memory, *control;
static atomic_ulong wanted, seen;	/* the page to read, and the one that was read last */

static unsigned char *map(unsigned long pages, int advice)
{
	unsigned char *p = mmap(NULL, pages * PAGE + HUGE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		err(1, "mmap");
	p += -(unsigned long)p & (HUGE - 1);
	if (madvise(p, pages * PAGE, advice))
		err(1, "madvise");
	return p;
}

static unsigned char control_byte(unsigned long i)
{
	return (i * 0x9e3779b97f4a7c15 >> 56) | 1;
}

/* To move no page makes all CPUs put on a list of reclaim what they have yet to. */
static void drain(void)
{
	int node;

	if (syscall(SYS_move_pages, 0, 0UL, NULL, &node, NULL, 0))
		err(1, "move_pages");
}

static void out(unsigned char *p, unsigned long pages)
{
	drain();
	if (madvise(p, pages * PAGE, MADV_PAGEOUT))
		err(1, "MADV_PAGEOUT");
}

static void read_page(unsigned long i)
{
	if (__atomic_load_n(&memory[i * PAGE], __ATOMIC_RELAXED) != OLD)
		errx(1, "page %lu is wrong before it's zeroed", i);
}

static void *reader(void *arg)
{
	unsigned long i;

	while ((i = wanted) < PAGES) {
		read_page(i);
		seen = i;
	}
	return arg;
}

/* Afterwards all pages are mapped. Of those only that stay in both does zswap have a copy. */
static void race(unsigned long step)
{
	pthread_t thread;
	unsigned long i;

	if (pthread_create(&thread, NULL, reader, NULL))
		err(1, "pthread_create");
	for (i = 0; i < PAGES; i += step) {
		wanted = i;
		while (seen != i)
			;
		if (madvise(memory + i * PAGE, step * PAGE, MADV_PAGEOUT))
			err(1, "MADV_PAGEOUT");
	}
	wanted = PAGES;
	pthread_join(thread, NULL);
	for (i = 0; i < PAGES; i++)
		read_page(i);
}

static void touch(const char *file, const char *suffix)
{
	char name[256];
	int fd;

	snprintf(name, sizeof(name), "%s%s", file, suffix);
	fd = open(name, O_CREAT | O_WRONLY, 0600);
	if (fd < 0)
		err(1, "%s", name);
	close(fd);
}

/* As "pause" of pages.c */
static void pause_at(const char *mark)
{
	char go[256];

	touch(mark, ".ready");
	snprintf(go, sizeof(go), "%s.go", mark);
	while (access(go, F_OK))
		usleep(20000);
}

static void check_all(void)
{
	unsigned long i, bad = 0, pages = 0, last = PAGES;

	for (i = 0; i < PAGES * PAGE; i++) {
		if (!memory[i])
			continue;
		bad++;
		if (i / PAGE != last)
			pages++;
		last = i / PAGE;
	}
	if (bad)
		errx(1, "%lu bytes in %lu of %lu pages are not zero, the last is %#x",
		     bad, pages, PAGES, memory[last * PAGE]);
	for (i = 0; i < CONTROL * PAGE; i++)
		if (control[i] != control_byte(i))
			errx(1, "byte %lu of what was not zeroed is %#x, not %#x", i, control[i],
			     control_byte(i));
}

int main(int argc, char **argv)
{
	bool huge = argc > 1 && !strcmp(argv[1], "huge");
	unsigned long i;

	if (argc != 4 || (!huge && strcmp(argv[1], "small"))) {
		fputs("usage: stale small|huge RACED ZEROED\n", stderr);
		return 2;
	}
	memory = map(PAGES, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	control = map(CONTROL, MADV_NOHUGEPAGE);
	memset(memory, OLD, PAGES * PAGE);
	for (i = 0; i < CONTROL * PAGE; i++)
		control[i] = control_byte(i);

	drain();
	race(huge ? PAGES : 1);
	out(control, CONTROL);
	pause_at(argv[2]);
	memset(memory, 0, PAGES * PAGE);
	out(memory, PAGES);
	pause_at(argv[3]);
	check_all();
	return 0;
}
