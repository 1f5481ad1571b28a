/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KUnit tests of zspm: pages that the device has lost, pages that wait for being
 * trimmed, and on which node a page is. Included in zspm_kunit.h.
 */

#ifdef CONFIG_MEMORY_FAILURE

/* Tests that a page which the device has lost fails to load, and no other does. */
static void zspm_test_poison(struct kunit *test)
{
	int i;

	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_EQ(test, zspm_kunit_store(test, i), 0);
	SetPageHWPoison(zspm_kunit_page(test, 1));

	KUNIT_EXPECT_EQ(test, zspm_kunit_load(test, 1), -EIO);
	KUNIT_EXPECT_EQ(test, zspm_kunit_load(test, 1), -EIO);
	KUNIT_EXPECT_EQ(test, zspm_kunit_load(test, 0), 0);
	KUNIT_EXPECT_EQ(test, zspm_kunit_load(test, 2), 0);
	KUNIT_EXPECT_EQ(test, spm_kunit_stat(test, 0, SPM_STAT_LOAD_FAILED), 2);
	KUNIT_EXPECT_EQ(test, spm_kunit_stat(test, 0, SPM_STAT_LOADED), 2);

	zspm_kunit_drop(test, 1);
	KUNIT_EXPECT_EQ(test, zspm_kunit_used(test), 2);
}

/* Tests that a lost page does not migrate as if it was good. */
static void zspm_test_poison_migrate(struct kunit *test)
{
	struct page *before;

	KUNIT_ASSERT_EQ(test, zspm_kunit_store(test, 0), 0);
	before = zspm_kunit_page(test, 0);
	SetPageHWPoison(before);
	KUNIT_EXPECT_NE(test, spm_kunit_migrate(before), 0);
	KUNIT_EXPECT_PTR_EQ(test, zspm_kunit_page(test, 0), before);
	KUNIT_EXPECT_EQ(test, zspm_kunit_used(test), 1);
	KUNIT_EXPECT_EQ(test, zspm_kunit_load(test, 0), -EIO);
}

/* Tests that a lost page leaves its object, which fails until it is freed. */
static void zspm_test_poison_lose(struct kunit *test)
{
	struct page *page;

	KUNIT_ASSERT_EQ(test, zspm_kunit_store(test, 0), 0);
	page = zspm_kunit_page(test, 0);
	SetPageHWPoison(page);
	KUNIT_EXPECT_EQ(test, zspm_writeback(page_folio(page)), -EHWPOISON);
	KUNIT_EXPECT_EQ(test, spm_kunit_stat(test, 0, SPM_STAT_LOST), 1);
	KUNIT_EXPECT_NULL(test, zspm_kunit_page(test, 0));
	KUNIT_EXPECT_EQ(test, zspm_kunit_used(test), 0);
	KUNIT_EXPECT_EQ(test, zspm_kunit_load(test, 0), -EIO);
	zspm_kunit_drop(test, 0);
}

/* Tests that a lost page does not keep its node. */
static void zspm_test_poison_unregister(struct kunit *test)
{
	int i;

	for (i = 0; i < 2; i++) {
		KUNIT_ASSERT_EQ(test, zspm_kunit_store(test, i), 0);
		SetPageHWPoison(zspm_kunit_page(test, i));
	}
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
	KUNIT_EXPECT_EQ(test, spm_kunit_total(test, SPM_STAT_LOST), 2);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, zspm_kunit_load(test, i), -EIO);
}

/* Tests that a page which can't be read is not stored, nor to be compressed. */
static void zspm_test_poison_source(struct kunit *test)
{
	struct page *page = folio_page(zspm_kunit(test)->folio, 0);

	SetPageHWPoison(page);
	KUNIT_EXPECT_EQ(test, zspm_kunit_store(test, 0), -EIO);
	ClearPageHWPoison(page);
	KUNIT_EXPECT_EQ(test, zspm_kunit_used(test), 0);
	KUNIT_EXPECT_EQ(test, spm_kunit_stat(test, 0, SPM_STAT_REFUSED_POISON), 1);
	KUNIT_EXPECT_EQ(test, spm_kunit_stat(test, 0, SPM_STAT_STORED), 0);
}

