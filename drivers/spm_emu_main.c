// SPDX-License-Identifier: GPL-2.0
/*
 * spm_emu: an emulated device with compressed memory, as an SPM node
 *
 * Makes an SPM node of a device-dax instance, as spm_dax does, and behaves like
 * a device that compresses what is written there: it advertises more than it
 * can hold, tells totals only, and late, and loses what does not fit. It is to
 * try and test everything without hardware, and to be copied by those who write
 * a driver for hardware: they need spm_emu_report.c only in part (reading and
 * events come from the device), and the rest of the emulation not at all.
 *
 * It is not a way to have more memory: what it "compresses" takes as much as
 * before, and is compressed only to see what it would take. Nor is it a model of
 * how fast such a device is.
 *
 *   spm_emu_main.c		parameters, binding and unbinding
 *   spm_emu_contents.c		what the device holds: writes, trims, losses
 *   spm_emu_report.c		what it tells: telemetry, events, capacity
 *   spm_emu_sweep.c		whether it was told of all that it holds
 *   spm_emu_debugfs.c		looking into it, making it misbehave
 *
 * struct spm_emu is a device. It exists from before its node is registered, as
 * the core may use it before it knows the node, until after the node is gone.
 *
 * For locking see spm_emu.h.
 */
#include <linux/device.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/spm.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "spm_dax_lib.h"
#include "spm_emu.h"

/* ---- Parameters ---- */

/**
 * struct spm_emu_param - a number for the devices that are bound from now on
 * @value: the number. A word on its own: read by READ_ONCE, written by
 *	WRITE_ONCE.
 * @min: the smallest that makes sense. Constant.
 * @max: the largest. Constant.
 */
struct spm_emu_param {
	u32 value;
	u32 min;
	u32 max;
};

static int spm_emu_param_set(const char *val, const struct kernel_param *kp)
{
	struct spm_emu_param *param = kp->arg;
	u32 value;
	int rc;

	rc = kstrtou32(val, 0, &value);
	if (rc)
		return rc;
	if (value < param->min || value > param->max)
		return -ERANGE;
	WRITE_ONCE(param->value, value);
	return 0;
}

static int spm_emu_param_get(char *buf, const struct kernel_param *kp)
{
	const struct spm_emu_param *param = kp->arg;

	return sysfs_emit(buf, "%u\n", READ_ONCE(param->value));
}

static const struct kernel_param_ops spm_emu_param_ops = {
	.set = spm_emu_param_set,
	.get = spm_emu_param_get,
};

static struct spm_emu_param spm_emu_ratio_permille = { 2000, 1000, 8000 };
module_param_cb(ratio_permille, &spm_emu_param_ops, &spm_emu_ratio_permille, 0644);
MODULE_PARM_DESC(ratio_permille,
		 "Logical to physical capacity, per mille, 1000-8000. Default: 2000");

static struct spm_emu_param spm_emu_fixed_permille = { 2000, 1000, 8000 };
module_param_cb(fixed_permille, &spm_emu_param_ops, &spm_emu_fixed_permille, 0644);
MODULE_PARM_DESC(fixed_permille,
		 "How well each page compresses in the model \"fixed\", per mille, 1000-8000. Default: 2000");

static struct spm_emu_param spm_emu_lag_ms = { 10, 0, 10000 };
module_param_cb(lag_ms, &spm_emu_param_ops, &spm_emu_lag_ms, 0644);
MODULE_PARM_DESC(lag_ms,
		 "How long the device takes to notice writes, in ms, 0-10000. A jiffy at least. Default: 10");

static struct spm_emu_param spm_emu_refresh_ms = { 20, 1, 10000 };
module_param_cb(refresh_ms, &spm_emu_param_ops, &spm_emu_refresh_ms, 0644);
MODULE_PARM_DESC(refresh_ms,
		 "Time between refreshes of the telemetry, in ms, 1-10000. Default: 20");

