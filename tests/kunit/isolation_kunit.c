// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the isolation of SPM nodes: every way to name a node to an
 * allocator, each with an idle SPM node, none of which may return its pages
 */
#include <linux/gfp.h>
#include <linux/hugetlb.h>
#include <linux/mempolicy.h>
#include <linux/migrate.h>
#include <linux/mmzone.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "../../internal.h"
#include "kunit.h"

/* Enough to use up what per-CPU lists may hold. */
#define SPM_ISOLATION_TRIES	64

static int spm_isolation_nid(struct kunit *test)
{
	return ((struct spm_kunit *)test->priv)->memory[0].nid;
}

static int spm_isolation_init(struct kunit *test)
{
	int rc = spm_kunit_init(test);

	if (rc)
		return rc;
	spm_kunit_register(test, 0);
	return 0;
}

/* No test may have taken a page: capacity is free, and used is none. */
static void spm_isolation_exit(struct kunit *test)
{
	struct spm_kunit *t = test->priv;

	if (t && t->node[0]) {
		KUNIT_EXPECT_EQ(test, spm_stat_read(t->node[0], SPM_STAT_USED), 0);
		KUNIT_EXPECT_EQ(test, zone_page_state_snapshot(t->node[0]->zonerefs[0].zone,
							       NR_FREE_PAGES),
				spm_node_capacity_pages(t->node[0]));
	}
	spm_kunit_exit(test);
}

/* Tests that no zonelist of any node has a zone of an SPM node. */
static void spm_isolation_test_zonelists(struct kunit *test)
{
	int nid, list, spm_nid = spm_isolation_nid(test);

	for_each_online_node(nid) {
		for (list = 0; list < MAX_ZONELISTS; list++) {
			struct zoneref *z = NODE_DATA(nid)->node_zonelists[list]._zonerefs;

			for (; z->zone; z++)
				KUNIT_EXPECT_NE_MSG(test, zone_to_nid(z->zone), spm_nid,
						    "in list %d of node %d", list, nid);
		}
	}
}

static const gfp_t spm_isolation_gfp[] = {
	GFP_KERNEL, GFP_ATOMIC, GFP_USER, GFP_HIGHUSER, GFP_HIGHUSER_MOVABLE,
	GFP_TRANSHUGE_LIGHT, GFP_KERNEL_ACCOUNT, GFP_NOIO | __GFP_MEMALLOC,
};

static void spm_isolation_desc(const gfp_t *gfp, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%pGg", gfp);
}

KUNIT_ARRAY_PARAM(spm_isolation_gfp, spm_isolation_gfp, spm_isolation_desc);

/* Expects a page of another node, or none if @page_expected is false. */
static void spm_isolation_expect(struct kunit *test, struct page *page,
				 bool page_expected)
{
	KUNIT_EXPECT_EQ(test, !!page, page_expected);
	if (page)
		KUNIT_EXPECT_NE(test, page_to_nid(page), spm_isolation_nid(test));
}

/* Tests that a page for an SPM node comes from another node. */
static void spm_isolation_test_pages(struct kunit *test)
{
	gfp_t gfp = *(const gfp_t *)test->param_value | __GFP_NOWARN;
	int i, nid = spm_isolation_nid(test);
	LIST_HEAD(pages);
	struct page *page, *next;

	for (i = 0; i < SPM_ISOLATION_TRIES; i++) {
		page = alloc_pages_node(nid, gfp, 0);
		spm_isolation_expect(test, page, true);
		if (page)
			list_add(&page->lru, &pages);
	}
	list_for_each_entry_safe(page, next, &pages, lru)
		__free_page(page);

	page = alloc_pages_node(nid, gfp | __GFP_COMP, 3);
	spm_isolation_expect(test, page, true);
	if (page)
		__free_pages(page, 3);
}

