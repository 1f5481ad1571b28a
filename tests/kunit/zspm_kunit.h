/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KUnit tests of zspm. Included at the end of mm/zspm.c.
 *
 * They call the driver's operations as zpool does, and use its statics to get
 * at what only happens in races.
 */
#include <kunit/visibility.h>
#include <linux/delay.h>
#include <linux/hash.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/page_counter.h>
#include <linux/tracepoint.h>

#include "kunit.h"

MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);

#define ZSPM_KUNIT_OBJECTS	64

/**
 * struct zspm_kunit - a test's state, in spm_kunit.priv
 * @pool: pool that pages are stored in; no fallback
 * @folio: ordinary page that is stored from and loaded to
 * @nr: number of @handle
 * @handle: stored pages; 0 if there is none
 * @fallback: the parameter's value before the test
 */
struct zspm_kunit {
	struct zspm_pool *pool;
	struct folio *folio;
	int nr;
	unsigned long handle[ZSPM_KUNIT_OBJECTS];
	char fallback[sizeof(zspm_fallback)];
};

static struct zspm_kunit *zspm_kunit(struct kunit *test)
{
	return ((struct spm_kunit *)test->priv)->priv;
}

static int zspm_kunit_nid(struct kunit *test, int i)
{
	return ((struct spm_kunit *)test->priv)->memory[i].nid;
}

static unsigned long zspm_kunit_used(struct kunit *test)
{
	return spm_kunit_total(test, SPM_STAT_USED);
}

static struct zspm_object *zspm_kunit_object(struct kunit *test, int i)
{
	return (struct zspm_object *)zspm_kunit(test)->handle[i];
}

static struct page *zspm_kunit_page(struct kunit *test, int i)
{
	return zspm_object_page(zspm_kunit_object(test, i));
}

/* Make @folio a page that looks as if it was in the swap cache. */
static void zspm_kunit_fill(struct folio *folio, u32 seed)
{
	u32 *word = folio_address(folio);
	int i;

	folio->swap = swp_entry(0, seed);
	for (i = 0; i < PAGE_SIZE / sizeof(*word); i++)
		word[i] = hash_32(seed * 4096 + i, 32);
}

static bool zspm_kunit_filled(struct folio *folio, u32 seed)
{
	u32 *word = folio_address(folio);
	int i;

	for (i = 0; i < PAGE_SIZE / sizeof(*word); i++)
		if (word[i] != hash_32(seed * 4096 + i, 32))
			return false;
	return true;
}

/* Store a page with contents that depend on @i. Return: 0 or -errno. */
static int zspm_kunit_store(struct kunit *test, int i)
{
	struct zspm_kunit *k = zspm_kunit(test);
	int rc;

	zspm_kunit_fill(k->folio, i);
	rc = zspm_zpool_driver.store_folio(k->pool, k->folio, 0, 1, NULL,
					   &k->handle[i]);
	if (rc)
		k->handle[i] = 0;
	else if (i >= k->nr)
		k->nr = i + 1;
	return rc;
}

/* Load page @i. Return: 0 or -errno; -EILSEQ if the contents are wrong. */
static int zspm_kunit_load(struct kunit *test, int i)
{
	struct zspm_kunit *k = zspm_kunit(test);
	int rc;

	memset(folio_address(k->folio), 0, PAGE_SIZE);
	rc = zspm_zpool_driver.load_page(k->pool, k->handle[i],
					 folio_page(k->folio, 0));
	if (!rc && !zspm_kunit_filled(k->folio, i))
		rc = -EILSEQ;
	return rc;
}

static void zspm_kunit_drop(struct kunit *test, int i)
{
	struct zspm_kunit *k = zspm_kunit(test);

	zspm_zpool_driver.drop_page(k->pool, k->handle[i]);
	k->handle[i] = 0;
}

