// SPDX-License-Identifier: GPL-2.0
/*
 * Demotion: moving cold folios of tasks to SPM nodes
 *
 * Reclaim asks spm_may_demote() about each folio that it is about to unmap, be it
 * kswapd, direct reclaim, memory.reclaim or MADV_PAGEOUT, and passes those on to
 * spm_demote_folios(). What stays on the list is swapped out.
 *
 * Only anonymous memory of tasks: the kernel writes to the page cache by other
 * ways than page tables. Each folio that is not taken is counted by the reason.
 *
 * Switched on in /sys/kernel/mm/spm/demote_enabled. A range of a task can be
 * demoted at any time by writing to "demote" in debugfs.
 */
#define pr_fmt(fmt) "spm: " fmt

#include <linux/debugfs.h>
#include <linux/kobject.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/pagewalk.h>
#include <linux/percpu.h>
#include <linux/sched/mm.h>
#include <linux/sched/sysctl.h>
#include <linux/seq_file.h>
#include <linux/spm_hooks.h>
#include <linux/spm_mapped.h>
#include <linux/sysfs.h>
#include <linux/uaccess.h>

#include "../internal.h"
#include "alloc.h"
#include "demote.h"
#include "memcg.h"
#include "node.h"
#include "room.h"

/* Folios that are isolated at the same time. */
#define SPM_DEMOTE_BATCH	SWAP_CLUSTER_MAX

/* demote_enabled: reclaim demotes. */
DEFINE_STATIC_KEY_FALSE(spm_demote_key);

/* promote_hot_enabled: NUMA balancing samples folios on SPM nodes. */
static bool spm_promote_hot;

/* Why a folio is not demoted, though reclaim would have. */
enum spm_obstacle {
	SPM_DEMOTE_FILE,
	SPM_DEMOTE_SHMEM,
	SPM_DEMOTE_LAZYFREE,
	SPM_DEMOTE_KSM,
	SPM_DEMOTE_UNMAPPED,
	SPM_DEMOTE_MLOCKED,
	SPM_DEMOTE_PINNED,
	SPM_DEMOTE_CGROUP,
	SPM_DEMOTE_FULL,
	SPM_DEMOTE_FAILED,
	NR_SPM_OBSTACLES,
	SPM_DEMOTE_NONE = NR_SPM_OBSTACLES,
};

static const char *const spm_obstacle_names[NR_SPM_OBSTACLES] = {
	[SPM_DEMOTE_FILE] = "file",
	[SPM_DEMOTE_SHMEM] = "shmem",
	[SPM_DEMOTE_LAZYFREE] = "lazyfree",
	[SPM_DEMOTE_KSM] = "ksm",
	[SPM_DEMOTE_UNMAPPED] = "unmapped",
	[SPM_DEMOTE_MLOCKED] = "mlocked",
	[SPM_DEMOTE_PINNED] = "pinned",
	[SPM_DEMOTE_CGROUP] = "cgroup",
	[SPM_DEMOTE_FULL] = "full",
	[SPM_DEMOTE_FAILED] = "failed",
};

static DEFINE_PER_CPU(unsigned long [NR_SPM_OBSTACLES], spm_obstacles);

static enum spm_obstacle spm_demote_obstacle(struct folio *folio)
{
	if (!folio_test_anon(folio))
		return folio_test_swapbacked(folio) ? SPM_DEMOTE_SHMEM :
						      SPM_DEMOTE_FILE;
	if (folio_test_ksm(folio))
		return SPM_DEMOTE_KSM;
	if (!folio_test_swapbacked(folio))
		return SPM_DEMOTE_LAZYFREE;
	if (!folio_mapped(folio))
		return SPM_DEMOTE_UNMAPPED;
	if (folio_test_mlocked(folio))
		return SPM_DEMOTE_MLOCKED;
	if (folio_maybe_dma_pinned(folio))
		return SPM_DEMOTE_PINNED;
	if (!spm_memcg_may_demote(folio))
		return SPM_DEMOTE_CGROUP;
	return SPM_DEMOTE_NONE;
}

