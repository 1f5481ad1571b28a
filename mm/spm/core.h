/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the SPM core share.
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
#ifndef _SPM_CORE_H
#define _SPM_CORE_H

#include <linux/jiffies.h>
#include <linux/kobject.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/spm.h>
#include <linux/spm_mapped.h>
#include <linux/workqueue.h>

/**
 * enum spm_stat - what is counted for each node
 * @SPM_STAT_USED: pages in use; goes down again
 * @SPM_STAT_MAPPED: pages of tasks among these, in mapped mode; goes down again
 * @SPM_STAT_UNTRIMMED: pages that are free, but which the device has not been
 *	told to forget yet; goes down again
 * @SPM_STAT_STORED: pages that a user stored
 * @SPM_STAT_MOVED: pages that migration has put there
 * @SPM_STAT_DEMOTED: pages of tasks that were demoted
 * @SPM_STAT_PROMOTED_WRITE: pages that went to DRAM as a task wrote to them
 * @SPM_STAT_PROMOTED_HOT: pages that went to DRAM as they were read often
 * @SPM_STAT_LOADED: pages that were read back
 * @SPM_STAT_LOAD_FAILED: attempts to read a page that the device had lost
 * @SPM_STAT_EVACUATED: pages that left for another node or the swap device
 *	because their place was given up
 * @SPM_STAT_PROMOTED: pages that went to DRAM as the device was short of space
 * @SPM_STAT_WRITTEN_BACK: pages that went to the swap device for that reason
 * @SPM_STAT_TRIMMED: pages that the device was told to forget
 * @SPM_STAT_ZEROED: pages overwritten, as the device would not forget them
 * @SPM_STAT_POISONED: pages that the device has lost, as it told
 * @SPM_STAT_LOST: stored pages that were given up, being unreadable
 * @SPM_STAT_READ: readings that were good, not pages
 * @SPM_STAT_READ_FAILED: readings that failed, made no sense, or were too old
 * @SPM_STAT_REFUSED_FULL: allocations refused for lack of free pages
 * @SPM_STAT_REFUSED_BUDGET: allocations refused as they might not fit: the
 *	device's last reading leaves no room for what does not compress
 * @SPM_STAT_REFUSED_TARGET: allocations refused above the target
 * @SPM_STAT_REFUSED_STOPPED: allocations refused by a hard stop
 * @SPM_STAT_REFUSED_POISON: pages not stored because they could not be read
 * @SPM_STAT_REFUSED_INJECTED: allocations refused by fault injection
 * @NR_SPM_STATS: how many there are
 */
enum spm_stat {
	SPM_STAT_USED,
	SPM_STAT_MAPPED,
	SPM_STAT_UNTRIMMED,
	SPM_STAT_STORED,
	SPM_STAT_MOVED,
	SPM_STAT_DEMOTED,
	SPM_STAT_PROMOTED_WRITE,
	SPM_STAT_PROMOTED_HOT,
	SPM_STAT_LOADED,
	SPM_STAT_LOAD_FAILED,
	SPM_STAT_EVACUATED,
	SPM_STAT_PROMOTED,
	SPM_STAT_WRITTEN_BACK,
	SPM_STAT_TRIMMED,
	SPM_STAT_ZEROED,
	SPM_STAT_POISONED,
	SPM_STAT_LOST,
	SPM_STAT_READ,
	SPM_STAT_READ_FAILED,
	SPM_STAT_REFUSED_FULL,
	SPM_STAT_REFUSED_BUDGET,
	SPM_STAT_REFUSED_TARGET,
	SPM_STAT_REFUSED_STOPPED,
	SPM_STAT_REFUSED_POISON,
	SPM_STAT_REFUSED_INJECTED,
	NR_SPM_STATS
};

/**
 * struct spm_cpu - what each CPU has of a node for itself
 * @count: counts of events in pages. Exact when summed at rest.
 * @credit: pages that it may still store before it has to ask the budget
 * @freed: pages to be trimmed, linked by their private
 */
