// SPDX-License-Identifier: GPL-2.0
/*
 * SPM nodes: registration and unregistration
 *
 * A provider hands over memory of a NUMA node that has none yet. The node is
 * marked in spm_nodes first, so that from the first page on the hooks keep it
 * out of zonelists and totals; then its memory is hot-added, and onlined in
 * ZONE_MOVABLE. Whatever fails, all of it is undone.
 *
 * Unregistering goes the other way: close, evacuate, offline and remove, unmark.
 * It can fail as long as there is data that can't be moved; the node then
 * reopens, and works as before.
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
#include <linux/ioport.h>
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
#include "node.h"
#include "order.h"
#include "stats.h"
#include "sysfs.h"

/* What each store reads is on no cache line that others write all the time. */
#ifdef CONFIG_SMP
static_assert(offsetof(struct spm_node, wanted) / SMP_CACHE_BYTES >
	      offsetof(struct spm_node, budget.fresh_until) / SMP_CACHE_BYTES);
static_assert(offsetof(struct spm_node, budget.lock) / SMP_CACHE_BYTES >
	      offsetof(struct spm_node, budget.fresh_until) / SMP_CACHE_BYTES);
static_assert(offsetof(struct spm_node, budget.gate) / SMP_CACHE_BYTES >
	      offsetof(struct spm_node, yields) / SMP_CACHE_BYTES);
#endif

#define SPM_RESOURCE_NAME "System RAM (spm)"

DEFINE_STATIC_KEY_FALSE(spm_key);
EXPORT_SYMBOL(spm_key);		/* for modules that read global counters */

/*
 * Nodes that are SPM, from before their first memory is added until after
 * their last is removed. Written under device_hotplug_lock.
 */
nodemask_t spm_nodes;
EXPORT_SYMBOL(spm_nodes);

/* One registration or unregistration at a time; see node.h. */
DEFINE_MUTEX(spm_mutex);

/* Registered nodes by id. Written under spm_mutex, read under RCU. */
struct spm_node __rcu *spm_table[MAX_NUMNODES];

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
 * __spm_node_page_state() - what SPM nodes add to a global counter of node pages
 * @item: enum node_stat_item
 *
 * Context: Any.
 * Return: sum over all SPM nodes.
 */
