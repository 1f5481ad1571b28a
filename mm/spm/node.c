// SPDX-License-Identifier: GPL-2.0
/*
 * SPM nodes: registration and unregistration
 *
 * A provider hands over memory of a NUMA node that has none yet; else it gets a spare
 * one, see spare.c. The node is
 * marked in spm_nodes first, so that from the first page on the hooks keep it
 * out of zonelists and totals; then its memory is hot-added, and onlined in
 * ZONE_MOVABLE. Whatever fails, all of it is undone. Where that fails as well, the
 * node stays marked, so that nobody gets its memory, and is tried to be taken away
 * again when somebody registers the node the next time.
 *
 * Unregistering goes the other way: close, evacuate, offline, remove, unmark.
 * It can fail as long as there is data that can't be moved, or memory that can't be
 * offlined; the node then reopens, and works as before.
 *
 * This is not a memory allocator (see alloc.c), and knows nothing about
 * what is in the pages.
 *
 * For locking see node.h.
 */
#define pr_fmt(fmt) "spm: " fmt

#include <linux/align.h>
#include <linux/build_bug.h>
#include <linux/cache.h>
#include <linux/export.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spm.h>
#include <trace/events/spm.h>

#include "control.h"
#include "debugfs.h"
#include "evacuate.h"
#include "flush.h"
#include "node.h"
#include "order.h"
#include "power.h"
#include "range.h"
#include "stats.h"
#include "sysfs.h"
#include "task.h"

/* One registration or unregistration at a time; see node.h. */
DEFINE_MUTEX(spm_mutex);

/*
 * There may be SPM nodes, or pools that store to them. Counts both. For modules that
 * read global counters, too.
 */
DEFINE_STATIC_KEY_FALSE(spm_key);
EXPORT_SYMBOL(spm_key);

/*
 * Nodes that are SPM, from before their first memory is added until after
 * their last is removed. Written under device_hotplug_lock.
 */
nodemask_t spm_nodes;
EXPORT_SYMBOL(spm_nodes);

/* Registered nodes by id. Written under spm_mutex, read under RCU. */
struct spm_node __rcu *spm_table[MAX_NUMNODES];

/*
 * What is left of nodes that could neither be registered nor be taken away again.
 * They are in spm_nodes, but not in spm_table. Under spm_mutex.
 */
static struct spm_node *spm_leftover[MAX_NUMNODES];

/* What each store reads is on no cache line that others write all the time. */
#ifdef CONFIG_SMP
static_assert(offsetof(struct spm_node, wanted) / SMP_CACHE_BYTES >
	      offsetof(struct spm_node, budget.fresh_until) / SMP_CACHE_BYTES);
static_assert(offsetof(struct spm_node, budget.lock) / SMP_CACHE_BYTES >
	      offsetof(struct spm_node, budget.fresh_until) / SMP_CACHE_BYTES);
static_assert(offsetof(struct spm_node, budget.gate) / SMP_CACHE_BYTES >
	      offsetof(struct spm_node, yields) / SMP_CACHE_BYTES);
#endif

/**
 * spm_hooks_get() - someone uses SPM, with or without a node
 *
 * Makes spm_active() true until spm_hooks_put().
 *
 * Context: Process context. May sleep.
 */
void spm_hooks_get(void)
{
	static_branch_inc(&spm_key);
}
EXPORT_SYMBOL_GPL(spm_hooks_get);

/**
 * spm_hooks_put() - undo spm_hooks_get()
 *
 * Context: Process context. May sleep.
 */
void spm_hooks_put(void)
{
	static_branch_dec(&spm_key);
}
EXPORT_SYMBOL_GPL(spm_hooks_put);

/**
 * __spm_zone_page_state() - what SPM nodes add to a global counter
 * @item: enum zone_stat_item
 *
 * Context: Any.
 * Return: sum over the zones of all SPM nodes.
 */
unsigned long __spm_zone_page_state(int item)
{
	unsigned long sum = 0;
	int nid;

	/* A node that is just unmarked had no pages: no lock is needed. */
	for_each_node_mask(nid, spm_nodes)
		sum += sum_zone_node_page_state(nid, item);
	return sum;
}
EXPORT_SYMBOL(__spm_zone_page_state);

