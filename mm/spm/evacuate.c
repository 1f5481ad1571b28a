// SPDX-License-Identifier: GPL-2.0
/*
 * Moving everything off an SPM node
 *
 * By migration to SPM nodes that have room; what tasks have mapped goes to DRAM
 * otherwise. What can't go that way is swapped out: a user is given what it still
 * has, to write it back to where it can be read again, or to give it up if it can't
 * be read, as of a device that is gone. Since pages may be busy for a while (just
 * being stored, read or isolated), this is repeated until the node is empty, or
 * nothing moves any more.
 *
 * It asks nobody's permission, and kills nobody: it takes no DRAM that isn't to be
 * had without the OOM killer, nor more than a task's cgroup may have. What can't be
 * moved stays.
 *
 * A round is one walk over the node's memory, and passes over what is free. The next
 * one begins where the first page was left, as nothing gets on a closed node.
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
#include <linux/swap.h>
#include <trace/events/spm.h>

#include "../internal.h"
#include "control.h"
#include "evacuate.h"
#include "mapped.h"
#include "memcg.h"
#include "node.h"
#include "stats.h"
#include "users.h"
#include "walk.h"

/* Pages that are isolated at the same time. */
#define SPM_EVACUATE_BATCH	SWAP_CLUSTER_MAX
/* Rounds without progress before giving up, and the pause between them. */
#define SPM_EVACUATE_RETRIES	20
#define SPM_EVACUATE_PAUSE_MS	50

/**
 * struct spm_evacuation - an attempt to move everything off some memory
 * @node: the node that it belongs to
 * @from: where this round begins; as @left
 * @left: the first page that this round has left, counted from the first page of
 *	the memory, over all its ranges; ULONG_MAX if none
 * @nr_failed: pages that this round could not write back for good
 * @nr_looked: page frames that were looked at, in all rounds
 * @no_spm: this round has found no other SPM node with room for a user's page
 * @no_dram: it has found no DRAM for a task's page
 * @list: isolated folios of @batch
 * @nr: number of pages in @batch
 * @batch: pages that are being moved
 * @place: where they are; as @left
 */
struct spm_evacuation {
	struct spm_node *node;
	unsigned long from;
	unsigned long left;
	unsigned long nr_failed;
	unsigned long nr_looked;
	bool no_spm;
	bool no_dram;
	struct list_head list;
	unsigned int nr;
	struct page *batch[SPM_EVACUATE_BATCH];
	unsigned long place[SPM_EVACUATE_BATCH];
};

static void spm_evacuation_init(struct spm_evacuation *ev, struct spm_node *node)
{
	memset(ev, 0, sizeof(*ev));
	ev->node = node;
	INIT_LIST_HEAD(&ev->list);
}

static struct folio *spm_evacuate_new_folio(struct folio *src, unsigned long arg)
{
	struct spm_evacuation *ev = (void *)arg;
	struct folio *dst;

	if (spm_object(src)) {
		dst = spm_alloc_migration_target(src);
		ev->no_spm |= !dst;
	} else {
		dst = spm_mapped_new_folio(src);
		ev->no_dram |= !dst && !folio_test_large(src) &&
			       spm_memcg_may_promote(src);
	}
	return dst;
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

/* What can't be read can only be given up. */
static bool spm_may_migrate(const struct spm_evacuation *ev, struct page *page)
{
	if (READ_ONCE(ev->node->removed))	/* vs spm_notify() */
		return false;
	return __PageMovable(page) ? !ev->no_spm : !ev->no_dram;
}

static void spm_write_back(struct spm_evacuation *ev, struct page *page)
{
	int rc;

	if (!get_page_unless_zero(page))
		return;
	rc = spm_users_writeback(page_folio(page));
	put_page(page);
	if (!rc)
		spm_stat_inc(ev->node, SPM_STAT_EVACUATED);
	else if (rc != -EAGAIN && rc != -ENOENT && rc != -EHWPOISON)
		ev->nr_failed++;
	cond_resched();
}

/* Isolate a task's folio for being swapped out, if it can't go to DRAM. */
static void spm_isolate_for_swap(struct spm_evacuation *ev, struct page *page,
				 struct list_head *list)
{
	struct folio *folio = page_folio(page);

