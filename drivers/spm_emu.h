/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of spm_emu share. For what it is see spm_emu_main.c.
 *
 * Lock order:
 *   busy		held for reading by operations of the node that may sleep
 *   notify_lock	keeps the node from going away while the core is told
 *			something
 *     lock		what the device holds, and its limits
 *       report_lock	a spinlock: the last report
 * The memory notifier takes lock with the memory hotplug locks held, so nothing
 * is allocated, onlined or offlined under it.
 */
#ifndef _SPM_EMU_H
#define _SPM_EMU_H

#include <linux/fault-inject.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/percpu.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/spm.h>
#include <linux/workqueue.h>

/* The device gives out its memory in pieces of so many bytes. */
#define SPM_EMU_GRANULE	64

/**
 * enum spm_emu_model - how much space a page takes
 * @SPM_EMU_LZ4: as LZ4 compresses it, in granules; an all-zero page takes none
 * @SPM_EMU_FIXED: the same for every page that was written and not trimmed
 */
enum spm_emu_model {
	SPM_EMU_LZ4,
	SPM_EMU_FIXED,
};

extern const char *const spm_emu_model_names[];

/**
 * struct spm_emu_config - the parameters that a device was bound with
 * @model: how much space a page takes
 * @ratio_permille: logical to physical capacity
 * @fixed_permille: how well each page compresses in the fixed model
 * @lag_ms: time between passes over what was written
 * @refresh_ms: time between reports
 * @notice_ms: time from telling that capacity shrinks until it does
 */
struct spm_emu_config {
	enum spm_emu_model model;
	u32 ratio_permille;
	u32 fixed_permille;
	u32 lag_ms;
	u32 refresh_ms;
	u32 notice_ms;
};

/**
 * struct spm_emu_choice - a fault that debugfs selects by its name
 * @names: what can be selected. Constant.
 * @nr_names: number of these
 * @value: index of what is selected; 0 is "ok". A word on its own, read by
 *	READ_ONCE, written by WRITE_ONCE: it takes effect the next time.
 */
struct spm_emu_choice {
	const char *const *names;
	unsigned int nr_names;
	int value;
};

enum spm_emu_telemetry_fault {
	SPM_EMU_TELEMETRY_OK,
	SPM_EMU_TELEMETRY_FROZEN,	/* the last report stays as it is */
	SPM_EMU_TELEMETRY_GARBAGE,	/* reports that can't be true */
	SPM_EMU_TELEMETRY_ERROR,	/* -EIO */
};

enum spm_emu_events_fault {
	SPM_EMU_EVENTS_OK,
	SPM_EMU_EVENTS_LOST,
	SPM_EMU_EVENTS_LATE,		/* by event_delay_ms */
};

enum spm_emu_trim_fault {
	SPM_EMU_TRIM_OK,
	SPM_EMU_TRIM_FAIL,		/* -EIO */
	SPM_EMU_TRIM_RETRY,		/* -EAGAIN */
};

/**
 * struct spm_emu_faults - how the device misbehaves
 * @telemetry: enum spm_emu_telemetry_fault
 * @events: enum spm_emu_events_fault
 * @trim: enum spm_emu_trim_fault
 * @event_delay_ms: how late an event is. As the value of a choice.
 * @trim_delay_us: how long a trim takes. As the value of a choice.
 * @fail_trim: makes a trim fail now and then
 */
struct spm_emu_faults {
	struct spm_emu_choice telemetry;
	struct spm_emu_choice events;
	struct spm_emu_choice trim;
	u32 event_delay_ms;
	u32 trim_delay_us;
	struct fault_attr fail_trim;
};

/**
 * struct spm_emu_range - memory of a device, as one range of pages
 * @start_pfn: the first
 * @nr_pages: how many
 * @first: position of the first in the device, in pages
 */
struct spm_emu_range {
	unsigned long start_pfn;
	unsigned long nr_pages;
	unsigned long first;
};

/**
 * struct spm_emu_cpu - what each CPU counts for itself
 * @written: LZ4 model: pages written
 * @live: fixed model: pages that hold something. May be negative, as pages are
 *	not always trimmed by the CPU that has written them.
 */
struct spm_emu_cpu {
	unsigned long written;
	long live;
};

struct spm_emu_lz4;

