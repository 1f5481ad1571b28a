/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Specific Purpose Memory (SPM) nodes: the in-kernel API
 *
 * An SPM node is a NUMA node whose memory ordinary allocations never see. A
 * provider (a driver that owns the memory) registers it; a user (zspm, say)
 * takes pages from it with spm_alloc_pages(), and only so.
 */
#ifndef _LINUX_SPM_H
#define _LINUX_SPM_H

#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/range.h>
#include <linux/spm_hooks.h>
#include <linux/types.h>

struct device;
struct folio;
struct list_lru;
struct mem_cgroup;
struct module;
struct obj_cgroup;
struct spm_node;

/* ---- For providers ---- */

/**
 * struct spm_telemetry - what a device says about itself
 * @physical_bytes: what it can hold, compressed; may change at run time. More
 *	than the node has online counts as that much only. It must tell what the
 *	device is going to hold before that is so: earlier than stale_ms (sysfs),
 *	and than it takes to move away what won't fit, see notice_ms (sysfs).
 * @used_bytes: what its contents take now, compressed
 * @as_of_ns: time of the reading, as ktime_get_ns() tells it: @used_bytes has
 *	in it every write that was complete by then. A write is complete when the CPU
 *	has made it, if the provider is coherent; else when it has left the caches.
 *
 * Totals only, as real devices give no more than these. They may be old, but
 * @as_of_ns must tell how old, and be too early rather than too late; one that is
 * older than the one before must not be told. A device
 * that has no clock, but counts its refreshes, gives the time of the last
 * reading that returned another count.
 */
struct spm_telemetry {
	u64 physical_bytes;
	u64 used_bytes;
	u64 as_of_ns;
};

/**
 * enum spm_event - what a device may tell without being asked
 * @SPM_EVENT_HIGH: usage has risen above the high threshold. Nothing is stored
 *	any more until a reading taken afterwards says that there is room.
 * @SPM_EVENT_LOW: usage has fallen below the low threshold
 * @SPM_EVENT_CAPACITY: the device can hold less than before, or soon will.
 *	Stops stores as SPM_EVENT_HIGH does.
 * @SPM_EVENT_REMOVED: the device is gone, with all that it held. Nothing is
 *	read or written there any more, and unregistering the node throws its
 *	contents away: tasks that they belong to get SIGBUS when they touch them.
 *
 * Without telemetry only SPM_EVENT_REMOVED has an effect.
 *
 * Events make things faster. None is needed for the data to be safe, except the
 * last: without it, reads must fail in a machine-check safe copy.
 */
enum spm_event {
	SPM_EVENT_HIGH,
	SPM_EVENT_LOW,
	SPM_EVENT_CAPACITY,
	SPM_EVENT_REMOVED,
};

/**
 * struct spm_ops - what a provider does for the core
 * @read: fill in a reading. Without it the memory is taken to hold what it
 *	advertises. Process context, may sleep, but stores stop when no reading
 *	succeeds for as long as stale_ms (sysfs) says. Return: 0 or -errno.
 * @set_thresholds: raise SPM_EVENT_LOW below @low_bytes of usage, and
 *	SPM_EVENT_HIGH above @high_bytes. Optional. Process context, may sleep.
 * @trim: the contents of these pages no longer matter: take no space for them,
 *	and let nobody read them again. Optional; without it nothing is done to a
 *	page that is freed. All of them or none: on failure the contents of none
 *	may be relied upon. @pfn is in ascending order, @nr is at most
 *	SPM_TRIM_BATCH. The pages are still allocated, and in nobody's use.
 *	Process context, may sleep. Return: 0; -EAGAIN to be asked again later, a
 *	few times; -EINPROGRESS if the device has begun and may not have ended: then
 *	nobody gets the pages, and the memory does not go offline, before an answer
 *	to a later call is neither of these; other -errno if it can't be done, which
 *	has the core overwrite the pages with zeroes instead, as after too many
 *	-EAGAIN.
 * @written: the kernel has written to the page @pfn. For emulations, which
 *	have no other means to see that. Optional. Any context that can take a
 *	spinlock; must not sleep.
 * @present: is the device still there? To be answered by the device, not by what
 *	the provider has heard of it: it is asked after contents were read that may
 *	be what a bus returns when nobody is there, and when a page was written to
 *	the swap device. Optional; without it a device is there until
 *	SPM_EVENT_REMOVED. Any context, hard interrupts too; must not sleep.
 *
 * @release: the node is gone, or abandoned: neither it, nor spm_notify() for it, may be
 *	used from here on. Optional. Process context, may sleep.
 *
 * The core calls @read and @set_thresholds of a node one at a time, from a worker, and
 * one @trim at a time, from another: a @trim and a @read may run at the same time. It
 * holds no lock that spm_notify() takes, and calls them from before spm_register_node()
 * returns until @release. One that does not end within ten seconds has unregistering fail.
 * So it may take locks that are held by who unregisters the node, but should not: the
 * device lock, say. All that was freed is trimmed, or overwritten, before the
 * memory goes offline.
 */
struct spm_ops {
	int (*read)(struct spm_node *node, struct spm_telemetry *telemetry);
	void (*set_thresholds)(struct spm_node *node, u64 low_bytes,
			       u64 high_bytes);
	int (*trim)(struct spm_node *node, const unsigned long *pfn,
		    unsigned int nr);
	void (*written)(struct spm_node *node, unsigned long pfn);
	bool (*present)(struct spm_node *node);
	void (*release)(struct spm_node *node);
};

