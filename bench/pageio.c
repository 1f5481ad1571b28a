// SPDX-License-Identifier: GPL-2.0
/*
 * pageio - what it costs to push a page out, and to use it again
 *
 * Fills anonymous memory with pages that compress to a given share, or with a
 * file's, pushes them all out with one MADV_PAGEOUT, then uses them one by one, in
 * random order, and checks every byte. Prints one line of JSON with times per page,
 * in nanoseconds of CLOCK_MONOTONIC: instructions, in a VM that counts these. The
 * time to read the clock is subtracted from the time of each use.
 *
 * Threads have a share of the pages each. All push theirs out, then all use
 * theirs; out_ns and use_ns are the time from the first to the last of them,
 * divided by all pages.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>

#include "gate.h"
#include "threads.h"

static const char usage[] =
"usage: pageio [-H] [-t THREADS] [-b PAGES [-g EVERY]] [-f FILE]\n"
"              PAGES ROUNDS [PERCENT-ZEROES [SEED [WAY]]]\n"
"  -H          in huge pages, new ones each round\n"
"  -t THREADS  that share the pages (1)\n"
"  -b PAGES    so many others are pushed out before, and stay there (0)\n"
"  -g EVERY    but each of that number, say each 8th, is freed, which leaves gaps there\n"
"  -f FILE     pages are copies of the file's\n"
"ways:\n"
"  out-read    push them out, read a byte of each (the default)\n"
"  out-write   push them out, write a byte of each\n"
"  out-whole   push them out, read all of each\n"
"  stay-read   read a byte of each, where it is; stay-whole: all of it\n"
"  fork-write  share them with a child, write a byte of each\n"
"  out-gone    push them out, let the cgroup reclaim what stayed in the swap cache as a\n"
"              disk is slower than we are, read a byte of each\n"
"  forget      push them out to what forgets them, read a byte of each, check none\n";

#define HUGE (2UL << 20)

struct worker {
	pthread_t thread;
	struct memory m;		/* its share */
	unsigned int *order;
	unsigned long *times;
};

static const struct how {
	const char *name;
	bool out, gone, shared, forgotten, writes;
	unsigned int lines;		/* of 64 bytes, that a use reads or writes */
	void (*use)(unsigned char *page);
} *how;

static struct memory all = { .percent = 60, .seed = 1 };
static struct worker *workers;
static unsigned long threads = 1, rounds, ballast, gap;
static bool huge;
/* What the last round took, from barrier to barrier */
static unsigned long out_began, out_ended, use_began, use_ended;

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

/* A child shares them, and is there until they have been used. */
static pid_t share(void)
{
	pid_t child = fork();

	if (child < 0)
		err(1, "fork");
	if (!child) {
		pause();
		_exit(0);
	}
	return child;
}

static void use_read(unsigned char *page)
{
	__atomic_load_n(page, __ATOMIC_RELAXED);
}

static void use_write(unsigned char *page)
{
	__atomic_fetch_or(page, 0, __ATOMIC_RELAXED);
}

static void use_whole(unsigned char *page)
{
	unsigned long i;

	for (i = 0; i < PAGE; i += sizeof(unsigned long))
		__atomic_load_n((unsigned long *)(page + i), __ATOMIC_RELAXED);
}

static const struct how hows[] = {
	{ .name = "out-read", .out = true, .lines = 1, .use = use_read },
	{ .name = "out-write", .out = true, .writes = true, .lines = 1, .use = use_write },
	{ .name = "out-whole", .out = true, .lines = PAGE / 64, .use = use_whole },
	{ .name = "stay-read", .lines = 1, .use = use_read },
	{ .name = "stay-whole", .lines = PAGE / 64, .use = use_whole },
	{ .name = "fork-write", .shared = true, .writes = true, .lines = 1, .use = use_write },
	{ .name = "out-gone", .out = true, .gone = true, .lines = 1, .use = use_read },
	{ .name = "forget", .out = true, .forgotten = true, .lines = 1, .use = use_read },
	{}
};

static const struct how *find_how(const char *name)
{
	unsigned long i;

	for (i = 0; hows[i].name; i++)
		if (!strcmp(hows[i].name, name))
			return &hows[i];
	errx(2, "there is no way '%s'", name);
}

