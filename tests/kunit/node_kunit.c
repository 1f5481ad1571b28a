// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of SPM nodes: registering, unregistering, what the rest of the
 * kernel sees of a node, and how its memory is counted
 */
#include <linux/delay.h>
#include <linux/ioport.h>
#include <linux/kernfs.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/node.h>
#include <linux/sched/signal.h>
#include <linux/sysfs.h>

#include "../figures.h"
#include "../walk.h"
#include "kunit.h"

/* What a hot-added block itself takes of DRAM is less than this part of it. */
#define SPM_NODE_NOISE	(memory_block_size_bytes() / PAGE_SIZE / 4)

/* ---- Descriptions that make no sense ---- */

enum spm_node_nid {
	SPM_NID_GOOD,
	SPM_NID_NEGATIVE,
	SPM_NID_TOO_LARGE,
	SPM_NID_IMPOSSIBLE,
};

/**
 * struct spm_node_bad - a description that makes no sense
 * @what: what is wrong with it
 * @nameless: no name
 * @rangeless: no ranges
 * @nr_ranges: number of ranges
 * @start_pages: added to the start of each range, as they are in a good one
 * @end_pages: added to the end of each range
 * @blocks: which memory block each range is, counted from the first good one;
 *	each has one block
 * @nid: node id
 */
struct spm_node_bad {
	const char *what;
	bool nameless;
	bool rangeless;
	int nr_ranges;
	int start_pages[2];
	int end_pages[2];
	int blocks[2];
	enum spm_node_nid nid;
};

static const struct spm_node_bad spm_node_bad[] = {
	{ "no name", .nr_ranges = 1, .nameless = true },
	{ "no ranges", .nr_ranges = 1, .rangeless = true },
	{ "zero ranges", .nr_ranges = 0 },
	{ "negative number of ranges", .nr_ranges = -1 },
	{ "start not aligned", .nr_ranges = 1, .start_pages = { 1 } },
	{ "end not aligned", .nr_ranges = 1, .end_pages = { -1 } },
	{ "second start not aligned", .nr_ranges = 2, .blocks = { 0, 1 },
	  .start_pages = { 0, 1 } },
	{ "second end not aligned", .nr_ranges = 2, .blocks = { 0, 1 },
	  .end_pages = { 0, 1 } },
	{ "the same range twice", .nr_ranges = 2 },
	{ "the same range twice, the other way round", .nr_ranges = 2,
	  .blocks = { 1, 1 } },
	{ "negative node id", .nr_ranges = 1, .nid = SPM_NID_NEGATIVE },
	{ "node id too large", .nr_ranges = 1, .nid = SPM_NID_TOO_LARGE },
	{ "node not possible", .nr_ranges = 1, .nid = SPM_NID_IMPOSSIBLE },
};

KUNIT_ARRAY_PARAM_DESC(spm_node_bad, spm_node_bad, what);

static int spm_node_bad_nid(struct kunit *test, enum spm_node_nid nid)
{
	struct spm_kunit *t = test->priv;

	switch (nid) {
	case SPM_NID_NEGATIVE:
		return NUMA_NO_NODE;
	case SPM_NID_TOO_LARGE:
		return MAX_NUMNODES;
	case SPM_NID_IMPOSSIBLE:
		if (nr_node_ids == MAX_NUMNODES)
			kunit_skip(test, "all nodes are possible");
		return nr_node_ids;
	case SPM_NID_GOOD:
		break;
	}
	return t->memory[0].nid;
}

/* Registers, expects an error and that nothing is left. */
static void spm_node_expect_refused(struct kunit *test,
				    const struct spm_provider *provider, int rc)
{
	int key = static_key_count(&spm_key.key);
	unsigned long ram = totalram_pages();
	struct spm_node *node;

	node = spm_register_node(provider);
	KUNIT_EXPECT_PTR_EQ(test, node, ERR_PTR(rc));
	if (!IS_ERR(node))
		spm_unregister_node(node);

	KUNIT_EXPECT_EQ(test, static_key_count(&spm_key.key), key);
	KUNIT_EXPECT_EQ(test, totalram_pages(), ram);
}

/* Tests that a description that makes no sense is refused with -EINVAL. */
static void spm_node_test_invalid(struct kunit *test)
{
	const struct spm_node_bad *bad = test->param_value;
	struct spm_kunit *t = test->priv;
	struct range ranges[2];
	struct spm_provider provider = {
		.name = bad->nameless ? NULL : "spm_kunit",
		.nid = spm_node_bad_nid(test, bad->nid),
		.nr_ranges = bad->nr_ranges,
		.ranges = bad->rangeless ? NULL : ranges,
	};
	int i;

	for (i = 0; i < 2; i++) {
		s64 move = bad->blocks[i] * (s64)memory_block_size_bytes();

		ranges[i].start = t->memory[0].block[0].start + move +
				  bad->start_pages[i] * (s64)PAGE_SIZE;
		ranges[i].end = t->memory[0].block[0].end + move +
				bad->end_pages[i] * (s64)PAGE_SIZE;
	}
	spm_node_expect_refused(test, &provider, -EINVAL);
	spm_kunit_expect_unused(test, 0);
}

