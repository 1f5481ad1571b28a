// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of taking pages from SPM nodes and giving them back: from which
 * node, and what is counted
 */
#include <linux/cpumask.h>
#include <linux/memcontrol.h>
#include <linux/sched/mm.h>
#include <linux/spm_mapped.h>
#include <linux/topology.h>

#include "../order.h"
#include "kunit.h"

/* ---- From which node ---- */

/* Tests that a page comes from an SPM node, and is as pages are. */
static void spm_alloc_test_page(struct kunit *test)
{
	struct spm_kunit *t = test->priv;
	struct folio *folio;

	spm_kunit_register(test, 0);
	folio = spm_kunit_alloc(test);
	KUNIT_ASSERT_NOT_NULL(test, folio);
	KUNIT_EXPECT_EQ(test, folio_nid(folio), t->memory[0].nid);
	KUNIT_EXPECT_EQ(test, folio_order(folio), 0);
	KUNIT_EXPECT_EQ(test, folio_ref_count(folio), 1);
	KUNIT_EXPECT_TRUE(test, spm_folio(folio));
	KUNIT_EXPECT_FALSE(test, !!folio_memcg(folio));

	memset(folio_address(folio), 0xa5, PAGE_SIZE);
	KUNIT_EXPECT_NULL(test, memchr_inv(folio_address(folio), 0xa5, PAGE_SIZE));
}

/* Tests that there is no page without a node, which is counted. */
static void spm_alloc_test_no_node(struct kunit *test)
{
	unsigned long before = spm_refused_no_node();

	KUNIT_EXPECT_NULL(test, spm_kunit_alloc(test));
	KUNIT_EXPECT_EQ(test, spm_refused_no_node(), before + 1);

	spm_kunit_register(test, 0);
	KUNIT_EXPECT_NOT_NULL(test, spm_kunit_alloc(test));
	KUNIT_EXPECT_EQ(test, spm_refused_no_node(), before + 1);
	spm_kunit_free_all(test);

	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
	KUNIT_EXPECT_NULL(test, spm_kunit_alloc(test));
	KUNIT_EXPECT_EQ(test, spm_refused_no_node(), before + 2);
}

/* Tests that pages come from the nearest node, whichever was first. */
static void spm_alloc_test_nearest(struct kunit *test)
{
	struct spm_kunit *t = test->priv;
	int here = numa_node_id();
	int i;

	spm_kunit_need_nodes(test, 2);
	if (node_distance(here, t->memory[0].nid) ==
	    node_distance(here, t->memory[1].nid))
		kunit_skip(test, "both nodes are equally far away");

	spm_kunit_register(test, 1);
	KUNIT_EXPECT_EQ(test, folio_nid(spm_kunit_alloc(test)), t->memory[1].nid);
	spm_kunit_register(test, 0);
	for (i = 0; i < 100; i++)
		KUNIT_EXPECT_EQ(test, folio_nid(spm_kunit_alloc(test)),
				t->memory[0].nid);

	/* The farther one again when the nearer one is gone. */
	spm_kunit_free_all(test);
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
	KUNIT_EXPECT_EQ(test, folio_nid(spm_kunit_alloc(test)), t->memory[1].nid);
}

/* Copies the order of @nid to @nids. Return: the number of entries. */
static int spm_alloc_order(int nid, int nids[SPM_KUNIT_NODES])
{
	const struct spm_order *order;
	int i, nr = 0;

	rcu_read_lock();
	order = spm_order_get(nid);
	if (order)
		nr = order->nr;
	for (i = 0; i < min(nr, SPM_KUNIT_NODES); i++)
		nids[i] = order->node[i]->nid;
	rcu_read_unlock();
	return nr;
}

