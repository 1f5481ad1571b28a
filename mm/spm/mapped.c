// SPDX-License-Identifier: GPL-2.0
/*
 * Mapped mode: folios of tasks on SPM nodes
 *
 * Reclaim migrates cold anonymous folios there (see demote.c), where they
 * stay mapped and on the LRU, and can be read. They can't be written to:
 *
 *   - Migration to an SPM node maps read-only and not exclusively, whoever asks
 *     for it: see spm_migration_entry(). So does swapping in from a folio of an
 *     SPM node that is in the swap cache.
 *   - All that makes a private page writable, or writes to it by another way, asks
 *     whether it is exclusive, and has it copied by a write fault if not.
 *   - The write fault never reuses a folio of an SPM node, however few refer to it.
 *     It copies the page to DRAM, which is the promotion. A folio that is mapped
 *     by a PMD is migrated as a whole, if that is possible at once.
 *
 * Documentation/mm/spm-read-only.rst goes through all places that matter.
 *
 * Counting: migration counts a folio as used, and as mapped, when its contents
 * get there. It is counted until it is freed, when free_pages_prepare() hands it
 * over to be trimmed. A folio of a task is told by being anonymous: the target of
 * a migration that failed isn't, nor is what the allocator onlines, nor a page
 * of a user (struct spm_user).
 *
 * Such a folio needs no lock of ours: migration has it locked, and who frees it is
 * the last to have it.
 */
#define pr_fmt(fmt) "spm: " fmt

#include <linux/highmem.h>
#include <linux/jiffies.h>
#include <linux/memcontrol.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/pagewalk.h>
#include <linux/page_ref.h>
#include <linux/rcupdate.h>
#include <linux/rmap.h>
#include <linux/spm.h>
#include <linux/spm_mapped.h>
#include <linux/swap.h>
#include <trace/events/spm.h>

#include "../internal.h"
#include "../swap.h"
#include "admit.h"
#include "alloc.h"
#include "control.h"
#include "mapped.h"
#include "memcg.h"
#include "node.h"
#include "stats.h"
#include "trim.h"
#include "walk.h"

/* DRAM that emptying a node leaves alone: 1/64. */
#define SPM_LEAVE_SHIFT		6
/* Faults that it may take to make a page exclusive, and one for a race. */
#define SPM_UNSHARE_TRIES	4

/* ---- Where a folio came from, and when ---- */

/*
 * A task's folio on an SPM node has a tag in its private, unless it is in the swap
 * cache, which needs that: the node in DRAM that it came from, and when, in jiffies. A
 * tag is written before the folio is mapped, and lost when it is split or swapped out.
 * Whoever reads it may read an entry of the swap cache instead: it decides no more than
 * what is counted, and where memory is looked for first.
 */
#define SPM_TAG_NID_BITS	(NODES_SHIFT + 1)
#define SPM_TAG_NID_MASK	(BIT(SPM_TAG_NID_BITS) - 1)

/* The time of now, as a tag has it. */
static unsigned long spm_tag_time(void)
{
	return jiffies & (ULONG_MAX >> SPM_TAG_NID_BITS);
}

static unsigned long spm_tag(struct folio *folio)
{
	/* READ_ONCE: vs the swap cache, see above. */
	return folio_test_swapcache(folio) ? 0 : (unsigned long)READ_ONCE(folio->private);
}

/* @dst has arrived on an SPM node. */
static void spm_set_tag(struct folio *dst, struct folio *src)
{
	unsigned long tag;

	if (folio_test_swapcache(dst))
		return;
	tag = spm_folio(src) ? spm_tag(src) :
			       (spm_tag_time() << SPM_TAG_NID_BITS) + folio_nid(src) + 1;
	WRITE_ONCE(dst->private, (void *)tag);		/* vs spm_tag() */
}

/**
 * spm_tag_age() - how long has a folio been on SPM nodes?
 * @folio: folio of a task on one of them
 *
 * Context: Any.
 * Return: time in jiffies; ULONG_MAX if that is not known.
 */
unsigned long spm_tag_age(struct folio *folio)
{
	unsigned long tag = spm_tag(folio);

	return tag ? spm_tag_time() - (tag >> SPM_TAG_NID_BITS) : ULONG_MAX;
}