	if (READ_ONCE(ev->node->removed) || !folio_try_get(folio))
		return;
	if (folio_test_anon(folio) &&
	    (ev->no_dram || !spm_memcg_may_promote(folio)) &&
	    folio_isolate_lru(folio))
		list_add(&folio->lru, list);
	folio_put(folio);
}

/* Swap out what tasks have in the batch still, and can't have in DRAM. */
static void spm_swap_out(struct spm_evacuation *ev)
{
	LIST_HEAD(list);
	unsigned long nr;
	unsigned int i;

	for (i = 0; i < ev->nr; i++)
		if (PageAnon(ev->batch[i]) && !PageHWPoison(ev->batch[i]))
			spm_isolate_for_swap(ev, ev->batch[i], &list);
	if (list_empty(&list))
		return;
	nr = reclaim_pages(&list);
	spm_stat_add(ev->node, SPM_STAT_EVACUATED, nr);
}

/*
 * A poisoned page of a user is not cleaned up when it is freed, so it looks
 * movable still, and offlining would try to move it forever. Its user has taken
 * away the operations, see __ClearPageMovable(), and nobody else changes the
 * mapping. A task's page may still count as in use.
 */
static void spm_forget_poisoned(struct page *page)
{
	if (!PageHWPoison(page) || spm_mapped_forget(page))
		return;
	if (!PageIsolated(page) && page->mapping == (void *)PAGE_MAPPING_MOVABLE)
		page->mapping = NULL;
}

static void spm_evacuate_batch(struct spm_evacuation *ev)
{
	unsigned int i;

	if (!list_empty(&ev->list) &&
	    migrate_pages(&ev->list, spm_evacuate_new_folio, NULL,
			  (unsigned long)ev, MIGRATE_SYNC, MR_MEMORY_HOTPLUG, NULL))
		putback_movable_pages(&ev->list);

	for (i = 0; i < ev->nr; i++)
		if (__PageMovable(ev->batch[i]) && spm_page_in_use(ev->batch[i]))
			spm_write_back(ev, ev->batch[i]);
	spm_swap_out(ev);

	for (i = 0; i < ev->nr; i++) {
		spm_forget_poisoned(ev->batch[i]);
		if (spm_page_in_use(ev->batch[i]))
			ev->left = min(ev->left, ev->place[i]);
	}
	ev->nr = 0;
}

/* @base: as what the first page counts that is there, see @left */
static void spm_evacuate_pfns(struct spm_evacuation *ev, unsigned long start_pfn,
			      unsigned long end_pfn, unsigned long base)
{
	unsigned long skip = ev->from > base ? ev->from - base : 0;
	struct spm_walk walk = { .pfn = start_pfn + skip, .end_pfn = end_pfn };
	struct page *page;

	while ((page = spm_walk_next(&walk)) && !fatal_signal_pending(current)) {
		if (!spm_page_in_use(page) && !PageHWPoison(page))
			continue;
		if (spm_may_migrate(ev, page))
			spm_isolate(page, &ev->list);
		ev->place[ev->nr] = base + page_to_pfn(page) - start_pfn;
		ev->batch[ev->nr++] = page;
		if (ev->nr == SPM_EVACUATE_BATCH)
			spm_evacuate_batch(ev);
	}
	spm_evacuate_batch(ev);
	ev->nr_looked += walk.nr_looked;
}

static void spm_evacuate_begin_round(struct spm_evacuation *ev)
{
	ev->from = ev->left == ULONG_MAX ? 0 : ev->left;
	ev->left = ULONG_MAX;
	ev->nr_failed = 0;
	ev->no_spm = false;
	ev->no_dram = false;
	spm_mapped_drain();
}

static void spm_evacuate_round(struct spm_evacuation *ev)
{
	const struct range *range;
	unsigned long base = 0;
	int i;

	spm_evacuate_begin_round(ev);
	for (i = 0; i < ev->node->nr_ranges; i++) {
		range = &ev->node->ranges[i].range;
		spm_evacuate_pfns(ev, PHYS_PFN(range->start),
				  PHYS_PFN(range->end + 1), base);
		base += PHYS_PFN(range_len(range));
	}
}

/* Until the node is empty, or nothing moves. Return: how many pages are there. */
static unsigned long spm_evacuate_rounds(struct spm_evacuation *ev)
{
	unsigned long used, last = ULONG_MAX;
	int retries = 0;

	while ((used = spm_stat_read(ev->node, SPM_STAT_USED))) {
		retries = used < last ? 0 : retries + 1;
		if (retries > SPM_EVACUATE_RETRIES || fatal_signal_pending(current))
			break;
		if (retries)
			schedule_timeout_killable(msecs_to_jiffies(SPM_EVACUATE_PAUSE_MS));
		last = used;
		spm_evacuate_round(ev);
	}
	return used;
}

/**
 * spm_evacuate() - move everything off a node
 * @node: the node; closed, so that nothing comes in
 *
 * Context: Process context, under spm_mutex. May sleep for long.
 * Return: 0 if no page is in use; -EBUSY if some can't be moved, -EINTR when
 * killed.
 */
int spm_evacuate(struct spm_node *node)
{
	struct spm_evacuation ev;
	unsigned long used;

	lockdep_assert_held(&spm_mutex);

	spm_evacuation_init(&ev, node);
	do {
		/* What CPUs have in batches for the LRU could not be isolated. */
		lru_cache_disable();
		used = spm_evacuate_rounds(&ev);
		lru_cache_enable();
		if (used)
			break;
		/* See spm_free_folio(). */
		synchronize_rcu();
		/* The sum may miss what compaction was moving meanwhile. */
		used = spm_stat_read(node, SPM_STAT_USED);
	} while (used);

	trace_spm_evacuate(node->nid, used, ev.nr_looked);
	if (!used)
		return 0;
	if (fatal_signal_pending(current))
		return -EINTR;
	pr_warn("node %d: no other SPM node has room for %lu pages, nor DRAM for those of tasks, and %lu can't be written back: need memory, free swap, memory.zswap.writeback=1, or swapoff\n",
		node->nid, used, ev.nr_failed);
	return -EBUSY;
}

/* ---- One memory block ---- */

/* Also those that wait for being trimmed, as they are not free. */
static unsigned long spm_count_busy(unsigned long pfn, unsigned long end_pfn)
{
	struct spm_walk walk = { .pfn = pfn, .end_pfn = end_pfn };
	unsigned long nr = 0;
	struct page *page;

	while ((page = spm_walk_next(&walk)))
		nr += page_count(page) && !PageHWPoison(page);
	return nr;
}

/*
 * Empty the memory of an open node: nothing is allocated there, as it's isolated.
 * As elsewhere in offlining by hand, any signal ends it.
 */
static int spm_evacuate_block(struct spm_node *node, unsigned long pfn,
			      unsigned long end_pfn)
{
	unsigned long busy, last = ULONG_MAX;
	struct spm_evacuation ev;
	int retries = 0;

	spm_evacuation_init(&ev, node);
	for (;;) {
		spm_evacuate_begin_round(&ev);
		spm_evacuate_pfns(&ev, pfn, end_pfn, 0);
		spm_control_trim(node);		/* what was freed by that */
		busy = spm_count_busy(pfn, end_pfn);
		if (!busy)
			return 0;
		if (signal_pending(current))
			return -EINTR;
		retries = busy < last ? 0 : retries + 1;
		if (retries >= SPM_EVACUATE_RETRIES)
			break;
		last = busy;
		msleep_interruptible(SPM_EVACUATE_PAUSE_MS);
	}
	pr_warn("node %d: can't empty the memory at pfn %#lx: %lu folios stay\n",
		node->nid, pfn, busy);
	return -EBUSY;
}

static void spm_forget_all_poisoned(unsigned long pfn, unsigned long end_pfn)
{
	struct spm_walk walk = { .pfn = pfn, .end_pfn = end_pfn };
	struct page *page;

	while ((page = spm_walk_next(&walk)))
		spm_forget_poisoned(page);
}

/* Someone offlines one of the node's blocks by hand: make it empty, or refuse. */
static int spm_memory_going_offline(const struct memory_notify *mn)
{
	unsigned long end_pfn = mn->start_pfn + mn->nr_pages;
	int nid = pfn_to_nid(mn->start_pfn);
	struct spm_node *node;

	if (!spm_nid(nid))
		return NOTIFY_OK;
	/* Its memory is removed by nobody else while we hold device_hotplug_lock. */
	node = rcu_dereference_protected(spm_table[nid], true);
	if (node && !node->offlining)
		return notifier_from_errno(spm_evacuate_block(node, mn->start_pfn,
							      end_pfn));
	/* All of the node is going. What it has lost since it was emptied? */
	spm_forget_all_poisoned(mn->start_pfn, end_pfn);
	return NOTIFY_OK;
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
