// SPDX-License-Identifier: GPL-2.0
/*
 * The one way to get a page of an SPM node, and the way back
 *
 * The zones of SPM nodes are in no zonelist that GFP flags and a node id could
 * select. Only struct spm_node refers to them, and only this file uses that.
 *
 * Counting: a page is in use from spm_alloc_pages() to spm_free_folio(). When
 * migration moves its contents, spm_folio_move_begin() counts the target as
 * well. It is not counted before that, as it may not be used after all, and
 * then is freed by the migration code.
 *
 * Nothing is written to a page that the node's budget has not admitted.
 */
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/page-flags.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/spm.h>
#include <linux/spm_mapped.h>
#include <linux/topology.h>

#include "../internal.h"
#include "admit.h"
#include "alloc.h"
#include "control.h"
#include "inject.h"
#include "node.h"
#include "order.h"
#include "room.h"
#include "stats.h"
#include "trim.h"

/* No reclaim, no reserves: there is always another place for the page. */
#define SPM_GFP (__GFP_HIGHMEM | __GFP_MOVABLE | __GFP_NOWARN | \
		 __GFP_NOMEMALLOC | __GFP_NORETRY)

static struct page *spm_node_alloc_pages(struct spm_node *node, unsigned int order)
{
	return alloc_pages_zones(SPM_GFP, order, node->zonerefs);
}

static void spm_node_full(struct spm_node *node)
{
	spm_refuse(node, SPM_STAT_REFUSED_FULL);
	spm_control_kick(node);		/* there may be pages to trim */
}

/* ---- Taking pages from the node's zone ---- */

/*
 * memory_failure() marks a page of a large folio, and may then fail to split that, as somebody
 * has a reference. It is freed as a whole later, and the allocator gives the page away again,
 * unless CONFIG_DEBUG_VM or init_on_alloc has it look. What was stored there could not be read.
 * A single page that is marked stays away for good when it is freed.
 */

static bool spm_any_poisoned(const struct page *page, unsigned long nr)
{
	if (likely(!atomic_long_read(&num_poisoned_pages)))
		return false;
	while (nr--)
		if (PageHWPoison(page++))
			return true;
	return false;
}

static void spm_free_pieces(struct page *page, unsigned int order)
{
	unsigned long i;

	split_page(page, order);
	for (i = 0; i < 1UL << order; i++)
		__free_page(&page[i]);
}

/* Pages in one piece, none of which is poisoned. NULL if there are none. */
static struct page *spm_node_alloc_sound(struct spm_node *node, unsigned int order)
{
	struct page *page;

	while ((page = spm_node_alloc_pages(node, order))) {
		if (!spm_any_poisoned(page, 1UL << order))
			break;
		if (order)
			spm_free_pieces(page, order);
		else
			__free_page(page);
	}
	return page;
}

static struct folio *spm_node_alloc(struct spm_node *node, unsigned int order)
{
	struct page *page;

	if (spm_inject_alloc()) {
		spm_refuse(node, SPM_STAT_REFUSED_INJECTED);
		return NULL;
	}

	page = spm_node_alloc_sound(node, order);
	if (!page)
		spm_node_full(node);
	else if (order)
		prep_compound_page(page, order);
	return page_rmappable_folio(page);
}

static void spm_free_unwritten(struct list_head *pages)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, pages, lru) {
		list_del(&page->lru);
		__free_page(page);
	}
}

/* Fill the list with single pages, taken in pieces as large as there are. */
static bool spm_node_fill(struct spm_node *node, unsigned long nr,
			  struct list_head *pages)
{
	unsigned int order = MAX_PAGE_ORDER, i;
	struct page *page;

	while (nr) {
		if (nr >> order == 0)
			order = ilog2(nr);
		page = spm_node_alloc_sound(node, order);
		if (!page && !order--)
			return false;
		if (!page)
			continue;
		if (order)
			split_page(page, order);
		for (i = 0; i < 1U << order; i++)
			list_add_tail(&page[i].lru, pages);
		nr -= 1UL << order;
	}
	return true;
}

static bool spm_node_alloc_single(struct spm_node *node, unsigned long nr,
				  struct list_head *pages)
{
	if (spm_inject_alloc()) {
		spm_refuse(node, SPM_STAT_REFUSED_INJECTED);
		return false;
	}

	if (spm_node_fill(node, nr, pages))
		return true;
	spm_free_unwritten(pages);
	spm_node_full(node);
	return false;
}

static bool spm_may_grow(struct spm_node *node, enum spm_kind kind)
{
	/* READ_ONCE: vs spm_share(); it hardly matters when this is seen. */
	if (likely(!(READ_ONCE(node->yields) & BIT(kind))))
		return true;
	spm_refuse(node, SPM_STAT_REFUSED_TARGET);
	return false;
}

/* Admit all pages and take them, or none. */
static bool spm_node_alloc_admitted(struct spm_node *node, unsigned long nr,
				    struct list_head *pages)
{
	if (!spm_may_grow(node, SPM_USERS) || !spm_admit(node, nr))
		return false;
	if (spm_node_alloc_single(node, nr, pages)) {
		spm_stat_add(node, SPM_STAT_USED, nr);
		return true;
	}
	spm_unadmit(node, nr);
	return false;
}