static void use_all(struct worker *w)
{
	unsigned long i;
	unsigned long t;

	for (i = 0; i < w->m.pages; i++) {
		t = now();
		how->use(w->m.base + w->order[i] * PAGE);
		w->times[i] = now() - t;
	}
}

static void push_out(const struct memory *m)
{
	if (madvise(m->base, m->pages * PAGE, MADV_PAGEOUT))
		err(1, "MADV_PAGEOUT");
}

/* Those in the swap cache count as well. */
static unsigned long resident(const struct memory *m)
{
	unsigned long i, sum = 0;
	unsigned char *vec = malloc(m->pages);

	if (!vec || mincore(m->base, m->pages * PAGE, vec))
		err(1, "mincore");
	for (i = 0; i < m->pages; i++)
		sum += vec[i] & 1;
	free(vec);
	return sum;
}

/* The file by which our cgroup reclaims */
static FILE *open_reclaim(void)
{
	char path[256], file[512];
	FILE *f = fopen("/proc/self/cgroup", "r");

	if (!f || fscanf(f, "0::%255s", path) != 1)
		errx(1, "/proc/self/cgroup: no cgroup of version 2");
	fclose(f);
	snprintf(file, sizeof(file), "/sys/fs/cgroup%s/memory.reclaim", path);
	f = fopen(file, "w");
	if (!f)
		err(1, "%s", file);
	return f;
}

/* A page that is still being written stays in the swap cache. */
static void reclaim_rest(const struct memory *m)
{
	unsigned long left;
	unsigned int tries;
	FILE *f;

	for (tries = 0; (left = resident(m)); tries++) {
		if (tries == 100)
			errx(1, "%lu of %lu pages stay", left, m->pages);
		usleep(100000);
		f = open_reclaim();
		fprintf(f, "%lu\n", left * PAGE);
		fclose(f);	/* fails if it was not that much */
	}
}

/* More than there is memory for, so piece by piece */
static void push_out_ballast(void)
{
	struct memory m = all;
	unsigned long i, done;
	unsigned char *base = allocate(ballast * PAGE, 0);

	m.base = base;
	if (madvise(base, ballast * PAGE, MADV_NOHUGEPAGE))
		err(1, "madvise");
	for (done = 0; done < ballast; done += m.pages) {
		m.pages = ballast - done < 4096 ? ballast - done : 4096;
		for (i = 0; i < m.pages; i++)
			page_make(&m, done + i, m.base + i * PAGE);
		push_out(&m);
		m.base += m.pages * PAGE;
	}
	for (i = 0; gap && i < ballast; i += gap)
		if (madvise(base + i * PAGE, PAGE, MADV_DONTNEED))
			err(1, "MADV_DONTNEED");
}

static void *one_round(void *data)
{
	struct worker *w = data;

	if (w == workers)
		begin_measured();
	meet(&out_began);
	mark(1);
	if (how->out)
		push_out(&w->m);
	mark(0);
	meet(&out_ended);
	if (how->gone) {
		reclaim_rest(&w->m);
		if (w == workers)
			all_out();
		meet(&use_began);
	} else {
		use_began = out_ended;
	}
	mark(2);
	use_all(w);
	mark(0);
	meet(&use_ended);
	if (w == workers)
		end_measured();
	return NULL;
}

