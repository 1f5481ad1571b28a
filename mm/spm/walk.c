// SPDX-License-Identifier: GPL-2.0
/*
 * Walking over the memory of SPM nodes, which may be terabytes
 *
 * This is not about what is done with a page on the way.
 */
#include <linux/memory_hotplug.h>
#include <linux/mmzone.h>
#include <linux/page-flags.h>
#include <linux/sched.h>

#include "../internal.h"
#include "walk.h"

/* Page frames that are looked at in turn. Looking takes a cache miss each. */
#define SPM_WALK_BATCH	1024

/* Page frames to go on by, from one that is the first of a free block, or isn't. */
static unsigned long spm_walk_free(struct page *page)
{
	/* Without zone->lock: it may be allocated, and mean something else now. */
	unsigned long order = buddy_order_unsafe(page);

	return order <= MAX_PAGE_ORDER ? 1UL << order : 1;
}

static unsigned long spm_walk_used(struct page *page)
{
	unsigned int order = PageHead(page) ? compound_order(page) : 0;

	return order <= MAX_PAGE_ORDER ? 1UL << order : 1;	/* racy, too */
}

/**
 * spm_walk_next() - go on to the next page that may be in use
 * @walk: the walk
 *
 * Passes over what is offline, and over free blocks, each at a single look. Free
 * pages that a CPU has on a list of its own can't be told. So it takes time by the
 * number of blocks that are free, plus that of folios that aren't.
 *
 * Nothing keeps the page from being freed, or allocated, at the same time: who
 * needs it must take a reference, and look again. What turns into a large folio,
 * or is no longer one, may be missed, until the next walk.
 *
 * Context: Process context. May sleep. The memory is not removed meanwhile.
 * Return: the page, the first one of its folio; NULL when the walk is at its end.
 */
struct page *spm_walk_next(struct spm_walk *walk)
{
	while (walk->pfn < walk->end_pfn) {
		struct page *page = pfn_to_online_page(walk->pfn);

		if (!(++walk->nr_looked % SPM_WALK_BATCH))
			cond_resched();
		if (!page) {
			walk->pfn = SECTION_ALIGN_UP(walk->pfn + 1);
		} else if (PageBuddy(page)) {
			walk->pfn += spm_walk_free(page);
		} else {
			walk->pfn += spm_walk_used(page);
			return page;
		}
	}
	return NULL;
}

/**
 * spm_page_in_use() - does a page belong to a user, or to tasks?
 * @page: a page of an SPM node, the first one of its folio
 *
 * Those that are just being stored, or wait for being trimmed, don't.
 *
 * Context: Any. May be out of date at once.
 * Return: true if it does.
 */
bool spm_page_in_use(struct page *page)
{
	/* READ_ONCE: its folio is not locked. */
	unsigned long mapping = (unsigned long)READ_ONCE(page->mapping);

	/* A user's page that was given up keeps the flag, see __ClearPageMovable(). */
	return mapping && mapping != PAGE_MAPPING_MOVABLE && page_count(page);
}