static void spm_count_obstacle(const struct folio *folio, enum spm_obstacle obstacle)
{
	this_cpu_add(spm_obstacles[obstacle], folio_nr_pages(folio));
}

/**
 * __spm_may_demote() - may this folio be demoted?
 * @folio: folio that is to be reclaimed; isolated, perhaps locked
 *
 * Context: Process context. May sleep.
 * Return: true if it may. If not, the reason is counted, unless it is that the
 * folio is on an SPM node already.
 */
bool __spm_may_demote(struct folio *folio)
{
	enum spm_obstacle obstacle;

	if (spm_folio(folio))
		return false;
	obstacle = spm_demote_obstacle(folio);
	/* Migration would split a large folio before it finds that there is no room. */
	if (obstacle == SPM_DEMOTE_NONE &&
	    !spm_will_take_tasks(folio_nid(folio), folio_nr_pages(folio))) {
		spm_want_for_tasks(folio_nid(folio));
		obstacle = SPM_DEMOTE_FULL;
	}
	if (obstacle == SPM_DEMOTE_NONE)
		return true;
	spm_count_obstacle(folio, obstacle);
	return false;
}

/**
 * spm_can_demote() - is anonymous memory reclaimable without swap, thanks to SPM?
 * @memcg: cgroup that it belongs to; NULL for all
 * @nid: node that it is on
 *
 * Context: Any. The cgroup does not go away.
 * Return: true if an SPM node, and the cgroup's limit, have room for a good deal of it.
 */
bool spm_can_demote(struct mem_cgroup *memcg, int nid)
{
	return static_branch_unlikely(&spm_demote_key) && !spm_nid(nid) &&
	       spm_open_to_tasks(nid) && spm_memcg_open(memcg);
}

/**
 * __spm_commit_pages() - how much may be promised to tasks, as SPM can have it?
 *
 * What is swapped out to SPM is no less promised: it has a slot on the swap device.
 *
 * Context: Any.
 * Return: number of pages.
 */
unsigned long __spm_commit_pages(void)
{
	return spm_sure_pages();
}

static struct folio *spm_demote_new_folio(struct folio *src, unsigned long arg)
{
	return spm_alloc_probed(folio_nid(src), folio_order(src));
}

static unsigned long spm_count_pages(struct list_head *list)
{
	unsigned long nr = 0;
	struct folio *folio;

	list_for_each_entry(folio, list, lru)
		nr += folio_nr_pages(folio);
	return nr;
}

/* Swap space would do as well, and at once. */
static bool spm_has_alternative(struct folio *folio)
{
	struct mem_cgroup *memcg = get_mem_cgroup_from_folio(folio);
	bool has = spm_memcg_swap_slots(memcg) > 0;

	mem_cgroup_put(memcg);
	return has;
}

/**
 * __spm_must_stay() - is there no place that reclaim could bring this folio to?
 * @folio: folio that is to be reclaimed, and does not go to an SPM node; locked
 *
 * Without swap space, anonymous memory is only looked at because some of it can be
 * demoted. What can't is not to be unmapped, or split, for nothing: shared memory, say.
 *
 * Context: Process context.
 * Return: true if it needs swap space, and there is none.
 */
bool __spm_must_stay(struct folio *folio)
{
	return !spm_folio(folio) && folio_test_swapbacked(folio) &&
	       !folio_test_swapcache(folio) && !spm_has_alternative(folio);
}

/* Move those from @list to @fitting that there is room for. */
static void spm_pick_fitting(struct list_head *list, struct list_head *fitting)
{
	struct folio *folio, *next;
	unsigned long nr = 0;

	list_for_each_entry_safe(folio, next, list, lru) {
		if (!spm_takes_tasks(folio_nid(folio), nr + folio_nr_pages(folio))) {
			spm_want_for_tasks(folio_nid(folio));
			spm_count_obstacle(folio, SPM_DEMOTE_FULL);
			continue;
		}
		nr += folio_nr_pages(folio);
		list_move_tail(&folio->lru, fitting);
	}
}