/**
 * spm_counts_events() - does a counter of node pages count what has happened?
 * @item: enum node_stat_item
 *
 * Context: Any.
 * Return: true if it does; false if it counts pages that are there.
 */
bool spm_counts_events(int item)
{
	switch (item) {
	case WORKINGSET_REFAULT_BASE ... WORKINGSET_NODERECLAIM:
	case NR_VMSCAN_WRITE ... NR_THROTTLED_WRITTEN:
	case NR_FOLL_PIN_ACQUIRED ... NR_FOLL_PIN_RELEASED:
#ifdef CONFIG_NUMA_BALANCING
	case PGPROMOTE_SUCCESS ... PGPROMOTE_CANDIDATE:
#endif
	case PGDEMOTE_KSWAPD ... PGDEMOTE_KHUGEPAGED:
		return true;
	}
	return false;
}

/**
 * __spm_node_page_state() - what SPM nodes add to a global counter of node pages
 * @item: enum node_stat_item
 *
 * Events are left in: they have happened, and their number must not change when a node
 * comes or goes.
 *
 * Context: Any.
 * Return: sum over all SPM nodes.
 */
long __spm_node_page_state(int item)
{
	long sum = 0;
	int nid;

	if (spm_counts_events(item))
		return 0;
	for_each_node_mask(nid, spm_nodes)	/* see __spm_zone_page_state() */
		sum += atomic_long_read(&NODE_DATA(nid)->vm_stat[item]);
	return sum;
}
EXPORT_SYMBOL(__spm_node_page_state);

/**
 * spm_node_priv() - provider's private data
 * @node: node that the provider registered
 *
 * Context: Any.
 * Return: what the provider passed to spm_register_node().
 */
void *spm_node_priv(const struct spm_node *node)
{
	return node->priv;
}
EXPORT_SYMBOL_GPL(spm_node_priv);

/**
 * spm_node_nid() - NUMA node id of an SPM node
 * @node: node that the provider registered
 *
 * Context: Any.
 * Return: the id.
 */
int spm_node_nid(const struct spm_node *node)
{
	return node->nid;
}
EXPORT_SYMBOL_GPL(spm_node_nid);

/**
 * spm_node_capacity_pages() - pages that a node has online
 * @node: the node
 *
 * Return: number of pages, in use or not.
 */
unsigned long spm_node_capacity_pages(const struct spm_node *node)
{
	return zone_managed_pages(&NODE_DATA(node->nid)->node_zones[ZONE_MOVABLE]);
}

/* ---- A new node ---- */

static bool spm_range_valid(const struct range *range)
{
	u64 align = memory_block_size_bytes();

	return range->start < range->end && IS_ALIGNED(range->start, align) &&
	       IS_ALIGNED(range->end + 1, align);
}

static bool spm_ranges_overlap(const struct range *a, const struct range *b)
{
	return a->start <= b->end && b->start <= a->end;
}

static bool spm_nid_possible(int nid)
{
	return nid >= 0 && nid < MAX_NUMNODES && node_possible(nid);
}

static int spm_provider_check(const struct spm_provider *provider)
{
	int i, j;

	if (!provider->name || provider->nr_ranges < 1 || !provider->ranges)
		return -EINVAL;

	if (!spm_nid_possible(provider->nid) && nodes_empty(spm_spare_nodes)) {
		pr_err("%s: node %d is not possible\n", provider->name,
		       provider->nid);
		return -EINVAL;
	}

	if (provider->ops && provider->ops->read && !provider->coherent &&
	    !SPM_CAN_FLUSH) {
		pr_err("%s: telemetry of a device that is not coherent, and this architecture can't write back its lines\n",
		       provider->name);
		return -EOPNOTSUPP;
	}

	for (i = 0; i < provider->nr_ranges; i++) {
		const struct range *range = &provider->ranges[i];

		if (!spm_range_valid(range)) {
			pr_err("%s: %#llx-%#llx is not aligned to %#lx\n",
			       provider->name, range->start, range->end,
			       memory_block_size_bytes());
			return -EINVAL;
		}
		for (j = 0; j < i; j++) {
			if (spm_ranges_overlap(range, &provider->ranges[j])) {
				pr_err("%s: %#llx-%#llx overlaps another range\n",
				       provider->name, range->start, range->end);
				return -EINVAL;
			}
		}
	}
	return 0;
}