#endif /* CONFIG_MEMORY_FAILURE */

/* ---- A device that is gone ---- */

/* Tests that each page of a device that is gone fails to load, and is counted. */
static void zspm_test_removed(struct kunit *test)
{
	struct spm_kunit *t = test->priv;
	int i;

	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_EQ(test, zspm_kunit_store(test, i), 0);
	spm_notify(t->node[0], SPM_EVENT_REMOVED);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, zspm_kunit_load(test, i), -EIO);
	KUNIT_EXPECT_EQ(test, spm_kunit_stat(test, 0, SPM_STAT_LOAD_FAILED), 3);
	zspm_kunit_drop(test, 2);

	/* What is left is given up, and its objects fail until they are freed. */
	KUNIT_ASSERT_EQ(test, spm_kunit_unregister(test, 0), 0);
	spm_kunit_expect_unused(test, 0);
	KUNIT_EXPECT_EQ(test, spm_kunit_total(test, SPM_STAT_LOST), 2);
	KUNIT_EXPECT_EQ(test, spm_kunit_total(test, SPM_STAT_EVACUATED), 0);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, zspm_kunit_load(test, i), -EIO);
}

/* Tests that no page of a device that is gone moves to another node as if good. */
static void zspm_test_removed_two_nodes(struct kunit *test)
{
	struct spm_kunit *t = test->priv;
	struct page *page;

	spm_kunit_need_nodes(test, 2);
	KUNIT_ASSERT_EQ(test, zspm_kunit_store(test, 0), 0);
	page = zspm_kunit_page(test, 0);
	spm_kunit_register(test, 1);
	spm_notify(t->node[0], SPM_EVENT_REMOVED);
	KUNIT_EXPECT_NE(test, spm_kunit_migrate(page), 0);
	KUNIT_EXPECT_PTR_EQ(test, zspm_kunit_page(test, 0), page);
	KUNIT_ASSERT_EQ(test, spm_kunit_unregister(test, 0), 0);
	KUNIT_EXPECT_NULL(test, zspm_kunit_page(test, 0));
	KUNIT_EXPECT_EQ(test, zspm_kunit_load(test, 0), -EIO);
	KUNIT_EXPECT_EQ(test, zspm_kunit_used(test), 0);
}

#if defined(CONFIG_TRACEPOINTS) && defined(CONFIG_MEMCG)

/* Somebody whose object gets the memory of one that was freed. */
struct zspm_kunit_next {
	struct zspm_object *obj;
	struct obj_cgroup objcg;
	struct tracepoint *lost;
};

static void zspm_kunit_find_lost(struct tracepoint *tp, void *priv)
{
	if (!strcmp(tp->name, "spm_load"))
		((struct zspm_kunit_next *)priv)->lost = tp;
}

/* Called when the object has no page any more, so that zswap may free it. */
static void zspm_kunit_reuse(void *data, struct folio *folio, int rc)
{
	struct zspm_kunit_next *next = data;

	next->obj->objcg = &next->objcg;
}

/* Tests that nobody looks at an object when its page is lost, and it may be freed. */
static void zspm_test_lost_and_freed(struct kunit *test)
{
	struct mem_cgroup *memcg = kunit_kzalloc(test, sizeof(*memcg), GFP_KERNEL);
	struct zspm_kunit_next next = {};
	struct page *page;

	KUNIT_ASSERT_NOT_NULL(test, memcg);
	page_counter_init(&memcg->spm, NULL, false);
	atomic_long_set(&memcg->spm.usage, 1);
	next.objcg.memcg = memcg;
	for_each_kernel_tracepoint(zspm_kunit_find_lost, &next);
	KUNIT_ASSERT_NOT_NULL(test, next.lost);

	KUNIT_ASSERT_EQ(test, zspm_kunit_store(test, 0), 0);
	next.obj = zspm_kunit_object(test, 0);
	page = zspm_kunit_page(test, 0);
	KUNIT_ASSERT_EQ(test, tracepoint_probe_register(next.lost, zspm_kunit_reuse,
							&next), 0);
	lock_page(page);
	zspm_object_lose(next.obj, page);
	tracepoint_probe_unregister(next.lost, zspm_kunit_reuse, &next);
	tracepoint_synchronize_unregister();

	KUNIT_EXPECT_PTR_EQ(test, next.obj->objcg, &next.objcg);
	KUNIT_EXPECT_EQ(test, page_counter_read(&memcg->spm), 1);
	next.obj->objcg = NULL;
	zspm_kunit_drop(test, 0);
}