long __spm_node_page_state(int item)
{
	long sum = 0;
	int nid;

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

/* ---- Memory ranges ---- */

static struct resource *spm_range_reserve(const struct spm_node *node,
					  const struct range *range)
{
	struct resource *res;

	res = request_mem_region(range->start, range_len(range), node->name);
	if (res)
		/* Not busy, so that memory hotplug can add its own below. */
		res->flags = IORESOURCE_SYSTEM_RAM;
	return res;
}

static void spm_range_release(struct resource *res)
{
	remove_resource(res);
	kfree(res);
}

static int spm_block_online(struct memory_block *mem, void *arg)
{
	int rc;

	mem->online_type = MMOP_ONLINE_MOVABLE;
	rc = device_online(&mem->dev);
	return rc < 0 ? rc : 0;		/* 1: a udev rule was faster */
}

static int spm_range_online(const struct range *range)
{
	int rc;

	lock_device_hotplug();
	rc = walk_memory_blocks(range->start, range_len(range), NULL,
				spm_block_online);
	unlock_device_hotplug();
	return rc;
}

static int spm_range_remove(const struct spm_node *node, struct spm_range *r)
{
	int rc = offline_and_remove_memory(r->range.start, range_len(&r->range));

	if (rc) {
		pr_err("node %d: can't remove %#llx-%#llx: %d\n", node->nid,
		       r->range.start, r->range.end, rc);
		return rc;
	}
	spm_range_release(r->res);
	r->res = NULL;
	return 0;
}

static int spm_range_add(const struct spm_node *node, struct spm_range *r)
{
	const struct range *range = &r->range;
	int rc;

	r->res = spm_range_reserve(node, range);
	if (!r->res) {
		pr_err("node %d: %#llx-%#llx is in use, see /proc/iomem\n",
		       node->nid, range->start, range->end);
		return -EBUSY;
	}

	rc = add_memory_driver_managed(node->nid, range->start, range_len(range),
				       SPM_RESOURCE_NAME, MHP_SPM);
	if (rc) {
		pr_err("node %d: can't add %#llx-%#llx: %d\n", node->nid,
		       range->start, range->end, rc);
		spm_range_release(r->res);
		r->res = NULL;
		return rc;
	}

	rc = spm_range_online(range);
	if (rc) {
		pr_err("node %d: can't online %#llx-%#llx: %d\n", node->nid,
		       range->start, range->end, rc);
		spm_range_remove(node, r);
	}
	return rc;
}

static void spm_ranges_undo_add(struct spm_node *node)
{
	int i;

	/* Nobody has had a page yet, so there is nothing to keep it from going. */
	for (i = node->nr_ranges - 1; i >= 0; i--)
		if (node->ranges[i].res)
			spm_range_remove(node, &node->ranges[i]);
}

static int spm_ranges_add(struct spm_node *node)
{
	int i, rc;

	for (i = 0; i < node->nr_ranges; i++) {
		rc = spm_range_add(node, &node->ranges[i]);
		if (rc) {
			spm_ranges_undo_add(node);
			return rc;
		}
	}
	return 0;
}

static int spm_ranges_remove(struct spm_node *node)
{
	int i, rc;

	for (i = 0; i < node->nr_ranges; i++) {
		rc = spm_range_remove(node, &node->ranges[i]);
		if (rc)
			goto undo;
	}
	return 0;

undo:
	while (--i >= 0)
		if (spm_range_add(node, &node->ranges[i]))
			pr_err("node %d: lost %#llx bytes of capacity\n",
			       node->nid, range_len(&node->ranges[i].range));
	return rc;
}

/* ---- Registration ---- */

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

static int spm_provider_check(const struct spm_provider *provider)
{
	int i, j;

	if (!provider->name || provider->nr_ranges < 1 || !provider->ranges)
		return -EINVAL;

	if (provider->nid < 0 || provider->nid >= MAX_NUMNODES ||
	    !node_possible(provider->nid)) {
		pr_err("%s: node %d is not possible\n", provider->name,
		       provider->nid);
		return -EINVAL;
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

static struct spm_node *spm_node_new(const struct spm_provider *provider)
{
	struct spm_node *node;
	int i;

	/* kmalloc() aligns to the largest power of two that divides the size. */
	node = kzalloc(ALIGN(struct_size(node, ranges, provider->nr_ranges),
			     SMP_CACHE_BYTES), GFP_KERNEL);
	if (!node)
		return NULL;

	node->nr_ranges = provider->nr_ranges;
	for (i = 0; i < provider->nr_ranges; i++)
		node->ranges[i].range = provider->ranges[i];
	node->nid = provider->nid;
	node->name = provider->name;
	node->ops = provider->ops;
	node->priv = provider->priv;
	node->owner = provider->owner;
	node->zonerefs[0].zone = &NODE_DATA(node->nid)->node_zones[ZONE_MOVABLE];
	node->zonerefs[0].zone_idx = ZONE_MOVABLE;

	node->cpu = alloc_percpu(struct spm_cpu);
	if (!node->cpu) {
		kfree(node);
		return NULL;
	}
	spm_control_init(node);
	return node;
}

static void spm_node_destroy(struct spm_node *node)
{
	free_percpu(node->cpu);
	kfree(node);
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

/* The node takes no new pages any more, once this returns. */
static void spm_node_close(struct spm_node *node)
{
	/* Pairs with READ_ONCE in spm_move_admit() and the memory notifier. */
	WRITE_ONCE(node->closing, true);
	spm_node_update_orders(node);
}

/* The node takes pages, for the first time or again. */
static void spm_node_open(struct spm_node *node)
{
	WRITE_ONCE(node->closing, false);	/* as in spm_node_close() */
	spm_node_update_orders(node);
}

static void spm_node_unpublish(struct spm_node *node)
{
	RCU_INIT_POINTER(spm_table[node->nid], NULL);
	synchronize_rcu();
}

static int spm_node_register(struct spm_node *node)
{
	int rc;

	lockdep_assert_held(&spm_mutex);

	if (node_isset(node->nid, spm_nodes)) {
		pr_err("node %d is an SPM node already\n", node->nid);
		return -EBUSY;
	}

	/* The hooks first: what they keep out must not slip in before them. */
	spm_hooks_get();
	rc = spm_node_mark(node);
	if (rc) {
		pr_err("node %d has ordinary memory, which must be removed first\n",
		       node->nid);
		goto err_hooks;
	}

	rc = spm_ranges_add(node);
	if (rc)
		goto err_unmark;

	/* In spm_table before it is in sysfs, whose files look it up there. */
	rcu_assign_pointer(spm_table[node->nid], node);
	rc = spm_sysfs_add(node);
	if (rc)
		goto err_unpublish;

	spm_debugfs_add(node);
	spm_control_start(node);

	spm_node_open(node);
	return 0;

err_unpublish:
	spm_node_unpublish(node);
	spm_ranges_undo_add(node);
err_unmark:
	spm_node_unmark(node);
err_hooks:
	spm_hooks_put();
	return rc;
}

/**
 * spm_register_node() - make an SPM node of a provider's memory
 * @provider: what the node is made of; not needed any more afterwards
 *
 * The provider must own the ranges, and keep them working until
 * spm_unregister_node() has succeeded.
 *
 * Context: Process context. May sleep. Takes spm_mutex and the memory hotplug
 * locks.
 * Return: the node, or an ERR_PTR with everything as it was before: -EINVAL if
 * the description makes no sense (no name, no ranges, not aligned, overlapping,
 * node id not possible), -EBUSY if the node has memory already or belongs to
 * somebody else, or if a range is in use, -ENODEV if the provider's module is
 * going away, -ENOMEM.
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

	mutex_lock(&spm_mutex);
	rc = spm_node_register(node);
	mutex_unlock(&spm_mutex);
	trace_spm_register(provider->nid,
			   rc ? 0 : spm_node_capacity_pages(node), rc);
	if (rc)
		goto err_node;

	pr_info("node %d: %lu MiB from %s\n", node->nid,
		spm_node_capacity_pages(node) >> (20 - PAGE_SHIFT), node->name);
	return node;

err_node:
	spm_node_destroy(node);
err_module:
	module_put(provider->owner);
	return ERR_PTR(rc);
}
EXPORT_SYMBOL_GPL(spm_register_node);

static int spm_node_unregister(struct spm_node *node)
{
	int rc;

	lockdep_assert_held(&spm_mutex);

	spm_node_close(node);
	rc = spm_evacuate(node);
	if (rc)
		goto err_reopen;

	spm_sysfs_del(node);
	spm_debugfs_del(node);
	spm_control_stop(node);
	rc = spm_ranges_remove(node);
	if (rc)
		goto err_control;

	spm_node_unpublish(node);
	spm_stats_retire(node);
	spm_node_unmark(node);
	return 0;

err_control:
	spm_control_start(node);
	if (spm_sysfs_add(node))
		pr_warn("node %d: no statistics in sysfs any more\n", node->nid);
	spm_debugfs_add(node);
err_reopen:
	spm_node_open(node);
	return rc;
}

/**
 * spm_unregister_node() - take an SPM node away
 * @node: node from spm_register_node(); gone if this succeeds
 *
 * Moves all that is stored there to other SPM nodes, or has its user write it
 * back to the swap device. May take long, and can be interrupted by a signal.
 *
 * Context: Process context. May sleep. Takes spm_mutex and the memory hotplug
 * locks. The caller must hold no lock that reclaim or swapping may need.
 * Return: 0. Or -EBUSY if there is data that can't be moved, -EINTR: then the
 * node is as it was, and so is all that is stored there.
 */
int spm_unregister_node(struct spm_node *node)
{
	struct module *owner = node->owner;
	int nid = node->nid;
	unsigned long used;
	int rc;

	mutex_lock(&spm_mutex);
	rc = spm_node_unregister(node);
	used = spm_stat_read(node, SPM_STAT_USED);
	mutex_unlock(&spm_mutex);

	trace_spm_unregister(nid, used, rc);
	if (rc) {
		pr_warn("node %d stays: %lu pages are still in use (%d)\n",
			nid, used, rc);
		return rc;
	}

	pr_info("node %d is gone\n", nid);
	spm_hooks_put();
	if (node->ops && node->ops->release)
		node->ops->release(node);
	spm_node_destroy(node);
	module_put(owner);
	return 0;
}
EXPORT_SYMBOL_GPL(spm_unregister_node);
