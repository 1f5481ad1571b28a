// SPDX-License-Identifier: GPL-2.0
/*
 * spm_emu: what the device holds
 *
 * In the LZ4 model a page that is written gets a bit in a map, and that is all
 * that a store pays. A worker goes through the map every lag_ms, compresses the
 * pages into a buffer that is thrown away, and notes what each one takes. What
 * has been written before a pass began is settled when it ends.
 *
 * In the fixed model the bit tells that the page holds something, and each CPU
 * counts how many bits it has set and cleared.
 *
 * Here is also what destroys contents: trimming, poison, removal. The device
 * does not see reads, nor who owns a page, nor that a page is freed.
 *
 * For locking see spm_emu.h. The lock is taken for one page at a time, so that
 * trims and reports don't wait for a pass.
 */
#include <linux/delay.h>
#include <linux/highmem.h>
#include <linux/lz4.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "spm_dax_lib.h"
#include "spm_emu.h"

/**
 * struct spm_emu_lz4 - memory to compress a page in
 * @page: copy of the page: its owner may write to it at any time, which LZ4 is
 *	not made for
 * @out: the result, which nobody needs. What does not fit takes a whole page.
 * @work: LZ4's own
 */
struct spm_emu_lz4 {
	char page[PAGE_SIZE];
	char out[PAGE_SIZE];
	char work[LZ4_MEM_COMPRESS];
};

/* ---- Sizes ---- */

/**
 * spm_emu_page() - a page of the device
 * @emu: the device
 * @index: position of the page in the device
 *
 * Context: Process context, under the lock: then it keeps its memory, as the memory
 * notifier takes the lock before that goes away.
 * Return: the page, or NULL if it has no memory behind it.
 */
struct page *spm_emu_page(const struct spm_emu *emu, unsigned long index)
{
	lockdep_assert_held(&emu->lock);

	return pfn_to_online_page(spm_emu_pfn(emu, index));
}

static void spm_emu_set_granules(struct spm_emu *emu, unsigned long index,
				 unsigned int granules)
{
	lockdep_assert_held(&emu->lock);

	emu->used_bytes += granules * SPM_EMU_GRANULE;
	emu->used_bytes -= emu->granules[index] * SPM_EMU_GRANULE;
	/* WRITE_ONCE: pairs with READ_ONCE in spm_emu_histogram_show(). */
	WRITE_ONCE(emu->granules[index], granules);
	spm_emu_check_thresholds(emu);
}

/* What takes no more than before always fits: it takes the place of that. */
static bool spm_emu_fits(const struct spm_emu *emu, unsigned long index,
			 unsigned int granules)
{
	unsigned int old = emu->granules[index];

	lockdep_assert_held(&emu->lock);

	return granules <= old ||
	       emu->used_bytes + (granules - old) * SPM_EMU_GRANULE <=
	       emu->enforced_bytes;
}

/* The page holds nothing any more. */
static void spm_emu_forget(struct spm_emu *emu, unsigned long index)
{
	lockdep_assert_held(&emu->lock);

	if (emu->config.model == SPM_EMU_LZ4) {
		clear_bit(index, emu->map);
		emu->sums[index] = 0;
		spm_emu_set_granules(emu, index, 0);
	} else if (test_and_clear_bit(index, emu->map)) {
		this_cpu_dec(emu->cpu->live);
	}
}

/* ---- Writes ---- */

/**
 * spm_emu_written() - see struct spm_ops
 * @node: node of the device
 * @pfn: page that has been written
 *
 * On the path of every store: no lock, no shared counter.
 *
 * Context: Any.
 */
void spm_emu_written(struct spm_node *node, unsigned long pfn)
{
	struct spm_emu *emu = spm_node_priv(node);
	unsigned long index = spm_emu_index(emu, pfn);

	if (WARN_ON_ONCE(index >= emu->nr_pages))
		return;
	if (emu->config.model == SPM_EMU_LZ4) {
		this_cpu_inc(emu->cpu->written);
		/* Contents before the bit: pairs with spm_emu_settle(). */
		smp_mb__before_atomic();
		set_bit(index, emu->map);
	} else if (!test_and_set_bit(index, emu->map)) {
		this_cpu_inc(emu->cpu->live);
	}
}

static unsigned int spm_emu_compress(struct spm_emu *emu, unsigned long index,
				     struct page *page)
{
	struct spm_emu_lz4 *lz4 = emu->lz4;
	int len;

	lockdep_assert_held(&emu->lock);

