// SPDX-License-Identifier: GPL-2.0
/*
 * What drivers that make SPM nodes of device-dax instances share: which part of
 * an instance's memory can be a node, and how an instance is bound and unbound.
 *
 * It is not a driver, and knows nothing about telemetry.
 *
 * Nothing is bound on its own: which memory is special is the administrator's
 * decision, by writing the instance's name to the driver's "bind".
 *
 * Unbinding has to move the data away first, which can fail. The driver core's
 * unbind can't. So these drivers have bind and unbind files of their own in
 * place of the driver core's, with the same names and the same use: unbind
 * returns an error, and leaves node and instance bound, if the data can't be
 * moved. When the instance goes away regardless, a node that can't be evacuated stays,
 * without a driver: until it can be, and the instance is bound again, or until the next
 * reboot, as with dax/kmem. A CXL region's memory does not work any more then, so what is
 * there is lost.
 */
#include <linux/device.h>
#include <linux/device/driver.h>
#include <linux/highmem.h>
#include <linux/memory.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/xarray.h>

#include "spm_dax_lib.h"

/* Of no region's type, so that the bus matches no instance on its own. */
#define SPM_DAX_TYPE	((enum dax_driver_type)-1)

/* ---- Memory ---- */

/*
 * Memory blocks only; what is left over at either end is not used. Return: false if
 * there is no whole block in @range, which may be less than one above address 0, or
 * below the last address.
 */
static bool spm_dax_blocks(const struct range *range, u64 block_bytes,
			   struct range *blocks)
{
	u64 start = ALIGN(range->start, block_bytes);
	u64 end = ALIGN_DOWN(range->end + 1, block_bytes);

	if (start < range->start || start >= end)
		return false;
	*blocks = (struct range) { .start = start, .end = end - 1 };
	return true;
}

static int spm_dax_ranges(struct dev_dax *dev_dax, struct range *ranges)
{
	struct device *dev = &dev_dax->dev;
	const struct range *range;
	u64 lost;
	int i, nr = 0;

	for (i = 0; i < dev_dax->nr_range; i++) {
		range = &dev_dax->ranges[i].range;
		lost = range_len(range);
		if (spm_dax_blocks(range, memory_block_size_bytes(), &ranges[nr]))
			lost -= range_len(&ranges[nr++]);
		if (lost)
			dev_info(dev, "mapping%d: %#llx bytes are not used, memory blocks have %#lx\n",
				 i, lost, memory_block_size_bytes());
	}
	return nr;
}

/**
 * spm_dax_describe() - tell which memory of an instance can be a node
 * @dev_dax: the instance
 * @provider: its node id and ranges are set. There may be no range at all, then
 *	it can't be registered.
 *
 * Context: Process context, under the device lock. May sleep.
 * Return: 0, and the caller frees @provider->ranges with kfree(); -ENOMEM.
 */
int spm_dax_describe(struct dev_dax *dev_dax, struct spm_provider *provider)
{
	struct range *ranges;

	ranges = kcalloc(dev_dax->nr_range, sizeof(*ranges), GFP_KERNEL);
	if (!ranges)
		return -ENOMEM;

	provider->dev = &dev_dax->dev;
	provider->nid = dev_dax->target_node;
	provider->nr_ranges = spm_dax_ranges(dev_dax, ranges);
	provider->ranges = ranges;
	return 0;
}
EXPORT_SYMBOL_GPL(spm_dax_describe);

/**
 * spm_dax_register_node() - make an SPM node, and say if that fails
 * @dev_dax: the instance
 * @provider: as spm_dax_describe() has completed it
 *
 * Context: Process context, under the device lock. May sleep.
 * Return: as spm_register_node() does.
 */
struct spm_node *spm_dax_register_node(struct dev_dax *dev_dax,
				       const struct spm_provider *provider)
{
	struct spm_node *node = spm_register_node(provider);

	if (IS_ERR(node))
		dev_err(&dev_dax->dev, "node %d: no SPM node of this memory: %pe\n",
			provider->nid, node);
	return node;
}
EXPORT_SYMBOL_GPL(spm_dax_register_node);

/**
 * spm_dax_clear() - overwrite memory that comes, whatever another driver has left there
 * @mn: what a memory notifier is told before it comes online: nobody can use it yet
 *
 * Context: Process context. May sleep.
 */
void spm_dax_clear(const struct memory_notify *mn)
{
	unsigned long i;

	for (i = 0; i < mn->nr_pages; i++) {
		clear_highpage(pfn_to_page(mn->start_pfn + i));
		cond_resched();
	}
}
EXPORT_SYMBOL_GPL(spm_dax_clear);

/* ---- Binding ---- */

static const struct spm_dax_driver *to_spm_dax_driver(const struct device *dev)
{
	return container_of(dev->driver, struct spm_dax_driver, dax.drv);
}

static void spm_dax_hold(struct dev_dax *dev_dax, bool held)
{
	const struct spm_dax_driver *driver = to_spm_dax_driver(&dev_dax->dev);

	if (driver->hold)
		driver->hold(dev_dax, held);
}

/* Return: 0, also if there is no node; -errno, with everything as it was. */
static int spm_dax_unregister_node(struct device *dev)
{
	const struct spm_dax_driver *driver = to_spm_dax_driver(dev);
	struct dev_dax *dev_dax = to_dev_dax(dev);
	struct spm_node *node = driver->node(dev_dax);
	int rc;

	device_lock_assert(dev);

	if (!node)
		return 0;
	spm_dax_hold(dev_dax, true);
	rc = spm_unregister_node(node);
	if (rc)
		spm_dax_hold(dev_dax, false);
	else
		driver->gone(dev_dax);
	return rc;
}