/**
 * spm_home_nid() - the node in DRAM that a folio belongs to
 * @folio: folio of a task on an SPM node
 *
 * Context: Any.
 * Return: the node that it came from; that of this CPU if that is not known.
 */
int spm_home_nid(struct folio *folio)
{
	int nid = (int)(spm_tag(folio) & SPM_TAG_NID_MASK) - 1;

	return nid >= 0 && nid < MAX_NUMNODES && node_state(nid, N_MEMORY) ?
	       nid : numa_mem_id();
}

/* ---- Coming and going ---- */

static void spm_mapped_add(struct spm_node *node, long nr)
{
	spm_stat_add(node, SPM_STAT_USED, nr);
	spm_stat_add(node, SPM_STAT_MAPPED, nr);
}

/*
 * May a folio go from SPM to DRAM? Only if its cgroup has room for it, whoever
 * wants that: above its limit it would kill tasks. See spm_evacuate_batch() for what
 * becomes of it if its node has to be emptied.
 */
static int spm_may_leave(struct folio *src)
{
	return spm_memcg_may_promote(src) ? 0 : -EBUSY;
}

/* As migration is going to look at it: nobody else has it. */
static bool spm_folio_busy(struct folio *src)
{
	return folio_ref_count(src) != 1 + (folio_test_swapcache(src) ?
					    folio_nr_pages(src) : 0);
}

/**
 * __spm_migrate_begin() - may a folio's contents be copied to another folio?
 * @dst: folio that is to have them
 * @src: folio that has them now; on the LRU before, unmapped and locked.
 *
 * One of them is on an SPM node, or both are.
 *
 * Context: Any.
 * Return: 0; -EHWPOISON if they can't be read; -EBUSY if the node that @dst is on
 * takes none, or DRAM has none for them; -EAGAIN.
 */
int __spm_migrate_begin(struct folio *dst, struct folio *src)
{
	struct spm_node *to, *from = NULL;
	int rc = -EBUSY;

	if (spm_folio(src)) {
		if (!spm_folio_readable(src))
			return -EHWPOISON;
		from = spm_node_of(src);
	}
	if (!spm_folio(dst))
		return spm_may_leave(src);
	/* What is admitted is used up, so don't ask for what can't be. */
	if (spm_folio_busy(src))
		return -EAGAIN;
	/* The page cache is written to by who knows what. */
	if (WARN_ON_ONCE(!folio_test_anon(src)))
		return -EBUSY;
	if (!from && spm_charge_folio(src))
		return -EBUSY;

	rcu_read_lock();
	to = rcu_dereference(spm_table[folio_nid(dst)]);
	if (spm_move_admit(to, from, folio_nr_pages(dst))) {
		spm_mapped_add(to, folio_nr_pages(dst));
		rc = 0;
	}
	rcu_read_unlock();
	if (rc && !from)
		spm_uncharge_folio(src);
	return rc;
}

static void spm_folio_clear(struct folio *folio)
{
	long i;

	for (i = 0; i < folio_nr_pages(folio); i++)
		clear_highpage(folio_page(folio, i));
}

/* A folio has arrived on a node, or could not be copied, perhaps half of it. */
static void spm_mapped_arrive(struct spm_node *to, struct folio *dst,
			      struct folio *src, int rc)
{
	long nr = folio_nr_pages(dst);

	if (rc)
		spm_folio_clear(dst);
	spm_written(to, dst, rc || spm_folio(src) ? SPM_STAT_MOVED :
						    SPM_STAT_DEMOTED);
	if (rc)
		spm_mapped_add(to, -nr);
	else if (!spm_folio(src))
		trace_spm_demote(dst, src);
	if (!rc)
		spm_set_tag(dst, src);
	spm_control_tidy_soon(to);
	/* If it has arrived, mem_cgroup_migrate() took the charge over. */
	if (rc && !spm_folio(src))
		spm_uncharge_folio(src);
}

/**
 * __spm_migrate_end() - a folio's contents were copied, or could not be
 * @dst: folio that has them now
 * @src: folio that had them
 * @rc: 0, or -errno, then @dst is not in use, and shows nothing of them
 *
 * Context: Any.
 */
