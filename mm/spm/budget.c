// SPDX-License-Identifier: GPL-2.0
/*
 * The budget of an SPM node: does one more page fit, even if it does not
 * compress?
 *
 * The device tells totals only, and late. So what it holds is bounded from
 * above, by
 *
 *	usage as of the reading
 *	+ PAGE_SIZE * (pages admitted until now - pages in the reading for sure)
 *
 * Pages are in the reading for sure if they were written completely before the
 * time that the reading is of. To know how many these are, snapshots of the
 * number of pages written are taken from time to time, and the last one that is
 * not younger than the reading counts. What is freed counts at the next reading.
 *
 * This is not an estimate: with readings that are true the bound is never
 * exceeded, however pages compress, whoever writes at the same time, however
 * late readings come. It stays below the physical capacity by a margin.
 *
 *	physical  ---------------------------------------------------------
 *	            margin: never given out
 *	limit     ---------------------------------------------------------
 *	            hard stop when a reading is above
 *	high      ---------------------------------------------------------
 *	            hard stop when the device raises an event
 *	target    ---------------------------------------------------------
 *	            reading above: nothing new, until below the mark to reopen
 *	reopen    ---------------------------------------------------------
 *	            open
 *
 * A store uses up credit that its CPU has. The budget grants credit in batches, and
 * counts them as admitted at once. A hard stop holds for each page, whether there
 * is credit or not. Only a reading that is of a later time than the stop ends it.
 *
 * Credit is granted below the limit. If the limit falls, because the device can
 * hold less, or if it says that it holds more than can be of us, the budget is
 * uncovered, and stopped, until everything that was admitted fits below the limit.
 * The worker takes back unused credit then, or it would never fit.
 *
 * This file knows no node and no device, so that it can be tested on its own.
 */
#include <linux/cpumask.h>
#include <linux/math64.h>
#include <linux/time64.h>
#include <trace/events/spm.h>

#include "budget.h"

/* Pages that one CPU is given at once: what asking costs is shared by as many. */
#define SPM_CREDIT_BATCH	64

/* "closed" for what is left on its own, "stopped" for hard stops, and why. */
const char *const spm_gate_names[NR_SPM_GATES] = {
	[SPM_GATE_OPEN] = "open none",
	[SPM_GATE_TARGET] = "closed target",
	[SPM_GATE_LIMIT] = "stopped limit",
	[SPM_GATE_HIGH] = "stopped high",
	[SPM_GATE_CAPACITY] = "stopped capacity",
	[SPM_GATE_STALE] = "stopped stale",
	[SPM_GATE_ABANDONED] = "stopped abandoned",
	[SPM_GATE_REMOVED] = "stopped removed",
};

const struct spm_knobs spm_knobs_default = {
	.margin_permille = 30,
	.target_permille = 920,
	.reopen_permille = 880,
	.interval_ms = 100,
	.stale_ms = 1000,
};

static u64 spm_permille(u64 bytes, u32 permille)
{
	return mul_u64_u32_div(bytes, permille, 1000);
}

/* Bytes that the device may hold at most. */
static u64 spm_budget_limit_bytes(const struct spm_budget *budget)
{
	u64 physical = budget->reading.physical_bytes;

	return physical - spm_permille(physical, budget->knobs.margin_permille);
}

static u64 spm_budget_target_bytes(const struct spm_budget *budget)
{
	return spm_permille(budget->reading.physical_bytes,
			    budget->knobs.target_permille);
}

/*
 * Usage that the device raises an event at, which stops stores. Not the target: when that
 * is exceeded a reading closes the gate, and CPUs use up their credit. So the event only
 * comes when readings do not do.
 */
static u64 spm_budget_high_bytes(const struct spm_budget *budget)
{
	return (spm_budget_target_bytes(budget) + spm_budget_limit_bytes(budget)) / 2;
}

static u64 spm_budget_reopen_bytes(const struct spm_budget *budget)
{
	return spm_permille(budget->reading.physical_bytes,
			    budget->knobs.reopen_permille);
}

static bool spm_gate_for_good(enum spm_gate gate)
{
	return gate >= SPM_GATE_ABANDONED;
}