static void spm_node_free(struct kref *ref)
{
	struct spm_node *node = container_of(ref, struct spm_node, ref);

	free_percpu(node->cpu);
	kfree_const(node->name);
	kfree(node);
}

/**
 * spm_node_put() - give back a reference to a node
 * @node: the node, which may be gone afterwards
 *
 * Context: Process context. May sleep.
 */
void spm_node_put(struct spm_node *node)
{
	kref_put(&node->ref, spm_node_free);
}

static struct spm_node *spm_node_new(const struct spm_provider *provider)
{
	struct spm_node *node;
	int i;

	/* kmalloc() aligns to the largest power of two that divides the size. */
	node = kzalloc(ALIGN(struct_size(node, ranges, provider->nr_ranges),
			     SMP_CACHE_BYTES), GFP_KERNEL);
	if (!node)
		return NULL;

	kref_init(&node->ref);
	init_completion(&node->lost);
	node->nr_ranges = provider->nr_ranges;
	for (i = 0; i < provider->nr_ranges; i++)
		node->ranges[i].range = provider->ranges[i];
	node->nid = NUMA_NO_NODE;
	node->firmware_nid = provider->nid;
	node->dev = provider->dev;
	node->ops = provider->ops;
	node->priv = provider->priv;
	node->owner = provider->owner;

	/* Shown in /proc/iomem, perhaps longer than the provider's module lives. */
	node->name = kstrdup_const(provider->name, GFP_KERNEL);
	node->cpu = alloc_percpu(struct spm_cpu);
	if (!node->name || !node->cpu) {
		spm_node_put(node);
		return NULL;
	}
	spm_control_init(node);
	node->flushes = node->budgeted && !provider->coherent;
	return node;
}

static void spm_node_set_nid(struct spm_node *node, int nid)
{
	node->nid = nid;
	node->budget.nid = nid;
	node->zonerefs[0].zone = &NODE_DATA(nid)->node_zones[ZONE_MOVABLE];
	node->zonerefs[0].zone_idx = ZONE_MOVABLE;
}

static int spm_block_on_node(struct memory_block *mem, void *arg)
{
	return mem->nid == *(int *)arg ? -EBUSY : 0;
}

/* Make it an SPM node if it has no memory, not even offline. */
static int spm_node_mark(struct spm_node *node)
{
	int rc;

	lock_device_hotplug();
	rc = for_each_memory_block(&node->nid, spm_block_on_node);
	if (!rc && NODE_DATA(node->nid)->node_present_pages)
		rc = -EBUSY;
	if (!rc)
		node_set(node->nid, spm_nodes);
	unlock_device_hotplug();
	return rc;
}

static void spm_node_unmark(struct spm_node *node)
{
	lock_device_hotplug();
	node_clear(node->nid, spm_nodes);
	unlock_device_hotplug();
}

static void spm_node_update_orders(const struct spm_node *node)
{
	if (spm_order_rebuild())
		pr_warn("node %d: out of memory, some CPUs do without SPM\n",
			node->nid);
}

/**
 * spm_node_close() - have a node take no more pages
 * @node: the node
 *
 * Context: Under spm_mutex. Waits until nobody is taking a page any more.
 */
void spm_node_close(struct spm_node *node)
{
	/* Pairs with READ_ONCE in spm_move_admit(). */
	WRITE_ONCE(node->closing, true);
	spm_node_update_orders(node);
}

/**
 * spm_node_open() - have a node take pages, for the first time or again
 * @node: the node; if it was abandoned, it takes none
 *
 * Context: Under spm_mutex.
 */
void spm_node_open(struct spm_node *node)
{
	WRITE_ONCE(node->closing, node->abandoned);	/* as in spm_node_close() */
	spm_node_update_orders(node);
}

