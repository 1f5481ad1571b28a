// SPDX-License-Identifier: GPL-2.0
/*
 * Counters of SPM nodes
 *
 * Each node has its own, and each CPU its own of these, so that counting
 * touches no shared cache line. Reading sums them up.
 */
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/spm.h>
#include <linux/string.h>
#include "admit.h"
#include "node.h"
#include "stats.h"

#define CREATE_TRACE_POINTS
#include <trace/events/spm.h>

/* Names of the counters in sysfs; reasons are without "refused_" in traces. */
const char *const spm_stat_names[NR_SPM_STATS] = {
	[SPM_STAT_USED] = "used",
	[SPM_STAT_MAPPED] = "mapped",
	[SPM_STAT_UNTRIMMED] = "untrimmed",
	[SPM_STAT_STORED] = "stored",
	[SPM_STAT_MOVED] = "moved",
	[SPM_STAT_DEMOTED] = "demoted",
	[SPM_STAT_PROMOTED_WRITE] = "promoted_write",
	[SPM_STAT_PROMOTED_UNSHARE] = "promoted_unshare",
	[SPM_STAT_UNDONE_1S] = "undone_1s",
	[SPM_STAT_UNDONE_10S] = "undone_10s",
	[SPM_STAT_UNDONE_60S] = "undone_60s",
	[SPM_STAT_PROMOTED_HOT] = "promoted_hot",
	[SPM_STAT_PROMOTED_COLLAPSE] = "promoted_collapse",
	[SPM_STAT_LOADED] = "loaded",
	[SPM_STAT_LOAD_FAILED] = "load_failed",
	[SPM_STAT_EVACUATED] = "evacuated",
	[SPM_STAT_PROMOTED] = "promoted",
	[SPM_STAT_WRITTEN_BACK] = "written_back",
	[SPM_STAT_TRIMMED] = "trimmed",
	[SPM_STAT_ZEROED] = "zeroed",
	[SPM_STAT_POISONED] = "poisoned",
	[SPM_STAT_LOST] = "lost",
	[SPM_STAT_READ] = "readings",
	[SPM_STAT_READ_FAILED] = "readings_failed",
	[SPM_STAT_REFUSED_FULL] = "refused_full",
	[SPM_STAT_REFUSED_BUDGET] = "refused_budget",
	[SPM_STAT_REFUSED_TARGET] = "refused_target",
	[SPM_STAT_REFUSED_STOPPED] = "refused_stopped",
	[SPM_STAT_REFUSED_POISON] = "refused_poison",
	[SPM_STAT_REFUSED_INJECTED] = "refused_injected",
};

/* Allocations that met no SPM node at all. */
static DEFINE_PER_CPU(unsigned long, spm_no_node);

/* What nodes had counted that are gone. Written under spm_mutex. */
static unsigned long spm_gone[NR_SPM_STATS];

/**
 * spm_stat_add_nid() - count something for a node that may be going away
 * @nid: the node
 * @stat: the counter
 * @delta: what to add
 *
 * Context: Any. Takes the RCU read lock.
 */
void spm_stat_add_nid(int nid, enum spm_stat stat, long delta)
{
	struct spm_node *node;

	rcu_read_lock();
	node = rcu_dereference(spm_table[nid]);
	if (node)
		spm_stat_add(node, stat, delta);
	rcu_read_unlock();
}

/**
 * spm_refuse() - count an allocation that a node refused
 * @node: the node
 * @stat: the reason, one of SPM_STAT_REFUSED_*
 *
 * Context: Any.
 */
void spm_refuse(struct spm_node *node, enum spm_stat stat)
{
	spm_stat_inc(node, stat);
	trace_spm_refuse(node->nid,
			 spm_stat_names[stat] + strlen("refused_"));
}

/**
 * spm_refuse_no_node() - count an allocation that met no SPM node
 *
 * Context: Any.
 */
void spm_refuse_no_node(void)
{
	this_cpu_inc(spm_no_node);
	trace_spm_refuse(NUMA_NO_NODE, "no_node");
}

/**
 * spm_refused_no_node() - how many allocations met no SPM node
 *
 * Context: Any.
 * Return: the number, since boot.
 */
unsigned long spm_refused_no_node(void)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(spm_no_node, cpu)); /* vs this_cpu_inc */
	return sum;
}

