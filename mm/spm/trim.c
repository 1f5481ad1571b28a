// SPDX-License-Identifier: GPL-2.0
/*
 * Trimming: telling the device to forget what was freed
 *
 * A page that is freed still takes space on the device, and still has its
 * contents. So it does not go back to the allocator at once, but to a list of
 * the CPU that freed it; the node's trim worker takes these lists, has the device
 * trim the pages in batches, and only then frees them. If the device can't, the
 * pages are overwritten with zeroes, which compress well. So no page is handed
 * out again with what an earlier owner had there.
 *
 * On the list a page keeps its user's reference; others may have references
 * too, as they do not write to it. The list is linked by folio->private, which
 * is the user's until it frees the folio.
 */
#include <linux/delay.h>
#include <linux/highmem.h>
#include <linux/jiffies.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/sort.h>
#include <linux/spm.h>

#include "admit.h"
#include "control.h"
#include "node.h"
#include "stats.h"
#include "trim.h"

/* How often in turn a device may ask to be asked again: 2.5 seconds, all in all. */
#define SPM_TRIM_RETRIES	8
/* How long the worker trims in one go. */
#define SPM_TRIM_TIME		(HZ / 10)
/* Freed pages that are looked at in turn; all that a large task had, perhaps. */
#define SPM_COLLECT_BATCH	1024

static struct llist_node *spm_folio_link(struct folio *folio)
{
	BUILD_BUG_ON(sizeof(folio->private) != sizeof(struct llist_node));
	return (struct llist_node *)&folio->private;
}

static struct folio *spm_link_folio(struct llist_node *link)
{
	return container_of((void **)link, struct folio, private);
}

/**
 * spm_trim_defer() - free a page, once the device has forgotten it
 * @node: its node
 * @folio: folio that nobody uses any more; the reference to it is given away
 *
 * Context: Any.
 */
void spm_trim_defer(struct spm_node *node, struct folio *folio)
{
	/* The device has nothing to forget of a page that it has lost. */
	if (!node->trims || (!folio_test_large(folio) && folio_test_hwpoison(folio))) {
		folio_put(folio);
		return;
	}
	spm_stat_add(node, SPM_STAT_UNTRIMMED, folio_nr_pages(folio));
	if (llist_add(spm_folio_link(folio), &raw_cpu_ptr(node->cpu)->freed))
		spm_control_trim_soon(node);
}

static void spm_trim_zero(struct spm_node *node, struct folio *folio)
{
	struct page *page = folio_page(folio, 0);
	long nr;

	for (nr = folio_nr_pages(folio); nr; nr--, page++) {
		if (PageHWPoison(page))
			continue;
		clear_highpage(page);
		spm_tell_written(node, page_to_pfn(page), 1);
		spm_stat_inc(node, SPM_STAT_ZEROED);
	}
}

/* Nothing is left of what was there. @rc: what the device said to trimming it. */
static void spm_trim_forgotten(struct spm_node *node, struct folio *folio, int rc)
{
	if (rc)
		spm_trim_zero(node, folio);
	else
		spm_stat_add(node, SPM_STAT_TRIMMED, folio_nr_pages(folio));
}

static int spm_trim_cmp(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a, y = *(const unsigned long *)b;

	return x < y ? -1 : x > y;
}

/* A batch is one large folio, or so many small ones. */
static bool spm_trim_fits(struct llist_node *list, unsigned int nr)
{
	return list && (!nr || (nr < SPM_TRIM_BATCH &&
				!folio_test_large(spm_link_folio(list))));
}

/* READ_ONCE: spm_abandon_node() does not wait for an operation for ever. */
static int spm_op_trim(struct spm_node *node, const unsigned long *pfn, unsigned int nr)
{
	const struct spm_ops *ops = READ_ONCE(node->ops);

	return ops ? ops->trim(node, pfn, nr) : -ENODEV;
}

/* A large folio has more pages than the device is asked about at once. */
static int spm_trim_ask_large(struct spm_node *node, struct folio *folio)
{
	unsigned long pfn[SPM_TRIM_BATCH], next = folio_pfn(folio);
	unsigned long end = next + folio_nr_pages(folio);
	unsigned int nr;
	int rc = 0;

	while (!rc && next < end) {
		for (nr = 0; next < end && nr < SPM_TRIM_BATCH; next++)
			if (!PageHWPoison(pfn_to_page(next)))
				pfn[nr++] = next;
		if (nr)
			rc = spm_op_trim(node, pfn, nr);
	}
	return rc;
}