/* Tests that the order of nodes is by the distance from each node. */
static void spm_alloc_test_order(struct kunit *test)
{
	int nid, nids[SPM_KUNIT_NODES];

	spm_kunit_need_nodes(test, 2);
	KUNIT_EXPECT_EQ(test, spm_alloc_order(numa_node_id(), nids), 0);

	spm_kunit_register(test, 1);
	KUNIT_EXPECT_EQ(test, spm_alloc_order(numa_node_id(), nids), 1);
	spm_kunit_register(test, 0);
	for_each_online_node(nid) {
		KUNIT_ASSERT_EQ(test, spm_alloc_order(nid, nids), 2);
		KUNIT_EXPECT_LE(test, node_distance(nid, nids[0]),
				node_distance(nid, nids[1]));
		/* To itself, an SPM node is the nearest. */
		if (spm_nid(nid))
			KUNIT_EXPECT_EQ(test, nids[0], nid);
	}
}

/*
 * Tests that pages come from the next node when the nearest is full, and there
 * is none when all are full; that this is counted, and over when there is room.
 */
static void spm_alloc_test_full(struct kunit *test)
{
	struct spm_kunit *t = test->priv;
	struct spm_node *near, *far;
	unsigned long nr;

	spm_kunit_need_nodes(test, 2);
	near = spm_kunit_register(test, 0);
	far = spm_kunit_register(test, 1);
	nr = spm_kunit_fill(test);

	KUNIT_EXPECT_LE(test, nr, spm_node_capacity_pages(near) +
				  spm_node_capacity_pages(far));
	KUNIT_EXPECT_EQ(test, spm_stat_total(SPM_STAT_USED), nr);
	/* All but the low watermark, and pages on other CPUs' lists. */
	KUNIT_EXPECT_GT(test, spm_stat_read(near, SPM_STAT_USED),
			spm_node_capacity_pages(near) * 9 / 10);
	KUNIT_EXPECT_GT(test, spm_stat_read(far, SPM_STAT_USED),
			spm_node_capacity_pages(far) * 9 / 10);
	/* Every page of the far node was refused by the near one before. */
	KUNIT_EXPECT_EQ(test, spm_stat_read(near, SPM_STAT_REFUSED_FULL),
			spm_stat_read(far, SPM_STAT_USED) + 1);
	KUNIT_EXPECT_EQ(test, spm_stat_read(far, SPM_STAT_REFUSED_FULL), 1);
	KUNIT_EXPECT_EQ(test, folio_nid(list_first_entry(&t->folios, struct folio, lru)),
			t->memory[0].nid);
	KUNIT_EXPECT_EQ(test, folio_nid(list_last_entry(&t->folios, struct folio, lru)),
			t->memory[1].nid);

	spm_kunit_free_all(test);
	KUNIT_EXPECT_EQ(test, folio_nid(spm_kunit_alloc(test)), t->memory[0].nid);
}

/* Free pages of a zone that CPUs may have taken without having told the others yet. */
static unsigned long spm_alloc_drift(const struct zone *zone)
{
	return num_online_cpus() * raw_cpu_ptr(zone->per_cpu_zonestats)->stat_threshold;
}

/*
 * Tests that reserves are left alone, also by a task that may use them: it would leave
 * nothing. Watermarks are compared with what CPUs have told of, as in any zone.
 */
static void spm_alloc_test_reserve(struct kunit *test)
{
	struct spm_node *node = spm_kunit_register(test, 0);
	struct zone *zone = node->zonerefs[0].zone;
	unsigned int flags;

	if (min_wmark_pages(zone) <= spm_alloc_drift(zone))
		kunit_skip(test, "too many CPUs for a node this small");
	flags = memalloc_noreclaim_save();
	spm_kunit_fill(test);
	memalloc_noreclaim_restore(flags);
	/* What a CPU has taken in advance is still there. */
	drain_all_pages(zone);
	KUNIT_EXPECT_GE(test, zone_page_state_snapshot(zone, NR_FREE_PAGES),
			min_wmark_pages(zone) - spm_alloc_drift(zone));
}

/* ---- What is counted ---- */

static void spm_alloc_run_on(struct kunit *test, int cpu)
{
	KUNIT_ASSERT_EQ(test, set_cpus_allowed_ptr(current, cpumask_of(cpu)), 0);
}

