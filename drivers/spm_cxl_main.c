// SPDX-License-Identifier: GPL-2.0
/*
 * spm_cxl: SPM nodes from the memory of CXL devices
 *
 * A region of volatile memory that the CXL core has committed has a dax device. Bound to
 * this driver, that becomes an SPM node, as with spm_dax. Since the region's devices are
 * known, more is done: pages that a device has lost are taken out of use, a device that
 * goes is emptied before, what is freed is trimmed by the device, if it can, and one that
 * compresses tells what it holds, if we know how to ask.
 *
 * Here is how an instance is bound and goes, and the node's operations. spm_cxl_media.c has
 * what devices tell, spm_cxl_records.c what that means, spm_cxl_mbox.c what devices are
 * asked. For binding by name see spm_dax_lib.c. Documentation/admin-guide/spm_cxl.rst says
 * what is standard, and what is a guess.
 *
 * The CXL core takes a region apart before it removes the region's dax device: it resets
 * the decoders first, and what is read from then on is not what was written. So we look
 * for endpoints that are about to lose their driver, which precedes it, and unregister the
 * node there: see spm_cxl_bus_notify(). Between that and our remove operation, the
 * instance is bound and has no node.
 */
#include <linux/cacheflush.h>
#include <linux/device.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/memory.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/slab.h>
#include <linux/spm.h>
#include <linux/timekeeping.h>

#include "spm_cxl.h"
#include "spm_dax_lib.h"

/* ---- Operations of the node ---- */

static int spm_cxl_read(struct spm_node *node, struct spm_telemetry *telemetry)
{
	struct spm_cxl *cxl = spm_node_priv(node);
	struct spm_cxl_figures figures;
	u64 asked_ns = ktime_get_ns();
	int rc;

	guard(rwsem_read)(&cxl->busy);
	rc = spm_cxl_get_figures(spm_cxl_mailbox(cxl, 0), cxl->vendor, &figures);
	if (rc)
		return rc;
	telemetry->physical_bytes = figures.physical_bytes;
	telemetry->used_bytes = figures.used_bytes;
	telemetry->as_of_ns = spm_cxl_date(&cxl->clock, figures.refreshes, asked_ns);
	return 0;
}

/*
 * The region has one device. Lines that are in a cache must go first: those that were
 * written to would reach the device later.
 */
static unsigned int spm_cxl_ranges_of(const struct spm_cxl *cxl, const unsigned long *pfn,
				      unsigned int nr, struct range *ranges)
{
	u64 base = cxl->target[0].dpa.start - cxl->cxlr->params.res->start;
	unsigned int n = 0;
	u64 start;

	for (; nr; pfn++, nr--) {
#ifdef CONFIG_X86
		clflush_cache_range(page_address(pfn_to_page(*pfn)), PAGE_SIZE);
#endif
		start = base + PFN_PHYS(*pfn);
		if (!n || ranges[n - 1].end + 1 != start)
			ranges[n++].start = start;
		ranges[n - 1].end = start + PAGE_SIZE - 1;
	}
	return n;
}

static int spm_cxl_trim(struct spm_node *node, const unsigned long *pfn, unsigned int nr)
{
	struct spm_cxl *cxl = spm_node_priv(node);
	struct range ranges[SPM_TRIM_BATCH];

	guard(rwsem_read)(&cxl->busy);
	nr = spm_cxl_ranges_of(cxl, pfn, nr, ranges);
	return spm_cxl_zero(spm_cxl_mailbox(cxl, 0), &cxl->zero, ranges, nr);
}

/*
 * A device whose media is ready says so in its status register. Neither all ones nor all
 * zeroes do, which a bus returns when nobody answers.
 */
static bool spm_cxl_is_present(const struct cxl_region_target *target)
{
	const struct cxl_dev_state *cxlds = target->cxlmd->cxlds;

	return CXLMDEV_READY(readq(cxlds->regs.memdev + CXLMDEV_STATUS_OFFSET));
}