/* The same for who can't fail; there is a node. */
static void spm_dax_abandon_node(struct dev_dax *dev_dax)
{
	const struct spm_dax_driver *driver = to_spm_dax_driver(&dev_dax->dev);

	spm_dax_hold(dev_dax, true);
	spm_abandon_node(driver->node(dev_dax));
	driver->gone(dev_dax);
}

/* Of CXL, without a need for what that has. */
static bool spm_dax_is_of_cxl(const struct dev_dax *dev_dax)
{
	const struct device *parent = dev_dax->region->dev->parent;

	return parent && parent->bus && !strcmp(parent->bus->name, "cxl");
}

/**
 * spm_dax_remove() - have an instance without its node, which nobody can refuse
 * @dev_dax: the instance, which is bound to a driver, with or without a node
 *
 * What can't be moved away stays there, without a driver. A CXL region's addresses lead
 * nowhere once it is taken apart, though. There it is lost, and who touches it has to know.
 *
 * Context: Process context, under the device lock. May sleep.
 */
void spm_dax_remove(struct dev_dax *dev_dax)
{
	struct spm_node *node = to_spm_dax_driver(&dev_dax->dev)->node(dev_dax);

	if (!node)
		return;
	if (spm_dax_is_of_cxl(dev_dax)) {
		if (!spm_dax_unregister_node(&dev_dax->dev))
			return;
		dev_err(&dev_dax->dev, "what could not be moved away is lost\n");
		spm_notify(node, SPM_EVENT_REMOVED);
		spm_sync_removed(node);
	}
	spm_dax_abandon_node(dev_dax);
}
EXPORT_SYMBOL_GPL(spm_dax_remove);

static ssize_t bind_store(struct device_driver *drv, const char *buf, size_t count)
{
	struct device *dev;
	int rc;

	dev = bus_find_device_by_name(drv->bus, NULL, buf);
	if (!dev)
		return -ENODEV;
	rc = device_driver_attach(drv, dev);
	put_device(dev);
	return rc ?: count;
}

static struct driver_attribute driver_attr_bind =
	__ATTR_IGNORE_LOCKDEP(bind, 0200, NULL, bind_store);

/* Instances that are being unbound by a write. Has a lock of its own. */
static DEFINE_XARRAY(spm_dax_unbinding);

/*
 * An instance is unbound by one writer at a time: a second one would find no node, and take
 * the driver away from whoever has bound the instance since, without moving anything first.
 */
static int spm_dax_unbind(struct device_driver *drv, struct device *dev)
{
	int rc = xa_insert(&spm_dax_unbinding, (unsigned long)dev, dev, GFP_KERNEL);

	if (rc)				/* -EBUSY: another writer is at it */
		return rc;
	device_lock(dev);
	rc = dev->driver == drv ? spm_dax_unregister_node(dev) : -ENODEV;
	device_unlock(dev);

	/* Nobody else binds it in between: it still has this driver. */
	if (!rc)
		device_release_driver(dev);
	xa_erase(&spm_dax_unbinding, (unsigned long)dev);
	return rc;
}

static ssize_t unbind_store(struct device_driver *drv, const char *buf,
			    size_t count)
{
	struct device *dev;
	int rc;

	dev = bus_find_device_by_name(drv->bus, NULL, buf);
	if (!dev)
		return -ENODEV;
	rc = spm_dax_unbind(drv, dev);
	put_device(dev);
	return rc ?: count;
}

static struct driver_attribute driver_attr_unbind =
	__ATTR_IGNORE_LOCKDEP(unbind, 0200, NULL, unbind_store);

static struct attribute *spm_dax_attrs[] = {
	&driver_attr_bind.attr,
	&driver_attr_unbind.attr,
	NULL
};
ATTRIBUTE_GROUPS(spm_dax);

/**
 * __spm_dax_driver_register() - see spm_dax_driver_register()
 * @driver: the driver; its dax.probe, node and gone are set
 * @module: module that it is in
 * @mod_name: its name, and the driver's
 *
 * Context: Process context. May sleep.
 * Return: 0 or -errno.
 */
int __spm_dax_driver_register(struct spm_dax_driver *driver,
			      struct module *module, const char *mod_name)
{
	driver->dax.drv.suppress_bind_attrs = true;
	driver->dax.drv.groups = spm_dax_groups;
	driver->dax.type = SPM_DAX_TYPE;
	if (!driver->dax.remove)
		driver->dax.remove = spm_dax_remove;
	return __dax_driver_register(&driver->dax, module, mod_name);
}
EXPORT_SYMBOL_GPL(__spm_dax_driver_register);

/**
 * spm_dax_driver_unregister() - undo spm_dax_driver_register()
 * @driver: the driver; none of its nodes is registered, as each holds a
 *	reference to the driver's module
 *
 * Context: Process context. May sleep.
 */
void spm_dax_driver_unregister(struct spm_dax_driver *driver)
{
	dax_driver_unregister(&driver->dax);
}
EXPORT_SYMBOL_GPL(spm_dax_driver_unregister);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("SPM nodes from device-dax instances: what drivers share");

#ifdef CONFIG_SPM_KUNIT_TEST
#include "../../../mm/spm/tests/dax_kunit.h"
#endif
