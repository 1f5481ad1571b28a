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
 * As with memory.zswap.max, nothing is reserved: who looks at the limit at the
 * same time may exceed it together.
 */
#include <linux/cgroup.h>
#include <linux/memcontrol.h>
#include <linux/page_counter.h>
#include <linux/seq_file.h>
#include <linux/spm_hooks.h>
#include <linux/string.h>

/* Some cgroup has had a limit: look at limits. Never goes back. */
DEFINE_STATIC_KEY_FALSE(spm_memcg_key);

/**
 * __spm_memcg_may_store() - is the cgroup below its limit, and all above it?
 * @objcg: the cgroup that a page belongs to
 *
 * Context: Process context. May sleep.
 * Return: true if one more page may be stored on an SPM node.
 */
bool __spm_memcg_may_store(struct obj_cgroup *objcg)
{
	struct mem_cgroup *memcg, *first;
	bool below = true;

	if (!cgroup_subsys_on_dfl(memory_cgrp_subsys))
		return true;

	first = get_mem_cgroup_from_objcg(objcg);
	for (memcg = first; below && !mem_cgroup_is_root(memcg);
	     memcg = parent_mem_cgroup(memcg)) {
		/* READ_ONCE: vs spm_max_write(). */
		unsigned long max = READ_ONCE(memcg->spm_max);

		if (max == PAGE_COUNTER_MAX)
			continue;
		/* Exact, as mem_cgroup_flush_stats() ignores small changes. */
		if (max)
			cgroup_rstat_flush(memcg->css.cgroup);
		below = memcg_page_state(memcg, MEMCG_SPM) < max;
	}
	mem_cgroup_put(first);
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
