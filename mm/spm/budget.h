/* SPDX-License-Identifier: GPL-2.0 */
/* What decides that a page fits on a device, see budget.c */
#ifndef _SPM_BUDGET_H
#define _SPM_BUDGET_H

#include <linux/cache.h>
#include <linux/jiffies.h>
#include <linux/spinlock.h>
#include <linux/spm.h>

/**
 * enum spm_gate - may pages be stored on a node?
 * @SPM_GATE_OPEN: yes, as long as the budget says that they fit
 * @SPM_GATE_TARGET: usage was above the target, and has to fall below the mark
 *	for reopening. A CPU may still use up its credit.
 * @SPM_GATE_LIMIT: stopped, as usage has reached the margin
 * @SPM_GATE_HIGH: stopped by SPM_EVENT_HIGH
 * @SPM_GATE_CAPACITY: stopped, as the device can hold less than before
 * @SPM_GATE_STALE: stopped, for there is no reading that is fresh enough
 * @SPM_GATE_ABANDONED: stopped for good, as there is no provider any more
 * @SPM_GATE_REMOVED: stopped for good, as there is no device any more
 * @NR_SPM_GATES: how many there are
 *
 * From SPM_GATE_LIMIT on it is a hard stop: no page is stored, whatever credit
 * there is, until a reading that was taken afterwards allows it.
 */
enum spm_gate {
	SPM_GATE_OPEN,
	SPM_GATE_TARGET,
	SPM_GATE_LIMIT,
	SPM_GATE_HIGH,
	SPM_GATE_CAPACITY,
	SPM_GATE_STALE,
	SPM_GATE_ABANDONED,
	SPM_GATE_REMOVED,
	NR_SPM_GATES
};

/* Ranges of the knobs; spm_knobs_make_sense() is about what they are to each other. */
#define SPM_MARGIN_PERMILLE_MAX	500U
#define SPM_TARGET_PERMILLE_MAX	1000U
#define SPM_INTERVAL_MS_MIN	10U
#define SPM_INTERVAL_MS_MAX	60000U
#define SPM_STALE_MS_MAX	600000U

/**
 * struct spm_knobs - what the administrator decides
 * @margin_permille: share of the physical capacity that is never given out
 * @target_permille: share above which no more pages are taken, for a while
 * @reopen_permille: share at which they are taken again
 * @interval_ms: time between readings
 * @stale_ms: age at which a reading is worth nothing any more
 */
struct spm_knobs {
	u32 margin_permille;
	u32 target_permille;
	u32 reopen_permille;
	u32 interval_ms;
	u32 stale_ms;
};

/**
 * struct spm_snapshot - what had been written to a node at some time
 * @time_ns: the time
 * @written: number of pages that were written completely by then
 * @moved: number of pages that were moved away, and that the device held no more then
 */
struct spm_snapshot {
	u64 time_ns;
	u64 written;
	u64 moved;
};

/* So many are kept. They are taken so far apart that they cover stale_ms. */
#define SPM_NR_SNAPSHOTS	32

/**
 * struct spm_budget - what decides that a page fits, see budget.c
 * @gate: may pages be stored? Only spm_budget_set_gate() sets it.
 * @nid: the node, for traces. Constant.
 * @fresh_until: jiffies at which the last reading is too old
 * @logical_bytes: what the node advertises. Constant.
 * @knobs: the administrator's
 * @limit_bytes: what the device may hold at most
 * @base: pages that were surely in @reading
 * @moved: pages that were moved away, and were surely not in @reading any more
 * @reading: the last one that was good; physical_bytes 0 before the first
 * @stopped_ns: when the hard stop began, or was confirmed last
 * @unanswered: no reading is of a later time than that
 * @uncovered: @limit_bytes has fallen, or the device has more than we have stored, and
 *	@granted is above @limit since
 * @lock: guards all members that aren't constant
 * @granted: pages that were admitted, or may be as CPUs have credit for them
 * @limit: what @granted may rise to
 * @nr_snapshots: number of snapshots taken
 * @snapshot: the last ones; number i is at i % SPM_NR_SNAPSHOTS
 *
 * All are written under the lock. @gate and @fresh_until are read without it by
 * each store, so they are not on a cache line with what each grant of credit
 * writes: the lock, and @granted.
 */
