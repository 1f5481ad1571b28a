/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Specific Purpose Memory (SPM) nodes: the in-kernel API
 *
 * An SPM node is a NUMA node whose memory ordinary allocations never see. A
 * provider (a driver that owns the memory) registers it; a user (zspm, say)
 * takes pages from it with spm_alloc_folio(), and only so.
 *
 * The first half of this file is for the hooks in existing kernel files: each
 * calls one inline from here, which is a static branch that is not taken as
 * long as no SPM node is registered, and nothing at all without CONFIG_SPM.
 * The second half is for providers and users.
 *
 * linux/vmstat.h includes this file, so it must not need linux/mm.h.
 */
#ifndef _LINUX_SPM_H
#define _LINUX_SPM_H

#include <linux/errno.h>
#include <linux/jump_label.h>
#include <linux/list.h>
#include <linux/nodemask.h>
#include <linux/range.h>
#include <linux/types.h>

struct folio;
struct module;
struct spm_node;

/* ---- For the hooks ---- */

#ifdef CONFIG_SPM

DECLARE_STATIC_KEY_FALSE(spm_key);
extern nodemask_t spm_nodes;

unsigned long __spm_zone_page_state(int item);
struct folio *__spm_alloc_migration_target(struct folio *src);
unsigned long __spm_used_pages(void);

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
 * True from before the node's first memory is added until after its last
 * memory is removed. Changes only under the memory hotplug lock's protection
 * of that node: nobody holds a page of the node across a change.
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

/* Pages in use on SPM nodes. */
static inline unsigned long spm_used_pages(void)
{
	return spm_active() ? __spm_used_pages() : 0;
}

#else /* !CONFIG_SPM */

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

static inline unsigned long spm_used_pages(void)
{
	return 0;
}

static inline struct folio *__spm_alloc_migration_target(struct folio *src)
{
	return NULL;
}

#endif /* CONFIG_SPM */

/* Macros, as folio_nid() is not there yet where linux/vmstat.h includes this. */

/* Does this folio live on an SPM node? */
#define spm_folio(folio)	(spm_active() && spm_nid(folio_nid(folio)))

/*
 * Is this an object of an SPM user (off the LRU), which may move to other SPM
 * only? Such a folio's migration target comes from spm_alloc_migration_target().
 */
#define spm_object(folio) \
	(spm_folio(folio) && __folio_test_movable(folio))

#define spm_alloc_migration_target(src)	__spm_alloc_migration_target(src)

#ifdef CONFIG_SPM

/* ---- For providers ---- */

/**
 * struct spm_ops - what a provider does for the core
 * @trim: the contents of @nr_pages pages from @pfn no longer matter. Optional.
 *	Called for pages that are still allocated, from any context that can
 *	take a spinlock; must not sleep. Return: 0 or -errno; the page is freed
 *	all the same.
 */
struct spm_ops {
	int (*trim)(struct spm_node *node, unsigned long pfn,
		    unsigned long nr_pages);
};

/**
 * struct spm_provider - how a provider describes its node to the core
 * @name: provider's name, for messages, sysfs and /proc/iomem
 * @owner: module that must stay loaded while the node is registered
 * @nid: NUMA node id of all ranges; possible, and without ordinary memory
 * @ops: operations, or NULL
 * @priv: the provider's own, see spm_node_priv()
 * @nr_ranges: number of ranges, at least 1
 * @ranges: physical address ranges (inclusive), each aligned to
 *	memory_block_size_bytes(), not overlapping
 *
 * Only read during spm_register_node(): the core keeps no pointer to the
 * structure or its ranges. @name and @ops must outlive the node.
 */
struct spm_provider {
	const char *name;
	struct module *owner;
	int nid;
	const struct spm_ops *ops;
	void *priv;
	int nr_ranges;
	const struct range *ranges;
};

struct spm_node *spm_register_node(const struct spm_provider *provider);
int spm_unregister_node(struct spm_node *node);
void *spm_node_priv(const struct spm_node *node);

/* ---- For users ---- */

/**
 * struct spm_user - someone who keeps pages on SPM nodes
 * @list: the core's
 * @name: for messages
 * @writeback: move the data of @folio off SPM for good, to where it can be
 *	read again (the swap device, say), because no other SPM node has room.
 *	Called without locks, with a reference to @folio that the caller drops;
 *	may sleep. Return: 0 if it has moved the data; -ENOENT if @folio is not
 *	the user's (any more); -EAGAIN to be called again later; other -errno if
 *	the data cannot be moved.
 *
 * A user's folio that is off the LRU is a movable page (see linux/migrate.h).
 */
struct spm_user {
	struct list_head list;
	const char *name;
	int (*writeback)(struct folio *folio);
};

void spm_register_user(struct spm_user *user);
void spm_unregister_user(struct spm_user *user);

void spm_hooks_get(void);
void spm_hooks_put(void);

struct folio *spm_alloc_folio(void);
void spm_free_folio(struct folio *folio);
void spm_folio_stored(struct folio *folio);
void spm_folio_loaded(struct folio *folio, int rc);
int spm_folio_move(struct folio *dst, struct folio *src);
void spm_folio_refused(struct folio *folio);

#endif /* CONFIG_SPM */

#endif /* _LINUX_SPM_H */