/* It would be admitted now. Whether it still is, when it's to be written, is open. */
static struct folio *spm_node_alloc_probed(struct spm_node *node,
					   unsigned int order)
{
	if (!spm_may_grow(node, SPM_TASKS) || !spm_admit(node, 1L << order))
		return NULL;
	spm_unadmit(node, 1L << order);
	return spm_node_alloc(node, order);
}

/* The caller holds the RCU read lock until it has counted the folio as used. */
static struct folio *spm_order_alloc(int nid, unsigned int size_order,
				     struct folio *(*alloc)(struct spm_node *,
							    unsigned int))
{
	const struct spm_order *order = spm_order_get(nid);
	struct folio *folio = NULL;
	int i;

	if (!order) {
		spm_refuse_no_node();
		return NULL;
	}
	for (i = 0; i < order->nr && !folio; i++)
		folio = alloc(order->node[i], size_order);
	return folio;
}

/**
 * spm_alloc_pages() - take pages from an SPM node
 * @nr: how many
 * @pages: list that they are added to, by their lru
 *
 * Takes them from the nearest SPM node that has room for all, as seen from this
 * CPU. They are single pages. The user makes each a movable page (see
 * linux/migrate.h) before long, so that the node can be evacuated. It writes each
 * once, and then says so with spm_pages_written(); or gives all back with
 * spm_unalloc_pages() without having written any.
 *
 * Context: Any that can take zone->lock. Does not sleep, reclaim, or use
 * reserves.
 * Return: 0, the pages have uninitialized contents, and are each to be given back
 * with spm_free_folio(); -ENOSPC if no SPM node has room, which is counted there.
 */
int spm_alloc_pages(unsigned long nr, struct list_head *pages)
{
	const struct spm_order *order;
	bool done = false;
	int i;

	rcu_read_lock();
	order = spm_order_get(numa_node_id());
	for (i = 0; order && i < order->nr && !done; i++)
		done = spm_node_alloc_admitted(order->node[i], nr, pages);
	if (!order)
		spm_refuse_no_node();
	else if (!done && nr == 1)
		spm_want_for_users(numa_node_id());
	rcu_read_unlock();
	return done ? 0 : -ENOSPC;
}
EXPORT_SYMBOL_GPL(spm_alloc_pages);

/**
 * spm_unalloc_pages() - give back pages that were not written to
 * @nr: how many
 * @pages: all that spm_alloc_pages() has given
 *
 * Context: Any that can take zone->lock.
 */
void spm_unalloc_pages(unsigned long nr, struct list_head *pages)
{
	struct page *page = list_first_entry(pages, struct page, lru);
	struct spm_node *node = spm_node_of(page_folio(page));

	rcu_read_lock();		/* see spm_free_folio() */
	spm_free_unwritten(pages);
	spm_unadmit(node, nr);
	spm_stat_add(node, SPM_STAT_USED, -(long)nr);
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(spm_unalloc_pages);

/**
 * spm_free_folio() - give back a page
 * @folio: a page from spm_alloc_pages(), or what it was migrated to
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

/**
 * spm_move_admit() - may a folio of so many pages be moved to a node?
 * @to: the node, NULL if it is gone
 * @from: the node that the folio is on, NULL if it isn't on an SPM node
 * @nr: number of pages
 *
 * Context: Under the RCU read lock.
 * Return: as spm_admit().
 */
bool spm_move_admit(struct spm_node *to, const struct spm_node *from, long nr)
{
	/* READ_ONCE: set before the grace period that our caller holds up. */
	return to && (to == from || !READ_ONCE(to->closing)) && spm_admit(to, nr);
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
	if (spm_move_admit(to, spm_node_of(src), 1)) {
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
	       !(folio_test_large(folio) && folio_test_has_hwpoisoned(folio)) &&
	       !READ_ONCE(spm_node_of(folio)->removed);	/* vs spm_notify() */
}
EXPORT_SYMBOL_GPL(spm_folio_readable);

/**
 * __spm_forgets() - was the device told to forget a page that is being freed?
 * @page: the page
 *
 * Context: Any.
 * Return: true if it is on a node that trims what is freed.
 */
bool __spm_forgets(const struct page *page)
{
	struct spm_node *node;
	bool forgets;

	rcu_read_lock();
	node = rcu_dereference(spm_table[page_to_nid(page)]);
	forgets = node && node->trims;
	rcu_read_unlock();
	return forgets;
}

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
	folio = spm_order_alloc(nid, 0, spm_node_alloc);
	rcu_read_unlock();
	if (!folio)
		spm_want_for_users(nid);
	return folio;
}

/**
 * spm_alloc_probed() - take a folio that is going to be written, if it still may
 * @nid: NUMA node to be near to
 * @order: the folio's order
 *
 * Context: Any that can take zone->lock.
 * Return: as spm_alloc_unadmitted(), but NULL if no node would admit it now.
 */
struct folio *spm_alloc_probed(int nid, unsigned int order)
{
	struct folio *folio;

	rcu_read_lock();
	folio = spm_order_alloc(nid, order, spm_node_alloc_probed);
	rcu_read_unlock();
	/* A large one may fit in pieces. */
	if (!folio && !order)
		spm_want_for_tasks(nid);
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
