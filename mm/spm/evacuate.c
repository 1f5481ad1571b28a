// SPDX-License-Identifier: GPL-2.0
/*
 * Moving everything off an SPM node
 *
 * First by migration to SPM nodes that have room; what tasks have mapped goes to
 * DRAM otherwise. What a user still has after that is given to it, to write it
 * back to where it can be read again, or to give it up if it can't be read, as of
 * a device that is gone. Since pages may be busy for a while (just being stored,
 * read or isolated), this is repeated until the node is empty, or nothing moves
 * any more.
 *
 * Also here: the memory notifier, which does the same for a memory block that
 * someone offlines by hand. Without it, offlining would retry forever if there
 * is no room.
 */
#define pr_fmt(fmt) "spm: " fmt

#include <linux/delay.h>
#include <linux/export.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/spm.h>

#include "../internal.h"
#include "control.h"
#include "evacuate.h"
#include "mapped.h"
#include "node.h"
#include "stats.h"
#include "users.h"

/* Pages that are isolated at the same time. */
#define SPM_EVACUATE_BATCH	SWAP_CLUSTER_MAX
/* Rounds without progress before giving up, and the pause between them. */
#define SPM_EVACUATE_RETRIES	20
#define SPM_EVACUATE_PAUSE_MS	50

static struct folio *spm_evacuate_new_folio(struct folio *src, unsigned long arg)
{
	return spm_object(src) ? spm_alloc_migration_target(src) :
				 spm_mapped_new_folio(src);
}

static bool spm_migrate_list(struct list_head *list)
{
	if (list_empty(list))
		return true;
	if (!migrate_pages(list, spm_evacuate_new_folio, NULL, 0, MIGRATE_SYNC,
			   MR_MEMORY_HOTPLUG, NULL))
		return true;
	putback_movable_pages(list);
	return false;
}

/* Isolate the folio that a page belongs to, if it can be moved. */
static bool spm_isolate(struct page *page, struct list_head *list)
{
	struct folio *folio = page_folio(page);
	bool isolated;

	/* What it is may change until there is a reference. */
	if (PageHWPoison(page) || !folio_try_get(folio))
		return false;
	isolated = (__folio_test_movable(folio) || folio_test_anon(folio)) &&
		   isolate_folio_to_list(folio, list);
	folio_put(folio);
	return isolated;
}

/* Stops at the first page that finds no room, or is busy. */
static void spm_migrate_range(unsigned long pfn, unsigned long end_pfn)
{
	LIST_HEAD(list);
	int nr = 0;

	for (; pfn < end_pfn; pfn++) {
		struct page *page = pfn_to_online_page(pfn);

		if (!page || !spm_isolate(page, &list))
			continue;
		if (++nr < SPM_EVACUATE_BATCH)
			continue;
		if (!spm_migrate_list(&list) || signal_pending(current))
			return;
		nr = 0;
		cond_resched();
	}
	spm_migrate_list(&list);
}

/* Return: how many pages could not be written back for good. */
static unsigned long spm_writeback_range(struct spm_node *node,
					 unsigned long pfn,
					 unsigned long end_pfn)
{
	unsigned long nr_failed = 0;
	int rc;

	for (; pfn < end_pfn && !signal_pending(current); pfn++) {
		struct page *page = pfn_to_online_page(pfn);

		if (!page || !__PageMovable(page) || !get_page_unless_zero(page))
			continue;
		rc = spm_users_writeback(page_folio(page));
		put_page(page);
		if (!rc)
			spm_stat_inc(node, SPM_STAT_EVACUATED);
		else if (rc != -EAGAIN && rc != -ENOENT && rc != -EHWPOISON)
			nr_failed++;
		cond_resched();
	}
	return nr_failed;
}

/*
 * A poisoned page of a user is not cleaned up when it is freed, so it looks
 * movable still, and offlining would try to move it forever. Its user has taken
 * away the operations, see __ClearPageMovable(), and nobody else changes the
 * mapping. A task's page may still count as in use.
 */
static void spm_forget_poisoned(unsigned long pfn, unsigned long end_pfn)
{
	for (; pfn < end_pfn; pfn++) {
		struct page *page = pfn_to_online_page(pfn);

		if (!page || !PageHWPoison(page))
			continue;
		if (spm_mapped_forget(page))
			continue;
		if (!PageIsolated(page) &&
		    page->mapping == (void *)PAGE_MAPPING_MOVABLE)
			page->mapping = NULL;
	}
}

