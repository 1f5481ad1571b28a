// SPDX-License-Identifier: GPL-2.0
/*
 * Checks that nobody can write to folios on SPM nodes
 *
 * Walks the page tables of all tasks every ten seconds while there are SPM nodes,
 * and when "check_mappings" in debugfs is read. Finding anything is a bug in the
 * kernel.
 */
#define pr_fmt(fmt) "spm: " fmt

#include <linux/debugfs.h>
#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/pagewalk.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/spm_hooks.h>
#include <linux/spm_mapped.h>
#include <linux/workqueue.h>

#include "check.h"

#define SPM_CHECK_INTERVAL	(10 * HZ)

/* What was found, in pages. */
struct spm_check {
	unsigned long nr_mapped;
	unsigned long nr_writable;
	unsigned long nr_exclusive;
};

static void spm_check_page(struct spm_check *check, struct page *page,
			   unsigned long nr, bool writable)
{
	if (!spm_folio(page_folio(page)))
		return;
	check->nr_mapped += nr;
	if (writable)
		check->nr_writable += nr;
	if (PageAnonExclusive(page))
		check->nr_exclusive += nr;
}

/* With page tables locked, so that what is seen belongs together. */
static int spm_check_pmd(pmd_t *pmd, unsigned long addr, unsigned long end,
			 struct mm_walk *walk)
{
	struct spm_check *check = walk->private;
	pte_t *start, *ptep, pte;
	struct page *page;
	spinlock_t *ptl;		/* of the page table */

	ptl = pmd_trans_huge_lock(pmd, walk->vma);
	if (ptl) {
		if (pmd_present(*pmd) && !is_huge_zero_pmd(*pmd))
			spm_check_page(check, pmd_page(*pmd), HPAGE_PMD_NR,
				       pmd_write(*pmd));
		spin_unlock(ptl);
		cond_resched();
		return 0;
	}

	start = pte_offset_map_lock(walk->mm, pmd, addr, &ptl);
	if (!start)
		return 0;
	for (ptep = start; addr < end; ptep++, addr += PAGE_SIZE) {
		pte = ptep_get(ptep);
		page = pte_present(pte) ? vm_normal_page(walk->vma, addr, pte) : NULL;
		if (page && PageAnon(page))
			spm_check_page(check, page, 1, pte_write(pte));
	}
	pte_unmap_unlock(start, ptl);
	cond_resched();
	return 0;
}

static const struct mm_walk_ops spm_check_ops = {
	.pmd_entry = spm_check_pmd,
	.walk_lock = PGWALK_RDLOCK,
};

static void spm_check_mm(struct mm_struct *mm, struct spm_check *check)
{
	if (mmap_read_lock_killable(mm))
		return;
	walk_page_range(mm, 0, mm->task_size, &spm_check_ops, check);
	mmap_read_unlock(mm);
}

/* The address space of the next process with an id from *@nr on. */
static struct mm_struct *spm_check_next_mm(pid_t *nr)
{
	struct mm_struct *mm = NULL;
	struct task_struct *task;
	struct pid *pid;

	rcu_read_lock();
	while (!mm && (pid = find_ge_pid(*nr, &init_pid_ns))) {
		*nr = pid_nr(pid) + 1;
		task = pid_task(pid, PIDTYPE_TGID);
		task = task ? find_lock_task_mm(task) : NULL;
		if (!task)
			continue;
		mm = task->mm;
		mmget(mm);
		task_unlock(task);
	}
	rcu_read_unlock();
	return mm;
}

static void spm_check_all(struct spm_check *check)
{
	struct mm_struct *mm;
	pid_t nr = 1;

	while ((mm = spm_check_next_mm(&nr))) {
		spm_check_mm(mm, check);
		mmput(mm);
		if (fatal_signal_pending(current))
			break;
		cond_resched();
	}
	WARN_ONCE(check->nr_writable || check->nr_exclusive,
		  "%lu pages on SPM nodes are writable, %lu exclusive\n",
		  check->nr_writable, check->nr_exclusive);
}

static int spm_check_mappings_show(struct seq_file *m, void *unused)
{
	struct spm_check check = {};

	spm_check_all(&check);
	seq_printf(m, "%lu mappings, %lu writable, %lu exclusive\n",
		   check.nr_mapped, check.nr_writable, check.nr_exclusive);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(spm_check_mappings);

static void spm_check_work(struct work_struct *work)
{
	struct spm_check check = {};

	if (spm_active())
		spm_check_all(&check);
	queue_delayed_work(system_unbound_wq, to_delayed_work(work),
			   SPM_CHECK_INTERVAL);
}

static DECLARE_DELAYED_WORK(spm_check, spm_check_work);

/**
 * spm_check_init() - let debugfs check, and check now and then
 * @dir: the debugfs directory of SPM
 */
void spm_check_init(struct dentry *dir)
{
	debugfs_create_file("check_mappings", 0400, dir, NULL,
			    &spm_check_mappings_fops);
	queue_delayed_work(system_unbound_wq, &spm_check, SPM_CHECK_INTERVAL);
}
