/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Specific Purpose Memory (SPM) nodes: the in-kernel API
 *
 * An SPM node is a NUMA node whose memory ordinary allocations never see. A
 * provider (a driver that owns the memory) registers it; a user (zspm, say)
 * takes pages from it with spm_alloc_folio(), and only so.
 */
#ifndef _LINUX_SPM_H
#define _LINUX_SPM_H

#include <linux/list.h>
#include <linux/range.h>
#include <linux/spm_hooks.h>
#include <linux/types.h>

struct folio;
struct module;
struct spm_node;

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

#endif /* _LINUX_SPM_H */
