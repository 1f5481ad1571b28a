// SPDX-License-Identifier: GPL-2.0
/*
 * readmix - a task that mostly reads, with more memory than fits
 *
 * Fills memory with pages that each have a checksum, then uses pages at random:
 * reads all of one and checks it, and, now and then, changes a word of it. All pages are used
 * alike, or nearly all uses are of some that lie between the others. Prints
 * one line of JSON with the time per use, in nanoseconds of CLOCK_MONOTONIC:
 * instructions, in a VM that counts these; and how many faults there were, and how
 * many pages the kernel copied to a device or from it. After that come as many uses
 * again that are timed one by one, for the percentiles. Before each of these the kernel
 * is asked where the page is: on a node without CPUs, which is a device, the task reads
 * in place. So the percentiles are printed as well for devices that take their time.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "gate.h"
#include "memory.h"

#define WORDS (PAGE / sizeof(unsigned long))
#define LINES (PAGE / 64)
#define NODES 64
#define MOST_DELAYS 8

static const char usage[] =
"usage: readmix [-s] [-e EVERY] [-d NS]... PAGES USES WARM-UP WRITES-PERMILLE [PERCENT-ZEROES]\n"
"  The first WARM-UP uses are not measured.\n"
"  -s        what is swapped out is on the device, too\n"
"  -d NS     percentiles also with a device that takes so long for a line\n"
"  -e EVERY  99 of 100 uses are of every 10th page, say; the last is of any\n";

/* Nanoseconds that a device may take for a line */
static unsigned long delays[MOST_DELAYS];
static unsigned int nr_delays;

static bool swap_on_device;
static unsigned long every;	/* 0: all pages are used alike */
static bool has_cpu[NODES];

/* The last word is the sum of the others. */
static unsigned long page_sum(const unsigned long *page)
{
	unsigned long i, sum = 0;

	for (i = 0; i < WORDS - 1; i++)
		sum += __atomic_load_n(page + i, __ATOMIC_RELAXED);
	return sum;
}

static void fill(const struct memory *m)
{
	unsigned long *page;
	unsigned long i;

	for (i = 0; i < m->pages; i++) {
		page = (unsigned long *)(m->base + i * PAGE);
		page_make(m, i, (unsigned char *)page);
		page[WORDS - 1] = page_sum(page);
	}
}

static unsigned long *page_of(const struct memory *m, unsigned long random)
{
	unsigned long page = random % m->pages;

	if (every && random / m->pages % 100)
		page -= page % every;
	return (unsigned long *)(m->base + page * PAGE);
}

/* Return: is it wrong? */
static bool use(const struct memory *m, unsigned long permille, unsigned long *state)
{
	unsigned long random = random_next(state);
	unsigned long *page = page_of(m, random);
	bool wrong = page_sum(page) != page[WORDS - 1];

	random = random_next(state);
	if (random % 1000 < permille) {
		page[0] += random;
		page[WORDS - 1] += random;
	}
	return wrong;
}

static unsigned long use_many(const struct memory *m, unsigned long uses, unsigned long permille,
			      unsigned long *state)
{
	unsigned long i, wrong = 0;

	for (i = 0; i < uses; i++)
		wrong += use(m, permille, state);
	return wrong;
}

/* As "0-1,3" */
static void find_nodes_with_cpus(void)
{
	FILE *f = fopen("/sys/devices/system/node/has_cpu", "r");
	unsigned int first, last;
	char comma = ',';

	if (!f)
		err(1, "/sys/devices/system/node/has_cpu");
	while (comma == ',' && fscanf(f, "%u", &first) == 1) {
		comma = (char)fgetc(f);
		last = first;
		if (comma == '-') {
			if (fscanf(f, "%u", &last) != 1)
				errx(1, "has_cpu: no list of nodes");
			comma = (char)fgetc(f);
		}
		for (; first <= last && first < NODES; first++)
			has_cpu[first] = true;
	}
	fclose(f);
}

enum place { DRAM, IN_PLACE, SWAPPED };

static enum place where(void *page)
{
	int status = -EFAULT;

	if (syscall(SYS_move_pages, 0, 1UL, &page, NULL, &status, 0))
		err(1, "move_pages");
	if (status == -ENOENT)
		return SWAPPED;
	if (status < 0 || status >= NODES)
		errx(1, "move_pages says %d of a page", status);
	return has_cpu[status] ? DRAM : IN_PLACE;
}

/*
 * Uses, one by one. @touched gets how many times each of them has touched all of a page on
 * the device: to read it in place, to copy it because it is written to, or to swap it in.
 */
static unsigned long time_each(const struct memory *m, unsigned long uses, unsigned long permille,
			       unsigned long *state, unsigned long *times, unsigned char *touched)
{
	unsigned long i, t, ahead, in_place = 0;
	enum place place;

	for (i = 0; i < uses; i++) {
		ahead = *state;
		place = where(page_of(m, random_next(&ahead)));
		touched[i] = place == IN_PLACE || (place == SWAPPED && swap_on_device);
		if (place == IN_PLACE) {
			in_place++;
			touched[i] += random_next(&ahead) % 1000 < permille;
		}
		t = now();
		if (use(m, permille, state))
			errx(1, "a page is wrong");
		times[i] = now() - t;
	}
	return in_place;
}