static void spm_evacuate_round(struct spm_node *node, unsigned long *nr_failed)
{
	const struct range *range;
	int i;

	*nr_failed = 0;
	spm_mapped_drain();
	/* READ_ONCE: vs spm_notify(). What can't be read can only be given up. */
	for (i = 0; i < node->nr_ranges && !READ_ONCE(node->removed); i++) {
		range = &node->ranges[i].range;
		spm_migrate_range(PHYS_PFN(range->start), PHYS_PFN(range->end + 1));
	}
	for (i = 0; i < node->nr_ranges; i++) {
		range = &node->ranges[i].range;
		*nr_failed += spm_writeback_range(node, PHYS_PFN(range->start),
						  PHYS_PFN(range->end + 1));
		spm_forget_poisoned(PHYS_PFN(range->start),
				    PHYS_PFN(range->end + 1));
	}
}

/**
 * spm_evacuate() - move everything off a node
 * @node: the node; closed, so that nothing comes in
 *
 * Context: Process context, under spm_mutex. May sleep for long.
 * Return: 0 if no page is in use; -EBUSY if some can't be moved, -EINTR.
 */
int spm_evacuate(struct spm_node *node)
{
	unsigned long used, last = ULONG_MAX, nr_failed = 0;
	int retries = 0, rc = 0;

	lockdep_assert_held(&spm_mutex);

again:
	/* What CPUs have in batches for the LRU could not be isolated. */
	lru_cache_disable();
	while ((used = spm_stat_read(node, SPM_STAT_USED))) {
		if (signal_pending(current)) {
			rc = -EINTR;
			break;
		}
		retries = used < last ? 0 : retries + 1;
		if (retries > SPM_EVACUATE_RETRIES)
			break;
		if (retries)
			msleep_interruptible(SPM_EVACUATE_PAUSE_MS);
		last = used;
		spm_evacuate_round(node, &nr_failed);
	}
	lru_cache_enable();
	if (rc)
		return rc;
	if (!used) {
		/* See spm_free_folio(). */
		synchronize_rcu();
		/* The sum may miss what compaction was moving meanwhile. */
		used = spm_stat_read(node, SPM_STAT_USED);
		if (used)
			goto again;
		return 0;
	}

	pr_warn("node %d: no other SPM node has room for %lu pages, and %lu of them can't be swapped out: need free swap, memory.zswap.writeback=1, or swapoff\n",
		node->nid, used, nr_failed);
	return -EBUSY;
}

static bool spm_range_in_use(unsigned long pfn, unsigned long end_pfn)
{
	for (; pfn < end_pfn; pfn++)
		if (__PageMovable(pfn_to_page(pfn)))
			return true;
	return false;
}

/* Someone offlines one of the node's blocks by hand: make it empty, or refuse. */
static int spm_memory_going_offline(const struct memory_notify *mn)
{
	unsigned long end_pfn = mn->start_pfn + mn->nr_pages;
	int nid = pfn_to_nid(mn->start_pfn);
	struct spm_node *node;
	int i;

	if (!spm_nid(nid))
		return NOTIFY_OK;
	spm_forget_poisoned(mn->start_pfn, end_pfn);
	/* Its memory is removed by nobody else while we hold device_hotplug_lock. */
	node = rcu_dereference_protected(spm_table[nid], true);
	if (!node || READ_ONCE(node->closing))
		return NOTIFY_OK;

	for (i = 0; i < SPM_EVACUATE_RETRIES; i++) {
		spm_mapped_drain();
		spm_migrate_range(mn->start_pfn, end_pfn);
		spm_writeback_range(node, mn->start_pfn, end_pfn);
		spm_control_run(node);		/* trims what was freed by that */
		spm_forget_poisoned(mn->start_pfn, end_pfn);
		if (!spm_range_in_use(mn->start_pfn, end_pfn))
			return NOTIFY_OK;
		if (signal_pending(current))
			return notifier_from_errno(-EINTR);
		msleep_interruptible(SPM_EVACUATE_PAUSE_MS);
	}
	pr_warn("node %d: can't empty the memory at pfn %#lx\n", nid,
		mn->start_pfn);
	return notifier_from_errno(-EBUSY);
}

static int spm_memory_notify(struct notifier_block *nb, unsigned long action,
			     void *arg)
{
	return action == MEM_GOING_OFFLINE ? spm_memory_going_offline(arg) :
					     NOTIFY_OK;
}

static int __init spm_evacuate_init(void)
{
	hotplug_memory_notifier(spm_memory_notify, DEFAULT_CALLBACK_PRI);
	return 0;
}
subsys_initcall(spm_evacuate_init);
