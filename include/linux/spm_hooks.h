/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Specific Purpose Memory (SPM) nodes: what the hooks in existing files call
 *
 * Each hook calls one inline from here, which is a static branch that is not
 * taken as long as SPM is not used, and nothing at all without CONFIG_SPM.
 *
 * linux/vmstat.h includes this file, so it must not need linux/mm.h. It is apart
 * from linux/spm.h as nearly every file of the kernel depends on it.
 */
#ifndef _LINUX_SPM_HOOKS_H
#define _LINUX_SPM_HOOKS_H

#include <linux/errno.h>
#include <linux/jump_label.h>
#include <linux/nodemask.h>
#include <linux/types.h>

struct folio;
struct mem_cgroup;
struct page;
struct seq_buf;

#ifdef CONFIG_SPM

DECLARE_STATIC_KEY_FALSE(spm_key);
extern nodemask_t spm_nodes;

void spm_reserve_nodes(void);
unsigned long __spm_zone_page_state(int item);
long __spm_node_page_state(int item);
bool __spm_object(const struct folio *folio);
bool __spm_forgets(const struct page *page);
struct folio *spm_alloc_migration_target(struct folio *src);
unsigned long __spm_copied(struct page *to, struct page *from);

/**
 * spm_active() - may there be an SPM node, or a pool that stores to one?
 *
 * Return: false, at the cost of one untaken branch, as long as SPM is not used.
 */
static inline bool spm_active(void)
{
	return static_branch_unlikely(&spm_key);
}

/**
 * spm_nid() - is this the id of an SPM node?
 * @nid: node id, not NUMA_NO_NODE
 *
 * Changes under device_hotplug_lock while the node has no memory, so nobody
 * holds a page of the node across a change.
 *
 * Return: true from before the node's first memory is added until after its
 * last memory is removed.
 */
static inline bool spm_nid(int nid)
{
	return spm_active() && node_isset(nid, spm_nodes);
}

/* The state that a node takes when it gets its first memory. */
static inline enum node_states spm_memory_state(int nid)
{
	return spm_nid(nid) ? N_SPM_MEMORY : N_MEMORY;
}

/* Memory reaches an SPM node through spm_register_node(), and only so. */
static inline int spm_check_hotadd(int nid, bool from_spm)
{
	return spm_nid(nid) == from_spm ? 0 : -EBUSY;
}

/* What a global counter of zone pages must leave out, being no DRAM. */
static inline unsigned long spm_zone_page_state(int item)
{
	return spm_active() ? __spm_zone_page_state(item) : 0;
}

/* The same for counters of node pages: those of tasks that are mapped there. */
static inline long spm_node_page_state(int item)
{
	return spm_active() ? __spm_node_page_state(item) : 0;
}

/*
 * Is this an object of an SPM user (off the LRU), which may move to other SPM
 * only? Such a folio's migration target comes from spm_alloc_migration_target().
 */
static inline bool spm_object(const struct folio *folio)
{
	return spm_active() && __spm_object(folio);
}

/*
 * Was the device told to forget what is in this page, which is being freed? Then
 * nobody is to write to it again.
 */
static inline bool spm_forgets(const struct page *page)
{
	return spm_active() && __spm_forgets(page);
}

/*
 * How many free pages each CPU may keep of a zone, which takes and returns @batch at a
 * time: of an SPM node just enough for that. The page allocator would let the lists grow,
 * and then take thousands of pages in one go, for which one store has to wait.
 */
static inline void spm_limit_pageset(int nid, int batch, int *high_min, int *high_max)
{
	if (spm_nid(nid))
		*high_min = *high_max = 2 * batch;
}

/*
 * A page was copied without a machine check. But was there a device that it was read
 * from, until the end? Return: how many bytes of it can't be relied upon.
 */
static inline unsigned long spm_copied(struct page *to, struct page *from)
{
	return spm_active() ? __spm_copied(to, from) : 0;
}

#else /* !CONFIG_SPM */

static inline void spm_reserve_nodes(void)
{
}

static inline unsigned long spm_copied(struct page *to, struct page *from)
{
	return 0;
}

static inline bool spm_active(void)
{
	return false;
}

static inline bool spm_nid(int nid)
{
	return false;
}

static inline enum node_states spm_memory_state(int nid)
{
	return N_MEMORY;
}

static inline int spm_check_hotadd(int nid, bool from_spm)
{
	return from_spm ? -EINVAL : 0;
}

static inline unsigned long spm_zone_page_state(int item)
{
	return 0;
}

static inline long spm_node_page_state(int item)
{
	return 0;
}

static inline bool spm_object(const struct folio *folio)
{
	return false;
}

static inline bool spm_forgets(const struct page *page)
{
	return false;
}

static inline void spm_limit_pageset(int nid, int batch, int *high_min, int *high_max)
{
}

static inline struct folio *spm_alloc_migration_target(struct folio *src)
{
	return NULL;
}

#endif /* CONFIG_SPM */

#if defined(CONFIG_SPM) && defined(CONFIG_MEMCG)

void spm_memcg_init(struct mem_cgroup *memcg, struct mem_cgroup *parent);
void spm_memcg_stat_format(struct mem_cgroup *memcg, struct seq_buf *s);

#else /* !CONFIG_SPM || !CONFIG_MEMCG */

static inline void spm_memcg_init(struct mem_cgroup *memcg,
				  struct mem_cgroup *parent)
{
}

static inline void spm_memcg_stat_format(struct mem_cgroup *memcg,
					 struct seq_buf *s)
{
}

#endif /* CONFIG_SPM && CONFIG_MEMCG */

#endif /* _LINUX_SPM_HOOKS_H */
