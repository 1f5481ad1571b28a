// SPDX-License-Identifier: GPL-2.0
/*
 * What a CPU has of SPM nodes for itself, when it goes offline
 *
 * Credit that it can't use up goes back to the budget, which would count it as
 * admitted for ever, and could not take it back: see spm_take_back_credit().
 *
 * Its counters are summed up as before. What it had freed the node's trim worker takes
 * over, see spm_trim_collect(), as what write faults had left there.
 */
#include <linux/cpuhotplug.h>
#include <linux/init.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>

#include "budget.h"
#include "node.h"
#include "stats.h"

static void spm_cpu_give_back(struct spm_node *node, unsigned int cpu)
{
	/* Nobody else writes to it. */
	long credit = xchg(&per_cpu_ptr(node->cpu, cpu)->credit, 0);

	if (credit)
		spm_budget_take_back(&node->budget, credit);
}

static int spm_cpu_dead(unsigned int cpu)
{
	struct spm_node *node;
	int nid;

	rcu_read_lock();
	for_each_node_mask(nid, spm_nodes) {
		node = rcu_dereference(spm_table[nid]);
		if (node && node->budgeted)
			spm_cpu_give_back(node, cpu);
	}
	rcu_read_unlock();
	return 0;
}

static int __init spm_cpu_init(void)
{
	int rc = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "mm/spm:dead",
					   NULL, spm_cpu_dead);

	return min(rc, 0);
}
subsys_initcall(spm_cpu_init);