struct spm_budget {
	/* Written by readings, stops and knobs: now and then. */
	enum spm_gate gate;
	int nid;
	unsigned long fresh_until;
	u64 logical_bytes;
	struct spm_knobs knobs;
	u64 limit_bytes;
	u64 base;
	u64 moved;
	struct spm_telemetry reading;
	u64 stopped_ns;
	bool unanswered;
	bool uncovered;

	/* Written by each grant. */
	spinlock_t lock ____cacheline_aligned_in_smp;	/* all members */
	u64 granted;
	u64 limit;

	/* Written by the worker, before each reading. */
	unsigned int nr_snapshots;
	struct spm_snapshot snapshot[SPM_NR_SNAPSHOTS];
};

extern const char *const spm_gate_names[NR_SPM_GATES];
extern const struct spm_knobs spm_knobs_default;

void spm_budget_init(struct spm_budget *budget, int nid, u64 logical_bytes);
void spm_budget_snapshot(struct spm_budget *budget, u64 written, u64 moved, u64 now_ns);
int spm_budget_reading(struct spm_budget *budget,
		       const struct spm_telemetry *reading, u64 now_ns,
		       unsigned long now);
void spm_budget_stop(struct spm_budget *budget, enum spm_gate gate, u64 now_ns);
void spm_budget_expire(struct spm_budget *budget, u64 now_ns, unsigned long now);
unsigned int spm_budget_grant(struct spm_budget *budget);
unsigned long spm_budget_room(const struct spm_budget *budget);
void spm_budget_take_back(struct spm_budget *budget, u64 nr);
void spm_budget_get(struct spm_budget *budget, struct spm_budget *copy);
u64 spm_budget_bound_bytes(struct spm_budget *budget);
u64 spm_budget_deficit_bytes(struct spm_budget *budget);
u64 spm_budget_moving(const struct spm_budget *budget, u64 moved);
unsigned long spm_budget_surplus(struct spm_budget *budget, unsigned long used, u64 moved);
int spm_budget_set_knobs(struct spm_budget *budget, const struct spm_knobs *knobs);
void spm_budget_marks(struct spm_budget *budget, u64 *low_bytes, u64 *high_bytes);

/**
 * spm_budget_stopped() - must no page be stored, whatever credit there is?
 * @budget: the budget
 * @now: jiffies
 *
 * Looks at the age of the reading itself: the worker that should notice may
 * be the very thing that does not run.
 *
 * Return: true if the gate is stopped, or the last reading too old.
 */
static inline bool spm_budget_stopped(const struct spm_budget *budget,
				      unsigned long now)
{
	/* READ_ONCE: both are written under the lock, which is not for stores. */
	return READ_ONCE(budget->gate) > SPM_GATE_TARGET ||
	       time_after(now, READ_ONCE(budget->fresh_until));
}

/**
 * spm_budget_undecided() - does nobody know if the gate is shut for long?
 * @budget: the budget
 * @now: jiffies
 *
 * Return: true if no reading tells of the time since the gate was stopped, or if the last
 * one is too old. False if it was a reading that has shut the gate, and without any.
 */
static inline bool spm_budget_undecided(const struct spm_budget *budget,
					unsigned long now)
{
	/* READ_ONCE: see spm_budget_stopped(). */
	if (!READ_ONCE(budget->limit_bytes))
		return false;
	return READ_ONCE(budget->unanswered) ||
	       (READ_ONCE(budget->gate) == SPM_GATE_OPEN &&
		time_after(now, READ_ONCE(budget->fresh_until)));
}

#endif /* _SPM_BUDGET_H */