static void zspm_kunit_drop_all(struct kunit *test)
{
	struct zspm_kunit *k = zspm_kunit(test);
	int i;

	for (i = 0; i < k->nr; i++)
		if (k->handle[i])
			zspm_kunit_drop(test, i);
	flush_work(&zspm_free_worker);
}

/* Set the parameter, as the administrator does. */
static int zspm_kunit_set_fallback(const char *name)
{
	return zspm_fallback_set(name, NULL);
}

static int zspm_kunit_init(struct kunit *test)
{
	struct zspm_kunit *k;
	int rc = spm_kunit_init(test);

	if (rc)
		return rc;
	if (zspm_nr_pools)
		kunit_skip(test, "zspm is in use");

	k = kunit_kzalloc(test, sizeof(*k), GFP_KERNEL);
	if (!k)
		return -ENOMEM;
	strscpy(k->fallback, zspm_fallback);
	k->folio = folio_alloc(GFP_KERNEL, 0);
	rc = zspm_kunit_set_fallback("");
	if (!rc && k->folio)
		k->pool = zspm_zpool_driver.create("kunit", GFP_KERNEL);
	((struct spm_kunit *)test->priv)->priv = k;
	if (!k->pool)
		return -ENOMEM;
	spm_kunit_register(test, 0);
	return 0;
}

static void zspm_kunit_destroy_pool(struct kunit *test)
{
	struct zspm_kunit *k = zspm_kunit(test);

	zspm_kunit_drop_all(test);
	if (k->pool)
		zspm_zpool_driver.destroy(k->pool);
	k->pool = NULL;
}

static void zspm_kunit_exit(struct kunit *test)
{
	struct zspm_kunit *k = test->priv ? zspm_kunit(test) : NULL;

	if (k) {
		zspm_kunit_destroy_pool(test);
		zspm_kunit_set_fallback(k->fallback);
		if (k->folio) {
			k->folio->swap.val = 0;
			folio_put(k->folio);
		}
		spm_kunit_free_all(test);
		KUNIT_EXPECT_EQ(test, zspm_kunit_used(test), 0);
	}
	spm_kunit_exit(test);
}

/* ---- Storing and loading ---- */

/* Tests that pages are stored on SPM, and loaded as they were, again and again. */
static void zspm_test_store_load(struct kunit *test)
{
	int i, nid = zspm_kunit_nid(test, 0);

	for (i = 0; i < ZSPM_KUNIT_OBJECTS; i++) {
		KUNIT_ASSERT_EQ(test, zspm_kunit_store(test, i), 0);
		KUNIT_EXPECT_EQ(test, page_to_nid(zspm_kunit_page(test, i)), nid);
		KUNIT_EXPECT_EQ(test, zspm_kunit_used(test), i + 1);
	}
	for (i = 0; i < ZSPM_KUNIT_OBJECTS; i++) {
		KUNIT_EXPECT_EQ(test, zspm_kunit_load(test, i), 0);
		KUNIT_EXPECT_EQ(test, zspm_kunit_load(test, i), 0);
	}
	KUNIT_EXPECT_EQ(test, spm_kunit_stat(test, 0, SPM_STAT_STORED), ZSPM_KUNIT_OBJECTS);
	KUNIT_EXPECT_EQ(test, spm_kunit_stat(test, 0, SPM_STAT_LOADED), 2 * ZSPM_KUNIT_OBJECTS);
	KUNIT_EXPECT_EQ(test, spm_kunit_stat(test, 0, SPM_STAT_LOAD_FAILED), 0);

	zspm_kunit_drop_all(test);
	KUNIT_EXPECT_EQ(test, zspm_kunit_used(test), 0);
}

