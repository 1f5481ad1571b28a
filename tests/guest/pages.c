// SPDX-License-Identifier: GPL-2.0
/*
 * pages - memory with known contents, for the tests
 *
 * Maps memory, then does what the arguments say, in this order. The contents of
 * a page follow from seed, number and generation, so every byte is checked. The
 * first wrong byte ends the program with status 1.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pagemap_scan.h"

/* Newer than Debian 12's headers */
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

#define PAGE 4096UL
#define HUGE (2UL << 20)
#define WORDS (PAGE / sizeof(uint64_t))

/* A page is made of pieces, each beginning with random words, then zeroes. */
#define PIECE 32
#define BLANK 101		/* percent: nothing but zeroes */

static const char usage[] =
"usage: pages [-m MIB] [-z PERCENT] [-s SEED] [-t THREADS] [-k KIND] [-f FILE] [-l] COMMAND...\n"
"  -z  how much of a page is zeroes; 0 does not compress\n"
"  -k  anon, thp, small (which may become huge pages), shmem (shared), file (with -f)\n"
"  -l  lock the program's own pages, so that it goes on when the page cache is gone\n"
"commands:\n"
"  fill       new contents for all pages\n"
"  some       new contents for every third page\n"
"  blank      zeroes for all pages\n"
"  zeroes=N   as -z, for new contents from here on\n"
"  rewrite=N  N times: THREADS threads check, give each page new contents, out\n"
"  refill=N   N times: THREADS threads drop, fill, out\n"
"  out        push out with MADV_PAGEOUT; out=N the first N pages only\n"
"  check      all pages have their contents\n"
"  drop       MADV_DONTNEED\n"
"  free       MADV_FREE\n"
"  crumbs     MADV_DONTNEED, of all but the first page of each 2 MiB\n"
"  thp        fail unless the first 2 MiB are one huge page\n"
"  huge       MADV_HUGEPAGE\n"
"  collapse   MADV_COLLAPSE\n"
"  merge      MADV_MERGEABLE\n"
"  heads      new contents for the first page of each 2 MiB\n"
"  watch=F    create F.ready, read these over and over until there is F.go\n"
"  reread=F   the same for all pages\n"
"  fork       a child checks, changes its copies, checks; the parent's stay\n"
"  bus=N      exactly N pages give SIGBUS, the others have their contents\n"
"  sane       each page gives SIGBUS, or has its contents\n"
"  write      the same for each after something was written to it\n"
"  faults=N   to check all pages gives exactly N page faults there\n"
"  forkfaults=N  the same for a child, and here\n"
"  peek=N     page N can be read and is right\n"
"  pause=F    create F.ready, wait for F.go\n"
"  loop=F     THREADS threads out, check and change; F.ready after the first\n"
"             round, ends when F.go exists; then prints the rounds\n";

static struct {
	unsigned char *base;
	unsigned long pages;
	unsigned int percent;
	unsigned int threads;
	uint64_t seed;
	struct {
		uint32_t generation;
		uint32_t percent;
	} *is;
} mem;

static const char *loop_file;
static atomic_ulong rounds;