/* Tests that there is no page with __GFP_THISNODE and an SPM node. */
static void spm_isolation_test_thisnode(struct kunit *test)
{
	gfp_t gfp = *(const gfp_t *)test->param_value | __GFP_NOWARN | __GFP_THISNODE;
	int nid = spm_isolation_nid(test);
	struct page *page;
	int order;

	for (order = 0; order <= MAX_PAGE_ORDER; order++) {
		page = alloc_pages_node(nid, gfp | __GFP_COMP, order);
		spm_isolation_expect(test, page, false);
		if (page)
			__free_pages(page, order);
	}
}

/* Tests that there is no page with a mask of nothing but an SPM node. */
static void spm_isolation_test_nodemask(struct kunit *test)
{
	gfp_t gfp = *(const gfp_t *)test->param_value | __GFP_NOWARN;
	int nid = spm_isolation_nid(test);
	nodemask_t mask = nodemask_of_node(nid);
	struct page *page;

	page = __alloc_pages(gfp, 0, nid, &mask);
	spm_isolation_expect(test, page, false);
	if (page)
		__free_page(page);

	page = __alloc_pages(gfp, 0, numa_node_id(), &mask);
	spm_isolation_expect(test, page, false);
	if (page)
		__free_page(page);

	/* With other nodes in the mask, it is theirs. */
	nodes_or(mask, mask, node_states[N_MEMORY]);
	page = __alloc_pages(gfp, 0, nid, &mask);
	spm_isolation_expect(test, page, true);
	if (page)
		__free_page(page);
}

/* Tests that folios for an SPM node come from another node, or not at all. */
static void spm_isolation_test_folio(struct kunit *test)
{
	int nid = spm_isolation_nid(test);
	struct folio *folio;

	folio = __folio_alloc_node(GFP_HIGHUSER_MOVABLE | __GFP_NOWARN, 0, nid);
	spm_isolation_expect(test, folio ? &folio->page : NULL, true);
	if (folio)
		folio_put(folio);

	folio = __folio_alloc_node(GFP_HIGHUSER_MOVABLE | __GFP_NOWARN |
				   __GFP_THISNODE, 0, nid);
	spm_isolation_expect(test, folio ? &folio->page : NULL, false);
	if (folio)
		folio_put(folio);
}

/* Tests that bulk allocation for an SPM node takes pages of other nodes. */
static void spm_isolation_test_bulk(struct kunit *test)
{
	struct page *pages[SPM_ISOLATION_TRIES] = {};
	int nid = spm_isolation_nid(test);
	unsigned long i, nr;

	nr = alloc_pages_bulk_array_node(GFP_KERNEL | __GFP_NOWARN, nid,
					 ARRAY_SIZE(pages), pages);
	KUNIT_EXPECT_GT(test, nr, 0);
	for (i = 0; i < nr; i++) {
		spm_isolation_expect(test, pages[i], true);
		__free_page(pages[i]);
		pages[i] = NULL;
	}

	nr = alloc_pages_bulk_array_node(GFP_KERNEL | __GFP_NOWARN | __GFP_THISNODE,
					 nid, ARRAY_SIZE(pages), pages);
	KUNIT_EXPECT_EQ(test, nr, 0);
	for (i = 0; i < nr; i++)
		__free_page(pages[i]);
}