static bool spm_cxl_all_present(const struct spm_cxl *cxl)
{
	int i;

	for (i = 0; i < cxl->nr_targets; i++)
		if (!spm_cxl_is_present(&cxl->target[i]))
			return false;
	return true;
}

static bool spm_cxl_present(struct spm_node *node)
{
	return spm_cxl_all_present(spm_node_priv(node));
}

/* ---- What the devices can do ---- */

static int spm_cxl_check_health(struct spm_cxl *cxl, int i)
{
	struct device *dev = &cxl->target[i].cxlmd->dev;
	struct cxl_get_health_info info;
	int rc;

	rc = spm_cxl_get_health(spm_cxl_mailbox(cxl, i), &info);
	if (rc == -EOPNOTSUPP)
		return 0;
	if (rc) {
		dev_err(cxl->dev, "%s does not tell its health: %pe\n", dev_name(dev), ERR_PTR(rc));
		return rc;
	}
	if (spm_cxl_judge(&info) == SPM_CXL_WELL)
		return 0;
	dev_err(cxl->dev, "%s is not well: health status %#x, media status %#x\n", dev_name(dev),
		info.health_status, info.media_status);
	return -EIO;
}

/* A device that compresses advertises more than it holds: it must not pass for another. */
static int spm_cxl_check_vendor(struct spm_cxl *cxl, const struct dev_dax *dev_dax, int i)
{
	const struct cxl_region_target *target = &cxl->target[i];
	u64 bytes = range_len(&target->dpa), dax_bytes = 0;
	int r, rc;

	rc = spm_cxl_find_vendor(spm_cxl_mailbox(cxl, i), &cxl->vendor);
	if (rc)
		dev_err(cxl->dev, "%s does not tell which logs it has: %pe\n",
			dev_name(&target->cxlmd->dev), ERR_PTR(rc));
	if (rc || !cxl->vendor)
		return rc;

	/* Its figures are of all of it, so all of it must be this node's. */
	for (r = 0; r < dev_dax->nr_range; r++)
		dax_bytes += range_len(&dev_dax->ranges[r].range);
	if (cxl->nr_targets == 1 && dax_bytes == bytes &&
	    bytes == resource_size(&target->cxlmd->cxlds->ram_res))
		return 0;
	dev_err(cxl->dev, "%s compresses: region and dax device must be all of its memory alone\n",
		dev_name(&target->cxlmd->dev));
	return -EOPNOTSUPP;
}

/* Return: 0, also if it can't be trimmed; -errno if the device does not answer. */
static int spm_cxl_check_zero(struct spm_cxl *cxl)
{
	int rc;

	/* Where a page is in several devices is only known to the CXL core. */
	if (cxl->nr_targets > 1 || !IS_ENABLED(CONFIG_X86))
		return 0;
	rc = spm_cxl_find_zero(spm_cxl_mailbox(cxl, 0), &cxl->zero);
	if (rc)
		dev_err(cxl->dev, "%s does not tell its media operations: %pe\n",
			dev_name(&cxl->target[0].cxlmd->dev), ERR_PTR(rc));
	return rc;
}

static int spm_cxl_check_devices(struct spm_cxl *cxl, const struct dev_dax *dev_dax)
{
	int i, rc = 0;

	for (i = 0; !rc && i < cxl->nr_targets; i++) {
		rc = spm_cxl_check_health(cxl, i);
		if (!rc)
			rc = spm_cxl_check_vendor(cxl, dev_dax, i);
	}
	return rc ?: spm_cxl_check_zero(cxl);
}

static void spm_cxl_set_ops(struct spm_cxl *cxl)
{
	cxl->ops = (struct spm_ops) {
		.read = cxl->vendor ? spm_cxl_read : NULL,
		.trim = cxl->zero.granularity ? spm_cxl_trim : NULL,
		.present = spm_cxl_present,
		.release = spm_cxl_release,
	};
	dev_info(cxl->dev, "%d device%s, telemetry: %s, trim: %s\n", cxl->nr_targets,
		 cxl->nr_targets == 1 ? "" : "s", cxl->vendor ? cxl->vendor->name : "none",
		 cxl->ops.trim ? "media operations" : "none");
}

