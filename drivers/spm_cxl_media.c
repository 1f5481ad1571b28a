// SPDX-License-Identifier: GPL-2.0
/*
 * spm_cxl: what CXL devices tell of their media, and what comes of it.
 *
 * The CXL core reads event records and poison lists, and hands each record to
 * spm_cxl_hear(), which may hold up nobody: it notes what it has heard. spm_cxl_work() of
 * each region deals with that:
 *
 *  - Memory that can't be read: each page that has a part of it goes to memory_failure().
 *    Nobody gets the page again, and who touches it gets SIGBUS.
 *  - Health: if all contents are lost, so is the node (SPM_EVENT_REMOVED); if the device
 *    has less room, it says so (SPM_EVENT_CAPACITY).
 *
 * memory_failure() must not look at a page while it is being taken from the kernel. So
 * pages are held while a node is being unregistered: see spm_cxl_hold(). If it can't be,
 * they are dealt with then; if it can, there is nothing any more to deal with. What is
 * copied meanwhile from memory that is lost raises a machine check, with or without a
 * record of it.
 *
 * Locks: the CXL core's, spm_cxl_lock, lost_lock; hold_lock, notify_lock, lost_lock.
 * hold_lock is held while memory_failure() runs, and for reading the CXL core's locks of
 * regions are taken in it.
 */
#include <linux/device.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/page-flags.h>
#include <linux/slab.h>

#include "spm_cxl.h"

/*
 * Records that are kept at most: a full poison list, of as many devices as a region can
 * have, twice. A page whose record has no room is found when the region is bound again.
 */
#define SPM_CXL_LOST_MAX	(2 * CXL_DECODER_MAX_INTERLEAVE * CXL_POISON_LIST_MAX)

/* Guards spm_cxl_all. Nobody waits for a device with it held. */
static DEFINE_MUTEX(spm_cxl_lock);
static LIST_HEAD(spm_cxl_all);

/* ---- Hearing ---- */

static const struct cxl_region_target *spm_cxl_target(const struct spm_cxl *cxl,
						      const struct cxl_memdev *cxlmd)
{
	int i;

	for (i = 0; i < cxl->nr_targets; i++)
		if (cxl->target[i].cxlmd == cxlmd)
			return &cxl->target[i];
	return NULL;
}

/* @dpa is cut to what the region has of the device. */
static void spm_cxl_note_lost(struct spm_cxl *cxl, const struct cxl_region_target *target,
			      struct range dpa)
{
	struct spm_cxl_lost *lost;

	if (!spm_cxl_intersect(&dpa, &target->dpa))
		return;
	lost = kmalloc(sizeof(*lost), GFP_KERNEL);
	if (lost)
		*lost = (struct spm_cxl_lost) { .cxlmd = target->cxlmd, .dpa = dpa };

	spin_lock(&cxl->lost_lock);
	if (lost && cxl->nr_lost < SPM_CXL_LOST_MAX) {
		list_add_tail(&lost->list, &cxl->lost);
		cxl->nr_lost++;
		lost = NULL;
	} else {
		cxl->nr_dropped++;
	}
	spin_unlock(&cxl->lost_lock);
	kfree(lost);
}

static void spm_cxl_note_health(struct spm_cxl *cxl, const struct cxl_get_health_info *info)
{
	spin_lock(&cxl->lost_lock);
	cxl->health = max(cxl->health, spm_cxl_judge(info));
	spin_unlock(&cxl->lost_lock);
}

static void spm_cxl_note_read_list(struct spm_cxl *cxl)
{
	spin_lock(&cxl->lost_lock);
	cxl->read_list = true;
	spin_unlock(&cxl->lost_lock);
}