#define SPM_TRIM_BATCH	64

/**
 * struct spm_provider - how a provider describes its node to the core
 * @name: provider's name, for messages, sysfs and /proc/iomem
 * @owner: module that must stay loaded while the node is registered
 * @dev: the device that they are from, to which nodeN/spm/device in sysfs points; or NULL
 * @nid: NUMA node id of all ranges. If it isn't possible, has ordinary memory, or is
 *	another provider's, the node gets a spare id ("spm_spare_nodes=" on the command
 *	line), see spm_node_nid().
 * @coherent: what a reading tells has in it all that CPUs have written, also what is
 *	still in their caches. If not, as with CXL.mem that is written back, the core has
 *	the lines of each page written back before the page counts as written. Without
 *	telemetry this has no effect.
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
	struct device *dev;
	int nid;
	bool coherent;
	const struct spm_ops *ops;
	void *priv;
	int nr_ranges;
	const struct range *ranges;
};

struct spm_node *spm_register_node(const struct spm_provider *provider);
int spm_unregister_node(struct spm_node *node);
void spm_abandon_node(struct spm_node *node);
void *spm_node_priv(const struct spm_node *node);
int spm_node_nid(const struct spm_node *node);
void spm_notify(struct spm_node *node, enum spm_event event);
void spm_sync_removed(struct spm_node *node);
void spm_notify_poisoned(struct spm_node *node, unsigned long nr_pages);

/* ---- For users ---- */

/**
 * enum spm_relief - where pages go when a node must become emptier
 * @SPM_PROMOTE: to DRAM, without waiting for memory
 * @SPM_WRITE_BACK: to the swap device
 */
enum spm_relief {
	SPM_PROMOTE,
	SPM_WRITE_BACK,
};

/**
 * struct spm_user - someone who keeps swapped-out pages on SPM nodes
 * @list: the core's
 * @name: for messages
 * @writeback: move the data of @folio off SPM for good, to where it can be
 *	read again (the swap device, say), because no other SPM node has room.
 *	Called without locks, with a reference to @folio that the caller drops;
 *	may sleep. Return: 0 if it has moved the data; -EHWPOISON if it has given
 *	them up, as they can't be read; -ENOENT if @folio is not the user's (any
 *	more); -EAGAIN to be called again later; other -errno if the data cannot
 *	be moved.
 * @relieve: move up to @nr pages that belong to @memcg (NULL: to none) off the SPM
 *	node @nid, coldest first. Process context without locks, may sleep.
 *	Return: how many it has moved.
 *
 * A user's folio that is off the LRU is a movable page (see linux/migrate.h).
 */
struct spm_user {
	struct list_head list;
	const char *name;
	int (*writeback)(struct folio *folio);
	unsigned long (*relieve)(int nid, struct mem_cgroup *memcg,
				 unsigned long nr, enum spm_relief relief);
};

void spm_register_user(struct spm_user *user);
void spm_unregister_user(struct spm_user *user);

void spm_hooks_get(void);
void spm_hooks_put(void);

int spm_alloc_pages(unsigned long nr, struct list_head *pages);
void spm_unalloc_pages(unsigned long nr, struct list_head *pages);
void spm_pages_written(unsigned long nr, struct list_head *pages, int rc);
void spm_free_folio(struct folio *folio);
bool spm_folio_readable(const struct folio *folio);
void spm_folio_loaded(struct folio *folio, int rc);
void spm_folio_lost(struct folio *folio);
int spm_folio_move_begin(struct folio *dst, struct folio *src);
void spm_folio_move_end(struct folio *dst, struct folio *src, int rc);

/**
 * struct spm_victim - a swapped-out page that is to leave its SPM node
 * @swp: the slot that it was swapped out to
 * @pool: what the pool's create operation has returned, see zswap_unstore()
 * @handle: the pool's handle for it
 * @home_nid: the node that it was on before it was swapped out
 * @rc: what came of it: 0, it is gone; -ENOENT, it was gone before; -EAGAIN,
 *	somebody has it; -EIO, it can't be read, and stays; -ENOMEM
 * @folio: spm_evict()'s own
 * @shadow: the same
 */
struct spm_victim {
	swp_entry_t swp;
	const void *pool;
	unsigned long handle;
	int home_nid;
	int rc;
	struct folio *folio;
	void *shadow;
};

unsigned int spm_evict(struct spm_victim *victims, unsigned int nr,
		       enum spm_relief relief);

#ifdef CONFIG_MEMCG
int spm_charge(struct obj_cgroup *objcg, unsigned long nr);
void spm_uncharge(struct obj_cgroup *objcg, unsigned long nr);
int spm_list_lru_prepare(struct list_lru *lru, struct obj_cgroup *objcg);
bool spm_memcg_may_write_back(struct mem_cgroup *memcg);
bool spm_memcg_may_swap_in(struct mem_cgroup *memcg, unsigned long nr);
#else
static inline int spm_charge(struct obj_cgroup *objcg, unsigned long nr)
{
	return 0;
}

static inline void spm_uncharge(struct obj_cgroup *objcg, unsigned long nr)
{
}

static inline int spm_list_lru_prepare(struct list_lru *lru,
				       struct obj_cgroup *objcg)
{
	return 0;
}

static inline bool spm_memcg_may_write_back(struct mem_cgroup *memcg)
{
	return true;
}

static inline bool spm_memcg_may_swap_in(struct mem_cgroup *memcg,
					 unsigned long nr)
{
	return true;
}
#endif

#endif /* _LINUX_SPM_H */
