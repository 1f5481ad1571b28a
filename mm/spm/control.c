// SPDX-License-Identifier: GPL-2.0
/*
 * The control loop of an SPM node
 *
 * One worker for each node. Each time it
 *   1. reads the device, by which the budget opens or shuts the gate, and takes
 *	back what credit CPUs have if the device can hold less than before;
 *   2. if there is a deficit, moves pages off the node: to DRAM while there is
 *	plenty of that, else to the swap device, coldest first;
 *   3. if there is none, moves pages away that keep others out, see spm_share();
 *   4. trims what was freed.
 * When the device is gone, it takes away what tasks have mapped instead.
 *
 * It runs at an interval; sooner while there is something to trim, and at once
 * when the device raises an event, or when a store finds no room.
 *
 * Data are safe if it does not run at all: stores stop when the last reading is
 * too old, see spm_budget_stopped(). And pages that were not trimmed stay taken.
 *
 * A reading shows the effect of moving pages only if it is of a later time. So
 * nothing is moved again until there is such a reading.
 */
#define pr_fmt(fmt) "spm: " fmt

#include <linux/delay.h>
#include <linux/export.h>
#include <linux/math64.h>
#include <linux/mmzone.h>
#include <linux/smp.h>
#include <linux/timekeeping.h>
#include <trace/events/spm.h>

#include "../internal.h"
#include "core.h"

/* Pages that are moved before looking again whether DRAM has room. */
#define SPM_RELIEF_BATCH	64
/* Pages that are moved before reading again. */
#define SPM_RELIEF_MAX		4096UL
/* Time after which more freed pages are trimmed, while pages are being freed. */
#define SPM_TRIM_DELAY_MS	10
/* How long room is kept for a kind of pages that has found none. */
#define SPM_WANT_TIME		HZ
/* How much one has to have more, then, and which part of that goes at a time. */
#define SPM_SHARE_MIN		1024
#define SPM_SHARE_PART		8
/* DRAM that promotion leaves alone, above the high watermark: 1/64 of a zone. */
#define SPM_PROMOTE_SHIFT	6

static struct workqueue_struct *spm_wq;

/* ---- Reading ---- */