	memcpy_from_page(lz4->page, page, 0, PAGE_SIZE);
	emu->sums[index] = spm_emu_sum(lz4->page);
	if (!emu->sums[index])
		return 0;
	len = LZ4_compress_default(lz4->page, lz4->out, PAGE_SIZE, PAGE_SIZE,
				   lz4->work);
	emu->compressed++;
	return DIV_ROUND_UP(len ?: PAGE_SIZE, SPM_EMU_GRANULE);
}

/*
 * Find out what a page takes that was written. The size is right in the end,
 * whatever happens to the page meanwhile:
 * 1. It is written again: the bit is cleared before the page is read, and set
 *    after it is written. So if the size is not of what is there now, the bit is
 *    set, and the next pass does it again. test_and_clear_bit() is a barrier,
 *    and pairs with the one in spm_emu_written().
 * 2. It is freed: that changes nothing on the device until it is trimmed.
 * 3. It is trimmed, which takes the lock: before, then the bit is clear, and
 *    nothing is done here; or afterwards, then the size is taken back.
 * 4. It is trimmed, given to somebody else and written, all before we get the
 *    lock: it is a page that was written.
 * 5. It goes offline: as 3, see spm_emu_memory_notify().
 *
 * Return: false if there is no room for it, then it is lost.
 */
static bool spm_emu_settle(struct spm_emu *emu, unsigned long index)
{
	unsigned int granules = 0;
	struct page *page;
	bool fits;

	guard(mutex)(&emu->lock);
	if (!test_and_clear_bit(index, emu->map))
		return true;
	page = spm_emu_page(emu, index);
	if (page && !PageHWPoison(page))
		granules = spm_emu_compress(emu, index, page);
	fits = spm_emu_fits(emu, index, granules);
	if (!fits)
		emu->overflowed++;
	spm_emu_set_granules(emu, index, fits ? granules : 0);
	return fits;
}

static void spm_emu_pass(struct spm_emu *emu)
{
	unsigned long nr = emu->nr_pages, index;
	u64 began_ns = ktime_get_ns();

	/* What is written behind our back is for the next pass. */
	for (index = find_first_bit(emu->map, nr); index < nr;
	     index = find_next_bit(emu->map, nr, index + 1)) {
		/* READ_ONCE: see spm_emu_tell_removed(). */
		if (READ_ONCE(emu->removed))
			return;
		if (!spm_emu_settle(emu, index))
			spm_emu_poison(emu, index);
		cond_resched();
	}

	guard(mutex)(&emu->lock);
	emu->settled_ns = began_ns;
}

static void spm_emu_pass_work(struct work_struct *work)
{
	struct spm_emu *emu = container_of(to_delayed_work(work), struct spm_emu,
					   pass_work);

	spm_emu_pass(emu);
	spm_emu_sweep_some(emu);
	/* At least a jiffy, so as not to keep a CPU busy with nothing. */
	queue_delayed_work(emu->wq, &emu->pass_work,
			   max(msecs_to_jiffies(emu->config.lag_ms), 1));
}

/**
 * spm_emu_count() - fixed model: find out what all pages take
 * @emu: the device
 *
 * Which pages came last is not known. So those that don't fit are counted, as
 * far as usage has risen beyond capacity since the last time, but are not lost.
 *
 * Context: Process context, under the lock.
 */
void spm_emu_count(struct spm_emu *emu)
{
	u64 room = max(emu->enforced_bytes, emu->used_bytes);
	u64 began_ns = ktime_get_ns();
	long live = 0;
	u64 used;
	int cpu;

	lockdep_assert_held(&emu->lock);

	/* READ_ONCE: other CPUs go on. What they had done by began_ns is in. */
	for_each_possible_cpu(cpu)
		live += READ_ONCE(per_cpu_ptr(emu->cpu, cpu)->live);
	used = (u64)max(live, 0) * emu->page_bytes;
	if (used > room)
		emu->overflowed += DIV_ROUND_UP_ULL(used - room, emu->page_bytes);
	emu->used_bytes = used;
	emu->settled_ns = began_ns;
	spm_emu_check_thresholds(emu);
}

/* ---- Trimming ---- */

static int spm_emu_trim_fault(struct spm_emu *emu)
{
	/* READ_ONCE: debugfs writes them at any time. */
	fsleep(READ_ONCE(emu->faults.trim_delay_us));
	if (READ_ONCE(emu->removed))
		return -ENODEV;
	if (READ_ONCE(emu->faults.trim.value) == SPM_EMU_TRIM_RETRY)
		return -EAGAIN;
	if (READ_ONCE(emu->faults.trim.value) == SPM_EMU_TRIM_FAIL ||
	    should_fail(&emu->faults.fail_trim, 1))
		return -EIO;
	return 0;
}