/* Tests that freeing pages, and storing others there, leaves the rest alone. */
static void zspm_test_free_others(struct kunit *test)
{
	int i;

	for (i = 0; i < ZSPM_KUNIT_OBJECTS; i++)
		KUNIT_ASSERT_EQ(test, zspm_kunit_store(test, i), 0);
	for (i = 0; i < ZSPM_KUNIT_OBJECTS; i += 2)
		zspm_kunit_drop(test, i);
	KUNIT_EXPECT_EQ(test, zspm_kunit_used(test), ZSPM_KUNIT_OBJECTS / 2);
	for (i = 1; i < ZSPM_KUNIT_OBJECTS; i += 2)
		KUNIT_EXPECT_EQ(test, zspm_kunit_load(test, i), 0);

	for (i = 0; i < ZSPM_KUNIT_OBJECTS; i += 4)
		KUNIT_ASSERT_EQ(test, zspm_kunit_store(test, i), 0);
	for (i = 0; i < ZSPM_KUNIT_OBJECTS; i++)
		if (i % 4 != 2)
			KUNIT_EXPECT_EQ(test, zspm_kunit_load(test, i), 0);
}

/* Tests that an object knows where its page was swapped out to. */
static void zspm_test_swap_entry(struct kunit *test)
{
	struct spm_victim victim;
	struct zspm_object *obj;

	KUNIT_ASSERT_EQ(test, zspm_kunit_store(test, 7), 0);
	obj = zspm_kunit_object(test, 7);
	KUNIT_EXPECT_EQ(test, zspm_object_victim(obj, &victim), 0);
	KUNIT_EXPECT_EQ(test, victim.swp.val, swp_entry(0, 7).val);
	KUNIT_EXPECT_PTR_EQ(test, victim.pool, (const void *)zspm_kunit(test)->pool);
	KUNIT_EXPECT_EQ(test, victim.handle, zspm_kunit(test)->handle[7]);
	KUNIT_EXPECT_EQ(test, victim.home_nid, folio_nid(zspm_kunit(test)->folio));

	lock_page(zspm_kunit_page(test, 7));
	KUNIT_EXPECT_PTR_EQ(test, zspm_page_object(zspm_kunit_page(test, 7)), obj);
	unlock_page(zspm_kunit_page(test, 7));
}

/* Tests that a full node takes no page, keeps those it has, and recovers. */
static void zspm_test_full(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, zspm_kunit_store(test, 0), 0);
	KUNIT_EXPECT_GT(test, spm_kunit_fill(test), 0);
	KUNIT_EXPECT_EQ(test, zspm_kunit_store(test, 1), -ENOSPC);
	KUNIT_EXPECT_EQ(test, zspm_kunit_load(test, 0), 0);
	KUNIT_EXPECT_GT(test, spm_kunit_stat(test, 0, SPM_STAT_REFUSED_FULL), 1);

	spm_kunit_free_all(test);
	KUNIT_ASSERT_EQ(test, zspm_kunit_store(test, 1), 0);
	KUNIT_EXPECT_EQ(test, zspm_kunit_load(test, 1), 0);
}

/* Tests that without an SPM node a page is refused. */
static void zspm_test_no_node(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, spm_kunit_unregister(test, 0), 0);
	KUNIT_EXPECT_TRUE(test, spm_active());	/* as long as there is a pool */
	KUNIT_EXPECT_EQ(test, zspm_kunit_store(test, 0), -ENOSPC);
}

/* ---- Moving ---- */

/* Tests that an object has another page, and its contents, after migration. */
static void zspm_test_migrate(struct kunit *test)
{
	struct page *before;
	int i;

	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_EQ(test, zspm_kunit_store(test, i), 0);

	before = zspm_kunit_page(test, 1);
	KUNIT_EXPECT_EQ(test, spm_kunit_migrate(before), 0);
	KUNIT_EXPECT_PTR_NE(test, zspm_kunit_page(test, 1), before);
	KUNIT_EXPECT_EQ(test, page_to_nid(zspm_kunit_page(test, 1)),
			zspm_kunit_nid(test, 0));
	KUNIT_EXPECT_EQ(test, page_count(zspm_kunit_page(test, 1)), 1);
	KUNIT_EXPECT_FALSE(test, __PageMovable(before));
	KUNIT_EXPECT_EQ(test, zspm_kunit_used(test), 3);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, zspm_kunit_load(test, i), 0);
}

