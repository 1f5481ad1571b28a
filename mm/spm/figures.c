// SPDX-License-Identifier: GPL-2.0
/*
 * Figures of SPM nodes as they are now, made of counters and the budget
 *
 * sysfs has those that an operator acts on, debugfs has all. Whoever reads them
 * changes nothing: what CPUs keep in batches stays there, and counts as in use.
 */
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/spm_hooks.h>

#include "budget.h"
#include "figures.h"
#include "node.h"
#include "stats.h"

/**
 * spm_capacity_bytes() - memory that is online, in use or not
 * @node: the node
 *
 * Context: Any. The caller keeps the node from going away.
 * Return: the figure.
 */
u64 spm_capacity_bytes(struct spm_node *node)
{
	return (u64)spm_node_capacity_pages(node) << PAGE_SHIFT;
}

/**
 * spm_used_bytes() - memory in use, as it is before the device compresses it
 * @node: the node
 *
 * Context: Any. The caller keeps the node from going away.
 * Return: the figure.
 */
u64 spm_used_bytes(struct spm_node *node)
{
	return (u64)spm_stat_read(node, SPM_STAT_USED) << PAGE_SHIFT;
}

/**
 * spm_mapped_bytes() - memory in use by tasks, in mapped mode
 * @node: the node
 *
 * Context: Any. The caller keeps the node from going away.
 * Return: the figure.
 */
u64 spm_mapped_bytes(struct spm_node *node)
{
	return (u64)spm_stat_read(node, SPM_STAT_MAPPED) << PAGE_SHIFT;
}

/**
 * spm_swapped_bytes() - memory in use by users: pages that were swapped out
 * @node: the node
 *
 * Context: Any. The caller keeps the node from going away.
 * Return: the figure.
 */
u64 spm_swapped_bytes(struct spm_node *node)
{
	u64 mapped = spm_mapped_bytes(node);	/* not exact together */

	return max(spm_used_bytes(node), mapped) - mapped;
}

/**
 * spm_untrimmed_bytes() - memory that was freed, but is not trimmed yet
 * @node: the node
 *
 * Context: Any. The caller keeps the node from going away.
 * Return: the figure.
 */
u64 spm_untrimmed_bytes(struct spm_node *node)
{
	return (u64)spm_stat_read(node, SPM_STAT_UNTRIMMED) << PAGE_SHIFT;
}

/* What the device has contents of. */
static u64 spm_taken_bytes(struct spm_node *node)
{
	return spm_used_bytes(node) + spm_untrimmed_bytes(node);
}

/**
 * spm_free_bytes() - what is neither in use nor untrimmed
 * @node: the node
 *
 * Context: Any. The caller keeps the node from going away.
 * Return: the figure.
 */
u64 spm_free_bytes(struct spm_node *node)
{
	u64 taken = spm_taken_bytes(node);
	u64 capacity = spm_capacity_bytes(node);

	return capacity - min(taken, capacity);
}

/**
 * spm_physical_bytes() - what the device can hold
 * @node: the node
 *
 * Without telemetry a device is taken to hold what it advertises, as it is.
 *
 * Context: Any. The caller keeps the node from going away.
 * Return: the figure.
 */
u64 spm_physical_bytes(struct spm_node *node)
{
	struct spm_budget budget;

	if (!node->budgeted)
		return spm_capacity_bytes(node);
	spm_budget_get(&node->budget, &budget);
	return budget.reading.physical_bytes;
}

/**
 * spm_physical_used_bytes() - what its contents take on the device
 * @node: the node
 *
 * As it said last. Without telemetry each page counts in full.
 *
 * Context: Any. The caller keeps the node from going away.
 * Return: the figure.
 */
u64 spm_physical_used_bytes(struct spm_node *node)
{
	struct spm_budget budget;

	if (!node->budgeted)
		return spm_taken_bytes(node);
	spm_budget_get(&node->budget, &budget);
	return budget.reading.used_bytes;
}

/**
 * spm_budget_bytes() - what its contents take there at most
 * @node: the node
 *
 * Context: Any. The caller keeps the node from going away.
 * Return: the figure.
 */
u64 spm_budget_bytes(struct spm_node *node)
{
	return node->budgeted ? spm_budget_bound_bytes(&node->budget) :
				spm_physical_used_bytes(node);
}

/**
 * spm_deficit_bytes() - what has to leave the device until it takes pages again
 * @node: the node
 *
 * Context: Any. The caller keeps the node from going away.
 * Return: the figure.
 */
u64 spm_deficit_bytes(struct spm_node *node)
{
	return node->budgeted ? spm_budget_deficit_bytes(&node->budget) : 0;
}

/**
 * spm_relief_bytes_per_s() - how fast pages leave a node that is short of space
 * @node: the node
 *
 * Context: Any. The caller keeps the node from going away.
 * Return: the figure; 0 if no batch has had to leave yet.
 */
u64 spm_relief_bytes_per_s(struct spm_node *node)
{
	return READ_ONCE(node->moved_per_s) << PAGE_SHIFT;	/* vs its relief worker */
}

/**
 * spm_notice_ms() - how early the device must tell that it can hold less
 * @node: the node, which has telemetry
 *
 * So that all that is there could leave: until it is read, and as long as that takes.
 *
 * Context: Any. The caller keeps the node from going away.
 * Return: milliseconds; 0 if it is not known yet how fast pages leave.
 */
u64 spm_notice_ms(struct spm_node *node)
{
	u64 per_s = spm_relief_bytes_per_s(node);

	if (!per_s)
		return 0;
	return READ_ONCE(node->budget.knobs.interval_ms) +	/* vs who writes it */
	       mul_u64_u64_div_u64(spm_used_bytes(node), MSEC_PER_SEC, per_s);
}

/**
 * spm_admitted() - number of pages that were admitted, credit of CPUs left out
 * @node: the node
 *
 * Context: Any. The caller keeps the node from going away.
 * Return: the figure.
 */
u64 spm_admitted(struct spm_node *node)
{
	struct spm_budget budget;
	u64 credit = 0;
	int cpu;

	if (!node->budgeted)
		return spm_node_written(node);
	spm_budget_get(&node->budget, &budget);
	for_each_possible_cpu(cpu)		/* READ_ONCE: vs spm_admit() */
		credit += READ_ONCE(per_cpu_ptr(node->cpu, cpu)->credit);
	return budget.granted - min(credit, budget.granted);
}

/**
 * spm_figure() - a figure of one node, or the sum over all
 * @node: the node, which the caller keeps from going away; NULL for all
 * @figure: one of the functions above
 *
 * Context: Any. Takes the RCU read lock.
 * Return: the figure.
 */
u64 spm_figure(struct spm_node *node, u64 (*figure)(struct spm_node *node))
{
	u64 sum = 0;
	int nid;

	if (node)
		return figure(node);

	rcu_read_lock();
	for_each_node_mask(nid, spm_nodes) {
		node = rcu_dereference(spm_table[nid]);
		if (node)
			sum += figure(node);
	}
	rcu_read_unlock();
	return sum;
}

/**
 * spm_ratio_permille() - how well contents compress
 * @node: the node, which the caller keeps from going away; NULL for all
 *
 * Context: Any. Takes the RCU read lock.
 * Return: 2000 for two to one; 0 if there is nothing on the device.
 */
u64 spm_ratio_permille(struct spm_node *node)
{
	u64 physical = spm_figure(node, spm_physical_used_bytes);
	u64 logical = spm_figure(node, spm_taken_bytes);

	return physical ? div64_u64(logical * 1000, physical) : 0;
}
