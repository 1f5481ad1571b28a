// SPDX-License-Identifier: GPL-2.0
/*
 * SPM for developers, in /sys/kernel/debug/spm/
 *
 *   stats	  all counters and figures of all nodes together, one a line
 *   nodeN/stats	  the same of one node
 *   order	  which SPM nodes each NUMA node uses, nearest first
 *   stale_pages  takes all pages that are free, and tells how many of them are
 *		  not all zeroes: after a trim, on a device that reads as zeroes
 *		  then, none. Stores are refused meanwhile.
 *   fail_alloc/  fault injection into allocation, see
 *		  Documentation/fault-injection/fault-injection.rst
 *   fail_copy/	  the same into copies to and from SPM nodes
 *   demote	  write "PID START END": demotes that range of that task
 *   drain	  write anything: frees at once what write faults have left
 *   check_mappings  how many pages on SPM nodes tasks have mapped, and how many of
 *		  them writable or exclusive, which none may be; with SPM_DEBUG
 *
 * Reading stats changes nothing, as reading sysfs.
 */
#include <linux/array_size.h>
#include <linux/debugfs.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/seq_file.h>
#include <linux/sprintf.h>
#include <linux/string.h>

#include "alloc.h"
#include "check.h"
#include "debugfs.h"
#include "demote.h"
#include "figures.h"
#include "inject.h"
#include "mapped.h"
#include "node.h"
#include "order.h"
#include "stats.h"

static struct dentry *spm_debugfs_dir;

static const struct {
	const char *name;
	u64 (*figure)(struct spm_node *node);
} spm_debugfs_figures[] = {
	{ "capacity_bytes", spm_capacity_bytes },
	{ "used_bytes", spm_used_bytes },
	{ "mapped_bytes", spm_mapped_bytes },
	{ "swapped_bytes", spm_swapped_bytes },
	{ "untrimmed_bytes", spm_untrimmed_bytes },
	{ "free_bytes", spm_free_bytes },
	{ "physical_bytes", spm_physical_bytes },
	{ "physical_used_bytes", spm_physical_used_bytes },
	{ "budget_bytes", spm_budget_bytes },
	{ "deficit_bytes", spm_deficit_bytes },
	{ "admitted", spm_admitted },
};

/* @node: NULL for all nodes */
static void spm_stats_print(struct seq_file *m, struct spm_node *node)
{
	enum spm_stat stat;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(spm_debugfs_figures); i++)
		seq_printf(m, "%s %llu\n", spm_debugfs_figures[i].name,
			   spm_figure(node, spm_debugfs_figures[i].figure));
	seq_printf(m, "ratio_permille %llu\n", spm_ratio_permille(node));
	/* Those before are in bytes above. */
	for (stat = SPM_STAT_UNTRIMMED + 1; stat < NR_SPM_STATS; stat++)
		seq_printf(m, "%s %lu\n", spm_stat_names[stat],
			   node ? spm_stat_read(node, stat) : spm_stat_total(stat));
}

static int spm_stats_show(struct seq_file *m, void *unused)
{
	spm_stats_print(m, NULL);
	seq_printf(m, "refused_no_node %lu\n", spm_refused_no_node());
	spm_demote_show_refused(m);
	spm_mapped_show_drains(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(spm_stats);

/* The file is removed, waiting for readers, before the node is. */
static int spm_node_stats_show(struct seq_file *m, void *unused)
{
	spm_stats_print(m, m->private);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(spm_node_stats);

/**
 * spm_debugfs_add() - show a node's counters
 * @node: the node
 *
 * Context: Process context, under spm_mutex. Published in spm_table.
 */
void spm_debugfs_add(struct spm_node *node)
{
	char name[16];

	snprintf(name, sizeof(name), "node%d", node->nid);
	node->debugfs = debugfs_create_dir(name, spm_debugfs_dir);
	debugfs_create_file("stats", 0400, node->debugfs, node,
			    &spm_node_stats_fops);
}

/**
 * spm_debugfs_del() - show a node's counters no more
 * @node: the node
 *
 * Context: Process context, under spm_mutex. Waits for readers.
 */
void spm_debugfs_del(struct spm_node *node)
{
	debugfs_remove(node->debugfs);
	node->debugfs = NULL;
}

static int spm_order_show(struct seq_file *m, void *unused)
{
	const struct spm_order *order;
	int nid, i;

	for_each_online_node(nid) {
		seq_printf(m, "%d:", nid);
		rcu_read_lock();
		order = spm_order_get(nid);
		for (i = 0; order && i < order->nr; i++)
			seq_printf(m, " %d", order->node[i]->nid);
		rcu_read_unlock();
		seq_putc(m, '\n');
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(spm_order);

static bool spm_page_is_zero(struct page *page)
{
	void *addr = kmap_local_page(page);
	bool zero = !memchr_inv(addr, 0, PAGE_SIZE);

	kunmap_local(addr);
	return zero;
}

static int spm_stale_pages_show(struct seq_file *m, void *unused)
{
	unsigned long nr_stale = 0, nr = 0;
	struct folio *folio, *next;
	LIST_HEAD(list);

	drain_all_pages(NULL);		/* other CPUs' lists are out of reach */
	while ((folio = spm_alloc_unadmitted(numa_node_id()))) {
		list_add(&folio->lru, &list);
		nr++;
		nr_stale += !spm_page_is_zero(folio_page(folio, 0));
		cond_resched();
	}
	list_for_each_entry_safe(folio, next, &list, lru) {
		list_del(&folio->lru);
		folio_put(folio);
		cond_resched();
	}
	seq_printf(m, "%lu of %lu\n", nr_stale, nr);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(spm_stale_pages);

static int __init spm_debugfs_init(void)
{
	struct dentry *dir = debugfs_create_dir("spm", NULL);

	spm_debugfs_dir = dir;
	debugfs_create_file("stats", 0400, dir, NULL, &spm_stats_fops);
	debugfs_create_file("order", 0444, dir, NULL, &spm_order_fops);
	debugfs_create_file("stale_pages", 0400, dir, NULL, &spm_stale_pages_fops);
	spm_inject_debugfs_init(dir);
	spm_demote_debugfs_init(dir);
	spm_check_init(dir);
	spm_mapped_debugfs_init(dir);
	return 0;
}
subsys_initcall(spm_debugfs_init);