void __spm_migrate_end(struct folio *dst, struct folio *src, int rc)
{
	struct spm_node *from;

	rcu_read_lock();		/* see spm_free_folio() */
	if (spm_folio(dst))
		spm_mapped_arrive(spm_node_of(dst), dst, src, rc);
	if (!rc && spm_folio(src) && folio_nid(src) != folio_nid(dst)) {
		from = spm_node_of(src);
		if (READ_ONCE(from->closing))	/* vs spm_node_close() */
			spm_stat_add(from, SPM_STAT_EVACUATED, folio_nr_pages(src));
	}
	rcu_read_unlock();
}

/**
 * __spm_prepare_to_swap() - may a folio be written to the swap device?
 * @folio: folio on an SPM node, locked, in the swap cache
 *
 * If it was written when its contents are lost already, whoever reads it later would
 * take for them what the device returned.
 *
 * Context: Any.
 * Return: 0; -EHWPOISON if its contents can't be read.
 */
int __spm_prepare_to_swap(const struct folio *folio)
{
	return spm_folio_readable(folio) ? 0 : -EHWPOISON;
}

/**
 * __spm_swap_written() - a folio was written to the swap device, or could not be
 * @folio: folio on an SPM node, under writeback
 *
 * If its device is gone, perhaps before it was read, it is as if it had not been
 * written: it stays, for spm_mapped_lose().
 *
 * Context: Any.
 */
void __spm_swap_written(struct folio *folio)
{
	spm_control_tidy_soon(spm_node_of(folio));
	if (spm_folio_present(folio))
		return;
	folio_mark_dirty(folio);
	folio_clear_reclaim(folio);	/* as after an error */
}

/**
 * __spm_free_pages() - pages of an SPM node are being freed
 * @page: the first of them; nobody refers to it
 * @order: how many, as a power of two
 *
 * A task's folio has to be trimmed first, and comes here again afterwards.
 *
 * Context: Any.
 * Return: true if it was taken over; false if it is to be freed now.
 */
bool __spm_free_pages(struct page *page, unsigned int order)
{
	struct folio *folio = page_folio(page);
	struct spm_node *node;
	bool poisoned, trim;

	if (!folio_test_anon(folio))
		return false;

	rcu_read_lock();			/* see spm_free_folio() */
	node = spm_node_of(folio);
	poisoned = !order && folio_test_hwpoison(folio);
	trim = node->trims && !poisoned;
	if (trim || poisoned) {		/* a poisoned page keeps all its state */
		mod_mthp_stat(order, MTHP_STAT_NR_ANON, -1);
		folio->mapping = NULL;
	}
	if (trim) {
		set_page_refcounted(page);
		spm_trim_defer(node, folio);
	}
	spm_mapped_add(node, -(1L << order));
	rcu_read_unlock();
	return trim;
}

/* A fault makes it exclusive: by a copy, or as nobody else has it any more. */
static bool spm_unshare_helps(struct vm_area_struct *vma, unsigned long addr)
{
	struct folio_walk fw;
	struct folio *folio;
	struct page *page;
	bool helps;

	folio = folio_walk_start(&fw, vma, addr, 0);
	if (!folio)
		return true;		/* it is being swapped, or migrated */
	/* That of a PMD is with the first page. */
	page = fw.level == FW_LEVEL_PMD ? &folio->page : fw.page;
	helps = folio_test_anon(folio) && !PageAnonExclusive(page) &&
		(spm_folio(folio) || !folio_likely_mapped_shared(folio));
	folio_walk_end(&fw, vma);
	return helps;
}

/* Return: true if there was a fault, so that it's worth trying again. */
static bool spm_unshare(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma;
	bool helps;

	if (fatal_signal_pending(current))
		return false;
	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	helps = vma && spm_unshare_helps(vma, addr) &&
		!fixup_user_fault(mm, addr, FAULT_FLAG_UNSHARE, NULL);
	mmap_read_unlock(mm);
	return helps;
}

/**
 * __spm_move_again() - should moving pages to another address go on?
 * @mm: address space
 * @addr: where it has ended, perhaps as the page there isn't exclusive
 * @rc: with this error; or not at the first page, then a number of bytes
 * @tries: how often this was called for that page
 *
 * If the page has been on an SPM node, make it exclusive. That may take several
 * faults: to swap in, to promote what a PMD maps, to reuse it.
 *
 * Context: Process context without locks. May sleep.
 * Return: true if it should.
 */
