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

/* The node near which a copy of this folio belongs. No SPM node. */
static __always_inline int spm_home_nid(const struct folio *folio)
{
	return spm_folio(folio) ? numa_mem_id() : folio_nid(folio);
}

#ifdef CONFIG_SPM_MAPPED

DECLARE_STATIC_KEY_FALSE(spm_demote_key);

int __spm_migrate_begin(struct folio *dst, struct folio *src);
void __spm_migrate_end(struct folio *dst, struct folio *src, int rc);
int __spm_prepare_to_swap(const struct folio *folio);
void __spm_swap_written(struct folio *folio);
bool __spm_free_pages(struct page *page, unsigned int order);
bool __spm_may_demote(struct folio *folio);
bool spm_can_demote(int nid);
bool spm_numa_sampled(void);
unsigned int spm_demote_folios(struct list_head *list);
bool spm_promote_huge(struct vm_fault *vmf, struct folio *folio);
bool __spm_unshare(struct mm_struct *mm, unsigned long addr, unsigned int tries);
void __spm_promoted_hot(int nid, unsigned int nr);
void __spm_fault_end(struct folio *folio, u64 start_ns, vm_fault_t ret);
u64 spm_fault_clock(void);

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

/**
 * struct spm_fault - a write fault on a folio of an SPM node
 * @folio: the folio, with a reference; NULL if it is elsewhere
 * @start_ns: when it began, if it is measured
 */
struct spm_fault {
	struct folio *folio;
	u64 start_ns;
};

/* A private mapping's page is about to be copied, which promotes it. */
static inline struct spm_fault spm_fault_begin(struct folio *folio)
{
	struct spm_fault fault = {};

	if (folio && spm_folio(folio)) {
		folio_get(folio);
		fault.folio = folio;
		fault.start_ns = spm_fault_clock();
	}
	return fault;
}

static inline vm_fault_t spm_fault_end(struct spm_fault fault, vm_fault_t ret)
{
	if (unlikely(fault.folio))
		__spm_fault_end(fault.folio, fault.start_ns, ret);
	return ret;
}

/* Must NUMA balancing leave this folio alone? */
static inline bool spm_numa_skip(const struct folio *folio)
{
	return spm_folio(folio) && !spm_numa_sampled();
}

/* Somebody needs a page exclusively. Return: true if it's worth trying again. */
static inline bool spm_unshare(struct mm_struct *mm, unsigned long addr,
			       unsigned int tries)
{
	return spm_active() && __spm_unshare(mm, addr, tries);
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

static inline bool spm_can_demote(int nid)
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

static inline bool spm_unshare(struct mm_struct *mm, unsigned long addr,
			       unsigned int tries)
{
	return false;
}

static inline void spm_promoted_hot(int nid, unsigned int nr)
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

#endif /* CONFIG_SPM_MAPPED && CONFIG_MEMCG */

#endif /* _LINUX_SPM_MAPPED_H */