/* Tests that a page which finds no room to migrate to stays as it is. */
static void zspm_test_migrate_full(struct kunit *test)
{
	struct page *before;

	KUNIT_ASSERT_EQ(test, zspm_kunit_store(test, 0), 0);
	before = zspm_kunit_page(test, 0);
	spm_kunit_fill(test);
	KUNIT_EXPECT_NE(test, spm_kunit_migrate(before), 0);
	KUNIT_EXPECT_PTR_EQ(test, zspm_kunit_page(test, 0), before);
	KUNIT_EXPECT_EQ(test, page_count(before), 1);
	KUNIT_EXPECT_EQ(test, zspm_kunit_load(test, 0), 0);
}

/* Tests that pages are readable on another node when theirs is gone. */
static void zspm_test_evacuate(struct kunit *test)
{
	int i;

	spm_kunit_need_nodes(test, 2);
	for (i = 0; i < ZSPM_KUNIT_OBJECTS; i++)
		KUNIT_ASSERT_EQ(test, zspm_kunit_store(test, i), 0);
	spm_kunit_register(test, 1);
	KUNIT_ASSERT_EQ(test, spm_kunit_unregister(test, 0), 0);
	for (i = 0; i < ZSPM_KUNIT_OBJECTS; i++) {
		KUNIT_EXPECT_EQ(test, page_to_nid(zspm_kunit_page(test, i)),
				zspm_kunit_nid(test, 1));
		KUNIT_EXPECT_EQ(test, zspm_kunit_load(test, i), 0);
	}
	KUNIT_EXPECT_EQ(test, zspm_kunit_used(test), ZSPM_KUNIT_OBJECTS);
}

/* Migrates all pages of the node all the time. Return: how many that were. */
static int zspm_kunit_mover(void *arg)
{
	int nr = 0;

	while (!kthread_should_stop()) {
		nr += spm_kunit_migrate_range(arg);
		cond_resched();
	}
	return nr;
}

/* Tests that pages can be stored, loaded and freed while they are migrated. */
static void zspm_test_migrate_stress(struct kunit *test)
{
	struct spm_kunit *t = test->priv;
	unsigned long end = jiffies + 3 * HZ;
	struct task_struct *mover;
	int i, rc = 0;

	for (i = 0; i < ZSPM_KUNIT_OBJECTS; i++)
		KUNIT_ASSERT_EQ(test, zspm_kunit_store(test, i), 0);
	mover = kthread_run(zspm_kunit_mover, &t->memory[0].block[0], "zspm_kunit");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mover);

	for (i = 0; !rc && time_before(jiffies, end); i++) {
		int j = hash_32(i, 6);

		rc = zspm_kunit_load(test, j);
		if (!rc && i % 3 == 0) {
			zspm_kunit_drop(test, j);
			rc = zspm_kunit_store(test, j);
		}
		cond_resched();
	}
	KUNIT_EXPECT_EQ(test, rc, 0);
	KUNIT_EXPECT_GT(test, kthread_stop(mover), ZSPM_KUNIT_OBJECTS);

	for (i = 0; i < ZSPM_KUNIT_OBJECTS; i++)
		KUNIT_EXPECT_EQ(test, zspm_kunit_load(test, i), 0);
	flush_work(&zspm_free_worker);
	KUNIT_EXPECT_EQ(test, zspm_kunit_used(test), ZSPM_KUNIT_OBJECTS);
}

/* ---- Freeing ---- */