bool __spm_move_again(struct mm_struct *mm, unsigned long addr, ssize_t rc,
		      unsigned int *tries)
{
	/* The next call tells why it has ended: there may be nothing to be moved. */
	if (rc > 0) {
		*tries = 0;
		return !signal_pending(current);
	}
	return rc == -EBUSY && (*tries)++ < SPM_UNSHARE_TRIES && spm_unshare(mm, addr);
}

/**
 * __spm_copy_from_page() - read a page on an SPM node for somebody else
 * @page: the page, with a reference
 * @to: where to
 * @from: address in the page
 * @nr: number of bytes
 *
 * Context: Any.
 * Return: 0; @nr if the device has lost them, or is gone.
 */
unsigned long __spm_copy_from_page(struct page *page, void *to,
				   const void *from, unsigned long nr)
{
	struct folio *folio = page_folio(page);

	if (!spm_folio_readable(folio) || copy_mc_to_kernel(to, from, nr) ||
	    !spm_folio_present(folio)) {
		memset(to, 0, nr);
		return nr;
	}
	return 0;
}

/* ---- What the control loop and evacuation need ---- */

/*
 * Is there DRAM for so many pages, with what reclaim drops without writing it? Some
 * has to be left: who needs it next could not have it without the OOM killer.
 */
static bool spm_dram_available(long nr)
{
	return si_mem_available() - nr > (long)(totalram_pages() >> SPM_LEAVE_SHIFT);
}

/* Without the OOM killer: to empty a node is no reason to kill anybody. */
static gfp_t spm_leave_gfp(unsigned int order)
{
	return GFP_HIGHUSER_MOVABLE | __GFP_NOWARN |
	       (order ? __GFP_NORETRY : __GFP_RETRY_MAYFAIL); /* can be split */
}

/**
 * spm_mapped_new_folio() - where a task's folio goes when its node is emptied
 * @src: the folio, isolated
 *
 * Context: Process context. May sleep.
 * Return: a folio on another SPM node, else in DRAM, for which it waits, if that
 * and its cgroup have room; NULL if there is none.
 */
struct folio *spm_mapped_new_folio(struct folio *src)
{
	unsigned int order = folio_order(src);
	struct folio *dst = spm_alloc_probed(folio_nid(src), order);

	if (dst || !spm_memcg_may_promote(src) || !spm_dram_available(1L << order))
		return dst;
	return __folio_alloc(spm_leave_gfp(order), order, spm_home_nid(src), NULL);
}

static void spm_set_poisoned(struct folio *folio)
{
	long i;

	for (i = 0; i < folio_nr_pages(folio); i++)
		SetPageHWPoison(folio_page(folio, i));
}

static void spm_clear_poisoned(struct folio *folio)
{
	long i;

	for (i = 0; i < folio_nr_pages(folio); i++)
		ClearPageHWPoison(folio_page(folio, i));
}

/* Who touches it gets SIGBUS from then on: there are poison entries. */
static void spm_unmap_lost(struct folio *folio)
{
	spm_set_poisoned(folio);
	if (folio_mapped(folio))
		try_to_unmap(folio, TTU_HWPOISON | TTU_IGNORE_MLOCK | TTU_SYNC |
			     TTU_SPLIT_HUGE_PMD);
}

/*
 * What the swap device has as well is not lost: whoever touches it reads it from there.
 * Return: false to do it again.
 */
static bool spm_unmap_saved(struct folio *folio)
{
	if (folio_mapped(folio))
		try_to_unmap(folio, TTU_IGNORE_MLOCK | TTU_SYNC);
	if (folio_mapped(folio))
		return false;
	/* An entry of a page table may have said that it was written to. */
	if (!folio_test_dirty(folio))
		delete_from_swap_cache(folio);
	return true;
}

/*
 * What is in the swap cache alone stays there, off the LRU, as nobody may read from, or
 * write to the swap device instead. See spm_mapped_forget(). Return: false to do it again.
 */