/* Tests that ranges are refused with -EINVAL which end before they start. */
static void spm_node_test_inverted(struct kunit *test)
{
	struct spm_kunit *t = test->priv;
	struct range range = t->memory[0].block[0];
	struct spm_provider provider = {
		.name = "spm_kunit",
		.nid = t->memory[0].nid,
		.nr_ranges = 1,
		.ranges = &range,
	};

	swap(range.start, range.end);
	spm_node_expect_refused(test, &provider, -EINVAL);

	/* Aligned: empty, and of less than nothing. */
	range = t->memory[0].block[0];
	range.end = range.start - 1;
	spm_node_expect_refused(test, &provider, -EINVAL);
	range.end -= memory_block_size_bytes();
	spm_node_expect_refused(test, &provider, -EINVAL);
	spm_kunit_expect_unused(test, 0);
}

/* Tests that ranges are refused with -EINVAL one of which holds the other. */
static void spm_node_test_overlap(struct kunit *test)
{
	struct spm_kunit *t = test->priv;
	struct range ranges[2] = { t->memory[0].block[0], t->memory[0].block[0] };
	struct spm_provider provider = {
		.name = "spm_kunit",
		.nid = t->memory[0].nid,
		.nr_ranges = 2,
		.ranges = ranges,
	};

	ranges[1].end += memory_block_size_bytes();
	spm_node_expect_refused(test, &provider, -EINVAL);
	swap(ranges[0], ranges[1]);
	spm_node_expect_refused(test, &provider, -EINVAL);

	/* Both stick out on one side. */
	ranges[0].start -= memory_block_size_bytes();
	ranges[0].end -= memory_block_size_bytes();
	ranges[1].end += memory_block_size_bytes();
	spm_node_expect_refused(test, &provider, -EINVAL);
	spm_kunit_expect_unused(test, 0);
}

/* ---- Memory that somebody else has ---- */

static struct spm_provider spm_node_provider(struct kunit *test, int nr_ranges)
{
	struct spm_kunit *t = test->priv;

	return (struct spm_provider) {
		.name = "spm_kunit",
		.nid = t->memory[0].nid,
		.nr_ranges = nr_ranges,
		.ranges = t->memory[0].block,
	};
}

/* Tests that a node with ordinary memory is refused with -EBUSY. */
static void spm_node_test_ordinary(struct kunit *test)
{
	struct spm_provider provider = spm_node_provider(test, 1);

	provider.nid = first_node(node_states[N_MEMORY]);
	spm_node_expect_refused(test, &provider, -EBUSY);
	KUNIT_EXPECT_TRUE(test, node_state(provider.nid, N_MEMORY));
	KUNIT_EXPECT_FALSE(test, node_isset(provider.nid, spm_nodes));
	spm_kunit_expect_unused(test, 0);
}

/* Tests that a node is refused that has ordinary memory which is offline. */
static void spm_node_test_ordinary_offline(struct kunit *test)
{
	struct spm_provider provider = spm_node_provider(test, 1);
	struct spm_kunit *t = test->priv;
	const struct range *block = &t->memory[0].block[1];

	spm_kunit_need_blocks(test, 2);
	if (mhp_get_default_online_type() != MMOP_OFFLINE)
		kunit_skip(test, "hot-added memory goes online on its own");

	KUNIT_ASSERT_EQ(test, add_memory(provider.nid, block->start,
					 range_len(block), MHP_NONE), 0);
	spm_node_expect_refused(test, &provider, -EBUSY);
	KUNIT_EXPECT_EQ(test, remove_memory(block->start, range_len(block)), 0);
	spm_kunit_expect_unused(test, 0);
}

/* Tests that a second owner is refused with -EBUSY, and the first unharmed. */
static void spm_node_test_second_owner(struct kunit *test)
{
	struct spm_provider provider = spm_node_provider(test, 1);
	struct spm_kunit *t = test->priv;
	struct spm_node *node = spm_kunit_register(test, 0);

	spm_node_expect_refused(test, &provider, -EBUSY);

	/* Not with other memory of the node either. */
	provider.ranges = &t->memory[0].block[1];
	if (t->memory[0].nr_blocks > 1)
		spm_node_expect_refused(test, &provider, -EBUSY);

	KUNIT_EXPECT_TRUE(test, node_isset(provider.nid, spm_nodes));
	KUNIT_EXPECT_TRUE(test, node_state(provider.nid, N_SPM_MEMORY));
	KUNIT_EXPECT_PTR_EQ(test, rcu_access_pointer(spm_table[provider.nid]), node);
	KUNIT_EXPECT_NOT_NULL(test, spm_kunit_alloc(test));
}

static void spm_node_expect_busy(struct kunit *test, const struct range *busy,
				 int nr_ranges)
{
	struct spm_provider provider = spm_node_provider(test, nr_ranges);
	struct resource *res;

	res = request_mem_region(busy->start, range_len(busy), "somebody else");
	KUNIT_ASSERT_NOT_NULL(test, res);
	spm_node_expect_refused(test, &provider, -EBUSY);
	release_mem_region(busy->start, range_len(busy));
	spm_kunit_expect_unused(test, 0);
}

