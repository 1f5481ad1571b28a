// SPDX-License-Identifier: GPL-2.0
/*
 * SPM and control groups: what a cgroup has on SPM nodes, and may have there
 *
 *   memory.spm.current	what it has, in bytes, with all below it
 *   memory.spm.max	what it may have
 *
 * One page_counter for a cgroup, mem_cgroup.spm, counts its pages there, those that
 * are swapped out and those that tasks have mapped. It is charged before a page gets
 * there, and uncharged when the page leaves. So the limit holds exactly, on every
 * level, whoever stores or migrates.
 *
 * Pages on SPM nodes take no DRAM. So they are not charged to memory.max: demotion
 * makes room below it, as swapping out does, and promotion needs it. Nor do they
 * count for zswap's limits and statistics, which are about compressed pages.
 *
 * With cgroup v1 nothing is counted, and tasks' folios that are charged to a group
 * stay in DRAM.
 */
#include <linux/cgroup.h>
#include <linux/export.h>
#include <linux/list_lru.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/page_counter.h>
#include <linux/psi.h>
#include <linux/sched/signal.h>
#include <linux/seq_buf.h>
#include <linux/seq_file.h>
#include <linux/spm.h>
#include <linux/spm_mapped.h>
#include <linux/string.h>
#include <linux/swap.h>

#include "memcg.h"
#include "node.h"
#include "relief.h"
#include "room.h"

/* How often lowering the limit tries again when nothing could be moved. */
#define SPM_MAX_RETRIES	16
/* What promotion leaves of a cgroup's memory.max, and of memory.high if unasked: 1/64. */
#define SPM_ROOM_SHIFT	6
/* Pages that are reclaimed at once to promote others: a millisecond's work, or two. */
#define SPM_ROOM_BATCH	256UL

static bool spm_memcg_counted(const struct mem_cgroup *memcg)
{
	return memcg && !mem_cgroup_is_root((struct mem_cgroup *)memcg) &&
	       cgroup_subsys_on_dfl(memory_cgrp_subsys);
}

/**
 * spm_memcg_init() - a cgroup is being made
 * @memcg: the cgroup
 * @parent: the one above it, or NULL
 *
 * Context: Process context, under cgroup_mutex.
 */
void spm_memcg_init(struct mem_cgroup *memcg, struct mem_cgroup *parent)
{
	page_counter_init(&memcg->spm, parent ? &parent->spm : NULL, false);
}

/* memory.zswap.max=0, here or above, means that zswap is not for this cgroup. */
static bool spm_memcg_zswap_off(struct mem_cgroup *memcg)
{
#ifdef CONFIG_ZSWAP
	for (; spm_memcg_counted(memcg); memcg = parent_mem_cgroup(memcg))
		if (!READ_ONCE(memcg->zswap_max))	/* vs zswap_max_write() */
			return true;
#endif
	return false;
}

/* Pages that this limit leaves, not looking at those above. */
static unsigned long spm_limit_room(struct page_counter *counter)
{
	unsigned long max = READ_ONCE(counter->max);	/* vs spm_max_write() */
	unsigned long usage = page_counter_read(counter);

	return max > usage ? max - usage : 0;
}

static void spm_memcg_refuse(struct page_counter *counter)
{
	struct mem_cgroup *memcg = container_of(counter, struct mem_cgroup, spm);

	/* READ_ONCE, WRITE_ONCE: a hint. */
	if (!READ_ONCE(memcg->spm_full))
		WRITE_ONCE(memcg->spm_full, true);
}

/* Would @nr pages more be within this limit and all above it? */
static bool spm_counter_has_room(struct page_counter *counter, unsigned long nr)
{
	for (; counter; counter = counter->parent) {
		if (spm_limit_room(counter) < nr) {
			spm_memcg_refuse(counter);
			return false;
		}
	}
	return true;
}

static bool spm_memcg_charge(struct mem_cgroup *memcg, unsigned long nr)
{
	struct page_counter *fail;

	if (!spm_memcg_counted(memcg))
		return true;
	/* What does not fit is not to show in memory.spm.current even for a moment. */
	return spm_counter_has_room(&memcg->spm, nr) &&
	       page_counter_try_charge(&memcg->spm, nr, &fail);
}

static void spm_memcg_uncharge_pages(struct mem_cgroup *memcg, unsigned long nr)
{
	if (spm_memcg_counted(memcg))
		page_counter_uncharge(&memcg->spm, nr);
}