/**
 * struct spm_emu - an emulated device
 * @name: the dax instance's. Constant, as all up to @lz4.
 * @config: what it was bound with
 * @logical_bytes: what it advertises
 * @page_bytes: what a page takes in the fixed model
 * @nr_pages: number of pages in @logical_bytes
 * @busy: held for reading by operations, for writing by who waits for their end: the core
 *	may have given up waiting for one
 * @wq: runs all work of the device
 * @cpu: per-CPU counts. Each CPU writes its own without a lock.
 * @map: a bit for each page, atomic. LZ4 model: written and not yet compressed.
 *	Fixed model: holds something.
 * @granules: LZ4 model: what each page takes. Written under @lock, read without for
 *	the histogram, and to find a page to lose.
 * @sums: LZ4 model: checksums of what each page held when @granules was set; under @lock
 * @lz4: LZ4 model: memory to compress in; under @lock
 * @memory_nb: tells when memory goes offline
 * @pass_work: LZ4 model: looks at what was written
 * @refresh_work: makes a new report
 * @notice_work: makes a smaller capacity take effect, and loses what exceeds it
 * @event_work: delivers events
 * @overwrite_work: overwrites the contents of a device that was removed
 * @dir: directory in debugfs
 * @faults: how it misbehaves
 * @sweep_pages: LZ4 model: pages that a sweep looks at after each pass. As the value of
 *	a choice.
 * @sweep_next: the next one of these. The worker's.
 * @removed: the device is gone. Set once, under @notify_lock; read by all that
 *	would use the device without.
 *
 * @lock: guards all up to @strange
 * @physical_bytes: what it can hold, as it tells
 * @enforced_bytes: what it does hold: follows @physical_bytes late downwards
 * @used_bytes: what its contents take. Fixed model: as of @settled_ns.
 * @settled_ns: @used_bytes has in it all writes that were complete by then
 * @low_bytes: SPM_EVENT_LOW is raised when usage falls below
 * @high_bytes: SPM_EVENT_HIGH is raised when usage rises above
 * @is_low: usage is below @low_bytes
 * @is_high: usage is above @high_bytes
 * @pending: events to be delivered, a bit for each
 * @compressed: number of pages that were compressed
 * @overflowed: number of pages that did not fit when they were written
 * @trim_calls: number of trims asked for
 * @trim_failed: number of trims not done
 * @trimmed: number of pages trimmed
 * @events_sent: number of events delivered
 * @events_lost: number of events that a fault has swallowed
 * @strange: number of times that a page had contents that nobody had told of
 *
 * @report_lock: guards @report
 * @report: what a reading returns
 * @nr_garbage: number of readings that were garbage. Of those who read only, as
 *	readings come one at a time.
 *
 * @notify_lock: guards @node, @untold and @poisoned
 * @node: the node; NULL before it is registered, and when it is gone. Only who
 *	unregisters it reads it without the lock.
 * @untold: number of poisoned pages that the core has not been told
 * @poisoned: number of pages lost, by overflow, less capacity, or on request
 *
 * @nr_ranges: number of ranges, at least 1 if it was registered. Constant.
 * @range: the ranges. Constant.
 */
struct spm_emu {
	char *name;
	struct spm_emu_config config;
	u64 logical_bytes;
	u32 page_bytes;
	unsigned long nr_pages;
	struct rw_semaphore busy;
	struct workqueue_struct *wq;
	struct spm_emu_cpu __percpu *cpu;
	unsigned long *map;
	u16 *granules;
	u32 *sums;
	struct spm_emu_lz4 *lz4;
	struct notifier_block memory_nb;
	struct delayed_work pass_work;
	struct delayed_work refresh_work;
	struct delayed_work notice_work;
	struct delayed_work event_work;
	struct work_struct overwrite_work;
	struct dentry *dir;
	struct spm_emu_faults faults;
	u32 sweep_pages;
	unsigned long sweep_next;
	bool removed;

	struct mutex lock;		/* what it holds, and its limits */
	u64 physical_bytes;
	u64 enforced_bytes;
	u64 used_bytes;
	u64 settled_ns;
	u64 low_bytes;
	u64 high_bytes;
	bool is_low;
	bool is_high;
	unsigned long pending;
	u64 compressed;
	u64 overflowed;
	u64 trim_calls;
	u64 trim_failed;
	u64 trimmed;
	u64 events_sent;
	u64 events_lost;
	u64 strange;

