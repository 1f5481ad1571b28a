/* SPDX-License-Identifier: GPL-2.0 */
/* Walking over the memory of SPM nodes */
#ifndef _SPM_WALK_H
#define _SPM_WALK_H

#include <linux/types.h>

struct page;

/**
 * struct spm_walk - a walk over page frames, see spm_walk_next()
 * @pfn: the next page frame to look at
 * @end_pfn: where the walk ends
 * @nr_looked: how many page frames were looked at
 */
struct spm_walk {
	unsigned long pfn;
	unsigned long end_pfn;
	unsigned long nr_looked;
};

struct page *spm_walk_next(struct spm_walk *walk);
bool spm_page_in_use(struct page *page);

#endif /* _SPM_WALK_H */
