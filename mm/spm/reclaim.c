// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim of what tasks have mapped on SPM nodes
 *
 * SPM nodes are in no zonelist, so reclaim never looks at their LRU lists. It is the
 * device that gets full, or a cgroup's limit that is lowered. Then folios leave here:
 * to DRAM, or to the swap device, the coldest first, cgroups in turn.
 *
 * This is no shrink_node(): it runs no shrinker, knows no protection, which is about
 * DRAM, and takes folios from both kinds of LRU lists, whichever is in use. In a
 * cgroup's first two turns a folio that was referenced stays, and is young again.
 * After that nobody has a choice: the device has to have less.
 *
 * Locking: lruvec->lru_lock guards the lists. A folio is this file's from
 * folio_test_clear_lru() on.
 */
#include <linux/delay.h>
#include <linux/memcontrol.h>
#include <linux/mm_inline.h>
#include <linux/mmzone.h>
#include <linux/rmap.h>
#include <linux/sched.h>
#include <linux/swap.h>

#include "../internal.h"
#include "mapped.h"
#include "memcg.h"
#include "reclaim.h"
#include "stats.h"

/* Folios that are isolated at the same time, from one cgroup. */
#define SPM_RECLAIM_BATCH	SWAP_CLUSTER_MAX
/* Folios that are looked at for that while the LRU is locked. */
#define SPM_RECLAIM_SCAN	(4 * SPM_RECLAIM_BATCH)
/* Turns without progress: that spare what was referenced, and all. */
#define SPM_SPARING_TURNS	2
#define SPM_IDLE_TURNS		4
/* How long pages that are being written are waited for between turns. */
#define SPM_WRITE_PAUSE_MS	10

/**
 * struct spm_isolation - folios that are taken from LRU lists
 * @lruvec: the lists
 * @folios: what was taken
 * @nr: pages that are still to be taken
 * @scan: folios that may still be looked at
 */
struct spm_isolation {
	struct lruvec *lruvec;
	struct list_head *folios;
	long nr;
	unsigned int scan;
};

/* Take the folio if nobody else is about to. */
static bool spm_isolate_folio(struct spm_isolation *iso, struct folio *folio)
{
	if (!folio_try_get(folio))
		return false;
	if (!folio_test_clear_lru(folio)) {
		folio_put(folio);
		return false;
	}
	lruvec_del_folio(iso->lruvec, folio);
	list_add_tail(&folio->lru, iso->folios);
	iso->nr -= folio_nr_pages(folio);
	return true;
}

/* From a list's tail, which is its cold end. */
static void spm_isolate_list(struct spm_isolation *iso, struct list_head *list)
{
	struct folio *folio, *prev;

	lockdep_assert_held(&iso->lruvec->lru_lock);

	list_for_each_entry_safe_reverse(folio, prev, list, lru) {
		if (iso->nr <= 0 || !iso->scan)
			return;
		iso->scan--;
		spm_isolate_folio(iso, folio);
	}
}

#ifdef CONFIG_LRU_GEN
static void spm_isolate_generations(struct spm_isolation *iso)
{
	struct lru_gen_folio *lrugen = &iso->lruvec->lrugen;
	unsigned long seq;

	for (seq = lrugen->min_seq[LRU_GEN_ANON]; seq <= lrugen->max_seq; seq++)
		spm_isolate_list(iso, &lrugen->folios[lru_gen_from_seq(seq)]
						     [LRU_GEN_ANON][ZONE_MOVABLE]);
}
#else
static void spm_isolate_generations(struct spm_isolation *iso)
{
}
#endif

static void spm_isolate_cold(struct lruvec *lruvec, unsigned long nr,
			     struct list_head *folios)
{
	struct spm_isolation iso = {
		.lruvec = lruvec,
		.folios = folios,
		.nr = nr,
		.scan = SPM_RECLAIM_SCAN,
	};

	spin_lock_irq(&lruvec->lru_lock);
	spm_isolate_list(&iso, &lruvec->lists[LRU_INACTIVE_ANON]);
	spm_isolate_generations(&iso);
	spm_isolate_list(&iso, &lruvec->lists[LRU_ACTIVE_ANON]);
	spin_unlock_irq(&lruvec->lru_lock);
}

static void spm_putback_list(struct list_head *folios)
{
	struct folio *folio, *next;

	list_for_each_entry_safe(folio, next, folios, lru) {
		list_del(&folio->lru);
		folio_putback_lru(folio);
	}
}

/* Put back what was referenced since somebody has looked last, as young. */
static void spm_spare_referenced(struct list_head *folios)
{
	struct folio *folio, *next;
	unsigned long vm_flags;
	LIST_HEAD(young);

	list_for_each_entry_safe(folio, next, folios, lru) {
		if (!folio_referenced(folio, 0, folio_memcg(folio), &vm_flags))
			continue;
		folio_set_active(folio);
		list_move(&folio->lru, &young);
	}
	spm_putback_list(&young);
}

/**
 * struct spm_reclaim - what is to be reclaimed
 * @pgdat: node that folios are to leave
 * @relief: where to
 * @spares_young: folios that were referenced stay
 */
struct spm_reclaim {
	struct pglist_data *pgdat;
	enum spm_relief relief;
	bool spares_young;
};

/* One cgroup's turn. */
static unsigned long spm_reclaim_give(struct mem_cgroup *memcg, unsigned long nr,
				      void *arg)
{
	struct spm_reclaim *rec = arg;
	unsigned long done = 0;
	LIST_HEAD(folios);

	spm_isolate_cold(mem_cgroup_lruvec(memcg, rec->pgdat),
			 min(nr, SPM_RECLAIM_BATCH), &folios);
	if (rec->spares_young)
		spm_spare_referenced(&folios);
	if (rec->relief == SPM_PROMOTE)
		done = spm_promote_folios(&folios);
	else if (!list_empty(&folios))
		done = reclaim_pages(&folios);
	spm_putback_list(&folios);
	return done;
}

/**
 * spm_reclaim() - move tasks' folios off an SPM node, the coldest first
 * @nid: the node
 * @turns: cgroups that they are to belong to
 * @nr: how many pages
 * @relief: where to
 *
 * Context: Process context. May sleep. Invokes no OOM killer.
 * Return: how many pages were moved. May be more than @nr.
 */
unsigned long spm_reclaim(int nid, struct spm_turns *turns, unsigned long nr,
			  enum spm_relief relief)
{
	struct spm_reclaim rec = { .pgdat = NODE_DATA(nid), .relief = relief };
	unsigned long done = 0, moved;
	int idle = 0;

	lru_add_drain();
	while (done < nr && idle < SPM_IDLE_TURNS) {
		rec.spares_young = idle < SPM_SPARING_TURNS;
		moved = spm_turns_go_on(turns, nr - done, spm_reclaim_give, &rec);
		done += moved;
		if (moved)
			continue;
		idle++;
		if (relief == SPM_WRITE_BACK)
			msleep(SPM_WRITE_PAUSE_MS);
	}
	if (relief == SPM_WRITE_BACK)
		spm_stat_add_nid(nid, SPM_STAT_WRITTEN_BACK, done);
	return done;
}