/* The one place where the gate changes. */
static void spm_budget_set_gate(struct spm_budget *budget, enum spm_gate gate)
{
	enum spm_gate old = budget->gate;

	lockdep_assert_held(&budget->lock);

	if (old == gate)
		return;
	WRITE_ONCE(budget->gate, gate);		/* see spm_budget_stopped() */
	trace_spm_gate(budget->nid, spm_gate_names[old], spm_gate_names[gate]);
}

/**
 * spm_budget_init() - a budget that nothing has been read for
 * @budget: the budget
 * @nid: its node, for traces
 * @logical_bytes: what the node advertises
 *
 * Nothing was written before: so any reading has all in it that was.
 */
void spm_budget_init(struct spm_budget *budget, int nid, u64 logical_bytes)
{
	memset(budget, 0, sizeof(*budget));
	spin_lock_init(&budget->lock);
	budget->nid = nid;
	budget->logical_bytes = logical_bytes;
	budget->gate = SPM_GATE_STALE;
	budget->nr_snapshots = 1;
	budget->knobs = spm_knobs_default;
}

/**
 * spm_budget_snapshot() - note how much had been written
 * @budget: the budget
 * @written: number of pages that were written completely by
 * @moved: number of pages that were moved away, and that the device held no more at
 * @now_ns: this time
 *
 * Context: Any; by one caller at a time.
 */
void spm_budget_snapshot(struct spm_budget *budget, u64 written, u64 moved, u64 now_ns)
{
	const struct spm_snapshot *last;
	unsigned long flags;
	u64 apart_ns;

	spin_lock_irqsave(&budget->lock, flags);
	last = &budget->snapshot[(budget->nr_snapshots - 1) % SPM_NR_SNAPSHOTS];
	/* The snapshots cover the age that a reading may have, with one to spare. */
	apart_ns = (u64)budget->knobs.stale_ms * NSEC_PER_MSEC /
		   (SPM_NR_SNAPSHOTS - 2);
	if (now_ns - last->time_ns >= apart_ns)
		budget->snapshot[budget->nr_snapshots++ % SPM_NR_SNAPSHOTS] =
			(struct spm_snapshot) {
				.time_ns = now_ns,
				.written = written,
				.moved = moved,
			};
	spin_unlock_irqrestore(&budget->lock, flags);
}

/* The last snapshot that was taken before @time_ns, NULL if none is left. */
static const struct spm_snapshot *
spm_budget_find_snapshot(const struct spm_budget *budget, u64 time_ns)
{
	unsigned int i, nr = min(budget->nr_snapshots, SPM_NR_SNAPSHOTS);
	const struct spm_snapshot *snapshot;

	for (i = 1; i <= nr; i++) {
		snapshot = &budget->snapshot[(budget->nr_snapshots - i) %
					     SPM_NR_SNAPSHOTS];
		if (snapshot->time_ns <= time_ns)
			return snapshot;
	}
	return NULL;
}

/* What the device holds at most. */
static u64 spm_budget_bound(const struct spm_budget *budget)
{
	return budget->reading.used_bytes +
	       ((budget->granted - budget->base) << PAGE_SHIFT);
}

static enum spm_gate spm_budget_next_gate(const struct spm_budget *budget)
{
	u64 used = budget->reading.used_bytes;

	if (spm_gate_for_good(budget->gate))
		return budget->gate;
	if (used > budget->limit_bytes)
		return budget->gate == SPM_GATE_STALE ?
		       SPM_GATE_LIMIT : max(budget->gate, SPM_GATE_LIMIT);
	if (budget->uncovered)
		return SPM_GATE_CAPACITY;
	if (budget->unanswered)
		return budget->gate;

	/* Being without a reading for a while is no reason to make room. */
	if (budget->gate == SPM_GATE_OPEN || budget->gate == SPM_GATE_STALE)
		return used > spm_budget_target_bytes(budget) ?
		       SPM_GATE_TARGET : SPM_GATE_OPEN;
	return used > spm_budget_reopen_bytes(budget) ?
	       budget->gate : SPM_GATE_OPEN;
}

