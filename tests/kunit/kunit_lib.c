// SPDX-License-Identifier: GPL-2.0
/*
 * What the KUnit suites of SPM share, see kunit.h
 */
#include <kunit/visibility.h>
#include <linux/ioport.h>
#include <linux/kernfs.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/migrate.h>
#include <linux/numa.h>
#include <linux/sysfs.h>
#include <linux/topology.h>

#include "../../internal.h"
#include "../control.h"
#include "kunit.h"

/* ---- Memory ---- */

static struct spm_kunit_memory *spm_kunit_memory_of(struct spm_kunit *t, int nid)
{
	int i;

	for (i = 0; i < t->nr_memory; i++)
		if (t->memory[i].nid == nid)
			return &t->memory[i];
	if (t->nr_memory == SPM_KUNIT_NODES)
		return NULL;
	t->memory[t->nr_memory].nid = nid;
	return &t->memory[t->nr_memory++];
}

static void spm_kunit_add_block(struct spm_kunit *t, u64 start, u64 size)
{
	int nid = phys_to_target_node(start);
	struct spm_kunit_memory *memory;

	if (nid == NUMA_NO_NODE || !node_possible(nid) ||
	    NODE_DATA(nid)->node_present_pages)
		return;
	if (region_intersects(start, size, IORESOURCE_SYSTEM_RAM,
			      IORES_DESC_NONE) != REGION_DISJOINT)
		return;
	memory = spm_kunit_memory_of(t, nid);
	if (memory && memory->nr_blocks < SPM_KUNIT_BLOCKS)
		memory->block[memory->nr_blocks++] = (struct range) {
			.start = start,
			.end = start + size - 1,
		};
}

static int spm_kunit_add_resource(struct resource *res, void *arg)
{
	u64 start, size = memory_block_size_bytes();

	for (start = ALIGN(res->start, size); start + size - 1 <= res->end;
	     start += size)
		spm_kunit_add_block(arg, start, size);
	return 0;
}

/**
 * spm_kunit_init() - a suite's init function, or the start of it
 * @test: the test, whose priv becomes a struct spm_kunit
 *
 * Skips the test if there is no soft-reserved memory, or if it is in use.
 *
 * Return: 0 or -errno.
 */
int spm_kunit_init(struct kunit *test)
{
	struct spm_kunit *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	int here = numa_node_id();
	enum spm_stat stat;

	if (!t)
		return -ENOMEM;

	INIT_LIST_HEAD(&t->folios);
	for (stat = 0; stat < NR_SPM_STATS; stat++)
		t->total[stat] = spm_stat_total(stat);
	test->priv = t;
	walk_iomem_res_desc(IORES_DESC_SOFT_RESERVED, IORESOURCE_MEM, 0, -1, t,
			    spm_kunit_add_resource);
	if (!nodes_empty(spm_nodes))
		kunit_skip(test, "SPM nodes are registered already");
	if (!t->nr_memory)
		kunit_skip(test, "no unused soft-reserved memory in /proc/iomem");
	if (t->nr_memory == 2 && node_distance(here, t->memory[0].nid) >
				 node_distance(here, t->memory[1].nid))
		swap(t->memory[0], t->memory[1]);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(spm_kunit_init);

/**
 * spm_kunit_exit() - a suite's exit function, or the end of it
 * @test: the test; its pages are freed, its nodes unregistered
 */
void spm_kunit_exit(struct kunit *test)
{
	struct spm_kunit *t = test->priv;
	int i;

	if (!t)
		return;
	spm_kunit_free_all(test);
	for (i = 0; i < SPM_KUNIT_NODES; i++)
		if (t->node[i])
			KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, i), 0);
}
EXPORT_SYMBOL_IF_KUNIT(spm_kunit_exit);

/**
 * spm_kunit_need_nodes() - skip the test if there are fewer nodes
 * @test: the test
 * @nr: number of NUMA nodes with soft-reserved memory
 */
void spm_kunit_need_nodes(struct kunit *test, int nr)
{
	struct spm_kunit *t = test->priv;

	if (t->nr_memory < nr)
		kunit_skip(test, "needs soft-reserved memory on %d nodes", nr);
}
EXPORT_SYMBOL_IF_KUNIT(spm_kunit_need_nodes);

/**
 * spm_kunit_need_blocks() - skip the test if the first node has less memory
 * @test: the test
 * @nr: number of memory blocks
 */
void spm_kunit_need_blocks(struct kunit *test, int nr)
{
	struct spm_kunit *t = test->priv;

	if (t->memory[0].nr_blocks < nr)
		kunit_skip(test, "needs %d memory blocks soft-reserved on the nearest node",
			   nr);
}