/* Tests that memory in use is refused with -EBUSY. */
static void spm_node_test_range_busy(struct kunit *test)
{
	struct spm_kunit *t = test->priv;
	struct range part = t->memory[0].block[0];

	spm_node_expect_busy(test, &part, 1);
	part.start = part.end + 1 - PAGE_SIZE;
	spm_node_expect_busy(test, &part, 1);

	/* Once it is free again, it is as good as ever. */
	spm_kunit_register(test, 0);
}

/* Tests that the first range is given back if the second is in use. */
static void spm_node_test_second_range_busy(struct kunit *test)
{
	struct spm_kunit *t = test->priv;

	spm_kunit_need_blocks(test, 2);
	spm_node_expect_busy(test, &t->memory[0].block[1], 2);
	spm_node_expect_busy(test, &t->memory[0].block[0], 2);
	spm_kunit_register_blocks(test, 0, 2);
}

/* Tests that memory which firmware has in two NUMA nodes can be one SPM node. */
static void spm_node_test_ranges_of_two_nodes(struct kunit *test)
{
	struct spm_provider provider = spm_node_provider(test, 2);
	struct spm_kunit *t = test->priv;
	unsigned long pages = PHYS_PFN(memory_block_size_bytes());
	struct spm_node *node;
	struct range ranges[2];

	spm_kunit_need_nodes(test, 2);
	ranges[0] = t->memory[0].block[0];
	ranges[1] = t->memory[1].block[0];
	provider.ranges = ranges;
	node = spm_register_node(&provider);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, node);
	t->node[0] = node;

	KUNIT_EXPECT_EQ(test, spm_node_nid(node), t->memory[0].nid);
	KUNIT_EXPECT_EQ(test, spm_node_capacity_pages(node), 2 * pages);
	KUNIT_EXPECT_EQ(test, pfn_to_nid(PHYS_PFN(ranges[0].start)), spm_node_nid(node));
	KUNIT_EXPECT_EQ(test, pfn_to_nid(PHYS_PFN(ranges[1].start)), spm_node_nid(node));
	KUNIT_EXPECT_FALSE(test, node_isset(t->memory[1].nid, spm_nodes));
	KUNIT_EXPECT_NOT_NULL(test, spm_kunit_alloc(test));
	spm_kunit_free_all(test);

	/* Both are as they were. */
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
	spm_kunit_expect_unused(test, 0);
	spm_kunit_expect_unused(test, 1);
	spm_kunit_register(test, 1);
}

/* Tests that nobody else can add memory to an SPM node. */
static void spm_node_test_hotadd(struct kunit *test)
{
	struct spm_kunit *t = test->priv;
	const struct range *block = &t->memory[0].block[1];
	int nid = t->memory[0].nid;

	spm_kunit_need_blocks(test, 2);
	spm_kunit_register(test, 0);

	KUNIT_EXPECT_EQ(test, add_memory(nid, block->start, range_len(block),
					 MHP_NONE), -EBUSY);
	KUNIT_EXPECT_EQ(test, add_memory_driver_managed(nid, block->start,
							range_len(block),
							"System RAM (kmem)",
							MHP_MERGE_RESOURCE),
			-EBUSY);
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
	spm_kunit_expect_unused(test, 0);
}

/* Tests that memory is marked as SPM only on an SPM node. */
static void spm_node_test_hotadd_unregistered(struct kunit *test)
{
	struct spm_kunit *t = test->priv;
	const struct range *block = &t->memory[0].block[0];

	KUNIT_EXPECT_EQ(test, add_memory(t->memory[0].nid, block->start,
					 range_len(block), MHP_SPM), -EBUSY);
	spm_kunit_expect_unused(test, 0);
}

/* ---- Memory hotplug that fails ---- */

/**
 * struct spm_node_fault - have memory hotplug fail, as without memory, say
 * @nb: how it is told
 * @online_from: the first block that can't be onlined, counted from 1; 0: all can
 * @offline_from: the first one that can't be offlined
 * @kill: task to be killed when the second block is to be offlined
 * @nr_onlined: blocks that were to be onlined
 * @nr_offlined: blocks that were to be offlined
 */
struct spm_node_fault {
	struct notifier_block nb;
	int online_from;
	int offline_from;
	struct task_struct *kill;
	int nr_onlined;
	int nr_offlined;
};

/* As long as this takes to get here; the bound is for a test that fails. */
static void spm_node_fault_kill(struct task_struct *task)
{
	int i;

	send_sig(SIGKILL, task, 1);
	for (i = 0; i < 500 && !signal_pending(current); i++)
		msleep(20);
}

static int spm_node_fault_notify(struct notifier_block *nb, unsigned long action,
				 void *arg)
{
	struct spm_node_fault *fault = container_of(nb, struct spm_node_fault, nb);

	if (action == MEM_GOING_ONLINE &&
	    ++fault->nr_onlined >= fault->online_from && fault->online_from)
		return notifier_from_errno(-ENOMEM);
	if (action != MEM_GOING_OFFLINE)
		return NOTIFY_OK;
	if (++fault->nr_offlined == 2 && fault->kill)
		spm_node_fault_kill(fault->kill);
	return notifier_from_errno(fault->offline_from &&
				   fault->nr_offlined >= fault->offline_from ?
				   -EBUSY : 0);
}