struct spm_cpu {
	long count[NR_SPM_STATS];
	long credit;
	struct llist_head freed;
};

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
 * enum spm_gate - may pages be stored on a node?
 * @SPM_GATE_OPEN: yes, as long as the budget says that they fit
 * @SPM_GATE_TARGET: usage was above the target, and has to fall below the mark
 *	for reopening. A CPU may still use up its credit.
 * @SPM_GATE_LIMIT: stopped, as usage has reached the margin
 * @SPM_GATE_HIGH: stopped by SPM_EVENT_HIGH
 * @SPM_GATE_CAPACITY: stopped, as the device can hold less than before
 * @SPM_GATE_STALE: stopped, for there is no reading that is fresh enough
 * @SPM_GATE_REMOVED: stopped for good, as there is no device any more
 * @NR_SPM_GATES: how many there are
 *
 * From SPM_GATE_LIMIT on it is a hard stop: no page is stored, whatever credit
 * there is, until a reading that was taken afterwards allows it.
 */
enum spm_gate {
	SPM_GATE_OPEN,
	SPM_GATE_TARGET,
	SPM_GATE_LIMIT,
	SPM_GATE_HIGH,
	SPM_GATE_CAPACITY,
	SPM_GATE_STALE,
	SPM_GATE_REMOVED,
	NR_SPM_GATES
};

/**
 * struct spm_knobs - what the administrator decides
 * @margin_permille: share of the physical capacity that is never given out
 * @target_permille: share above which no more pages are taken, for a while
 * @reopen_permille: share at which they are taken again
 * @interval_ms: time between readings
 * @stale_ms: age at which a reading is worth nothing any more
 */
struct spm_knobs {
	u32 margin_permille;
	u32 target_permille;
	u32 reopen_permille;
	u32 interval_ms;
	u32 stale_ms;
};

/**
 * struct spm_snapshot - what had been written to a node at some time
 * @time_ns: the time
 * @written: number of pages that were written completely by then
 */
struct spm_snapshot {
	u64 time_ns;
	u64 written;
};

/* In these the time that a reading may be old is divided twice over. */
#define SPM_NR_SNAPSHOTS	32

/**
 * struct spm_budget - what decides that a page fits, see budget.c
 * @gate: may pages be stored? Set by spm_budget_set_gate(). Every store reads it
 *	without the lock.
 * @fresh_until: jiffies at which the last reading is too old. As @gate.
 * @logical_bytes: what the node advertises. Constant.
 * @nid: the node, for traces. Constant.
 * @lock: guards all members
 * @granted: pages that were admitted, or may be as CPUs have credit for them
 * @limit_bytes: what the device may hold at most
 * @limit: what @granted may rise to
 * @uncovered: @limit_bytes has fallen, and @granted is above @limit since
 * @base: pages that were surely in @reading
 * @reading: the last one that was good; physical_bytes 0 before the first
 * @stopped_ns: when the hard stop began, or was confirmed last
 * @nr_snapshots: number of snapshots taken
 * @snapshot: the last ones; number i is at i % SPM_NR_SNAPSHOTS
 * @knobs: the administrator's
 */
struct spm_budget {
	enum spm_gate gate;
	unsigned long fresh_until;
	u64 logical_bytes;
	int nid;

