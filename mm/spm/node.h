/* SPDX-License-Identifier: GPL-2.0 */
/*
 * SPM nodes: what the core knows about each, and how they are found
 *
 * Lock order:
 *   spm_mutex		registration and unregistration, one at a time; guards
 *			spm_table and the orders against change
 *     device_hotplug_lock, mem_hotplug_lock	taken by memory hotplug
 *       spm_users_sem	the list of users (users.c)
 *   spm_budget.lock	what admits pages to a node. A spinlock that is taken in
 *			any context, and nothing under it
 *
 * Readers of spm_table and of the orders are under RCU. A node that has a page
 * in use stays in spm_table, so whoever holds a page needs no RCU for its node.
 */
#ifndef _SPM_NODE_H
#define _SPM_NODE_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/completion.h>
#include <linux/kref.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/range.h>
#include <linux/rcupdate.h>
#include <linux/spm.h>
#include <linux/workqueue.h>

#include "budget.h"
#include "memcg.h"

struct dentry;
struct device;
struct kobject;
struct spm_cpu;

/**
 * enum spm_kind - whose pages are on a node
 * @SPM_USERS: those of users, see struct spm_user: swapped-out pages
 * @SPM_TASKS: those of tasks, in mapped mode
 * @NR_SPM_KINDS: how many there are
 */
enum spm_kind {
	SPM_USERS,
	SPM_TASKS,
	NR_SPM_KINDS
};

/**
 * struct spm_range - one range of a node's memory
 * @range: physical addresses, both inclusive
 * @res: what keeps others off the range; NULL while its memory is not added
 */
struct spm_range {
	struct range range;
	struct resource *res;
};

enum spm_await {
	SPM_NOT_AWAITED,
	SPM_AWAITED,
	SPM_GIVEN_UP,
};

/**
 * struct spm_awaiter - waits for a worker to end, as the device may never answer it
 * @work: does that, while somebody waits for this only so long
 * @node: the node. Constant.
 * @worker: the worker. Constant.
 * @ended: it has ended
 * @state: enum spm_await: is there somebody who waits? SPM_GIVEN_UP: no longer, so that
 *	@work lets the worker run again as soon as it has ended.
 */
struct spm_awaiter {
	struct work_struct work;
	struct spm_node *node;
	struct delayed_work *worker;
	struct completion ended;
	atomic_t state;
};

/* At most so many CPUs move pages off a node at the same time. */
#define SPM_MOVERS	8

/**
 * struct spm_mover - one of those who move pages off a node at the same time
 * @work: has one of the other CPUs do it
 * @node: the node. Constant.
 * @turns: of cgroups that give pages of each kind
 * @nr: how many pages it is to move
 * @done: how many it has moved
 *
 * Its work's own while that runs, else the relief worker's.
 */
struct spm_mover {
	struct work_struct work;
	struct spm_node *node;
	struct spm_turns turns[NR_SPM_KINDS];
	unsigned long nr;
	unsigned long done;
};

/**
 * struct spm_node - a registered SPM node
 * @nid: its NUMA node id. Set under spm_mutex before it is in spm_table.
 * @budgeted: there is telemetry, so @budget decides
 * @trims: freed pages are trimmed
 * @flushes: a page counts as written when its lines are on the device
 * @closing: no new pages. Written under spm_mutex. Those who rebuild the orders
 *	read it under that too, migration without.
 * @offlining: all of its memory is going offline. Under device_hotplug_lock.
 * @removed: the device is gone. spm_notify() sets it, and nobody resets it.
 *	Whoever reads contents looks at it.
 * @abandoned: there is no provider any more, so nothing is stored. spm_abandon_node()
 *	sets it under spm_mutex, and nobody resets it. Sysfs reads it without.
 * @yields: bit mask of kinds that get no more pages, as the other kind has less
 *	and wants more. Written by the relief worker.
 * @cpu: each CPU's counters, credit and freed pages
 * @zonerefs: the one zone that its pages are allocated from, and the end mark
 * @written: the provider's operation of this name, may be NULL. Under RCU, as @ops.
 * @firmware_nid: the NUMA node that firmware has its memory in
 * @dev: the provider's device, may be NULL, as when that is gone. Under spm_mutex.
 * @ops: provider's operations, may be NULL. spm_abandon_node() resets it, when no worker
 *	runs. Others than workers use it under RCU.
 * @priv: provider's own
 * @name: provider's name
 * @owner: provider's module, of which the node holds a reference; NULL if it has gone
 * @kobj: nodeN/spm in sysfs. Written under spm_mutex.
 * @debugfs: nodeN in debugfs. Written under spm_mutex.
 * @nr_ranges: number of @ranges
 * @budget: what admits pages; has a lock of its own
 * @wanted: pages of each kind that no node had room for, since relief ran
 * @kick_after: jiffies before which workers aren't woken early. Written by the
 *	workers and those who wake them: late or early does no harm.
 * @full: a task's page was refused for want of free pages, and there are still few.
 *	Written by those who are refused, and who ask: see room.c
 * @asked_since: jiffies since which reclaim waits for a reading; 0: it does not. Written by
 *	who asks, and reset by the reading worker.
 * @reading: the worker that reads the device, see control.c
 * @low_bytes: threshold that the device was told last
 * @high_bytes: the same
 * @relief: the worker that moves pages off the node, see control.c
 * @moved: number of pages that it has moved. The other workers read it.
 * @moved_per_s: how many it moves in a second, while it does. Sysfs shows it.
 * @relieve_after: jiffies before which it tries nothing more, as nothing could be moved
 * @wanted_until: jiffies until which room is kept for each kind
 * @movers: who moves pages at the same time; the first is the worker itself
 * @age_after: jiffies at which spm_share() looks for what is cold again
 * @age_round: how often it has
 * @left_since: jiffies since which spm_tidy() knows of swapped-out pages; 0: of none
 * @drain_after: jiffies after which spm_tidy() may look into batches again
 * @reading_awaiter: waits for @reading to end
 * @trim_awaiter: waits for @trim to end
 * @lost: the device is gone, and tasks can read no more pages of it. Completed by the
 *	worker when it has taken away the last one, or by who has unregistered the node.
 * @ref: the registration's, and one of each caller in spm_sync_removed()
 * @trim: the worker that trims what was freed, see control.c
 * @untrimmed: freed pages that it has taken over from the CPUs
 * @trim_retries: how often in turn the device wanted to be asked again
 * @trim_unsure: the device may still be doing what it was asked for before
 * @moved_taken: how many of @moved were freed before it took over freed pages
 * @moved_trimmed: how many of @moved are surely trimmed. The reading worker reads it.
 * @ranges: its memory; written under spm_mutex
 *
 * The members are in groups by who writes them, and each group begins a cache
 * line: what is written for each page that is refused, or each time a worker
 * runs, is on no line that each store reads.
 */