#endif /* CONFIG_TRACEPOINTS && CONFIG_MEMCG */

/* ---- Trimming ---- */

/* Pages that the device was told to forget. The worker's, but when it is waited for. */
static unsigned int zspm_kunit_trimmed;

static int zspm_kunit_trim(struct spm_node *node, const unsigned long *pfn,
			   unsigned int nr)
{
	zspm_kunit_trimmed += nr;
	return 0;
}

static void zspm_kunit_register_trims(struct kunit *test)
{
	struct spm_kunit *t = test->priv;

	KUNIT_ASSERT_EQ(test, spm_kunit_unregister(test, 0), 0);
	zspm_kunit_trimmed = 0;
	t->ops.trim = zspm_kunit_trim;
	spm_kunit_register(test, 0);
}

/* Tests that a page that is dropped is trimmed, also if it was isolated. */
static void zspm_test_trim(struct kunit *test)
{
	struct page *page;
	int i;

	zspm_kunit_register_trims(test);
	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_EQ(test, zspm_kunit_store(test, i), 0);
	page = zspm_kunit_page(test, 1);
	KUNIT_ASSERT_TRUE(test, spm_kunit_isolate(page));
	for (i = 0; i < 2; i++)
		zspm_kunit_drop(test, i);
	spm_kunit_run(test, 0);
	KUNIT_EXPECT_EQ(test, zspm_kunit_trimmed, 2);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	spm_kunit_putback(page);
	KUNIT_EXPECT_EQ(test, page_count(page), 0);
	KUNIT_EXPECT_EQ(test, zspm_kunit_load(test, 2), 0);
}

/* Tests that a page which was dropped while isolated can be put back untrimmed. */
static void zspm_test_trim_isolated(struct kunit *test)
{
	struct page *page;

	zspm_kunit_register_trims(test);
	KUNIT_ASSERT_EQ(test, zspm_kunit_store(test, 0), 0);
	page = zspm_kunit_page(test, 0);
	KUNIT_ASSERT_TRUE(test, spm_kunit_isolate(page));
	zspm_kunit_drop(test, 0);
	spm_kunit_putback(page);
	spm_kunit_run(test, 0);
	KUNIT_EXPECT_EQ(test, zspm_kunit_trimmed, 1);
	KUNIT_EXPECT_EQ(test, page_count(page), 0);
}

/* Tests that the page is trimmed that an object has moved away from. */
static void zspm_test_trim_migrated(struct kunit *test)
{
	zspm_kunit_register_trims(test);
	KUNIT_ASSERT_EQ(test, zspm_kunit_store(test, 0), 0);
	KUNIT_ASSERT_EQ(test, spm_kunit_migrate(zspm_kunit_page(test, 0)), 0);
	spm_kunit_run(test, 0);
	KUNIT_EXPECT_EQ(test, zspm_kunit_trimmed, 1);
	KUNIT_EXPECT_EQ(test, zspm_kunit_used(test), 1);
	KUNIT_EXPECT_EQ(test, zspm_kunit_load(test, 0), 0);
}

/* ---- Relief ---- */

/* How many objects of no cgroup are on a node's list. */
static unsigned long zspm_kunit_listed(int nid)
{
	return list_lru_count_one(&zspm_lru, nid, NULL);
}