	spinlock_t lock;		/* all members */
	u64 granted;
	u64 limit_bytes;
	u64 limit;
	bool uncovered;
	u64 base;
	struct spm_telemetry reading;
	u64 stopped_ns;
	unsigned int nr_snapshots;
	struct spm_snapshot snapshot[SPM_NR_SNAPSHOTS];
	struct spm_knobs knobs;
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

/* node.c */
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

/* order.c */

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

extern struct spm_order __rcu *spm_orders[MAX_NUMNODES];

/**
 * spm_order_get() - SPM nodes by distance
 * @nid: NUMA node that the pages come from
 *
 * Context: Under RCU, which the result is valid in.
 * Return: the order, NULL if no SPM node takes pages.
 */
static inline const struct spm_order *spm_order_get(int nid)
{
	return rcu_dereference(spm_orders[nid]);
}

int spm_order_rebuild(void);

/* alloc.c */
struct folio *spm_alloc_unadmitted(int nid);
struct folio *spm_alloc_probed(int nid, unsigned int order);
bool spm_takes_tasks(int nid, bool wanted);
bool spm_move_admit(struct spm_node *to, const struct spm_node *from, long nr);

#ifdef CONFIG_FAULT_INJECTION_DEBUG_FS
void spm_fault_debugfs_init(struct dentry *dir);
#else
static inline void spm_fault_debugfs_init(struct dentry *dir) {}
#endif

/* evacuate.c */
int spm_evacuate(struct spm_node *node);

/* users.c */
int spm_users_writeback(struct folio *folio);
unsigned long spm_users_relieve(int nid, unsigned long nr, enum spm_relief relief);

/* budget.c */
extern const char *const spm_gate_names[NR_SPM_GATES];
extern const struct spm_knobs spm_knobs_default;

void spm_budget_init(struct spm_budget *budget, int nid, u64 logical_bytes);
void spm_budget_snapshot(struct spm_budget *budget, u64 written, u64 now_ns);
int spm_budget_reading(struct spm_budget *budget,
		       const struct spm_telemetry *reading, u64 now_ns,
		       unsigned long now);
void spm_budget_stop(struct spm_budget *budget, enum spm_gate gate, u64 now_ns);
void spm_budget_expire(struct spm_budget *budget, u64 now_ns, unsigned long now);
unsigned int spm_budget_grant(struct spm_budget *budget);
void spm_budget_take_back(struct spm_budget *budget, u64 nr);
void spm_budget_get(struct spm_budget *budget, struct spm_budget *copy);
u64 spm_budget_bound_bytes(struct spm_budget *budget);
u64 spm_budget_deficit_bytes(struct spm_budget *budget);
int spm_budget_set_knobs(struct spm_budget *budget, const struct spm_knobs *knobs);
void spm_budget_marks(struct spm_budget *budget, u64 *low_bytes, u64 *high_bytes);

/**
 * spm_budget_stopped() - must no page be stored, whatever credit there is?
 * @budget: the budget
 * @now: jiffies
 *
 * Looks at the age of the reading itself: the worker that should notice may
 * be the very thing that does not run.
 *
 * Return: true if the gate is stopped, or the last reading too old.
 */
static inline bool spm_budget_stopped(const struct spm_budget *budget,
				      unsigned long now)
{
	/* READ_ONCE: both are written under the lock, which is not for stores. */
	return READ_ONCE(budget->gate) > SPM_GATE_TARGET ||
	       time_after(now, READ_ONCE(budget->fresh_until));
}

/* control.c */
void spm_control_init(struct spm_node *node);
void spm_control_start(struct spm_node *node);
void spm_control_stop(struct spm_node *node);
void spm_control_run(struct spm_node *node);
void spm_control_kick(struct spm_node *node);
void spm_control_trim_soon(struct spm_node *node);
bool spm_admit_slow(struct spm_node *node, long nr);
bool spm_admit_stopped(struct spm_node *node);

/**
 * spm_admit() - may so many more pages be written to a node?
 * @node: the node
 * @nr: how many
 *
 * If so, the caller writes them, and calls spm_written() afterwards, whatever it
 * has written; or gives them back with spm_unadmit().
 *
 * Context: Any. The node is kept from going away.
 * Return: true if the pages fit, even if they don't compress. If not, that is
 * counted.
 */
static inline bool spm_admit(struct spm_node *node, long nr)
{
	if (!node->budgeted)		/* READ_ONCE: vs spm_notify() */
		return likely(!READ_ONCE(node->removed)) ||
		       spm_admit_stopped(node);
	if (unlikely(spm_budget_stopped(&node->budget, jiffies)))
		return spm_admit_stopped(node);
	if (likely(this_cpu_sub_return(node->cpu->credit, nr) >= 0))
		return true;
	return spm_admit_slow(node, nr);
}

/* The pages that were admitted are not going to be written. */
static inline void spm_unadmit(struct spm_node *node, long nr)
{
	if (node->budgeted)
		this_cpu_add(node->cpu->credit, nr);
}

/* trim.c */
void spm_trim_defer(struct spm_node *node, struct folio *folio);
bool spm_trim(struct spm_node *node);
void spm_trim_flush(struct spm_node *node);

/* stats.c */
extern const char *const spm_stat_names[NR_SPM_STATS];

static inline void spm_stat_add(struct spm_node *node, enum spm_stat stat,
				long delta)
{
	this_cpu_add(node->cpu->count[stat], delta);
}

static inline void spm_stat_inc(struct spm_node *node, enum spm_stat stat)
{
	this_cpu_inc(node->cpu->count[stat]);
}

/* For providers that can't see a write by themselves. */
static inline void spm_tell_written(struct spm_node *node, unsigned long pfn,
				    long nr)
{
	if (!node->written)
		return;
	for (; nr; pfn++, nr--)
		node->written(node, pfn);
}

/**
 * spm_written() - a folio that spm_admit() admitted has been written
 * @node: the node
 * @folio: the folio
 * @stat: as what it counts: SPM_STAT_STORED, SPM_STAT_MOVED, SPM_STAT_DEMOTED or
 *	SPM_STAT_REFUSED_POISON
 */
static inline void spm_written(struct spm_node *node, struct folio *folio,
			       enum spm_stat stat)
{
	long nr = folio_nr_pages(folio);

