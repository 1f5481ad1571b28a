/* SPDX-License-Identifier: GPL-2.0 */
/*
 * SPM nodes: what the core knows about each, and how they are found
 *
 * Lock order:
 *   spm_mutex		registration and unregistration, one at a time; guards
 *			spm_table and the orders against change
 *     device_hotplug_lock, mem_hotplug_lock	taken by memory hotplug
 *       spm_users_mutex	the list of users (users.c)
 *   spm_budget.lock	what admits pages to a node. A spinlock that is taken in
 *			any context, and nothing under it
 *
 * Readers of spm_table and of the orders are under RCU. A node that has a page
 * in use stays in spm_table, so whoever holds a page needs no RCU for its node.
 */
#ifndef _SPM_NODE_H
#define _SPM_NODE_H

#include <linux/atomic.h>
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

/**
 * struct spm_node - a registered SPM node
 * @nid: its NUMA node id
 * @closing: no new pages; written under spm_mutex, read by those who rebuild
 *	the orders under it, and by the memory notifier
 * @zonerefs: the one zone that its pages are allocated from, and the end mark
 * @cpu: counters, credit and freed pages
 * @budgeted: there is telemetry, so @budget decides. Constant.
 * @trims: freed pages are trimmed. Constant.
 * @written: the provider's operation of this name, may be NULL. Constant.
 * @removed: the device is gone; never reset. Whoever reads contents looks at it.
 * @budget: what admits pages
 * @control: the worker that reads, relieves and trims, see control.c
 * @kick_after: jiffies before which the worker isn't woken early. Written by the
 *	worker, read by those who would wake it: late or early does no harm.
 * @relieved_ns: when the worker last moved pages away
 * @wanted: pages of each kind that no node had room for, since the worker ran
 * @wanted_until: jiffies until which room is kept for each kind
 * @yields: bit mask of kinds that get no more pages, as the other kind has less
 *	and wants more. Written by the worker.
 * @low_bytes: threshold that the device was told last
 * @high_bytes: the same
 * @untrimmed: freed pages that the worker has taken over from the CPUs
 * @losing: tasks have pages of a device that is gone, and may read them
 * @trim_retries: how often in turn the device wanted to be asked again. From
 *	@relieved_ns on they are the worker's own, but for the two with a comment.
 * @name: provider's name
 * @ops: provider's operations, may be NULL
 * @priv: provider's own
 * @owner: provider's module, of which a reference is held
 * @kobj: nodeN/spm in sysfs
 * @nr_ranges: number of @ranges
 * @ranges: its memory; written under spm_mutex
 *
 * Without a comment of its own, a member is set before the node is published
 * in spm_table, and does not change until it is taken out again.
 */
struct spm_node {
	int nid;
	bool closing;
	struct zoneref zonerefs[2];
	struct spm_cpu __percpu *cpu;
	bool budgeted;
	bool trims;
	void (*written)(struct spm_node *node, unsigned long pfn);
	bool removed;
	struct spm_budget budget;
	struct delayed_work control;
	unsigned long kick_after;
	u64 relieved_ns;
	atomic_long_t wanted[NR_SPM_KINDS];
	unsigned long wanted_until[NR_SPM_KINDS];
	unsigned long yields;
	u64 low_bytes;
	u64 high_bytes;
	struct llist_node *untrimmed;
	unsigned int trim_retries;
	bool losing;
	const char *name;
	const struct spm_ops *ops;
	void *priv;
	struct module *owner;
	struct kobject *kobj;
	int nr_ranges;
	struct spm_range ranges[] __counted_by(nr_ranges);
};

extern struct mutex spm_mutex;
extern struct spm_node __rcu *spm_table[MAX_NUMNODES];
unsigned long spm_node_capacity_pages(const struct spm_node *node);
void spm_node_close(struct spm_node *node, bool close);

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

#endif /* _SPM_NODE_H */
