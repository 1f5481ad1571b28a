// SPDX-License-Identifier: GPL-2.0
/*
 * What the device of an SPM node tells without being asked
 *
 * A provider calls these, with its own locks held if it likes: none of its
 * operations is called from here.
 */
#define pr_fmt(fmt) "spm: " fmt

#include <linux/export.h>
#include <linux/highmem.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/spm.h>
#include <linux/timekeeping.h>
#include <trace/events/spm.h>

#include "budget.h"
#include "control.h"
#include "inject.h"
#include "node.h"
#include "stats.h"

/**
 * spm_notify() - the device tells something without being asked
 * @node: the provider's node
 * @event: what
 *
 * When this returns, nothing is admitted any more, if the event is to stop it.
 * What was admitted before may still be being written. Calls no operation of the
 * provider's, so the provider may hold its own locks.
 *
 * Context: Any. Not after the provider's release operation.
 */
void spm_notify(struct spm_node *node, enum spm_event event)
{
	static const enum spm_gate gates[] = {
		[SPM_EVENT_HIGH] = SPM_GATE_HIGH,
		[SPM_EVENT_CAPACITY] = SPM_GATE_CAPACITY,
		[SPM_EVENT_REMOVED] = SPM_GATE_REMOVED,
	};

	trace_spm_event(node->nid, event);
	if (event == SPM_EVENT_REMOVED) {
		/* Pairs with READ_ONCE in spm_folio_readable() and others. */
		WRITE_ONCE(node->removed, true);
		pr_err("node %d: the device is gone, with %lu pages\n", node->nid,
		       spm_stat_read(node, SPM_STAT_USED));
	}
	if (event != SPM_EVENT_LOW)
		spm_budget_stop(&node->budget, gates[event], ktime_get_ns());
	spm_control_wake(node);
}
EXPORT_SYMBOL_GPL(spm_notify);

/* ---- Is the device there? ---- */

/* What a bus returns for memory that nobody answers for. */
#define SPM_NOBODY	(~0UL)

#define SPM_LINE_WORDS	(SMP_CACHE_BYTES / sizeof(unsigned long))

static bool spm_line_nobody(const unsigned long *word, int line)
{
	return word[line * SPM_LINE_WORDS] == SPM_NOBODY;
}

/*
 * Is there a line of the page that nobody answered for? Others may have been in a cache. Each
 * copy waits for this, so eight lines are looked at in each round.
 */
static bool spm_read_nobody(struct page *page)
{
	const unsigned long *first = kmap_local_page(page), *word;
	bool nobody = false;

	for (word = first; word < first + PAGE_SIZE / sizeof(*word) && !nobody;
	     word += 8 * SPM_LINE_WORDS)
		nobody = spm_line_nobody(word, 0) || spm_line_nobody(word, 1) ||
			 spm_line_nobody(word, 2) || spm_line_nobody(word, 3) ||
			 spm_line_nobody(word, 4) || spm_line_nobody(word, 5) ||
			 spm_line_nobody(word, 6) || spm_line_nobody(word, 7);
	kunmap_local(first);
	return nobody;
}

static bool spm_device_present(struct spm_node *node)
{
	const struct spm_ops *ops;
	bool present;

	rcu_read_lock();		/* vs spm_abandon_node() */
	ops = READ_ONCE(node->ops);
	present = !ops || !ops->present || ops->present(node);
	rcu_read_unlock();
	return present;
}

/* Was @to copied from what the device held? */
static bool spm_was_there(struct page *to, struct page *from)
{
	struct spm_node *node = spm_node_of(page_folio(from));

	return !READ_ONCE(node->removed) &&	/* vs spm_notify() */
	       (!spm_read_nobody(to) || spm_device_present(node));
}

/* Can it be read again, as far as is known now? */
static bool spm_is_kept(struct page *page)
{
	struct spm_node *node = spm_node_of(page_folio(page));

	return !READ_ONCE(node->removed) && !PageHWPoison(page);	/* as above */
}

/**
 * __spm_copied() - may a copy replace what it was copied from?
 * @to: page that it was copied to
 * @from: page that it was copied from
 *
 * One of them or both are on SPM nodes, in use.
 *
 * Context: Any.
 * Return: 0; PAGE_SIZE if the device of @from was gone before the copy was complete, or
 * that of @to is gone, or has lost the page; what a test has injected.
 */
unsigned long __spm_copied(struct page *to, struct page *from)
{
	bool from_spm = spm_nid(page_to_nid(from)), to_spm = spm_nid(page_to_nid(to));
	unsigned long left;

	if (!from_spm && !to_spm)
		return 0;
	left = spm_inject_copy(to, from);
	if (left)
		return left;
	return (from_spm && !spm_was_there(to, from)) || (to_spm && !spm_is_kept(to)) ?
	       PAGE_SIZE : 0;
}
EXPORT_SYMBOL_GPL(__spm_copied);

/**
 * spm_folio_present() - does a folio's device still hold it?
 * @folio: a folio on an SPM node, in use by the caller
 *
 * Other than spm_folio_readable() it asks the device.
 *
 * Context: Any.
 * Return: false if the contents that were read just now may be none.
 */
bool spm_folio_present(const struct folio *folio)
{
	return spm_folio_readable(folio) && spm_device_present(spm_node_of(folio));
}

/**
 * spm_sync_removed() - wait until tasks can't read what a device had held
 * @node: the provider's node, for which it has raised SPM_EVENT_REMOVED
 *
 * Tasks read pages in mapped mode without asking, so where the hardware doesn't
 * raise a machine check for a device that is gone, they may read anything until
 * this returns. Afterwards they get SIGBUS.
 *
 * Somebody may unregister the node meanwhile: then this returns before the provider's
 * release operation is called.
 *
 * Context: Process context. May sleep. Begins before the provider's release operation,
 * and in none of its operations, which the worker has to end first.
 */
void spm_sync_removed(struct spm_node *node)
{
	if (WARN_ON_ONCE(!READ_ONCE(node->removed)))	/* as in spm_notify() */
		return;
	kref_get(&node->ref);
	wait_for_completion(&node->lost);
	spm_node_put(node);
}
EXPORT_SYMBOL_GPL(spm_sync_removed);

/**
 * spm_notify_poisoned() - the device tells that it has lost pages
 * @node: the provider's node
 * @nr_pages: how many
 *
 * Only counts them. What makes reading them fail is the page's hardware poison
 * flag, see memory_failure(), or the machine check.
 *
 * Context: Any. Not after the provider's release operation.
 */
void spm_notify_poisoned(struct spm_node *node, unsigned long nr_pages)
{
	spm_stat_add(node, SPM_STAT_POISONED, nr_pages);
}
EXPORT_SYMBOL_GPL(spm_notify_poisoned);
