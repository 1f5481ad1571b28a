// SPDX-License-Identifier: GPL-2.0
/*
 * The one way to get a page of an SPM node, and the way back
 *
 * The zones of SPM nodes are in no zonelist that GFP flags and a node id could
 * select. Only struct spm_node refers to them, and only this file uses that.
 *
 * Counting: a page is in use from spm_alloc_folio() to spm_free_folio(). When
 * migration moves its contents, spm_folio_move() moves the count along;
 * a migration target is not counted before that, as it may not be used after
 * all, and then is freed by the migration code.
 */
#include <linux/export.h>
#include <linux/fault-inject.h>
#include <linux/gfp.h>
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
	if (!folio)
		spm_refuse(node, SPM_STAT_REFUSED_FULL);
	return folio;
}

/* The caller counts the folio as used, and holds the RCU read lock until then. */
static struct folio *spm_order_alloc(int nid)
{
	const struct spm_order *order = spm_order_get(nid);
	struct folio *folio = NULL;
	int i;

	if (!order) {
		spm_refuse_no_node();
		return NULL;
	}
	for (i = 0; i < order->nr && !folio; i++)
		folio = spm_node_alloc(order->node[i]);
	return folio;
}

static void spm_folio_trim(struct spm_node *node, struct folio *folio)
{
	if (!node->ops || !node->ops->trim || folio_test_hwpoison(folio))
		return;
	if (!node->ops->trim(node, folio_pfn(folio), 1))
		spm_stat_inc(node, SPM_STAT_TRIMMED);
}

/**
 * spm_alloc_folio() - take a page from an SPM node
 *
 * Takes it from the nearest SPM node that has room, as seen from this CPU.
 * The user makes it a movable page (see linux/migrate.h) before long, so that
 * the node can be evacuated.
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
	folio = spm_order_alloc(numa_node_id());
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
 * Tells the device that the contents do not matter any more. Others may hold
 * references still, if the user has made the folio a movable page.
 *
 * Context: Any that can take zone->lock.
 */
void spm_free_folio(struct folio *folio)
{
	struct spm_node *node = spm_node_of(folio);

	spm_folio_trim(node, folio);
	/*
	 * Under RCU, as the node may go away as soon as it has no page in use:
	 * unregistering waits for a grace period after it saw the count go.
	 */
	rcu_read_lock();
	spm_stat_add(node, SPM_STAT_USED, -1);
	rcu_read_unlock();
	folio_put(folio);
}
EXPORT_SYMBOL_GPL(spm_free_folio);

/**
 * spm_folio_move() - let a page's contents move to another folio
 * @dst: folio that is to have them
 * @src: folio that has them now; in use
 *
 * To be called by a user's migrate_page() when nothing else can fail any more.
 * On success @dst is in use, and @src is not.
 *
 * Context: Any.
 * Return: 0; -EBUSY if @dst is not on SPM, or on a node that takes no pages.
 */
int spm_folio_move(struct folio *dst, struct folio *src)
{
	struct spm_node *from = spm_node_of(src);
	struct spm_node *to;
	int rc = 0;

	if (!spm_folio(dst))
		return -EBUSY;

	rcu_read_lock();
	to = rcu_dereference(spm_table[folio_nid(dst)]);
	/* READ_ONCE: set before the grace period that we hold up here. */
	if (to == from) {
		spm_folio_trim(from, src);
	} else if (!to || READ_ONCE(to->closing)) {
		rc = -EBUSY;
	} else {
		spm_stat_inc(to, SPM_STAT_USED);
		spm_stat_inc(from, SPM_STAT_EVACUATED);
		spm_folio_trim(from, src);
		spm_stat_add(from, SPM_STAT_USED, -1);
	}
	rcu_read_unlock();
	return rc;
}
EXPORT_SYMBOL_GPL(spm_folio_move);

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
 * spm_alloc_migration_target() - where a user's page may be migrated to
 * @src: folio on an SPM node
 *
 * Context: Any that can take zone->lock.
 * Return: a folio on the nearest SPM node with room, maybe the same, that is
 * not counted as used yet; NULL if there is none.
 */
struct folio *spm_alloc_migration_target(struct folio *src)
{
	struct folio *dst;

	rcu_read_lock();
	dst = spm_order_alloc(folio_nid(src));
	rcu_read_unlock();
	return dst;
}