	spm_tell_written(node, folio_pfn(folio), nr);
	/* Written first, counted then. Pairs with smp_rmb() in spm_take_reading(). */
	smp_wmb();
	spm_stat_add(node, stat, nr);
}

void spm_refuse(struct spm_node *node, enum spm_stat stat);
void spm_refuse_no_node(void);
unsigned long spm_refused_no_node(void);
unsigned long spm_stat_read(const struct spm_node *node, enum spm_stat stat);
unsigned long spm_stat_total(enum spm_stat stat);
u64 spm_node_written(const struct spm_node *node);
void spm_stats_retire(const struct spm_node *node);

/* mapped.c, demote.c, vmscan.c, check.c */
#ifdef CONFIG_SPM_MAPPED
unsigned long spm_mapped_relieve(struct spm_node *node, unsigned long nr,
				 enum spm_relief relief);
struct folio *spm_mapped_new_folio(struct folio *src);
bool spm_mapped_lose(struct spm_node *node);
bool spm_mapped_forget(struct page *page);
void spm_mapped_drain(void);
extern const struct attribute_group spm_demote_attr_group;
void spm_demote_debugfs_init(struct dentry *dir);
void spm_mapped_debugfs_init(struct dentry *dir);
#else
static inline unsigned long spm_mapped_relieve(struct spm_node *node,
					       unsigned long nr,
					       enum spm_relief relief)
{
	return 0;
}

static inline struct folio *spm_mapped_new_folio(struct folio *src)
{
	return NULL;
}

static inline bool spm_mapped_lose(struct spm_node *node)
{
	return false;
}

static inline bool spm_mapped_forget(struct page *page)
{
	return false;
}

static inline void spm_mapped_drain(void)
{
}

static inline void spm_demote_debugfs_init(struct dentry *dir)
{
}

static inline void spm_mapped_debugfs_init(struct dentry *dir)
{
}
#endif

#ifdef CONFIG_SPM_DEBUG
void spm_check_init(struct dentry *dir);
#else
static inline void spm_check_init(struct dentry *dir)
{
}
#endif

#if defined(CONFIG_SPM_MAPPED) && defined(CONFIG_MEMCG)
bool spm_memcg_may_demote(struct folio *folio);
bool spm_memcg_may_promote(struct folio *folio);
#else
static inline bool spm_memcg_may_demote(struct folio *folio)
{
	return true;
}

static inline bool spm_memcg_may_promote(struct folio *folio)
{
	return true;
}
#endif

/* sysfs.c */
int spm_sysfs_add(struct spm_node *node);
void spm_sysfs_del(struct spm_node *node);

#endif /* _SPM_CORE_H */
