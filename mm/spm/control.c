// SPDX-License-Identifier: GPL-2.0
/*
 * The control loop of an SPM node
 *
 * Each node has three workers, none of which waits for another, nor for another node's:
 *   reading	reads the device, see reading.c, each time interval_ms has passed; at once
 *		when the device raises an event, or when a store finds no room
 *   relief	moves pages off the node if it is short of space, see relief.c, and frees
 *		what is of no more use, see reclaim.c: after each reading, and now and then
 *		while tasks have pages there. When the device is gone, it takes away what
 *		tasks have mapped instead.
 *   trim	trims what was freed, see trim.c, soon after it was
 * So a swap device that is slow, or a device that takes its time to trim, does not keep
 * readings from being fresh. A node without telemetry is not read.
 *
 * Data are safe if none of them runs at all: stores stop when the last reading is
 * too old, see spm_budget_stopped(). And pages that were not trimmed stay taken.
 */
#define pr_fmt(fmt) "spm: " fmt

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/jiffies.h>
#include <linux/printk.h>
#include <linux/range.h>
#include <linux/spm.h>
#include <linux/workqueue.h>

#include "budget.h"
#include "control.h"
#include "mapped.h"
#include "node.h"
#include "reading.h"
#include "reclaim.h"
#include "relief.h"
#include "room.h"
#include "stats.h"
#include "trim.h"

static struct workqueue_struct *spm_wq;

static void spm_control_queue(struct delayed_work *work, unsigned int delay_ms)
{
	queue_delayed_work(spm_wq, work, msecs_to_jiffies(delay_ms));
}

/**
 * spm_control_help() - have another CPU do some of a worker's work
 * @work: what is to be done; the worker cancels or awaits it
 *
 * Context: Any.
 */
void spm_control_help(struct work_struct *work)
{
	queue_work(spm_wq, work);
}

static void spm_control_now(struct delayed_work *work)
{
	mod_delayed_work(spm_wq, work, 0);
}

static unsigned int spm_interval_ms(const struct spm_node *node)
{
	return READ_ONCE(node->budget.knobs.interval_ms);	/* vs spm_knob_store() */
}

/* ---- The workers ---- */

static void spm_reading_work(struct work_struct *work)
{
	struct spm_node *node = container_of(to_delayed_work(work),
					     struct spm_node, reading);

	if (READ_ONCE(node->removed) || !node->ops)	/* vs spm_notify() */
		return;
	spm_read_device(node);
	spm_room_changed(node);
	WRITE_ONCE(node->kick_after, jiffies + 1);	/* see spm_control_kick() */
	spm_control_now(&node->relief);
	/* There is soon more room while pages are being trimmed. */
	spm_control_queue(&node->reading, spm_stat_read(node, SPM_STAT_UNTRIMMED) ?
					  SPM_TRIM_DELAY_MS : spm_interval_ms(node));
}

/* The device is gone. */
static void spm_lose(struct spm_node *node)
{
	if (spm_mapped_lose(node))
		spm_control_queue(&node->relief, SPM_TRIM_DELAY_MS);
	else
		complete_all(&node->lost);
}

static void spm_relief_work(struct work_struct *work)
{
	struct spm_node *node = container_of(to_delayed_work(work),
					     struct spm_node, relief);
	bool more, untidy;

	spm_relief_let_go(node);
	if (READ_ONCE(node->removed)) {		/* vs spm_notify() */
		spm_lose(node);
		return;
	}
	more = spm_relieve(node);
	untidy = spm_tidy(node);

	WRITE_ONCE(node->kick_after, jiffies + 1);	/* see spm_control_kick() */
	if (more)
		spm_control_now(&node->relief);
	else if (node->yields && !node->budgeted)
		spm_control_queue(&node->relief, spm_interval_ms(node));
	else if (untidy)
		spm_control_tidy_soon(node);
}

