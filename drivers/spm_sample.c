// SPDX-License-Identifier: GPL-2.0
/*
 * spm_sample: the smallest complete provider of an SPM node, for who writes a driver
 *
 * It takes memory that nobody uses, says that it can hold half of what it advertises, and
 * that each page takes half of its size. A device would know the one and the other, and
 * need not be told what is written. See Documentation/driver-api/spm.rst.
 */
#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/highmem.h>
#include <linux/memory.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/spm.h>
#include <linux/timekeeping.h>

static ulong start, size;
static int nid = NUMA_NO_NODE;
module_param(start, ulong, 0444);
MODULE_PARM_DESC(start, "Physical address of the memory");
module_param(size, ulong, 0444);
MODULE_PARM_DESC(size, "Its size in bytes: a multiple of a memory block's");
module_param(nid, int, 0444);
MODULE_PARM_DESC(nid, "NUMA node that it becomes, which has no other memory");

/**
 * struct sample - a device
 * @node: its node. Of the driver core's callbacks only.
 * @range: its memory. Constant.
 * @held: a bit for each page that holds something. Atomic.
 * @nr_held: number of these
 */
struct sample {
	struct spm_node *node;
	struct range range;
	unsigned long *held;
	atomic_long_t nr_held;
};

static unsigned long sample_index(const struct sample *s, unsigned long pfn)
{
	return pfn - PHYS_PFN(s->range.start);
}

/* What a device tells. The time first: what is written meanwhile may be in it or not. */
static int sample_read(struct spm_node *node, struct spm_telemetry *telemetry)
{
	struct sample *s = spm_node_priv(node);

	telemetry->as_of_ns = ktime_get_ns();
	telemetry->used_bytes = atomic_long_read(&s->nr_held) * PAGE_SIZE / 2;
	telemetry->physical_bytes = range_len(&s->range) / 2;
	return 0;
}

/* A device forgets pages, which are in nobody's use. */
static int sample_trim(struct spm_node *node, const unsigned long *pfn, unsigned int nr)
{
	struct sample *s = spm_node_priv(node);

	for (; nr; pfn++, nr--) {
		clear_highpage(pfn_to_page(*pfn));
		if (test_and_clear_bit(sample_index(s, *pfn), s->held))
			atomic_long_dec(&s->nr_held);
	}
	return 0;
}

/* A device sees writes by itself. */
static void sample_written(struct spm_node *node, unsigned long pfn)
{
	struct sample *s = spm_node_priv(node);

	if (!test_and_set_bit(sample_index(s, pfn), s->held))
		atomic_long_inc(&s->nr_held);
}

static const struct spm_ops sample_ops = {
	.read = sample_read,
	.trim = sample_trim,
	.written = sample_written,
};

/* Operations may be called before spm_register_node() returns, so it comes last. */
static int sample_probe(struct platform_device *pdev)
{
	struct spm_provider provider = {
		.name = "spm_sample",
		.owner = THIS_MODULE,
		.nid = nid,
		.coherent = true,	/* sample_written() is called before lines are gone */
		.ops = &sample_ops,
		.nr_ranges = 1,
	};
	struct sample *s = devm_kzalloc(&pdev->dev, sizeof(*s), GFP_KERNEL);

	if (!s)
		return -ENOMEM;
	s->held = devm_bitmap_zalloc(&pdev->dev, PHYS_PFN(size), GFP_KERNEL);
	if (!s->held)
		return -ENOMEM;
	s->range = (struct range) { .start = start, .end = start + size - 1 };
	provider.priv = s;
	provider.ranges = &s->range;
	s->node = spm_register_node(&provider);
	platform_set_drvdata(pdev, s);
	return PTR_ERR_OR_ZERO(s->node);
}

/* Without the node, or with a node that does without us: all of ours may go. */
static void sample_remove(struct platform_device *pdev)
{
	struct sample *s = platform_get_drvdata(pdev);

	spm_abandon_node(s->node);
}

static struct platform_driver sample_driver = {
	.driver.name = "spm_sample",
	.probe = sample_probe,
	.remove = sample_remove,
};

static struct platform_device *sample_device;

static int __init sample_init(void)
{
	int rc = platform_driver_register(&sample_driver);

	if (rc)
		return rc;
	sample_device = platform_device_register_simple("spm_sample", -1, NULL, 0);
	if (IS_ERR(sample_device))
		platform_driver_unregister(&sample_driver);
	return PTR_ERR_OR_ZERO(sample_device);
}
module_init(sample_init);

/* Never with a node that has our operations, as that holds a reference to the module. */
static void __exit sample_exit(void)
{
	platform_device_unregister(sample_device);
	platform_driver_unregister(&sample_driver);
}
module_exit(sample_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Sample provider of an SPM node");
