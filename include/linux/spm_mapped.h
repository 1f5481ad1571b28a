/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Specific Purpose Memory (SPM) nodes, mapped mode: what the hooks call
 *
 * In mapped mode, reclaim migrates cold anonymous folios to SPM nodes, where they
 * stay mapped. Whatever maps a folio of an SPM node does so read-only and not
 * exclusively, so that each write to it copies it to DRAM first.
 *
 * This is apart from linux/spm_hooks.h as it needs linux/mm.h.
 */
#ifndef _LINUX_SPM_MAPPED_H
#define _LINUX_SPM_MAPPED_H

#include <linux/cacheflush.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/spm_hooks.h>
#include <linux/swap.h>
#include <linux/swapops.h>

struct mem_cgroup;

/**
 * spm_folio() - is this folio on an SPM node?
 * @folio: folio that can't go away
 *
 * Return: true if it is. Then it must not be mapped writable, nor be exclusive.
 */
static __always_inline bool spm_folio(const struct folio *folio)
{
	return spm_nid(folio_nid(folio));
}

/*
 * What is mapped instead of a page that was lost. Without its page frame, if the
 * memory may go away before who has it mapped.
 */
static __always_inline swp_entry_t spm_poison_entry(struct page *page)
{
	return spm_folio(page_folio(page)) ? make_poisoned_swp_entry() :
					     make_hwpoison_entry(page);
}

/**
 * spm_scan_skip() - must scanners leave this folio alone?
 * @folio: folio that can't go away
 *
 * All that goes through memory by itself asks this before it reads a folio, merges
 * or moves it, or lets it decide where others go: khugepaged, KSM, NUMA balancing,
 * DAMON, and the splitting of huge pages. Compaction does not even begin with such a
 * node. A scanner that reads would read all of the device, and would take a machine
 * check for what is lost; one that moves would undo what reclaim did.
 *
 * Return: true for what is on an SPM node.
 */
static __always_inline bool spm_scan_skip(const struct folio *folio)
{
	return spm_folio(folio);
}

/* Is it mapped read-only for no other reason than where it is? */
static __always_inline bool spm_writable(const struct vm_area_struct *vma,
					 const struct folio *folio)
{
	return spm_folio(folio) && vma->vm_flags & VM_WRITE;
}

#ifdef CONFIG_SPM_MAPPED

DECLARE_STATIC_KEY_FALSE(spm_demote_key);

/**
 * struct spm_fault - a write fault on a folio of an SPM node
 * @folio: the folio, with a reference; NULL if it is elsewhere
 * @refault: PSI is told of it, as the folio was demoted not long ago, so that the task
 *	is stalled for lack of memory
 * @psi: what psi_memstall_leave() wants
 */
struct spm_fault {
	struct folio *folio;
	bool refault;
	unsigned long psi;
};

int __spm_migrate_begin(struct folio *dst, struct folio *src);
void __spm_migrate_end(struct folio *dst, struct folio *src, int rc);
int __spm_prepare_to_swap(const struct folio *folio);
void __spm_swap_written(struct folio *folio);
bool __spm_free_pages(struct page *page, unsigned int order);
bool __spm_may_demote(struct folio *folio);
bool __spm_must_stay(struct folio *folio);
bool spm_can_demote(struct mem_cgroup *memcg, int nid);
unsigned long __spm_commit_pages(void);
bool spm_numa_sampled(void);
unsigned int spm_demote_folios(struct list_head *list);
bool spm_promote_huge(struct vm_fault *vmf, struct folio *folio);
bool __spm_move_again(struct mm_struct *mm, unsigned long addr, ssize_t rc,
		      unsigned int *tries);
unsigned long __spm_copy_from_page(struct page *page, void *to,
				   const void *from, unsigned long nr);
void __spm_promote_hot_prepare(struct folio *folio, struct mem_cgroup *memcg);
void __spm_promoted_hot(int nid, unsigned int nr);
void __spm_collapsed(int nid);
void __spm_fault_copied(struct vm_fault *vmf, struct folio *from,
			struct folio *to);
void __spm_fault_end(struct spm_fault *fault, vm_fault_t ret);
void __spm_fault_begin(struct spm_fault *fault);

/*
 * Whoever maps a folio that was migrated asks for what is to be mapped, and gets
 * an entry that allows to read only.
 */
static inline swp_entry_t spm_migration_entry(const struct folio *folio,
					      swp_entry_t entry)
{
	return spm_folio(folio) ?
	       make_readable_migration_entry(swp_offset(entry)) : entry;
}

/*
 * spm_migrate_begin() - may the contents of a folio on the LRU go to @dst?
 *
 * Return: 0, or -errno, then not now. 0 is followed by spm_migrate_end().
 */
static inline int spm_migrate_begin(struct folio *dst, struct folio *src)
{
	return spm_active() && (spm_folio(dst) || spm_folio(src)) ?
	       __spm_migrate_begin(dst, src) : 0;
}