static void spm_node_unpublish(struct spm_node *node)
{
	RCU_INIT_POINTER(spm_table[node->nid], NULL);
	synchronize_rcu();
}

/*
 * Undo what a registration has done to a node that it has marked. The node is ours
 * from here on. Return: 0, or -errno if it is kept for another try.
 */
static int spm_node_discard(struct spm_node *node)
{
	int rc;

	lockdep_assert_held(&spm_mutex);

	rc = spm_ranges_undo_add(node);
	if (rc) {
		pr_err("node %d: can't take its memory away again (%d): it stays, for nobody to use, until the node is registered anew\n",
		       node->nid, rc);
		node->ops = NULL;	/* the provider may go */
		node->priv = NULL;
		spm_leftover[node->nid] = node;
		return rc;
	}
	spm_leftover[node->nid] = NULL;
	spm_node_unmark(node);
	spm_hooks_put();
	spm_node_put(node);
	return 0;
}

/* ---- Taking away ---- */

/* Take away the memory of a node that is empty, and with it what is in sysfs. */
static int spm_node_depopulate(struct spm_node *node)
{
	int rc;

	lock_device_hotplug();
	rc = spm_ranges_offline(node);
	if (!rc) {
		/* Not earlier, as it can't be undone for sure. */
		spm_sysfs_del(node);
		spm_debugfs_del(node);
		spm_ranges_remove(node);
	}
	unlock_device_hotplug();
	return rc;
}

static int spm_node_empty(struct spm_node *node)
{
	int rc;

	spm_node_close(node);
	rc = spm_evacuate(node);
	if (rc)
		goto err_reopen;

	/* What is not trimmed is not free, so it could not be offlined. */
	rc = spm_control_stop(node);
	if (rc)
		goto err_reopen;
	rc = spm_node_depopulate(node);
	if (rc)
		goto err_control;
	return 0;

err_control:
	spm_control_start(node);
err_reopen:
	spm_task_undo();
	spm_node_open(node);
	return rc;
}

/* Return: 0, and it is in no table any more; or -errno, and it is as it was. */
static int spm_node_take_away(struct spm_node *node)
{
	int rc;

	lockdep_assert_held(&spm_mutex);

	rc = spm_node_empty(node);
	if (rc)
		return rc;
	spm_node_unpublish(node);
	spm_stats_retire(node);
	spm_node_unmark(node);
	complete_all(&node->lost);
	return 0;
}

/* ---- Registration ---- */

/*
 * Is nothing there of a node with this id? If only something left over, or without a
 * provider, try again to take it away.
 */
static int spm_node_check_unused(int nid)
{
	struct spm_node *node = spm_registered(nid);

	if (spm_leftover[nid] && spm_node_discard(spm_leftover[nid]))
		return -EEXIST;
	if (node && node->abandoned && !spm_node_take_away(node)) {
		pr_info("node %d is gone, which had no provider\n", nid);
		spm_hooks_put();
		spm_node_put(node);
	}
	return node_isset(nid, spm_nodes) ? -EEXIST : 0;
}

/* Return: 0; -EEXIST if it is an SPM node already; -EBUSY if it has ordinary memory. */
static int spm_node_try(struct spm_node *node, int nid)
{
	int rc = spm_node_check_unused(nid);

	if (rc)
		return rc;
	spm_node_set_nid(node, nid);
	return spm_node_mark(node);
}

static int spm_node_try_spare(struct spm_node *node)
{
	int nid;

	for_each_node_mask(nid, spm_spare_nodes)
		if (!spm_node_try(node, nid))
			return 0;
	return -EBUSY;
}

