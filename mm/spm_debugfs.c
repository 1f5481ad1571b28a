// SPDX-License-Identifier: GPL-2.0
/*
 * SPM knobs for developers, in /sys/kernel/debug/spm/
 *
 *   fail_alloc/  fault injection into allocation, see
 *		  Documentation/fault-injection/fault-injection.rst
 *   order	  which SPM nodes each NUMA node uses, nearest first
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "spm_core.h"

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

static int __init spm_debugfs_init(void)
{
	struct dentry *dir = debugfs_create_dir("spm", NULL);

	debugfs_create_file("order", 0444, dir, NULL, &spm_order_fops);
	spm_fault_debugfs_init(dir);
	return 0;
}
late_initcall(spm_debugfs_init);
