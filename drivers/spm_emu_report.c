// SPDX-License-Identifier: GPL-2.0
/*
 * spm_emu: what the device tells
 *
 * As real devices it tells totals only, and late: a worker makes a report every
 * refresh_ms, and a reading returns the last one. A report has the time up to
 * which it has all writes in it, and that is not the time at which it was made.
 *
 * Besides, it raises events: when usage crosses a threshold, when capacity
 * shrinks, when it is removed. They are delivered by a worker, after the fact.
 * Two crossings in turn may end up as one event, for the latest one.
 *
 * Nobody is told anything before the node is registered, and after the core has
 * called spm_emu_release().
 *
 * A smaller capacity is told at once, and enforced notice_ms later: what exceeds it
 * then is lost. The notice is longer than the core's limit on the age of readings, so
 * that the core can know in time even if the event is lost. A larger one is enforced at
 * once.
 *
 * For locking see spm_emu.h.
 */
#include <linux/bitops.h>
#include <linux/jiffies.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "spm_emu.h"

/* ---- Events ---- */

static void spm_emu_raise(struct spm_emu *emu, enum spm_event event)
{
	/* READ_ONCE: debugfs writes them at any time. */
	int fault = READ_ONCE(emu->faults.events.value);
	unsigned long delay = 0;

	lockdep_assert_held(&emu->lock);

	if (fault == SPM_EMU_EVENTS_LOST) {
		emu->events_lost++;
		return;
	}
	if (fault == SPM_EMU_EVENTS_LATE)
		delay = msecs_to_jiffies(READ_ONCE(emu->faults.event_delay_ms));

	if (event == SPM_EVENT_HIGH)
		__clear_bit(SPM_EVENT_LOW, &emu->pending);
	if (event == SPM_EVENT_LOW)
		__clear_bit(SPM_EVENT_HIGH, &emu->pending);
	__set_bit(event, &emu->pending);
	queue_delayed_work(emu->wq, &emu->event_work, delay);
}

static unsigned long spm_emu_take_pending(struct spm_emu *emu)
{
	unsigned long pending;

	guard(mutex)(&emu->lock);
	pending = emu->pending;
	emu->pending = 0;
	emu->events_sent += hweight_long(pending);
	return pending;
}

static void spm_emu_event_work(struct work_struct *work)
{
	struct spm_emu *emu = container_of(to_delayed_work(work), struct spm_emu,
					   event_work);
	unsigned long pending;
	int event;

	guard(mutex)(&emu->notify_lock);
	if (!emu->node)		/* spm_emu_attach() queues it again */
		return;
	pending = spm_emu_take_pending(emu);
	for_each_set_bit(event, &pending, BITS_PER_LONG)
		spm_notify(emu->node, event);
}

/**
 * spm_emu_check_thresholds() - raise an event if usage has crossed a threshold
 * @emu: the device
 *
 * Context: Process context, under the lock.
 */
void spm_emu_check_thresholds(struct spm_emu *emu)
{
	bool is_high = emu->used_bytes > emu->high_bytes;
	bool is_low = emu->used_bytes < emu->low_bytes;

	lockdep_assert_held(&emu->lock);

	if (is_high && !emu->is_high)
		spm_emu_raise(emu, SPM_EVENT_HIGH);
	if (is_low && !emu->is_low)
		spm_emu_raise(emu, SPM_EVENT_LOW);
	emu->is_high = is_high;
	emu->is_low = is_low;
}

/**
 * spm_emu_set_thresholds() - see struct spm_ops
 * @node: node of the device
 * @low_bytes: raise SPM_EVENT_LOW when usage falls below
 * @high_bytes: raise SPM_EVENT_HIGH when usage rises above
 *
 * If usage is above already, that is an event; if it is below, it is not.
 *
 * Context: Process context. May sleep.
 */
void spm_emu_set_thresholds(struct spm_node *node, u64 low_bytes, u64 high_bytes)
{
	struct spm_emu *emu = spm_node_priv(node);

	guard(rwsem_read)(&emu->busy);
	guard(mutex)(&emu->lock);
	emu->low_bytes = low_bytes;
	emu->high_bytes = high_bytes;
	emu->is_low = emu->used_bytes < low_bytes;
	spm_emu_check_thresholds(emu);
}

/* ---- Telling the core ---- */

static void spm_emu_tell_untold(struct spm_emu *emu)
{
	lockdep_assert_held(&emu->notify_lock);

	if (!emu->node || !emu->untold)
		return;
	spm_notify_poisoned(emu->node, emu->untold);
	emu->untold = 0;
}

