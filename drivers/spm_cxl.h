/* SPDX-License-Identifier: GPL-2.0 */
/*
 * spm_cxl: what its files share. spm_cxl_main.c tells what is where.
 */
#ifndef _SPM_CXL_H
#define _SPM_CXL_H

#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/spm.h>
#include <linux/workqueue.h>

#include "../../cxl/cxlmem.h"

/* ---- Commands: spm_cxl_mbox.c ---- */

/**
 * struct spm_cxl_zero - how a device is told to forget ranges of its memory
 * @subclass: of the operation, see enum spm_cxl_media_subclass
 * @granularity: each range starts and ends at a multiple of this. 0: it can't be told.
 */
struct spm_cxl_zero {
	u8 subclass;
	u64 granularity;
};

/**
 * struct spm_cxl_figures - what a vendor's log tells of a device that compresses
 * @physical_bytes: what it can hold
 * @used_bytes: what its contents take
 * @refreshes: how often it has refreshed these
 */
struct spm_cxl_figures {
	u64 physical_bytes;
	u64 used_bytes;
	u64 refreshes;
};

/**
 * struct spm_cxl_vendor - a log that has such figures
 * @name: for messages
 * @log: its UUID
 * @bytes: its size; a device's may be larger
 * @parse: read @bytes of it. Return: 0, or -EINVAL if it makes no sense.
 */
struct spm_cxl_vendor {
	const char *name;
	uuid_t log;
	u32 bytes;
	int (*parse)(const void *log, struct spm_cxl_figures *figures);
};

int spm_cxl_find_zero(struct cxl_mailbox *mbox, struct spm_cxl_zero *zero);
int spm_cxl_zero(struct cxl_mailbox *mbox, const struct spm_cxl_zero *zero,
		 const struct range *ranges, unsigned int nr);
int spm_cxl_get_health(struct cxl_mailbox *mbox, struct cxl_get_health_info *info);
int spm_cxl_find_vendor(struct cxl_mailbox *mbox, const struct spm_cxl_vendor **vendor);
int spm_cxl_get_figures(struct cxl_mailbox *mbox, const struct spm_cxl_vendor *vendor,
			struct spm_cxl_figures *figures);

/* ---- Records: spm_cxl_records.c ---- */

/**
 * enum spm_cxl_health - what a device's health means for what it holds
 * @SPM_CXL_WELL: nothing
 * @SPM_CXL_ILL: it may lose contents soon, or has less room than before
 * @SPM_CXL_DEAD: it has lost all contents, or can't be read
 */
enum spm_cxl_health {
	SPM_CXL_WELL,
	SPM_CXL_ILL,
	SPM_CXL_DEAD,
};

/**
 * struct spm_cxl_clock - how old a device's figures are
 * @refreshes: their count at the last reading
 * @as_of_ns: it was another one then; 0 if that was never seen
 * @asked_ns: the last reading was not before that; 0 if there was none
 */
struct spm_cxl_clock {
	u64 refreshes;
	u64 as_of_ns;
	u64 asked_ns;
};

bool spm_cxl_event_loses(enum cxl_event_type type, const union cxl_event *event,
			 struct range *dpa);
bool spm_cxl_event_overflows(enum cxl_event_type type, const union cxl_event *event);
bool spm_cxl_poison_range(const struct cxl_poison_record *record, struct range *dpa);
bool spm_cxl_intersect(struct range *range, const struct range *with);
u64 spm_cxl_step(int ways, int granularity);
enum spm_cxl_health spm_cxl_judge(const struct cxl_get_health_info *info);
u64 spm_cxl_date(struct spm_cxl_clock *clock, u64 refreshes, u64 asked_ns);

/* ---- Devices: spm_cxl_media.c ---- */

/**
 * struct spm_cxl_lost - memory of a device that can't be read any more
 * @list: entry in spm_cxl.lost
 * @cxlmd: the device, a target of the region
 * @dpa: which of its memory
 */
struct spm_cxl_lost {
	struct list_head list;
	const struct cxl_memdev *cxlmd;
	struct range dpa;
};

/**
 * struct spm_cxl - a dax device of a CXL region, and its node
 * @dev: the dax device
 * @cxlr: the region
 * @nr_targets: number of @target
 * @target: devices that the region is made of, with a reference to each
 * @step: no two pages have memory in the same @step bytes of a device
 * @nr_ranges: number of @ranges
 * @ranges: memory of the node
 * @memory_nb: empties it when it comes
 * @ops: operations of the node: those that the device can do
 * @busy: held for reading by operations, for writing by who waits for their end
 *
 * @list: entry in the list of all; guarded by spm_cxl_lock
 *
 * @notify_lock: guards @node
 * @node: the node, while it may be notified
 *
 * @lost_lock: guards @lost, @nr_lost, @nr_dropped, @health and @read_list
 * @lost: struct spm_cxl_lost, in the order in which they came
 * @nr_lost: number of these
 * @nr_dropped: how many did not get there
 * @health: the worst that was heard since it was dealt with
 * @read_list: the poison lists are to be read
 * @work: deals with all that
 *
 * @hold_lock: guards @held and @now. Taken before notify_lock.
 * @held: no page may be given to memory_failure()
 * @now: the entry of @lost that is being dealt with; its dpa starts with what is left
 *	of it. NULL if there is none.
 *
 * @zero: how trimming is done
 * @vendor: how telemetry is read, or NULL if there is none
 * @clock: of the telemetry; of readings only
 *
 * The node's operations may be called as long as spm_abandon_node() has not returned,
 * and the targets' mailboxes are there until the dax device's remove operation has.
 */
struct spm_cxl {
	struct device *dev;
	struct cxl_region *cxlr;
	int nr_targets;
	struct cxl_region_target target[CXL_DECODER_MAX_INTERLEAVE];
	u64 step;
	int nr_ranges;
	struct range *ranges;
	struct notifier_block memory_nb;
	struct spm_ops ops;
	struct rw_semaphore busy;

	struct list_head list;

	struct mutex notify_lock;	/* the node, and who is told */
	struct spm_node *node;

	spinlock_t lost_lock;		/* what was heard */
	struct list_head lost;
	unsigned int nr_lost;
	unsigned long nr_dropped;
	enum spm_cxl_health health;
	bool read_list;
	struct work_struct work;

	struct mutex hold_lock;		/* what is done about it */
	bool held;
	struct spm_cxl_lost *now;

	struct spm_cxl_zero zero;
	const struct spm_cxl_vendor *vendor;
	struct spm_cxl_clock clock;
};

static inline struct cxl_mailbox *spm_cxl_mailbox(const struct spm_cxl *cxl, int i)
{
	return &cxl->target[i].cxlmd->cxlds->cxl_mbox;
}

bool spm_cxl_has_page(const struct spm_cxl *cxl, unsigned long pfn);
void spm_cxl_media_init(struct spm_cxl *cxl);
void spm_cxl_media_start(struct spm_cxl *cxl);
int spm_cxl_read_lists(struct spm_cxl *cxl);
void spm_cxl_media_stop(struct spm_cxl *cxl);
void spm_cxl_hold(struct spm_cxl *cxl, bool held);
void spm_cxl_attach(struct spm_cxl *cxl, struct spm_node *node);
void spm_cxl_release(struct spm_node *node);
void spm_cxl_tell_removed(struct spm_cxl *cxl);
struct device *spm_cxl_get_on(const struct device *endpoint);
int spm_cxl_media_listen(void);
void spm_cxl_media_ignore(void);

#endif /* _SPM_CXL_H */
