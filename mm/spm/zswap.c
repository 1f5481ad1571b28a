// SPDX-License-Identifier: GPL-2.0
/*
 * Moving raw pages out of zswap: one that is named, or the coldest ones
 *
 * Included by mm/zswap.c, whose entries, trees and LRU lists this is about.
 */
#include <linux/export.h>

#include "zswap.h"

/*
 * The folio is in the swap cache already, the entry is but a second copy: drop
 * it. The folio has to be written again then.
 */
static int zswap_drop_cached(struct zswap_entry *entry, swp_entry_t swp)
{
	struct folio *folio;
	int ret = -EAGAIN;

	folio = filemap_get_folio(swap_address_space(swp), swap_cache_index(swp));
	if (IS_ERR(folio))
		return ret;

	folio_lock(folio);
	if (folio_test_swapcache(folio) && folio->swap.val == swp.val &&
	    folio_test_uptodate(folio) &&
	    xa_cmpxchg(swap_zswap_tree(swp), swp_offset(swp), entry, NULL,
		       GFP_KERNEL) == entry) {
		zswap_entry_free(entry);
		folio_mark_dirty(folio);
		ret = 0;
	}
	folio_unlock(folio);
	folio_put(folio);
	return ret;
}

/**
 * zswap_evict() - move one raw page out of zswap
 * @swp: where the page was swapped out to
 * @handle: handle that the pool gave it
 * @promote: to DRAM, if there is free memory for it, instead of the swap device
 *
 * For a pool that must give up the memory below this page. The data is
 * written to the swap device, or is in the swap cache only afterwards.
 *
 * Context: Process context without locks. May sleep.
 * Return: 0; -ENOENT if zswap holds no such page (any more), -EBUSY if its cgroup
 * does not allow to write it back, -EAGAIN or -ENOMEM to try again later, -EIO if
 * the page can't be read.
 */
int zswap_evict(swp_entry_t swp, unsigned long handle, bool promote)
{
	struct swap_info_struct *si;
	struct zswap_entry *entry;
	struct xarray *tree;
	int ret = -ENOENT;

	si = get_swap_device(swp);
	if (!si)
		return ret;

	tree = swap_zswap_tree(swp);
	xa_lock(tree);
	entry = xa_load(tree, swp_offset(swp));
	if (entry && entry->raw && entry->handle == handle) {
		rcu_read_lock();
		ret = promote ||
		      mem_cgroup_zswap_writeback_enabled(mem_cgroup_from_entry(entry)) ?
		      0 : -EBUSY;
		rcu_read_unlock();
	}
	xa_unlock(tree);

	/* As in shrink_memcg_cb(), the entry may be gone from here on. */
	if (!ret) {
		ret = zswap_writeback_entry(entry, swp, promote);
		if (!ret)
			zswap_written_back_pages += !promote;
		else if (ret == -EEXIST)
			ret = zswap_drop_cached(entry, swp);
	}

	put_swap_device(si);
	return ret;
}
EXPORT_SYMBOL_GPL(zswap_evict);

#define ZSWAP_VICTIMS	SWAP_CLUSTER_MAX
/* Entries that are looked at while the LRU lock is held. */
#define ZSWAP_SCAN	1024UL

struct zswap_victims {
	bool (*match)(unsigned long handle, int nid);
	int nid;
	unsigned int nr, max;
	swp_entry_t swp[ZSWAP_VICTIMS];
	unsigned long handle[ZSWAP_VICTIMS];
};

/* Whatever it is, rotate it: so a scan gets on, if it is not among the first. */
static enum lru_status zswap_victims_cb(struct list_head *item, struct list_lru_one *l,
					spinlock_t *lock, void *arg)
{
	struct zswap_entry *entry = container_of(item, struct zswap_entry, lru);
	struct zswap_victims *victims = arg;

	if (victims->nr == victims->max)
		return LRU_STOP;
	if (!entry->raw || !victims->match(entry->handle, victims->nid))
		return LRU_ROTATE;

	/* A second chance, as in shrink_memcg_cb(). */
	if (entry->referenced) {
		entry->referenced = false;
		return LRU_ROTATE;
	}
	victims->swp[victims->nr] = entry->swpentry;
	victims->handle[victims->nr++] = entry->handle;
	return LRU_ROTATE;
}

/* Find the coldest ones, looking at each entry twice: see second chance. */
static void zswap_find_victims(struct mem_cgroup *memcg, int nid,
			       struct zswap_victims *victims)
{
	unsigned long total, nr, nr_left, scanned = 0;

	total = list_lru_count_one(&zswap_list_lru, nid, memcg);
	while (scanned < 2 * total && !victims->nr) {
		nr = min(total, ZSWAP_SCAN);
		nr_left = nr;
		list_lru_walk_one(&zswap_list_lru, nid, memcg, zswap_victims_cb,
				  victims, &nr_left);
		if (nr_left == nr)
			break;
		scanned += nr - nr_left;
		cond_resched();
	}
}

/* Evict some entries of one cgroup that match. Return: how many. */
static unsigned long zswap_evict_memcg(struct mem_cgroup *memcg, bool promote,
				       struct zswap_victims *victims)
{
	unsigned long nr_evicted = 0;
	unsigned int i;
	int nid;

	if (!promote && !mem_cgroup_zswap_writeback_enabled(memcg))
		return 0;

	victims->nr = 0;
	for_each_node_state(nid, N_NORMAL_MEMORY)
		if (!victims->nr)
			zswap_find_victims(memcg, nid, victims);
	for (i = 0; i < victims->nr; i++)
		nr_evicted += !zswap_evict(victims->swp[i], victims->handle[i],
					   promote);
	return nr_evicted;
}

/**
 * zswap_evict_cold() - move the coldest raw pages out of zswap
 * @nr: how many
 * @match: is this a page that is meant? Called under a spinlock.
 * @nid: for @match
 * @promote: to DRAM, as long as there is free memory, instead of the swap device
 *
 * Takes some of each cgroup in turn.
 *
 * Context: Process context without locks. May sleep.
 * Return: how many were moved. Less than @nr if there are not as many, or if
 * cgroups don't allow to write them back.
 */
unsigned long zswap_evict_cold(unsigned long nr,
			       bool (*match)(unsigned long handle, int nid),
			       int nid, bool promote)
{
	struct zswap_victims victims = { .match = match, .nid = nid };
	unsigned long done = 0, before;
	struct mem_cgroup *memcg;

	do {
		before = done;
		memcg = mem_cgroup_iter(NULL, NULL, NULL);
		do {
			victims.max = min(nr - done, ZSWAP_VICTIMS);
			done += zswap_evict_memcg(memcg, promote, &victims);
			cond_resched();
			if (done == nr) {
				mem_cgroup_iter_break(NULL, memcg);
				return done;
			}
		} while ((memcg = mem_cgroup_iter(NULL, memcg, NULL)));
	} while (done > before);
	return done;
}
EXPORT_SYMBOL_GPL(zswap_evict_cold);