static void spm_trim_work(struct work_struct *work)
{
	struct spm_node *node = container_of(to_delayed_work(work),
					     struct spm_node, trim);

	if (spm_trim(node))
		spm_control_queue(&node->trim, spm_trim_delay_ms(node));
}

/* ---- Waking them ---- */

/**
 * spm_control_trim_soon() - there are pages to be trimmed
 * @node: the node, which trims
 *
 * Context: Any.
 */
void spm_control_trim_soon(struct spm_node *node)
{
	spm_control_queue(&node->trim, SPM_TRIM_DELAY_MS);
}

/**
 * spm_control_tidy_soon() - there are pages that have to be freed some time
 * @node: the node
 *
 * Context: Any.
 */
void spm_control_tidy_soon(struct spm_node *node)
{
	if (!delayed_work_pending(&node->relief))
		queue_delayed_work(spm_wq, &node->relief, SPM_TIDY_TIME);
}

/**
 * spm_control_wake() - the device has told something: act on it at once
 * @node: the node
 *
 * Context: Any.
 */
void spm_control_wake(struct spm_node *node)
{
	/* Relief comes after a reading. */
	if (node->budgeted && !READ_ONCE(node->removed))	/* vs spm_notify() */
		spm_control_now(&node->reading);
	else
		spm_control_now(&node->relief);
}

/**
 * spm_control_kick() - let the workers run soon, as a store found no room
 * @node: the node
 *
 * Does nothing if they have run a moment ago.
 *
 * Context: Any.
 */
void spm_control_kick(struct spm_node *node)
{
	/* READ_ONCE, WRITE_ONCE: a hint, and racy. */
	if (time_before(jiffies, READ_ONCE(node->kick_after)))
		return;
	WRITE_ONCE(node->kick_after, jiffies + 1);
	spm_control_wake(node);
	if (delayed_work_pending(&node->trim))
		spm_control_now(&node->trim);
}

static void spm_control_wait(struct delayed_work *work)
{
	spm_control_now(work);
	flush_delayed_work(work);
}

/**
 * spm_control_trim() - let the trim worker run, and wait for it
 * @node: the node
 *
 * Context: Process context. May sleep.
 */
void spm_control_trim(struct spm_node *node)
{
	spm_control_wait(&node->trim);
}

/**
 * spm_control_run() - let each worker run, and wait for it
 * @node: the node
 *
 * Context: Process context. May sleep.
 */
void spm_control_run(struct spm_node *node)
{
	if (node->budgeted)
		spm_control_wait(&node->reading);
	spm_control_wait(&node->relief);
	spm_control_wait(&node->trim);
}

/* ---- Life cycle ---- */

/**
 * spm_control_enable() - let the workers run, when something wakes them
 * @node: the node
 *
 * Context: Any.
 */
void spm_control_enable(struct spm_node *node)
{
	enable_delayed_work(&node->reading);
	enable_delayed_work(&node->relief);
	enable_delayed_work(&node->trim);
}

/**
 * spm_control_disable() - let no worker run any more, and wait until none does
 * @node: the node
 *
 * Context: Process context. May sleep.
 */
void spm_control_disable(struct spm_node *node)
{
	disable_delayed_work_sync(&node->reading);
	disable_delayed_work_sync(&node->relief);
	disable_delayed_work_sync(&node->trim);
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
	spm_control_enable(node);
	spm_control_run(node);
	if (node->budgeted && node->ops && spm_budget_stopped(&node->budget, jiffies))
		pr_warn("node %d: no reading of the device yet, nothing is stored until there is one\n",
			node->nid);
}

/* Time in which an operation of a provider must be over, or nobody waits for it. */
#define SPM_OP_TIME	(10 * HZ)