/**
 * spm_emu_attach() - there is a node, and the core listens
 * @emu: the device
 * @node: its node
 *
 * Context: Process context. May sleep.
 */
void spm_emu_attach(struct spm_emu *emu, struct spm_node *node)
{
	guard(mutex)(&emu->notify_lock);
	emu->node = node;
	spm_emu_tell_untold(emu);
	queue_delayed_work(emu->wq, &emu->event_work, 0);
}

/**
 * spm_emu_release() - see struct spm_ops
 * @node: node of the device, which is gone
 *
 * Context: Process context. May sleep.
 */
void spm_emu_release(struct spm_node *node)
{
	struct spm_emu *emu = spm_node_priv(node);

	guard(mutex)(&emu->notify_lock);
	emu->node = NULL;
}

/**
 * spm_emu_tell_poisoned() - a page was lost
 * @emu: the device
 *
 * Context: Process context. May sleep.
 */
void spm_emu_tell_poisoned(struct spm_emu *emu)
{
	guard(mutex)(&emu->notify_lock);
	emu->poisoned++;
	emu->untold++;
	spm_emu_tell_untold(emu);
}

static void spm_emu_set_removed(struct spm_emu *emu)
{
	lockdep_assert_held(&emu->notify_lock);
	/* WRITE_ONCE: pairs with READ_ONCE in readings, trims and passes. */
	WRITE_ONCE(emu->removed, true);
}

static void spm_emu_notify_removed(struct spm_emu *emu)
{
	lockdep_assert_held(&emu->notify_lock);
	spm_notify(emu->node, SPM_EVENT_REMOVED);
	scoped_guard(mutex, &emu->lock)
		emu->events_sent++;
}

/**
 * spm_emu_tell_removed() - the device is gone from now on
 * @emu: the device
 *
 * This is told at once, and is not subject to faults: there is nothing else that
 * would keep anybody from reading what is not there any more. Since there are no
 * machine checks, it is still there until tasks can't read it.
 *
 * Context: Process context. May sleep.
 * Return: 0; -ENODEV if it is gone already, or its node is.
 */
int spm_emu_tell_removed(struct spm_emu *emu)
{
	guard(mutex)(&emu->notify_lock);
	if (emu->removed || !emu->node)
		return -ENODEV;
	spm_emu_notify_removed(emu);
	spm_emu_set_removed(emu);
	spm_sync_removed(emu->node);
	return 0;
}

/**
 * spm_emu_vanished() - the device is gone from now on, and nobody knows
 * @emu: the device
 *
 * But who asks is told, see spm_emu_present().
 *
 * Context: Process context. May sleep.
 * Return: 0; -ENODEV if it is gone already, or its node is.
 */
int spm_emu_vanished(struct spm_emu *emu)
{
	guard(mutex)(&emu->notify_lock);
	if (emu->removed || !emu->node)
		return -ENODEV;
	spm_emu_set_removed(emu);
	return 0;
}

/**
 * spm_emu_tell_vanished() - tell the core of it in the end
 * @emu: the device
 *
 * Context: Process context. May sleep.
 */
void spm_emu_tell_vanished(struct spm_emu *emu)
{
	guard(mutex)(&emu->notify_lock);
	if (emu->node)
		spm_emu_notify_removed(emu);
}

/**
 * spm_emu_present() - see struct spm_ops
 * @node: node of the device
 *
 * Context: Any.
 * Return: false if the device is gone.
 */
bool spm_emu_present(struct spm_node *node)
{
	const struct spm_emu *emu = spm_node_priv(node);

	return !READ_ONCE(emu->removed);	/* see spm_emu_set_removed() */
}

/* ---- Telemetry ---- */

static void spm_emu_refresh(struct spm_emu *emu)
{
	struct spm_telemetry report;

	guard(mutex)(&emu->lock);
	if (emu->config.model == SPM_EMU_FIXED)
		spm_emu_count(emu);
	report.physical_bytes = emu->physical_bytes;
	report.used_bytes = emu->used_bytes;
	report.as_of_ns = emu->settled_ns;

	/* READ_ONCE: debugfs writes it at any time. */
	if (READ_ONCE(emu->faults.telemetry.value) == SPM_EMU_TELEMETRY_FROZEN)
		return;
	spin_lock(&emu->report_lock);
	emu->report = report;
	spin_unlock(&emu->report_lock);
}

