// SPDX-License-Identifier: GPL-2.0
/*
 * Moving swapped-out pages off SPM nodes: to DRAM, or to the swap device
 *
 * A user of SPM (zspm) has chosen the pages. Each gets a folio in the swap cache,
 * which excludes everybody else from its slot; zswap_unstore() fills the folio in,
 * and forgets the page.
 *
 *   promotion	The folio stays in the swap cache, dirty and on the LRU, as if the
 *		page had been read ahead. It is charged to its cgroup, if that has
 *		room. Nobody waits for memory.
 *   writeback	The folio is a buffer for the time of the I/O: written to the
 *		slot, which the page has all the time, and freed. It is not on
 *		the LRU meanwhile. So emptying a node takes a handful of pages of
 *		DRAM, however much there is to be moved, and no swap space.
 *
 * Neither may fail for want of a permission. A cgroup that is at memory.max has no
 * room for a buffer, and must not be OOM-killed for it: the buffer is charged to
 * the root cgroup then. If a task of the cgroup faults on the page during the I/O,
 * it keeps this folio, and it stays charged to the root cgroup as long as it lives.
 *
 * Locking: the lock of the folio in the swap cache keeps the slot's zswap entry from
 * being loaded, replaced or freed.
 */
#include <linux/blkdev.h>
#include <linux/export.h>
#include <linux/memcontrol.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/spm.h>
#include <linux/swap.h>
#include <linux/swapops.h>
#include <linux/vmstat.h>
#include <linux/writeback.h>
#include <linux/zswap.h>

#include "../internal.h"
#include "../swap.h"
#include "alloc.h"

/* Reclaims DRAM for a buffer, but never invokes the OOM killer. */
#define SPM_BUFFER_GFP	(GFP_HIGHUSER_MOVABLE | __GFP_NOWARN | \
			 __GFP_NOMEMALLOC | __GFP_RETRY_MAYFAIL)

static gfp_t spm_evict_gfp(enum spm_relief relief)
{
	return relief == SPM_PROMOTE ? SPM_DRAM_GFP : SPM_BUFFER_GFP;
}

#ifdef CONFIG_MEMCG
/*
 * Without blocking: a charge that may wait may also end in an OOM kill. The root is
 * charged if the page's cgroup is gone, too, and not that of who happens to call.
 */
static int spm_charge_swapped(struct folio *folio, swp_entry_t swp,
			      enum spm_relief relief)
{
	struct mem_cgroup *old = set_active_memcg(root_mem_cgroup);
	int rc = mem_cgroup_swapin_charge_folio(folio, NULL, GFP_NOWAIT, swp);

	if (rc && relief == SPM_WRITE_BACK)
		rc = mem_cgroup_charge(folio, NULL, GFP_NOWAIT);
	set_active_memcg(old);
	return rc;
}
#else
static int spm_charge_swapped(struct folio *folio, swp_entry_t swp,
			      enum spm_relief relief)
{
	return 0;
}
#endif

/* Put a new folio into the swap cache. Return: 0, then it is locked; -errno. */
static int spm_add_to_swap_cache(struct folio *folio, struct spm_victim *victim,
				 enum spm_relief relief)
{
	int rc = swapcache_prepare(victim->swp, 1);

	/* -EEXIST: somebody is about to put a folio there. -ENOENT: it was freed. */
	if (rc)
		return rc == -EEXIST ? -EAGAIN : rc;

	__folio_set_locked(folio);
	__folio_set_swapbacked(folio);
	rc = spm_charge_swapped(folio, victim->swp, relief);
	if (!rc)
		rc = add_to_swap_cache(folio, victim->swp,
				       spm_evict_gfp(relief) & GFP_RECLAIM_MASK,
				       &victim->shadow);
	if (rc) {
		put_swap_folio(folio, victim->swp);
		folio_unlock(folio);
		return -ENOMEM;
	}
	return 0;
}

/*
 * The folio stays in the swap cache. With cgroup v1 it is charged for memory and swap
 * space from here on, instead of its slot. Under the folio lock.
 */
static void spm_keep_folio(struct folio *folio)
{
	if (folio_test_swapcache(folio))
		mem_cgroup_swapin_uncharge_swap(folio->swap, 1);
	folio_add_lru(folio);
}

/*
 * Take the buffer out of the swap cache again. Return: false if it is of use to
 * somebody else by now, or dirty as it could not be written.
 */
static bool spm_drop_buffer(struct folio *folio, void *shadow)
{
	struct address_space *mapping = swap_address_space(folio->swap);
	swp_entry_t swp = folio->swap;

	VM_WARN_ON_ONCE_FOLIO(!folio_test_locked(folio), folio);

	if (!folio_test_swapcache(folio) || folio_mapped(folio) ||
	    folio_test_writeback(folio))
		return false;

	xa_lock_irq(&mapping->i_pages);
	/* The swap cache's reference, and ours. */
	if (!folio_ref_freeze(folio, 2)) {
		xa_unlock_irq(&mapping->i_pages);
		return false;
	}
	if (folio_test_dirty(folio)) {
		folio_ref_unfreeze(folio, 2);
		xa_unlock_irq(&mapping->i_pages);
		return false;
	}
	__delete_from_swap_cache(folio, swp, shadow);
	xa_unlock_irq(&mapping->i_pages);
	put_swap_folio(folio, swp);
	folio_ref_unfreeze(folio, 1);
	return true;
}