static struct spm_emu_param spm_emu_notice_ms = { 2000, 0, 60000 };
module_param_cb(notice_ms, &spm_emu_param_ops, &spm_emu_notice_ms, 0644);
MODULE_PARM_DESC(notice_ms,
		 "Time from telling that capacity shrinks until it does, in ms, 0-60000. Default: 2000");

static struct spm_emu_param spm_emu_coherent = { 1, 0, 1 };
module_param_cb(coherent, &spm_emu_param_ops, &spm_emu_coherent, 0644);
MODULE_PARM_DESC(coherent,
		 "Whether it notices what is still in a cache, 0-1. If not, the core writes lines back. Default: 1");

const char *const spm_emu_model_names[] = {
	[SPM_EMU_LZ4] = "lz4",
	[SPM_EMU_FIXED] = "fixed",
};

/* As struct spm_emu_param. */
static enum spm_emu_model spm_emu_model = SPM_EMU_LZ4;

static int spm_emu_model_set(const char *val, const struct kernel_param *kp)
{
	int model = __sysfs_match_string(spm_emu_model_names,
					 ARRAY_SIZE(spm_emu_model_names), val);

	if (model < 0)
		return model;
	WRITE_ONCE(spm_emu_model, model);
	return 0;
}

static int spm_emu_model_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n",
			  spm_emu_model_names[READ_ONCE(spm_emu_model)]);
}

static const struct kernel_param_ops spm_emu_model_ops = {
	.set = spm_emu_model_set,
	.get = spm_emu_model_get,
};

module_param_cb(model, &spm_emu_model_ops, NULL, 0644);
MODULE_PARM_DESC(model,
		 "How much space a page takes: \"lz4\", as it compresses, or \"fixed\". Default: lz4");

static void spm_emu_config_get(struct spm_emu_config *config)
{
	/* READ_ONCE: pairs with WRITE_ONCE where they are set. */
	config->model = READ_ONCE(spm_emu_model);
	config->ratio_permille = READ_ONCE(spm_emu_ratio_permille.value);
	config->fixed_permille = READ_ONCE(spm_emu_fixed_permille.value);
	config->lag_ms = READ_ONCE(spm_emu_lag_ms.value);
	config->refresh_ms = READ_ONCE(spm_emu_refresh_ms.value);
	config->notice_ms = READ_ONCE(spm_emu_notice_ms.value);
}

/* ---- Devices ---- */

static void spm_emu_set_ranges(struct spm_emu *emu,
			       const struct spm_provider *provider)
{
	struct spm_emu_range *r;
	int i;

	emu->nr_ranges = provider->nr_ranges;
	for (i = 0; i < emu->nr_ranges; i++) {
		r = &emu->range[i];
		r->start_pfn = PHYS_PFN(provider->ranges[i].start);
		r->nr_pages = PHYS_PFN(range_len(&provider->ranges[i]));
		r->first = emu->nr_pages;
		emu->nr_pages += r->nr_pages;
	}
}

static void spm_emu_set_capacity(struct spm_emu *emu)
{
	const struct spm_emu_config *config = &emu->config;

	emu->logical_bytes = PFN_PHYS(emu->nr_pages);
	emu->physical_bytes = mul_u64_u32_div(emu->logical_bytes, 1000,
					      config->ratio_permille);
	emu->enforced_bytes = emu->physical_bytes;
	emu->page_bytes = PAGE_SIZE * 1000 / config->fixed_permille;
}

static int spm_emu_init_resources(struct spm_emu *emu, const char *name)
{
	emu->name = kstrdup(name, GFP_KERNEL);
	emu->cpu = alloc_percpu(struct spm_emu_cpu);
	emu->wq = alloc_workqueue("spm_emu/%s",
				  WQ_UNBOUND | WQ_MEM_RECLAIM | WQ_HIGHPRI, 0,
				  name);
	return emu->name && emu->cpu && emu->wq ? 0 : -ENOMEM;
}

static void spm_emu_free_resources(struct spm_emu *emu)
{
	if (emu->wq)
		destroy_workqueue(emu->wq);
	free_percpu(emu->cpu);
	kfree(emu->name);
}