struct spm_node {
	/*
	 * What each store reads. Set before the node is published in spm_table,
	 * and constant until it is taken out again, but for those that say when
	 * they change.
	 */
	int nid;
	bool budgeted;
	bool trims;
	bool flushes;
	bool closing;
	bool offlining;
	bool removed;
	bool abandoned;
	unsigned long yields;
	struct spm_cpu __percpu *cpu;
	struct zoneref zonerefs[2];
	void (*written)(struct spm_node *node, unsigned long pfn);

	/* What the workers, registration and sysfs need as well. As constant. */
	int firmware_nid;
	struct device *dev;
	const struct spm_ops *ops;
	void *priv;
	const char *name;
	struct module *owner;
	struct kobject *kobj;
	struct dentry *debugfs;
	int nr_ranges;

	struct spm_budget budget;

	/* Written by whoever is refused a page, and by the relief worker. */
	atomic_long_t wanted[NR_SPM_KINDS] ____cacheline_aligned_in_smp;
	unsigned long kick_after;
	bool full;
	unsigned long asked_since;

	/* Each worker's own, without a lock, as it runs once at a time. */
	struct delayed_work reading ____cacheline_aligned_in_smp;
	u64 low_bytes;
	u64 high_bytes;

	struct delayed_work relief;
	u64 moved;
	u64 moved_per_s;
	unsigned long relieve_after;
	unsigned long wanted_until[NR_SPM_KINDS];
	struct spm_mover movers[SPM_MOVERS];
	unsigned long age_after;
	unsigned int age_round;
	unsigned long left_since;
	unsigned long drain_after;

	struct delayed_work trim;
	struct llist_node *untrimmed;
	unsigned int trim_retries;
	bool trim_unsure;
	u64 moved_taken;
	u64 moved_trimmed;

	struct spm_awaiter reading_awaiter;
	struct spm_awaiter trim_awaiter;
	struct completion lost;
	struct kref ref;

	struct spm_range ranges[] __counted_by(nr_ranges);
};

extern struct mutex spm_mutex;
extern nodemask_t spm_spare_nodes;
extern struct spm_node __rcu *spm_table[MAX_NUMNODES];
unsigned long spm_node_capacity_pages(const struct spm_node *node);
void spm_node_close(struct spm_node *node);
void spm_node_open(struct spm_node *node);
void spm_node_put(struct spm_node *node);
bool spm_folio_present(const struct folio *folio);
bool spm_counts_events(int item);

/**
 * spm_node_of() - the SPM node that a folio is on
 * @folio: a folio on an SPM node, in use by the caller
 *
 * Return: the node. It can't go away as long as the folio is in use.
 */
static inline struct spm_node *spm_node_of(const struct folio *folio)
{
	return rcu_dereference_protected(spm_table[folio_nid(folio)], true);
}

/* The node with this id, which stays as long as the caller holds spm_mutex. */
static inline struct spm_node *spm_registered(int nid)
{
	return rcu_dereference_protected(spm_table[nid], lockdep_is_held(&spm_mutex));
}

#endif /* _SPM_NODE_H */