/* Tests that slab objects for an SPM node are on other nodes. */
static void spm_isolation_test_slab(struct kunit *test)
{
	void *objects[SPM_ISOLATION_TRIES] = {};
	int i, nid = spm_isolation_nid(test);
	struct kmem_cache *cache;
	void *p;

	cache = kmem_cache_create("spm_isolation", 1000, 0, SLAB_NO_MERGE, NULL);
	KUNIT_ASSERT_NOT_NULL(test, cache);
	for (i = 0; i < SPM_ISOLATION_TRIES; i++) {
		objects[i] = kmem_cache_alloc_node(cache, GFP_KERNEL, nid);
		KUNIT_EXPECT_NOT_NULL(test, objects[i]);
		if (objects[i])
			KUNIT_EXPECT_NE(test, page_to_nid(virt_to_page(objects[i])), nid);
	}
	for (i = 0; i < SPM_ISOLATION_TRIES; i++)
		if (objects[i])
			kmem_cache_free(cache, objects[i]);
	kmem_cache_destroy(cache);

	/* The large one is not a slab object, but pages. */
	for (i = 3; i <= 16; i++) {
		p = kmalloc_node(1UL << i, GFP_KERNEL | __GFP_NOWARN, nid);
		KUNIT_EXPECT_NOT_NULL(test, p);
		if (p)
			KUNIT_EXPECT_NE(test, page_to_nid(virt_to_page(p)), nid);
		kfree(p);

		p = kmalloc_node(1UL << i, GFP_KERNEL | __GFP_NOWARN | __GFP_THISNODE, nid);
		if (p)
			KUNIT_EXPECT_NE(test, page_to_nid(virt_to_page(p)), nid);
		kfree(p);
	}
}

/* Tests that pages without a node, as page tables take them, are elsewhere. */
static void spm_isolation_test_free_pages(struct kunit *test)
{
	unsigned long addr;
	int order;

	for (order = 0; order <= 4; order++) {
		addr = __get_free_pages(GFP_KERNEL | __GFP_NOWARN, order);
		spm_isolation_expect(test, addr ? virt_to_page((void *)addr) : NULL, true);
		free_pages(addr, order);
	}
}

/* Tests that vmalloc for an SPM node takes pages of other nodes. */
static void spm_isolation_test_vmalloc(struct kunit *test)
{
	unsigned long off, size = SPM_ISOLATION_TRIES * PAGE_SIZE;
	char *p = vmalloc_node(size, spm_isolation_nid(test));

	KUNIT_ASSERT_NOT_NULL(test, p);
	for (off = 0; off < size; off += PAGE_SIZE)
		spm_isolation_expect(test, vmalloc_to_page(p + off), true);
	vfree(p);
}

/* Tests that there is no contiguous range of an SPM node. */
static void spm_isolation_test_contig(struct kunit *test)
{
#ifdef CONFIG_CONTIG_ALLOC
	static const gfp_t gfp[] = {
		GFP_KERNEL, GFP_HIGHUSER_MOVABLE,
		GFP_KERNEL | __GFP_THISNODE, GFP_HIGHUSER_MOVABLE | __GFP_THISNODE,
	};
	int i, nid = spm_isolation_nid(test);
	nodemask_t mask = nodemask_of_node(nid);
	struct page *page;

	for (i = 0; i < ARRAY_SIZE(gfp); i++) {
		page = alloc_contig_pages(pageblock_nr_pages, gfp[i] | __GFP_NOWARN,
					  nid, &mask);
		spm_isolation_expect(test, page, false);
		if (page)
			free_contig_range(page_to_pfn(page), pageblock_nr_pages);
	}
#else
	kunit_skip(test, "no CONFIG_CONTIG_ALLOC");
#endif
}

/* Tests that there is no huge page of an SPM node. */
static void spm_isolation_test_hugetlb(struct kunit *test)
{
#ifdef CONFIG_HUGETLB_PAGE
	int nid = spm_isolation_nid(test);
	nodemask_t mask = nodemask_of_node(nid);
	struct hstate *h = &default_hstate;
	struct folio *folio;

	if (!hugepages_supported())
		kunit_skip(test, "no huge pages");

	folio = alloc_hugetlb_folio_nodemask(h, nid, &mask,
					     htlb_alloc_mask(h) | __GFP_NOWARN, false);
	spm_isolation_expect(test, folio ? &folio->page : NULL, false);
	if (folio)
		folio_put(folio);

	folio = alloc_hugetlb_folio_nodemask(h, nid, NULL,
					     htlb_alloc_mask(h) | __GFP_NOWARN, false);
	spm_isolation_expect(test, folio ? &folio->page : NULL, false);
	if (folio)
		folio_put(folio);
#else
	kunit_skip(test, "no CONFIG_HUGETLB_PAGE");
#endif
}

