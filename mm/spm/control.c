// SPDX-License-Identifier: GPL-2.0
/*
 * The control loop of an SPM node
 *
 * One worker for each node. Each time it
 *   1. reads the device, see reading.c;
 *   2. moves pages off the node if it is short of space, see relief.c;
 *   3. frees what is of no more use, see reclaim.c;
 *   4. trims what was freed, see trim.c.
 * When the device is gone, it takes away what tasks have mapped instead.
 *
 * It runs at an interval if there is telemetry, and now and then while tasks have pages
 * there; sooner while there is something to trim, and at once when the device raises an
 * event, or when a store finds no room.
 *
 * Data are safe if it does not run at all: stores stop when the last reading is
 * too old, see spm_budget_stopped(). And pages that were not trimmed stay taken.
 */
#define pr_fmt(fmt) "spm: " fmt

#include <linux/jiffies.h>
#include <linux/printk.h>
#include <linux/range.h>
#include <linux/spm.h>
#include <linux/workqueue.h>

#include "budget.h"
#include "control.h"
#include "mapped.h"
#include "memcg.h"
#include "node.h"
#include "reading.h"
#include "reclaim.h"
#include "relief.h"
#include "room.h"
#include "trim.h"

static struct workqueue_struct *spm_wq;

/**
 * spm_control_trim_soon() - there are pages to be trimmed
 * @node: the node, which trims
 *
 * Context: Any.
 */
void spm_control_trim_soon(struct spm_node *node)
{
	queue_delayed_work(spm_wq, &node->control,
			   msecs_to_jiffies(SPM_TRIM_DELAY_MS));
}

/**
 * spm_control_tidy_soon() - there are pages that have to be freed some time
 * @node: the node
 *
 * Context: Any.
 */
void spm_control_tidy_soon(struct spm_node *node)
{
	if (!delayed_work_pending(&node->control))
		queue_delayed_work(spm_wq, &node->control, SPM_TIDY_TIME);
}

static void spm_control_work(struct work_struct *work)
{
	struct spm_node *node = container_of(to_delayed_work(work),
					     struct spm_node, control);
	bool busy, losing, untidy;

	spm_turns_let_go(&node->turns[SPM_USERS]);
	spm_turns_let_go(&node->turns[SPM_TASKS]);
	if (node->budgeted && !READ_ONCE(node->removed)) {
		spm_read_device(node);
		spm_room_changed();
		spm_relieve(node);
	} else if (!READ_ONCE(node->removed)) {
		spm_share(node);
	}
	losing = READ_ONCE(node->removed) && spm_mapped_lose(node);
	if (READ_ONCE(node->removed) && !losing)
		complete_all(&node->lost);
	untidy = !READ_ONCE(node->removed) && spm_tidy(node);
	busy = spm_trim(node) || losing;

	WRITE_ONCE(node->kick_after, jiffies + 1);	/* see spm_control_kick() */
	if (busy)
		spm_control_trim_soon(node);
	else if (node->budgeted || node->yields)
		queue_delayed_work(spm_wq, &node->control,
				   msecs_to_jiffies(READ_ONCE(node->budget.knobs.interval_ms)));
	else if (untidy)
		spm_control_tidy_soon(node);
}

/**
 * spm_control_wake() - let the worker run at once
 * @node: the node
 *
 * Context: Any.
 */
void spm_control_wake(struct spm_node *node)
{
	mod_delayed_work(spm_wq, &node->control, 0);
}

/**
 * spm_control_kick() - let the worker run soon, as a store found no room
 * @node: the node
 *
 * Does nothing if it has run a moment ago.
 *
 * Context: Any.
 */
void spm_control_kick(struct spm_node *node)
{
	/* READ_ONCE, WRITE_ONCE: a hint, and racy. */
	if (time_before(jiffies, READ_ONCE(node->kick_after)))
		return;
	WRITE_ONCE(node->kick_after, jiffies + 1);
	mod_delayed_work(spm_wq, &node->control, 0);
}

/**
 * spm_control_run() - let the worker run, and wait for it
 * @node: the node
 *
 * Context: Process context. May sleep.
 */
void spm_control_run(struct spm_node *node)
{
	mod_delayed_work(spm_wq, &node->control, 0);
	flush_delayed_work(&node->control);
}

/**
 * spm_control_start() - let the control loop of a node begin, or go on
 * @node: the node; its memory is there
 *
 * Takes the first reading, so that a node that works opens at once.
 *
 * Context: Process context. May sleep.
 */
void spm_control_start(struct spm_node *node)
{
	enable_delayed_work(&node->control);
	spm_control_run(node);
	if (node->budgeted && spm_budget_stopped(&node->budget, jiffies))
		pr_warn("node %d: no reading of the device yet, nothing is stored until there is one\n",
			node->nid);
}

/**
 * spm_control_stop() - end the control loop of a node
 * @node: the node; nothing is in use there, so nothing is freed any more
 *
 * All pages are trimmed afterwards, or overwritten.
 *
 * Context: Process context. May sleep.
 */
void spm_control_stop(struct spm_node *node)
{
	disable_delayed_work_sync(&node->control);
	spm_turns_end(&node->turns[SPM_USERS]);
	spm_turns_end(&node->turns[SPM_TASKS]);
	spm_trim_flush(node);
}

/**
 * spm_control_init() - prepare a node's budget and worker
 * @node: the node, not published yet; its ranges and operations are set
 */
void spm_control_init(struct spm_node *node)
{
	u64 bytes = 0;
	int i;

	for (i = 0; i < node->nr_ranges; i++)
		bytes += range_len(&node->ranges[i].range);
	for (i = 0; i < NR_SPM_KINDS; i++)
		node->wanted_until[i] = jiffies - 1;
	node->age_after = jiffies;
	node->drain_after = jiffies;
	node->budgeted = node->ops && node->ops->read;
	node->trims = node->ops && node->ops->trim;
	node->written = node->ops ? node->ops->written : NULL;
	spm_budget_init(&node->budget, node->nid, bytes);
	INIT_DELAYED_WORK(&node->control, spm_control_work);
	disable_delayed_work(&node->control);	/* until spm_control_start() */
}

static int __init spm_control_setup(void)
{
	spm_wq = alloc_workqueue("spm", WQ_UNBOUND | WQ_MEM_RECLAIM | WQ_HIGHPRI,
				 0);
	return spm_wq ? 0 : -ENOMEM;
}
subsys_initcall(spm_control_setup);