static void spm_node_fault_begin(struct spm_node_fault *fault)
{
	fault->nb.notifier_call = spm_node_fault_notify;
	register_memory_notifier(&fault->nb);
}

static void spm_node_fault_end(struct spm_node_fault *fault)
{
	unregister_memory_notifier(&fault->nb);
}

/* Registers two blocks, of which the second can't be onlined. */
static struct spm_node *spm_node_register_faulty(struct kunit *test, bool stuck)
{
	struct spm_provider provider = spm_node_provider(test, 2);
	struct spm_node_fault fault = {
		.online_from = 2,
		.offline_from = stuck ? 1 : 0,
	};
	struct spm_node *node;

	spm_node_fault_begin(&fault);
	node = spm_register_node(&provider);
	spm_node_fault_end(&fault);
	return node;
}

/* Tests that nothing is left if the second block can't be onlined. */
static void spm_node_test_online_fails(struct kunit *test)
{
	int key = static_key_count(&spm_key.key);

	spm_kunit_need_blocks(test, 2);
	KUNIT_EXPECT_PTR_EQ(test, spm_node_register_faulty(test, false),
			    ERR_PTR(-ENOMEM));
	spm_kunit_expect_unused(test, 0);
	KUNIT_EXPECT_EQ(test, static_key_count(&spm_key.key), key);
	spm_kunit_register_blocks(test, 0, 2);
}

/* Expects memory of a node that is out of anybody's reach. */
static void spm_node_expect_out_of_reach(struct kunit *test, int nid)
{
	struct page *page;

	KUNIT_EXPECT_TRUE(test, spm_nid(nid));
	KUNIT_EXPECT_TRUE(test, node_state(nid, N_SPM_MEMORY));
	KUNIT_EXPECT_FALSE(test, node_state(nid, N_MEMORY));
	KUNIT_EXPECT_NULL(test, spm_kunit_take());
	page = alloc_pages_node(nid, GFP_HIGHUSER_MOVABLE | __GFP_THISNODE |
				     __GFP_NOWARN, 0);
	KUNIT_EXPECT_NULL(test, page);
	if (page)
		__free_page(page);
}

/*
 * Tests that memory which could not be taken away again after a registration that
 * failed is nobody's, and that the next attempt takes it away. It used to join the
 * allocator as ordinary memory.
 */
static void spm_node_test_undo_fails(struct kunit *test)
{
	struct spm_provider provider = spm_node_provider(test, 2);
	int key = static_key_count(&spm_key.key), nid = provider.nid;
	unsigned long ram = totalram_pages();
	struct spm_node_fault fault = { .offline_from = 1 };
	struct spm_kunit *t = test->priv;

	spm_kunit_need_blocks(test, 2);
	KUNIT_EXPECT_PTR_EQ(test, spm_node_register_faulty(test, true),
			    ERR_PTR(-ENOMEM));
	spm_node_expect_out_of_reach(test, nid);
	KUNIT_EXPECT_EQ(test, totalram_pages(), ram);
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(spm_table[nid]));

	/* As long as it stays, nobody else has the node. */
	spm_node_fault_begin(&fault);
	KUNIT_EXPECT_PTR_EQ(test, spm_register_node(&provider), ERR_PTR(-EBUSY));
	spm_node_fault_end(&fault);
	spm_node_expect_out_of_reach(test, nid);
	KUNIT_EXPECT_EQ(test, static_key_count(&spm_key.key), key + 1);

	/* Once it can go, it makes way. */
	spm_kunit_register(test, 0);
	KUNIT_EXPECT_EQ(test, static_key_count(&spm_key.key), key + 1);
	KUNIT_EXPECT_NOT_NULL(test, spm_kunit_alloc(test));
	spm_kunit_free_all(test);
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
	spm_kunit_expect_unused(test, 0);
	KUNIT_EXPECT_EQ(test, static_key_count(&spm_key.key), key);
	KUNIT_EXPECT_EQ(test, t->memory[0].nid, nid);
}

/* Expects that a node of two blocks has what it had, and works. */
static void spm_node_expect_whole(struct kunit *test, struct spm_node *node)
{
	unsigned long block_pages = memory_block_size_bytes() / PAGE_SIZE;

	KUNIT_EXPECT_EQ(test, spm_node_capacity_pages(node), 2 * block_pages);
	KUNIT_EXPECT_NOT_NULL(test, node->kobj);
	KUNIT_EXPECT_NOT_NULL(test, NODE_DATA(node->nid)->kswapd);
	KUNIT_EXPECT_NOT_NULL(test, spm_kunit_alloc(test));
	spm_kunit_free_all(test);
}

/* Tests that a node is as it was if its second block can't be offlined. */
static void spm_node_test_offline_fails(struct kunit *test)
{
	struct spm_node_fault fault = { .offline_from = 2 };
	struct spm_node *node;

	spm_kunit_need_blocks(test, 2);
	node = spm_kunit_register_blocks(test, 0, 2);
	spm_node_fault_begin(&fault);
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), -EBUSY);
	spm_node_fault_end(&fault);
	spm_node_expect_whole(test, node);
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
	spm_kunit_expect_unused(test, 0);
}

