// SPDX-License-Identifier: GPL-2.0
/*
 * spm_dax: SPM nodes from device-dax instances
 *
 * Soft-reserved memory (EFI_MEMORY_SP, memmap=) and CXL regions show up as
 * device-dax instances. This driver hands the memory of one instance to the SPM
 * core. It has no telemetry and does not trim: physical capacity is taken to be
 * what the instance advertises.
 *
 * Nothing is bound on its own: which memory is special is the administrator's
 * decision, by writing the instance's name to the driver's "bind".
 *
 * Unbinding has to move the data away first, which can fail. The driver core's
 * unbind can't. So the driver has bind and unbind files of its own in place of
 * the driver core's, with the same names and the same use: unbind returns an
 * error, and leaves node and instance bound, if the data can't be moved. When
 * the instance goes away regardless (its CXL region is destroyed, say), a node
 * that can't be evacuated stays until the next reboot, as with dax/kmem.
 */
#include <linux/device.h>
#include <linux/device/driver.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spm.h>

#include "bus.h"
#include "dax-private.h"

/* Of no region's type, so that the bus matches no instance on its own. */
#define SPM_DAX_TYPE	((enum dax_driver_type)-1)

/* Memory blocks only; what is left over at either end is not used. */
static bool spm_dax_range(const struct dev_dax *dev_dax, int i, struct range *r)
{
	const struct range *range = &dev_dax->ranges[i].range;

	r->start = ALIGN(range->start, memory_block_size_bytes());
	r->end = ALIGN_DOWN(range->end + 1, memory_block_size_bytes()) - 1;
	return r->start < r->end;
}

static int spm_dax_ranges(struct dev_dax *dev_dax, struct range *ranges)
{
	struct device *dev = &dev_dax->dev;
	u64 lost;
	int i, nr = 0;

	for (i = 0; i < dev_dax->nr_range; i++) {
		lost = range_len(&dev_dax->ranges[i].range);
		if (spm_dax_range(dev_dax, i, &ranges[nr]))
			lost -= range_len(&ranges[nr++]);
		if (lost)
			dev_info(dev, "mapping%d: %#llx bytes are not used, memory blocks have %#lx\n",
				 i, lost, memory_block_size_bytes());
	}
	return nr;
}

static int spm_dax_probe(struct dev_dax *dev_dax)
{
	struct device *dev = &dev_dax->dev;
	struct spm_provider provider = {
		.name = "spm_dax",
		.owner = THIS_MODULE,
		.nid = dev_dax->target_node,
		.priv = dev_dax,
	};
	struct spm_node *node;
	struct range *ranges;

	ranges = kcalloc(dev_dax->nr_range, sizeof(*ranges), GFP_KERNEL);
	if (!ranges)
		return -ENOMEM;

	provider.ranges = ranges;
	provider.nr_ranges = spm_dax_ranges(dev_dax, ranges);
	if (provider.nr_ranges)
		node = spm_register_node(&provider);
	else
		node = ERR_PTR(-EINVAL);
	kfree(ranges);
	if (IS_ERR(node)) {
		dev_err(dev, "node %d: no SPM node of this memory: %pe\n",
			dev_dax->target_node, node);
		return PTR_ERR(node);
	}

	dev_set_drvdata(dev, node);
	return 0;
}

/* Under the device lock. 0, and nothing to do any more, if it has gone. */
static int spm_dax_unregister(struct device *dev)
{
	struct spm_node *node = dev_get_drvdata(dev);
	int rc;

	if (!node)
		return 0;
	rc = spm_unregister_node(node);
	if (!rc)
		dev_set_drvdata(dev, NULL);
	return rc;
}

static void spm_dax_remove(struct dev_dax *dev_dax)
{
	struct device *dev = &dev_dax->dev;
	int rc = spm_dax_unregister(dev);

	if (rc)
		dev_err(dev, "node %d stays until the next reboot: %d\n",
			dev_dax->target_node, rc);
}

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

static ssize_t unbind_store(struct device_driver *drv, const char *buf,
			    size_t count)
{
	struct device *dev;
	int rc = -ENODEV;

	dev = bus_find_device_by_name(drv->bus, NULL, buf);
	if (!dev)
		return -ENODEV;

	device_lock(dev);
	if (dev->driver == drv)
		rc = spm_dax_unregister(dev);
	device_unlock(dev);

	/* Nobody else binds it in between: it still has this driver. */
	if (!rc)
		device_release_driver(dev);
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

static struct dax_device_driver spm_dax_driver = {
	.drv = {
		.suppress_bind_attrs = true,
		.groups = spm_dax_groups,
	},
	.type = SPM_DAX_TYPE,
	.probe = spm_dax_probe,
	.remove = spm_dax_remove,
};

static int __init spm_dax_init(void)
{
	return dax_driver_register(&spm_dax_driver);
}
module_init(spm_dax_init);

/* Never with a node registered, as that holds a reference to the module. */
static void __exit spm_dax_exit(void)
{
	dax_driver_unregister(&spm_dax_driver);
}
module_exit(spm_dax_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("SPM nodes from device-dax instances");