/**
 * spm_stat_read() - sum up a counter
 * @node: node to read, which the caller keeps from going away
 * @stat: the counter
 *
 * Context: Any.
 * Return: the sum in pages. Never negative: a page that is freed on another
 * CPU than it was allocated on may be seen freed only.
 */
unsigned long spm_stat_read(const struct spm_node *node, enum spm_stat stat)
{
	long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)		/* READ_ONCE: vs this_cpu_add */
		sum += READ_ONCE(per_cpu_ptr(node->cpu, cpu)->count[stat]);
	return max(sum, 0L);
}

/**
 * spm_node_written() - how many pages were written to a node completely
 * @node: the node
 *
 * Context: Any.
 * Return: the number, since it was registered.
 */
u64 spm_node_written(const struct spm_node *node)
{
	return spm_stat_read(node, SPM_STAT_STORED) +
	       spm_stat_read(node, SPM_STAT_MOVED) +
	       spm_stat_read(node, SPM_STAT_DEMOTED) +
	       spm_stat_read(node, SPM_STAT_REFUSED_POISON);
}

/**
 * spm_stat_total() - sum up a counter over all nodes, also those that are gone
 * @stat: the counter
 *
 * Context: Any. Takes the RCU read lock.
 * Return: the sum in pages.
 */
unsigned long spm_stat_total(enum spm_stat stat)
{
	unsigned long sum = READ_ONCE(spm_gone[stat]); /* vs spm_stats_retire() */
	struct spm_node *node;
	int nid;

	rcu_read_lock();
	for_each_node_mask(nid, spm_nodes) {
		node = rcu_dereference(spm_table[nid]);
		if (node)
			sum += spm_stat_read(node, stat);
	}
	rcu_read_unlock();
	return sum;
}

/**
 * spm_stats_retire() - keep what a node has counted, for the totals
 * @node: node that is going away, and in spm_table no more
 *
 * Context: Under spm_mutex.
 */
void spm_stats_retire(const struct spm_node *node)
{
	int i;

	lockdep_assert_held(&spm_mutex);

	for (i = 0; i < NR_SPM_STATS; i++)
		WRITE_ONCE(spm_gone[i], spm_gone[i] + spm_stat_read(node, i));
}

static void spm_trace_pages(struct list_head *pages, int rc)
{
	struct page *page;

	list_for_each_entry(page, pages, lru)
		trace_spm_store(page_folio(page), rc);
}

/**
 * spm_pages_written() - a user has written pages, to store something
 * @nr: how many
 * @pages: what spm_alloc_pages() has given, still in its list
 * @rc: 0; -errno if what was to be stored can't be read, then they are given back
 *
 * Context: Any.
 */
void spm_pages_written(unsigned long nr, struct list_head *pages, int rc)
{
	struct page *page = list_first_entry(pages, struct page, lru);
	struct spm_node *node = spm_node_of(page_folio(page));

	list_for_each_entry(page, pages, lru)
		spm_tell_written(node, page_to_pfn(page), 1);
	spm_count_written(node, nr, rc ? SPM_STAT_REFUSED_POISON : SPM_STAT_STORED);

	if (trace_spm_store_enabled())
		spm_trace_pages(pages, rc);
	if (rc)
		trace_spm_refuse(node->nid, "poison");
}
EXPORT_SYMBOL_GPL(spm_pages_written);

/**
 * spm_folio_loaded() - a user has read a page back, or tried to
 * @folio: the folio that holds it
 * @rc: 0, or -errno if the device has lost the data
 *
 * Context: Any.
 */
void spm_folio_loaded(struct folio *folio, int rc)
{
	spm_stat_inc(spm_node_of(folio),
		     rc ? SPM_STAT_LOAD_FAILED : SPM_STAT_LOADED);
	trace_spm_load(folio, rc);
}
EXPORT_SYMBOL_GPL(spm_folio_loaded);

/**
 * spm_folio_lost() - a user gives up a stored page that can't be read
 * @folio: the folio, which the user is about to free
 *
 * Context: Any.
 */
void spm_folio_lost(struct folio *folio)
{
	spm_stat_inc(spm_node_of(folio), SPM_STAT_LOST);
	trace_spm_load(folio, -ENODATA);
}
EXPORT_SYMBOL_GPL(spm_folio_lost);