static void spm_cxl_hear_event(struct spm_cxl *cxl, const struct cxl_region_target *target,
			       const struct cxl_media_notice *notice)
{
	struct range dpa;

	if (notice->event_type == CXL_CPER_EVENT_MEM_MODULE)
		spm_cxl_note_health(cxl, &notice->event->mem_module.info);
	if (spm_cxl_event_loses(notice->event_type, notice->event, &dpa))
		spm_cxl_note_lost(cxl, target, dpa);
	/* Some of what there was to tell is only in the list, if anywhere. */
	if (spm_cxl_event_overflows(notice->event_type, notice->event))
		spm_cxl_note_read_list(cxl);
}

/* The CXL core holds locks of the device: no command may be sent to it here. */
static int spm_cxl_hear(struct notifier_block *nb, unsigned long action, void *data)
{
	const struct cxl_media_notice *notice = data;
	const struct cxl_region_target *target;
	struct spm_cxl *cxl;
	struct range dpa;

	guard(mutex)(&spm_cxl_lock);
	list_for_each_entry(cxl, &spm_cxl_all, list) {
		target = spm_cxl_target(cxl, notice->cxlmd);
		if (!target)
			continue;
		if (action == CXL_MEDIA_EVENT)
			spm_cxl_hear_event(cxl, target, notice);
		else if (spm_cxl_poison_range(notice->poison, &dpa))
			spm_cxl_note_lost(cxl, target, dpa);
		queue_work(system_unbound_wq, &cxl->work);
	}
	return NOTIFY_OK;
}

static struct notifier_block spm_cxl_nb = {
	.notifier_call = spm_cxl_hear,
};

/**
 * spm_cxl_media_listen() - hear what devices tell from here on
 *
 * Context: Process context. May sleep.
 * Return: 0 or -errno.
 */
int spm_cxl_media_listen(void)
{
	return cxl_media_register_notifier(&spm_cxl_nb);
}

/**
 * spm_cxl_media_ignore() - undo spm_cxl_media_listen()
 *
 * Context: Process context. May sleep.
 */
void spm_cxl_media_ignore(void)
{
	cxl_media_unregister_notifier(&spm_cxl_nb);
}

/* ---- Losing pages ---- */

/**
 * spm_cxl_has_page() - is a page of a region's node?
 * @cxl: the region
 * @pfn: the page
 *
 * Context: Any.
 * Return: true if so.
 */
bool spm_cxl_has_page(const struct spm_cxl *cxl, unsigned long pfn)
{
	int i;

	for (i = 0; i < cxl->nr_ranges; i++)
		if (pfn >= PHYS_PFN(cxl->ranges[i].start) &&
		    pfn <= PHYS_PFN(cxl->ranges[i].end))
			return true;
	return false;
}

static void spm_cxl_lose_page(struct spm_cxl *cxl, const struct cxl_memdev *cxlmd, u64 dpa)
{
	u64 hpa = cxl_region_dpa_to_hpa(cxl->cxlr, cxlmd, dpa);
	unsigned long pfn = PHYS_PFN(hpa);
	struct page *page;
	int rc;

	if (hpa == ULLONG_MAX || !spm_cxl_has_page(cxl, pfn))
		return;
	page = pfn_to_online_page(pfn);
	if (!page || PageHWPoison(page))
		return;

	/*
	 * Fails for a page that it can't take away from its user, as an SPM user's. But
	 * then the page is marked, which is all that is needed.
	 */
	rc = memory_failure(pfn, 0);
	if (!PageHWPoison(page)) {
		dev_err(cxl->dev, "%s: address %#llx is lost, and page %#lx stays in use: %pe\n",
			dev_name(&cxlmd->dev), dpa, pfn, ERR_PTR(rc));
		return;
	}
	dev_info(cxl->dev, "%s: address %#llx is lost, and with it page %#lx\n",
		 dev_name(&cxlmd->dev), dpa, pfn);
	guard(mutex)(&cxl->notify_lock);
	if (cxl->node)
		spm_notify_poisoned(cxl->node, 1);
}

static struct spm_cxl_lost *spm_cxl_next_lost(struct spm_cxl *cxl)
{
	struct spm_cxl_lost *lost;