/*
 * Tests that a node whose first block can't be onlined again either goes on with
 * the second one, and goes later. The first one's memory was removed, and removed
 * once more when the node went.
 */
static void spm_node_test_reonline_fails(struct kunit *test)
{
	unsigned long block_pages = memory_block_size_bytes() / PAGE_SIZE;
	struct spm_node_fault fault = { .online_from = 1, .offline_from = 2 };
	struct spm_node *node;

	spm_kunit_need_blocks(test, 2);
	node = spm_kunit_register_blocks(test, 0, 2);
	spm_node_fault_begin(&fault);
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), -EBUSY);
	spm_node_fault_end(&fault);
	KUNIT_EXPECT_EQ(test, spm_node_capacity_pages(node), block_pages);
	KUNIT_EXPECT_NOT_NULL(test, spm_kunit_alloc(test));
	spm_kunit_free_all(test);
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
	spm_kunit_expect_unused(test, 0);
}

/* Tests that a node is as it was if who takes it away is killed meanwhile. */
static void spm_node_test_killed(struct kunit *test)
{
	struct spm_node_fault fault = { .kill = current };
	struct spm_node *node;

	spm_kunit_need_blocks(test, 2);
	node = spm_kunit_register_blocks(test, 0, 2);
	allow_kernel_signal(SIGKILL);
	spm_node_fault_begin(&fault);
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), -EINTR);
	spm_node_fault_end(&fault);
	flush_signals(current);
	disallow_signal(SIGKILL);
	spm_node_expect_whole(test, node);
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
	spm_kunit_expect_unused(test, 0);
}

/* ---- A node and the rest of the kernel ---- */

static int spm_node_kexec_resource(struct resource *res, void *arg)
{
	return res->flags & IORESOURCE_SYSRAM_DRIVER_MANAGED ? 0 : -EINVAL;
}

/* Tests that kexec passes a node's memory over when it looks for RAM to use. */
static void spm_node_test_kexec(struct kunit *test)
{
	struct spm_kunit *t = test->priv;
	const struct range *block = &t->memory[0].block[0];

	spm_kunit_register(test, 0);
	/* See locate_mem_hole_callback(). */
	KUNIT_EXPECT_EQ(test, walk_system_ram_res(block->start, block->end, NULL,
						  spm_node_kexec_resource), 0);
}

static void spm_node_walk(const struct range *block, struct spm_walk *walk,
			  struct page *wanted, bool *seen)
{
	struct page *page;

	*walk = (struct spm_walk) {
		.pfn = PHYS_PFN(block->start),
		.end_pfn = PHYS_PFN(block->end + 1),
	};
	*seen = false;
	while ((page = spm_walk_next(walk)))
		*seen |= page == wanted;
}

/*
 * Tests that to walk over memory takes time by its free blocks, not by its pages,
 * and that no page is missed.
 */
static void spm_node_test_walk(struct kunit *test)
{
	unsigned long nr_pages = memory_block_size_bytes() / PAGE_SIZE;
	struct spm_kunit *t = test->priv;
	const struct range *block = &t->memory[0].block[0];
	struct folio *folio, *next;
	struct spm_walk walk;
	unsigned long nr = 0;
	bool seen;

	/* Offline. */
	spm_node_walk(block, &walk, NULL, &seen);
	KUNIT_EXPECT_LE(test, walk.nr_looked,
			DIV_ROUND_UP(nr_pages, PAGES_PER_SECTION));

	/* Empty: CPUs have some pages on lists of their own. */
	spm_kunit_register(test, 0);
	spm_node_walk(block, &walk, NULL, &seen);
	KUNIT_EXPECT_LT(test, walk.nr_looked, nr_pages / 16);

	/* Full. */
	spm_kunit_fill(test);
	list_for_each_entry_safe(folio, next, &t->folios, lru)
		if (nr++ % 1000)
			spm_kunit_free(test, folio);
	list_for_each_entry(folio, &t->folios, lru) {
		spm_node_walk(block, &walk, folio_page(folio, 0), &seen);
		KUNIT_EXPECT_TRUE(test, seen);
	}
	spm_node_walk(block, &walk, NULL, &seen);
	KUNIT_EXPECT_LT(test, walk.nr_looked, nr_pages / 4);
}

/* Tests that a node is in N_SPM_MEMORY while registered, and in no other state. */
static void spm_node_test_states(struct kunit *test)
{
	struct spm_kunit *t = test->priv;
	int nid = t->memory[0].nid;
	struct spm_node *node = spm_kunit_register(test, 0);

	KUNIT_EXPECT_TRUE(test, node_online(nid));
	KUNIT_EXPECT_TRUE(test, node_state(nid, N_SPM_MEMORY));
	KUNIT_EXPECT_FALSE(test, node_state(nid, N_MEMORY));
	KUNIT_EXPECT_FALSE(test, node_state(nid, N_HIGH_MEMORY));
	KUNIT_EXPECT_FALSE(test, node_state(nid, N_NORMAL_MEMORY));
	KUNIT_EXPECT_TRUE(test, spm_nid(nid));
	KUNIT_EXPECT_PTR_EQ(test, spm_node_priv(node), (void *)test);

	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
	KUNIT_EXPECT_FALSE(test, spm_nid(nid));
	spm_kunit_expect_unused(test, 0);
}

