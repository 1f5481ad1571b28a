// SPDX-License-Identifier: GPL-2.0
/*
 * Relief of an SPM node: moving pages off it
 *
 * If there is a deficit, pages go to DRAM while there is plenty of that, else to
 * the swap device, coldest first. If there is none, pages go that keep others out,
 * see spm_share().
 *
 * A reading shows the effect of moving pages only once they are trimmed, and if it is
 * of a later time. So what has been moved and can't be in the reading yet is taken as
 * gone: see spm_budget_surplus(). All that is too much goes without waiting for another
 * reading, in batches, so that who unregisters the node need not wait for long.
 */
#include <linux/bitops.h>
#include <linux/math64.h>
#include <linux/mmzone.h>
#include <linux/sched.h>
#include <linux/swap.h>
#include <linux/spm.h>
#include <linux/timekeeping.h>
#include <trace/events/spm.h>

#include "../internal.h"
#include "budget.h"
#include "control.h"
#include "memcg.h"
#include "node.h"
#include "reclaim.h"
#include "relief.h"
#include "room.h"
#include "stats.h"
#include "users.h"

/* Pages that are moved before looking again whether DRAM has room. */
#define SPM_RELIEF_BATCH	64
/* Pages that are moved before looking again how many have to go. */
#define SPM_RELIEF_MAX		4096UL
/* If nothing can be moved, trying again takes this part of the time at most. */
#define SPM_RELIEF_PART		20
/* How long room is kept for a kind of pages that has found none. */
#define SPM_WANT_TIME		HZ
/* How much one has to have more, then, and which part of that goes at a time. */
#define SPM_SHARE_MIN		1024
#define SPM_SHARE_PART		8
/*
 * How often 1/64 of tasks' pages is looked at for what is cold: each once in six seconds
 * at most. What is used more often than that is not cold.
 */
#define SPM_AGE_TIME	(HZ / 10)
/* DRAM that promotion leaves alone, above the high watermark: 1/64 of a zone. */
#define SPM_PROMOTE_SHIFT	6

static bool spm_zone_has_room(struct zone *zone)
{
	unsigned long mark = high_wmark_pages(zone) +
			     (zone_managed_pages(zone) >> SPM_PROMOTE_SHIFT) +
			     SPM_RELIEF_BATCH;

	return zone_watermark_ok(zone, 0, mark, ZONE_NORMAL, 0);
}

/* Does DRAM have a zone that can take a batch without waking kswapd? */
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

static unsigned long spm_move_off(struct spm_mover *mover, enum spm_kind kind,
				  unsigned long nr, enum spm_relief relief)
{
	struct spm_turns *turns = &mover->turns[kind];
	struct spm_node *node = mover->node;
	unsigned long done;

	if (!spm_pages_of(node, kind))
		return 0;
	if (kind == SPM_TASKS)
		done = spm_reclaim(node->nid, turns, nr, relief);
	else
		done = spm_users_relieve(node->nid, turns, nr, relief);
	return min(nr, done);
}

static unsigned long spm_promote(struct spm_mover *mover, enum spm_kind kind,
				 unsigned long nr)
{
	unsigned long done = 0, moved;

	while (done < nr && spm_dram_has_room()) {
		moved = spm_move_off(mover, kind, min(nr - done, SPM_RELIEF_BATCH),
				     SPM_PROMOTE);
		if (!moved)
			break;
		done += moved;
		cond_resched();
	}
	trace_spm_relieve(mover->node->nid, SPM_PROMOTE, nr, done);
	return done;
}

static unsigned long spm_write_back(struct spm_mover *mover, enum spm_kind kind,
				    unsigned long nr)
{
	unsigned long done;

	if (!nr)
		return 0;
	done = spm_move_off(mover, kind, nr, SPM_WRITE_BACK);
	trace_spm_relieve(mover->node->nid, SPM_WRITE_BACK, nr, done);
	return done;
}

static unsigned long spm_relieve_of(struct spm_mover *mover, enum spm_kind kind,
				    unsigned long nr)
{
	unsigned long done;

	if (!nr)
		return 0;
	done = spm_promote(mover, kind, nr);
	if (done < nr)
		done += spm_write_back(mover, kind, nr - done);
	return min(done, nr);
}

/*
 * Each kind gives in proportion to what it has. What one can't give, the other
 * does.
 */