/* Tests that a page is freed later if its lock is taken, be it one or more. */
static void zspm_test_free_locked(struct kunit *test)
{
	struct page *page[2];
	int i;

	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_EQ(test, zspm_kunit_store(test, i), 0);
	for (i = 0; i < 2; i++) {
		page[i] = zspm_kunit_page(test, i);
		lock_page(page[i]);
		zspm_kunit_drop(test, i);
		KUNIT_EXPECT_EQ(test, zspm_kunit_used(test), 3);
	}
	for (i = 0; i < 2; i++)
		unlock_page(page[i]);

	flush_work(&zspm_free_worker);
	KUNIT_EXPECT_EQ(test, zspm_kunit_used(test), 1);
	KUNIT_EXPECT_EQ(test, zspm_kunit_load(test, 2), 0);
}

/* Tests that a page which is to be freed later, and moved, is freed there. */
static void zspm_test_free_migrated(struct kunit *test)
{
	struct zspm_object *obj;
	struct spm_victim victim;
	struct page *before;

	KUNIT_ASSERT_EQ(test, zspm_kunit_store(test, 0), 0);
	obj = zspm_kunit_object(test, 0);
	before = zspm_kunit_page(test, 0);
	zspm_kunit(test)->handle[0] = 0;

	/* The first half of zspm_drop_page(). */
	lock_page(before);
	KUNIT_EXPECT_FALSE(test, zspm_object_try_free(obj));
	unlock_page(before);
	KUNIT_EXPECT_EQ(test, zspm_object_victim(obj, &victim), -ENOENT);
	KUNIT_EXPECT_EQ(test, zspm_writeback(page_folio(before)), -ENOENT);

	KUNIT_EXPECT_EQ(test, spm_kunit_migrate(before), 0);
	KUNIT_EXPECT_PTR_NE(test, zspm_object_page(obj), before);
	KUNIT_EXPECT_TRUE(test, obj->page & ZSPM_FREED);

	/* The second half. */
	llist_add(&obj->free, &zspm_free_list);
	queue_work(zspm_wq, &zspm_free_worker);
	flush_work(&zspm_free_worker);
	KUNIT_EXPECT_EQ(test, zspm_kunit_used(test), 0);
}

/* Tests that nothing is left of a page which is freed while isolated. */
static void zspm_test_free_isolated(struct kunit *test)
{
	struct page *page;

	KUNIT_ASSERT_EQ(test, zspm_kunit_store(test, 0), 0);
	page = zspm_kunit_page(test, 0);
	KUNIT_ASSERT_TRUE(test, spm_kunit_isolate(page));
	KUNIT_EXPECT_FALSE(test, spm_kunit_isolate(page));
	KUNIT_EXPECT_EQ(test, zspm_kunit_load(test, 0), 0);

	zspm_kunit_drop_all(test);
	KUNIT_EXPECT_EQ(test, zspm_kunit_used(test), 0);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	spm_kunit_putback(page);
	KUNIT_EXPECT_EQ(test, page_count(page), 0);
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
}

#include "zspm_lost_kunit.h"

/* ---- The fallback ---- */

#define ZSPM_KUNIT_FALLBACK	"zsmalloc"

/* Skips the test if there is no fallback. The test's pool makes room for others. */
static void zspm_kunit_need_fallback(struct kunit *test)
{
	zspm_kunit_destroy_pool(test);
	if (!zpool_has_pool(ZSPM_KUNIT_FALLBACK))
		kunit_skip(test, "no zpool " ZSPM_KUNIT_FALLBACK);
	KUNIT_ASSERT_EQ(test, zspm_kunit_set_fallback(ZSPM_KUNIT_FALLBACK), 0);
}

/* Tests that a page without room is to be compressed if there is a fallback. */
static void zspm_test_fallback_full(struct kunit *test)
{
	zspm_kunit_need_fallback(test);
	zspm_kunit(test)->pool = zspm_zpool_driver.create("kunit", GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, zspm_kunit(test)->pool);

	KUNIT_ASSERT_EQ(test, zspm_kunit_store(test, 0), 0);
	spm_kunit_fill(test);
	KUNIT_EXPECT_EQ(test, zspm_kunit_store(test, 1), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, zspm_kunit_load(test, 0), 0);
}