/* An empty device with the provider's ranges, running, and without a node. */
static struct spm_emu *spm_emu_new(const char *name,
				   const struct spm_provider *provider)
{
	struct spm_emu *emu;
	int rc;

	emu = kzalloc(struct_size(emu, range, provider->nr_ranges), GFP_KERNEL);
	if (!emu)
		return ERR_PTR(-ENOMEM);

	init_rwsem(&emu->busy);
	spm_emu_config_get(&emu->config);
	spm_emu_set_ranges(emu, provider);
	spm_emu_set_capacity(emu);
	rc = spm_emu_init_resources(emu, name);
	if (!rc)
		rc = spm_emu_contents_init(emu);
	if (rc) {
		spm_emu_free_resources(emu);
		kfree(emu);
		return ERR_PTR(rc);
	}
	spm_emu_report_init(emu);

	spm_emu_contents_start(emu);
	spm_emu_report_start(emu);
	return emu;
}

static void spm_emu_destroy(struct spm_emu *emu)
{
	/* None begins any more, but the core may have given up waiting for one. */
	down_write(&emu->busy);
	up_write(&emu->busy);
	spm_emu_contents_stop(emu);
	spm_emu_report_stop(emu);
	spm_emu_contents_destroy(emu);
	spm_emu_free_resources(emu);
	kfree(emu);
}

/* ---- Binding ---- */

static const struct spm_ops spm_emu_ops = {
	.read = spm_emu_read,
	.set_thresholds = spm_emu_set_thresholds,
	.trim = spm_emu_trim,
	.written = spm_emu_written,
	.present = spm_emu_present,
	.release = spm_emu_release,
};

static int spm_emu_register(struct dev_dax *dev_dax,
			    struct spm_provider *provider)
{
	struct device *dev = &dev_dax->dev;
	struct spm_node *node;
	struct spm_emu *emu;

	emu = spm_emu_new(dev_name(dev), provider);
	if (IS_ERR(emu))
		return PTR_ERR(emu);

	provider->priv = emu;
	node = spm_dax_register_node(dev_dax, provider);
	if (IS_ERR(node)) {
		spm_emu_destroy(emu);
		return PTR_ERR(node);
	}

	spm_emu_attach(emu, node);
	spm_emu_debugfs_add(emu);
	dev_set_drvdata(dev, emu);
	return 0;
}

static int spm_emu_probe(struct dev_dax *dev_dax)
{
	struct spm_provider provider = {
		.name = "spm_emu",
		.owner = THIS_MODULE,
		.coherent = READ_ONCE(spm_emu_coherent.value),	/* vs its writers */
		.ops = &spm_emu_ops,
	};
	int rc;

	rc = spm_dax_describe(dev_dax, &provider);
	if (rc)
		return rc;
	rc = spm_emu_register(dev_dax, &provider);
	kfree(provider.ranges);
	return rc;
}

static struct spm_node *spm_emu_node(struct dev_dax *dev_dax)
{
	const struct spm_emu *emu = dev_get_drvdata(&dev_dax->dev);

	return emu ? emu->node : NULL;
}

static void spm_emu_gone(struct dev_dax *dev_dax)
{
	struct spm_emu *emu = dev_get_drvdata(&dev_dax->dev);

	dev_set_drvdata(&dev_dax->dev, NULL);
	spm_emu_debugfs_del(emu);
	spm_emu_destroy(emu);
}

static struct spm_dax_driver spm_emu_driver = {
	.dax.probe = spm_emu_probe,
	.node = spm_emu_node,
	.gone = spm_emu_gone,
};

static int __init spm_emu_init(void)
{
	int rc;

	spm_emu_debugfs_init();
	rc = spm_dax_driver_register(&spm_emu_driver);
	if (rc)
		spm_emu_debugfs_exit();
	return rc;
}
module_init(spm_emu_init);

/* Never with a node registered, as that holds a reference to the module. */
static void __exit spm_emu_exit(void)
{
	spm_dax_driver_unregister(&spm_emu_driver);
	spm_emu_debugfs_exit();
}
module_exit(spm_emu_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Emulated compressed memory as an SPM node");
