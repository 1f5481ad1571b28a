// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of SPM nodes: how it comes and goes
 *
 * A range is reserved first, then added, then onlined in ZONE_MOVABLE, block by
 * block. Going, all blocks of all ranges are offlined before anything is removed:
 * offlining can fail, and is undone by onlining, which needs no memory to speak of;
 * to add a range again would need its memory map. What is offline can be removed,
 * always.
 *
 * A range whose reservation is there has memory added, online or not. There is no
 * such range with a node that is not in spm_nodes: its pages would be anybody's.
 *
 * This is not about what is in the pages: see evacuate.c.
 *
 * For locking see node.h.
 */
#define pr_fmt(fmt) "spm: " fmt

#include <linux/bitmap.h>
#include <linux/ioport.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/slab.h>

#include "node.h"
#include "range.h"
#include "task.h"

#define SPM_RESOURCE_NAME "System RAM (spm)"

/* ---- Adding ---- */

static struct resource *spm_range_reserve(const struct spm_node *node,
					  const struct range *range)
{
	struct resource *res;

	res = request_mem_region(range->start, range_len(range), node->name);
	if (res)
		/* Not busy, so that memory hotplug can add its own below. */
		res->flags = IORESOURCE_SYSTEM_RAM;
	return res;
}

static void spm_range_release(struct spm_range *r)
{
	remove_resource(r->res);
	kfree(r->res);
	r->res = NULL;
}

static int spm_range_add(const struct spm_node *node, struct spm_range *r)
{
	const struct range *range = &r->range;
	int rc;

	r->res = spm_range_reserve(node, range);
	if (!r->res) {
		pr_err("node %d: %#llx-%#llx is in use, see /proc/iomem\n",
		       node->nid, range->start, range->end);
		return -EBUSY;
	}

	rc = add_memory_driver_managed(node->nid, range->start, range_len(range),
				       SPM_RESOURCE_NAME, MHP_SPM);
	if (rc) {
		pr_err("node %d: can't add %#llx-%#llx: %d\n", node->nid,
		       range->start, range->end, rc);
		spm_range_release(r);
	}
	return rc;
}

/* Call @fn for each block of each range that has memory added, until it fails. */
static int spm_ranges_walk(const struct spm_node *node, void *arg,
			   walk_memory_blocks_func_t fn)
{
	const struct spm_range *r;
	int i, rc = 0;

	for (i = 0; i < node->nr_ranges && !rc; i++) {
		r = &node->ranges[i];
		if (r->res)
			rc = walk_memory_blocks(r->range.start,
						range_len(&r->range), arg, fn);
	}
	return rc;
}

static int spm_block_online(struct memory_block *mem, void *arg)
{
	int rc;

	mem->online_type = MMOP_ONLINE_MOVABLE;
	rc = device_online(&mem->dev);
	if (rc < 0)
		pr_err("node %d: can't online %s: %d\n", mem->nid,
		       dev_name(&mem->dev), rc);
	return min(rc, 0);		/* 1: a udev rule was faster */
}

/**
 * spm_ranges_add() - add and online all memory of a node
 * @node: the node, in spm_nodes
 *
 * Context: Under spm_mutex. Takes the memory hotplug locks.
 * Return: 0; -EBUSY if a range is in use, -ENOMEM, or what else memory hotplug
 * says. Then there may be memory that is to be taken away again.
 */
int spm_ranges_add(struct spm_node *node)
{
	int i, rc;

	lockdep_assert_held(&spm_mutex);

	for (i = 0; i < node->nr_ranges; i++) {
		rc = spm_range_add(node, &node->ranges[i]);
		if (rc)
			return rc;
	}

	lock_device_hotplug();
	rc = spm_ranges_walk(node, NULL, spm_block_online);
	unlock_device_hotplug();
	return rc;
}

/* ---- Removing ---- */

/**
 * struct spm_offlining - the blocks of a node that are being offlined
 * @next: number of the next block, over all ranges
 * @was_online: bit mask of those that were online before
 */
struct spm_offlining {
	unsigned long next;
	unsigned long *was_online;
};

static unsigned long spm_ranges_count_blocks(const struct spm_node *node)
{
	unsigned long nr = 0;
	int i;

	for (i = 0; i < node->nr_ranges; i++)
		nr += range_len(&node->ranges[i].range) / memory_block_size_bytes();
	return nr;
}

static int spm_block_offline(struct memory_block *mem, void *arg)
{
	struct spm_offlining *o = arg;
	int rc = device_offline(&mem->dev);

	if (rc < 0) {
		pr_warn("node %d: can't offline %s: %d\n", mem->nid,
			dev_name(&mem->dev), rc);
		return rc;
	}
	if (!rc)			/* 1: it was offline already */
		__set_bit(o->next, o->was_online);
	o->next++;
	return 0;
}

static int spm_block_reonline(struct memory_block *mem, void *arg)
{
	struct spm_offlining *o = arg;

	/* If one can't be onlined, the node does without it; others may. */
	if (test_bit(o->next++, o->was_online))
		spm_block_online(mem, NULL);
	return 0;
}

/**
 * spm_ranges_offline() - offline all memory of a node, as the step that can fail
 * @node: the node; nothing is in use there, and no pages are taken
 *
 * Context: Under spm_mutex and device_hotplug_lock, in spm_task_call(). If this
 * succeeds, the latter is to be held until spm_ranges_remove().
 * Return: 0; or -EINTR, -EBUSY, -ENOMEM, or what else memory hotplug says, with
 * everything online that was.
 */
int spm_ranges_offline(struct spm_node *node)
{
	struct spm_offlining offlining = {};
	int rc;

	lockdep_assert_held(&spm_mutex);

	/* To empty a node is no reason to kill anybody. */
	offlining.was_online = kvcalloc(BITS_TO_LONGS(spm_ranges_count_blocks(node)),
					sizeof(long),
					GFP_KERNEL | __GFP_RETRY_MAYFAIL);
	if (!offlining.was_online)
		return -ENOMEM;

	node->offlining = true;
	rc = spm_ranges_walk(node, &offlining, spm_block_offline);
	node->offlining = false;
	if (rc) {
		spm_task_undo();
		offlining.next = 0;
		spm_ranges_walk(node, &offlining, spm_block_reonline);
	}
	kvfree(offlining.was_online);
	return rc;
}

/**
 * spm_ranges_remove() - remove all memory of a node
 * @node: the node, whose memory spm_ranges_offline() has offlined
 *
 * Context: Under spm_mutex and device_hotplug_lock.
 */
void spm_ranges_remove(struct spm_node *node)
{
	int i;

	lockdep_assert_held(&spm_mutex);

	for (i = 0; i < node->nr_ranges; i++) {
		struct spm_range *r = &node->ranges[i];

		if (!r->res)
			continue;
		__remove_memory(r->range.start, range_len(&r->range));
		spm_range_release(r);
	}
}

/**
 * spm_ranges_undo_add() - take away again what spm_ranges_add() has added
 * @node: the node, of which nobody has had a page
 *
 * Context: Under spm_mutex, in spm_task_call(). Takes the memory hotplug locks.
 * Return: 0, or as spm_ranges_offline(): then the memory stays, and so must the
 * node in spm_nodes.
 */
int spm_ranges_undo_add(struct spm_node *node)
{
	int rc;

	lock_device_hotplug();
	rc = spm_ranges_offline(node);
	if (!rc)
		spm_ranges_remove(node);
	unlock_device_hotplug();
	return rc;
}
