// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of trimming: what the device is told of pages that are freed, what
 * happens to them if it fails, and that nobody gets one before that
 */
#include <linux/highmem.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/mmzone.h>

#include "kunit.h"

/* More than two batches, and not a whole number of them. */
#define SPM_TRIM_KUNIT_PAGES	(2 * SPM_TRIM_BATCH + 10)
/* After so many times in turn the device is not asked again, see trim.c. */
#define SPM_TRIM_KUNIT_RETRIES	8
#define SPM_TRIM_KUNIT_PATTERN	0xa5

/**
 * struct spm_trim_device - a device that remembers what it was told to forget
 * @rc: what to answer
 * @unsure: answer -EINPROGRESS to so many calls before that
 * @again: answer -EAGAIN to so many calls after that
 * @node: the node of the last call
 * @nr_calls: number of calls
 * @nr_pages: pages of all calls
 * @max_pages: most pages of one call
 * @bad: pages that were out of order, free already, or not of the node
 * @pfn: last page of the last call
 * @nr_written: pages that the kernel has told to have written
 * @written_pfn: the last of these
 * @nr_released: how often the node went away
 *
 * What is not set by tests is the worker's. Tests read it when that does not run.
 */
struct spm_trim_device {
	int rc;
	int unsure;
	int again;
	struct spm_node *node;
	int nr_calls;
	unsigned long nr_pages;
	unsigned int max_pages;
	int bad;
	unsigned long pfn;
	int nr_written;
	unsigned long written_pfn;
	int nr_released;
};

static struct spm_trim_device *spm_trim_device_of(struct kunit *test)
{
	return ((struct spm_kunit *)test->priv)->priv;
}

static bool spm_trim_page_good(struct spm_node *node, unsigned long pfn)
{
	/* Not free yet: nobody else can have stored anything there. */
	return pfn_to_nid(pfn) == node->nid && page_count(pfn_to_page(pfn)) > 0;
}

static int spm_trim_op_trim(struct spm_node *node, const unsigned long *pfn,
			    unsigned int nr)
{
	struct spm_trim_device *device = spm_trim_device_of(spm_node_priv(node));
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (!spm_trim_page_good(node, pfn[i]) || (i && pfn[i] <= pfn[i - 1]))
			device->bad++;
	device->node = node;
	device->pfn = pfn[nr - 1];
	device->max_pages = max(device->max_pages, nr);
	device->nr_pages += nr;
	device->nr_calls++;
	if (device->unsure) {
		device->unsure--;
		return -EINPROGRESS;
	}
	if (device->again) {
		device->again--;
		return -EAGAIN;
	}
	return device->rc;
}

static void spm_trim_op_written(struct spm_node *node, unsigned long pfn)
{
	struct spm_trim_device *device = spm_trim_device_of(spm_node_priv(node));

	device->nr_written++;
	device->written_pfn = pfn;
}

static void spm_trim_op_release(struct spm_node *node)
{
	spm_trim_device_of(spm_node_priv(node))->nr_released++;
}

static int spm_trim_init(struct kunit *test)
{
	int rc = spm_kunit_init(test);
	struct spm_kunit *t = test->priv;

	if (rc)
		return rc;
	t->priv = kunit_kzalloc(test, sizeof(struct spm_trim_device), GFP_KERNEL);
	if (!t->priv)
		return -ENOMEM;
	t->ops.trim = spm_trim_op_trim;
	t->ops.written = spm_trim_op_written;
	t->ops.release = spm_trim_op_release;
	spm_kunit_register(test, 0);
	return 0;
}

static void spm_trim_exit(struct kunit *test)
{
	struct spm_kunit *t = test->priv;

	if (t && t->priv)
		KUNIT_EXPECT_EQ(test, spm_trim_device_of(test)->bad, 0);
	spm_kunit_exit(test);
}

/* Take pages, and fill them with a pattern. */
static void spm_trim_take(struct kunit *test, unsigned long nr)
{
	struct folio *folio;

	while (nr--) {
		folio = spm_kunit_alloc(test);
		KUNIT_ASSERT_NOT_NULL(test, folio);
		memset(folio_address(folio), SPM_TRIM_KUNIT_PATTERN, PAGE_SIZE);
	}
}