/* Mark the NUMA node that firmware has the memory in, or if that is taken a spare one. */
static int spm_node_claim(struct spm_node *node)
{
	int nid = node->firmware_nid, rc = -EINVAL, spare;

	/* What is left of the same memory would be in the way, whatever its id is. */
	for_each_node_mask(spare, spm_spare_nodes)
		spm_node_check_unused(spare);
	if (spm_nid_possible(nid))
		rc = spm_node_try(node, nid);
	if (!rc)
		return 0;
	if (!spm_node_try_spare(node)) {
		pr_info("%s: node %d instead of node %d\n", node->name, node->nid, nid);
		return 0;
	}
	pr_err("%s: node %d %s, and no spare node is left: boot with spm_spare_nodes=%d\n",
	       node->name, nid, rc == -EBUSY ? "has ordinary memory" :
				rc == -EEXIST ? "is an SPM node already" :
						"is not possible",
	       nodes_weight(spm_spare_nodes) + 1);
	return -EBUSY;
}

/* With a node that is marked. Return: 0 or -errno, with all of it to be undone. */
static int spm_node_populate(struct spm_node *node)
{
	int rc;

	rc = spm_ranges_add(node);
	if (rc)
		return rc;

	/* In spm_table before it is in sysfs, whose files look it up there. */
	rcu_assign_pointer(spm_table[node->nid], node);
	rc = spm_sysfs_add(node);
	if (rc) {
		spm_node_unpublish(node);
		return rc;
	}

	spm_debugfs_add(node);
	spm_control_start(node);
	spm_node_open(node);
	return 0;
}

/* Takes over the node, which is gone if this fails, or kept for later. */
static int spm_node_register(struct spm_node *node)
{
	int rc;

	guard(mutex)(&spm_mutex);

	if (spm_hibernating()) {
		rc = -EBUSY;
		goto err_destroy;
	}

	/* The hooks first: what they keep out must not slip in before them. */
	spm_hooks_get();
	rc = spm_node_claim(node);
	if (rc)
		goto err_hooks;

	rc = spm_node_populate(node);
	if (rc)
		spm_node_discard(node);
	return rc;

err_hooks:
	spm_hooks_put();
err_destroy:
	spm_node_put(node);
	return rc;
}

static int spm_node_register_call(void *node)
{
	return spm_node_register(node);
}

/**
 * spm_register_node() - make an SPM node of a provider's memory
 * @provider: what the node is made of; not needed any more afterwards
 *
 * The provider must own the ranges, and keep them working until
 * spm_unregister_node() has succeeded.
 *
 * Context: Process context. May sleep, whatever signals come. Takes spm_mutex and
 * the memory hotplug locks.
 * Return: the node, or an ERR_PTR with everything as it was before: -EINVAL if
 * the description makes no sense (no name, no ranges, not aligned, overlapping,
 * node id not possible), -EOPNOTSUPP if its telemetry would not know what is in caches,
 * -EBUSY if the node has memory already or belongs to somebody else and there is no spare
 * one, if a range is in use, or while the machine hibernates, -ENODEV if
 * the provider's module is going away, -ENOMEM. Should memory that was added before
 * something failed not go away again, then nobody gets it, the kernel log says so,
 * and the next attempt for this node tries again.
 */
struct spm_node *spm_register_node(const struct spm_provider *provider)
{
	struct spm_node *node;
	int rc;

	rc = spm_provider_check(provider);
	if (rc)
		return ERR_PTR(rc);

	if (!try_module_get(provider->owner))
		return ERR_PTR(-ENODEV);

	node = spm_node_new(provider);
	if (!node) {
		rc = -ENOMEM;
		goto err_module;
	}

	rc = spm_task_call(spm_node_register_call, node, false);
	trace_spm_register(rc ? provider->nid : node->nid,
			   rc ? 0 : spm_node_capacity_pages(node), rc);
	if (rc)
		goto err_module;

	pr_info("node %d: %lu MiB from %s\n", node->nid,
		spm_node_capacity_pages(node) >> (20 - PAGE_SHIFT), node->name);
	return node;

err_module:
	module_put(provider->owner);
	return ERR_PTR(rc);
}
EXPORT_SYMBOL_GPL(spm_register_node);

/**
 * struct spm_unregistration - arguments and results of unregistering a node
 * @node: the node
 * @used: set to how many pages are still in use
 */
struct spm_unregistration {
	struct spm_node *node;
	unsigned long used;
};