/* Tests that an object is in the list of the node that its page is on. */
static void zspm_test_listed(struct kunit *test)
{
	int nid = zspm_kunit_nid(test, 0);
	struct page *page;

	KUNIT_ASSERT_EQ(test, zspm_kunit_store(test, 0), 0);
	KUNIT_ASSERT_EQ(test, zspm_kunit_store(test, 1), 0);
	KUNIT_EXPECT_EQ(test, zspm_kunit_listed(nid), 2);
	KUNIT_EXPECT_EQ(test, zspm_kunit_listed(0), 0);
	zspm_kunit_drop(test, 1);
	KUNIT_EXPECT_EQ(test, zspm_kunit_listed(nid), 1);

	/* One that has lost its page is nowhere. */
	page = zspm_kunit_page(test, 0);
	lock_page(page);
	zspm_object_lose(zspm_kunit_object(test, 0), page);
	KUNIT_EXPECT_EQ(test, zspm_kunit_listed(nid), 0);
	zspm_kunit_drop(test, 0);
}

/* The slots of the coldest pages, after @skip others. Return: how many. */
static unsigned int zspm_kunit_choose(int nid, unsigned int skip,
				      struct spm_victim *victims, unsigned int max)
{
	struct zspm_choice choice = {
		.victims = victims,
		.max = max,
		.skip = skip,
	};
	unsigned long nr_to_walk = skip + max;

	list_lru_walk_one(&zspm_lru, nid, NULL, zspm_choose, &choice, &nr_to_walk);
	return choice.nr;
}

/* Tests that what was stored first is the coldest, however often one looks. */
static void zspm_test_coldest(struct kunit *test)
{
	int nid = zspm_kunit_nid(test, 0), i, look;
	struct spm_victim victims[4];

	for (i = 0; i < 8; i++)
		KUNIT_ASSERT_EQ(test, zspm_kunit_store(test, i), 0);
	for (look = 0; look < 3; look++) {
		KUNIT_ASSERT_EQ(test, zspm_kunit_choose(nid, 0, victims, 4), 4);
		for (i = 0; i < 4; i++)
			KUNIT_EXPECT_EQ(test, victims[i].swp.val, swp_entry(0, i).val);
		KUNIT_ASSERT_EQ(test, zspm_kunit_choose(nid, 3, victims, 4), 4);
		for (i = 0; i < 4; i++)
			KUNIT_EXPECT_EQ(test, victims[i].swp.val,
					swp_entry(0, 3 + i).val);
		KUNIT_EXPECT_EQ(test, zspm_kunit_choose(nid, 6, victims, 4), 2);
	}
	zspm_kunit_drop_all(test);
}

/* Tests that the pages of a folio are stored together, each with its slot. */
static void zspm_test_range(struct kunit *test)
{
	struct zspm_kunit *k = zspm_kunit(test);
	unsigned long handles[8];
	struct folio *folio;
	int i, rc;

	folio = folio_alloc(GFP_KERNEL | __GFP_COMP, 3);
	KUNIT_ASSERT_NOT_NULL(test, folio);
	folio->swap = swp_entry(0, 64);
	for (i = 0; i < 8; i++)
		memset(page_address(folio_page(folio, i)), 0x10 + i, PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, zspm_zpool_driver.store_folio(k->pool, folio, 2, 5, NULL,
							    handles), 0);
	KUNIT_EXPECT_EQ(test, zspm_kunit_used(test), 5);
	for (i = 0; i < 5; i++) {
		struct zspm_object *obj = (struct zspm_object *)handles[i];

		KUNIT_EXPECT_EQ(test, obj->swp.val, swp_entry(0, 64 + 2 + i).val);
		rc = zspm_zpool_driver.load_page(k->pool, handles[i],
						 folio_page(k->folio, 0));
		KUNIT_EXPECT_EQ(test, rc, 0);
		KUNIT_EXPECT_NULL(test, memchr_inv(folio_address(k->folio),
						   0x10 + 2 + i, PAGE_SIZE));
		zspm_zpool_driver.drop_page(k->pool, handles[i]);
	}
	KUNIT_EXPECT_EQ(test, zspm_kunit_used(test), 0);
	folio_put(folio);
}
