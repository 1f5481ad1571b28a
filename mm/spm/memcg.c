// SPDX-License-Identifier: GPL-2.0
/*
 * SPM and control groups: what a cgroup has on SPM nodes, and may have there
 *
 *   memory.spm.current	what it has, in bytes; "spm" in memory.stat says the same
 *   memory.spm.max	what it may have
 *
 * Such pages take no DRAM, so they are not charged. But they count for the zswap
 * limit and statistics, as the uncompressed pages they are.
 *
 * In mapped mode, a folio belongs to its cgroup all the time, but it is charged only
 * while it is in DRAM. So demotion makes room below memory.max, as swapping out
 * does, and promotion needs it. With cgroup v1 folios that are charged to a group
 * stay in DRAM.
 *
 * As with memory.zswap.max, nothing is reserved: who looks at the limit at the
 * same time may exceed it together.
 */
#include <linux/cgroup.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/page_counter.h>
#include <linux/seq_file.h>
#include <linux/spm_hooks.h>
#include <linux/spm_mapped.h>
#include <linux/string.h>

#include "memcg.h"

/* Some cgroup has had a limit: look at limits. Never goes back. */
DEFINE_STATIC_KEY_FALSE(spm_memcg_key);

/* Could it have @nr pages more on SPM nodes, and all above it? */
static bool spm_memcg_below_max(struct mem_cgroup *memcg, unsigned long nr)
{
	for (; memcg && !mem_cgroup_is_root(memcg); memcg = parent_mem_cgroup(memcg)) {
		/* READ_ONCE: vs spm_max_write(). */
		unsigned long max = READ_ONCE(memcg->spm_max);

		if (max == PAGE_COUNTER_MAX)
			continue;
		/* Exact, as mem_cgroup_flush_stats() ignores small changes. */
		if (max)
			cgroup_rstat_flush(memcg->css.cgroup);
		if (memcg_page_state(memcg, MEMCG_SPM) + nr > max)
			return false;
	}
	return true;
}

/**
 * __spm_memcg_may_store() - is the cgroup below its limit, and all above it?
 * @objcg: the cgroup that a page belongs to
 *
 * Context: Process context. May sleep.
 * Return: true if one more page may be stored on an SPM node.
 */
bool __spm_memcg_may_store(struct obj_cgroup *objcg)
{
	struct mem_cgroup *memcg;
	bool below;

	if (!cgroup_subsys_on_dfl(memory_cgrp_subsys))
		return true;

	memcg = get_mem_cgroup_from_objcg(objcg);
	below = spm_memcg_below_max(memcg, 1);
	mem_cgroup_put(memcg);
	return below;
}

/**
 * spm_memcg_account() - account pages that zswap keeps on an SPM node
 * @objcg: the cgroup that they belong to
 * @nr_pages: how many, negative when they are freed
 *
 * Context: Any.
 */
void spm_memcg_account(struct obj_cgroup *objcg, int nr_pages)
{
	struct mem_cgroup *memcg;

	if (!cgroup_subsys_on_dfl(memory_cgrp_subsys))
		return;

	rcu_read_lock();
	memcg = obj_cgroup_memcg(objcg);
	mod_memcg_state(memcg, MEMCG_ZSWAP_B, nr_pages * (long)PAGE_SIZE);
	mod_memcg_state(memcg, MEMCG_ZSWAPPED, nr_pages);
	mod_memcg_state(memcg, MEMCG_SPM, nr_pages);
	rcu_read_unlock();
}

#ifdef CONFIG_SPM_MAPPED
/**
 * spm_memcg_may_demote() - does a folio's cgroup allow to demote it?
 * @folio: the folio, isolated
 *
 * Context: Process context. May sleep.
 * Return: true if the cgroup, and all above it, stay below memory.spm.max.
 */