	spin_lock(&cxl->lost_lock);
	lost = list_first_entry_or_null(&cxl->lost, struct spm_cxl_lost, list);
	if (lost) {
		list_del(&lost->list);
		cxl->nr_lost--;
	}
	spin_unlock(&cxl->lost_lock);
	return lost;
}

/* One page. Return: false if there is no more to be done, or not now. */
static bool spm_cxl_lose_some(struct spm_cxl *cxl)
{
	struct spm_cxl_lost *now;

	guard(mutex)(&cxl->hold_lock);
	if (cxl->held)
		return false;
	if (!cxl->now)
		cxl->now = spm_cxl_next_lost(cxl);
	now = cxl->now;
	if (!now)
		return false;

	spm_cxl_lose_page(cxl, now->cxlmd, now->dpa.start);
	/* At the end of the device it is not more than the region's, which is aligned. */
	now->dpa.start = ALIGN_DOWN(now->dpa.start, cxl->step) + cxl->step;
	if (now->dpa.start > now->dpa.end) {
		kfree(now);
		cxl->now = NULL;
	}
	return true;
}

/* ---- Dealing with what was heard ---- */

static int spm_cxl_read_list(struct spm_cxl *cxl, const struct cxl_region_target *target)
{
	const struct range *dpa = &target->dpa;
	const struct cxl_memdev_state *mds = to_cxl_memdev_state(target->cxlmd->cxlds);
	int rc;

	if (!mds || !test_bit(CXL_POISON_ENABLED_LIST, mds->poison.enabled_cmds))
		return 0;
	/* A device need not have one of volatile memory, and says this then. */
	rc = cxl_mem_get_poison(target->cxlmd, dpa->start, range_len(dpa), NULL);
	if (!rc || rc == -EFAULT)
		return 0;
	dev_err(cxl->dev, "%s: its poison list can't be read: %pe\n",
		dev_name(&target->cxlmd->dev), ERR_PTR(rc));
	return rc;
}

/**
 * spm_cxl_read_lists() - ask the devices of a region which of their memory is lost
 * @cxl: the region
 *
 * Context: Process context. May sleep.
 * Return: 0, also for devices that have no such list; -errno if one does not answer, and
 * then others may not have been asked.
 */
int spm_cxl_read_lists(struct spm_cxl *cxl)
{
	int i, rc = 0;

	for (i = 0; !rc && i < cxl->nr_targets; i++)
		rc = spm_cxl_read_list(cxl, &cxl->target[i]);
	return rc;
}

/**
 * spm_cxl_tell_removed() - all contents of the region are lost
 * @cxl: the region
 *
 * Returns when no task can read there any more.
 *
 * Context: Process context, not in an operation of the node. May sleep.
 */
void spm_cxl_tell_removed(struct spm_cxl *cxl)
{
	guard(mutex)(&cxl->notify_lock);
	if (!cxl->node)
		return;
	dev_err(cxl->dev, "its contents are lost\n");
	spm_notify(cxl->node, SPM_EVENT_REMOVED);
	spm_sync_removed(cxl->node);
}

static void spm_cxl_tell_ill(struct spm_cxl *cxl)
{
	guard(mutex)(&cxl->notify_lock);
	if (!cxl->node)
		return;
	dev_warn(cxl->dev, "a device says that it fails, or has less capacity: unbind it\n");
	spm_notify(cxl->node, SPM_EVENT_CAPACITY);
}

static void spm_cxl_work(struct work_struct *work)
{
	struct spm_cxl *cxl = container_of(work, struct spm_cxl, work);
	enum spm_cxl_health health;
	unsigned long nr_dropped;
	bool read_list;

	/* What is noted waits for the node, or nobody needs it any more. */
	scoped_guard(mutex, &cxl->notify_lock)
		if (!cxl->node)
			return;
	scoped_guard(spinlock, &cxl->lost_lock) {
		health = cxl->health;
		cxl->health = SPM_CXL_WELL;
		read_list = cxl->read_list;
		cxl->read_list = false;
		nr_dropped = cxl->nr_dropped;
		cxl->nr_dropped = 0;
	}
	if (health == SPM_CXL_DEAD)
		spm_cxl_tell_removed(cxl);
	else if (health == SPM_CXL_ILL)
		spm_cxl_tell_ill(cxl);
	if (nr_dropped)
		dev_err(cxl->dev, "%lu records of lost memory had no room: bind it again\n",
			nr_dropped);
	if (read_list)
		spm_cxl_read_lists(cxl);
	while (spm_cxl_lose_some(cxl))
		cond_resched();
}