/* Tests that nothing wears out when a node comes and goes. */
static void spm_node_test_again(struct kunit *test)
{
	unsigned long ram = totalram_pages();
	int i;

	for (i = 0; i < 3; i++) {
		spm_kunit_register(test, 0);
		KUNIT_EXPECT_NOT_NULL(test, spm_kunit_alloc(test));
		spm_kunit_free_all(test);
		KUNIT_ASSERT_EQ(test, spm_kunit_unregister(test, 0), 0);
		spm_kunit_expect_unused(test, 0);
	}
	KUNIT_EXPECT_EQ(test, totalram_pages(), ram);
}

/* Tests that all of a node's memory is in ZONE_MOVABLE. */
static void spm_node_test_zone(struct kunit *test)
{
	unsigned long block_pages = memory_block_size_bytes() / PAGE_SIZE;
	struct spm_kunit *t = test->priv;
	int nid = t->memory[0].nid;
	enum zone_type i;

	spm_kunit_register(test, 0);
	for (i = 0; i < MAX_NR_ZONES; i++) {
		struct zone *zone = &NODE_DATA(nid)->node_zones[i];

		KUNIT_EXPECT_EQ(test, zone->present_pages,
				i == ZONE_MOVABLE ? block_pages : 0);
		KUNIT_EXPECT_EQ(test, zone_managed_pages(zone),
				i == ZONE_MOVABLE ? block_pages : 0);
	}
}

/* Tests that a block goes to ZONE_MOVABLE whatever online type is asked for. */
static void spm_node_test_online_type(struct kunit *test)
{
	static const enum mmop types[] = {
		MMOP_ONLINE, MMOP_ONLINE_KERNEL, MMOP_ONLINE_MOVABLE,
	};
	struct spm_kunit *t = test->priv;
	const struct range *block = &t->memory[0].block[0];
	struct zone *zone;
	int i;

	spm_kunit_register(test, 0);
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		zone = zone_for_pfn_range(types[i], t->memory[0].nid, NULL,
					  PHYS_PFN(block->start),
					  PHYS_PFN(range_len(block)));
		KUNIT_EXPECT_EQ(test, zone_idx(zone), (int)ZONE_MOVABLE);
	}
}

/* Tests that a node may be made of several ranges. */
static void spm_node_test_two_ranges(struct kunit *test)
{
	unsigned long block_pages = memory_block_size_bytes() / PAGE_SIZE;
	struct spm_node *node;

	spm_kunit_need_blocks(test, 2);
	node = spm_kunit_register_blocks(test, 0, 2);
	KUNIT_EXPECT_EQ(test, spm_node_capacity_pages(node), 2 * block_pages);
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
	spm_kunit_expect_unused(test, 0);
}

/* Tests that each node counts, and all hooks are off when none is left. */
static void spm_node_test_key(struct kunit *test)
{
	int before = static_key_count(&spm_key.key);

	spm_kunit_need_nodes(test, 2);
	spm_kunit_register(test, 0);
	KUNIT_EXPECT_TRUE(test, spm_active());
	KUNIT_EXPECT_EQ(test, static_key_count(&spm_key.key), before + 1);
	spm_kunit_register(test, 1);
	KUNIT_EXPECT_EQ(test, static_key_count(&spm_key.key), before + 2);

	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
	KUNIT_EXPECT_TRUE(test, spm_active());
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 1), 0);
	KUNIT_EXPECT_EQ(test, static_key_count(&spm_key.key), before);
	/* A zswap pool of zspm keeps it on. */
	KUNIT_EXPECT_EQ(test, spm_active(), before > 0);
	KUNIT_EXPECT_EQ(test, spm_memory_state(first_online_node), N_MEMORY);
}

/* ---- Accounting ---- */

/* What is to be the same with and without SPM nodes. */
struct spm_node_books {
	unsigned long ram;
	unsigned long reserve;
	unsigned long free;
	long available;
	struct sysinfo info;
};

static unsigned long spm_node_reserve(void)
{
	unsigned long sum = 0;
	int nid;

	for_each_node_mask(nid, spm_nodes)
		sum += NODE_DATA(nid)->totalreserve_pages;
	return sum;
}

static void spm_node_read_books(struct spm_node_books *b)
{
	b->ram = totalram_pages();
	b->reserve = spm_node_reserve();
	b->free = global_zone_page_state(NR_FREE_PAGES);
	b->available = si_mem_available();
	si_meminfo(&b->info);
}

static void spm_node_expect_near(struct kunit *test, long a, long b)
{
	KUNIT_EXPECT_LT(test, abs(a - b), (long)SPM_NODE_NOISE);
}

static void spm_node_expect_books(struct kunit *test,
				  const struct spm_node_books *before)
{
	struct spm_node_books now;

	spm_node_read_books(&now);
	KUNIT_EXPECT_EQ(test, now.ram, before->ram);
	KUNIT_EXPECT_EQ(test, now.reserve, 0);
	KUNIT_EXPECT_EQ(test, now.info.totalram, before->info.totalram);
	spm_node_expect_near(test, now.free, before->free);
	spm_node_expect_near(test, now.available, before->available);
	spm_node_expect_near(test, now.info.freeram, before->info.freeram);
}

