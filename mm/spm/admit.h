/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Admission: no page is written to a node that its budget has not admitted
 *
 * spm_admit() comes first, then the page is written, then spm_written() says so; or
 * it is not written after all, and spm_unadmit() says that.
 */
#ifndef _SPM_ADMIT_H
#define _SPM_ADMIT_H

#include <linux/compiler.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>

#include "budget.h"
#include "flush.h"
#include "node.h"
#include "stats.h"

bool spm_admit_slow(struct spm_node *node, long nr);
bool spm_admit_stopped(struct spm_node *node);

/*
 * Use up credit of this CPU, if it has so much. It never has less than none: a task may be
 * moved to another CPU at any time, and what it owed to one it would pay to the other,
 * where others would have it as well.
 */
static inline bool spm_use_credit(struct spm_node *node, long nr)
{
	long credit = this_cpu_read(node->cpu->credit);

	do {
		if (unlikely(credit < nr))
			return false;
	} while (unlikely(!this_cpu_try_cmpxchg(node->cpu->credit, &credit, credit - nr)));
	return true;
}

/**
 * spm_admit() - may so many more pages be written to a node?
 * @node: the node
 * @nr: how many
 *
 * If so, the caller writes them, and calls spm_written() afterwards, whatever it
 * has written; or gives them back with spm_unadmit().
 *
 * Context: Any. The node is kept from going away.
 * Return: true if the pages fit, even if they don't compress. If not, that is
 * counted.
 */
static inline bool spm_admit(struct spm_node *node, long nr)
{
	if (!node->budgeted)		/* READ_ONCE: vs spm_notify() */
		return likely(!READ_ONCE(node->removed)) ||
		       spm_admit_stopped(node);
	if (unlikely(spm_budget_stopped(&node->budget, jiffies)))
		return spm_admit_stopped(node);
	if (likely(spm_use_credit(node, nr)))
		return true;
	return spm_admit_slow(node, nr);
}

/* The pages that were admitted are not going to be written. */
static inline void spm_unadmit(struct spm_node *node, long nr)
{
	if (node->budgeted)
		this_cpu_add(node->cpu->credit, nr);
}

/* The device gets what is in the cache; a provider that sees no writes is told. */
static inline void spm_tell_written(struct spm_node *node, unsigned long pfn,
				    long nr)
{
	void (*written)(struct spm_node *node, unsigned long pfn);

	if (node->flushes)
		spm_flush(pfn, nr);
	rcu_read_lock();		/* vs spm_abandon_node() */
	written = READ_ONCE(node->written);
	if (written)
		for (; nr; pfn++, nr--)
			written(node, pfn);
	rcu_read_unlock();
}

/* So many pages were written that had been admitted, and told to the provider. */
static inline void spm_count_written(struct spm_node *node, long nr,
				     enum spm_stat stat)
{
	/* Written first, counted then. Pairs with smp_rmb() in spm_take_reading(). */
	smp_wmb();
	spm_stat_add(node, stat, nr);
}

/**
 * spm_written() - a folio that spm_admit() admitted has been written
 * @node: the node
 * @folio: the folio
 * @stat: as what it counts: SPM_STAT_STORED, SPM_STAT_MOVED, SPM_STAT_DEMOTED or
 *	SPM_STAT_REFUSED_POISON
 */
static inline void spm_written(struct spm_node *node, struct folio *folio,
			       enum spm_stat stat)
{
	long nr = folio_nr_pages(folio);

	spm_tell_written(node, folio_pfn(folio), nr);
	spm_count_written(node, nr, stat);
}

#endif /* _SPM_ADMIT_H */