static void spm_await_work(struct work_struct *work)
{
	struct spm_awaiter *awaiter = container_of(work, struct spm_awaiter, work);
	struct spm_node *node = awaiter->node;

	flush_work(&awaiter->worker->work);
	if (awaiter->worker == &node->trim)
		spm_trim_flush(node);
	if (atomic_cmpxchg(&awaiter->state, SPM_AWAITED, SPM_NOT_AWAITED) == SPM_AWAITED) {
		complete(&awaiter->ended);
	} else {
		enable_delayed_work(awaiter->worker);
		spm_control_now(awaiter->worker);
		atomic_set(&awaiter->state, SPM_NOT_AWAITED);
	}
	spm_node_put(node);
}

/*
 * Let a worker run no more, and wait until it does not: but not for ever, as it calls the
 * provider's operations. Return: 0; -ETIMEDOUT, then it goes on when it has ended.
 */
static int spm_control_end(struct spm_awaiter *awaiter)
{
	if (atomic_cmpxchg(&awaiter->state, SPM_NOT_AWAITED, SPM_AWAITED) != SPM_NOT_AWAITED)
		return -ETIMEDOUT;

	disable_delayed_work(awaiter->worker);
	reinit_completion(&awaiter->ended);
	kref_get(&awaiter->node->ref);
	queue_work(system_unbound_wq, &awaiter->work);
	if (wait_for_completion_timeout(&awaiter->ended, SPM_OP_TIME))
		return 0;
	if (atomic_cmpxchg(&awaiter->state, SPM_AWAITED, SPM_GIVEN_UP) == SPM_AWAITED)
		return -ETIMEDOUT;
	wait_for_completion(&awaiter->ended);
	return 0;
}

/**
 * spm_control_stop() - end the control loop of a node
 * @node: the node; nothing is in use there, so nothing is freed any more
 *
 * All pages are trimmed afterwards, or overwritten.
 *
 * Context: Process context. May sleep.
 * Return: 0; -ETIMEDOUT, and the control loop goes on, if the device does not answer.
 */
int spm_control_stop(struct spm_node *node)
{
	int rc;

	rc = spm_control_end(&node->reading_awaiter);
	if (rc)
		goto err;
	disable_delayed_work_sync(&node->relief);
	rc = spm_control_end(&node->trim_awaiter);
	if (rc)
		goto err_workers;
	spm_relief_end(node);
	return 0;

err_workers:
	enable_delayed_work(&node->relief);
	enable_delayed_work(&node->reading);
	spm_control_wake(node);
err:
	pr_warn("node %d: the device has not answered for %u seconds\n", node->nid,
		SPM_OP_TIME / HZ);
	return rc;
}

static void spm_awaiter_init(struct spm_awaiter *awaiter, struct spm_node *node,
			     struct delayed_work *worker)
{
	INIT_WORK(&awaiter->work, spm_await_work);
	awaiter->node = node;
	awaiter->worker = worker;
	init_completion(&awaiter->ended);
}

/**
 * spm_control_init() - prepare a node's budget and workers
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
	node->relieve_after = jiffies;
	node->age_after = jiffies;
	node->drain_after = jiffies;
	node->budgeted = node->ops && node->ops->read;
	node->trims = node->ops && node->ops->trim;
	node->written = node->ops ? node->ops->written : NULL;
	spm_budget_init(&node->budget, node->nid, bytes);
	INIT_DELAYED_WORK(&node->reading, spm_reading_work);
	INIT_DELAYED_WORK(&node->relief, spm_relief_work);
	INIT_DELAYED_WORK(&node->trim, spm_trim_work);
	spm_awaiter_init(&node->reading_awaiter, node, &node->reading);
	spm_awaiter_init(&node->trim_awaiter, node, &node->trim);
	spm_relief_init(node);
	spm_control_disable(node);	/* until spm_control_start() */
}

static int __init spm_control_setup(void)
{
	spm_wq = alloc_workqueue("spm", WQ_UNBOUND | WQ_MEM_RECLAIM | WQ_HIGHPRI,
				 0);
	return spm_wq ? 0 : -ENOMEM;
}
subsys_initcall(spm_control_setup);
