// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of copies from and to SPM nodes: does the kernel see that a device was gone
 * when it was read, or will not give back what was written?
 */
#include <linux/mm.h>
#include <linux/spm_hooks.h>

#include "kunit.h"

#define SPM_COPY_KUNIT_PATTERN	0xa5

/**
 * struct spm_copy_device - a device that is asked if it is there
 * @gone: it is not
 * @nr_asked: how often it was asked
 */
struct spm_copy_device {
	bool gone;
	int nr_asked;
};

static struct spm_copy_device *spm_copy_device_of(struct kunit *test)
{
	return ((struct spm_kunit *)test->priv)->priv;
}

static bool spm_copy_op_present(struct spm_node *node)
{
	struct spm_copy_device *device = spm_copy_device_of(spm_node_priv(node));

	device->nr_asked++;
	return !device->gone;
}

static int spm_copy_init(struct kunit *test)
{
	int rc = spm_kunit_init(test);
	struct spm_kunit *t = test->priv;

	if (rc)
		return rc;
	t->priv = kunit_kzalloc(test, sizeof(struct spm_copy_device), GFP_KERNEL);
	if (!t->priv)
		return -ENOMEM;
	t->ops.present = spm_copy_op_present;
	spm_kunit_register(test, 0);
	return 0;
}

static struct page *spm_copy_dram_page(struct kunit *test)
{
	unsigned long addr = (unsigned long)kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NE(test, addr, 0UL);
	KUNIT_ASSERT_TRUE(test, PAGE_ALIGNED(addr));
	memset((void *)addr, SPM_COPY_KUNIT_PATTERN, PAGE_SIZE);
	return virt_to_page((void *)addr);
}

static struct page *spm_copy_spm_page(struct kunit *test)
{
	struct folio *folio = spm_kunit_alloc(test);

	KUNIT_ASSERT_NOT_NULL(test, folio);
	return &folio->page;
}

/*
 * Tests that a device is asked when any line of what was read from it is all ones: others
 * may have been in a cache. And that it is not asked without that.
 */
static void spm_copy_test_lines(struct kunit *test)
{
	struct spm_copy_device *device = spm_copy_device_of(test);
	struct page *from = spm_copy_spm_page(test), *to = spm_copy_dram_page(test);
	size_t at;

	KUNIT_EXPECT_EQ(test, spm_copied(to, from), 0UL);
	KUNIT_EXPECT_EQ(test, device->nr_asked, 0);
	for (at = 0; at < PAGE_SIZE; at += SMP_CACHE_BYTES) {
		memset(page_address(to), SPM_COPY_KUNIT_PATTERN, PAGE_SIZE);
		memset(page_address(to) + at, 0xff, SMP_CACHE_BYTES);
		device->nr_asked = 0;
		device->gone = false;
		KUNIT_EXPECT_EQ_MSG(test, spm_copied(to, from), 0UL, "at %zu", at);
		device->gone = true;
		KUNIT_EXPECT_EQ_MSG(test, spm_copied(to, from), PAGE_SIZE, "at %zu", at);
		KUNIT_EXPECT_EQ_MSG(test, device->nr_asked, 2, "at %zu", at);
	}
}

/* Tests that what was copied to a page which can't be read again replaces nothing. */
static void spm_copy_test_target(struct kunit *test)
{
	struct page *from = spm_copy_dram_page(test), *to = spm_copy_spm_page(test);
	struct spm_kunit *t = test->priv;

	KUNIT_EXPECT_EQ(test, spm_copied(to, from), 0UL);
	SetPageHWPoison(to);
	KUNIT_EXPECT_EQ(test, spm_copied(to, from), PAGE_SIZE);
	ClearPageHWPoison(to);
	KUNIT_EXPECT_EQ(test, spm_copied(to, from), 0UL);
	spm_notify(t->node[0], SPM_EVENT_REMOVED);
	KUNIT_EXPECT_EQ(test, spm_copied(to, from), PAGE_SIZE);
}

/* Tests that copies of DRAM are nobody's concern. */
static void spm_copy_test_dram(struct kunit *test)
{
	struct page *from = spm_copy_dram_page(test), *to = spm_copy_dram_page(test);

	memset(page_address(to), 0xff, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, spm_copied(to, from), 0UL);
	KUNIT_EXPECT_EQ(test, spm_copy_device_of(test)->nr_asked, 0);
}

static struct kunit_case spm_copy_cases[] = {
	KUNIT_CASE(spm_copy_test_lines),
	KUNIT_CASE(spm_copy_test_target),
	KUNIT_CASE(spm_copy_test_dram),
	{}
};

static struct kunit_suite spm_copy_suite = {
	.name = "spm_copy",
	.init = spm_copy_init,
	.exit = spm_kunit_exit,
	.test_cases = spm_copy_cases,
};

kunit_test_suite(spm_copy_suite);