/**
 * spm_emu_trim() - see struct spm_ops
 * @node: node of the device
 * @pfn: pages to forget
 * @nr: how many
 *
 * In the LZ4 model they read as zeroes afterwards.
 *
 * Context: Process context. May sleep.
 * Return: 0; -EAGAIN, -EIO as the faults say; -ENODEV if the device is gone. On
 * error nothing has changed.
 */
int spm_emu_trim(struct spm_node *node, const unsigned long *pfn, unsigned int nr)
{
	struct spm_emu *emu = spm_node_priv(node);
	unsigned long index;
	unsigned int i;
	int rc;

	guard(rwsem_read)(&emu->busy);
	rc = spm_emu_trim_fault(emu);
	guard(mutex)(&emu->lock);
	emu->trim_calls++;
	if (rc) {
		emu->trim_failed++;
		return rc;
	}
	for (i = 0; i < nr; i++) {
		index = spm_emu_index(emu, pfn[i]);
		if (WARN_ON_ONCE(index >= emu->nr_pages))
			continue;
		if (emu->config.model == SPM_EMU_LZ4)
			clear_highpage(pfn_to_page(pfn[i]));
		spm_emu_forget(emu, index);
	}
	emu->trimmed += nr;
	return 0;
}

/* ---- Losing contents ---- */

/* The lock keeps the page from going away, see spm_emu_page(). */
static int spm_emu_page_state(struct spm_emu *emu, unsigned long index)
{
	struct page *page;

	guard(mutex)(&emu->lock);
	page = spm_emu_page(emu, index);
	if (!page)
		return -ENXIO;
	return PageHWPoison(page) ? -EHWPOISON : 0;
}

/**
 * spm_emu_poison() - lose a page
 * @emu: the device
 * @index: position of the page in the device
 *
 * Context: Process context, without locks. May sleep.
 * Return: 0; -ENXIO if the page is offline, -EHWPOISON if it is lost already;
 * other -errno if hwpoison_filter() is against it.
 */
int spm_emu_poison(struct spm_emu *emu, unsigned long index)
{
	int rc = spm_emu_page_state(emu, index);

	if (rc)
		return rc;
	/*
	 * Fails for a page that it can't take away from its user, as an SPM
	 * user's. But then the page is marked, which is all that we want.
	 */
	rc = memory_failure(spm_emu_pfn(emu, index), MF_SW_SIMULATED);
	if (spm_emu_page_state(emu, index) != -EHWPOISON)
		return rc;

	/* Not trimmed any more. If its bit is set again, see spm_emu_settle(). */
	scoped_guard(mutex, &emu->lock)
		spm_emu_forget(emu, index);
	spm_emu_tell_poisoned(emu);
	return 0;
}

static bool spm_emu_exceeds(struct spm_emu *emu)
{
	guard(mutex)(&emu->lock);
	return emu->used_bytes > emu->enforced_bytes;
}

/**
 * spm_emu_shrink() - lose what does not fit any more
 * @emu: the device, which can hold less from now on
 *
 * Which pages are lost is up to the device: here the last ones that take space. In the
 * fixed model none is, as it is not known what each takes.
 *
 * Context: Process context, without locks. May sleep.
 */
void spm_emu_shrink(struct spm_emu *emu)
{
	unsigned long index = emu->nr_pages;

	if (emu->config.model != SPM_EMU_LZ4)
		return;
	/* READ_ONCE: see spm_emu_set_removed(), and the lock is not held. */
	while (index-- && spm_emu_exceeds(emu) && !READ_ONCE(emu->removed)) {
		if (READ_ONCE(emu->granules[index]))
			spm_emu_poison(emu, index);
		cond_resched();
	}
}

static void spm_emu_overwrite(struct spm_emu *emu, unsigned long index)
{
	struct page *page;

	guard(mutex)(&emu->lock);
	page = spm_emu_page(emu, index);
	if (page)
		memset_page(page, 0, 0xff, PAGE_SIZE);
}

static void spm_emu_overwrite_work(struct work_struct *work)
{
	struct spm_emu *emu = container_of(work, struct spm_emu, overwrite_work);
	unsigned long index;

	for (index = 0; index < emu->nr_pages; index++) {
		spm_emu_overwrite(emu, index);
		cond_resched();
	}
}

/**
 * spm_emu_remove() - the device goes, whoever uses it
 * @emu: the device
 *
 * Its contents are overwritten, in the background, so that it shows if anybody
 * uses what was there.
 *
 * Context: Process context. May sleep.
 * Return: 0; -ENODEV if it is gone already.
 */