static void spm_budget_update(struct spm_budget *budget)
{
	u64 limit_bytes = spm_budget_limit_bytes(budget);
	u64 used = budget->reading.used_bytes;

	lockdep_assert_held(&budget->lock);

	if (limit_bytes < budget->limit_bytes)
		budget->uncovered = true;
	budget->limit_bytes = limit_bytes;

	budget->limit = budget->base;
	if (used < limit_bytes)
		budget->limit += (limit_bytes - used) >> PAGE_SHIFT;
	if (budget->granted <= budget->limit)
		budget->uncovered = false;
	spm_budget_set_gate(budget, spm_budget_next_gate(budget));
}

/* The caller holds the lock. Return: see spm_budget_reading(). */
static int spm_budget_take(struct spm_budget *budget,
			   const struct spm_telemetry *reading, u64 now_ns,
			   unsigned long now)
{
	u64 stale_ns = (u64)budget->knobs.stale_ms * NSEC_PER_MSEC;
	const struct spm_snapshot *snapshot;

	lockdep_assert_held(&budget->lock);

	snapshot = spm_budget_find_snapshot(budget, reading->as_of_ns);
	if (!snapshot || now_ns - reading->as_of_ns >= stale_ns)
		return -ESTALE;

	/* There is something that we have not stored: it is in no credit. */
	if (reading->used_bytes > spm_budget_bound(budget) && budget->limit_bytes)
		budget->uncovered = true;
	budget->reading = *reading;
	budget->reading.physical_bytes = min(reading->physical_bytes,
					     budget->logical_bytes);
	budget->base = snapshot->written;
	WRITE_ONCE(budget->moved, snapshot->moved);	/* see spm_budget_moving() */
	if (reading->as_of_ns >= budget->stopped_ns)
		WRITE_ONCE(budget->unanswered, false);	/* see spm_budget_undecided() */
	/* Set before the gate may open. WRITE_ONCE: see spm_budget_stopped(). */
	WRITE_ONCE(budget->fresh_until,
		   now + nsecs_to_jiffies(reading->as_of_ns + stale_ns - now_ns));
	spm_budget_update(budget);
	return 0;
}

/**
 * spm_budget_reading() - decide anew by what the device says
 * @budget: the budget
 * @reading: what it says
 * @now_ns: the time
 * @now: the time in jiffies
 *
 * Context: Any.
 * Return: 0; -EINVAL if it can't be true; -ESTALE if it is too old. Then nothing
 * changes, and the last reading gets old.
 */
int spm_budget_reading(struct spm_budget *budget,
		       const struct spm_telemetry *reading, u64 now_ns,
		       unsigned long now)
{
	unsigned long flags;
	int rc;

	/* No page takes more than PAGE_SIZE, and none is read in the future. */
	if (reading->as_of_ns > now_ns || !reading->physical_bytes ||
	    reading->used_bytes > budget->logical_bytes)
		return -EINVAL;

	spin_lock_irqsave(&budget->lock, flags);
	rc = spm_budget_take(budget, reading, now_ns, now);
	spin_unlock_irqrestore(&budget->lock, flags);
	return rc;
}

/* No page is stored from now on, until a reading of a later time allows it. */
static void spm_budget_shut(struct spm_budget *budget, enum spm_gate gate, u64 now_ns)
{
	lockdep_assert_held(&budget->lock);

	budget->stopped_ns = now_ns;
	/* WRITE_ONCE: see spm_budget_undecided(). No reading opens what is shut for good. */
	WRITE_ONCE(budget->unanswered, !spm_gate_for_good(gate));
	spm_budget_set_gate(budget, gate);
}

/**
 * spm_budget_stop() - store nothing any more, from now on
 * @budget: the budget
 * @gate: why: SPM_GATE_LIMIT or above
 * @now_ns: the time; only a reading of a later one ends it
 *
 * Context: Any.
 */
void spm_budget_stop(struct spm_budget *budget, enum spm_gate gate, u64 now_ns)
{
	unsigned long flags;

	spin_lock_irqsave(&budget->lock, flags);
	if (!spm_gate_for_good(budget->gate))
		spm_budget_shut(budget, gate, now_ns);
	spin_unlock_irqrestore(&budget->lock, flags);
}

