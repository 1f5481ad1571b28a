// SPDX-License-Identifier: GPL-2.0
/*
 * spm_dax: SPM nodes from device-dax instances
 *
 * Soft-reserved memory (EFI_MEMORY_SP, memmap=) and CXL regions show up as
 * device-dax instances. This driver hands the memory of one instance to the SPM
 * core. It has no telemetry and does not trim: physical capacity is taken to be
 * what the instance advertises.
 *
 * For how instances are bound and unbound see spm_dax_lib.c.
 */
#include <linux/device.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spm.h>

#include "spm_dax_lib.h"

static int spm_dax_probe(struct dev_dax *dev_dax)
{
	struct spm_provider provider = {
		.name = "spm_dax",
		.owner = THIS_MODULE,
		.priv = dev_dax,
	};
	struct spm_node *node;
	int rc;

	rc = spm_dax_describe(dev_dax, &provider);
	if (rc)
		return rc;
	node = spm_dax_register_node(dev_dax, &provider);
	kfree(provider.ranges);
	if (IS_ERR(node))
		return PTR_ERR(node);

	dev_set_drvdata(&dev_dax->dev, node);
	return 0;
}

static struct spm_node *spm_dax_node(struct dev_dax *dev_dax)
{
	return dev_get_drvdata(&dev_dax->dev);
}

static void spm_dax_gone(struct dev_dax *dev_dax)
{
	dev_set_drvdata(&dev_dax->dev, NULL);
}

static struct spm_dax_driver spm_dax_driver = {
	.dax.probe = spm_dax_probe,
	.node = spm_dax_node,
	.gone = spm_dax_gone,
};

static int __init spm_dax_init(void)
{
	return spm_dax_driver_register(&spm_dax_driver);
}
module_init(spm_dax_init);

/* Never with a node registered, as that holds a reference to the module. */
static void __exit spm_dax_exit(void)
{
	spm_dax_driver_unregister(&spm_dax_driver);
}
module_exit(spm_dax_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("SPM nodes from device-dax instances");
/*
 * Loaded when there is an instance, as device_dax and kmem are, so that
 * drivers/spm_dax/bind is there. It takes only what is bound to it.
 */
MODULE_ALIAS_DAX_DEVICE(0);
