// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim of what tasks have mapped on SPM nodes
 *
 * SPM nodes are in no zonelist, so reclaim never looks at their LRU lists. It is the
 * device that gets full, or a cgroup's limit that is lowered. Then folios leave here:
 * to DRAM, or to the swap device, the coldest first, cgroups in turn.
 *
 * This is no shrink_node(): it runs no shrinker, knows no protection, which is about
 * DRAM, and takes folios from both kinds of LRU lists, whichever is in use. In the
 * first two turns a folio that was referenced stays, and is young again. After that
 * nobody has a choice if the device has to have less.
 *
 * As nobody else looks at these lists, folios that are of no more use are freed here,
 * too: those that were written to the swap device in the meantime, and those that only
 * batches of the LRU refer to.
 *
 * Locking: lruvec->lru_lock guards the lists. A folio is this file's from
 * folio_test_clear_lru() on.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/memcontrol.h>
#include <linux/mm_inline.h>
#include <linux/mmzone.h>
#include <linux/rmap.h>
#include <linux/sched/signal.h>
#include <linux/swap.h>

#include "../internal.h"
#include "control.h"
#include "mapped.h"
#include "memcg.h"
#include "node.h"
#include "reclaim.h"
#include "room.h"
#include "stats.h"

/* Folios that are isolated at the same time, from one cgroup. */
#define SPM_RECLAIM_BATCH	SWAP_CLUSTER_MAX
/* Folios that are looked at for that while the LRU is locked. */
#define SPM_RECLAIM_SCAN	(4 * SPM_RECLAIM_BATCH)
/* Turns without progress: that spare what was referenced, and all. */
#define SPM_SPARING_TURNS	2
#define SPM_IDLE_TURNS		4
/* Which part of a cgroup's folios is looked at for what is cold, at a time: 1/64. */
#define SPM_COLD_ROUNDS		64
/* How long what was swapped out may stay in the swap cache, on SPM. */
#define SPM_CACHED_TIME		(2 * HZ)
/* How often pages are taken out of batches that don't get full. */
#define SPM_DRAIN_TIME		HZ
/* How long pages that are being written are waited for between turns. */
#define SPM_WRITE_PAUSE_MS	10

/**
 * struct spm_isolation - folios that are taken from LRU lists
 * @lruvec: the lists
 * @folios: what was taken
 * @suits: tells which folios; NULL for any
 * @nr: pages that are still to be taken
 * @scan: folios that may still be looked at
 */
struct spm_isolation {
	struct lruvec *lruvec;
	struct list_head *folios;
	bool (*suits)(const struct folio *folio);
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
		if (!iso->suits || iso->suits(folio))
			spm_isolate_folio(iso, folio);
	}
}

/* @file: the lists of files' folios, where those are that MADV_FREE has given up. */
#ifdef CONFIG_LRU_GEN
static void spm_isolate_generations(struct spm_isolation *iso, bool file)
{
	struct lru_gen_folio *lrugen = &iso->lruvec->lrugen;
	unsigned long seq;

	for (seq = lrugen->min_seq[file]; seq <= lrugen->max_seq; seq++)
		spm_isolate_list(iso, &lrugen->folios[lru_gen_from_seq(seq)]
						     [file][ZONE_MOVABLE]);
}
#else
static void spm_isolate_generations(struct spm_isolation *iso, bool file)
{
}
#endif

static void spm_isolate_lists(struct spm_isolation *iso, bool file)
{
	enum lru_list lru = file ? LRU_INACTIVE_FILE : LRU_INACTIVE_ANON;

	spm_isolate_list(iso, &iso->lruvec->lists[lru]);
	spm_isolate_generations(iso, file);
	spm_isolate_list(iso, &iso->lruvec->lists[lru + LRU_ACTIVE]);
}

static void spm_isolate_cold(struct lruvec *lruvec, unsigned long nr,
			     bool (*suits)(const struct folio *folio),
			     struct list_head *folios)
{
	struct spm_isolation iso = {
		.lruvec = lruvec,
		.folios = folios,
		.suits = suits,
		.nr = nr,
		.scan = SPM_RECLAIM_SCAN,
	};