/* ---- Nodes ---- */

/**
 * spm_kunit_register_blocks() - make an SPM node
 * @test: the test
 * @i: index of its memory
 * @nr: number of blocks to make it of, each a range
 *
 * Return: the node, which is unregistered when the test ends.
 */
struct spm_node *spm_kunit_register_blocks(struct kunit *test, int i, int nr)
{
	struct spm_kunit *t = test->priv;
	struct spm_provider provider = {
		.name = "spm_kunit",
		.nid = t->memory[i].nid,
		.ops = &t->ops,
		.priv = test,
		.nr_ranges = nr,
		.ranges = t->memory[i].block,
	};
	struct spm_node *node = spm_register_node(&provider);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, node);
	t->node[i] = node;
	return node;
}

/**
 * spm_kunit_register() - make an SPM node of one memory block
 * @test: the test
 * @i: index of its memory
 *
 * Return: the node, which is unregistered when the test ends.
 */
struct spm_node *spm_kunit_register(struct kunit *test, int i)
{
	return spm_kunit_register_blocks(test, i, 1);
}
EXPORT_SYMBOL_IF_KUNIT(spm_kunit_register);

/**
 * spm_kunit_unregister() - unregister an SPM node before the test ends
 * @test: the test
 * @i: index of its memory
 *
 * Return: what spm_unregister_node() says.
 */
int spm_kunit_unregister(struct kunit *test, int i)
{
	struct spm_kunit *t = test->priv;
	int rc = spm_unregister_node(t->node[i]);

	if (!rc)
		t->node[i] = NULL;
	return rc;
}
EXPORT_SYMBOL_IF_KUNIT(spm_kunit_unregister);

static void spm_kunit_expect_block_unused(struct kunit *test,
					  const struct range *block)
{
	u64 size = range_len(block);

	KUNIT_EXPECT_EQ(test, region_intersects(block->start, size,
						IORESOURCE_SYSTEM_RAM,
						IORES_DESC_NONE),
			(int)REGION_DISJOINT);
	KUNIT_EXPECT_NULL(test, pfn_to_online_page(PHYS_PFN(block->start)));
	/* Others can have it. */
	KUNIT_EXPECT_NOT_NULL(test, request_mem_region(block->start, size, "spm_kunit"));
	release_mem_region(block->start, size);
}

/**
 * spm_kunit_expect_unused() - nothing is left of an SPM node
 * @test: the test
 * @i: index of its memory
 */
void spm_kunit_expect_unused(struct kunit *test, int i)
{
	const struct spm_kunit_memory *memory;
	struct spm_kunit *t = test->priv;
	int j;

	memory = &t->memory[i];
	KUNIT_EXPECT_FALSE(test, node_isset(memory->nid, spm_nodes));
	KUNIT_EXPECT_FALSE(test, node_state(memory->nid, N_SPM_MEMORY));
	KUNIT_EXPECT_FALSE(test, node_state(memory->nid, N_MEMORY));
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(spm_table[memory->nid]));
	KUNIT_EXPECT_EQ(test, NODE_DATA(memory->nid)->node_present_pages, 0);
	for (j = 0; j < memory->nr_blocks; j++)
		spm_kunit_expect_block_unused(test, &memory->block[j]);
}
EXPORT_SYMBOL_IF_KUNIT(spm_kunit_expect_unused);

/**
 * spm_kunit_run() - let a node's workers run, and wait for them
 * @test: the test
 * @i: index of the node
 *
 * So all is trimmed that was freed before, unless the device wants to be asked
 * again.
 */
void spm_kunit_run(struct kunit *test, int i)
{
	spm_control_run(((struct spm_kunit *)test->priv)->node[i]);
}
EXPORT_SYMBOL_IF_KUNIT(spm_kunit_run);

/**
 * spm_kunit_hold() - keep a node's workers from running
 * @test: the test
 * @i: index of the node
 *
 * Waits until none does.
 */
void spm_kunit_hold(struct kunit *test, int i)
{
	spm_control_disable(((struct spm_kunit *)test->priv)->node[i]);
}

/**
 * spm_kunit_release() - undo spm_kunit_hold(), and let the workers run once
 * @test: the test
 * @i: index of the node
 */
void spm_kunit_release(struct kunit *test, int i)
{
	spm_control_enable(((struct spm_kunit *)test->priv)->node[i]);
	spm_kunit_run(test, i);
}

/* ---- Pages ---- */

/**
 * spm_kunit_take() - take a page from an SPM node, as a user does
 *
 * Return: a folio, to be given back with spm_free_folio(), or NULL.
 */
struct folio *spm_kunit_take(void)
{
	struct page *page;
	LIST_HEAD(pages);