static void spm_relieve_of_all(struct spm_mover *mover)
{
	unsigned long tasks = spm_pages_of(mover->node, SPM_TASKS);
	unsigned long users = spm_pages_of(mover->node, SPM_USERS);
	unsigned long nr = mover->nr, done;

	done = spm_relieve_of(mover, SPM_TASKS,
			      mult_frac(nr, tasks, max(tasks + users, 1UL)));
	done += spm_relieve_of(mover, SPM_USERS, nr - done);
	mover->done = done + spm_relieve_of(mover, SPM_TASKS, nr - done);
}

static void spm_mover_work(struct work_struct *work)
{
	spm_relieve_of_all(container_of(work, struct spm_mover, work));
}

/*
 * Have as many CPUs move pages as there are batches to be moved. Who has not begun when
 * this one is done need not: memory may be so short that there is no other kworker.
 */
static unsigned long spm_relieve_by_all(struct spm_node *node, unsigned long nr)
{
	unsigned int i, nr_movers = clamp(DIV_ROUND_UP(nr, SPM_RELIEF_MAX), 1,
					  min(num_online_cpus(), SPM_MOVERS));
	struct spm_mover *mover = node->movers;
	unsigned long done;

	for (i = 0; i < nr_movers; i++) {
		mover[i].nr = min(nr, SPM_RELIEF_MAX);
		mover[i].done = 0;
		nr -= mover[i].nr;
		if (i)
			spm_control_help(&mover[i].work);
	}
	spm_relieve_of_all(mover);
	done = mover->done;
	for (i = 1; i < nr_movers; i++) {
		cancel_work_sync(&mover[i].work);
		done += mover[i].done;
	}
	return done;
}

/*
 * If pages of the kind @other find no room, though the node has fewer of them, move
 * some pages of @kind off the node, and let it take no more of these.
 *
 * They go to the swap device only: who wants room has reclaimed DRAM, perhaps that of
 * the same cgroup, and would have got as much back.
 */
static unsigned long spm_yield(struct spm_node *node, enum spm_kind kind,
			       enum spm_kind other)
{
	unsigned long wanted = atomic_long_xchg(&node->wanted[other], 0);
	long excess = spm_pages_of(node, kind) - spm_pages_of(node, other);

	if (wanted)
		node->wanted_until[other] = jiffies + SPM_WANT_TIME;
	if (excess < SPM_SHARE_MIN ||
	    time_after(jiffies, node->wanted_until[other])) {
		if (test_bit(kind, &node->yields))	/* each store reads it */
			clear_bit(kind, &node->yields);
		return 0;
	}
	if (!test_bit(kind, &node->yields))
		set_bit(kind, &node->yields);
	return spm_write_back(node->movers, kind,
			      min_t(unsigned long, wanted, excess / SPM_SHARE_PART));
}

/*
 * Tasks want room, and have most of the node themselves. What has not been used there
 * for the longest time makes some: as on the lower tier of memory tiering, who came
 * first does not stay for ever. A device that is short of space is spm_relieve()'s matter.
 */
static unsigned long spm_age(struct spm_node *node)
{
	unsigned long nr = spm_room_missing(node), done;

	if (!nr || node->yields || get_nr_swap_pages() <= 0 ||
	    time_after(jiffies, node->wanted_until[SPM_TASKS]) ||
	    time_before(jiffies, node->age_after))
		return 0;
	node->age_after = jiffies + SPM_AGE_TIME;
	nr = min(nr, SPM_RELIEF_MAX);
	done = spm_reclaim_cold(node->nid, &node->movers->turns[SPM_TASKS], nr,
				node->age_round++);
	trace_spm_relieve(node->nid, SPM_WRITE_BACK, nr, done);
	return done;
}

/*
 * Let both kinds of pages have a share of a node.
 *
 * Whoever came first must not keep others out. If one kind finds no room while the
 * other has more, the other makes some, and gets no more meanwhile. Else tasks' pages
 * make room for one another; how users' do is their own matter. Return: how many pages
 * were moved off the node.
 */
static unsigned long spm_share(struct spm_node *node)
{
	return spm_yield(node, SPM_USERS, SPM_TASKS) +
	       spm_yield(node, SPM_TASKS, SPM_USERS) +
	       spm_age(node);
}

/* The last batches count most. A few pages tell little of how long many take. */
static void spm_measure_relief(struct spm_node *node, unsigned long done, u64 took_ns)
{
	u64 per_s = div64_u64((u64)done * NSEC_PER_SEC, max(took_ns, 1));

	if (done < SPM_RELIEF_BATCH)
		return;
	if (node->moved_per_s)
		per_s = (7 * node->moved_per_s + per_s) / 8;
	WRITE_ONCE(node->moved_per_s, max(per_s, 1));	/* sysfs shows it */
}