/* Tests that no figure about DRAM changes with a node, be it empty or full. */
static void spm_node_test_books(struct kunit *test)
{
	struct spm_node_books before;

	spm_node_read_books(&before);
	spm_kunit_register(test, 0);
	spm_node_expect_books(test, &before);

	KUNIT_EXPECT_GT(test, spm_kunit_fill(test), SPM_NODE_NOISE);
	spm_node_expect_books(test, &before);

	spm_kunit_free_all(test);
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
	spm_node_expect_books(test, &before);
}

/* Tests that the figures of the node itself say what is there. */
static void spm_node_test_own_books(struct kunit *test)
{
	unsigned long block_pages = memory_block_size_bytes() / PAGE_SIZE;
	struct spm_kunit *t = test->priv;
	struct sysinfo info;

	spm_kunit_register(test, 0);
	si_meminfo_node(&info, t->memory[0].nid);
	KUNIT_EXPECT_EQ(test, info.totalram, block_pages);
	KUNIT_EXPECT_GT(test, info.freeram, block_pages - SPM_NODE_NOISE);
	KUNIT_EXPECT_LE(test, info.freeram, block_pages);

	spm_kunit_fill(test);
	si_meminfo_node(&info, t->memory[0].nid);
	KUNIT_EXPECT_EQ(test, info.totalram, block_pages);
	KUNIT_EXPECT_LT(test, info.freeram, SPM_NODE_NOISE);
}

/* ---- sysfs ---- */

static void spm_node_expect_number(struct kunit *test, struct kobject *dir,
				   const char *file, unsigned long number)
{
	char want[24];

	snprintf(want, sizeof(want), "%lu", number);
	spm_kunit_expect_file(test, dir, file, want);
}

/* @node: whose directory this is; NULL for that of all nodes */
static void spm_node_expect_space(struct kunit *test, struct kobject *dir,
				  struct spm_node *node, unsigned long capacity,
				  unsigned long used)
{
	spm_node_expect_number(test, dir, "capacity_bytes", capacity << PAGE_SHIFT);
	spm_node_expect_number(test, dir, "used_bytes", used << PAGE_SHIFT);
	spm_node_expect_number(test, dir, "swapped_bytes", used << PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, spm_figure(node, spm_free_bytes),
			(u64)(capacity - used) << PAGE_SHIFT);
}

/* Tests that a node's files come, show what is so, and go. */
static void spm_node_test_sysfs(struct kunit *test)
{
	unsigned long block_pages = memory_block_size_bytes() / PAGE_SIZE;
	struct spm_kunit *t = test->priv;
	struct spm_node *node = spm_kunit_register(test, 0);
	struct kernfs_node *dir;

	dir = kernfs_find_and_get(node_devices[node->nid]->dev.kobj.sd, "spm");
	KUNIT_ASSERT_NOT_NULL(test, dir);
	KUNIT_EXPECT_PTR_EQ(test, dir, node->kobj->sd);

	spm_kunit_expect_file(test, node->kobj, "provider", "spm_kunit");
	spm_node_expect_space(test, node->kobj, node, block_pages, 0);
	spm_kunit_alloc(test);
	spm_node_expect_space(test, node->kobj, node, block_pages, 1);
	spm_kunit_free_all(test);
	spm_node_expect_space(test, node->kobj, node, block_pages, 0);
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);

	/* What was removed from sysfs is in no directory any more. */
	KUNIT_EXPECT_TRUE(test, RB_EMPTY_NODE(&dir->rb));
	kernfs_put(dir);
	KUNIT_EXPECT_FALSE(test, node_online(t->memory[0].nid));
}

/* What an operator acts on. */
static const enum spm_stat spm_node_abi[] = {
#ifdef CONFIG_SPM_MAPPED
	SPM_STAT_DEMOTED,
	SPM_STAT_PROMOTED_WRITE,
#endif
	SPM_STAT_POISONED,
	SPM_STAT_LOST,
	SPM_STAT_REFUSED_FULL,
	SPM_STAT_REFUSED_BUDGET,
	SPM_STAT_REFUSED_TARGET,
	SPM_STAT_REFUSED_STOPPED,
};

/* Tests that these counters have a file, of the node and of all nodes. */
static void spm_node_test_sysfs_stats(struct kunit *test)
{
	struct kernfs_node *dir = kernfs_find_and_get(mm_kobj->sd, "spm");
	struct spm_node *node = spm_kunit_register(test, 0);
	struct spm_kunit *t = test->priv;
	enum spm_stat stat;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, dir);
	for (stat = SPM_STAT_UNTRIMMED + 1; stat < NR_SPM_STATS; stat++)
		spm_stat_add(node, stat, 100 + stat);
	for (i = 0; i < ARRAY_SIZE(spm_node_abi); i++) {
		stat = spm_node_abi[i];
		spm_node_expect_number(test, node->kobj, spm_stat_names[stat], 100 + stat);
		spm_node_expect_number(test, dir->priv, spm_stat_names[stat],
				       t->total[stat] + 100 + stat);
	}
	spm_node_expect_space(test, node->kobj, node, spm_node_capacity_pages(node), 0);
	kernfs_put(dir);
}