static unsigned long spm_trim_free_pages(struct kunit *test)
{
	struct spm_kunit *t = test->priv;
	struct zone *zone = t->node[0]->zonerefs[0].zone;

	drain_all_pages(zone);
	return zone_page_state_snapshot(zone, NR_FREE_PAGES);
}

/* ---- What the device is told ---- */

/* Tests that the device is told of each page that is freed, which is counted. */
static void spm_trim_test_told(struct kunit *test)
{
	struct spm_trim_device *device = spm_trim_device_of(test);
	struct spm_kunit *t = test->priv;
	unsigned long pfn;
	int i;

	for (i = 1; i <= 3; i++) {
		struct folio *folio = spm_kunit_alloc(test);

		KUNIT_ASSERT_NOT_NULL(test, folio);
		KUNIT_EXPECT_EQ(test, device->nr_calls, i - 1);
		pfn = folio_pfn(folio);
		spm_kunit_free(test, folio);
		spm_kunit_run(test, 0);
		KUNIT_EXPECT_PTR_EQ(test, device->node, t->node[0]);
		KUNIT_EXPECT_EQ(test, device->pfn, pfn);
		KUNIT_EXPECT_EQ(test, device->nr_calls, i);
		KUNIT_EXPECT_EQ(test, device->nr_pages, i);
		spm_kunit_expect_stat(test, 0, SPM_STAT_TRIMMED, i);
		spm_kunit_expect_stat(test, 0, SPM_STAT_ZEROED, 0);
	}
	KUNIT_EXPECT_EQ(test, device->nr_written, 0);
}

/* Tests that pages are trimmed in batches, in order, by a worker on its own. */
static void spm_trim_test_batch(struct kunit *test)
{
	struct spm_trim_device *device = spm_trim_device_of(test);

	spm_trim_take(test, SPM_TRIM_KUNIT_PAGES);
	spm_kunit_hold(test, 0);
	spm_kunit_free_all(test);
	spm_kunit_release(test, 0);
	KUNIT_EXPECT_EQ(test, device->nr_calls, 3);
	KUNIT_EXPECT_EQ(test, device->nr_pages, SPM_TRIM_KUNIT_PAGES);
	KUNIT_EXPECT_EQ(test, device->max_pages, SPM_TRIM_BATCH);
	spm_kunit_expect_stat(test, 0, SPM_STAT_TRIMMED, SPM_TRIM_KUNIT_PAGES);
}

