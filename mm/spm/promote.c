// SPDX-License-Identifier: GPL-2.0
/*
 * Promotion: folios of tasks go from SPM nodes back to DRAM
 *
 * By the fault of who writes to one, which copies it; a folio that a PMD maps is
 * migrated as a whole, if that is possible at once. By migration, when the device runs
 * short, or NUMA balancing finds that it is read often. Each promotion is counted by
 * its reason, and one that undoes a demotion by how long ago that was.
 *
 * The fault is the price of mapped mode. What is not needed for the copy itself is
 * done for one fault in eight, or later, for many folios at once.
 */
#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/jiffies.h>
#include <linux/memcontrol.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/pagevec.h>
#include <linux/page_ref.h>
#include <linux/percpu.h>
#include <linux/psi.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/spm_mapped.h>
#include <linux/workqueue.h>
#include <trace/events/spm.h>

#include "../internal.h"
#include "alloc.h"
#include "mapped.h"
#include "memcg.h"
#include "node.h"
#include "stats.h"

/* One write fault in so many is counted for all, and tells PSI. */
#define SPM_FAULTS_PER_SAMPLE	8
/* How long a folio that a write fault has left may stay. */
#define SPM_LEFT_TIME		(HZ / 10)
/* What was demoted so lately and is written to was part of a working set. */
#define SPM_REFAULT_TIME	(60 * HZ)

/* Write faults on pages of SPM nodes. */
static DEFINE_PER_CPU(unsigned int, spm_write_faults);

static void spm_promoted(struct spm_node *node, enum spm_stat stat, long nr)
{
	spm_stat_add(node, stat, nr);
	trace_spm_promote(node->nid, nr, spm_stat_names[stat]);
}

/* The same where no page keeps the node. */
static void spm_promoted_from(int nid, enum spm_stat stat, long nr)
{
	spm_stat_add_nid(nid, stat, nr);
	trace_spm_promote(nid, nr, spm_stat_names[stat]);
}

/* ---- Promotion by write faults ---- */

/* Each takes its turn, as what is done for it takes longer than all else here. */
static bool spm_fault_sampled(unsigned int nr)
{
	return !(nr % SPM_FAULTS_PER_SAMPLE);
}

/**
 * __spm_fault_begin() - a page of an SPM node is about to be copied by a fault
 * @fault: the fault, with the folio
 *
 * Context: Process context.
 */
void __spm_fault_begin(struct spm_fault *fault)
{
	fault->refault = spm_fault_sampled(this_cpu_inc_return(spm_write_faults)) &&
			 spm_tag_age(fault->folio) < SPM_REFAULT_TIME;
	if (fault->refault)
		psi_memstall_enter(&fault->psi);
}

/*
 * A folio that a write fault has left is freed a bit later, together with others:
 * that takes a third of the time, and the task needn't wait for it. As with other
 * such batches, its reference keeps it from being migrated meanwhile.
 */
struct spm_left {
	spinlock_t lock;		/* folios */
	struct folio_batch folios;
};

static DEFINE_PER_CPU(struct spm_left, spm_left);

/* How often these were freed before there were enough of them. */
static atomic_long_t spm_left_drains;

static void spm_left_take(struct spm_left *left, struct folio_batch *folios)
{
	lockdep_assert_held(&left->lock);
	*folios = left->folios;
	folio_batch_init(&left->folios);
}

/**
 * spm_mapped_drain() - free all folios that write faults have left
 *
 * Context: Process context.
 */
void spm_mapped_drain(void)
{
	struct folio_batch folios;
	struct spm_left *left;
	int cpu;

	atomic_long_inc(&spm_left_drains);
	for_each_possible_cpu(cpu) {
		left = per_cpu_ptr(&spm_left, cpu);
		spin_lock(&left->lock);
		spm_left_take(left, &folios);
		spin_unlock(&left->lock);
		if (folio_batch_count(&folios))
			folios_put(&folios);
	}
}

static void spm_left_work(struct work_struct *work)
{
	spm_mapped_drain();
}

static DECLARE_DELAYED_WORK(spm_left_drain, spm_left_work);

static void spm_left_add(struct folio *folio)
{
	struct spm_left *left = raw_cpu_ptr(&spm_left);	/* any one will do */
	struct folio_batch folios;
	unsigned int space;

	spin_lock(&left->lock);
	space = folio_batch_add(&left->folios, folio);
	if (!space)
		spm_left_take(left, &folios);
	spin_unlock(&left->lock);
	if (!space)
		folios_put(&folios);
	else if (space == PAGEVEC_SIZE - 1)
		queue_delayed_work(system_unbound_wq, &spm_left_drain,
				   SPM_LEFT_TIME);
}