static void map_again(void)
{
	if (mmap(all.base, all.pages * PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		err(1, "mmap");
	if (madvise(all.base, all.pages * PAGE, MADV_HUGEPAGE))
		err(1, "madvise");
}

static void run_round(void)
{
	unsigned long i;
	pid_t child = 0;

	/* What was swapped in is in small pages, and so would be what replaces them. */
	if (huge)
		map_again();
	/* Written each time, else pages that are still in swap are just dropped. */
	for (i = 0; i < all.pages; i++)
		page_make(&all, i, all.base + i * PAGE);
	if (how->shared)
		child = share();
	for (i = 1; i < threads; i++)
		if (pthread_create(&workers[i].thread, NULL, one_round, &workers[i]))
			errx(1, "cannot make a thread");
	one_round(&workers[0]);
	for (i = 1; i < threads; i++)
		pthread_join(workers[i].thread, NULL);
	if (child) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
}

/* Our own tables are touched, and stay: only the region is pushed out. */
static void make_workers(unsigned long *times)
{
	unsigned long i, first;

	all.base = allocate(all.pages * PAGE + HUGE, 0);
	all.base += -(uintptr_t)all.base % HUGE;
	if (madvise(all.base, all.pages * PAGE, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE))
		err(1, "madvise");
	workers = allocate(threads * sizeof(*workers), MAP_POPULATE);
	for (i = 0; i < threads; i++) {
		first = all.pages * i / threads;
		workers[i].m = all;
		workers[i].m.base += first * PAGE;
		workers[i].m.pages = all.pages * (i + 1) / threads - first;
		workers[i].times = times + first;
		workers[i].order = allocate(workers[i].m.pages * sizeof(*workers[i].order),
					    MAP_POPULATE);
		shuffle(workers[i].order, workers[i].m.pages, all.seed + i);
	}
	expect(threads);
}

/* Figures of a round, and what they are called */
enum { OUT, USE, MEAN, P50, P99, P999, FIGURES };

static const char *const names[] = {
	"out_ns", "use_ns", "in_mean_ns", "in_p50_ns", "in_p99_ns", "in_p999_ns"
};

static void judge_round(unsigned long *figures[], unsigned long round, unsigned long *times,
			unsigned long cost)
{
	unsigned long i, n = all.pages, sum = 0;

	for (i = 0; i < n; i++)
		sum += times[i];
	sort_times(times, n);
	figures[OUT][round] = how->out ? (out_ended - out_began) / n : 0;
	figures[USE][round] = (use_ended - use_began) / n;
	figures[MEAN][round] = sum / n > cost ? sum / n - cost : 0;
	figures[P50][round] = percentile(times, n, 500, cost);
	figures[P99][round] = percentile(times, n, 990, cost);
	figures[P999][round] = percentile(times, n, 999, cost);
}

static void parse(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "Ht:b:g:f:")) != -1) {
		if (option == 'H') {
			huge = true;
		} else if (option == 't') {
			threads = to_number(optarg);
		} else if (option == 'b') {
			ballast = to_number(optarg);
		} else if (option == 'g') {
			gap = to_number(optarg);
		} else if (option == 'f') {
			use_file(&all, optarg);
		} else {
			fputs(usage, stderr);
			exit(2);
		}
	}
	argc -= optind;
	argv += optind;
	if (argc < 2 || argc > 5) {
		fputs(usage, stderr);
		exit(2);
	}
	all.pages = to_number(argv[0]);
	rounds = to_number(argv[1]);
	if (argc > 2)
		all.percent = to_number(argv[2]);
	if (argc > 3)
		all.seed = to_number(argv[3]);
	how = argc > 4 ? find_how(argv[4]) : hows;
	if (!threads || threads > 1024 || all.pages < threads || all.pages > UINT_MAX ||
	    ballast > UINT_MAX || !rounds || all.percent > 100)
		errx(2, "a number is out of range");
}

int main(int argc, char **argv)
{
	unsigned long *figures[FIGURES];
	unsigned long round, cost, wrong = 0;
	unsigned long *times;
	int i;

	parse(argc, argv);
	times = allocate(all.pages * sizeof(*times), MAP_POPULATE);
	for (i = 0; i < FIGURES; i++)
		figures[i] = allocate(rounds * sizeof(*figures[i]), MAP_POPULATE);
	make_workers(times);
	if (ballast)
		push_out_ballast();
	cost = clock_cost(times, all.pages);
	for (round = 0; round < rounds; round++) {
		run_round();
		judge_round(figures, round, times, cost);
		if (!how->forgotten)
			wrong += count_wrong(&all, all.base, all.pages);
	}

	printf("{\"pages\": %lu, \"rounds\": %lu, \"threads\": %lu, ",
	       all.pages, rounds, threads);
	printf("\"use_lines\": %u, \"use_writes\": %d, ", how->lines, how->writes);
	printf("\"clock_ns\": %lu, \"wrong\": %lu", cost, wrong);
	for (i = 0; i < FIGURES; i++) {
		sort_times(figures[i], rounds);
		printf(", \"%s\": %lu", names[i], figures[i][rounds / 2]);
	}
	puts("}");
	return wrong != 0;
}