/* splitmix64 */
static uint64_t random_next(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

static void page_make(unsigned long number, uint64_t *page)
{
	unsigned int filled = PIECE - PIECE * mem.is[number].percent / 100;
	uint64_t state = mem.seed ^ (number << 32) ^ mem.is[number].generation;
	unsigned int i;

	for (i = 0; i < WORDS; i++)
		page[i] = i % PIECE < filled ? random_next(&state) : 0;
	/* Otherwise never all the same: swap has another place for such a page. */
	if (mem.is[number].percent != BLANK)
		page[0] = random_next(&state);
}

static void page_fill(unsigned long number)
{
	mem.is[number].generation++;
	mem.is[number].percent = mem.percent;
	page_make(number, (uint64_t *)(mem.base + number * PAGE));
}

static void page_blank(unsigned long number)
{
	mem.is[number].percent = BLANK;
	memset(mem.base + number * PAGE, 0, PAGE);
}

static void page_check(unsigned long number)
{
	uint64_t want[WORDS], *have = (uint64_t *)(mem.base + number * PAGE);
	unsigned int i;

	page_make(number, want);
	if (!memcmp(have, want, PAGE))
		return;
	for (i = 0; have[i] == want[i] && i < WORDS - 1; i++)
		;
	errx(1, "page %lu of %lu is wrong at byte %zu: %016lx, not %016lx",
	     number, mem.pages, i * sizeof(*want), have[i], want[i]);
}

static void range_out(unsigned long first, unsigned long pages)
{
	if (madvise(mem.base + first * PAGE, pages * PAGE, MADV_PAGEOUT))
		err(1, "MADV_PAGEOUT");
}

/*
 * MADV_PAGEOUT leaves those pages that another CPU, where this thread was before, has
 * not yet put on a list of reclaim. To move no page makes all CPUs do so.
 */
static void do_out(unsigned long pages)
{
	int node;

	if (syscall(SYS_move_pages, 0, 0UL, NULL, &node, NULL, 0))
		err(1, "move_pages");
	range_out(0, pages);
}

static void all(void (*f)(unsigned long number))
{
	unsigned long i;

	for (i = 0; i < mem.pages; i++)
		f(i);
}

static void do_some(void)
{
	unsigned long i;

	for (i = 0; i < mem.pages; i += 3)
		page_fill(i);
}

/* In one mapping, on whatever node it is: AnonHugePages in smaps has none on SPM nodes. */
static void do_thp(void)
{
	struct page_region region = {};
	struct pm_scan_arg scan = {
		.size = sizeof(scan), .vec = (uintptr_t)&region, .vec_len = 1,
		.start = (uintptr_t)mem.base, .end = (uintptr_t)mem.base + HUGE,
		.category_mask = PAGE_IS_HUGE, .return_mask = PAGE_IS_HUGE,
	};
	int fd = open("/proc/self/pagemap", O_RDONLY);

	if (fd < 0 || ioctl(fd, PAGEMAP_SCAN, &scan) < 0)
		err(1, "pagemap");
	close(fd);
	if (region.start != scan.start || region.end != scan.end)
		errx(1, "no huge page there");
}

static void do_fork(void)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		all(page_check);
		do_some();
		range_out(0, mem.pages);
		all(page_check);
		_exit(0);
	}
	range_out(0, mem.pages);
	all(page_check);
	if (waitpid(pid, &status, 0) < 0 || status)
		errx(1, "child ended with status %#x", status);
	all(page_check);
}

static unsigned int number_in(const char *file)
{
	unsigned int n;
	FILE *f = fopen(file, "r");

	if (!f || fscanf(f, "%u", &n) != 1)
		err(1, "%s", file);
	fclose(f);
	return n;
}

/*
 * Counts this thread's page faults at the memory, and no others. getrusage(2) would
 * count what the kernel does as well: when a task was preempted after a fork, rseq
 * writes to the task's memory, which copies a page.
 */
static int count_faults(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.config = number_in("/sys/kernel/tracing/events/exceptions/page_fault_user/id"),
		.disabled = 1,
	};
	char filter[80];
	int fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);

	snprintf(filter, sizeof(filter), "address >= %p && address < %p",
		 (void *)mem.base, (void *)(mem.base + mem.pages * PAGE));
	if (fd < 0 || ioctl(fd, PERF_EVENT_IOC_SET_FILTER, filter) ||
	    ioctl(fd, PERF_EVENT_IOC_ENABLE, 0))
		err(1, "counting page faults");
	return fd;
}

static void do_faults(unsigned long want)
{
	int fd = count_faults();
	uint64_t got;

	all(page_check);
	if (read(fd, &got, sizeof(got)) != sizeof(got))
		err(1, "reading the count of page faults");
	close(fd);
	if (got != want)
		errx(1, "%lu faults, want %lu", got, want);
}

static void do_fork_faults(unsigned long want)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		do_faults(want);
		_exit(0);
	}
	do_faults(want);
	if (waitpid(pid, &status, 0) < 0 || status)
		errx(1, "child ended with status %#x", status);
}

static sigjmp_buf bus_jump;

static void bus_handler(int sig)
{
	siglongjmp(bus_jump, sig);
}

/* How many pages give SIGBUS; the others are right. */
static unsigned long count_bus(void (*look)(unsigned long i))
{
	volatile unsigned long i, got = 0;

	signal(SIGBUS, bus_handler);
	for (i = 0; i < mem.pages; i++) {
		if (!sigsetjmp(bus_jump, 1))
			look(i);
		else
			got++;
	}
	signal(SIGBUS, SIG_DFL);
	return got;
}

static void do_bus(unsigned long want)
{
	unsigned long got = count_bus(page_check);

	if (got != want)
		errx(1, "%lu pages gave SIGBUS, not %lu", got, want);
}

/* Write what is to be there anyway, without reading it. */
static void page_write_check(unsigned long i)
{
	volatile uint64_t *have = (uint64_t *)(mem.base + i * PAGE);
	uint64_t want[WORDS];

	page_make(i, want);
	have[WORDS / 2] = want[WORDS / 2];
	page_check(i);
}

