// SPDX-License-Identifier: GPL-2.0
/*
 * SPM knobs for developers, in /sys/kernel/debug/spm/
 *
 *   fail_alloc/  fault injection into allocation, see
 *		  Documentation/fault-injection/fault-injection.rst
 *   demote	  write "PID START END": demotes that range of that task
 *   check_mappings  how many pages on SPM nodes tasks have mapped, and how many of
 *		  them writable or exclusive, which none may be; with SPM_DEBUG
 *   write_faults  how many write faults on such pages took how long
 *   order	  which SPM nodes each NUMA node uses, nearest first
 *   stale_pages  takes all pages that are free, and tells how many of them are
 *		  not all zeroes: after a trim, on a device that reads as zeroes
 *		  then, none. Stores are refused meanwhile.
 */
#include <linux/debugfs.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "alloc.h"
#include "check.h"
#include "demote.h"
#include "mapped.h"
#include "node.h"
#include "order.h"

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

	debugfs_create_file("order", 0444, dir, NULL, &spm_order_fops);
	debugfs_create_file("stale_pages", 0400, dir, NULL, &spm_stale_pages_fops);
	spm_fault_debugfs_init(dir);
	spm_demote_debugfs_init(dir);
	spm_check_init(dir);
	spm_mapped_debugfs_init(dir);
	return 0;
}
late_initcall(spm_debugfs_init);
