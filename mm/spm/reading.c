// SPDX-License-Identifier: GPL-2.0
/*
 * Reading the device of an SPM node
 *
 * By what it reads, the budget opens or shuts the gate. If the device can hold less
 * than before, credit that CPUs have is taken back. If the marks have moved, the
 * device is told at which usage to raise an event.
 *
 * The node's reading worker does that, so one at a time for each node.
 */
#include <linux/percpu.h>
#include <linux/smp.h>
#include <linux/spm.h>
#include <linux/timekeeping.h>

#include "budget.h"
#include "node.h"
#include "reading.h"
#include "stats.h"

/* How many of the pages that relief has moved does the device not hold any more? */
static u64 spm_node_moved(const struct spm_node *node)
{
	/* READ_ONCE: other workers write them. */
	return node->trims ? READ_ONCE(node->moved_trimmed) : READ_ONCE(node->moved);
}

/* READ_ONCE: spm_abandon_node() does not wait for an operation for ever. */
static int spm_op_read(struct spm_node *node, struct spm_telemetry *reading)
{
	const struct spm_ops *ops = READ_ONCE(node->ops);

	return ops ? ops->read(node, reading) : -ENODEV;
}

static void spm_take_reading(struct spm_node *node)
{
	struct spm_budget *budget = &node->budget;
	struct spm_telemetry reading = {};
	u64 moved, written;
	int rc;

	moved = spm_node_moved(node);
	written = spm_node_written(node);
	/* What was counted is written by now. See spm_count_written(). */
	smp_rmb();
	spm_budget_snapshot(budget, written, moved, ktime_get_ns());

	rc = spm_op_read(node, &reading);
	if (!rc)
		rc = spm_budget_reading(budget, &reading, ktime_get_ns(), jiffies);
	if (rc)
		spm_stat_inc(node, SPM_STAT_READ_FAILED);
	else
		spm_stat_inc(node, SPM_STAT_READ);
}

/* What is taken back of the credit that CPUs have for @node. */
struct spm_taken_back {
	struct spm_node *node;
	atomic_long_t nr;
};

/* Runs on each CPU, as a CPU changes its credit without a lock. */
static void spm_take_back_here(void *arg)
{
	struct spm_taken_back *taken = arg;

	atomic_long_add(this_cpu_xchg(taken->node->cpu->credit, 0), &taken->nr);
}

/*
 * If the budget is uncovered, the credit of all CPUs goes back to it. A CPU may be
 * admitting pages with what it has taken of its credit, or be about to add what
 * it was granted. Both still count as granted, and the next run takes back what is
 * left of them.
 */
static void spm_take_back_credit(struct spm_node *node)
{
	struct spm_taken_back taken = { .node = node };

	/* READ_ONCE: this worker and writers of knobs set it, under the lock. */
	if (!READ_ONCE(node->budget.uncovered))
		return;
	on_each_cpu(spm_take_back_here, &taken, true);
	spm_budget_take_back(&node->budget, atomic_long_read(&taken.nr));
}

/* The device needs to be told only when the marks have moved. */
static void spm_set_thresholds(struct spm_node *node)
{
	const struct spm_ops *ops = READ_ONCE(node->ops);	/* as in spm_op_read() */
	u64 low, high;

	if (!ops || !ops->set_thresholds)
		return;
	spm_budget_marks(&node->budget, &low, &high);
	if (low == node->low_bytes && high == node->high_bytes)
		return;
	ops->set_thresholds(node, low, high);
	node->low_bytes = low;
	node->high_bytes = high;
}

/**
 * spm_read_device() - read a device, and act on what it says
 * @node: the node, which has telemetry
 *
 * Context: The node's reading worker. May sleep. Calls operations of the provider's.
 */
void spm_read_device(struct spm_node *node)
{
	spm_take_reading(node);
	spm_take_back_credit(node);
	spm_set_thresholds(node);
}
