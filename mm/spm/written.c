// SPDX-License-Identifier: GPL-2.0
/*
 * Who was written to lately: what is demoted had better not be written to soon
 *
 * Reclaim looks at accessed bits. A read-only tier is for what is read as well: it only
 * matters that it isn't written to, which brings it back by a copy. So a folio that
 * reclaim would demote is demoted only if the dirty bits of all that map it are clear,
 * which is so if nobody has written to it since the last time that somebody looked here.
 * If not, they are cleared, and it stays active for a round.
 *
 * The folio is dirty from then on, so it is written when it is swapped out. No TLB is
 * flushed: a CPU that has the old entry may write without setting the bit again, and the
 * folio is demoted a round early. Nothing is lost by that, as the entry is flushed when the
 * folio is unmapped to be migrated.
 */
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/pgtable.h>
#include <linux/rmap.h>
#include <linux/spm_mapped.h>

#include "../internal.h"
#include "demote.h"

/* Memory is so short that it is demoted all the same. */
#define SPM_WRITTEN_PRIORITY	(DEF_PRIORITY / 2)

static bool spm_clean_pte(struct vm_area_struct *vma, unsigned long addr, pte_t *ptep)
{
	pte_t old;

	if (!pte_dirty(ptep_get(ptep)))
		return false;
	old = ptep_modify_prot_start(vma, addr, ptep);
	ptep_modify_prot_commit(vma, addr, ptep, old, pte_mkclean(old));
	return true;
}

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
static bool spm_clean_pmd(struct vm_area_struct *vma, unsigned long addr, pmd_t *pmdp)
{
	pmd_t old;

	if (!pmd_dirty(pmdp_get(pmdp)))
		return false;
	old = pmdp_invalidate(vma, addr & HPAGE_PMD_MASK, pmdp);
	set_pmd_at(vma->vm_mm, addr & HPAGE_PMD_MASK, pmdp, pmd_mkclean(old));
	return true;
}
#else
static bool spm_clean_pmd(struct vm_area_struct *vma, unsigned long addr, pmd_t *pmdp)
{
	return false;
}
#endif

/* Clear the dirty bits of one mapping. @arg: bool, set if there was one */
static bool spm_clean_one(struct folio *folio, struct vm_area_struct *vma,
			  unsigned long addr, void *arg)
{
	DEFINE_FOLIO_VMA_WALK(pvmw, folio, vma, addr, 0);
	bool *written = arg;

	/* There the bit says what kind of page it is. */
	if (vma->vm_flags & VM_SHADOW_STACK)
		return true;
	while (page_vma_mapped_walk(&pvmw)) {
		if (pvmw.pte)
			*written |= spm_clean_pte(vma, pvmw.address, pvmw.pte);
		else
			*written |= spm_clean_pmd(vma, pvmw.address, pvmw.pmd);
	}
	return true;
}

/**
 * spm_was_written() - was a folio written to since somebody looked here?
 * @folio: anonymous folio that could be demoted, locked
 * @priority: how hard reclaim tries, from DEF_PRIORITY down
 *
 * Context: Process context. May sleep.
 * Return: true if it was, which is counted. False as well if memory is too short to ask.
 */
bool spm_was_written(struct folio *folio, int priority)
{
	bool written = false;
	struct rmap_walk_control rwc = {
		.arg = &written,
		.rmap_one = spm_clean_one,
		.anon_lock = folio_lock_anon_vma_read,
		.try_lock = true,	/* as reclaim does: who waits would be many */
	};

	if (priority < SPM_WRITTEN_PRIORITY)
		return false;
	/* Before the bits are gone that say so. */
	folio_mark_dirty(folio);
	rmap_walk(folio, &rwc);
	if (written)
		spm_count_written_lately(folio);
	return written;
}
