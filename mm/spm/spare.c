// SPDX-License-Identifier: GPL-2.0
/*
 * Spare node ids
 *
 * An SPM node has a NUMA node to itself, as one budget says what all of its pages may
 * take. Firmware may put two devices into one NUMA node, though, as expanders in one
 * window of CXL are, or a device into a node that has DRAM. Node ids can't be added
 * after boot: what is allocated for each possible node is sized then. So some that
 * firmware knows nothing of are made possible by "spm_spare_nodes=" on the command
 * line, for memory whose own node is taken.
 */
#define pr_fmt(fmt) "spm: " fmt

#include <linux/init.h>
#include <linux/kstrtox.h>
#include <linux/nodemask.h>
#include <linux/printk.h>
#include <linux/spm_hooks.h>

#include "node.h"

/* Constant after boot. Some may be in use. */
nodemask_t spm_spare_nodes __ro_after_init;

static unsigned int spm_nr_spare __initdata;

static int __init spm_spare_nodes_setup(char *arg)
{
	return arg ? kstrtouint(arg, 0, &spm_nr_spare) : -EINVAL;
}
early_param("spm_spare_nodes", spm_spare_nodes_setup);

/**
 * spm_reserve_nodes() - make spare node ids possible
 *
 * They follow those that firmware has told, so that these keep their numbers.
 *
 * Context: Boot, before anything is allocated for each possible node.
 */
void __init spm_reserve_nodes(void)
{
	unsigned int nid = find_last_bit(node_possible_map.bits, MAX_NUMNODES) + 1;
	unsigned int i;

	for (i = 0; i < spm_nr_spare && nid < MAX_NUMNODES; i++, nid++) {
		node_set(nid, node_possible_map);
		node_set(nid, spm_spare_nodes);
	}
	if (i < spm_nr_spare)
		pr_warn("spm_spare_nodes=%u: only %u, as there may be %d nodes\n",
			spm_nr_spare, i, MAX_NUMNODES);
}