static void zspm_kunit_use(struct kunit *test, struct zpool *pool, size_t size)
{
	unsigned long handle[16];
	char *p;
	int i;

	for (i = 0; i < ARRAY_SIZE(handle); i++) {
		KUNIT_ASSERT_EQ(test, zpool_malloc(pool, size, GFP_KERNEL, &handle[i]), 0);
		p = zpool_map_handle(pool, handle[i], ZPOOL_MM_WO);
		memset(p, i + 1, size);
		zpool_unmap_handle(pool, handle[i]);
	}
	KUNIT_EXPECT_GT(test, zpool_get_total_pages(pool), 0);
	KUNIT_EXPECT_EQ(test, zspm_kunit_used(test), 0);

	for (i = 0; i < ARRAY_SIZE(handle); i++) {
		p = zpool_map_handle(pool, handle[i], ZPOOL_MM_RO);
		if (memchr_inv(p, i + 1, size))
			kunit_set_failure(test);
		zpool_unmap_handle(pool, handle[i]);
		zpool_free(pool, handle[i]);
	}
}

/* Tests that compressed objects are kept in the fallback, and in DRAM. */
static void zspm_test_fallback_malloc(struct kunit *test)
{
	struct zpool *pool;

	zspm_kunit_need_fallback(test);
	pool = zpool_create_pool("zspm", "kunit", GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pool);
	KUNIT_EXPECT_EQ(test, zpool_get_total_pages(pool), 0);
	zspm_kunit_use(test, pool, 1500);
	zspm_kunit_use(test, pool, 64);
	zpool_destroy_pool(pool);
}

/* Tests that without a fallback compressed objects are refused. */
static void zspm_test_no_fallback(struct kunit *test)
{
	unsigned long handle;

	KUNIT_EXPECT_EQ(test, zspm_zpool_driver.malloc(zspm_kunit(test)->pool, 100,
						       GFP_KERNEL, &handle), -ENOSPC);
}

/* Tests that stored pages do not count: what counts is DRAM. */
static void zspm_test_total_pages(struct kunit *test)
{
	struct zspm_kunit *k = zspm_kunit(test);
	int i;

	for (i = 0; i < ZSPM_KUNIT_OBJECTS; i++)
		KUNIT_ASSERT_EQ(test, zspm_kunit_store(test, i), 0);
	KUNIT_EXPECT_EQ(test, zspm_zpool_driver.total_pages(k->pool), 0);

	zspm_kunit_need_fallback(test);
	k->pool = zspm_zpool_driver.create("kunit", GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, k->pool);
	for (i = 0; i < ZSPM_KUNIT_OBJECTS; i++)
		KUNIT_ASSERT_EQ(test, zspm_kunit_store(test, i), 0);
	KUNIT_EXPECT_EQ(test, zspm_zpool_driver.total_pages(k->pool), 0);
}

/* Tests which names the parameter takes, and that a bad one changes nothing. */
static void zspm_test_fallback_names(struct kunit *test)
{
	char too_long[sizeof(zspm_fallback) + 1];

	zspm_kunit_destroy_pool(test);
	memset(too_long, 'z', sizeof(too_long) - 1);
	too_long[sizeof(too_long) - 1] = 0;

	KUNIT_EXPECT_EQ(test, zspm_kunit_set_fallback("zspm"), -EINVAL);
	KUNIT_EXPECT_EQ(test, zspm_kunit_set_fallback(" zspm\n"), -EINVAL);
	KUNIT_EXPECT_EQ(test, zspm_kunit_set_fallback(too_long), -EINVAL);
	/* At boot, before modules can be loaded, any name is taken on trust. */
	if (system_state == SYSTEM_RUNNING)
		KUNIT_EXPECT_EQ(test, zspm_kunit_set_fallback("no_such_pool"), -EINVAL);
	KUNIT_EXPECT_STREQ(test, zspm_fallback, "");

	zspm_kunit_need_fallback(test);
	KUNIT_EXPECT_STREQ(test, zspm_fallback, ZSPM_KUNIT_FALLBACK);
	KUNIT_EXPECT_EQ(test, zspm_kunit_set_fallback("zspm"), -EINVAL);
	KUNIT_EXPECT_STREQ(test, zspm_fallback, ZSPM_KUNIT_FALLBACK);
	KUNIT_EXPECT_EQ(test, zspm_kunit_set_fallback("\n"), 0);
	KUNIT_EXPECT_STREQ(test, zspm_fallback, "");
	KUNIT_EXPECT_EQ(test, zspm_kunit_set_fallback(ZSPM_KUNIT_FALLBACK "\n"), 0);
	KUNIT_EXPECT_STREQ(test, zspm_fallback, ZSPM_KUNIT_FALLBACK);
}

