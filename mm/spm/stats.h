/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is counted for each node
 *
 * Each CPU counts for itself, so that counting touches no shared cache line.
 */
#ifndef _SPM_STATS_H
#define _SPM_STATS_H

#include <linux/llist.h>
#include <linux/percpu.h>

#include "node.h"

/**
 * enum spm_stat - what is counted for each node
 * @SPM_STAT_USED: pages in use; goes down again
 * @SPM_STAT_MAPPED: pages of tasks among these, in mapped mode; goes down again
 * @SPM_STAT_UNTRIMMED: pages that are free, but which the device has not been
 *	told to forget yet; goes down again
 * @SPM_STAT_STORED: pages that a user stored
 * @SPM_STAT_MOVED: pages that migration has put there
 * @SPM_STAT_DEMOTED: pages of tasks that were demoted
 * @SPM_STAT_PROMOTED_WRITE: pages that went to DRAM as a task wrote to them
 * @SPM_STAT_PROMOTED_UNSHARE: pages that went to DRAM as the kernel or a device was to
 *	keep hold of them
 * @SPM_STAT_UNDONE_1S: pages that were written to within a second of being demoted
 * @SPM_STAT_UNDONE_10S: later than that, but within ten seconds
 * @SPM_STAT_UNDONE_60S: later than that, but within a minute
 * @SPM_STAT_PROMOTED_HOT: pages that went to DRAM as they were read often
 * @SPM_STAT_PROMOTED_COLLAPSE: pages that were copied to a huge page in DRAM
 * @SPM_STAT_LOADED: pages that were read back
 * @SPM_STAT_LOAD_FAILED: attempts to read a page that the device had lost
 * @SPM_STAT_EVACUATED: pages that left for another node or the swap device
 *	because their place was given up
 * @SPM_STAT_PROMOTED: pages that went to DRAM as the device was short of space
 * @SPM_STAT_WRITTEN_BACK: pages that went to the swap device for that reason
 * @SPM_STAT_TRIMMED: pages that the device was told to forget
 * @SPM_STAT_ZEROED: pages overwritten, as the device would not forget them
 * @SPM_STAT_POISONED: pages that the device has lost, as it told
 * @SPM_STAT_LOST: stored pages that were given up, being unreadable
 * @SPM_STAT_READ: readings that were good, not pages
 * @SPM_STAT_READ_FAILED: readings that failed, made no sense, or were too old
 * @SPM_STAT_REFUSED_FULL: allocations refused for lack of free pages
 * @SPM_STAT_REFUSED_BUDGET: allocations refused as they might not fit: the
 *	device's last reading leaves no room for what does not compress
 * @SPM_STAT_REFUSED_TARGET: allocations refused above the target
 * @SPM_STAT_REFUSED_STOPPED: allocations refused by a hard stop
 * @SPM_STAT_REFUSED_POISON: pages not stored because they could not be read
 * @SPM_STAT_REFUSED_INJECTED: allocations refused by fault injection
 * @NR_SPM_STATS: how many there are
 */
enum spm_stat {
	SPM_STAT_USED,
	SPM_STAT_MAPPED,
	SPM_STAT_UNTRIMMED,
	SPM_STAT_STORED,
	SPM_STAT_MOVED,
	SPM_STAT_DEMOTED,
	SPM_STAT_PROMOTED_WRITE,
	SPM_STAT_PROMOTED_UNSHARE,
	SPM_STAT_UNDONE_1S,
	SPM_STAT_UNDONE_10S,
	SPM_STAT_UNDONE_60S,
	SPM_STAT_PROMOTED_HOT,
	SPM_STAT_PROMOTED_COLLAPSE,
	SPM_STAT_LOADED,
	SPM_STAT_LOAD_FAILED,
	SPM_STAT_EVACUATED,
	SPM_STAT_PROMOTED,
	SPM_STAT_WRITTEN_BACK,
	SPM_STAT_TRIMMED,
	SPM_STAT_ZEROED,
	SPM_STAT_POISONED,
	SPM_STAT_LOST,
	SPM_STAT_READ,
	SPM_STAT_READ_FAILED,
	SPM_STAT_REFUSED_FULL,
	SPM_STAT_REFUSED_BUDGET,
	SPM_STAT_REFUSED_TARGET,
	SPM_STAT_REFUSED_STOPPED,
	SPM_STAT_REFUSED_POISON,
	SPM_STAT_REFUSED_INJECTED,
	NR_SPM_STATS
};

/**
 * struct spm_cpu - what each CPU has of a node for itself
 * @count: counts of events in pages. Exact when summed at rest.
 * @credit: pages that it may still store before it has to ask the budget; never below 0
 * @freed: pages to be trimmed, linked by their private
 */
struct spm_cpu {
	long count[NR_SPM_STATS];
	long credit;
	struct llist_head freed;
};

extern const char *const spm_stat_names[NR_SPM_STATS];

static inline void spm_stat_add(struct spm_node *node, enum spm_stat stat,
				long delta)
{
	this_cpu_add(node->cpu->count[stat], delta);
}

static inline void spm_stat_inc(struct spm_node *node, enum spm_stat stat)
{
	this_cpu_inc(node->cpu->count[stat]);
}

void spm_stat_add_nid(int nid, enum spm_stat stat, long delta);
void spm_refuse(struct spm_node *node, enum spm_stat stat);
void spm_refuse_no_node(void);
unsigned long spm_refused_no_node(void);
unsigned long spm_stat_read(const struct spm_node *node, enum spm_stat stat);
unsigned long spm_stat_total(enum spm_stat stat);
u64 spm_node_written(const struct spm_node *node);
void spm_stats_retire(const struct spm_node *node);

#endif /* _SPM_STATS_H */