/* They were migrated, or not if there is an error. */
static inline void spm_migrate_end(struct folio *dst, struct folio *src, int rc)
{
	if (spm_active() && (spm_folio(dst) || spm_folio(src)))
		__spm_migrate_end(dst, src, rc);
}

/*
 * A folio is about to be written to the swap device. Return: 0, or -errno to leave
 * it where it is, as its contents are lost.
 */
static inline int spm_prepare_to_swap(const struct folio *folio)
{
	return spm_folio(folio) ? __spm_prepare_to_swap(folio) : 0;
}

/* It was written, or could not be: has the device lost the contents meanwhile? */
static inline void spm_swap_written(struct folio *folio)
{
	if (spm_folio(folio))
		__spm_swap_written(folio);
}

/* Pages are being freed. Return: true if they are taken over, to be trimmed. */
static inline bool spm_free_pages(struct page *page, unsigned int order)
{
	return spm_nid(page_to_nid(page)) && __spm_free_pages(page, order);
}

/* Should reclaim give this folio, locked and not referenced, to SPM instead? */
static inline bool spm_may_demote(struct folio *folio)
{
	return static_branch_unlikely(&spm_demote_key) && __spm_may_demote(folio);
}

/* Is there no place that reclaim could bring this folio to, which SPM does not take? */
static inline bool spm_must_stay(struct folio *folio)
{
	return static_branch_unlikely(&spm_demote_key) && __spm_must_stay(folio);
}

/* A private mapping's page is about to be copied, which promotes it. */
static inline struct spm_fault spm_fault_begin(struct folio *folio)
{
	struct spm_fault fault = {};

	if (folio && spm_folio(folio)) {
		folio_get(folio);
		fault.folio = folio;
		__spm_fault_begin(&fault);
	}
	return fault;
}

/* A fault has mapped a copy, which is not on the LRU yet, instead of a page. */
static inline void spm_fault_copied(struct vm_fault *vmf, struct folio *from,
				    struct folio *to)
{
	if (from && spm_folio(from))
		__spm_fault_copied(vmf, from, to);
}

static inline vm_fault_t spm_fault_end(struct spm_fault fault, vm_fault_t ret)
{
	if (unlikely(fault.folio))
		__spm_fault_end(&fault, ret);
	return ret;
}

/* Must NUMA balancing leave this folio alone? It may be asked to promote. */
static inline bool spm_numa_skip(const struct folio *folio)
{
	return spm_scan_skip(folio) && !spm_numa_sampled();
}

/* A page was copied to a huge page. */
static inline void spm_collapsed(const struct folio *folio)
{
	if (spm_folio(folio))
		__spm_collapsed(folio_nid(folio));
}

/*
 * Pages were moved to another address, which has ended with @rc at @addr, @left bytes
 * before the end. A page has to be exclusive for that. Return: true to go on there.
 */
static inline bool spm_move_again(struct mm_struct *mm, unsigned long addr,
				  unsigned long left, ssize_t rc, unsigned int *tries)
{
	return spm_active() && left && __spm_move_again(mm, addr, rc, tries);
}

/*
 * A folio waits to be split by a shrinker. Return: the node that this is called for. None is
 * for an SPM node, so it is one that reclaim works on.
 */
static inline int spm_shrinker_nid(const struct folio *folio)
{
	return spm_folio(folio) ? numa_mem_id() : folio_nid(folio);
}

/* The kernel reads a task's page. Return: 0; bytes that could not be read. */
static inline unsigned long spm_copy_from_page(struct vm_area_struct *vma,
					       struct page *page, unsigned long addr,
					       void *to, void *from, unsigned long nr)
{
	if (spm_folio(page_folio(page)))
		return __spm_copy_from_page(page, to, from, nr);
	copy_from_user_page(vma, page, addr, to, from, nr);
	return 0;
}

/*
 * Pages of a folio are mapped, or no longer if @nr is negative. What is on SPM counts
 * apart from MM_ANONPAGES, where who maps counts it, and so is not part of the RSS:
 * it takes no DRAM, and the OOM killer would gain none by it.
 */
static inline void spm_count_mapped(struct mm_struct *mm, const struct folio *folio,
				    long nr)
{
	if (!spm_folio(folio))
		return;
	add_mm_counter(mm, MM_ANONPAGES, -nr);
	add_mm_counter(mm, MM_SPMPAGES, nr);
}

static inline unsigned long spm_mm_pages(struct mm_struct *mm)
{
	return get_mm_counter_sum(mm, MM_SPMPAGES);
}

/* What tasks may have, as memory or swap space, thanks to SPM. */
static inline unsigned long spm_commit_pages(void)
{
	return static_branch_unlikely(&spm_demote_key) ? __spm_commit_pages() : 0;
}