/**
 * spm_budget_expire() - stop, if the last reading is too old
 * @budget: the budget
 * @now_ns: the time
 * @now: the time in jiffies
 *
 * Context: Any.
 */
void spm_budget_expire(struct spm_budget *budget, u64 now_ns, unsigned long now)
{
	unsigned long flags;

	spin_lock_irqsave(&budget->lock, flags);
	if (budget->gate <= SPM_GATE_TARGET &&
	    time_after(now, budget->fresh_until))
		spm_budget_shut(budget, SPM_GATE_STALE, now_ns);
	spin_unlock_irqrestore(&budget->lock, flags);
}

/**
 * spm_budget_grant() - let a CPU store some pages
 * @budget: the budget
 *
 * Context: Any. The caller has looked at spm_budget_stopped().
 * Return: number of pages, all of which count as admitted now. 0 if there is no
 * room for another one, or if the gate is not open.
 */
unsigned int spm_budget_grant(struct spm_budget *budget)
{
	unsigned int nr = 0;
	unsigned long flags;
	u64 room;

	spin_lock_irqsave(&budget->lock, flags);
	if (budget->gate == SPM_GATE_OPEN && budget->granted < budget->limit) {
		/* No CPU can use another one's credit: give less when little is left. */
		room = budget->limit - budget->granted;
		nr = clamp_t(u64, div_u64(room, 4 * num_online_cpus()), 1,
			     SPM_CREDIT_BATCH);
		budget->granted += nr;
	}
	spin_unlock_irqrestore(&budget->lock, flags);
	return nr;
}

/**
 * spm_budget_room() - how many pages could be granted now?
 * @budget: the budget
 *
 * Context: Any. Without the lock, so it may be wrong as soon as it returns.
 * Return: number of pages.
 */
unsigned long spm_budget_room(const struct spm_budget *budget)
{
	u64 granted = READ_ONCE(budget->granted), limit = READ_ONCE(budget->limit);

	return limit > granted ? limit - granted : 0;
}

/**
 * spm_budget_take_back() - some of what was granted is not going to be used
 * @budget: the budget
 * @nr: number of pages
 *
 * Context: Any. The credit for them is gone.
 */
void spm_budget_take_back(struct spm_budget *budget, u64 nr)
{
	unsigned long flags;

	spin_lock_irqsave(&budget->lock, flags);
	budget->granted -= nr;
	spm_budget_update(budget);
	spin_unlock_irqrestore(&budget->lock, flags);
}

/**
 * spm_budget_get() - copy a budget, to look at it
 * @budget: the budget
 * @copy: set to what it is now
 *
 * Context: Any.
 */
void spm_budget_get(struct spm_budget *budget, struct spm_budget *copy)
{
	unsigned long flags;

	spin_lock_irqsave(&budget->lock, flags);
	memcpy(copy, budget, sizeof(*copy));
	spin_unlock_irqrestore(&budget->lock, flags);
}

/**
 * spm_budget_bound_bytes() - what the device holds at most
 * @budget: the budget
 *
 * Context: Any.
 * Return: the upper bound in bytes.
 */
u64 spm_budget_bound_bytes(struct spm_budget *budget)
{
	struct spm_budget now;

	spm_budget_get(budget, &now);
	return spm_budget_bound(&now);
}

static u64 spm_budget_deficit(const struct spm_budget *budget)
{
	u64 reopen = spm_budget_reopen_bytes(budget), used = budget->reading.used_bytes;

	if (budget->gate == SPM_GATE_OPEN || budget->gate == SPM_GATE_STALE ||
	    spm_gate_for_good(budget->gate) || used <= reopen)
		return 0;
	return used - reopen;
}

/**
 * spm_budget_deficit_bytes() - how much has to leave the device
 * @budget: the budget
 *
 * Context: Any.
 * Return: compressed bytes above the mark for reopening; 0 while the gate is
 * open, or shut for another reason than usage.
 */
u64 spm_budget_deficit_bytes(struct spm_budget *budget)
{
	struct spm_budget now;

	spm_budget_get(budget, &now);
	return spm_budget_deficit(&now);
}