static unsigned long faults(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage))
		err(1, "getrusage");
	return (unsigned long)(usage.ru_minflt + usage.ru_majflt);
}

/* Does it count pages that went to the device, or came from it? */
static bool counts_moves(const char *name)
{
	return !strncmp(name, "pgdemote_", 9) || !strcmp(name, "pgpromote_success") ||
	       (swap_on_device && (!strcmp(name, "zswpin") || !strcmp(name, "zswpout")));
}

/* Pages that the kernel copied to the device, or from it, since it booted */
static unsigned long moved(void)
{
	FILE *f = fopen("/proc/vmstat", "r");
	unsigned long value, sum = 0;
	char name[64];

	if (!f)
		err(1, "/proc/vmstat");
	while (fscanf(f, "%63s %lu", name, &value) == 2)
		sum += counts_moves(name) ? value : 0;
	fclose(f);
	/* Without SPM there is no such file. */
	f = fopen("/sys/kernel/mm/spm/promoted_write", "r");
	if (f) {
		if (fscanf(f, "%lu", &value) == 1)
			sum += value;
		fclose(f);
	}
	return sum;
}

/* With a device on which each of so many lines of a page takes so long */
static void print_percentiles(const char *suffix, unsigned long delay, const unsigned long *times,
			      const unsigned char *touched, unsigned long n, unsigned long cost)
{
	unsigned long *sorted = allocate(n * sizeof(*sorted), MAP_POPULATE);
	unsigned long i;

	for (i = 0; i < n; i++)
		sorted[i] = times[i] + touched[i] * delay;
	sort_times(sorted, n);
	printf(", \"p50_ns%s\": %lu, \"p99_ns%s\": %lu, \"p999_ns%s\": %lu",
	       suffix, percentile(sorted, n, 500, cost), suffix, percentile(sorted, n, 990, cost),
	       suffix, percentile(sorted, n, 999, cost));
	munmap(sorted, n * sizeof(*sorted));
}

static void print_all_percentiles(const unsigned long *times, const unsigned char *touched,
				  unsigned long n, unsigned long cost)
{
	char suffix[32];
	unsigned int i;

	print_percentiles("", 0, times, touched, n, cost);
	for (i = 0; i < nr_delays; i++) {
		snprintf(suffix, sizeof(suffix), "_%lu_page", delays[i]);
		print_percentiles(suffix, delays[i], times, touched, n, cost);
		snprintf(suffix, sizeof(suffix), "_%lu_line", delays[i]);
		print_percentiles(suffix, delays[i] * LINES, times, touched, n, cost);
	}
}

int main(int argc, char **argv)
{
	struct memory m = { .percent = 60, .seed = 1 };
	unsigned long uses, warm, permille, wrong, faulted, copied, in_place, cost, t;
	unsigned long state = 2;
	unsigned char *touched;
	unsigned long *times;
	int option;

	while ((option = getopt(argc, argv, "+sd:e:")) != -1) {
		if (option == 's')
			swap_on_device = true;
		else if (option == 'd' && nr_delays < MOST_DELAYS)
			delays[nr_delays++] = to_number(optarg);
		else if (option == 'e')
			every = to_number(optarg);
		else
			argc = 0;
	}
	argc -= optind - 1;
	argv += optind - 1;
	if (argc < 5 || argc > 6) {
		fputs(usage, stderr);
		return 2;
	}
	m.pages = to_number(argv[1]);
	uses = to_number(argv[2]);
	warm = to_number(argv[3]);
	permille = to_number(argv[4]);
	if (argc > 5)
		m.percent = to_number(argv[5]);
	if (!m.pages || m.pages > UINT_MAX || !uses || permille > 1000 || m.percent > 100)
		errx(2, "a number is out of range");

	find_nodes_with_cpus();
	times = allocate(uses * sizeof(*times), MAP_POPULATE);
	touched = allocate(uses, MAP_POPULATE);
	cost = clock_cost(times, uses);
	m.base = allocate(m.pages * PAGE, 0);
	if (madvise(m.base, m.pages * PAGE, MADV_NOHUGEPAGE))
		err(1, "madvise");
	fill(&m);
	wrong = use_many(&m, warm, permille, &state);
	begin_measured();
	copied = moved();
	faulted = faults();
	t = now();
	wrong += use_many(&m, uses, permille, &state);
	t = now() - t;
	faulted = faults() - faulted;
	copied = moved() - copied;
	end_measured();
	in_place = time_each(&m, uses, permille, &state, times, touched);
	printf("{\"pages\": %lu, \"uses\": %lu, \"wrong\": %lu, \"use_ns\": %lu, \"faults\": %lu, ",
	       m.pages, uses, wrong, t / uses, faulted);
	printf("\"moved\": %lu, \"in_place\": %lu", copied, in_place);
	print_all_percentiles(times, touched, uses, cost);
	puts("}");
	return wrong != 0;
}
