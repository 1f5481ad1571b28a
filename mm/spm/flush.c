// SPDX-License-Identifier: GPL-2.0
/*
 * Writing to the device, not only to the cache
 *
 * The memory of a device is cached as any other. So what was copied to a page may reach
 * the device much later, even after the page was trimmed and is somebody else's: usage
 * would rise by what no reading had in it, and the budget had long counted as read.
 * Therefore a page counts as written only when its lines are on the device, unless the
 * provider says that the device takes lines that are in caches into account.
 *
 * Nobody writes to a page afterwards: it is mapped read-only, or not at all. So its lines
 * are clean when it is trimmed.
 */
#include <linux/highmem.h>
#include <linux/libnvdimm.h>
#include <linux/mm.h>

#ifdef CONFIG_X86
#include <asm/special_insns.h>
#endif

#include <asm/barrier.h>

#include "flush.h"

#ifdef CONFIG_X86
/* What all CPUs have had that SPM nodes are for. */
#define SPM_LINE	64

static __always_inline void spm_flush_four(char *addr)
{
	clflushopt(addr);
	clflushopt(addr + SPM_LINE);
	clflushopt(addr + 2 * SPM_LINE);
	clflushopt(addr + 3 * SPM_LINE);
}

/*
 * Each line takes one instruction, and a sixteenth of the loop. They are evicted, as the
 * page is cold: clwb() would take two.
 */
static void spm_flush_lines(char *addr)
{
	const char *end = addr + PAGE_SIZE;

	do {
		spm_flush_four(addr);
		spm_flush_four(addr + 4 * SPM_LINE);
		spm_flush_four(addr + 8 * SPM_LINE);
		spm_flush_four(addr + 12 * SPM_LINE);
		addr += 16 * SPM_LINE;
	} while (addr < end);
}

static void spm_flush_page(char *addr)
{
	if (likely(boot_cpu_data.x86_clflush_size == SPM_LINE))
		spm_flush_lines(addr);
	else
		arch_wb_cache_pmem(addr, PAGE_SIZE);
}
#else
static void spm_flush_page(char *addr)
{
	arch_wb_cache_pmem(addr, PAGE_SIZE);
}
#endif

/**
 * spm_flush() - have the device get what was written to pages
 * @pfn: the first page
 * @nr: how many
 *
 * Context: Any.
 */
void spm_flush(unsigned long pfn, long nr)
{
	char *addr;

	for (; nr; pfn++, nr--) {
		addr = kmap_local_page(pfn_to_page(pfn));
		spm_flush_page(addr);
		kunmap_local(addr);
	}
	/* All of it before the pages count as written. */
	pmem_wmb();
}