/**
 * spm_budget_moving() - how many pages were moved away that may be in the reading?
 * @budget: the budget
 * @moved: number of pages that were moved away until now
 *
 * Context: Any. Without the lock.
 * Return: number of pages.
 */
u64 spm_budget_moving(const struct spm_budget *budget, u64 moved)
{
	return moved - READ_ONCE(budget->moved);	/* see spm_budget_take() */
}

/**
 * spm_budget_surplus() - how many pages have to leave the device?
 * @budget: the budget
 * @used: pages that are in use there
 * @moved: number of pages that were moved away until now
 *
 * As many as take what has to leave, at the ratio of the reading. Those that were moved
 * away, but may be in the reading, count as gone.
 *
 * Context: Any.
 * Return: number of pages, @used at most.
 */
unsigned long spm_budget_surplus(struct spm_budget *budget, unsigned long used, u64 moved)
{
	struct spm_budget now;
	u64 deficit, moving, nr;

	spm_budget_get(budget, &now);
	deficit = spm_budget_deficit(&now);
	if (!deficit)
		return 0;
	moving = moved - now.moved;
	nr = mul_u64_u64_div_u64(used + moving, deficit, now.reading.used_bytes) + 1;
	return min_t(u64, nr - min(nr, moving), used);
}

/**
 * spm_budget_marks() - what usage the device should tell about
 * @budget: the budget
 * @low_bytes: set to where the gate reopens
 * @high_bytes: set to where nothing more is to be stored, whatever readings said
 *
 * Context: Any.
 */
void spm_budget_marks(struct spm_budget *budget, u64 *low_bytes, u64 *high_bytes)
{
	struct spm_budget now;

	spm_budget_get(budget, &now);
	*low_bytes = spm_budget_reopen_bytes(&now);
	*high_bytes = spm_budget_high_bytes(&now);
}

static bool spm_knobs_in_range(const struct spm_knobs *knobs)
{
	return knobs->margin_permille <= SPM_MARGIN_PERMILLE_MAX &&
	       knobs->target_permille <= SPM_TARGET_PERMILLE_MAX &&
	       knobs->interval_ms >= SPM_INTERVAL_MS_MIN &&
	       knobs->interval_ms <= SPM_INTERVAL_MS_MAX &&
	       knobs->stale_ms <= SPM_STALE_MS_MAX;
}

static bool spm_knobs_make_sense(const struct spm_knobs *knobs)
{
	return knobs->reopen_permille > 0 &&
	       knobs->reopen_permille < knobs->target_permille &&
	       knobs->target_permille + knobs->margin_permille <= 1000 &&
	       knobs->stale_ms >= 2 * knobs->interval_ms;
}

/**
 * spm_budget_set_knobs() - take over what the administrator wants
 * @budget: the budget
 * @knobs: all knobs
 *
 * Context: Any.
 * Return: 0; -ERANGE if one of them is out of its range, -EINVAL if they
 * contradict each other: 0 < reopen < target, target + margin <= 1000, two
 * intervals at most stale_ms. Then nothing changes. Otherwise they act at once, on
 * the last reading too.
 */
int spm_budget_set_knobs(struct spm_budget *budget, const struct spm_knobs *knobs)
{
	unsigned long flags;

	if (!spm_knobs_in_range(knobs))
		return -ERANGE;
	if (!spm_knobs_make_sense(knobs))
		return -EINVAL;

	spin_lock_irqsave(&budget->lock, flags);
	/* WRITE_ONCE: see spm_budget_stopped(). */
	WRITE_ONCE(budget->fresh_until, budget->fresh_until +
		   msecs_to_jiffies(knobs->stale_ms) -
		   msecs_to_jiffies(budget->knobs.stale_ms));
	budget->knobs = *knobs;
	if (budget->reading.physical_bytes)
		spm_budget_update(budget);
	spin_unlock_irqrestore(&budget->lock, flags);
	return 0;
}

#ifdef CONFIG_SPM_KUNIT_TEST
#include "tests/budget_kunit.h"
#endif