/* NUMA balancing is about to migrate this folio: it may go to DRAM if there is room. */
static inline void spm_promote_hot_prepare(struct folio *folio,
					   struct mem_cgroup *memcg)
{
	if (spm_folio(folio))
		__spm_promote_hot_prepare(folio, memcg);
}

/* NUMA balancing has migrated pages from this node. */
static inline void spm_promoted_hot(int nid, unsigned int nr)
{
	if (spm_nid(nid))
		__spm_promoted_hot(nid, nr);
}

#else /* !CONFIG_SPM_MAPPED */

static inline swp_entry_t spm_migration_entry(const struct folio *folio,
					      swp_entry_t entry)
{
	return entry;
}

static inline int spm_migrate_begin(struct folio *dst, struct folio *src)
{
	return 0;
}

static inline void spm_migrate_end(struct folio *dst, struct folio *src, int rc)
{
}

static inline int spm_prepare_to_swap(const struct folio *folio)
{
	return 0;
}

static inline void spm_swap_written(struct folio *folio)
{
}

static inline bool spm_free_pages(struct page *page, unsigned int order)
{
	return false;
}

static inline bool spm_may_demote(struct folio *folio)
{
	return false;
}

static inline bool spm_must_stay(struct folio *folio)
{
	return false;
}

static inline bool spm_can_demote(struct mem_cgroup *memcg, int nid)
{
	return false;
}

static inline unsigned int spm_demote_folios(struct list_head *list)
{
	return 0;
}

static inline bool spm_promote_huge(struct vm_fault *vmf, struct folio *folio)
{
	return false;
}

static inline bool spm_move_again(struct mm_struct *mm, unsigned long addr,
				  unsigned long left, ssize_t rc, unsigned int *tries)
{
	return false;
}

static inline int spm_shrinker_nid(const struct folio *folio)
{
	return folio_nid(folio);
}

static inline unsigned long spm_copy_from_page(struct vm_area_struct *vma,
					       struct page *page, unsigned long addr,
					       void *to, void *from, unsigned long nr)
{
	copy_from_user_page(vma, page, addr, to, from, nr);
	return 0;
}

static inline void spm_count_mapped(struct mm_struct *mm, const struct folio *folio,
				    long nr)
{
}

static inline unsigned long spm_mm_pages(struct mm_struct *mm)
{
	return 0;
}

static inline unsigned long spm_commit_pages(void)
{
	return 0;
}

static inline void spm_promote_hot_prepare(struct folio *folio,
					   struct mem_cgroup *memcg)
{
}

static inline void spm_promoted_hot(int nid, unsigned int nr)
{
}

static inline void spm_collapsed(const struct folio *folio)
{
}

static inline void spm_fault_copied(struct vm_fault *vmf, struct folio *from,
				    struct folio *to)
{
}

struct spm_fault {
};

static inline struct spm_fault spm_fault_begin(struct folio *folio)
{
	return (struct spm_fault){};
}

static inline vm_fault_t spm_fault_end(struct spm_fault fault, vm_fault_t ret)
{
	return ret;
}

static inline bool spm_numa_skip(const struct folio *folio)
{
	return false;
}

#endif /* CONFIG_SPM_MAPPED */

#if defined(CONFIG_SPM_MAPPED) && defined(CONFIG_MEMCG)

void __spm_memcg_migrate(struct mem_cgroup *memcg, struct folio *from,
			 struct folio *to);
bool __spm_memcg_uncharge(struct mem_cgroup *memcg, struct folio *folio);
unsigned long __spm_memcg_page_state(struct mem_cgroup *memcg, int item);

/* What a counter in memory.stat must leave out, being no DRAM. */
static inline unsigned long spm_memcg_page_state(struct mem_cgroup *memcg, int item)
{
	return spm_active() ? __spm_memcg_page_state(memcg, item) : 0;
}

/* A charged folio's charge is transferred. What is on SPM is not charged. */
static inline void spm_memcg_migrate(struct mem_cgroup *memcg,
				     struct folio *from, struct folio *to)
{
	if (spm_active())
		__spm_memcg_migrate(memcg, from, to);
}

/* A folio leaves its cgroup. Return: true if it was not charged. */
static inline bool spm_memcg_uncharge(struct mem_cgroup *memcg,
				      struct folio *folio)
{
	return spm_folio(folio) && __spm_memcg_uncharge(memcg, folio);
}

#else /* !CONFIG_SPM_MAPPED || !CONFIG_MEMCG */

static inline void spm_memcg_migrate(struct mem_cgroup *memcg,
				     struct folio *from, struct folio *to)
{
}

static inline bool spm_memcg_uncharge(struct mem_cgroup *memcg,
				      struct folio *folio)
{
	return false;
}

static inline unsigned long spm_memcg_page_state(struct mem_cgroup *memcg, int item)
{
	return 0;
}

#endif /* CONFIG_SPM_MAPPED && CONFIG_MEMCG */

#endif /* _LINUX_SPM_MAPPED_H */