/*
 * Memory comes, and nobody can use it yet. What others have left there would take space in
 * a device that compresses. Not earlier: it may be in use until the core has it.
 */
static int spm_cxl_memory_notify(struct notifier_block *nb, unsigned long action, void *arg)
{
	const struct spm_cxl *cxl = container_of(nb, struct spm_cxl, memory_nb);
	const struct memory_notify *mn = arg;

	if (action == MEM_GOING_ONLINE && spm_cxl_has_page(cxl, mn->start_pfn))
		spm_dax_clear(mn);
	return NOTIFY_OK;
}

static struct spm_node *spm_cxl_register_node(struct dev_dax *dev_dax, struct spm_cxl *cxl,
					      const struct spm_provider *provider)
{
	struct spm_node *node;
	int rc;

	if (!cxl->vendor)
		return spm_dax_register_node(dev_dax, provider);
	cxl->memory_nb.notifier_call = spm_cxl_memory_notify;
	rc = register_memory_notifier(&cxl->memory_nb);
	if (rc)
		return ERR_PTR(rc);
	node = spm_dax_register_node(dev_dax, provider);
	unregister_memory_notifier(&cxl->memory_nb);
	return node;
}

/* ---- Binding ---- */

static void spm_cxl_free(struct spm_cxl *cxl)
{
	int i;

	for (i = 0; i < cxl->nr_targets; i++)
		put_device(&cxl->target[i].cxlmd->dev);
	kfree(cxl->ranges);
	kfree(cxl);
}

static struct spm_cxl *spm_cxl_new(struct dev_dax *dev_dax, struct cxl_region *cxlr)
{
	struct spm_cxl *cxl;
	int rc;

	cxl = kzalloc(sizeof(*cxl), GFP_KERNEL);
	if (!cxl)
		return ERR_PTR(-ENOMEM);
	rc = cxl_region_get_targets(cxlr, cxl->target);
	if (rc < 0) {
		kfree(cxl);
		return ERR_PTR(rc);
	}
	cxl->nr_targets = rc;
	cxl->dev = &dev_dax->dev;
	cxl->cxlr = cxlr;
	cxl->step = spm_cxl_step(cxlr->params.interleave_ways,
				 cxlr->params.interleave_granularity);
	init_rwsem(&cxl->busy);
	spm_cxl_media_init(cxl);
	return cxl;
}

static void spm_cxl_destroy(struct spm_cxl *cxl)
{
	spm_cxl_media_stop(cxl);
	/* None begins any more, but the core may have given up waiting for one. */
	down_write(&cxl->busy);
	up_write(&cxl->busy);
	spm_cxl_free(cxl);
}

static int spm_cxl_register(struct dev_dax *dev_dax, struct spm_cxl *cxl,
			    struct spm_provider *provider)
{
	struct spm_node *node;
	int rc;

	rc = spm_dax_describe(dev_dax, provider);
	if (rc)
		return rc;
	cxl->ranges = (struct range *)provider->ranges;
	cxl->nr_ranges = provider->nr_ranges;

	/* From here on, so that nothing is missed that comes after we have asked. */
	spm_cxl_media_start(cxl);
	rc = spm_cxl_check_devices(cxl, dev_dax);
	if (!rc)
		rc = spm_cxl_read_lists(cxl);
	if (rc)
		goto err;

	spm_cxl_set_ops(cxl);
	node = spm_cxl_register_node(dev_dax, cxl, provider);
	if (IS_ERR(node)) {
		rc = PTR_ERR(node);
		goto err;
	}
	spm_cxl_attach(cxl, node);
	return 0;

err:
	spm_cxl_media_stop(cxl);
	return rc;
}

