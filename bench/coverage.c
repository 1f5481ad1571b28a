// SPDX-License-Identifier: GPL-2.0
/*
 * coverage - what share of the pages that a task does not write to is on SPM nodes
 *
 * Has the kernel forget what the tasks have written (soft-dirty bits), waits, and looks at
 * what they have not written to since. Their next write to each page takes a fault, so
 * this is no observer for whom speed matters. Prints one line of JSON, in pages.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <inttypes.h>
#include <stdint.h>

#include "memory.h"

static const char usage[] =
"usage: coverage SECONDS PID...\n"
"  Private memory of these tasks that is not a file's. Needs root.\n";

#define PM_PRESENT	0x8000000000000000ULL
#define PM_FILE		0x2000000000000000ULL	/* or shared anonymous memory */
#define PM_SOFT_DIRTY	0x0080000000000000ULL
#define PM_PFN		(PM_SOFT_DIRTY - 1)

/* The memory blocks of SPM nodes, by number */
static bool *special;
static unsigned long nr_blocks, block_pages;

static struct {
	unsigned long present, unwritten, on_spm, unwritten_on_spm;
} seen;

static FILE *open_file(const char *format, const char *arg, const char *mode)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), format, arg);
	f = fopen(path, mode);
	if (!f)
		err(1, "%s", path);
	return f;
}

static void add_block(unsigned long number)
{
	unsigned long i;

	if (number >= nr_blocks) {
		special = realloc(special, (number + 1) * sizeof(*special));
		if (!special)
			err(1, "realloc");
		for (i = nr_blocks; i <= number; i++)
			special[i] = false;
		nr_blocks = number + 1;
	}
	special[number] = true;
}

static void add_node(const char *name)
{
	unsigned long number;
	struct dirent *entry;
	char path[512];
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/devices/system/node/%s/spm", name);
	if (access(path, F_OK))
		return;
	*strrchr(path, '/') = '\0';
	dir = opendir(path);
	if (!dir)
		err(1, "%s", path);
	while ((entry = readdir(dir)))
		if (sscanf(entry->d_name, "memory%lu", &number) == 1)
			add_block(number);
	closedir(dir);
}

static void find_nodes(void)
{
	FILE *f = open_file("%s", "/sys/devices/system/memory/block_size_bytes", "r");
	DIR *dir = opendir("/sys/devices/system/node");
	unsigned long bytes;
	struct dirent *entry;

	if (!dir || fscanf(f, "%lx", &bytes) != 1 || bytes < PAGE)
		errx(1, "this kernel has no NUMA nodes with memory blocks");
	fclose(f);
	block_pages = bytes / PAGE;
	while ((entry = readdir(dir)))
		if (!strncmp(entry->d_name, "node", 4))
			add_node(entry->d_name);
	closedir(dir);
}

static bool on_spm(uint64_t pfn)
{
	return pfn / block_pages < nr_blocks && special[pfn / block_pages];
}

static void look_at_page(uint64_t entry)
{
	bool spm, unwritten = !(entry & PM_SOFT_DIRTY);

	if (!(entry & PM_PRESENT) || entry & PM_FILE)
		return;
	if (!(entry & PM_PFN))
		errx(1, "page frames are hidden: be root");
	spm = on_spm(entry & PM_PFN);
	seen.present++;
	seen.unwritten += unwritten;
	seen.on_spm += spm;
	seen.unwritten_on_spm += unwritten && spm;
}

static void look_at_range(int pagemap, unsigned long start, unsigned long end)
{
	uint64_t entry[512];
	unsigned long i, n;
	ssize_t got;

	while (start < end) {
		n = (end - start) / PAGE < 512 ? (end - start) / PAGE : 512;
		got = pread(pagemap, entry, n * sizeof(entry[0]),
			    (off_t)(start / PAGE * sizeof(entry[0])));
		if (got <= 0)
			return;		/* it has gone, or is the vsyscall page */
		n = (unsigned long)got / sizeof(entry[0]);
		for (i = 0; i < n; i++)
			look_at_page(entry[i]);
		start += n * PAGE;
	}
}

static void look_at_task(const char *pid)
{
	FILE *maps = open_file("/proc/%s/maps", pid, "r");
	FILE *pagemap = open_file("/proc/%s/pagemap", pid, "r");
	unsigned long start, end;
	char line[1024];

	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx", &start, &end) == 2)
			look_at_range(fileno(pagemap), start, end);
	fclose(pagemap);
	fclose(maps);
}

static void forget(const char *pid)
{
	FILE *f = open_file("/proc/%s/clear_refs", pid, "w");

	if (fputs("4", f) == EOF || fclose(f))
		err(1, "/proc/%s/clear_refs: has the kernel no soft-dirty bits?", pid);
}

int main(int argc, char **argv)
{
	unsigned long seconds;
	int i;

	if (argc < 3) {
		fputs(usage, stderr);
		return 2;
	}
	seconds = to_number(argv[1]);
	find_nodes();
	for (i = 2; i < argc; i++)
		forget(argv[i]);
	sleep((unsigned int)seconds);
	for (i = 2; i < argc; i++)
		look_at_task(argv[i]);
	printf("{\"seconds\": %lu, \"present\": %lu, \"on_spm\": %lu, ",
	       seconds, seen.present, seen.on_spm);
	printf("\"unwritten\": %lu, \"unwritten_on_spm\": %lu}\n",
	       seen.unwritten, seen.unwritten_on_spm);
	return 0;
}