/* ---- The node ---- */

/**
 * spm_cxl_hold() - keep pages from memory_failure(), or not any more
 * @cxl: the region
 * @held: no page is given to it when this returns; false: those that were held are
 *
 * Context: Process context. May sleep.
 */
void spm_cxl_hold(struct spm_cxl *cxl, bool held)
{
	scoped_guard(mutex, &cxl->hold_lock)
		cxl->held = held;
	if (!held)
		queue_work(system_unbound_wq, &cxl->work);
}

/**
 * spm_cxl_attach() - there is a node, and the core listens
 * @cxl: the region
 * @node: its node
 *
 * When it returns, no page is in use that the devices had lost before.
 *
 * Context: Process context. May sleep.
 */
void spm_cxl_attach(struct spm_cxl *cxl, struct spm_node *node)
{
	scoped_guard(mutex, &cxl->notify_lock)
		cxl->node = node;
	spm_cxl_hold(cxl, false);
	flush_work(&cxl->work);
}

/**
 * spm_cxl_release() - see struct spm_ops
 * @node: node of the region, which is gone
 *
 * Context: Process context. May sleep.
 */
void spm_cxl_release(struct spm_node *node)
{
	struct spm_cxl *cxl = spm_node_priv(node);

	guard(mutex)(&cxl->notify_lock);
	cxl->node = NULL;
}

/**
 * spm_cxl_media_init() - nothing is heard yet, and pages are held
 * @cxl: the region
 */
void spm_cxl_media_init(struct spm_cxl *cxl)
{
	INIT_LIST_HEAD(&cxl->list);
	mutex_init(&cxl->notify_lock);
	spin_lock_init(&cxl->lost_lock);
	INIT_LIST_HEAD(&cxl->lost);
	INIT_WORK(&cxl->work, spm_cxl_work);
	mutex_init(&cxl->hold_lock);
	cxl->held = true;
}

/**
 * spm_cxl_media_start() - hear what the region's devices tell
 * @cxl: the region
 *
 * Context: Process context. May sleep.
 */
void spm_cxl_media_start(struct spm_cxl *cxl)
{
	guard(mutex)(&spm_cxl_lock);
	list_add_tail(&cxl->list, &spm_cxl_all);
}

/**
 * spm_cxl_media_stop() - undo spm_cxl_media_start()
 * @cxl: the region. Its node is gone, or was never there.
 *
 * Context: Process context. May sleep.
 */
void spm_cxl_media_stop(struct spm_cxl *cxl)
{
	scoped_guard(mutex, &spm_cxl_lock)
		list_del(&cxl->list);
	cancel_work_sync(&cxl->work);
	do
		kfree(cxl->now);
	while ((cxl->now = spm_cxl_next_lost(cxl)));
}

/**
 * spm_cxl_get_on() - a region with memory behind an endpoint
 * @endpoint: a device of the CXL bus
 *
 * Context: Process context. May sleep.
 * Return: the region's dax device, with a reference; NULL if there is none.
 */
struct device *spm_cxl_get_on(const struct device *endpoint)
{
	const struct cxl_port *port;
	struct spm_cxl *cxl;
	int i;

	guard(mutex)(&spm_cxl_lock);
	list_for_each_entry(cxl, &spm_cxl_all, list) {
		for (i = 0; i < cxl->nr_targets; i++) {
			port = cxl->target[i].cxlmd->endpoint;
			if (port && &port->dev == endpoint)
				return get_device(cxl->dev);
		}
	}
	return NULL;
}
