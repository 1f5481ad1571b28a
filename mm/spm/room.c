// SPDX-License-Identifier: GPL-2.0
/*
 * Is there room for tasks' pages on SPM nodes?
 *
 * Reclaim asks two things. Of each folio: would it get in now? If not, it is neither
 * isolated to be migrated nor split. And before it looks at anonymous memory at all:
 * is an SPM node open to that? If so, all of that memory counts as reclaimable.
 *
 * This second answer decides how soon an OOM killer comes. While reclaim finds that
 * something is reclaimable, and a page or two move each time, it goes on, through all
 * memory again and again. So a node that had to refuse a page for want of a free one is
 * full, and stays so until many are free. A device that is nearly full closes its gate,
 * and opens it again at a lower mark, which is the same for the budget.
 */
#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/spm.h>
#include <linux/spm_hooks.h>
#include <linux/vmstat.h>
#include <linux/wait.h>

#include "budget.h"
#include "control.h"
#include "node.h"
#include "order.h"
#include "room.h"
#include "stats.h"

/* How long reclaim waits for a reading: for several, at the usual interval's speed. */
#define SPM_ROOM_TIME	(HZ / 10)

static struct zone *spm_zone(const struct spm_node *node)
{
	return node->zonerefs[0].zone;
}

/* Without those that the allocator never gives, and exactly if there are few. */
static unsigned long spm_free_pages_of(const struct spm_node *node)
{
	struct zone *zone = spm_zone(node);
	unsigned long nr = zone_page_state(zone, NR_FREE_PAGES);

	if (nr < zone->percpu_drift_mark)
		nr = zone_page_state_snapshot(zone, NR_FREE_PAGES);
	return nr > min_wmark_pages(zone) ? nr - min_wmark_pages(zone) : 0;
}

/* Are more of tasks' pages not welcome, whatever room there is? */
static bool spm_node_yields(const struct spm_node *node)
{
	/* READ_ONCE: it hardly matters when changes are seen. */
	return READ_ONCE(node->yields) & BIT(SPM_TASKS);
}

static bool spm_node_admits(const struct spm_node *node)
{
	/* READ_ONCE: as above. */
	if (!node->budgeted)
		return !READ_ONCE(node->removed);
	return READ_ONCE(node->budget.gate) == SPM_GATE_OPEN &&
	       !spm_budget_stopped(&node->budget, jiffies);
}

/* Is nothing but a lack of pages in the way of tasks' pages? */
static bool spm_node_takes(const struct spm_node *node)
{
	return !spm_node_yields(node) && spm_node_admits(node);
}

/*
 * A device that is busy for a moment, or has just raised an event, must not cost a task its
 * life: reclaim waits for a reading, as for a slow disk. The time for that begins when
 * reclaim asks, as a virtual machine that was paused has had no time to read.
 */
static bool spm_node_awaits_reading(struct spm_node *node)
{
	unsigned long since;

	if (!node->budgeted || !spm_budget_undecided(&node->budget, jiffies))
		return false;
	/* READ_ONCE, WRITE_ONCE: a hint, and racy; vs spm_room_changed(). */
	since = READ_ONCE(node->asked_since);
	if (!since) {
		since = jiffies | 1;		/* 0 is none */
		WRITE_ONCE(node->asked_since, since);
	}
	return time_before_eq(jiffies, since + SPM_ANSWER_TIME);
}

/* Is nothing but that, or a reading that is to come, in the way? */
static bool spm_node_will_take(struct spm_node *node)
{
	return !spm_node_yields(node) &&
	       (spm_node_admits(node) || spm_node_awaits_reading(node));
}

/* Pages that would be admitted now, on this CPU. */
static unsigned long spm_admissible(struct spm_node *node)
{
	if (!spm_node_takes(node))
		return 0;
	if (!node->budgeted)
		return ULONG_MAX;
	return spm_budget_room(&node->budget) + this_cpu_read(node->cpu->credit);
}

/* After the next reading of the device, at the latest. */
static unsigned long spm_future_room(struct spm_node *node)
{
	return spm_node_will_take(node) ? spm_free_pages_of(node) : 0;
}