/* Tests that a page of DRAM finds no place on an SPM node to migrate to. */
static void spm_isolation_test_migration_target(struct kunit *test)
{
	int nid = spm_isolation_nid(test);
	nodemask_t mask = nodemask_of_node(nid);
	struct migration_target_control mtc = {
		.nid = nid,
		.nmask = &mask,
		.gfp_mask = GFP_HIGHUSER_MOVABLE | __GFP_THISNODE | __GFP_NOWARN,
		.reason = MR_SYSCALL,
	};
	struct folio *src = folio_alloc(GFP_HIGHUSER_MOVABLE, 0);
	struct folio *dst;

	KUNIT_ASSERT_NOT_NULL(test, src);
	dst = alloc_migration_target(src, (unsigned long)&mtc);
	spm_isolation_expect(test, dst ? &dst->page : NULL, false);
	if (dst)
		folio_put(dst);

	mtc.nmask = NULL;
	dst = alloc_migration_target(src, (unsigned long)&mtc);
	spm_isolation_expect(test, dst ? &dst->page : NULL, false);
	if (dst)
		folio_put(dst);

	mtc.gfp_mask &= ~__GFP_THISNODE;
	dst = alloc_migration_target(src, (unsigned long)&mtc);
	spm_isolation_expect(test, dst ? &dst->page : NULL, true);
	if (dst)
		folio_put(dst);
	folio_put(src);
}

/* Tests that no memory policy leads to an SPM node. */
static void spm_isolation_test_mempolicy(struct kunit *test)
{
	static const unsigned short modes[] = {
		MPOL_PREFERRED, MPOL_BIND, MPOL_INTERLEAVE, MPOL_LOCAL,
		MPOL_PREFERRED_MANY, MPOL_WEIGHTED_INTERLEAVE,
	};
	int i, j, nid = spm_isolation_nid(test);
	struct folio *folio;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		struct mempolicy pol = {
			.refcnt = ATOMIC_INIT(1),
			.mode = modes[i],
			.nodes = nodemask_of_node(nid),
			.home_node = NUMA_NO_NODE,
		};

		for (j = 0; j < 4; j++) {
			folio = folio_alloc_mpol(GFP_HIGHUSER_MOVABLE | __GFP_NOWARN,
						 0, &pol, j, nid);
			spm_isolation_expect(test, folio ? &folio->page : NULL, true);
			if (folio)
				folio_put(folio);
		}
	}
}

static struct kunit_case spm_isolation_cases[] = {
	KUNIT_CASE(spm_isolation_test_zonelists),
	KUNIT_CASE_PARAM(spm_isolation_test_pages, spm_isolation_gfp_gen_params),
	KUNIT_CASE_PARAM(spm_isolation_test_thisnode, spm_isolation_gfp_gen_params),
	KUNIT_CASE_PARAM(spm_isolation_test_nodemask, spm_isolation_gfp_gen_params),
	KUNIT_CASE(spm_isolation_test_folio),
	KUNIT_CASE(spm_isolation_test_bulk),
	KUNIT_CASE(spm_isolation_test_slab),
	KUNIT_CASE(spm_isolation_test_free_pages),
	KUNIT_CASE(spm_isolation_test_vmalloc),
	KUNIT_CASE(spm_isolation_test_contig),
	KUNIT_CASE(spm_isolation_test_hugetlb),
	KUNIT_CASE(spm_isolation_test_migration_target),
	KUNIT_CASE(spm_isolation_test_mempolicy),
	{}
};

static struct kunit_suite spm_isolation_suite = {
	.name = "spm_isolation",
	.init = spm_isolation_init,
	.exit = spm_isolation_exit,
	.test_cases = spm_isolation_cases,
};

kunit_test_suite(spm_isolation_suite);