	if (spm_alloc_pages(1, &pages))
		return NULL;
	page = list_first_entry(&pages, struct page, lru);
	list_del_init(&page->lru);
	return page_folio(page);
}
EXPORT_SYMBOL_IF_KUNIT(spm_kunit_take);

/**
 * spm_kunit_written() - tell the core that a page was written
 * @folio: folio from spm_kunit_take() or spm_kunit_alloc()
 * @rc: as with spm_pages_written()
 */
void spm_kunit_written(struct folio *folio, int rc)
{
	struct list_head *prev = folio->lru.prev;
	bool listed = !list_empty(&folio->lru);
	LIST_HEAD(pages);

	list_move(&folio->lru, &pages);
	spm_pages_written(1, &pages, rc);
	list_del_init(&folio->lru);
	if (listed)
		list_add(&folio->lru, prev);
}
EXPORT_SYMBOL_IF_KUNIT(spm_kunit_written);

/**
 * spm_kunit_alloc() - take a page from an SPM node
 * @test: the test
 *
 * Return: a folio, which is freed when the test ends, or NULL.
 */
struct folio *spm_kunit_alloc(struct kunit *test)
{
	struct folio *folio = spm_kunit_take();
	struct spm_kunit *t = test->priv;

	if (folio) {
		list_add_tail(&folio->lru, &t->folios);
		t->nr_folios++;
	}
	return folio;
}
EXPORT_SYMBOL_IF_KUNIT(spm_kunit_alloc);

/**
 * spm_kunit_free() - give a page back
 * @test: the test
 * @folio: folio from spm_kunit_alloc() or spm_kunit_fill()
 */
void spm_kunit_free(struct kunit *test, struct folio *folio)
{
	struct spm_kunit *t = test->priv;

	list_del(&folio->lru);
	t->nr_folios--;
	spm_free_folio(folio);
}
EXPORT_SYMBOL_IF_KUNIT(spm_kunit_free);

/**
 * spm_kunit_fill() - take all pages that there are
 * @test: the test
 *
 * Also those which other CPUs keep for themselves. Some may still be left: what a CPU
 * has not told others of (see vmstat), the zone does not give away.
 *
 * Return: how many pages that were.
 */
unsigned long spm_kunit_fill(struct kunit *test)
{
	unsigned long nr = 0;

	drain_all_pages(NULL);
	while (spm_kunit_alloc(test)) {
		nr++;
		cond_resched();
	}
	return nr;
}
EXPORT_SYMBOL_IF_KUNIT(spm_kunit_fill);

/**
 * spm_kunit_free_all() - give all pages back
 * @test: the test
 */
void spm_kunit_free_all(struct kunit *test)
{
	struct spm_kunit *t = test->priv;
	struct folio *folio, *next;

	list_for_each_entry_safe(folio, next, &t->folios, lru) {
		spm_kunit_free(test, folio);
		cond_resched();
	}
}
EXPORT_SYMBOL_IF_KUNIT(spm_kunit_free_all);

/* ---- Files ---- */

/**
 * spm_kunit_expect_file() - expect this in a file in sysfs
 * @test: the test
 * @dir: directory with SPM attributes
 * @file: name of the file
 * @want: what a user should read there
 */
void spm_kunit_expect_file(struct kunit *test, struct kobject *dir,
			   const char *file, const char *want)
{
	struct kernfs_node *kn = kernfs_find_and_get(dir->sd, file);
	struct kobj_attribute *attr;
	char *buf;

	KUNIT_EXPECT_NOT_NULL_MSG(test, kn, "no file %s", file);
	if (!kn)
		return;

	/* sysfs_emit() takes whole pages only. */
	buf = (char *)get_zeroed_page(GFP_KERNEL);
	if (buf) {
		attr = container_of((struct attribute *)kn->priv,
				    struct kobj_attribute, attr);
		attr->show(dir, attr, buf);
		KUNIT_EXPECT_STREQ_MSG(test, strim(buf), want, "in %s", file);
	}
	free_page((unsigned long)buf);
	kernfs_put(kn);
}

/**
 * spm_kunit_write_file() - write to a file in sysfs, as a user would
 * @test: the test
 * @dir: directory with SPM attributes
 * @file: name of the file
 * @text: what to write
 *
 * Return: 0 or -errno; -ENOENT if there is no such file.
 */
int spm_kunit_write_file(struct kunit *test, struct kobject *dir,
			 const char *file, const char *text)
{
	struct kernfs_node *kn = kernfs_find_and_get(dir->sd, file);
	struct kobj_attribute *attr;
	ssize_t rc;

	if (!kn)
		return -ENOENT;
	attr = container_of((struct attribute *)kn->priv, struct kobj_attribute, attr);
	rc = attr->store(dir, attr, text, strlen(text));
	KUNIT_EXPECT_TRUE(test, rc < 0 || rc == strlen(text));
	kernfs_put(kn);
	return min(rc, 0);
}