/* If nothing could be moved, which may have taken long, don't try again soon. */
static unsigned long spm_relieve_or_pause(struct spm_node *node, unsigned long nr)
{
	u64 began_ns = ktime_get_ns(), took_ns;
	unsigned long done;

	if (time_before(jiffies, node->relieve_after))
		return 0;
	done = spm_relieve_by_all(node, nr);
	took_ns = ktime_get_ns() - began_ns;
	spm_measure_relief(node, done, took_ns);
	if (!done)
		node->relieve_after = jiffies + nsecs_to_jiffies(SPM_RELIEF_PART * took_ns);
	return done;
}

/**
 * spm_relief_init() - prepare a node's movers
 * @node: the node, not published yet
 */
void spm_relief_init(struct spm_node *node)
{
	int i;

	for (i = 0; i < SPM_MOVERS; i++) {
		INIT_WORK(&node->movers[i].work, spm_mover_work);
		node->movers[i].node = node;
	}
}

static void spm_each_turns(struct spm_node *node, void (*fn)(struct spm_turns *turns))
{
	int i;

	for (i = 0; i < SPM_MOVERS; i++) {
		fn(&node->movers[i].turns[SPM_USERS]);
		fn(&node->movers[i].turns[SPM_TASKS]);
	}
}

/**
 * spm_relief_let_go() - keep no cgroup that was removed from being freed
 * @node: the node
 *
 * Context: The node's relief worker.
 */
void spm_relief_let_go(struct spm_node *node)
{
	spm_each_turns(node, spm_turns_let_go);
}

/**
 * spm_relief_end() - move no more pages off a node
 * @node: the node; its relief worker does not run
 *
 * Context: Process context.
 */
void spm_relief_end(struct spm_node *node)
{
	spm_each_turns(node, spm_turns_end);
}

/**
 * spm_relieve() - move pages off a node, if it has to become emptier
 * @node: the node
 *
 * Context: The node's relief worker. May sleep.
 * Return: true if more have to go at once.
 */
bool spm_relieve(struct spm_node *node)
{
	unsigned long surplus = 0, done = 0;

	if (node->budgeted)
		surplus = spm_budget_surplus(&node->budget,
					     spm_stat_read(node, SPM_STAT_USED),
					     node->moved);
	if (surplus)
		done = spm_relieve_or_pause(node, surplus);
	else if (!node->budgeted || !spm_budget_moving(&node->budget, node->moved))
		done = spm_share(node);
	if (!done)
		return false;
	/*
	 * The pages are freed before that, but for a few that zspm frees later, and are still
	 * counted as moved then. Pairs with spm_trim_collect().
	 */
	smp_store_release(&node->moved, node->moved + done);
	if (node->trims)
		spm_control_trim_soon(node);
	return done < surplus;
}

/**
 * spm_relieve_memcg() - move pages of a cgroup off SPM nodes
 * @memcg: the cgroup; it and all below it give some
 * @nr: how many pages
 *
 * What is swapped out goes to the swap device, if that is allowed; what is mapped
 * goes to DRAM, as long as there is room for it, in the cgroup too.
 *
 * Context: Process context without locks. May sleep.
 * Return: how many pages were moved.
 */
unsigned long spm_relieve_memcg(struct mem_cgroup *memcg, unsigned long nr)
{
	static const enum spm_relief users[] = { SPM_WRITE_BACK, SPM_PROMOTE };
	static const enum spm_relief tasks[] = { SPM_PROMOTE, SPM_WRITE_BACK };
	struct spm_turns turns[NR_SPM_KINDS] = {
		[SPM_USERS].root = memcg,
		[SPM_TASKS].root = memcg,
	};
	unsigned long done = 0;
	int i, nid;

	for (i = 0; i < ARRAY_SIZE(users); i++) {
		for_each_node_mask(nid, spm_nodes) {
			if (done < nr)
				done += spm_users_relieve(nid, &turns[SPM_USERS],
							  nr - done, users[i]);
			if (done < nr)
				done += spm_reclaim(nid, &turns[SPM_TASKS],
						    nr - done, tasks[i]);
		}
	}
	spm_turns_end(&turns[SPM_USERS]);
	spm_turns_end(&turns[SPM_TASKS]);
	return done;
}