	spin_lock_irq(&lruvec->lru_lock);
	spm_isolate_lists(&iso, true);		/* nobody needs these */
	iso.scan = SPM_RECLAIM_SCAN;
	spm_isolate_lists(&iso, false);
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

/*
 * Was an isolated folio referenced? With generations, whoever looks at one entry of a page
 * table clears the accessed bits of those around it, and marks their folios instead.
 */
static bool spm_test_clear_referenced(struct folio *folio)
{
	unsigned long vm_flags;
	bool mapped = folio_referenced(folio, 0, folio_memcg(folio), &vm_flags);

	return folio_test_clear_referenced(folio) || mapped;
}

/* Put back what was referenced since somebody has looked last, as young. */
static void spm_spare_referenced(struct list_head *folios)
{
	struct folio *folio, *next;
	LIST_HEAD(young);

	list_for_each_entry_safe(folio, next, folios, lru) {
		if (!spm_test_clear_referenced(folio))
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
 * @round: counts, if a part of the folios is looked at each time
 * @writes: pages that are being written now
 */
struct spm_reclaim {
	struct pglist_data *pgdat;
	enum spm_relief relief;
	bool spares_young;
	unsigned int round;
	unsigned long writes;
};

/*
 * Write folios to the swap device, and free those that were. Afterwards they are on the
 * LRU again, or are free, or another's: so which of them are being written is a hint.
 */
static unsigned long spm_write_folios(struct spm_reclaim *rec, struct list_head *folios)
{
	unsigned long pfn[SPM_RECLAIM_BATCH], nr_pages[SPM_RECLAIM_BATCH], done;
	unsigned int nr = 0, i;
	struct folio *folio;
	struct page *page;

	list_for_each_entry(folio, folios, lru) {
		if (WARN_ON_ONCE(nr == SPM_RECLAIM_BATCH))
			break;
		nr_pages[nr] = folio_nr_pages(folio);
		pfn[nr++] = folio_pfn(folio);
	}
	done = reclaim_pages(folios);
	for (i = 0; i < nr; i++) {
		/* As nothing keeps them, the node may be gone with them. */
		page = pfn_to_online_page(pfn[i]);
		if (page && PageWriteback(page))
			rec->writes += nr_pages[i];
	}
	return done;
}

/* Free those that MADV_FREE has given up. What was written to since then stays. */
static unsigned long spm_drop_lazyfree(struct list_head *folios)
{
	struct folio *folio, *next;
	LIST_HEAD(lazyfree);

	list_for_each_entry_safe(folio, next, folios, lru)
		if (!folio_test_swapbacked(folio))
			list_move_tail(&folio->lru, &lazyfree);
	return reclaim_pages(&lazyfree);
}

/* Without a swap slot of its own it could not be written: don't unmap, or split it. */
static bool spm_folio_needs_no_slot(const struct folio *folio)
{
	return folio_test_swapcache(folio) || !folio_test_swapbacked(folio);
}

static bool spm_memcg_may_swap_out(struct mem_cgroup *memcg)
{
	return spm_memcg_swap_slots(memcg) > 0 && spm_memcg_may_write_back(memcg);
}

/* One cgroup's turn. */
static unsigned long spm_reclaim_give(struct mem_cgroup *memcg, unsigned long nr,
				      void *arg)
{
	struct spm_reclaim *rec = arg;
	bool all = rec->relief == SPM_PROMOTE || spm_memcg_may_swap_out(memcg);
	unsigned long done;
	LIST_HEAD(folios);

	spm_isolate_cold(mem_cgroup_lruvec(memcg, rec->pgdat),
			 min(nr, SPM_RECLAIM_BATCH),
			 all ? NULL : spm_folio_needs_no_slot, &folios);
	if (rec->spares_young)
		spm_spare_referenced(&folios);
	done = spm_drop_lazyfree(&folios);
	if (rec->relief == SPM_PROMOTE)
		done += spm_promote_folios(&folios);
	else if (!list_empty(&folios))
		done += spm_write_folios(rec, &folios);
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
 * Context: Process context. May sleep. Invokes no OOM killer. A signal ends it early.
 * Return: how many pages were moved. May be more than @nr.
 */
unsigned long spm_reclaim(int nid, struct spm_turns *turns, unsigned long nr,
			  enum spm_relief relief)
{
	struct spm_reclaim rec = { .pgdat = NODE_DATA(nid), .relief = relief };
	unsigned long done = 0, moved;
	int idle = 0;

	lru_add_drain();
	while (done < nr && idle < SPM_IDLE_TURNS && !signal_pending(current)) {
		rec.spares_young = idle < SPM_SPARING_TURNS;
		rec.writes = 0;
		moved = spm_turns_go_on(turns, nr - done, spm_reclaim_give, &rec);
		done += moved;
		if (moved)
			continue;
		idle++;
		if (rec.writes)
			msleep(SPM_WRITE_PAUSE_MS);
	}
	if (relief == SPM_WRITE_BACK)
		spm_stat_add_nid(nid, SPM_STAT_WRITTEN_BACK, done);
	return done;
}

/* ---- What is cold ---- */

#ifdef CONFIG_LRU_GEN
static unsigned long spm_generations_size(struct lruvec *lruvec)
{
	unsigned long sum = 0;
	int gen, type;

	/* READ_ONCE: written under lru_lock, and no more than a hint here. */
	for (gen = 0; gen < MAX_NR_GENS; gen++)
		for (type = 0; type < ANON_AND_FILE; type++)
			sum += max(READ_ONCE(lruvec->lrugen.nr_pages[gen][type]
								    [ZONE_MOVABLE]), 0L);
	return sum;
}
#else
static unsigned long spm_generations_size(struct lruvec *lruvec)
{
	return 0;
}
#endif

static unsigned long spm_list_size(struct lruvec *lruvec, enum lru_list lru)
{
	if (mem_cgroup_disabled())
		return zone_page_state(&lruvec_pgdat(lruvec)->node_zones[ZONE_MOVABLE],
				       NR_ZONE_LRU_BASE + lru);
	return mem_cgroup_get_zone_lru_size(lruvec, lru, ZONE_MOVABLE);
}

/* Pages that a cgroup has on either kind of lists, of which one is in use. */
static unsigned long spm_lru_size(struct lruvec *lruvec)
{
	unsigned long sum = spm_generations_size(lruvec);
	enum lru_list lru;

	if (sum)
		return sum;
	for_each_evictable_lru(lru)
		sum += spm_list_size(lruvec, lru);
	return sum;
}

/*
 * So many of a cgroup's folios are looked at this time. What matters is not how many it
 * has, but that each was left alone for long enough since it was looked at last.
 */
static unsigned long spm_cold_share(struct mem_cgroup *memcg,
				    const struct spm_reclaim *rec)
{
	unsigned long nr = spm_lru_size(mem_cgroup_lruvec(memcg, rec->pgdat));

	if (nr >= SPM_COLD_ROUNDS)
		return nr / SPM_COLD_ROUNDS;
	return rec->round % SPM_COLD_ROUNDS ? 0 : nr;
}

/* One cgroup's turn. */
static unsigned long spm_give_cold(struct mem_cgroup *memcg, unsigned long nr, void *arg)
{
	struct spm_reclaim *rec = arg;
	unsigned long share = spm_cold_share(memcg, rec), done = 0, batch;

	for (; share && done < nr; share -= batch) {
		batch = min(share, SPM_RECLAIM_BATCH);
		rec->writes = 0;
		done += spm_reclaim_give(memcg, batch, rec);
		/* There is no hurry: spm_tidy() frees these when they were written. */
		done += rec->writes;
	}
	return done;
}

/**
 * spm_reclaim_cold() - write tasks' folios to the swap device that nobody uses
 * @nid: the node
 * @turns: cgroups that they belong to
 * @nr: how many pages
 * @round: counts the calls
 *
 * Looks at 1/64 of the folios only.
 *
 * Context: Process context. May sleep. Invokes no OOM killer.
 * Return: how many pages are written, or freed.
 */
unsigned long spm_reclaim_cold(int nid, struct spm_turns *turns, unsigned long nr,
			       unsigned int round)
{
	struct spm_reclaim rec = {
		.pgdat = NODE_DATA(nid),
		.relief = SPM_WRITE_BACK,
		.spares_young = true,
		.round = round,
	};
	unsigned long done;

	lru_add_drain();
	done = spm_turns_go_on(turns, nr, spm_give_cold, &rec);
	spm_stat_add_nid(nid, SPM_STAT_WRITTEN_BACK, done);
	return done;
}

/* ---- What is of no more use ---- */

/* Is there nothing left to do but to free it? */
static bool spm_folio_is_left(const struct folio *folio)
{
	return folio_test_swapcache(folio) && !folio_mapped(folio) &&
	       !folio_test_writeback(folio);
}

/* One cgroup's turn. */
static unsigned long spm_free_left(struct mem_cgroup *memcg, unsigned long nr, void *arg)
{
	unsigned long done = 0;
	LIST_HEAD(folios);

	spm_isolate_cold(mem_cgroup_lruvec(memcg, arg), SPM_RECLAIM_BATCH,
			 spm_folio_is_left, &folios);
	if (!list_empty(&folios))
		done = reclaim_pages(&folios);
	spm_putback_list(&folios);
	return done;
}

/* What was swapped out stays in the swap cache until somebody comes by. */
static void spm_free_all_left(struct pglist_data *pgdat)
{
	struct spm_turns turns = {};

	while (node_page_state(pgdat, NR_SWAPCACHE) &&
	       spm_turns_go_on(&turns, ULONG_MAX, spm_free_left, pgdat))
		;
	spm_turns_end(&turns);
}

/* Not at once, unless room is short: who uses such a page again need not read it then. */
static void spm_tidy_swap_cache(struct spm_node *node, struct pglist_data *pgdat)
{
	if (!node->left_since)
		node->left_since = jiffies | 1;		/* 0 is none */
	if (!spm_short_of_room(node) &&
	    time_before(jiffies, node->left_since + SPM_CACHED_TIME))
		return;
	spm_free_all_left(pgdat);
	node->left_since = 0;
}

/**
 * spm_tidy() - free tasks' pages that are of no more use
 * @node: the node
 *
 * Context: The node's relief worker. May sleep.
 * Return: true if there are any tasks' pages, so that it should be done again.
 */
bool spm_tidy(struct spm_node *node)
{
	struct pglist_data *pgdat = NODE_DATA(node->nid);
	unsigned long nr = spm_stat_read(node, SPM_STAT_MAPPED);

	if (!nr)
		return false;
	if (node_page_state(pgdat, NR_SWAPCACHE)) {
		spm_tidy_swap_cache(node, pgdat);
	} else if (nr > node_page_state(pgdat, NR_ANON_MAPPED) &&
		   time_after(jiffies, node->drain_after)) {
		/* Others are on their way from one list to another: not for long. */
		node->drain_after = jiffies + SPM_DRAIN_TIME;
		lru_add_drain_all();
	}
	return true;
}