int spm_emu_remove(struct spm_emu *emu)
{
	int rc = spm_emu_tell_removed(emu);

	if (rc)
		return rc;
	/* A load looks for the device, then copies, with preemption off. */
	synchronize_rcu();
	queue_work(emu->wq, &emu->overwrite_work);
	return 0;
}

/**
 * spm_emu_vanish() - the device goes, and the core is told late
 * @emu: the device
 * @delay_ms: how late
 *
 * As when somebody pulls it out: memory reads as ones from the first moment on.
 *
 * Context: Process context. May sleep.
 * Return: 0; -ENODEV if it is gone already.
 */
int spm_emu_vanish(struct spm_emu *emu, unsigned int delay_ms)
{
	int rc = spm_emu_vanished(emu);

	if (rc)
		return rc;
	queue_work(emu->wq, &emu->overwrite_work);
	flush_work(&emu->overwrite_work);
	msleep(delay_ms);
	spm_emu_tell_vanished(emu);
	return 0;
}

/*
 * Memory goes offline, and may be gone when this returns. It has no contents
 * then. A memory block is in one range, or none.
 */
static int spm_emu_memory_notify(struct notifier_block *nb, unsigned long action,
				 void *arg)
{
	struct spm_emu *emu = container_of(nb, struct spm_emu, memory_nb);
	const struct memory_notify *mn = arg;
	unsigned long first, i;

	first = spm_emu_index(emu, mn->start_pfn);
	if (first >= emu->nr_pages)
		return NOTIFY_OK;
	if (action == MEM_GOING_ONLINE && emu->config.model == SPM_EMU_LZ4)
		spm_dax_clear(mn);
	if (action != MEM_OFFLINE)
		return NOTIFY_OK;

	guard(mutex)(&emu->lock);
	for (i = 0; i < mn->nr_pages; i++)
		spm_emu_forget(emu, first + i);
	return NOTIFY_OK;
}

/* ---- Life cycle ---- */

static int spm_emu_contents_alloc(struct spm_emu *emu)
{
	emu->map = kvcalloc(BITS_TO_LONGS(emu->nr_pages), sizeof(*emu->map),
			    GFP_KERNEL);
	if (!emu->map)
		return -ENOMEM;
	if (emu->config.model != SPM_EMU_LZ4)
		return 0;

	emu->granules = kvcalloc(emu->nr_pages, sizeof(*emu->granules),
				 GFP_KERNEL);
	emu->sums = kvcalloc(emu->nr_pages, sizeof(*emu->sums), GFP_KERNEL);
	emu->lz4 = kvmalloc(sizeof(*emu->lz4), GFP_KERNEL);
	return emu->granules && emu->sums && emu->lz4 ? 0 : -ENOMEM;
}

static void spm_emu_contents_free(struct spm_emu *emu)
{
	kvfree(emu->lz4);
	kvfree(emu->sums);
	kvfree(emu->granules);
	kvfree(emu->map);
}

/**
 * spm_emu_contents_init() - prepare an empty device
 * @emu: the device; its ranges are set
 *
 * Context: Process context. May sleep.
 * Return: 0; -ENOMEM.
 */
int spm_emu_contents_init(struct spm_emu *emu)
{
	int rc;

	mutex_init(&emu->lock);
	INIT_DELAYED_WORK(&emu->pass_work, spm_emu_pass_work);
	INIT_WORK(&emu->overwrite_work, spm_emu_overwrite_work);
	emu->memory_nb.notifier_call = spm_emu_memory_notify;
	emu->settled_ns = ktime_get_ns();

	rc = spm_emu_contents_alloc(emu);
	if (!rc)
		rc = register_memory_notifier(&emu->memory_nb);
	if (rc)
		spm_emu_contents_free(emu);
	return rc;
}

/**
 * spm_emu_contents_start() - begin to look at what is written
 * @emu: the device
 *
 * Context: Any.
 */
void spm_emu_contents_start(struct spm_emu *emu)
{
	if (emu->config.model == SPM_EMU_LZ4)
		queue_delayed_work(emu->wq, &emu->pass_work, 0);
}

/**
 * spm_emu_contents_stop() - look at nothing any more
 * @emu: the device; there is no way left to remove it
 *
 * Context: Process context. May sleep.
 */
void spm_emu_contents_stop(struct spm_emu *emu)
{
	cancel_delayed_work_sync(&emu->pass_work);
	cancel_work_sync(&emu->overwrite_work);
}

/**
 * spm_emu_contents_destroy() - undo spm_emu_contents_init()
 * @emu: the device; stopped, and without a node
 *
 * Context: Process context. May sleep.
 */
void spm_emu_contents_destroy(struct spm_emu *emu)
{
	unregister_memory_notifier(&emu->memory_nb);
	spm_emu_contents_free(emu);
}