/* Have the device trim the first batch of the list, which stays as it is. */
static int spm_trim_ask(struct spm_node *node, struct llist_node *list)
{
	unsigned long pfn[SPM_TRIM_BATCH];
	unsigned int nr = 0;

	if (folio_test_large(spm_link_folio(list)))
		return spm_trim_ask_large(node, spm_link_folio(list));
	for (; spm_trim_fits(list, nr); list = list->next)
		pfn[nr++] = folio_pfn(spm_link_folio(list));
	sort(pfn, nr, sizeof(pfn[0]), spm_trim_cmp, NULL);
	return spm_op_trim(node, pfn, nr);
}

/* Free the first batch of the list. @rc: what the device said to trimming it. */
static struct llist_node *spm_trim_free(struct spm_node *node,
					struct llist_node *list, int rc)
{
	bool large = folio_test_large(spm_link_folio(list));
	struct llist_node *next;
	struct folio *folio;
	unsigned int nr;
	long nr_pages;

	for (nr = 0; spm_trim_fits(list, nr) && !(large && nr); nr++, list = next) {
		next = list->next;
		folio = spm_link_folio(list);
		nr_pages = folio_nr_pages(folio);
		folio->private = NULL;
		if (!READ_ONCE(node->removed))	/* it may have been while it was asked */
			spm_trim_forgotten(node, folio, rc);
		spm_stat_add(node, SPM_STAT_UNTRIMMED, -nr_pages);
		folio_put(folio);
	}
	return list;
}

/* Is the device to be asked again later, as it has said to trimming a batch? */
static bool spm_trim_again(struct spm_node *node, int rc)
{
	if (rc != -EAGAIN && rc != -EINPROGRESS) {
		node->trim_retries = 0;
		node->trim_unsure = false;
		return false;
	}
	if (rc == -EINPROGRESS)
		node->trim_unsure = true;
	if (node->trim_retries < SPM_TRIM_RETRIES - 1) {
		node->trim_retries++;
		return true;
	}
	/* What the device may still write to is nobody's. */
	if (node->trim_unsure)
		return true;
	/* From now on it is asked once for each batch, until it does one again. */
	node->trim_retries = SPM_TRIM_RETRIES;
	return false;
}

/* Return: false if the device wants to be asked again later. */
static bool spm_trim_batch(struct spm_node *node)
{
	/* A device that is gone needs no trim: see spm_folio_readable(). */
	int rc = READ_ONCE(node->removed) ? 0 : spm_trim_ask(node, node->untrimmed);

	if (spm_trim_again(node, rc))
		return false;
	node->untrimmed = spm_trim_free(node, node->untrimmed, rc);
	return true;
}

/* Append what CPUs have freed to the worker's own list. May sleep. */
static void spm_trim_collect(struct spm_node *node)
{
	struct llist_node *list, *last;
	unsigned int nr = 0;
	int cpu;

	/* What relief has moved by now is on a list. Pairs with spm_relieve(). */
	node->moved_taken = smp_load_acquire(&node->moved);
	for_each_possible_cpu(cpu) {
		list = llist_del_all(&per_cpu_ptr(node->cpu, cpu)->freed);
		if (!list)
			continue;
		for (last = list; last->next; last = last->next)
			if (!(++nr % SPM_COLLECT_BATCH))
				cond_resched();
		last->next = node->untrimmed;
		node->untrimmed = list;
	}
}

/**
 * spm_trim() - trim what was freed since the last time
 * @node: the node
 *
 * Stops early if the device is slow, as somebody may wait for the worker to end.
 *
 * Context: The node's trim worker. May sleep.
 * Return: true if there was something to trim.
 */
bool spm_trim(struct spm_node *node)
{
	unsigned long end = jiffies + SPM_TRIM_TIME;
	bool any;

	spm_trim_collect(node);
	any = node->untrimmed;
	while (node->untrimmed && spm_trim_batch(node) &&
	       time_before(jiffies, end))
		cond_resched();
	if (!node->untrimmed)
		WRITE_ONCE(node->moved_trimmed, node->moved_taken);	/* the reader's */
	return any;
}

/**
 * spm_trim_delay_ms() - when to trim again
 * @node: the node, after spm_trim()
 *
 * A device that wants to be asked again later gets more time each time.
 *
 * Context: The node's trim worker.
 * Return: milliseconds.
 */
unsigned int spm_trim_delay_ms(const struct spm_node *node)
{
	return SPM_TRIM_DELAY_MS << (node->trim_retries % SPM_TRIM_RETRIES);
}

/**
 * spm_trim_flush() - trim, or overwrite, all that was freed
 * @node: the node
 *
 * Goes on for as long as the device may be trimming what it has not answered for.
 *
 * Context: Process context, with the trim worker stopped. May sleep. Pages that are
 * freed meanwhile may be left over.
 */
void spm_trim_flush(struct spm_node *node)
{
	spm_trim_collect(node);
	while (node->untrimmed) {
		if (!spm_trim_batch(node) && node->trim_unsure)
			msleep(spm_trim_delay_ms(node));
		cond_resched();
	}
}