static unsigned long spm_room(struct spm_node *node)
{
	return min(spm_future_room(node), spm_admissible(node));
}

/* Do the nodes near to @nid have so much room together? */
static bool spm_order_has_room(int nid, unsigned long nr,
			       unsigned long (*room_of)(struct spm_node *node))
{
	const struct spm_order *order;
	unsigned long room = 0;
	unsigned int i;

	rcu_read_lock();
	order = spm_order_get(nid);
	for (i = 0; order && i < order->nr && room < nr; i++)
		room += room_of(order->node[i]);
	rcu_read_unlock();
	return room >= nr;
}

static bool spm_order_any(int nid, bool (*is_so)(struct spm_node *node))
{
	const struct spm_order *order;
	bool found = false;
	unsigned int i;

	rcu_read_lock();
	order = spm_order_get(nid);
	for (i = 0; order && i < order->nr && !found; i++)
		found = is_so(order->node[i]);
	rcu_read_unlock();
	return found;
}

/**
 * spm_takes_tasks() - would a task's folio get onto an SPM node?
 * @nid: NUMA node to be near to
 * @nr: its number of pages. They may have to go to several nodes.
 *
 * Context: Any.
 * Return: true if it is worth trying. If not, and it should go there,
 * spm_want_for_tasks() says so.
 */
bool spm_takes_tasks(int nid, unsigned long nr)
{
	return spm_order_has_room(nid, nr, spm_room);
}

/**
 * spm_will_take_tasks() - would a task's folio get onto an SPM node before long?
 * @nid: NUMA node to be near to
 * @nr: its number of pages
 *
 * Context: Any.
 * Return: true if it would now, or when the device was read the next time.
 */
bool spm_will_take_tasks(int nid, unsigned long nr)
{
	return spm_order_has_room(nid, nr, spm_future_room);
}

static DECLARE_WAIT_QUEUE_HEAD(spm_room_wait);

/**
 * spm_room_changed() - a device was read, so there may be room now
 * @node: the device's
 *
 * Context: The node's reading worker.
 */
void spm_room_changed(struct spm_node *node)
{
	/* If the gate is undecided once more, there is time anew to read. */
	if (!spm_budget_undecided(&node->budget, jiffies))
		WRITE_ONCE(node->asked_since, 0);	/* see spm_node_awaits_reading() */
	if (wq_has_sleeper(&spm_room_wait))
		wake_up_all(&spm_room_wait);
}

/* Is there any point in waiting longer? If so, have the devices read. */
static bool spm_room_settled(int nid, unsigned long nr)
{
	if (spm_takes_tasks(nid, nr) || !spm_will_take_tasks(nid, nr))
		return true;
	spm_want_for_tasks(nid);
	return false;
}

/**
 * spm_wait_for_room() - wait until a reading of the device says that pages fit
 * @nid: NUMA node to be near to
 * @nr: number of pages
 *
 * A device takes pages as fast as readings show that those before did compress. Who
 * has no other place for them must not take that for a lack of room, and be killed.
 *
 * Context: Process context. May sleep, for a tenth of a second at most.
 */
void spm_wait_for_room(int nid, unsigned long nr)
{
	wait_event_killable_timeout(spm_room_wait, spm_room_settled(nid, nr),
				    SPM_ROOM_TIME);
}

static unsigned long spm_reopen_pages(const struct spm_node *node)
{
	return spm_reopen_room(zone_managed_pages(spm_zone(node)));
}

/**
 * spm_room_missing() - how many pages have to go, so that a node is not nearly full?
 * @node: the node
 *
 * Context: Any.
 * Return: number of pages.
 */
unsigned long spm_room_missing(const struct spm_node *node)
{
	unsigned long want = spm_reopen_pages(node), have = spm_free_pages_of(node);

	return want > have ? want - have : 0;
}

/**
 * spm_short_of_room() - are more of tasks' pages not welcome?
 * @node: the node
 *
 * Context: Any.
 * Return: true if it is nearly full, or its gate is not open.
 */
bool spm_short_of_room(const struct spm_node *node)
{
	return spm_room_missing(node) || !spm_node_takes(node);
}

static bool spm_node_has_plenty(struct spm_node *node)
{
	return !spm_short_of_room(node);
}