/* As what it counts that a write has undone a demotion; NR_SPM_STATS: as nothing. */
static enum spm_stat spm_undone_stat(unsigned long age)
{
	if (age > 60 * HZ)
		return NR_SPM_STATS;
	return age > 10 * HZ ? SPM_STAT_UNDONE_60S :
	       age > HZ ? SPM_STAT_UNDONE_10S : SPM_STAT_UNDONE_1S;
}

/*
 * As workingset_refault() does for what comes back from the swap device: count it, and
 * let it stay for longer this time.
 */
static void spm_refault(struct folio *folio, long nr)
{
	folio_set_active(folio);
	folio_set_workingset(folio);
	if (nr)
		lruvec_stat_mod_folio(folio, WORKINGSET_REFAULT_ANON, nr);
}

/* Small pages are counted by eights: to count takes longer than all else here. */
static long spm_refaults(void)
{
	return spm_fault_sampled(this_cpu_read(spm_write_faults)) ?
	       SPM_FAULTS_PER_SAMPLE : 0;
}

/**
 * __spm_fault_copied() - a fault has mapped a copy instead of a page of an SPM node
 * @vmf: the fault
 * @from: folio that was copied from
 * @to: folio that was copied to, charged, not on the LRU yet
 *
 * Context: Process context, under the page table lock.
 */
void __spm_fault_copied(struct vm_fault *vmf, struct folio *from, struct folio *to)
{
	bool unshare = vmf->flags & FAULT_FLAG_UNSHARE;
	struct spm_node *node = spm_node_of(from);
	enum spm_stat undone;
	unsigned long age;

	spm_promoted(node, unshare ? SPM_STAT_PROMOTED_UNSHARE :
				     SPM_STAT_PROMOTED_WRITE, 1);
	if (unshare)
		return;
	age = spm_tag_age(from);
	undone = spm_undone_stat(age);
	if (undone != NR_SPM_STATS)
		spm_stat_inc(node, undone);
	/* What is locked into memory goes to no list of the LRU. */
	if (age < SPM_REFAULT_TIME && !(vmf->vma->vm_flags & VM_LOCKED))
		spm_refault(to, spm_refaults());
}

/**
 * __spm_fault_end() - a fault that copies a page of an SPM node is over
 * @fault: the fault, with a reference to the folio that is dropped here
 * @ret: what it returned
 *
 * Context: Process context.
 */
void __spm_fault_end(struct spm_fault *fault, vm_fault_t ret)
{
	struct folio *folio = fault->folio;
	struct spm_node *node = spm_node_of(folio);

	if (fault->refault)
		psi_memstall_leave(&fault->psi);
	/*
	 * Whoever else has it may be about to migrate it. READ_ONCE: vs
	 * spm_node_close(), which is followed by a drain.
	 */
	if (folio_ref_count(folio) != 1 || folio_test_large(folio) ||
	    READ_ONCE(node->closing))
		folio_put(folio);
	else
		spm_left_add(folio);
}

/* ---- Promotion by migration ---- */

/* @arg: the fault that it is for, which has a memory policy; or none */
static struct folio *spm_dram_folio(struct folio *src, unsigned long arg)
{
	const struct vm_fault *vmf = (void *)arg;
	unsigned int order = folio_order(src);

	return vmf ? vma_alloc_folio(SPM_DRAM_GFP, order, vmf->vma, vmf->address,
				     true) :
		     __folio_alloc(SPM_DRAM_GFP, order, spm_home_nid(src), NULL);
}

static unsigned int spm_promote_list(struct list_head *list,
				     struct vm_fault *vmf,
				     enum migrate_reason reason)
{
	unsigned int nr = 0;

	if (!list_empty(list))
		migrate_pages(list, spm_dram_folio, NULL, (unsigned long)vmf,
			      MIGRATE_ASYNC, reason, &nr);
	return nr;
}

/**
 * spm_promote_folios() - migrate folios from SPM nodes to DRAM
 * @list: folios of one node, isolated from the LRU. Those stay that can't go, or
 *	whose cgroup may not have more memory.
 *
 * Context: Process context. May sleep, but doesn't wait for memory.
 * Return: number of pages that were migrated.
 */
