// SPDX-License-Identifier: GPL-2.0
/*
 * watch - how much DRAM a cgroup has at most, with what is not charged to it
 *
 * What is in zswap is charged to a cgroup by the length that it was compressed to; what zram
 * has, to nobody. The rest of what their pools take the cgroup has besides.
 *
 * Looks each 50 ms until there is something to read from its standard input, or that ends.
 * Prints one line of JSON: the most DRAM at a time, and, as it was then, how many bytes had been
 * swapped out, what pools took, and how much of that was charged; the most that pools took; the
 * most on SPM nodes; and the most pages in zswap, with what its pool took then.
 */
#include <poll.h>

#include "memory.h"

static const char usage[] =
"usage: watch CGROUP\n"
"  that is a directory in /sys/fs/cgroup. Needs root.\n";

#define ZSWAP "/sys/kernel/debug/zswap/"
#define ZRAM "/sys/block/zram0/mm_stat"

static const char *cgroup;

static struct {
	unsigned long dram, stored, pool, charged;
	unsigned long pool_peak, spm_peak, zswap_pages, zswap_pool;
} most;

/* The first numbers in a file; 0 for those that are not there */
static void numbers(const char *path, unsigned long *first, unsigned long *third)
{
	FILE *f = fopen(path, "r");

	*first = 0;
	if (third)
		*third = 0;
	if (!f)
		return;
	if (fscanf(f, "%lu", first) != 1)
		*first = 0;
	if (third && fscanf(f, "%*u %lu", third) != 1)
		*third = 0;
	fclose(f);
}

static unsigned long number(const char *path)
{
	unsigned long value;

	numbers(path, &value, NULL);
	return value;
}

/* What the cgroup is charged, for everything or for what it has in zswap */
static unsigned long charged(const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", cgroup, name);
	return number(path);
}

static void look(void)
{
	unsigned long pages = number(ZSWAP "stored_pages");
	unsigned long zswap = number(ZSWAP "pool_total_size");
	unsigned long spm = number("/sys/kernel/mm/spm/used_bytes");
	unsigned long in_zswap = charged("memory.zswap.current");
	unsigned long dram = charged("memory.current");
	unsigned long stored, pool;

	numbers(ZRAM, &stored, &pool);
	stored += pages * PAGE;
	pool += zswap;
	/* Pages on SPM nodes count as in zswap, too, but are not charged. */
	if (pool > in_zswap)
		dram += pool - in_zswap;
	if (dram > most.dram) {
		most.dram = dram;
		most.stored = stored;
		most.pool = pool;
		most.charged = in_zswap;
	}
	if (pool > most.pool_peak)
		most.pool_peak = pool;
	if (spm > most.spm_peak)
		most.spm_peak = spm;
	if (pages > most.zswap_pages) {
		most.zswap_pages = pages;
		most.zswap_pool = zswap;
	}
}

int main(int argc, char **argv)
{
	struct pollfd input = { .events = POLLIN };

	if (argc != 2) {
		fputs(usage, stderr);
		return 2;
	}
	cgroup = argv[1];
	do
		look();
	while (!poll(&input, 1, 50));
	printf("{\"dram\": %lu, \"stored\": %lu, \"pool\": %lu, \"charged\": %lu, ",
	       most.dram, most.stored, most.pool, most.charged);
	printf("\"pool_peak\": %lu, \"spm_peak\": %lu, ", most.pool_peak, most.spm_peak);
	printf("\"zswap_pages\": %lu, \"zswap_pool\": %lu}\n", most.zswap_pages, most.zswap_pool);
	return 0;
}