/**
 * spm_charge() - a user is about to store pages
 * @objcg: the cgroup that they belong to, or NULL
 * @nr: number of pages
 *
 * Context: Any.
 * Return: 0, to be followed by spm_uncharge() when they are freed; -EDQUOT if the
 * cgroup, or one above it, may not have as many more, or no zswap at all.
 */
int spm_charge(struct obj_cgroup *objcg, unsigned long nr)
{
	struct mem_cgroup *memcg;
	bool charged;

	if (!objcg)
		return 0;
	/* If it is just going away, the charge is taken back from above it. */
	rcu_read_lock();
	memcg = obj_cgroup_memcg(objcg);
	charged = !spm_memcg_zswap_off(memcg) && spm_memcg_charge(memcg, nr);
	rcu_read_unlock();
	return charged ? 0 : -EDQUOT;
}
EXPORT_SYMBOL_GPL(spm_charge);

/**
 * spm_uncharge() - a user has freed pages
 * @objcg: as with spm_charge()
 * @nr: number of pages
 *
 * Context: Any.
 */
void spm_uncharge(struct obj_cgroup *objcg, unsigned long nr)
{
	if (!objcg)
		return;
	rcu_read_lock();
	spm_memcg_uncharge_pages(obj_cgroup_memcg(objcg), nr);
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(spm_uncharge);

/**
 * spm_list_lru_prepare() - a cgroup's pages are going to be on a list_lru
 * @lru: the list_lru
 * @objcg: the cgroup, or NULL
 *
 * Context: Process context. May sleep.
 * Return: 0; -ENOMEM.
 */
int spm_list_lru_prepare(struct list_lru *lru, struct obj_cgroup *objcg)
{
	struct mem_cgroup *memcg;
	int rc;

	if (!objcg)
		return 0;
	memcg = get_mem_cgroup_from_objcg(objcg);
	rc = memcg_list_lru_alloc(memcg, lru, GFP_KERNEL | __GFP_NOWARN);
	mem_cgroup_put(memcg);
	return rc;
}
EXPORT_SYMBOL_GPL(spm_list_lru_prepare);

/**
 * spm_memcg_may_write_back() - may a cgroup's pages go to the swap device?
 * @memcg: the cgroup, or NULL
 *
 * Context: Any. The cgroup does not go away.
 * Return: false if memory.zswap.writeback forbids it.
 */
bool spm_memcg_may_write_back(struct mem_cgroup *memcg)
{
	return !memcg || mem_cgroup_zswap_writeback_enabled(memcg);
}
EXPORT_SYMBOL_GPL(spm_memcg_may_write_back);

/**
 * enum spm_wish - who wants pages to go to DRAM
 * @SPM_ASKED: someone who uses them, or empties their node: up to memory.max
 * @SPM_UNASKED: only the device: up to memory.high as well, above which tasks are
 *	throttled
 */
enum spm_wish {
	SPM_ASKED,
	SPM_UNASKED,
};

/* READ_ONCE: vs setting the limits. */
static unsigned long spm_room_limit(struct page_counter *counter,
				    enum spm_wish wish)
{
	unsigned long max = READ_ONCE(counter->max);

	return wish == SPM_UNASKED ? min(max, READ_ONCE(counter->high)) : max;
}

/* By how many pages are @nr more too many? */
static unsigned long spm_room_lacking(struct page_counter *counter, unsigned long nr,
				      enum spm_wish wish)
{
	unsigned long limit = spm_room_limit(counter, wish);

	nr += page_counter_read(counter);
	limit -= limit >> SPM_ROOM_SHIFT;
	return nr > limit ? nr - limit : 0;
}

/*
 * Would @nr pages more leave room for what tasks allocate themselves, here and in all
 * cgroups above? At memory.max a cgroup whose memory can't be reclaimed is OOM-killed
 * for the next page. Return: NULL if they would; else the first cgroup that is too full.
 */
static struct mem_cgroup *spm_memcg_full(struct mem_cgroup *memcg, unsigned long nr,
					 enum spm_wish wish)
{
	if (!spm_memcg_counted(memcg))
		return NULL;
	for (; memcg; memcg = parent_mem_cgroup(memcg))
		if (spm_room_lacking(&memcg->memory, nr, wish))
			return memcg;
	return NULL;
}

static bool spm_memcg_has_room(struct mem_cgroup *memcg, unsigned long nr,
			       enum spm_wish wish)
{
	return !spm_memcg_full(memcg, nr, wish);
}

/**
 * spm_memcg_swap_slots() - free swap slots that a cgroup may use
 * @memcg: the cgroup, or NULL
 *
 * Context: Any. The cgroup does not go away.
 * Return: number of pages.
 */
long spm_memcg_swap_slots(struct mem_cgroup *memcg)
{
	return memcg ? mem_cgroup_get_nr_swap_pages(memcg) : get_nr_swap_pages();
}

/**
 * spm_memcg_may_swap_in() - may swapped-out pages go to DRAM unasked?
 * @memcg: the cgroup that they belong to; NULL if there are none
 * @nr: number of pages
 *
 * They stay in the swap cache, and keep their slots. Without another free slot reclaim
 * does not look at such pages, so a cgroup could not get rid of them again.
 *
 * Context: Any. The cgroup does not go away.
 * Return: true if they may.
 */
bool spm_memcg_may_swap_in(struct mem_cgroup *memcg, unsigned long nr)
{
	return spm_memcg_swap_slots(memcg) > (long)nr &&
	       spm_memcg_has_room(memcg, nr, SPM_UNASKED);
}
EXPORT_SYMBOL_GPL(spm_memcg_may_swap_in);

/* ---- Turns ---- */

static void spm_turns_next(struct spm_turns *turns)
{
	/* Exchanges the references. */
	turns->last = mem_cgroup_iter(turns->root, turns->last, NULL);
}

/**
 * spm_turns_go_on() - have cgroups give pages, from the next one to the last
 * @turns: which cgroups, and whose turn it was last
 * @nr: how many pages
 * @give: has a cgroup give some
 * @arg: for @give
 *
 * Ends as soon as that many are given, and the next call goes on from there. If it
 * has come to the last cgroup, the next call begins with the first.
 *
 * Context: Process context. May sleep.
 * Return: how many pages were given.
 */
unsigned long spm_turns_go_on(struct spm_turns *turns, unsigned long nr,
			      spm_give_fn give, void *arg)
{
	unsigned long done = 0;

	do {
		spm_turns_next(turns);
		if (!turns->last && !mem_cgroup_disabled())
			break;
		done += give(turns->last, nr - done, arg);
		cond_resched();
	} while (turns->last && done < nr);
	return done;
}

/**
 * spm_turns_let_go() - keep no cgroup that was removed from being freed
 * @turns: the turns; the cgroup after a removed one misses one
 *
 * Context: Process context.
 */
void spm_turns_let_go(struct spm_turns *turns)
{
	while (turns->last && !mem_cgroup_online(turns->last))
		spm_turns_next(turns);
}

/**
 * spm_turns_end() - the position is not needed any more
 * @turns: the turns
 *
 * Context: Any.
 */
void spm_turns_end(struct spm_turns *turns)
{
	if (turns->last)
		mem_cgroup_iter_break(turns->root, turns->last);
	turns->last = NULL;
}

#ifdef CONFIG_SPM_MAPPED
static bool spm_limit_open(struct mem_cgroup *memcg)
{
	unsigned long max = READ_ONCE(memcg->spm.max);	/* vs spm_max_write() */

	/* A limit that no huge page fits in is not worth looking through all memory. */
	if (max < SPM_REOPEN_PAGES)
		return false;
	if (!READ_ONCE(memcg->spm_full))		/* vs spm_memcg_refuse() */
		return true;
	if (spm_limit_room(&memcg->spm) < spm_reopen_room(max))
		return false;
	WRITE_ONCE(memcg->spm_full, false);
	return true;
}

/**
 * spm_memcg_open() - may reclaim of a cgroup count on SPM?
 * @memcg: the cgroup, NULL for all
 *
 * As with nodes, see room.c: a limit that has refused a page is full until it has room
 * for many.
 *
 * Context: Any. The cgroup does not go away.
 * Return: true if its limit and all above it have room.
 */
bool spm_memcg_open(struct mem_cgroup *memcg)
{
	if (!memcg || mem_cgroup_is_root(memcg))
		return true;
	if (!cgroup_subsys_on_dfl(memory_cgrp_subsys))
		return false;
	for (; !mem_cgroup_is_root(memcg); memcg = parent_mem_cgroup(memcg))
		if (!spm_limit_open(memcg))
			return false;
	return true;
}

/**
 * spm_memcg_may_demote() - is there any point in trying to demote a folio?
 * @folio: the folio, isolated
 *
 * Context: Process context.
 * Return: false if its cgroup, or one above it, may not have it on an SPM node.
 */
bool spm_memcg_may_demote(struct folio *folio)
{
	struct mem_cgroup *memcg = folio_memcg(folio);

	if (!memcg || mem_cgroup_is_root(memcg))
		return true;
	if (!cgroup_subsys_on_dfl(memory_cgrp_subsys))
		return false;
	return spm_counter_has_room(&memcg->spm, folio_nr_pages(folio));
}

static bool spm_folio_has_room(struct folio *folio, enum spm_wish wish)
{
	bool room;

	rcu_read_lock();
	room = spm_memcg_has_room(folio_memcg(folio), folio_nr_pages(folio), wish);
	rcu_read_unlock();
	return room;
}

/**
 * spm_memcg_may_promote() - does a folio's cgroup have room to promote it?
 * @folio: the folio, with a reference
 *
 * Context: Any.
 * Return: true if the cgroup, and all above it, stay below memory.max, with
 * something to spare.
 */
bool spm_memcg_may_promote(struct folio *folio)
{
	return spm_folio_has_room(folio, SPM_ASKED);
}

/**
 * spm_memcg_may_promote_unasked() - the same, if nobody but a device needs it
 * @folio: the folio, with a reference
 *
 * Context: Any.
 * Return: true if they stay below memory.high, too.
 */
bool spm_memcg_may_promote_unasked(struct folio *folio)
{
	return spm_folio_has_room(folio, SPM_UNASKED);
}

/**
 * spm_memcg_make_room() - have a cgroup reclaim, if it has no room to promote pages
 * @memcg: the cgroup; it does not go away
 * @nr: number of pages
 *
 * A task that reads often what is on SPM has it promoted. Its cgroup may be full, of
 * pages that are read less often, as that is why the others went to SPM. So some of
 * these go there instead, as if the task had written to its page. If they have nowhere
 * to go, reclaim would look through all of the cgroup's memory for each page in vain.
 *
 * Context: Process context of the task, perhaps under its mmap_lock. May sleep.
 */
void spm_memcg_make_room(struct mem_cgroup *memcg, unsigned long nr)
{
	struct mem_cgroup *full = spm_memcg_full(memcg, nr, SPM_UNASKED);
	unsigned long flags;

	if (!full || !(spm_can_demote(full, numa_mem_id()) || spm_memcg_swap_slots(full) > 0))
		return;
	nr = clamp(spm_room_lacking(&full->memory, nr, SPM_UNASKED), SWAP_CLUSTER_MAX,
		   max(nr, SPM_ROOM_BATCH));
	psi_memstall_enter(&flags);
	try_to_free_mem_cgroup_pages(full, nr, GFP_KERNEL, MEMCG_RECLAIM_MAY_SWAP, NULL);
	psi_memstall_leave(&flags);
}

/**
 * spm_charge_folio() - a task's folio is about to get to an SPM node
 * @folio: the folio, in DRAM, locked and isolated
 *
 * Context: Any.
 * Return: 0; to be followed by spm_uncharge_folio() if it does not get there,
 * while migrating it away and freeing it see to themselves. -EDQUOT if its cgroup,
 * or one above it, may not have it there.
 */
int spm_charge_folio(struct folio *folio)
{
	return spm_memcg_charge(folio_memcg(folio), folio_nr_pages(folio)) ?
	       0 : -EDQUOT;
}

/**
 * spm_uncharge_folio() - undo spm_charge_folio()
 * @folio: the folio
 *
 * Context: Any.
 */
void spm_uncharge_folio(struct folio *folio)
{
	spm_memcg_uncharge_pages(folio_memcg(folio), folio_nr_pages(folio));
}

/**
 * __spm_memcg_migrate() - a folio that belongs to a cgroup was migrated
 * @memcg: the cgroup
 * @from: folio that the contents were in
 * @to: folio that they are in now
 *
 * On an SPM node it is charged to mem_cgroup.spm, by spm_charge_folio() before it
 * got there; elsewhere to mem_cgroup.memory. It can't fail here: see
 * spm_memcg_may_promote().
 *
 * Context: Any.
 */
void __spm_memcg_migrate(struct mem_cgroup *memcg, struct folio *from,
			 struct folio *to)
{
	unsigned long nr = folio_nr_pages(to);

	if (spm_folio(from) == spm_folio(to) || !spm_memcg_counted(memcg))
		return;

	if (spm_folio(to)) {
		page_counter_uncharge(&memcg->memory, nr);
	} else {
		page_counter_uncharge(&memcg->spm, nr);
		page_counter_charge(&memcg->memory, nr);
	}
}

/**
 * __spm_memcg_uncharge() - a folio on an SPM node leaves its cgroup
 * @memcg: the cgroup, not the root
 * @folio: the folio
 *
 * Context: Any.
 * Return: true if it is not charged to mem_cgroup.memory.
 */
bool __spm_memcg_uncharge(struct mem_cgroup *memcg, struct folio *folio)
{
	if (!spm_memcg_counted(memcg))
		return false;
	page_counter_uncharge(&memcg->spm, folio_nr_pages(folio));
	return true;
}

/**
 * __spm_memcg_page_state() - what a cgroup's counter has of SPM nodes
 * @memcg: the cgroup
 * @item: the counter
 *
 * Context: Process context.
 * Return: as many of its pages are there, if it counts pages by node, and not events:
 * see __spm_node_page_state().
 */
unsigned long __spm_memcg_page_state(struct mem_cgroup *memcg, int item)
{
	unsigned long sum = 0;
	int nid;

	if (item >= NR_VM_NODE_STAT_ITEMS || spm_counts_events(item))
		return 0;
	for_each_node_mask(nid, spm_nodes)
		sum += lruvec_page_state(mem_cgroup_lruvec(memcg, NODE_DATA(nid)), item);
	/* Both change meanwhile. */
	return min(sum, memcg_page_state(memcg, item));
}
#endif /* CONFIG_SPM_MAPPED */

/* ---- What users see ---- */

/**
 * spm_memcg_stat_format() - add a cgroup's pages on SPM nodes to memory.stat
 * @memcg: the cgroup
 * @s: what memory.stat prints
 *
 * Context: Process context.
 */
void spm_memcg_stat_format(struct mem_cgroup *memcg, struct seq_buf *s)
{
	if (spm_memcg_counted(memcg))
		seq_buf_printf(s, "spm %llu\n",
			       (u64)page_counter_read(&memcg->spm) * PAGE_SIZE);
}

static u64 spm_current_read(struct cgroup_subsys_state *css, struct cftype *cft)
{
	return (u64)page_counter_read(&mem_cgroup_from_css(css)->spm) * PAGE_SIZE;
}

static int spm_max_show(struct seq_file *m, void *v)
{
	/* READ_ONCE: vs spm_max_write(). */
	unsigned long max = READ_ONCE(mem_cgroup_from_seq(m)->spm.max);

	if (max == PAGE_COUNTER_MAX)
		seq_puts(m, "max\n");
	else
		seq_printf(m, "%llu\n", (u64)max * PAGE_SIZE);
	return 0;
}

/* As memory.max does: until it holds, nothing can be moved, or a signal comes. */
static void spm_memcg_enforce(struct mem_cgroup *memcg, unsigned long max)
{
	unsigned int retries = SPM_MAX_RETRIES;
	unsigned long nr;

	while ((nr = page_counter_read(&memcg->spm)) > max) {
		if (signal_pending(current))
			break;
		if (!spm_relieve_memcg(memcg, nr - max) && !--retries)
			break;
		cond_resched();
	}
}

static ssize_t spm_max_write(struct kernfs_open_file *of, char *buf,
			     size_t nbytes, loff_t off)
{
	struct mem_cgroup *memcg = mem_cgroup_from_css(of_css(of));
	unsigned long max;
	int rc;

	rc = page_counter_memparse(strstrip(buf), "max", &max);
	if (rc)
		return rc;

	/* Ordered before reading usage, as with memory.max. */
	xchg(&memcg->spm.max, max);
	spm_memcg_enforce(memcg, max);
	return nbytes;
}

static struct cftype spm_memcg_files[] = {
	{
		.name = "spm.current",
		.flags = CFTYPE_NOT_ON_ROOT,
		.read_u64 = spm_current_read,
	},
	{
		.name = "spm.max",
		.flags = CFTYPE_NOT_ON_ROOT,
		.seq_show = spm_max_show,
		.write = spm_max_write,
	},
	{ }	/* terminate */
};

static int __init spm_memcg_setup(void)
{
	if (mem_cgroup_disabled())
		return 0;
	return cgroup_add_dfl_cftypes(&memory_cgrp_subsys, spm_memcg_files);
}
subsys_initcall(spm_memcg_setup);
