// SPDX-License-Identifier: GPL-2.0
/*
 * spm_emu: is on the device what the device was told of?
 *
 * The core tells the device which pages it writes. A write that it forgot would be
 * invisible to its budget and to the device alike. So all pages are read, and their
 * checksums compared with those that were taken when the device noticed the last write
 * it was told of: after each pass over what was written some pages, and all of them when
 * debugfs asks for it. Only the LZ4 model knows what is in which page.
 *
 * For locking see spm_emu.h. The lock is taken for one page at a time.
 */
#include <linux/delay.h>
#include <linux/highmem.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/xxhash.h>

#include "spm_emu.h"

/* How often in turn contents must be unknown, and how long after one another. */
#define SPM_EMU_SWEEP_TRIES	50
#define SPM_EMU_SWEEP_PAUSE_MS	100

/**
 * spm_emu_sum() - what tells contents apart
 * @contents: a page's; nobody changes them
 *
 * Return: 0 if the page is empty, which it is with zeroes; else hardly ever.
 */
u32 spm_emu_sum(const void *contents)
{
	if (!memchr_inv(contents, 0, PAGE_SIZE))
		return 0;
	return xxh32(contents, PAGE_SIZE, 0);
}

/* Are the contents other than those that the device was told of? */
static bool spm_emu_is_strange(struct spm_emu *emu, unsigned long index)
{
	struct page *page;
	void *contents;
	bool strange;

	guard(mutex)(&emu->lock);
	page = spm_emu_page(emu, index);
	/* What is just written again may be anything. It is looked at in the next pass. */
	if (!page || PageHWPoison(page) || test_bit(index, emu->map))
		return false;
	contents = kmap_local_page(page);
	strange = spm_emu_sum(contents) != emu->sums[index];
	kunmap_local(contents);
	/* The bit is set after the contents are written: see spm_emu_written(). */
	smp_rmb();
	return strange && !test_bit(index, emu->map);
}

/* A writer may be about to tell: but not for seconds. */
static bool spm_emu_stays_strange(struct spm_emu *emu, unsigned long index)
{
	int i;

	for (i = 0; i < SPM_EMU_SWEEP_TRIES; i++) {
		/* READ_ONCE: see spm_emu_set_removed(). */
		if (READ_ONCE(emu->removed) || !spm_emu_is_strange(emu, index))
			return false;
		msleep(SPM_EMU_SWEEP_PAUSE_MS);
	}
	return true;
}

static void spm_emu_look_at(struct spm_emu *emu, unsigned long index)
{
	if (!spm_emu_stays_strange(emu, index))
		return;
	pr_err("spm_emu: %s: the page at pfn %#lx has contents that the device was not told of\n",
	       emu->name, spm_emu_pfn(emu, index));
	guard(mutex)(&emu->lock);
	emu->strange++;
}

/**
 * spm_emu_sweep_some() - look at the pages whose turn it is
 * @emu: the device
 *
 * Context: The device's worker. May sleep.
 */
void spm_emu_sweep_some(struct spm_emu *emu)
{
	u32 nr = READ_ONCE(emu->sweep_pages);	/* debugfs writes it at any time */

	for (; nr && !READ_ONCE(emu->removed); nr--) {	/* see spm_emu_set_removed() */
		spm_emu_look_at(emu, emu->sweep_next);
		if (++emu->sweep_next >= emu->nr_pages)
			emu->sweep_next = 0;
		cond_resched();
	}
}

/**
 * spm_emu_sweep() - look at all pages
 * @emu: the device, of the LZ4 model
 *
 * Context: Process context, without locks. May sleep. Ends early if a signal comes.
 * Return: how many pages were found until now to have contents that nobody had told of;
 * -EINTR.
 */
s64 spm_emu_sweep(struct spm_emu *emu)
{
	unsigned long index;

	for (index = 0; index < emu->nr_pages; index++) {
		if (READ_ONCE(emu->removed))	/* see spm_emu_set_removed() */
			break;
		if (signal_pending(current))
			return -EINTR;
		spm_emu_look_at(emu, index);
		cond_resched();
	}
	guard(mutex)(&emu->lock);
	return emu->strange;
}

/**
 * spm_emu_scribble() - write to a page, and tell nobody
 * @emu: the device
 * @index: position of the page in the device
 *
 * It shows whether a sweep would find that.
 *
 * Context: Process context. May sleep.
 * Return: 0; -ENXIO if the page is offline.
 */
int spm_emu_scribble(struct spm_emu *emu, unsigned long index)
{
	struct page *page;

	guard(mutex)(&emu->lock);
	page = spm_emu_page(emu, index);
	if (!page)
		return -ENXIO;
	memset_page(page, 0, 0x5a, PAGE_SIZE);
	return 0;
}