static int spm_node_unregister_call(void *arg)
{
	struct spm_unregistration *u = arg;
	struct spm_node *node = u->node;
	int rc;

	guard(mutex)(&spm_mutex);

	rc = spm_hibernating() ? -EBUSY : spm_node_take_away(node);
	u->used = spm_stat_read(node, SPM_STAT_USED);
	return rc;
}

/**
 * spm_unregister_node() - take an SPM node away
 * @node: node from spm_register_node(); gone if this succeeds
 *
 * Moves all that is stored there to other SPM nodes, or has its user write it
 * back to the swap device. May take long, and ends early if the caller is killed;
 * other signals wait until it is over.
 *
 * Context: Process context. May sleep. Takes spm_mutex and the memory hotplug
 * locks. The caller must hold no lock that reclaim or swapping may need.
 * Return: 0. Or -EBUSY if there is data that can't be moved, or while the machine
 * hibernates, -EINTR, -ENOMEM, -ETIMEDOUT if an operation of the provider's does not end:
 * then the node is as it was, and so is all that is stored there.
 */
int spm_unregister_node(struct spm_node *node)
{
	struct spm_unregistration u = {
		.node = node,
		.used = spm_stat_read(node, SPM_STAT_USED),
	};
	struct module *owner = node->owner;
	int nid = node->nid;
	int rc;

	rc = spm_task_call(spm_node_unregister_call, &u, true);
	trace_spm_unregister(nid, u.used, rc);
	if (rc) {
		pr_warn("node %d stays: %lu pages are still in use (%d)\n",
			nid, u.used, rc);
		return rc;
	}

	pr_info("node %d is gone\n", nid);
	spm_hooks_put();
	if (node->ops && node->ops->release)
		node->ops->release(node);
	spm_node_put(node);
	module_put(owner);
	return 0;
}
EXPORT_SYMBOL_GPL(spm_unregister_node);

/*
 * Have nobody use the provider any more, who is about to go. Return: its module, if that
 * may go as well.
 */
static struct module *spm_node_abandon(struct spm_node *node)
{
	struct module *owner = node->owner;
	int rc;

	guard(mutex)(&spm_mutex);

	/* They say so where nodes are opened, and to sysfs. */
	WRITE_ONCE(node->abandoned, true);
	spm_node_close(node);
	spm_sysfs_forget_device(node);
	spm_budget_stop(&node->budget, SPM_GATE_ABANDONED, ktime_get_ns());

	rc = spm_control_stop(node);
	WRITE_ONCE(node->ops, NULL);		/* see where it is read under RCU */
	WRITE_ONCE(node->written, NULL);
	node->owner = NULL;
	synchronize_rcu();
	if (rc) {
		pr_err("node %d: an operation of %s does not end, which must stay loaded\n",
		       node->nid, node->name);
		return NULL;
	}
	/* What is freed from now on is overwritten by the kernel. */
	spm_control_start(node);
	return owner;
}

/**
 * spm_abandon_node() - take an SPM node away, or have it stay without a provider
 * @node: node from spm_register_node(), which the provider must not use any more
 *
 * For remove operations of drivers, which can't fail. Unregisters the node, if that can
 * be done. Else the node stays, closed: what is there can be read, and moved away, as
 * long as the memory works, but nothing is stored. Who registers a node with this id
 * the next time has the kernel try again to take it away.
 *
 * No operation begins after this returns. One that did not end within ten seconds may
 * still run, which the kernel log says; then the provider's module stays loaded for good.
 *
 * Context: Process context. May sleep. As spm_unregister_node().
 */
void spm_abandon_node(struct spm_node *node)
{
	const struct spm_ops *ops = node->ops;
	struct module *owner;

	if (!spm_unregister_node(node))
		return;
	pr_err("node %d stays without a driver, with %lu pages: free them, and bind the device again to take it away\n",
	       node->nid, spm_stat_read(node, SPM_STAT_USED));
	/* As soon as it is abandoned, somebody else may take it away. */
	kref_get(&node->ref);
	owner = spm_node_abandon(node);
	if (ops && ops->release)
		ops->release(node);
	spm_node_put(node);
	module_put(owner);
}
EXPORT_SYMBOL_GPL(spm_abandon_node);