static int spm_cxl_probe(struct dev_dax *dev_dax)
{
	struct spm_provider provider = {
		.name = "spm_cxl",
		.owner = THIS_MODULE,
	};
	struct device *dax_region = dev_dax->region->dev;
	struct spm_cxl *cxl;
	int rc;

	if (!dax_region->parent || !is_cxl_region(dax_region->parent)) {
		dev_err(&dev_dax->dev, "is of no CXL region that the kernel has made; spm_dax is for such\n");
		return -ENODEV;
	}
	cxl = spm_cxl_new(dev_dax, to_cxl_dax_region(dax_region)->cxlr);
	if (IS_ERR(cxl))
		return PTR_ERR(cxl);
	provider.ops = &cxl->ops;
	provider.priv = cxl;
	rc = spm_cxl_register(dev_dax, cxl, &provider);
	if (rc) {
		spm_cxl_free(cxl);
		return rc;
	}
	dev_set_drvdata(&dev_dax->dev, cxl);
	return 0;
}

static struct spm_node *spm_cxl_node(struct dev_dax *dev_dax)
{
	const struct spm_cxl *cxl = dev_get_drvdata(&dev_dax->dev);

	return cxl ? cxl->node : NULL;
}

static void spm_cxl_hold_dax(struct dev_dax *dev_dax, bool held)
{
	spm_cxl_hold(dev_get_drvdata(&dev_dax->dev), held);
}

static void spm_cxl_gone(struct dev_dax *dev_dax)
{
	struct spm_cxl *cxl = dev_get_drvdata(&dev_dax->dev);

	dev_set_drvdata(&dev_dax->dev, NULL);
	spm_cxl_destroy(cxl);
}

/* A device that has gone without a word is not asked for its contents any more. */
static void spm_cxl_remove(struct dev_dax *dev_dax)
{
	struct spm_cxl *cxl = dev_get_drvdata(&dev_dax->dev);

	if (!cxl)
		return;
	if (!spm_cxl_all_present(cxl))
		spm_cxl_tell_removed(cxl);
	spm_dax_remove(dev_dax);
}

static struct spm_dax_driver spm_cxl_driver = {
	.dax.probe = spm_cxl_probe,
	.dax.remove = spm_cxl_remove,
	.node = spm_cxl_node,
	.hold = spm_cxl_hold_dax,
	.gone = spm_cxl_gone,
};

/* ---- Devices that go ---- */

static void spm_cxl_leave(struct device *dev)
{
	guard(device)(dev);
	if (dev->driver == &spm_cxl_driver.dax.drv)
		spm_cxl_remove(to_dev_dax(dev));
}

static int spm_cxl_bus_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct device *dev;

	if (action != BUS_NOTIFY_UNBIND_DRIVER)
		return NOTIFY_DONE;
	while ((dev = spm_cxl_get_on(data))) {
		spm_cxl_leave(dev);
		put_device(dev);
	}
	return NOTIFY_OK;
}

static struct notifier_block spm_cxl_bus_nb = {
	.notifier_call = spm_cxl_bus_notify,
};

static int __init spm_cxl_init(void)
{
	int rc;

	rc = spm_cxl_media_listen();
	if (rc)
		return rc;
	rc = bus_register_notifier(&cxl_bus_type, &spm_cxl_bus_nb);
	if (rc)
		goto err_media;
	rc = spm_dax_driver_register(&spm_cxl_driver);
	if (rc)
		goto err_bus;
	return 0;

err_bus:
	bus_unregister_notifier(&cxl_bus_type, &spm_cxl_bus_nb);
err_media:
	spm_cxl_media_ignore();
	return rc;
}
module_init(spm_cxl_init);

/* Never with a node registered, as that holds a reference to the module. */
static void __exit spm_cxl_exit(void)
{
	spm_dax_driver_unregister(&spm_cxl_driver);
	bus_unregister_notifier(&cxl_bus_type, &spm_cxl_bus_nb);
	spm_cxl_media_ignore();
}
module_exit(spm_cxl_exit);

MODULE_IMPORT_NS(CXL);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("SPM nodes from the memory of CXL devices");
