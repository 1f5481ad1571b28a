// SPDX-License-Identifier: GPL-2.0
/*
 * SPM nodes and hibernation
 *
 * An image holds all pages in use, and what wakes up writes them back where they
 * were. On an SPM node that is a store which no budget has admitted, to a device
 * whose state is that of another kernel: pages would be lost. So the machine does
 * not hibernate, nor turn into what an image holds, with pages on SPM nodes. It may
 * when these are empty; they take no pages then until it's over, in particular
 * none that hibernation itself swaps out.
 *
 * Suspending to RAM or to idle is no concern of this: memory keeps its contents
 * then, and a driver whose device does not has to say so when it is to be suspended.
 */
#define pr_fmt(fmt) "spm: " fmt

#include <linux/rcupdate.h>
#include <linux/suspend.h>

#include "control.h"
#include "mapped.h"
#include "node.h"
#include "power.h"
#include "stats.h"

/* Nodes are closed for hibernation, and none comes or goes. Under spm_mutex. */
static bool spm_nodes_hibernate;

/**
 * spm_hibernating() - must no node come or go, as the machine hibernates?
 *
 * Context: Under spm_mutex.
 * Return: true if so.
 */
bool spm_hibernating(void)
{
	lockdep_assert_held(&spm_mutex);

	if (spm_nodes_hibernate)
		pr_warn("no SPM node comes or goes while the machine hibernates\n");
	return spm_nodes_hibernate;
}

/* Return: 0; -EBUSY with the node as it was, if it isn't empty. */
static int spm_node_hibernate(struct spm_node *node)
{
	unsigned long used;

	spm_node_close(node);
	used = spm_stat_read(node, SPM_STAT_USED);
	if (!used) {
		/* The sum may have missed what compaction was moving. */
		synchronize_rcu();
		used = spm_stat_read(node, SPM_STAT_USED);
	}
	/* Trims what was freed, too: it would be taken for pages in use. */
	if (!used && !spm_control_stop(node))
		return 0;
	spm_node_open(node);
	if (!used)
		return -EBUSY;
	pr_err("node %d: no hibernation, as its %lu pages would be lost: unbind its device first\n",
	       node->nid, used);
	return -EBUSY;
}

static void spm_node_wake(struct spm_node *node)
{
	spm_control_start(node);
	spm_node_open(node);
}

/* Wake up all nodes below @end, which were put to sleep. */
static void spm_wake(int end)
{
	struct spm_node *node;
	int nid;

	for_each_node_mask(nid, spm_nodes) {
		node = nid < end ? spm_registered(nid) : NULL;
		if (node)
			spm_node_wake(node);
	}
	spm_nodes_hibernate = false;
}

static int spm_hibernate(void)
{
	struct spm_node *node;
	int nid, rc;

	spm_mapped_drain();
	for_each_node_mask(nid, spm_nodes) {
		node = spm_registered(nid);
		rc = node ? spm_node_hibernate(node) : 0;
		if (rc) {
			spm_wake(nid);
			return rc;
		}
	}
	spm_nodes_hibernate = true;
	return 0;
}

static int spm_power_prepare(void)
{
	int rc = mutex_lock_killable(&spm_mutex);

	if (rc)
		return rc;
	rc = spm_hibernate();
	mutex_unlock(&spm_mutex);
	return rc;
}

static void spm_power_post(void)
{
	guard(mutex)(&spm_mutex);
	if (spm_nodes_hibernate)
		spm_wake(MAX_NUMNODES);
}

static int spm_power_notify(struct notifier_block *nb, unsigned long event,
			    void *unused)
{
	switch (event) {
	case PM_HIBERNATION_PREPARE:
	case PM_RESTORE_PREPARE:
		return notifier_from_errno(spm_power_prepare());
	case PM_POST_HIBERNATION:
	case PM_POST_RESTORE:
		spm_power_post();
		return NOTIFY_OK;
	default:
		return NOTIFY_DONE;
	}
}

static int __init spm_power_init(void)
{
	pm_notifier(spm_power_notify, 0);
	return 0;
}
subsys_initcall(spm_power_init);