/* Tests that nobody has to ask for pages being trimmed. */
static void spm_trim_test_alone(struct kunit *test)
{
	unsigned long end = jiffies + 10 * HZ;

	spm_trim_take(test, 3);
	spm_kunit_free_all(test);
	while (spm_kunit_stat(test, 0, SPM_STAT_UNTRIMMED) && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	spm_kunit_expect_stat(test, 0, SPM_STAT_UNTRIMMED, 0);
	spm_kunit_expect_stat(test, 0, SPM_STAT_TRIMMED, 3);
}

/* Tests that what every CPU has freed is trimmed. */
static void spm_trim_test_cpus(struct kunit *test)
{
	struct spm_kunit *t = test->priv;
	int cpu;

	spm_trim_take(test, 2 * num_online_cpus());
	spm_kunit_hold(test, 0);
	for_each_online_cpu(cpu) {
		KUNIT_ASSERT_EQ(test, set_cpus_allowed_ptr(current, cpumask_of(cpu)), 0);
		spm_kunit_free(test, list_first_entry(&t->folios, struct folio, lru));
		spm_kunit_free(test, list_first_entry(&t->folios, struct folio, lru));
	}
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	spm_kunit_release(test, 0);
	spm_kunit_expect_stat(test, 0, SPM_STAT_TRIMMED, 2 * num_online_cpus());
	spm_kunit_expect_stat(test, 0, SPM_STAT_UNTRIMMED, 0);
}

/* Tests that a page which the device has lost is not trimmed, nor used again. */
static void spm_trim_test_poison(struct kunit *test)
{
#ifdef CONFIG_MEMORY_FAILURE
	struct spm_trim_device *device = spm_trim_device_of(test);
	struct folio *folio = spm_kunit_alloc(test);
	struct page *lost;

	KUNIT_ASSERT_NOT_NULL(test, folio);
	lost = folio_page(folio, 0);
	SetPageHWPoison(lost);
	spm_kunit_free(test, folio);
	spm_kunit_run(test, 0);
	KUNIT_EXPECT_EQ(test, device->nr_calls, 0);
	spm_kunit_expect_stat(test, 0, SPM_STAT_TRIMMED, 0);
	spm_kunit_expect_stat(test, 0, SPM_STAT_ZEROED, 0);
	spm_kunit_expect_stat(test, 0, SPM_STAT_UNTRIMMED, 0);
	spm_kunit_expect_stat(test, 0, SPM_STAT_USED, 0);

	folio = spm_kunit_alloc(test);
	KUNIT_ASSERT_NOT_NULL(test, folio);
	KUNIT_EXPECT_PTR_NE(test, folio_page(folio, 0), lost);
	spm_kunit_free(test, folio);

	/* It does not keep the node from going. */
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
	spm_kunit_expect_unused(test, 0);
#else
	kunit_skip(test, "no CONFIG_MEMORY_FAILURE");
#endif
}

/* Tests that a page which was poisoned while it waits is not written any more. */
static void spm_trim_test_poison_late(struct kunit *test)
{
#ifdef CONFIG_MEMORY_FAILURE
	struct spm_trim_device *device = spm_trim_device_of(test);
	struct folio *folio = spm_kunit_alloc(test);

	KUNIT_ASSERT_NOT_NULL(test, folio);
	device->rc = -EIO;
	spm_kunit_hold(test, 0);
	spm_kunit_free(test, folio);
	SetPageHWPoison(folio_page(folio, 0));
	spm_kunit_release(test, 0);
	KUNIT_EXPECT_EQ(test, device->nr_written, 0);
	spm_kunit_expect_stat(test, 0, SPM_STAT_ZEROED, 0);
	spm_kunit_expect_stat(test, 0, SPM_STAT_UNTRIMMED, 0);
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
#else
	kunit_skip(test, "no CONFIG_MEMORY_FAILURE");
#endif
}

/* ---- When a page is free ---- */

/* Tests that a page is neither in use nor free until it is trimmed. */
static void spm_trim_test_untrimmed(struct kunit *test)
{
	unsigned long nr, before = spm_trim_free_pages(test);

	spm_trim_take(test, SPM_TRIM_KUNIT_PAGES);
	spm_kunit_hold(test, 0);
	spm_kunit_free_all(test);
	spm_kunit_expect_stat(test, 0, SPM_STAT_USED, 0);
	spm_kunit_expect_stat(test, 0, SPM_STAT_UNTRIMMED, SPM_TRIM_KUNIT_PAGES);
	KUNIT_EXPECT_EQ(test, spm_trim_free_pages(test), before - SPM_TRIM_KUNIT_PAGES);

	/* Nobody gets one of them, however much is taken. */
	nr = spm_kunit_fill(test);
	KUNIT_EXPECT_LE(test, nr, before - SPM_TRIM_KUNIT_PAGES);
	KUNIT_EXPECT_EQ(test, spm_trim_device_of(test)->nr_calls, 0);
	spm_kunit_release(test, 0);
	KUNIT_EXPECT_EQ(test, spm_trim_free_pages(test), before - nr);
	/* Not to the last page: a CPU may not have told others of all that it freed. */
	KUNIT_EXPECT_GT(test, spm_kunit_fill(test), 0);
}

/* Tests that a page is free when others give up their references, and not before. */
static void spm_trim_test_reference(struct kunit *test)
{
	unsigned long before = spm_trim_free_pages(test);
	struct folio *folio = spm_kunit_alloc(test);

	KUNIT_ASSERT_NOT_NULL(test, folio);
	folio_get(folio);
	spm_kunit_free(test, folio);
	spm_kunit_run(test, 0);
	spm_kunit_expect_stat(test, 0, SPM_STAT_TRIMMED, 1);
	KUNIT_EXPECT_EQ(test, folio_ref_count(folio), 1);
	KUNIT_EXPECT_EQ(test, spm_trim_free_pages(test), before - 1);
	folio_put(folio);
	KUNIT_EXPECT_EQ(test, spm_trim_free_pages(test), before);
}

/* Tests that no page is lost by being trimmed, or overwritten, again and again. */
static void spm_trim_test_leak(struct kunit *test)
{
	unsigned long before = spm_trim_free_pages(test);
	int i;

	for (i = 0; i < 20; i++) {
		spm_trim_device_of(test)->rc = i % 2 ? -EIO : 0;
		spm_trim_take(test, SPM_TRIM_KUNIT_PAGES);
		spm_kunit_free_all(test);
		spm_kunit_run(test, 0);
		KUNIT_EXPECT_EQ(test, spm_trim_free_pages(test), before);
	}
	spm_kunit_expect_stat(test, 0, SPM_STAT_TRIMMED, 10 * SPM_TRIM_KUNIT_PAGES);
	spm_kunit_expect_stat(test, 0, SPM_STAT_ZEROED, 10 * SPM_TRIM_KUNIT_PAGES);
}

/* ---- When it fails ---- */

/* Tests that a page is freed even if the device fails, overwritten instead. */
static void spm_trim_test_fails(struct kunit *test)
{
	struct spm_trim_device *device = spm_trim_device_of(test);

	KUNIT_ASSERT_NOT_NULL(test, spm_kunit_alloc(test));
	device->rc = -EIO;
	spm_kunit_free_all(test);
	spm_kunit_run(test, 0);
	KUNIT_EXPECT_EQ(test, device->nr_calls, 1);
	spm_kunit_expect_stat(test, 0, SPM_STAT_TRIMMED, 0);
	spm_kunit_expect_stat(test, 0, SPM_STAT_ZEROED, 1);
	spm_kunit_expect_stat(test, 0, SPM_STAT_UNTRIMMED, 0);
	spm_kunit_expect_stat(test, 0, SPM_STAT_USED, 0);
	/* The device, if emulated, has to know that there are zeroes now. */
	KUNIT_EXPECT_EQ(test, device->nr_written, 1);
	KUNIT_EXPECT_EQ(test, device->written_pfn, device->pfn);
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
	spm_kunit_expect_unused(test, 0);
}

/* Returns a bitmap of the pages in use, by their number in the memory block. */
static unsigned long *spm_trim_map(struct kunit *test, unsigned long start_pfn)
{
	struct spm_kunit *t = test->priv;
	unsigned long *map;
	struct folio *folio;

	map = kunit_kcalloc(test, BITS_TO_LONGS(memory_block_size_bytes() / PAGE_SIZE),
			    sizeof(long), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, map);
	list_for_each_entry(folio, &t->folios, lru)
		__set_bit(folio_pfn(folio) - start_pfn, map);
	return map;
}

/*
 * Tests that when trimming has failed, who gets the pages next finds zeroes there.
 * There is no other detector than to look at each page of the node.
 */
static void spm_trim_test_fails_zero(struct kunit *test)
{
	struct spm_kunit *t = test->priv;
	unsigned long start_pfn = PHYS_PFN(t->memory[0].block[0].start);
	unsigned long nr = 0, *map;
	struct folio *folio;
	int nr_stale = 0;

	spm_trim_take(test, SPM_TRIM_KUNIT_PAGES);
	map = spm_trim_map(test, start_pfn);
	spm_trim_device_of(test)->rc = -EIO;
	spm_kunit_free_all(test);
	spm_kunit_run(test, 0);

	spm_kunit_fill(test);
	list_for_each_entry(folio, &t->folios, lru) {
		if (!test_bit(folio_pfn(folio) - start_pfn, map))
			continue;
		nr++;
		nr_stale += !!memchr_inv(folio_address(folio), 0, PAGE_SIZE);
	}
	KUNIT_EXPECT_GT(test, nr, SPM_TRIM_KUNIT_PAGES / 2);
	KUNIT_EXPECT_EQ(test, nr_stale, 0);
}

/* Tests that pages wait, whole, for a device that wants to be asked again. */
static void spm_trim_test_again(struct kunit *test)
{
	struct spm_trim_device *device = spm_trim_device_of(test);
	int i;

	spm_trim_take(test, 3);
	spm_kunit_hold(test, 0);
	spm_kunit_free_all(test);
	device->again = SPM_TRIM_KUNIT_RETRIES - 1;
	for (i = 1; i < SPM_TRIM_KUNIT_RETRIES; i++) {
		spm_kunit_release(test, 0);
		spm_kunit_hold(test, 0);
		KUNIT_EXPECT_GE(test, device->nr_calls, i);
		if (device->again)
			spm_kunit_expect_stat(test, 0, SPM_STAT_UNTRIMMED, 3);
	}
	spm_kunit_release(test, 0);
	KUNIT_EXPECT_EQ(test, device->nr_calls, SPM_TRIM_KUNIT_RETRIES);
	KUNIT_EXPECT_EQ(test, device->nr_pages, 3 * SPM_TRIM_KUNIT_RETRIES);
	spm_kunit_expect_stat(test, 0, SPM_STAT_TRIMMED, 3);
	spm_kunit_expect_stat(test, 0, SPM_STAT_ZEROED, 0);
	spm_kunit_expect_stat(test, 0, SPM_STAT_UNTRIMMED, 0);
}

/* Tests that nobody writes to, or gets, what the device may still be trimming. */
static void spm_trim_test_unsure(struct kunit *test)
{
	struct spm_trim_device *device = spm_trim_device_of(test);
	int i;

	spm_trim_take(test, 3);
	spm_kunit_hold(test, 0);
	spm_kunit_free_all(test);
	device->unsure = 1;
	device->again = SPM_TRIM_KUNIT_RETRIES + 2;
	for (i = 1; i <= SPM_TRIM_KUNIT_RETRIES + 3; i++) {
		spm_kunit_release(test, 0);
		spm_kunit_hold(test, 0);
		if (device->again)
			spm_kunit_expect_stat(test, 0, SPM_STAT_UNTRIMMED, 3);
	}
	spm_kunit_release(test, 0);
	KUNIT_EXPECT_EQ(test, device->again, 0);
	KUNIT_EXPECT_EQ(test, device->nr_written, 0);
	spm_kunit_expect_stat(test, 0, SPM_STAT_TRIMMED, 3);
	spm_kunit_expect_stat(test, 0, SPM_STAT_ZEROED, 0);
	spm_kunit_expect_stat(test, 0, SPM_STAT_UNTRIMMED, 0);
}

/* Tests that memory stays until the device has ended what it was trimming. */
static void spm_trim_test_unregister_unsure(struct kunit *test)
{
	struct spm_trim_device *device = spm_trim_device_of(test);

	spm_trim_take(test, 3);
	spm_kunit_hold(test, 0);
	spm_kunit_free_all(test);
	device->unsure = 1;
	device->again = 3;
	KUNIT_ASSERT_EQ(test, spm_kunit_unregister(test, 0), 0);
	KUNIT_EXPECT_EQ(test, device->again, 0);
	KUNIT_EXPECT_EQ(test, device->nr_written, 0);
	KUNIT_EXPECT_EQ(test, spm_kunit_total(test, SPM_STAT_ZEROED), 0);
	spm_kunit_expect_unused(test, 0);
}

/* Tests that a device which always wants to be asked again is not, one day. */
static void spm_trim_test_always_again(struct kunit *test)
{
	struct spm_trim_device *device = spm_trim_device_of(test);
	unsigned long end = jiffies + 10 * HZ;

	spm_trim_take(test, 3);
	spm_kunit_hold(test, 0);
	spm_kunit_free_all(test);
	device->again = INT_MAX;
	spm_kunit_release(test, 0);
	while (spm_kunit_stat(test, 0, SPM_STAT_UNTRIMMED) && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	spm_kunit_hold(test, 0);
	KUNIT_EXPECT_EQ(test, device->nr_calls, SPM_TRIM_KUNIT_RETRIES);
	spm_kunit_expect_stat(test, 0, SPM_STAT_UNTRIMMED, 0);
	spm_kunit_expect_stat(test, 0, SPM_STAT_TRIMMED, 0);
	spm_kunit_expect_stat(test, 0, SPM_STAT_ZEROED, 3);
	/* The node can be unregistered whatever came of it. */
	device->again = 0;
	spm_kunit_release(test, 0);
}

/* ---- When the node goes ---- */

/* Tests that all is trimmed before a node's memory goes, and told afterwards. */
static void spm_trim_test_unregister(struct kunit *test)
{
	struct spm_trim_device *device = spm_trim_device_of(test);

	spm_trim_take(test, SPM_TRIM_KUNIT_PAGES);
	spm_kunit_hold(test, 0);
	spm_kunit_free_all(test);
	KUNIT_EXPECT_EQ(test, device->nr_calls, 0);
	KUNIT_EXPECT_EQ(test, device->nr_released, 0);
	KUNIT_ASSERT_EQ(test, spm_kunit_unregister(test, 0), 0);
	KUNIT_EXPECT_EQ(test, device->nr_pages, SPM_TRIM_KUNIT_PAGES);
	KUNIT_EXPECT_EQ(test, spm_kunit_total(test, SPM_STAT_TRIMMED),
			SPM_TRIM_KUNIT_PAGES);
	KUNIT_EXPECT_EQ(test, spm_kunit_total(test, SPM_STAT_UNTRIMMED), 0);
	KUNIT_EXPECT_EQ(test, device->nr_released, 1);
	spm_kunit_expect_unused(test, 0);
}

/* Tests that a device which does not trim does not keep its node. */
static void spm_trim_test_unregister_again(struct kunit *test)
{
	spm_trim_take(test, SPM_TRIM_KUNIT_PAGES);
	spm_kunit_hold(test, 0);
	spm_kunit_free_all(test);
	spm_trim_device_of(test)->again = INT_MAX;
	KUNIT_ASSERT_EQ(test, spm_kunit_unregister(test, 0), 0);
	KUNIT_EXPECT_EQ(test, spm_kunit_total(test, SPM_STAT_ZEROED),
			SPM_TRIM_KUNIT_PAGES);
	spm_kunit_expect_unused(test, 0);
}

/* Tests that a device which is gone is neither asked nor written to. */
static void spm_trim_test_removed(struct kunit *test)
{
	struct spm_trim_device *device = spm_trim_device_of(test);
	unsigned long before = spm_trim_free_pages(test);
	struct spm_kunit *t = test->priv;

	spm_trim_take(test, SPM_TRIM_KUNIT_PAGES);
	device->rc = -EIO;
	spm_kunit_hold(test, 0);
	spm_notify(t->node[0], SPM_EVENT_REMOVED);
	spm_kunit_free_all(test);
	spm_kunit_release(test, 0);
	KUNIT_EXPECT_EQ(test, device->nr_calls, 0);
	KUNIT_EXPECT_EQ(test, device->nr_written, 0);
	spm_kunit_expect_stat(test, 0, SPM_STAT_UNTRIMMED, 0);
	spm_kunit_expect_stat(test, 0, SPM_STAT_TRIMMED, 0);
	spm_kunit_expect_stat(test, 0, SPM_STAT_ZEROED, 0);
	KUNIT_EXPECT_EQ(test, spm_trim_free_pages(test), before);
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
	spm_kunit_expect_unused(test, 0);
}

static struct kunit_case spm_trim_cases[] = {
	KUNIT_CASE(spm_trim_test_told),
	KUNIT_CASE(spm_trim_test_batch),
	KUNIT_CASE(spm_trim_test_alone),
	KUNIT_CASE(spm_trim_test_cpus),
	KUNIT_CASE(spm_trim_test_poison),
	KUNIT_CASE(spm_trim_test_poison_late),
	KUNIT_CASE_SLOW(spm_trim_test_untrimmed),
	KUNIT_CASE(spm_trim_test_reference),
	KUNIT_CASE(spm_trim_test_leak),
	KUNIT_CASE(spm_trim_test_fails),
	KUNIT_CASE_SLOW(spm_trim_test_fails_zero),
	KUNIT_CASE(spm_trim_test_again),
	KUNIT_CASE_SLOW(spm_trim_test_unsure),
	KUNIT_CASE(spm_trim_test_unregister_unsure),
	KUNIT_CASE_SLOW(spm_trim_test_always_again),
	KUNIT_CASE(spm_trim_test_unregister),
	KUNIT_CASE(spm_trim_test_unregister_again),
	KUNIT_CASE(spm_trim_test_removed),
	{}
};

static struct kunit_suite spm_trim_suite = {
	.name = "spm_trim",
	.init = spm_trim_init,
	.exit = spm_trim_exit,
	.test_cases = spm_trim_cases,
};

kunit_test_suite(spm_trim_suite);