	spinlock_t report_lock;		/* the last report */
	struct spm_telemetry report;
	unsigned int nr_garbage;

	struct mutex notify_lock;	/* who is told, and what */
	struct spm_node *node;
	u64 untold;
	u64 poisoned;

	int nr_ranges;
	struct spm_emu_range range[] __counted_by(nr_ranges);
};

/**
 * spm_emu_index() - position of a page in the device
 * @emu: the device
 * @pfn: the page
 *
 * Return: position in pages; @emu->nr_pages if it is none of the device's.
 */
static inline unsigned long spm_emu_index(const struct spm_emu *emu,
					  unsigned long pfn)
{
	const struct spm_emu_range *r = emu->range;
	int i;

	for (i = 0; i < emu->nr_ranges; i++, r++)
		if (pfn - r->start_pfn < r->nr_pages)
			return r->first + (pfn - r->start_pfn);
	return emu->nr_pages;
}

/**
 * spm_emu_pfn() - the page at a position in the device
 * @emu: the device
 * @index: position in pages, less than @emu->nr_pages
 *
 * Return: page frame number.
 */
static inline unsigned long spm_emu_pfn(const struct spm_emu *emu,
					unsigned long index)
{
	const struct spm_emu_range *r = emu->range;

	while (index - r->first >= r->nr_pages)
		r++;
	return r->start_pfn + (index - r->first);
}

/* spm_emu_contents.c: what the device holds */
struct page *spm_emu_page(const struct spm_emu *emu, unsigned long index);
int spm_emu_contents_init(struct spm_emu *emu);
void spm_emu_contents_start(struct spm_emu *emu);
void spm_emu_contents_stop(struct spm_emu *emu);
void spm_emu_contents_destroy(struct spm_emu *emu);
void spm_emu_written(struct spm_node *node, unsigned long pfn);
int spm_emu_trim(struct spm_node *node, const unsigned long *pfn, unsigned int nr);
void spm_emu_count(struct spm_emu *emu);
int spm_emu_poison(struct spm_emu *emu, unsigned long index);
void spm_emu_shrink(struct spm_emu *emu);
int spm_emu_remove(struct spm_emu *emu);
int spm_emu_vanish(struct spm_emu *emu, unsigned int delay_ms);

/* spm_emu_sweep.c: was it told of all that it holds? */
u32 spm_emu_sum(const void *contents);
void spm_emu_sweep_some(struct spm_emu *emu);
s64 spm_emu_sweep(struct spm_emu *emu);
int spm_emu_scribble(struct spm_emu *emu, unsigned long index);

/* spm_emu_report.c: what the device tells */
void spm_emu_report_init(struct spm_emu *emu);
void spm_emu_report_start(struct spm_emu *emu);
void spm_emu_report_stop(struct spm_emu *emu);
int spm_emu_read(struct spm_node *node, struct spm_telemetry *telemetry);
void spm_emu_set_thresholds(struct spm_node *node, u64 low_bytes, u64 high_bytes);
void spm_emu_check_thresholds(struct spm_emu *emu);
int spm_emu_set_physical(struct spm_emu *emu, u64 bytes);
void spm_emu_attach(struct spm_emu *emu, struct spm_node *node);
void spm_emu_release(struct spm_node *node);
void spm_emu_tell_poisoned(struct spm_emu *emu);
int spm_emu_tell_removed(struct spm_emu *emu);
int spm_emu_vanished(struct spm_emu *emu);
void spm_emu_tell_vanished(struct spm_emu *emu);
bool spm_emu_present(struct spm_node *node);

/* spm_emu_debugfs.c: debugfs and faults */
#ifdef CONFIG_DEBUG_FS
void spm_emu_debugfs_init(void);
void spm_emu_debugfs_exit(void);
void spm_emu_debugfs_add(struct spm_emu *emu);
void spm_emu_debugfs_del(struct spm_emu *emu);
#else
static inline void spm_emu_debugfs_init(void) {}
static inline void spm_emu_debugfs_exit(void) {}
static inline void spm_emu_debugfs_add(struct spm_emu *emu) {}
static inline void spm_emu_debugfs_del(struct spm_emu *emu) {}
#endif

#endif /* _SPM_EMU_H */