/**
 * spm_demote_folios() - migrate folios to SPM nodes
 * @list: the folios, which spm_may_demote() is in favour of; isolated from the
 *	LRU, not locked. Those stay that no node has room for, or that are busy.
 *
 * Large folios are migrated as a whole if a node has room for that in one piece, else
 * split. If all of their pages don't fit, they are left as they are.
 *
 * Context: Process context. May sleep, but doesn't wait for I/O or memory. Without
 * swap space it waits for readings of the device, for a moment.
 * Return: number of pages that were migrated.
 */
unsigned int spm_demote_folios(struct list_head *list)
{
	unsigned int nr = 0;
	unsigned long want;
	struct folio *folio;
	LIST_HEAD(fitting);
	bool fit;
	int nid;

	if (list_empty(list))
		return 0;
	nid = folio_nid(lru_to_folio(list));
	want = spm_count_pages(list);
	fit = spm_takes_tasks(nid, want);
	if (!fit && !spm_has_alternative(lru_to_folio(list))) {
		spm_wait_for_room(nid, want);
		fit = spm_takes_tasks(nid, want);
	}
	if (fit)
		list_splice_init(list, &fitting);
	else
		spm_pick_fitting(list, &fitting);
	if (!list_empty(&fitting))
		migrate_pages(&fitting, spm_demote_new_folio, NULL, 0, MIGRATE_ASYNC,
			      MR_DEMOTION, &nr);
	list_for_each_entry(folio, &fitting, lru)
		spm_count_obstacle(folio, SPM_DEMOTE_FAILED);
	list_splice(&fitting, list);
	spm_near_full(nid);
	return nr;
}

/**
 * spm_numa_sampled() - may NUMA balancing sample folios on SPM nodes?
 *
 * Context: Any.
 * Return: true if they are to be promoted when they are read often.
 */
bool spm_numa_sampled(void)
{
	/* READ_ONCE: vs promote_hot_enabled_store() */
	return READ_ONCE(spm_promote_hot) &&
	       sysctl_numa_balancing_mode & NUMA_BALANCING_MEMORY_TIERING;
}

/* ---- sysfs ---- */

static ssize_t demote_enabled_show(struct kobject *kobj,
				   struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n",
			  str_true_false(static_key_enabled(&spm_demote_key)));
}

static ssize_t demote_enabled_store(struct kobject *kobj,
				    struct kobj_attribute *attr,
				    const char *buf, size_t count)
{
	bool enable;
	int rc = kstrtobool(buf, &enable);

	if (rc)
		return rc;
	if (enable)
		static_branch_enable(&spm_demote_key);
	else
		static_branch_disable(&spm_demote_key);
	return count;
}

static ssize_t promote_hot_enabled_show(struct kobject *kobj,
					struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", str_true_false(READ_ONCE(spm_promote_hot)));
}

static ssize_t promote_hot_enabled_store(struct kobject *kobj,
					 struct kobj_attribute *attr,
					 const char *buf, size_t count)
{
	bool enable;
	int rc = kstrtobool(buf, &enable);

	if (rc)
		return rc;
	WRITE_ONCE(spm_promote_hot, enable);	/* vs spm_numa_sampled() */
	return count;
}

static struct kobj_attribute demote_enabled_attr = __ATTR_RW(demote_enabled);
static struct kobj_attribute promote_hot_enabled_attr = __ATTR_RW(promote_hot_enabled);

static struct attribute *spm_demote_attrs[] = {
	&demote_enabled_attr.attr,
	&promote_hot_enabled_attr.attr,
	NULL
};

const struct attribute_group spm_demote_attr_group = {
	.attrs = spm_demote_attrs,
};

/* ---- debugfs: what was not demoted ---- */

/**
 * spm_demote_show_refused() - print how many pages were not demoted, and why
 * @m: file in debugfs
 */