/* Tests that pages in use are counted exactly, on whatever CPU they are freed. */
static void spm_alloc_test_used(struct kunit *test)
{
	struct spm_kunit *t = test->priv;
	struct spm_node *node = spm_kunit_register(test, 0);
	int cpu;

	for_each_online_cpu(cpu) {
		spm_alloc_run_on(test, cpu);
		KUNIT_ASSERT_NOT_NULL(test, spm_kunit_alloc(test));
		KUNIT_ASSERT_NOT_NULL(test, spm_kunit_alloc(test));
		KUNIT_EXPECT_EQ(test, spm_stat_read(node, SPM_STAT_USED), t->nr_folios);
		KUNIT_EXPECT_EQ(test, spm_stat_total(SPM_STAT_USED), t->nr_folios);
	}

	/* All on one CPU, which took but some of them. */
	spm_alloc_run_on(test, cpumask_first(cpu_online_mask));
	while (t->nr_folios) {
		spm_kunit_free(test, list_first_entry(&t->folios, struct folio, lru));
		KUNIT_EXPECT_EQ(test, spm_stat_read(node, SPM_STAT_USED), t->nr_folios);
	}
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	KUNIT_EXPECT_EQ(test, spm_stat_total(SPM_STAT_USED), 0);
}

/* Tests that a page is back in the buddy allocator when it is freed. */
static void spm_alloc_test_free(struct kunit *test)
{
	struct spm_node *node = spm_kunit_register(test, 0);
	struct zone *zone = node->zonerefs[0].zone;
	struct folio *folio = spm_kunit_alloc(test);

	KUNIT_ASSERT_NOT_NULL(test, folio);
	/* Somebody else's reference keeps it from being free, not from going. */
	folio_get(folio);
	spm_kunit_free(test, folio);
	KUNIT_EXPECT_EQ(test, spm_stat_read(node, SPM_STAT_USED), 0);
	KUNIT_EXPECT_EQ(test, folio_ref_count(folio), 1);
	folio_put(folio);

	drain_all_pages(zone);
	KUNIT_EXPECT_EQ(test, zone_page_state_snapshot(zone, NR_FREE_PAGES),
			spm_node_capacity_pages(node));
}

/* Tests that what a user reports is counted as what it is. */
static void spm_alloc_test_stats(struct kunit *test)
{
	struct folio *folio;
	enum spm_stat stat;

	spm_kunit_register(test, 0);
	folio = spm_kunit_alloc(test);
	KUNIT_ASSERT_NOT_NULL(test, folio);
	for (stat = 0; stat < NR_SPM_STATS; stat++)
		spm_kunit_expect_stat(test, 0, stat, stat == SPM_STAT_USED);

	spm_kunit_written(folio, 0);
	spm_kunit_expect_stat(test, 0, SPM_STAT_STORED, 1);
	spm_folio_loaded(folio, 0);
	spm_folio_loaded(folio, 0);
	spm_kunit_expect_stat(test, 0, SPM_STAT_LOADED, 2);
	spm_folio_loaded(folio, -EIO);
	spm_kunit_expect_stat(test, 0, SPM_STAT_LOADED, 2);
	spm_kunit_expect_stat(test, 0, SPM_STAT_LOAD_FAILED, 1);
	spm_kunit_written(folio, -EHWPOISON);
	spm_kunit_expect_stat(test, 0, SPM_STAT_REFUSED_POISON, 1);
	spm_kunit_expect_stat(test, 0, SPM_STAT_REFUSED_FULL, 0);
	spm_kunit_expect_stat(test, 0, SPM_STAT_STORED, 1);
	spm_kunit_expect_stat(test, 0, SPM_STAT_USED, 1);
	spm_folio_lost(folio);
	spm_kunit_expect_stat(test, 0, SPM_STAT_LOST, 1);
	spm_kunit_expect_stat(test, 0, SPM_STAT_LOAD_FAILED, 1);
}