static bool spm_node_has_room(struct spm_node *node)
{
	if (!spm_node_will_take(node))
		return false;
	/* READ_ONCE, WRITE_ONCE: a hint, and racy, as are the free pages. */
	if (!READ_ONCE(node->full))
		return true;
	if (spm_room_missing(node))
		return false;
	WRITE_ONCE(node->full, false);
	return true;
}

/**
 * spm_open_to_tasks() - may reclaim of a node count on SPM?
 * @nid: NUMA node that is to be reclaimed
 *
 * Context: Any.
 * Return: true if an SPM node has room for many pages, or has not been full lately, and
 * takes pages, or will when its device was read.
 */
bool spm_open_to_tasks(int nid)
{
	return spm_order_any(nid, spm_node_has_room);
}

static unsigned long spm_node_sure_pages(const struct spm_node *node)
{
	unsigned long nr = zone_managed_pages(spm_zone(node));

	/* READ_ONCE: written under the budget's lock. */
	return node->budgeted ?
	       min_t(u64, nr, READ_ONCE(node->budget.limit_bytes) >> PAGE_SHIFT) : nr;
}

/**
 * spm_sure_pages() - how many pages fit on SPM nodes, even if they don't compress?
 *
 * Context: Any.
 * Return: number of pages, with those that are there.
 */
unsigned long spm_sure_pages(void)
{
	unsigned long sum = 0;
	struct spm_node *node;
	int nid;

	rcu_read_lock();
	for_each_node_mask(nid, spm_nodes) {
		node = rcu_dereference(spm_table[nid]);
		if (node && !READ_ONCE(node->removed))	/* vs spm_notify() */
			sum += spm_node_sure_pages(node);
	}
	rcu_read_unlock();
	return sum;
}

static void spm_node_want(struct spm_node *node, enum spm_kind kind)
{
	atomic_long_inc(&node->wanted[kind]);
	spm_control_kick(node);
}

static void spm_node_want_for_users(struct spm_node *node)
{
	spm_node_want(node, SPM_USERS);
}

/*
 * If there is room but for the next reading, nobody has to make any: the worker is to
 * read the device, that is all.
 */
static void spm_node_want_for_tasks(struct spm_node *node)
{
	if (!READ_ONCE(node->full) && spm_room_missing(node))
		WRITE_ONCE(node->full, true);	/* see spm_node_has_room() */
	if (spm_future_room(node) < SPM_REOPEN_PAGES)
		spm_node_want(node, SPM_TASKS);
	else
		spm_control_kick(node);
}

static void spm_node_near_full(struct spm_node *node)
{
	if (spm_room_missing(node))
		spm_node_want(node, SPM_TASKS);
}

static void spm_order_each(int nid, void (*tell)(struct spm_node *node))
{
	const struct spm_order *order;
	unsigned int i;

	rcu_read_lock();
	order = spm_order_get(nid);
	for (i = 0; order && i < order->nr; i++)
		tell(order->node[i]);
	rcu_read_unlock();
}

/**
 * spm_want_for_users() - a user's page should have gone to SPM, and found no room
 * @nid: NUMA node that it is near to
 *
 * So that tasks make some if they have more of it: see spm_share().
 *
 * Context: Any.
 */
void spm_want_for_users(int nid)
{
	spm_order_each(nid, spm_node_want_for_users);
}

/**
 * spm_want_for_tasks() - a task's page should have gone to SPM, and found no room
 * @nid: NUMA node that it is near to
 *
 * So that some is made, by users if they have more of it: see spm_share().
 *
 * Context: Any.
 */
void spm_want_for_tasks(int nid)
{
	spm_order_each(nid, spm_node_want_for_tasks);
}

/**
 * spm_near_full() - tasks' pages have just gone to SPM: will the next ones, too?
 * @nid: NUMA node that they came from
 *
 * If no node has many free pages left, have some made before anybody is refused. While a
 * farther node has them, nothing is written to the swap device for the sake of a nearer one.
 *
 * Context: Any.
 */
void spm_near_full(int nid)
{
	if (!spm_order_any(nid, spm_node_has_plenty))
		spm_order_each(nid, spm_node_near_full);
}
