// SPDX-License-Identifier: GPL-2.0
/*
 * The one way to get a page of an SPM node, and the way back
 *
 * The zones of SPM nodes are in no zonelist that GFP flags and a node id could
 * select. Only struct spm_node refers to them, and only this file uses that.
 *
 * Counting: a page is in use from spm_alloc_folio() to spm_free_folio(). When
 * migration moves its contents, spm_folio_move_begin() counts the target as
 * well. It is not counted before that, as it may not be used after all, and
 * then is freed by the migration code.
 *
 * Nothing is written to a page that the node's budget has not admitted.
 */
#include <linux/export.h>
#include <linux/fault-inject.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/page-flags.h>
#include <linux/topology.h>

#include "mm/internal.h"
#include "spm_core.h"

/* No reclaim, no reserves: there is always another place for the page. */
#define SPM_GFP (__GFP_HIGHMEM | __GFP_MOVABLE | __GFP_NOWARN | \
		 __GFP_NOMEMALLOC | __GFP_NORETRY)

#ifdef CONFIG_FAULT_INJECTION
static DECLARE_FAULT_ATTR(fail_spm_alloc);

static int __init spm_fault_setup(char *str)
{
	return setup_fault_attr(&fail_spm_alloc, str);
}
__setup("fail_spm_alloc=", spm_fault_setup);

static bool spm_fault_alloc(void)
{
	return should_fail(&fail_spm_alloc, PAGE_SIZE);
}
#else
static bool spm_fault_alloc(void)
{
	return false;
}
#endif

#ifdef CONFIG_FAULT_INJECTION_DEBUG_FS
/**
 * spm_fault_debugfs_init() - let debugfs control fault injection
 * @dir: the directory of SPM
 */
void spm_fault_debugfs_init(struct dentry *dir)
{
	fault_create_debugfs_attr("fail_alloc", dir, &fail_spm_alloc);
}
#endif

static struct folio *spm_node_alloc(struct spm_node *node)
{
	struct folio *folio;

	if (spm_fault_alloc()) {
		spm_refuse(node, SPM_STAT_REFUSED_INJECTED);
		return NULL;
	}

	folio = folio_alloc_zones(SPM_GFP, 0, node->zonerefs);
	if (!folio) {
		spm_refuse(node, SPM_STAT_REFUSED_FULL);
		spm_control_kick(node);		/* there may be pages to trim */
	}
	return folio;
}

static struct folio *spm_node_alloc_admitted(struct spm_node *node)
{
	struct folio *folio;

	if (!spm_admit(node))
		return NULL;
	folio = spm_node_alloc(node);
	if (!folio)
		spm_unadmit(node);
	return folio;
}

/* The caller counts the folio as used, and holds the RCU read lock until then. */
static struct folio *spm_order_alloc(int nid,
				     struct folio *(*alloc)(struct spm_node *))
{
	const struct spm_order *order = spm_order_get(nid);
	struct folio *folio = NULL;
	int i;

	if (!order) {
		spm_refuse_no_node();
		return NULL;
	}
	for (i = 0; i < order->nr && !folio; i++)
		folio = alloc(order->node[i]);
	return folio;
}

/**
 * spm_alloc_folio() - take a page from an SPM node
 *
 * Takes it from the nearest SPM node that has room, as seen from this CPU.
 * The user makes it a movable page (see linux/migrate.h) before long, so that
 * the node can be evacuated. It writes the page once, and then says so with
 * spm_folio_stored(), or spm_folio_refused() if it got stuck.
 *
 * Context: Any that can take zone->lock. Does not sleep, reclaim, or use
 * reserves.
 * Return: an order-0 folio with uninitialized contents, to be given back with
 * spm_free_folio(); NULL if no SPM node has room, which is counted there.
 */
struct folio *spm_alloc_folio(void)
{
	struct folio *folio;

	rcu_read_lock();
	folio = spm_order_alloc(numa_node_id(), spm_node_alloc_admitted);
	if (folio)
		spm_stat_inc(spm_node_of(folio), SPM_STAT_USED);
	rcu_read_unlock();
	return folio;
}
EXPORT_SYMBOL_GPL(spm_alloc_folio);

/**
 * spm_free_folio() - give back a page
 * @folio: folio from spm_alloc_folio(), or what it was migrated to
 *
 * The device is told to forget the contents, and only then the page is free.
 * Others may hold references still, if the user has made the folio a movable
 * page. folio->private is not the user's any more.
 *
 * Context: Any that can take zone->lock.
 */