/* Tests that the counts of all nodes are the sums over the nodes. */
static void spm_alloc_test_total(struct kunit *test)
{
	struct spm_node *node[2];
	struct folio *folio;
	int i;

	spm_kunit_need_nodes(test, 2);
	for (i = 1; i >= 0; i--) {
		node[i] = spm_kunit_register(test, i);
		folio = spm_kunit_alloc(test);
		KUNIT_ASSERT_NOT_NULL(test, folio);
		spm_kunit_written(folio, 0);
	}
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, spm_stat_read(node[i], SPM_STAT_USED), 1);
		KUNIT_EXPECT_EQ(test, spm_stat_read(node[i], SPM_STAT_STORED), 1);
	}
	KUNIT_EXPECT_EQ(test, spm_stat_total(SPM_STAT_USED), 2);
	KUNIT_EXPECT_EQ(test, spm_kunit_total(test, SPM_STAT_STORED), 2);

	/* What was counted stays when the node goes; what was in use does not. */
	spm_kunit_free_all(test);
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 1), 0);
	KUNIT_EXPECT_EQ(test, spm_stat_total(SPM_STAT_USED), 0);
	KUNIT_EXPECT_EQ(test, spm_kunit_total(test, SPM_STAT_STORED), 2);
}

/* Tests that a provider needs no operations. */
static void spm_alloc_test_no_ops(struct kunit *test)
{
	struct spm_kunit *t = test->priv;
	struct spm_provider provider = {
		.name = "spm_kunit",
		.nid = t->memory[0].nid,
		.nr_ranges = 1,
		.ranges = t->memory[0].block,
	};
	struct spm_node *node = spm_register_node(&provider);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, node);
	t->node[0] = node;
	KUNIT_EXPECT_NOT_NULL(test, spm_kunit_alloc(test));
	spm_kunit_free_all(test);
	spm_kunit_expect_stat(test, 0, SPM_STAT_USED, 0);
	spm_kunit_expect_stat(test, 0, SPM_STAT_TRIMMED, 0);
}

/*
 * Tests that the allocator writes nothing to a page that it hands out, whatever
 * init_on_alloc says: the first to write there is who was admitted. The node forgets
 * nothing by itself, so what was there before is there still.
 */
static void spm_alloc_test_unwritten(struct kunit *test)
{
	struct folio *folio;
	unsigned long pfn;
	int i;

	if (!want_init_on_alloc(0))
		kunit_skip(test, "needs init_on_alloc=1");
	spm_kunit_register(test, 0);
	folio = spm_kunit_alloc(test);
	KUNIT_ASSERT_NOT_NULL(test, folio);
	pfn = folio_pfn(folio);
	memset(folio_address(folio), 0xa5, PAGE_SIZE);
	spm_kunit_free(test, folio);

	for (i = 0; i < 4096; i++) {
		folio = spm_kunit_alloc(test);
		KUNIT_ASSERT_NOT_NULL(test, folio);
		if (folio_pfn(folio) == pfn)
			break;
	}
	KUNIT_ASSERT_EQ(test, folio_pfn(folio), pfn);
	KUNIT_EXPECT_NULL(test, memchr_inv(folio_address(folio), 0xa5, PAGE_SIZE));
}

static struct kunit_case spm_alloc_cases[] = {
	KUNIT_CASE(spm_alloc_test_unwritten),
	KUNIT_CASE(spm_alloc_test_page),
	KUNIT_CASE(spm_alloc_test_no_node),
	KUNIT_CASE(spm_alloc_test_nearest),
	KUNIT_CASE(spm_alloc_test_order),
	KUNIT_CASE_SLOW(spm_alloc_test_full),
	KUNIT_CASE_SLOW(spm_alloc_test_reserve),
	KUNIT_CASE(spm_alloc_test_used),
	KUNIT_CASE(spm_alloc_test_free),
	KUNIT_CASE(spm_alloc_test_stats),
	KUNIT_CASE(spm_alloc_test_total),
	KUNIT_CASE(spm_alloc_test_no_ops),
	{}
};

static struct kunit_suite spm_alloc_suite = {
	.name = "spm_alloc",
	.init = spm_kunit_init,
	.exit = spm_kunit_exit,
	.test_cases = spm_alloc_cases,
};

kunit_test_suite(spm_alloc_suite);
