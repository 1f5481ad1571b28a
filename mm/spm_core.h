/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the SPM core share.
 *
 * Lock order:
 *   spm_mutex		registration and unregistration, one at a time; guards
 *			spm_table and the orders against change
 *     device_hotplug_lock, mem_hotplug_lock	taken by memory hotplug
 *       spm_users_mutex	the list of users (spm_evacuate.c)
 *
 * Readers of spm_table and of the orders are under RCU. A node that has a page
 * in use stays in spm_table, so whoever holds a page needs no RCU for its node.
 */
#ifndef _SPM_CORE_H
#define _SPM_CORE_H

#include <linux/kobject.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/spm.h>

/**
 * enum spm_stat - what is counted for each node
 * @SPM_STAT_USED: pages in use; the only one that goes down again
 * @SPM_STAT_STORED: pages that a user stored
 * @SPM_STAT_LOADED: pages that were read back
 * @SPM_STAT_LOAD_FAILED: attempts to read a page that the device had lost
 * @SPM_STAT_EVACUATED: pages that left for another node or the swap device
 *	because their place was given up
 * @SPM_STAT_TRIMMED: pages that the device was told to forget
 * @SPM_STAT_REFUSED_FULL: allocations refused for lack of free pages
 * @SPM_STAT_REFUSED_POISON: pages not stored because they could not be read
 * @SPM_STAT_REFUSED_INJECTED: allocations refused by fault injection
 * @NR_SPM_STATS: how many there are
 */
enum spm_stat {
	SPM_STAT_USED,
	SPM_STAT_STORED,
	SPM_STAT_LOADED,
	SPM_STAT_LOAD_FAILED,
	SPM_STAT_EVACUATED,
	SPM_STAT_TRIMMED,
	SPM_STAT_REFUSED_FULL,
	SPM_STAT_REFUSED_POISON,
	SPM_STAT_REFUSED_INJECTED,
	NR_SPM_STATS
};

/* Counts of events in pages, each CPU its own. Exact when summed at rest. */
struct spm_stats {
	long count[NR_SPM_STATS];
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
 * @stats: per-CPU counters
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
	struct spm_stats __percpu *stats;
	const char *name;
	const struct spm_ops *ops;
	void *priv;
	struct module *owner;
	struct kobject *kobj;
	int nr_ranges;
	struct spm_range ranges[] __counted_by(nr_ranges);
};

/* spm_node.c */
extern struct mutex spm_mutex;
extern struct spm_node __rcu *spm_table[MAX_NUMNODES];
unsigned long spm_node_capacity_pages(const struct spm_node *node);

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

/* Does this folio live on an SPM node? */
static inline bool spm_folio(const struct folio *folio)
{
	return spm_nid(folio_nid(folio));
}

/* spm_order.c */

/**
 * struct spm_order - SPM nodes in the order in which one NUMA node uses them
 * @rcu: for freeing
 * @nr: number of entries
 * @node: SPM nodes, nearest first
 */
struct spm_order {
	struct rcu_head rcu;
	int nr;
	struct spm_node *node[] __counted_by(nr);
};

const struct spm_order *spm_order_get(int nid);
int spm_order_rebuild(void);

/* spm_alloc.c */
#ifdef CONFIG_FAULT_INJECTION_DEBUG_FS
void spm_fault_debugfs_init(struct dentry *dir);
#else
static inline void spm_fault_debugfs_init(struct dentry *dir) {}
#endif

/* spm_evacuate.c */
int spm_evacuate(struct spm_node *node);

/* spm_stats.c */
extern const char *const spm_stat_names[NR_SPM_STATS];

static inline void spm_stat_add(struct spm_node *node, enum spm_stat stat,
				long delta)
{
	this_cpu_add(node->stats->count[stat], delta);
}

static inline void spm_stat_inc(struct spm_node *node, enum spm_stat stat)
{
	this_cpu_inc(node->stats->count[stat]);
}

void spm_refuse(struct spm_node *node, enum spm_stat stat);
void spm_refuse_no_node(void);
unsigned long spm_refused_no_node(void);
unsigned long spm_stat_read(const struct spm_node *node, enum spm_stat stat);
unsigned long spm_stat_total(enum spm_stat stat);
void spm_stats_retire(const struct spm_node *node);

/* spm_sysfs.c */
int spm_sysfs_add(struct spm_node *node);
void spm_sysfs_del(struct spm_node *node);

#endif /* _SPM_CORE_H */