void spm_free_folio(struct folio *folio)
{
	struct spm_node *node = spm_node_of(folio);

	/*
	 * Under RCU, as the node may go away as soon as it has no page in use:
	 * unregistering waits for a grace period after it saw the count go.
	 */
	rcu_read_lock();
	spm_trim_defer(node, folio);
	spm_stat_add(node, SPM_STAT_USED, -1);
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(spm_free_folio);

static bool spm_move_admit(struct spm_node *to, const struct spm_node *from)
{
	/* READ_ONCE: set before the grace period that our caller holds up. */
	return to && (to == from || !READ_ONCE(to->closing)) && spm_admit(to);
}

/**
 * spm_folio_move_begin() - may a page's contents be copied to another folio?
 * @dst: folio that is to have them
 * @src: folio that has them now; in use
 *
 * For a user's migrate_page(). On success both are in use, and the user calls
 * spm_folio_move_end() when it has copied.
 *
 * Context: Any.
 * Return: 0; -EBUSY if @dst is not on SPM, or on a node that takes no pages.
 */
int spm_folio_move_begin(struct folio *dst, struct folio *src)
{
	struct spm_node *to;
	int rc = -EBUSY;

	if (!spm_folio(dst))
		return -EBUSY;

	rcu_read_lock();
	to = rcu_dereference(spm_table[folio_nid(dst)]);
	if (spm_move_admit(to, spm_node_of(src))) {
		spm_stat_inc(to, SPM_STAT_USED);
		rc = 0;
	}
	rcu_read_unlock();
	return rc;
}
EXPORT_SYMBOL_GPL(spm_folio_move_begin);

/**
 * spm_folio_move_end() - a page's contents were copied, or could not be read
 * @dst: folio that has them now
 * @src: folio that had them
 * @rc: 0, then the user gives back @src with spm_free_folio(); or -errno, then
 *	@dst is not in use any more, and shows nothing of what was copied
 *
 * Context: Any.
 */
void spm_folio_move_end(struct folio *dst, struct folio *src, int rc)
{
	struct spm_node *to = spm_node_of(dst), *from = spm_node_of(src);

	if (rc)
		clear_highpage(folio_page(dst, 0));
	rcu_read_lock();			/* see spm_free_folio() */
	spm_written(to, dst, SPM_STAT_MOVED);
	if (rc)
		spm_stat_add(to, SPM_STAT_USED, -1);
	else if (to != from)
		spm_stat_inc(from, SPM_STAT_EVACUATED);
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(spm_folio_move_end);

/**
 * spm_folio_readable() - may this page's contents be read?
 * @folio: a folio on an SPM node, in use by the caller
 *
 * Context: Any. Who reads then does so with preemption off: when a device is
 * gone, its memory may turn into anything an RCU grace period later.
 * Return: false if the contents are lost.
 */
bool spm_folio_readable(const struct folio *folio)
{
	return !folio_test_hwpoison(folio) &&
	       !READ_ONCE(spm_node_of(folio)->removed);	/* vs spm_notify() */
}
EXPORT_SYMBOL_GPL(spm_folio_readable);

/**
 * __spm_object() - is this an object of an SPM user?
 * @folio: any folio that someone has a reference to
 *
 * Context: Any.
 * Return: true if the folio is on an SPM node, and movable, but not on the LRU.
 */
bool __spm_object(const struct folio *folio)
{
	return spm_folio(folio) && __folio_test_movable(folio);
}

/**
 * spm_alloc_unadmitted() - take a page that is perhaps not going to be written
 * @nid: NUMA node to be near to
 *
 * Context: Any that can take zone->lock.
 * Return: a folio on the nearest SPM node with room that is not counted as used,
 * to be freed with folio_put() unless it was written; NULL if there is none.
 */
struct folio *spm_alloc_unadmitted(int nid)
{
	struct folio *folio;

	rcu_read_lock();
	folio = spm_order_alloc(nid, spm_node_alloc);
	rcu_read_unlock();
	return folio;
}

/**
 * spm_alloc_migration_target() - where a user's page may be migrated to
 * @src: folio on an SPM node
 *
 * Context: Any that can take zone->lock.
 * Return: as spm_alloc_unadmitted(). spm_folio_move_begin() admits it.
 */
struct folio *spm_alloc_migration_target(struct folio *src)
{
	return spm_alloc_unadmitted(folio_nid(src));
}