/* ---- What a module has no access to ---- */

/**
 * spm_kunit_stat() - read a node's counter
 * @test: the test
 * @i: index of the node
 * @stat: the counter
 *
 * Return: pages.
 */
unsigned long spm_kunit_stat(struct kunit *test, int i, enum spm_stat stat)
{
	return spm_stat_read(((struct spm_kunit *)test->priv)->node[i], stat);
}
EXPORT_SYMBOL_IF_KUNIT(spm_kunit_stat);

/**
 * spm_kunit_expect_stat() - expect a count of a node, and the same of all nodes
 * @test: the test, which has no other node
 * @i: index of the node
 * @stat: the counter
 * @want: how many, since the test began
 */
void spm_kunit_expect_stat(struct kunit *test, int i, enum spm_stat stat,
			   unsigned long want)
{
	KUNIT_EXPECT_EQ_MSG(test, spm_kunit_stat(test, i, stat), want, "%s",
			    spm_stat_names[stat]);
	KUNIT_EXPECT_EQ_MSG(test, spm_kunit_total(test, stat), want, "%s of all",
			    spm_stat_names[stat]);
}
EXPORT_SYMBOL_IF_KUNIT(spm_kunit_expect_stat);

/**
 * spm_kunit_total() - read the counter of all nodes, also those that are gone
 * @test: the test
 * @stat: the counter
 *
 * Return: pages since the test began.
 */
unsigned long spm_kunit_total(struct kunit *test, enum spm_stat stat)
{
	struct spm_kunit *t = test->priv;

	return spm_stat_total(stat) - t->total[stat];
}
EXPORT_SYMBOL_IF_KUNIT(spm_kunit_total);

/**
 * spm_kunit_isolate() - isolate a movable page, as migration does
 * @page: the page
 *
 * Return: true if it is isolated, until spm_kunit_putback().
 */
bool spm_kunit_isolate(struct page *page)
{
	return isolate_movable_page(page, ISOLATE_UNEVICTABLE);
}
EXPORT_SYMBOL_IF_KUNIT(spm_kunit_isolate);

/**
 * spm_kunit_putback() - undo spm_kunit_isolate()
 * @page: the page, which its owner may have freed meanwhile
 */
void spm_kunit_putback(struct page *page)
{
	LIST_HEAD(list);

	list_add(&page->lru, &list);
	putback_movable_pages(&list);
}
EXPORT_SYMBOL_IF_KUNIT(spm_kunit_putback);

static int spm_kunit_migrate_list(struct list_head *list)
{
	struct migration_target_control mtc = {
		.nid = NUMA_NO_NODE,
		.gfp_mask = GFP_USER | __GFP_MOVABLE | __GFP_RETRY_MAYFAIL,
		.reason = MR_MEMORY_HOTPLUG,
	};
	int rc;

	rc = migrate_pages(list, alloc_migration_target, NULL,
			   (unsigned long)&mtc, MIGRATE_SYNC, MR_MEMORY_HOTPLUG,
			   NULL);
	if (rc)
		putback_movable_pages(list);
	return rc;
}

/**
 * spm_kunit_migrate() - migrate a page, as offlining its memory does
 * @page: movable page
 *
 * Return: 0 if its owner has another page now; -EBUSY if it can't be isolated;
 * other values if it was not migrated.
 */
int spm_kunit_migrate(struct page *page)
{
	LIST_HEAD(list);

	if (!spm_kunit_isolate(page))
		return -EBUSY;
	list_add(&page->lru, &list);
	return spm_kunit_migrate_list(&list);
}
EXPORT_SYMBOL_IF_KUNIT(spm_kunit_migrate);

/**
 * spm_kunit_migrate_range() - migrate all movable pages of a memory block
 * @range: the block
 *
 * Return: number of pages that were tried.
 */
int spm_kunit_migrate_range(const struct range *range)
{
	unsigned long pfn = PHYS_PFN(range->start);
	LIST_HEAD(list);
	int nr = 0;

	for (; pfn < PHYS_PFN(range->end + 1); pfn++) {
		struct page *page = pfn_to_online_page(pfn);

		if (page && __PageMovable(page) && spm_kunit_isolate(page)) {
			list_add_tail(&page->lru, &list);
			nr++;
		}
	}
	if (nr)
		spm_kunit_migrate_list(&list);
	return nr;
}
EXPORT_SYMBOL_IF_KUNIT(spm_kunit_migrate_range);