/* Tests that the parameter can't be changed while there is a pool. */
static void zspm_test_fallback_busy(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, zspm_kunit_set_fallback(""), 0);	/* as it is */
	if (!zpool_has_pool(ZSPM_KUNIT_FALLBACK))
		kunit_skip(test, "no zpool " ZSPM_KUNIT_FALLBACK);
	KUNIT_EXPECT_EQ(test, zspm_kunit_set_fallback(ZSPM_KUNIT_FALLBACK), -EBUSY);
	KUNIT_EXPECT_STREQ(test, zspm_fallback, "");
}

static struct kunit_case zspm_kunit_cases[] = {
	KUNIT_CASE(zspm_test_store_load),
	KUNIT_CASE(zspm_test_free_others),
	KUNIT_CASE(zspm_test_swap_entry),
	KUNIT_CASE_SLOW(zspm_test_full),
	KUNIT_CASE(zspm_test_no_node),
	KUNIT_CASE(zspm_test_migrate),
	KUNIT_CASE_SLOW(zspm_test_migrate_full),
	KUNIT_CASE(zspm_test_evacuate),
	KUNIT_CASE_SLOW(zspm_test_migrate_stress),
	KUNIT_CASE(zspm_test_free_locked),
	KUNIT_CASE(zspm_test_free_migrated),
	KUNIT_CASE(zspm_test_free_isolated),
#ifdef CONFIG_MEMORY_FAILURE
	KUNIT_CASE(zspm_test_poison),
	KUNIT_CASE(zspm_test_poison_migrate),
	KUNIT_CASE(zspm_test_poison_lose),
	KUNIT_CASE(zspm_test_poison_unregister),
	KUNIT_CASE(zspm_test_poison_source),
#endif
	KUNIT_CASE(zspm_test_removed),
	KUNIT_CASE(zspm_test_removed_two_nodes),
#if defined(CONFIG_TRACEPOINTS) && defined(CONFIG_MEMCG)
	KUNIT_CASE(zspm_test_lost_and_freed),
#endif
	KUNIT_CASE(zspm_test_trim),
	KUNIT_CASE(zspm_test_trim_isolated),
	KUNIT_CASE(zspm_test_trim_migrated),
	KUNIT_CASE(zspm_test_listed),
	KUNIT_CASE(zspm_test_coldest),
	KUNIT_CASE(zspm_test_range),
	KUNIT_CASE_SLOW(zspm_test_fallback_full),
	KUNIT_CASE(zspm_test_fallback_malloc),
	KUNIT_CASE(zspm_test_no_fallback),
	KUNIT_CASE(zspm_test_total_pages),
	KUNIT_CASE_SLOW(zspm_test_fallback_names),
	KUNIT_CASE(zspm_test_fallback_busy),
	{}
};

static struct kunit_suite zspm_kunit_suite = {
	.name = "zspm",
	.init = zspm_kunit_init,
	.exit = zspm_kunit_exit,
	.test_cases = zspm_kunit_cases,
};

kunit_test_suite(zspm_kunit_suite);