void spm_demote_show_refused(struct seq_file *m)
{
	enum spm_obstacle obstacle;
	unsigned long sum;
	int cpu;

	for (obstacle = 0; obstacle < NR_SPM_OBSTACLES; obstacle++) {
		sum = 0;
		for_each_possible_cpu(cpu)	/* READ_ONCE: vs this_cpu_add */
			sum += READ_ONCE(per_cpu(spm_obstacles[obstacle], cpu));
		seq_printf(m, "demote_refused_%s %lu\n",
			   spm_obstacle_names[obstacle], sum);
	}
}

/* ---- debugfs: demote a range of a task ---- */

/* Isolate the folio at @addr if it may be demoted. Return: bytes to go on by. */
static unsigned long spm_demote_isolate(struct vm_area_struct *vma,
					unsigned long addr, struct list_head *list)
{
	unsigned long size = PAGE_SIZE;
	struct folio_walk fw;
	struct folio *folio;

	folio = folio_walk_start(&fw, vma, addr, 0);
	if (!folio)
		return size;
	folio_get(folio);
	if (fw.level == FW_LEVEL_PMD)
		size = PMD_SIZE - (addr & ~PMD_MASK);
	folio_walk_end(&fw, vma);

	if (__spm_may_demote(folio) && folio_isolate_lru(folio)) {
		folio_clear_active(folio);
		list_add_tail(&folio->lru, list);
	}
	folio_put(folio);
	return size;
}

/* Return: where to go on. */
static unsigned long spm_demote_collect(struct mm_struct *mm, unsigned long addr,
					unsigned long end, struct list_head *list)
{
	struct vm_area_struct *vma;
	int nr;

	lru_add_drain_all();	/* what is on its way to the LRU can't be isolated */
	mmap_read_lock(mm);
	for (nr = 0; addr < end && nr < SPM_DEMOTE_BATCH; nr++) {
		vma = find_vma(mm, addr);
		if (!vma || vma->vm_start >= end) {
			addr = end;
			break;
		}
		addr = max(addr, vma->vm_start);
		if (vma->vm_flags & (VM_LOCKED | VM_HUGETLB | VM_PFNMAP))
			addr = vma->vm_end;
		else
			addr += spm_demote_isolate(vma, addr, list);
	}
	mmap_read_unlock(mm);
	return addr;
}

static int spm_demote_range(struct mm_struct *mm, unsigned long addr,
			    unsigned long end)
{
	struct folio *folio;
	LIST_HEAD(list);

	while (addr < end) {
		if (signal_pending(current))
			return -EINTR;
		addr = spm_demote_collect(mm, addr, end, &list);
		spm_demote_folios(&list);
		while (!list_empty(&list)) {
			folio = lru_to_folio(&list);
			list_del(&folio->lru);
			folio_putback_lru(folio);
		}
		cond_resched();
	}
	return 0;
}

static struct mm_struct *spm_demote_mm(pid_t pid)
{
	struct task_struct *task = find_get_task_by_vpid(pid);
	struct mm_struct *mm;

	if (!task)
		return NULL;
	mm = get_task_mm(task);
	put_task_struct(task);
	return mm;
}

static ssize_t spm_demote_write(struct file *file, const char __user *ubuf,
				size_t count, loff_t *pos)
{
	unsigned long start, end;
	struct mm_struct *mm;
	char buf[80];
	int pid, rc;

	if (count >= sizeof(buf))
		return -EINVAL;
	if (copy_from_user(buf, ubuf, count))
		return -EFAULT;
	buf[count] = '\0';
	if (sscanf(buf, "%d %li %li", &pid, (long *)&start, (long *)&end) != 3 ||
	    start >= end || end > TASK_SIZE_MAX)
		return -EINVAL;

	mm = spm_demote_mm(pid);
	if (!mm)
		return -ESRCH;
	rc = spm_demote_range(mm, start & PAGE_MASK, end);
	mmput(mm);
	return rc ?: count;
}

static const struct file_operations spm_demote_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = spm_demote_write,
	.llseek = noop_llseek,
};

/**
 * spm_demote_debugfs_init() - let debugfs demote
 * @dir: the directory of SPM
 */
void spm_demote_debugfs_init(struct dentry *dir)
{
	debugfs_create_file("demote", 0200, dir, NULL, &spm_demote_fops);
}