bool spm_memcg_may_demote(struct folio *folio)
{
	struct mem_cgroup *memcg = folio_memcg(folio);

	if (!memcg || mem_cgroup_is_root(memcg))
		return true;
	if (!cgroup_subsys_on_dfl(memory_cgrp_subsys))
		return false;
	return !static_branch_unlikely(&spm_memcg_key) ||
	       spm_memcg_below_max(memcg, folio_nr_pages(folio));
}

/**
 * spm_memcg_may_promote() - does a folio's cgroup have room to promote it?
 * @folio: the folio, with a reference
 *
 * Context: Any.
 * Return: true if the cgroup, and all above it, stay below memory.max.
 */
bool spm_memcg_may_promote(struct folio *folio)
{
	unsigned long nr = folio_nr_pages(folio);
	struct mem_cgroup *memcg;
	bool below = true;

	if (mem_cgroup_disabled() || !cgroup_subsys_on_dfl(memory_cgrp_subsys))
		return true;

	rcu_read_lock();
	for (memcg = folio_memcg(folio); below && memcg && !mem_cgroup_is_root(memcg);
	     memcg = parent_mem_cgroup(memcg))	/* READ_ONCE: vs memory.max */
		below = page_counter_read(&memcg->memory) + nr <=
			READ_ONCE(memcg->memory.max);
	rcu_read_unlock();
	return below;
}

/**
 * __spm_memcg_migrate() - a folio that belongs to a cgroup was migrated
 * @memcg: the cgroup
 * @from: folio that the contents were in
 * @to: folio that they are in now
 *
 * It can't fail here: see spm_memcg_may_promote().
 *
 * Context: Any.
 */
void __spm_memcg_migrate(struct mem_cgroup *memcg, struct folio *from,
			 struct folio *to)
{
	long nr = folio_nr_pages(to);

	if (spm_folio(from) == spm_folio(to) || mem_cgroup_is_root(memcg) ||
	    !cgroup_subsys_on_dfl(memory_cgrp_subsys))
		return;

	if (spm_folio(to)) {
		mod_memcg_state(memcg, MEMCG_SPM, nr);
		page_counter_uncharge(&memcg->memory, nr);
	} else {
		mod_memcg_state(memcg, MEMCG_SPM, -nr);
		page_counter_charge(&memcg->memory, nr);
	}
}

/**
 * __spm_memcg_uncharge() - a folio on an SPM node leaves its cgroup
 * @memcg: the cgroup, not the root
 * @folio: the folio
 *
 * Context: Any.
 * Return: true if it is not charged.
 */
bool __spm_memcg_uncharge(struct mem_cgroup *memcg, struct folio *folio)
{
	if (!cgroup_subsys_on_dfl(memory_cgrp_subsys))
		return false;
	mod_memcg_state(memcg, MEMCG_SPM, -folio_nr_pages(folio));
	return true;
}
#endif /* CONFIG_SPM_MAPPED */

static u64 spm_current_read(struct cgroup_subsys_state *css, struct cftype *cft)
{
	struct mem_cgroup *memcg = mem_cgroup_from_css(css);

	mem_cgroup_flush_stats(memcg);
	return (u64)memcg_page_state(memcg, MEMCG_SPM) * PAGE_SIZE;
}

static int spm_max_show(struct seq_file *m, void *v)
{
	/* READ_ONCE: vs spm_max_write(). */
	unsigned long max = READ_ONCE(mem_cgroup_from_seq(m)->spm_max);

	if (max == PAGE_COUNTER_MAX)
		seq_puts(m, "max\n");
	else
		seq_printf(m, "%llu\n", (u64)max * PAGE_SIZE);
	return 0;
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

	WRITE_ONCE(memcg->spm_max, max);	/* for those who read it */
	if (max != PAGE_COUNTER_MAX)
		static_branch_enable(&spm_memcg_key);
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

static int __init spm_memcg_init(void)
{
	if (mem_cgroup_disabled())
		return 0;
	return cgroup_add_dfl_cftypes(&memory_cgrp_subsys, spm_memcg_files);
}
subsys_initcall(spm_memcg_init);