static void spm_take_reading(struct spm_node *node)
{
	struct spm_budget *budget = &node->budget;
	struct spm_telemetry reading = {};
	u64 written;
	int rc;

	written = spm_node_written(node);
	/* What was counted is written by now. Pairs with smp_wmb() in spm_written(). */
	smp_rmb();
	spm_budget_snapshot(budget, written, ktime_get_ns());

	rc = node->ops->read(node, &reading);
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

/* On each CPU, as nobody else may write to what it counts with. */
static void spm_take_back_here(void *arg)
{
	struct spm_taken_back *taken = arg;

	atomic_long_add(this_cpu_xchg(taken->node->cpu->credit, 0), &taken->nr);
}

/*
 * CPUs may just be admitting pages with it. These count as granted still, and so
 * does credit that a CPU is about to add: it is taken back the next time.
 */
static void spm_take_back_credit(struct spm_node *node)
{
	struct spm_taken_back taken = { .node = node };

	/* READ_ONCE: written by this worker and for knobs, under the lock. */
	if (!READ_ONCE(node->budget.uncovered))
		return;
	on_each_cpu(spm_take_back_here, &taken, true);
	spm_budget_take_back(&node->budget, atomic_long_read(&taken.nr));
}

/* The device needs to be told only when the marks have moved. */
static void spm_set_thresholds(struct spm_node *node)
{
	u64 low, high;

	if (!node->ops->set_thresholds)
		return;
	spm_budget_marks(&node->budget, &low, &high);
	if (low == node->low_bytes && high == node->high_bytes)
		return;
	node->ops->set_thresholds(node, low, high);
	node->low_bytes = low;
	node->high_bytes = high;
}

/* ---- Relief ---- */

static bool spm_zone_has_room(struct zone *zone)
{
	unsigned long mark = high_wmark_pages(zone) +
			     (zone_managed_pages(zone) >> SPM_PROMOTE_SHIFT) +
			     SPM_RELIEF_BATCH;

	return zone_watermark_ok(zone, 0, mark, ZONE_NORMAL, 0);
}

/* Is there a zone which promotion does not push kswapd into? */
static bool spm_dram_has_room(void)
{
	struct zonelist *zonelist = node_zonelist(numa_mem_id(), GFP_KERNEL);
	struct zoneref *z;
	struct zone *zone;

	for_each_zone_zonelist(zone, z, zonelist, ZONE_NORMAL)
		if (spm_zone_has_room(zone))
			return true;
	return false;
}

static unsigned long spm_pages_of(struct spm_node *node, enum spm_kind kind)
{
	unsigned long mapped = spm_stat_read(node, SPM_STAT_MAPPED);
	unsigned long used = max(spm_stat_read(node, SPM_STAT_USED), mapped);

	return kind == SPM_TASKS ? mapped : used - mapped;
}

static unsigned long spm_move_off(struct spm_node *node, enum spm_kind kind,
				  unsigned long nr, enum spm_relief relief)
{
	unsigned long done;

	if (!spm_pages_of(node, kind))
		return 0;
	if (kind == SPM_TASKS)
		return spm_mapped_relieve(node, nr, relief);
	done = spm_users_relieve(node->nid, nr, relief);
	spm_stat_add(node, relief == SPM_PROMOTE ? SPM_STAT_PROMOTED :
						   SPM_STAT_WRITTEN_BACK, done);
	return done;
}

static unsigned long spm_promote(struct spm_node *node, enum spm_kind kind,
				 unsigned long nr)
{
	unsigned long done = 0, moved;

	while (done < nr && spm_dram_has_room()) {
		moved = spm_move_off(node, kind, min(nr - done, SPM_RELIEF_BATCH),
				     SPM_PROMOTE);
		if (!moved)
			break;
		done += moved;
		cond_resched();
	}
	trace_spm_relieve(node->nid, SPM_PROMOTE, nr, done);
	return done;
}

static unsigned long spm_write_back(struct spm_node *node, enum spm_kind kind,
				    unsigned long nr)
{
	unsigned long done = spm_move_off(node, kind, nr, SPM_WRITE_BACK);

	trace_spm_relieve(node->nid, SPM_WRITE_BACK, nr, done);
	return done;
}

static unsigned long spm_relieve_of(struct spm_node *node, enum spm_kind kind,
				    unsigned long nr)
{
	unsigned long done;

	if (!nr)
		return 0;
	done = spm_promote(node, kind, nr);
	if (done < nr)
		done += spm_write_back(node, kind, nr - done);
	return min(done, nr);
}

/*
 * Each kind gives in proportion to what it has. What one can't give, the other
 * does.
 */
static void spm_relieve_of_all(struct spm_node *node, unsigned long nr)
{
	unsigned long tasks = spm_pages_of(node, SPM_TASKS);
	unsigned long users = spm_pages_of(node, SPM_USERS);
	unsigned long done;

	done = spm_relieve_of(node, SPM_TASKS,
			      mult_frac(nr, tasks, max(tasks + users, 1UL)));
	done += spm_relieve_of(node, SPM_USERS, nr - done);
	spm_relieve_of(node, SPM_TASKS, nr - done);
}

/* Pages that take as much as there is to be got rid of, at the ratio of now. */
static unsigned long spm_relief_pages(struct spm_node *node)
{
	u64 deficit = spm_budget_deficit_bytes(&node->budget);
	unsigned long nr = spm_stat_read(node, SPM_STAT_USED);
	u64 used_bytes = READ_ONCE(node->budget.reading.used_bytes);

	if (!deficit || !used_bytes)
		return 0;
	nr = min_t(u64, nr, mul_u64_u64_div_u64(nr, deficit, used_bytes) + 1);
	return min(nr, SPM_RELIEF_MAX);
}

/* Have a kind make room for the other, if that finds none but has less. */
static unsigned long spm_yield(struct spm_node *node, enum spm_kind kind,
			       enum spm_kind other)
{
	unsigned long wanted = atomic_long_xchg(&node->wanted[other], 0);
	long excess = spm_pages_of(node, kind) - spm_pages_of(node, other);

	if (wanted)
		node->wanted_until[other] = jiffies + SPM_WANT_TIME;
	if (excess < SPM_SHARE_MIN ||
	    time_after(jiffies, node->wanted_until[other])) {
		clear_bit(kind, &node->yields);
		return 0;
	}
	set_bit(kind, &node->yields);
	return spm_relieve_of(node, kind,
			      min_t(unsigned long, wanted, excess / SPM_SHARE_PART));
}

/*
 * Whoever came first must not keep the other kind out. If one kind finds no room
 * while the other has more, the other makes some, and gets no more meanwhile.
 */
static unsigned long spm_share(struct spm_node *node)
{
	return spm_yield(node, SPM_USERS, SPM_TASKS) +
	       spm_yield(node, SPM_TASKS, SPM_USERS);
}

static void spm_relieve(struct spm_node *node)
{
	unsigned long nr;

	/* READ_ONCE: written by this worker only, but under the lock. */
	if (READ_ONCE(node->budget.reading.as_of_ns) < node->relieved_ns)
		return;
	nr = spm_relief_pages(node);
	if (nr)
		spm_relieve_of_all(node, nr);
	else if (!spm_share(node))
		return;
	spm_trim_flush(node);
	node->relieved_ns = ktime_get_ns();
}

/* ---- The worker ---- */

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

static void spm_control_work(struct work_struct *work)
{
	struct spm_node *node = container_of(to_delayed_work(work),
					     struct spm_node, control);
	bool busy;

	if (node->budgeted && !READ_ONCE(node->removed)) {
		spm_take_reading(node);
		spm_take_back_credit(node);
		spm_set_thresholds(node);
		spm_relieve(node);
	} else if (!READ_ONCE(node->removed)) {
		spm_share(node);
	}
	node->losing = READ_ONCE(node->removed) && spm_mapped_lose(node);
	busy = spm_trim(node) || node->losing;

	WRITE_ONCE(node->kick_after, jiffies + 1);	/* see spm_control_kick() */
	if (busy)
		spm_control_trim_soon(node);
	else if (node->budgeted || node->yields)
		queue_delayed_work(spm_wq, &node->control,
				   msecs_to_jiffies(READ_ONCE(node->budget.knobs.interval_ms)));
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
	node->budgeted = node->ops && node->ops->read;
	node->trims = node->ops && node->ops->trim;
	node->written = node->ops ? node->ops->written : NULL;
	spm_budget_init(&node->budget, node->nid, bytes);
	INIT_DELAYED_WORK(&node->control, spm_control_work);
	disable_delayed_work(&node->control);	/* until spm_control_start() */
}

/* ---- Admission, when credit does not do ---- */

/**
 * spm_admit_stopped() - refuse a page, as the gate is stopped
 * @node: the node
 *
 * Context: Any.
 * Return: false.
 */
bool spm_admit_stopped(struct spm_node *node)
{
	/* If nobody has stopped it, the reading got too old. */
	if (READ_ONCE(node->budget.gate) <= SPM_GATE_TARGET)
		spm_budget_expire(&node->budget, ktime_get_ns(), jiffies);
	spm_refuse(node, SPM_STAT_REFUSED_STOPPED);
	return false;
}

/**
 * spm_admit_slow() - admit pages when this CPU has too little credit left
 * @node: the node; @nr was subtracted from the credit
 * @nr: number of pages
 *
 * Context: Any.
 * Return: true if the pages are admitted. If not, that is counted.
 */
bool spm_admit_slow(struct spm_node *node, long nr)
{
	long granted = 0;
	unsigned int got;

	do {
		got = spm_budget_grant(&node->budget);
		granted += got;
	} while (got && granted < nr);

	if (granted >= nr) {
		this_cpu_add(node->cpu->credit, granted);
		return true;
	}
	this_cpu_add(node->cpu->credit, granted + nr);
	spm_refuse(node, READ_ONCE(node->budget.gate) == SPM_GATE_TARGET ?
			 SPM_STAT_REFUSED_TARGET : SPM_STAT_REFUSED_BUDGET);
	spm_control_kick(node);
	return false;
}

/* ---- What the device tells ---- */

/**
 * spm_notify() - the device tells something without being asked
 * @node: the provider's node
 * @event: what
 *
 * When this returns, nothing is admitted any more, if the event is to stop it.
 * What was admitted before may still be being written. Calls no operation of the
 * provider's, so the provider may hold its own locks.
 *
 * Context: Any. Not after the provider's release operation.
 */
void spm_notify(struct spm_node *node, enum spm_event event)
{
	static const enum spm_gate gates[] = {
		[SPM_EVENT_HIGH] = SPM_GATE_HIGH,
		[SPM_EVENT_CAPACITY] = SPM_GATE_CAPACITY,
		[SPM_EVENT_REMOVED] = SPM_GATE_REMOVED,
	};

	trace_spm_event(node->nid, event);
	if (event == SPM_EVENT_REMOVED) {
		/* Pairs with READ_ONCE in spm_folio_readable() and others. */
		WRITE_ONCE(node->removed, true);
		pr_err("node %d: the device is gone, with %lu pages\n", node->nid,
		       spm_stat_read(node, SPM_STAT_USED));
	}
	if (event != SPM_EVENT_LOW)
		spm_budget_stop(&node->budget, gates[event], ktime_get_ns());
	mod_delayed_work(spm_wq, &node->control, 0);
}
EXPORT_SYMBOL_GPL(spm_notify);

/**
 * spm_sync_removed() - wait until tasks can't read what a device had held
 * @node: the provider's node, for which it has raised SPM_EVENT_REMOVED
 *
 * Tasks read pages in mapped mode without asking, so where the hardware doesn't
 * raise a machine check for a device that is gone, they may read anything until
 * this returns. Afterwards they get SIGBUS.
 *
 * Context: Process context. May sleep. Calls operations of the provider's.
 */
void spm_sync_removed(struct spm_node *node)
{
	spm_control_run(node);
	while (READ_ONCE(node->losing)) {	/* vs the worker's next run */
		msleep(SPM_TRIM_DELAY_MS);
		spm_control_run(node);
	}
}
EXPORT_SYMBOL_GPL(spm_sync_removed);

/**
 * spm_notify_poisoned() - the device tells that it has lost pages
 * @node: the provider's node
 * @nr_pages: how many
 *
 * Only counts them. What makes reading them fail is the page's hardware poison
 * flag, see memory_failure(), or the machine check.
 *
 * Context: Any. Not after the provider's release operation.
 */
void spm_notify_poisoned(struct spm_node *node, unsigned long nr_pages)
{
	spm_stat_add(node, SPM_STAT_POISONED, nr_pages);
}
EXPORT_SYMBOL_GPL(spm_notify_poisoned);

static int __init spm_control_setup(void)
{
	spm_wq = alloc_workqueue("spm", WQ_UNBOUND | WQ_MEM_RECLAIM | WQ_HIGHPRI,
				 0);
	return spm_wq ? 0 : -ENOMEM;
}
subsys_initcall(spm_control_setup);