static void spm_emu_refresh_work(struct work_struct *work)
{
	struct spm_emu *emu = container_of(to_delayed_work(work), struct spm_emu,
					   refresh_work);

	spm_emu_refresh(emu);
	queue_delayed_work(emu->wq, &emu->refresh_work,
			   msecs_to_jiffies(emu->config.refresh_ms));
}

/* In turn: all ones; more than the device advertises; of a time to come. */
static void spm_emu_garble(struct spm_emu *emu, struct spm_telemetry *telemetry)
{
	switch (emu->nr_garbage++ % 3) {
	case 0:
		memset(telemetry, 0xff, sizeof(*telemetry));
		break;
	case 1:
		telemetry->used_bytes = emu->logical_bytes + PAGE_SIZE;
		break;
	case 2:
		telemetry->used_bytes = 0;
		telemetry->as_of_ns = ktime_get_ns() + NSEC_PER_SEC;
		break;
	}
}

/**
 * spm_emu_read() - see struct spm_ops
 * @node: node of the device
 * @telemetry: set to the last report
 *
 * Context: Process context; one at a time.
 * Return: 0; -ENODEV if the device is gone; -EIO if a fault says so.
 */
int spm_emu_read(struct spm_node *node, struct spm_telemetry *telemetry)
{
	struct spm_emu *emu = spm_node_priv(node);
	/* READ_ONCE: debugfs writes both at any time. */
	int fault = READ_ONCE(emu->faults.telemetry.value);

	guard(rwsem_read)(&emu->busy);
	if (READ_ONCE(emu->removed))
		return -ENODEV;
	if (fault == SPM_EMU_TELEMETRY_ERROR)
		return -EIO;

	spin_lock(&emu->report_lock);
	*telemetry = emu->report;
	spin_unlock(&emu->report_lock);
	if (fault == SPM_EMU_TELEMETRY_GARBAGE)
		spm_emu_garble(emu, telemetry);
	return 0;
}

/* ---- Capacity ---- */

static void spm_emu_notice_work(struct work_struct *work)
{
	struct spm_emu *emu = container_of(to_delayed_work(work), struct spm_emu,
					   notice_work);

	scoped_guard(mutex, &emu->lock)
		emu->enforced_bytes = emu->physical_bytes;
	spm_emu_shrink(emu);
}

/**
 * spm_emu_set_physical() - change what the device can hold
 * @emu: the device
 * @bytes: physical capacity
 *
 * Each time it gets smaller, the notice begins anew.
 *
 * Context: Process context. May sleep.
 * Return: 0; -ERANGE if it is 0, or more than the logical capacity.
 */
int spm_emu_set_physical(struct spm_emu *emu, u64 bytes)
{
	if (!bytes || bytes > emu->logical_bytes)
		return -ERANGE;

	guard(mutex)(&emu->lock);
	if (bytes < emu->physical_bytes) {
		spm_emu_raise(emu, SPM_EVENT_CAPACITY);
		mod_delayed_work(emu->wq, &emu->notice_work,
				 msecs_to_jiffies(emu->config.notice_ms));
	}
	emu->physical_bytes = bytes;
	emu->enforced_bytes = max(emu->enforced_bytes, bytes);
	return 0;
}

/* ---- Life cycle ---- */

/**
 * spm_emu_report_init() - prepare an empty device's first report
 * @emu: the device; its capacity is set, its contents are initialized
 *
 * Context: Process context. May sleep.
 */
void spm_emu_report_init(struct spm_emu *emu)
{
	spin_lock_init(&emu->report_lock);
	mutex_init(&emu->notify_lock);
	INIT_DELAYED_WORK(&emu->refresh_work, spm_emu_refresh_work);
	INIT_DELAYED_WORK(&emu->notice_work, spm_emu_notice_work);
	INIT_DELAYED_WORK(&emu->event_work, spm_emu_event_work);
	emu->high_bytes = U64_MAX;
	spm_emu_refresh(emu);
}

/**
 * spm_emu_report_start() - begin to make reports
 * @emu: the device
 *
 * Context: Any.
 */
void spm_emu_report_start(struct spm_emu *emu)
{
	queue_delayed_work(emu->wq, &emu->refresh_work, 0);
}

/**
 * spm_emu_report_stop() - tell nothing any more
 * @emu: the device; its contents are stopped, and there is no way left to change
 *	its capacity
 *
 * Context: Process context. May sleep.
 */
void spm_emu_report_stop(struct spm_emu *emu)
{
	cancel_delayed_work_sync(&emu->refresh_work);
	cancel_delayed_work_sync(&emu->notice_work);
	/* The last, as the others raise events. */
	cancel_delayed_work_sync(&emu->event_work);
}