/* Tests that the two kinds of pages are told apart. */
static void spm_node_test_sysfs_kinds(struct kunit *test)
{
	struct spm_node *node = spm_kunit_register(test, 0);

	spm_stat_add(node, SPM_STAT_USED, 5);
	spm_stat_add(node, SPM_STAT_MAPPED, 3);
	spm_node_expect_number(test, node->kobj, "used_bytes", 5 << PAGE_SHIFT);
	spm_node_expect_number(test, node->kobj, "swapped_bytes", 2 << PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, spm_mapped_bytes(node), 3 << PAGE_SHIFT);
	spm_stat_add(node, SPM_STAT_MAPPED, -3);
	spm_stat_add(node, SPM_STAT_USED, -5);
}

/* Tests that what is freed and not trimmed yet is neither in use nor free. */
static void spm_node_test_sysfs_untrimmed(struct kunit *test)
{
	struct spm_node *node = spm_kunit_register(test, 0);
	unsigned long capacity = spm_node_capacity_pages(node);

	spm_stat_add(node, SPM_STAT_UNTRIMMED, 3);
	KUNIT_EXPECT_EQ(test, spm_untrimmed_bytes(node), 3 << PAGE_SHIFT);
	spm_node_expect_number(test, node->kobj, "used_bytes", 0);
	KUNIT_EXPECT_EQ(test, spm_free_bytes(node), (u64)(capacity - 3) << PAGE_SHIFT);
	spm_stat_add(node, SPM_STAT_UNTRIMMED, -3);
	spm_node_expect_space(test, node->kobj, node, capacity, 0);
}

/* Tests that the files of all nodes show sums, and which nodes there are. */
static void spm_node_test_sysfs_total(struct kunit *test)
{
	unsigned long block_pages = memory_block_size_bytes() / PAGE_SIZE;
	struct kernfs_node *dir = kernfs_find_and_get(mm_kobj->sd, "spm");
	struct spm_kunit *t = test->priv;
	struct kobject *kobj;
	char nodes[32];

	KUNIT_ASSERT_NOT_NULL(test, dir);
	kobj = dir->priv;
	kernfs_put(dir);	/* never goes */

	spm_node_expect_space(test, kobj, NULL, 0, 0);
	spm_kunit_expect_file(test, kobj, "nodes", "");

	spm_kunit_need_nodes(test, 2);
	spm_kunit_register(test, 0);
	spm_kunit_register(test, 1);
	spm_kunit_alloc(test);
	spm_node_expect_space(test, kobj, NULL, 2 * block_pages, 1);
	snprintf(nodes, sizeof(nodes), "%*pbl", nodemask_pr_args(&spm_nodes));
	spm_kunit_expect_file(test, kobj, "nodes", nodes);
	KUNIT_EXPECT_EQ(test, nodes_weight(node_states[N_SPM_MEMORY]), 2);
	KUNIT_EXPECT_TRUE(test, node_state(t->memory[1].nid, N_SPM_MEMORY));
}

static struct kunit_case spm_node_cases[] = {
	KUNIT_CASE_PARAM(spm_node_test_invalid, spm_node_bad_gen_params),
	KUNIT_CASE(spm_node_test_inverted),
	KUNIT_CASE(spm_node_test_overlap),
	KUNIT_CASE(spm_node_test_ordinary),
	KUNIT_CASE(spm_node_test_ordinary_offline),
	KUNIT_CASE(spm_node_test_second_owner),
	KUNIT_CASE(spm_node_test_range_busy),
	KUNIT_CASE(spm_node_test_second_range_busy),
	KUNIT_CASE(spm_node_test_ranges_of_two_nodes),
	KUNIT_CASE(spm_node_test_hotadd),
	KUNIT_CASE(spm_node_test_hotadd_unregistered),
	KUNIT_CASE(spm_node_test_online_fails),
	KUNIT_CASE_SLOW(spm_node_test_undo_fails),
	KUNIT_CASE(spm_node_test_offline_fails),
	KUNIT_CASE(spm_node_test_reonline_fails),
	KUNIT_CASE(spm_node_test_killed),
	KUNIT_CASE(spm_node_test_kexec),
	KUNIT_CASE(spm_node_test_walk),
	KUNIT_CASE(spm_node_test_states),
	KUNIT_CASE_SLOW(spm_node_test_again),
	KUNIT_CASE(spm_node_test_zone),
	KUNIT_CASE(spm_node_test_online_type),
	KUNIT_CASE(spm_node_test_two_ranges),
	KUNIT_CASE(spm_node_test_key),
	KUNIT_CASE_SLOW(spm_node_test_books),
	KUNIT_CASE_SLOW(spm_node_test_own_books),
	KUNIT_CASE(spm_node_test_sysfs),
	KUNIT_CASE(spm_node_test_sysfs_stats),
	KUNIT_CASE(spm_node_test_sysfs_kinds),
	KUNIT_CASE(spm_node_test_sysfs_untrimmed),
	KUNIT_CASE(spm_node_test_sysfs_total),
	{}
};

static struct kunit_suite spm_node_suite = {
	.name = "spm_node",
	.init = spm_kunit_init,
	.exit = spm_kunit_exit,
	.test_cases = spm_node_cases,
};

kunit_test_suite(spm_node_suite);