unsigned int spm_promote_folios(struct list_head *list)
{
	struct folio *folio, *next;
	LIST_HEAD(promote);
	unsigned int nr;
	int nid;

	if (list_empty(list))
		return 0;
	nid = folio_nid(lru_to_folio(list));
	list_for_each_entry_safe(folio, next, list, lru)
		if (spm_memcg_may_promote_unasked(folio))
			list_move_tail(&folio->lru, &promote);
	/* As for demotion, whoever isolated them has counted that, and counts it down. */
	nr = spm_promote_list(&promote, NULL, MR_DEMOTION);
	list_splice(&promote, list);
	if (nr)
		spm_promoted_from(nid, SPM_STAT_PROMOTED, nr);
	return nr;
}

static void spm_promoted_huge(int nid, unsigned long age, long nr)
{
	enum spm_stat undone = spm_undone_stat(age);

	spm_promoted_from(nid, SPM_STAT_PROMOTED_WRITE, nr);
	if (undone != NR_SPM_STATS)
		spm_stat_add_nid(nid, undone, nr);
}

/**
 * spm_promote_huge() - a folio that a PMD maps is written to: migrate all of it
 * @vmf: the fault
 * @folio: the folio, with a reference that is dropped here
 *
 * Context: Process context, in a page fault. May sleep.
 * Return: true if it was migrated. If not, the page that was written to has to
 * be copied.
 */
bool spm_promote_huge(struct vm_fault *vmf, struct folio *folio)
{
	unsigned long age = spm_tag_age(folio);
	int nid = folio_nid(folio);
	unsigned int nr = 0;
	LIST_HEAD(list);

	if (spm_memcg_may_promote(folio) && isolate_folio_to_list(folio, &list)) {
		if (age < SPM_REFAULT_TIME)
			/* Migration takes its flags along. */
			spm_refault(folio, folio_nr_pages(folio));
		/* Keeps migrate_pages() from splitting it. */
		folio_put(folio);
		nr = spm_promote_list(&list, vmf, MR_NUMA_MISPLACED);
		putback_movable_pages(&list);
	} else {
		folio_put(folio);
	}
	if (nr)
		spm_promoted_huge(nid, age, nr);
	return nr;
}

/**
 * __spm_promote_hot_prepare() - NUMA balancing is about to migrate a folio to DRAM
 * @folio: the folio on an SPM node, isolated
 * @memcg: its cgroup, or NULL
 *
 * Context: Process context, in a fault of a task that reads it. May sleep.
 */
void __spm_promote_hot_prepare(struct folio *folio, struct mem_cgroup *memcg)
{
	spm_memcg_make_room(memcg, folio_nr_pages(folio));
}

/**
 * __spm_promoted_hot() - NUMA balancing has migrated pages to DRAM
 * @nid: SPM node that they were on
 * @nr: how many
 *
 * Context: Process context.
 */
void __spm_promoted_hot(int nid, unsigned int nr)
{
	spm_promoted_from(nid, SPM_STAT_PROMOTED_HOT, nr);
}

/**
 * __spm_collapsed() - a page was copied to a huge page in DRAM
 * @nid: SPM node that it was on
 *
 * Context: Process context.
 */
void __spm_collapsed(int nid)
{
	spm_promoted_from(nid, SPM_STAT_PROMOTED_COLLAPSE, 1);
}

static int __init spm_promote_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		spin_lock_init(&per_cpu(spm_left, cpu).lock);
	return 0;
}
core_initcall(spm_promote_init);

/* ---- debugfs ---- */

/**
 * spm_mapped_show_drains() - print how often batches were freed early
 * @m: file in debugfs
 */
void spm_mapped_show_drains(struct seq_file *m)
{
	seq_printf(m, "drains %ld\n", atomic_long_read(&spm_left_drains));
}

static ssize_t spm_drain_write(struct file *file, const char __user *ubuf,
			       size_t count, loff_t *pos)
{
	spm_mapped_drain();
	return count;
}

static const struct file_operations spm_drain_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = spm_drain_write,
	.llseek = noop_llseek,
};

/**
 * spm_mapped_debugfs_init() - let debugfs end batches
 * @dir: the directory of SPM
 */
void spm_mapped_debugfs_init(struct dentry *dir)
{
	debugfs_create_file("drain", 0200, dir, NULL, &spm_drain_fops);
}