/* Give up a folio that is new in the swap cache, and has no contents. */
static void spm_abandon(struct folio *folio)
{
	delete_from_swap_cache(folio);
	folio_unlock(folio);
	folio_put(folio);
}

/* The page's folio is in the swap cache already: the stored page is a second copy. */
static int spm_evict_cached(struct spm_victim *victim, struct folio *folio)
{
	pgoff_t index = swap_cache_index(victim->swp);
	int rc = -EAGAIN;

	folio_lock(folio);
	if (folio_test_swapcache(folio) && folio_test_uptodate(folio) &&
	    folio_contains(folio, index) &&
	    folio_mapping(folio) == swap_address_space(victim->swp))
		rc = zswap_unstore(folio, victim->swp, victim->pool,
				   victim->handle);
	folio_unlock(folio);
	return rc;
}

/* Fill in a new folio of the swap cache. Return: 0, then it stays locked; -errno. */
static int spm_evict_new(struct spm_victim *victim, enum spm_relief relief)
{
	int nid = victim->home_nid, rc;
	struct folio *folio;

	if (!node_state(nid, N_MEMORY))
		nid = numa_mem_id();
	folio = __folio_alloc(spm_evict_gfp(relief), 0, nid, NULL);
	if (!folio)
		return -ENOMEM;

	rc = spm_add_to_swap_cache(folio, victim, relief);
	if (rc) {
		folio_put(folio);
		return rc;
	}

	rc = zswap_unstore(folio, victim->swp, victim->pool, victim->handle);
	if (rc) {
		spm_abandon(folio);
		return rc;
	}
	victim->folio = folio;
	return 0;
}

/* A page goes back to DRAM, cold as it is. */
static void spm_finish_promotion(struct folio *folio)
{
	spm_keep_folio(folio);
	folio_unlock(folio);
	folio_put(folio);
}

/* Start to write a buffer. It is unlocked when that is over, or before. */
static void spm_start_writeback(struct folio *folio)
{
	struct writeback_control wbc = {
		.sync_mode = WB_SYNC_NONE,
	};

	count_vm_event(ZSWPWB);
	count_memcg_folio_events(folio, ZSWPWB, 1);
	folio_clear_dirty_for_io(folio);
	__swap_writepage(folio, &wbc);
}

static void spm_finish_writeback(struct spm_victim *victim)
{
	struct folio *folio = victim->folio;
	bool dropped;

	folio_wait_writeback(folio);
	folio_lock(folio);
	dropped = spm_drop_buffer(folio, victim->shadow);
	/* Reclaim has to see to it from now on, and to what was not written. */
	if (!dropped)
		spm_keep_folio(folio);
	folio_unlock(folio);
	folio_put(folio);
}

static int spm_evict_one(struct spm_victim *victim, enum spm_relief relief)
{
	struct swap_info_struct *si = get_swap_device(victim->swp);
	struct folio *folio;
	int rc;

	if (!si)
		return -ENOENT;

	folio = filemap_get_folio(swap_address_space(victim->swp),
				  swap_cache_index(victim->swp));
	if (IS_ERR(folio)) {
		rc = spm_evict_new(victim, relief);
	} else {
		rc = spm_evict_cached(victim, folio);
		folio_put(folio);
	}
	/* From here on a folio of ours in the swap cache holds up swapoff. */
	put_swap_device(si);
	return rc;
}

/**
 * spm_evict() - move swapped-out pages off their SPM nodes
 * @victims: the pages; in each, @rc is set to what came of it
 * @nr: number of pages
 * @relief: where to
 *
 * Several pages are written at the same time.
 *
 * Context: Process context without locks. May sleep, and waits for I/O. Never
 * invokes an OOM killer.
 * Return: how many pages have left. They were written to the swap device, or
 * are in the swap cache only.
 */
unsigned int spm_evict(struct spm_victim *victims, unsigned int nr,
		       enum spm_relief relief)
{
	unsigned int i, done = 0;
	struct blk_plug plug;

	blk_start_plug(&plug);
	for (i = 0; i < nr; i++) {
		victims[i].folio = NULL;
		victims[i].shadow = NULL;
		victims[i].rc = spm_evict_one(&victims[i], relief);
		done += !victims[i].rc;
		if (!victims[i].folio)
			continue;
		if (relief == SPM_PROMOTE)
			spm_finish_promotion(victims[i].folio);
		else
			spm_start_writeback(victims[i].folio);
	}
	blk_finish_plug(&plug);

	for (i = 0; i < nr && relief == SPM_WRITE_BACK; i++)
		if (victims[i].folio)
			spm_finish_writeback(&victims[i]);
	return done;
}
EXPORT_SYMBOL_GPL(spm_evict);