static bool spm_lose_cached(struct folio *folio)
{
	if (folio_test_large(folio)) {
		split_folio(folio);
		return false;		/* next time page by page */
	}
	/* __spm_swap_written() has marked as dirty what was written when it was gone. */
	if (!folio_test_dirty(folio)) {
		if (!spm_unmap_saved(folio))
			return false;
		if (!folio_test_swapcache(folio))
			return true;
	}
	if (!folio_isolate_lru(folio))
		return false;
	folio_clear_dirty(folio);
	folio_clear_uptodate(folio);
	spm_unmap_lost(folio);
	mem_cgroup_uncharge(folio);	/* as memory_failure() does */
	return true;
}

/* Unmap a folio whose device is gone. Return: false to do it again. */
static bool spm_lose_folio(struct folio *folio)
{
	if (folio_test_hwpoison(folio))
		return true;
	folio_wait_writeback(folio);
	if (folio_test_swapcache(folio))
		return spm_lose_cached(folio);
	spm_unmap_lost(folio);
	/* It can be freed, as poison entries keep nothing. */
	spm_clear_poisoned(folio);
	if (folio_mapped(folio))
		return false;
	spm_stat_add(spm_node_of(folio), SPM_STAT_LOST, folio_nr_pages(folio));
	return true;
}

/* Add the number of a task's pages to @seen. Return: false to do it again. */
static bool spm_lose_page(struct page *page, unsigned long *seen)
{
	struct folio *folio = page_folio(page);
	bool done = true;

	if (!folio_test_anon(folio) || !folio_try_get(folio))
		return true;
	folio_lock(folio);
	if (page_folio(page) == folio && folio_test_anon(folio)) {
		*seen += folio_nr_pages(folio);
		if (folio_mapped(folio) || folio_test_swapcache(folio))
			done = spm_lose_folio(folio);
	}
	folio_unlock(folio);
	folio_put(folio);
	return done;
}

static bool spm_lose_range(const struct range *range, unsigned long *seen)
{
	struct spm_walk walk = {
		.pfn = PHYS_PFN(range->start),
		.end_pfn = PHYS_PFN(range->end + 1),
	};
	struct page *page;
	bool done = true;

	while ((page = spm_walk_next(&walk)))
		done &= spm_lose_page(page, seen);
	return done;
}

/**
 * spm_mapped_lose() - a device is gone: take away what tasks have mapped there
 * @node: the node
 *
 * Tasks get SIGBUS when they touch it, as with memory_failure() for each page,
 * but that would log each.
 *
 * Context: The node's relief worker. May sleep.
 * Return: true if some is left, to be tried again.
 */
bool spm_mapped_lose(struct spm_node *node)
{
	unsigned long nr = spm_stat_read(node, SPM_STAT_MAPPED), seen = 0;
	bool done = true;
	int i;

	if (!nr)
		return false;
	lru_add_drain_all();	/* what is on its way to the LRU can't be isolated */
	spm_mapped_drain();
	for (i = 0; i < node->nr_ranges; i++)
		done &= spm_lose_range(&node->ranges[i].range, &seen);
	/* What is just being demoted is counted, and can't be seen yet. */
	return !done || seen < nr;
}

/**
 * spm_mapped_forget() - is this a task's page that was lost, and left by it?
 * @page: a poisoned page
 *
 * If so, it is not in use any more, though somebody holds it forever: it was
 * poisoned by memory_failure(), or spm_mapped_lose().
 *
 * Context: Process context, under spm_mutex or device_hotplug_lock.
 * Return: true if it was in use until now.
 */
bool spm_mapped_forget(struct page *page)
{
	struct folio *folio = page_folio(page);
	bool forget;

	if (!folio_test_anon(folio) || !folio_try_get(folio))
		return false;
	folio_lock(folio);
	/* Nobody else takes it out of there if it was mapped, see above. */
	if (folio_test_anon(folio) && !folio_mapped(folio))
		folio_free_swap(folio);
	forget = folio_test_anon(folio) && !folio_test_lru(folio) &&
		 !folio_mapped(folio) && !folio_test_swapcache(folio) &&
		 !folio_test_large(folio);
	if (forget)
		folio->mapping = NULL;
	folio_unlock(folio);
	if (forget) {
		spm_mapped_add(spm_node_of(folio), -1);
		spm_stat_inc(spm_node_of(folio), SPM_STAT_LOST);
	}
	folio_put(folio);
	return forget;
}