static void do_sane(const char *what, void (*look)(unsigned long i))
{
	printf("%s: %lu of %lu pages gave SIGBUS\n", what, count_bus(look), mem.pages);
	fflush(stdout);
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

static bool told_to_go(const char *file)
{
	char name[256];

	snprintf(name, sizeof(name), "%s.go", file);
	return !access(name, F_OK);
}

static void do_pause(const char *file)
{
	touch(file, ".ready");
	while (!told_to_go(file))
		usleep(20000);
}

/* Which pages are thread N's */
static void slice(void *arg, unsigned long *first, unsigned long *last)
{
	unsigned long n = (unsigned long)arg;

	*first = mem.pages * n / mem.threads;
	*last = mem.pages * (n + 1) / mem.threads;
}

static void *loop_thread(void *arg)
{
	unsigned long first, last, i;

	slice(arg, &first, &last);
	for (;;) {
		range_out(first, last - first);
		for (i = first; i < last; i++) {
			page_check(i);
			if (i % 3 == 0)
				page_fill(i);
		}
		if (++rounds == mem.threads)
			touch(loop_file, ".ready");
		if (told_to_go(loop_file))
			return NULL;
	}
}

static void *rewrite_thread(void *arg)
{
	unsigned long first, last, i;

	slice(arg, &first, &last);
	for (i = first; i < last; i++) {
		page_check(i);
		page_fill(i);
	}
	range_out(first, last - first);
	return NULL;
}

static void *refill_thread(void *arg)
{
	unsigned long first, last, i;

	slice(arg, &first, &last);
	madvise(mem.base + first * PAGE, (last - first) * PAGE, MADV_DONTNEED);
	for (i = first; i < last; i++)
		page_fill(i);
	range_out(first, last - first);
	return NULL;
}

static void heads(void (*f)(unsigned long i))
{
	unsigned long i;

	for (i = 0; i < mem.pages; i += HUGE / PAGE)
		f(i);
}

/* As quickly as that goes, without looking at it. */
static void page_touch(unsigned long number)
{
	(void)*(volatile unsigned char *)(mem.base + number * PAGE);
}

/*
 * A CPU says that a page is used when it loads the entry into its TLB, and the emulator's
 * holds all of them. Have it forget them, as time does on hardware.
 */
static void flush_tlb(void)
{
	size_t size = mem.pages * PAGE;

	if (mprotect(mem.base, size, PROT_NONE) ||
	    mprotect(mem.base, size, PROT_READ | PROT_WRITE))
		err(1, "mprotect");
}

static void do_watch(const char *file, void (*each)(void (*f)(unsigned long number)))
{
	char path[256];

	snprintf(path, sizeof(path), "%s.ready", file);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	snprintf(path, sizeof(path), "%s.go", file);
	while (access(path, F_OK)) {
		each(page_touch);
		flush_tlb();
		usleep(10000);
	}
}

static void advise(int advice, const char *name)
{
	if (madvise(mem.base, mem.pages * PAGE, advice))
		err(1, "%s", name);
}

static void do_crumbs(void)
{
	unsigned long i;

	for (i = 0; i < mem.pages * PAGE; i += HUGE)
		if (madvise(mem.base + i + PAGE, HUGE - PAGE, MADV_DONTNEED))
			err(1, "MADV_DONTNEED");
}

static void in_threads(void *(*f)(void *arg))
{
	pthread_t thread[16];
	unsigned long i;

	for (i = 0; i < mem.threads; i++)
		if (pthread_create(&thread[i], NULL, f, (void *)i))
			err(1, "pthread_create");
	for (i = 0; i < mem.threads; i++)
		pthread_join(thread[i], NULL);
}

static void do_loop(const char *file)
{
	loop_file = file;
	in_threads(loop_thread);
	printf("%lu rounds\n", rounds);
}

static int is_word(const char *word, size_t len, const char *name)
{
	return len == strlen(name) && !strncmp(word, name, len);
}

static void do_command(const char *word)
{
	const char *value = strchr(word, '=');
	size_t len = value ? (size_t)(value++ - word) : strlen(word);
	unsigned long n = value ? strtoul(value, NULL, 0) : 0;

	if (is_word(word, len, "fill"))
		all(page_fill);
	else if (is_word(word, len, "some"))
		do_some();
	else if (is_word(word, len, "blank"))
		all(page_blank);
	else if (is_word(word, len, "zeroes") && value && n <= 100)
		mem.percent = n;
	else if (is_word(word, len, "rewrite") && value)
		while (n--)
			in_threads(rewrite_thread);
	else if (is_word(word, len, "refill") && value)
		while (n--)
			in_threads(refill_thread);
	else if (is_word(word, len, "out"))
		do_out(value ? n : mem.pages);
	else if (is_word(word, len, "check"))
		all(page_check);
	else if (is_word(word, len, "drop"))
		madvise(mem.base, mem.pages * PAGE, MADV_DONTNEED);
	else if (is_word(word, len, "free"))
		advise(MADV_FREE, "MADV_FREE");
	else if (is_word(word, len, "crumbs"))
		do_crumbs();
	else if (is_word(word, len, "thp"))
		do_thp();
	else if (is_word(word, len, "huge"))
		advise(MADV_HUGEPAGE, "MADV_HUGEPAGE");
	else if (is_word(word, len, "collapse"))
		advise(MADV_COLLAPSE, "MADV_COLLAPSE");
	else if (is_word(word, len, "merge"))
		advise(MADV_MERGEABLE, "MADV_MERGEABLE");
	else if (is_word(word, len, "heads"))
		heads(page_fill);
	else if (is_word(word, len, "watch") && value)
		do_watch(value, heads);
	else if (is_word(word, len, "reread") && value)
		do_watch(value, all);
	else if (is_word(word, len, "fork"))
		do_fork();
	else if (is_word(word, len, "bus") && value)
		do_bus(n);
	else if (is_word(word, len, "sane"))
		do_sane(word, page_check);
	else if (is_word(word, len, "write"))
		do_sane(word, page_write_check);
	else if (is_word(word, len, "faults") && value)
		do_faults(n);
	else if (is_word(word, len, "forkfaults") && value)
		do_fork_faults(n);
	else if (is_word(word, len, "peek") && value && n < mem.pages)
		page_check(n);
	else if (is_word(word, len, "pause") && value)
		do_pause(value);
	else if (is_word(word, len, "loop") && value)
		do_loop(value);
	else
		errx(2, "no command '%s'\n%s", word, usage);
}

static void map(const char *kind, const char *file)
{
	size_t size = mem.pages * PAGE;
	int fd = -1, flags = MAP_PRIVATE | MAP_ANONYMOUS;
	unsigned long align = 0;

	if (!strcmp(kind, "shmem")) {
		flags = MAP_SHARED | MAP_ANONYMOUS;
	} else if (!strcmp(kind, "file")) {
		flags = MAP_SHARED;
		fd = open(file, O_CREAT | O_RDWR, 0600);
		if (fd < 0 || ftruncate(fd, size))
			err(1, "%s", file);
	} else if (!strcmp(kind, "thp") || !strcmp(kind, "small")) {
		align = HUGE;
	} else if (strcmp(kind, "anon")) {
		errx(2, "no kind '%s'", kind);
	}

	mem.base = mmap(NULL, size + align, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (mem.base == MAP_FAILED)
		err(1, "mmap");
	if (align)
		mem.base += -(unsigned long)mem.base & (align - 1);
	if (!strcmp(kind, "thp")) {
		if (madvise(mem.base, size, MADV_HUGEPAGE))
			err(1, "MADV_HUGEPAGE");
	} else if (madvise(mem.base, size, MADV_NOHUGEPAGE) && errno != EINVAL) {
		err(1, "MADV_NOHUGEPAGE");
	}
	mem.is = calloc(mem.pages, sizeof(*mem.is));
	if (!mem.is)
		err(1, "calloc");
}

int main(int argc, char **argv)
{
	const char *kind = "anon", *file = NULL;
	int c;

	mem.pages = 16 << 8;
	mem.percent = 60;
	mem.threads = 1;
	mem.seed = 1;
	while ((c = getopt(argc, argv, "m:z:s:t:k:f:l")) != -1) {
		switch (c) {
		case 'm':
			mem.pages = strtoul(optarg, NULL, 0) << 8;
			break;
		case 'z':
			mem.percent = strtoul(optarg, NULL, 0);
			break;
		case 's':
			mem.seed = strtoull(optarg, NULL, 0);
			break;
		case 't':
			mem.threads = strtoul(optarg, NULL, 0);
			break;
		case 'k':
			kind = optarg;
			break;
		case 'f':
			file = optarg;
			break;
		case 'l':
			if (mlockall(MCL_CURRENT))
				err(1, "mlockall");
			break;
		default:
			errx(2, "%s", usage);
		}
	}
	if (optind == argc || !mem.pages || mem.percent > 100 || !mem.threads ||
	    mem.threads > 16 || (!strcmp(kind, "file") && !file))
		errx(2, "%s", usage);

	mem.seed *= 0x9e3779b97f4a7c15;
	map(kind, file);
	for (; optind < argc; optind++)
		do_command(argv[optind]);
	return 0;
}
