// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of moving everything off an SPM node, with a fake user whose
 * pages move, or are written back, or neither
 */
#include <linux/delay.h>
#include <linux/highmem.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/migrate.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/spm_mapped.h>

#include "../../internal.h"
#include "kunit.h"

/* More than what is migrated at a time. */
#define SPM_EVACUATE_OBJECTS	100

/* ---- The fake user ---- */

/**
 * struct spm_evacuate_object - something stored in one page
 * @folio: where it is; NULL if there is no object
 */
struct spm_evacuate_object {
	struct folio *folio;
};

/**
 * struct spm_evacuate_user - the fake user
 * @user: for the core
 * @stuck: pages can't be isolated
 * @again: answer -EAGAIN to so many requests to write back
 * @rc: what to answer to all after that
 * @nr_writebacks: number of requests
 * @nr: number of @object that were ever used
 * @object: the objects
 */
struct spm_evacuate_user {
	struct spm_user user;
	bool stuck;
	int again;
	int rc;
	int nr_writebacks;
	int nr;
	struct spm_evacuate_object object[SPM_EVACUATE_OBJECTS];
};

/* The user of the test that runs, as the core's calls have no argument for it. */
static struct spm_evacuate_user *spm_evacuate_user;

static const struct movable_operations spm_evacuate_mops;

static void spm_evacuate_attach(struct folio *folio, struct spm_evacuate_object *obj)
{
	set_page_private(&folio->page, (unsigned long)obj);
	__SetPageMovable(&folio->page, &spm_evacuate_mops);
	obj->folio = folio;
}

static void spm_evacuate_detach(struct folio *folio)
{
	__ClearPageMovable(&folio->page);
	set_page_private(&folio->page, 0);
}

/* The object of a locked folio, NULL if it is not one of ours. */
static struct spm_evacuate_object *spm_evacuate_find(struct folio *folio)
{
	if (!PageMovable(&folio->page) ||
	    page_movable_ops(&folio->page) != &spm_evacuate_mops)
		return NULL;
	return (struct spm_evacuate_object *)page_private(&folio->page);
}

static int spm_evacuate_pattern(const struct spm_evacuate_object *obj)
{
	return 0x80 | (obj - spm_evacuate_user->object);
}

static struct spm_evacuate_object *spm_evacuate_new(struct kunit *test)
{
	struct spm_evacuate_object *obj;
	struct folio *folio = spm_kunit_take();

	KUNIT_ASSERT_NOT_NULL(test, folio);
	obj = &spm_evacuate_user->object[spm_evacuate_user->nr++];
	memset(folio_address(folio), spm_evacuate_pattern(obj), PAGE_SIZE);
	folio_lock(folio);
	spm_evacuate_attach(folio, obj);
	folio_unlock(folio);
	return obj;
}

static void spm_evacuate_free(struct spm_evacuate_object *obj)
{
	struct folio *folio = obj->folio;

	folio_lock(folio);
	spm_evacuate_detach(folio);
	obj->folio = NULL;
	folio_unlock(folio);
	spm_free_folio(folio);
}

/* Expects the object on memory @i of the test, unharmed. */
static void spm_evacuate_expect(struct kunit *test, struct spm_evacuate_object *obj,
				int i)
{
	struct spm_kunit *t = test->priv;

	KUNIT_ASSERT_NOT_NULL(test, obj->folio);
	KUNIT_EXPECT_EQ(test, folio_nid(obj->folio), t->memory[i].nid);
	KUNIT_EXPECT_NULL(test, memchr_inv(folio_address(obj->folio),
					   spm_evacuate_pattern(obj), PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, folio_ref_count(obj->folio), 1);
}

static bool spm_evacuate_isolate_page(struct page *page, isolate_mode_t mode)
{
	return !spm_evacuate_user->stuck;
}

static void spm_evacuate_putback_page(struct page *page)
{
}

static int spm_evacuate_migrate_page(struct page *dst, struct page *src,
				     enum migrate_mode mode)
{
	struct spm_evacuate_object *obj = spm_evacuate_find(page_folio(src));
	int rc;

	rc = spm_folio_move_begin(page_folio(dst), page_folio(src));
	if (rc)
		return rc;
	copy_highpage(dst, src);
	get_page(dst);
	spm_evacuate_attach(page_folio(dst), obj);
	spm_evacuate_detach(page_folio(src));
	spm_folio_move_end(page_folio(dst), page_folio(src), 0);
	spm_free_folio(page_folio(src));
	return 0;
}

static const struct movable_operations spm_evacuate_mops = {
	.isolate_page = spm_evacuate_isolate_page,
	.migrate_page = spm_evacuate_migrate_page,
	.putback_page = spm_evacuate_putback_page,
};

static int spm_evacuate_writeback(struct folio *folio)
{
	struct spm_evacuate_object *obj;

	folio_lock(folio);
	obj = spm_evacuate_find(folio);
	folio_unlock(folio);
	if (!obj)
		return -ENOENT;

	spm_evacuate_user->nr_writebacks++;
	if (spm_evacuate_user->again) {
		spm_evacuate_user->again--;
		return -EAGAIN;
	}
	if (!spm_evacuate_user->rc)
		spm_evacuate_free(obj);
	return spm_evacuate_user->rc;
}

static unsigned long spm_evacuate_relieve(int nid, struct mem_cgroup *memcg,
					  unsigned long nr, enum spm_relief relief)
{
	return 0;
}

static int spm_evacuate_init(struct kunit *test)
{
	struct spm_evacuate_user *user;
	int rc = spm_kunit_init(test);

	if (rc)
		return rc;
	user = kunit_kzalloc(test, sizeof(*user), GFP_KERNEL);
	if (!user)
		return -ENOMEM;
	user->user.name = "spm_evacuate_kunit";
	user->user.writeback = spm_evacuate_writeback;
	user->user.relieve = spm_evacuate_relieve;
	spm_evacuate_user = user;
	spm_register_user(&user->user);
	return 0;
}

static void spm_evacuate_exit(struct kunit *test)
{
	int i;

	if (spm_evacuate_user) {
		for (i = 0; i < spm_evacuate_user->nr; i++)
			if (spm_evacuate_user->object[i].folio)
				spm_evacuate_free(&spm_evacuate_user->object[i]);
		spm_unregister_user(&spm_evacuate_user->user);
	}
	spm_kunit_exit(test);
	spm_evacuate_user = NULL;
}

/* ---- Pages that can't be moved ---- */

/* Expects that the node of memory 0 works as if nothing had happened. */
static void spm_evacuate_expect_works(struct kunit *test)
{
	struct spm_kunit *t = test->priv;
	struct spm_node *node = t->node[0];
	unsigned long used = spm_stat_read(node, SPM_STAT_USED);
	struct folio *folio;

	KUNIT_EXPECT_TRUE(test, spm_nid(node->nid));
	KUNIT_EXPECT_TRUE(test, node_state(node->nid, N_SPM_MEMORY));
	KUNIT_EXPECT_FALSE(test, node->closing);
	KUNIT_EXPECT_NOT_NULL(test, node->kobj);
	KUNIT_EXPECT_EQ(test, spm_node_capacity_pages(node),
			memory_block_size_bytes() / PAGE_SIZE);

	folio = spm_kunit_alloc(test);
	KUNIT_ASSERT_NOT_NULL(test, folio);
	KUNIT_EXPECT_EQ(test, folio_nid(folio), node->nid);
	KUNIT_EXPECT_EQ(test, spm_stat_read(node, SPM_STAT_USED), used + 1);
	spm_kunit_free(test, folio);
}

/* Tests that a page that nobody can move keeps the node, until it is freed. */
static void spm_evacuate_test_unmovable(struct kunit *test)
{
	struct folio *folio;

	spm_kunit_register(test, 0);
	folio = spm_kunit_alloc(test);
	KUNIT_ASSERT_NOT_NULL(test, folio);
	memset(folio_address(folio), 0x5a, PAGE_SIZE);

	KUNIT_ASSERT_EQ(test, spm_kunit_unregister(test, 0), -EBUSY);
	spm_evacuate_expect_works(test);
	KUNIT_EXPECT_NULL(test, memchr_inv(folio_address(folio), 0x5a, PAGE_SIZE));

	spm_kunit_free_all(test);
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
	spm_kunit_expect_unused(test, 0);
}

/* Tests that no signal ends the attempt that does not kill. */
static void spm_evacuate_test_signal(struct kunit *test)
{
	static const int signals[] = { SIGCHLD, SIGALRM, SIGUSR1, SIGTSTP };
	struct spm_evacuate_object *obj;
	int i;

	spm_kunit_register(test, 0);
	obj = spm_evacuate_new(test);
	for (i = 0; i < ARRAY_SIZE(signals); i++) {
		allow_signal(signals[i]);
		send_sig(signals[i], current, 1);
	}
	KUNIT_EXPECT_TRUE(test, signal_pending(current));
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
	flush_signals(current);
	for (i = 0; i < ARRAY_SIZE(signals); i++)
		disallow_signal(signals[i]);
	KUNIT_EXPECT_NULL(test, obj->folio);
}

/* Kills a task after a while. */
struct spm_evacuate_killer {
	struct delayed_work work;
	struct task_struct *task;
};

static void spm_evacuate_kill(struct work_struct *work)
{
	struct spm_evacuate_killer *killer;

	killer = container_of(to_delayed_work(work), struct spm_evacuate_killer,
			      work);
	send_sig(SIGKILL, killer->task, 1);
}

/*
 * Tests that one that kills ends it with -EINTR, and the node works: before it has
 * begun, and while it waits for a user. Without, it would give up with -EBUSY.
 */
static void spm_evacuate_test_killed(struct kunit *test)
{
	struct spm_evacuate_killer killer = { .task = current };
	struct spm_evacuate_object *obj;
	int delay_ms;

	spm_kunit_register(test, 0);
	obj = spm_evacuate_new(test);
	spm_evacuate_user->again = INT_MAX;
	INIT_DELAYED_WORK_ONSTACK(&killer.work, spm_evacuate_kill);
	for (delay_ms = 0; delay_ms <= 200; delay_ms += 100) {
		allow_kernel_signal(SIGKILL);
		schedule_delayed_work(&killer.work, msecs_to_jiffies(delay_ms));
		if (!delay_ms)
			flush_delayed_work(&killer.work);
		KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), -EINTR);
		flush_delayed_work(&killer.work);
		flush_signals(current);
		disallow_signal(SIGKILL);
		spm_evacuate_expect(test, obj, 0);
		spm_evacuate_expect_works(test);
	}
	destroy_delayed_work_on_stack(&killer.work);
}

/* ---- Writing back ---- */

/* Tests that a page which can't move is written back, and the node goes. */
static void spm_evacuate_test_writeback(struct kunit *test)
{
	struct spm_evacuate_object *obj;

	spm_kunit_register(test, 0);
	obj = spm_evacuate_new(test);
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
	KUNIT_EXPECT_EQ(test, spm_evacuate_user->nr_writebacks, 1);
	KUNIT_EXPECT_EQ(test, spm_kunit_total(test, SPM_STAT_EVACUATED), 1);
	KUNIT_EXPECT_NULL(test, obj->folio);
	spm_kunit_expect_unused(test, 0);
}

/* Tests that a page that can't be isolated is written back. */
static void spm_evacuate_test_writeback_stuck(struct kunit *test)
{
	spm_kunit_register(test, 0);
	spm_evacuate_user->stuck = true;
	spm_evacuate_new(test);
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
	KUNIT_EXPECT_EQ(test, spm_evacuate_user->nr_writebacks, 1);
}

/* Tests that writing back is tried again for a user that is busy. */
static void spm_evacuate_test_writeback_again(struct kunit *test)
{
	spm_kunit_register(test, 0);
	spm_evacuate_new(test);
	spm_evacuate_user->again = 3;
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
	KUNIT_EXPECT_EQ(test, spm_evacuate_user->nr_writebacks, 4);
}

/* Tests that a page which can't be written back stays, and so does the node. */
static void spm_evacuate_test_writeback_refused(struct kunit *test)
{
	struct spm_evacuate_object *obj;

	spm_kunit_register(test, 0);
	obj = spm_evacuate_new(test);
	spm_evacuate_user->rc = -EBUSY;
	KUNIT_ASSERT_EQ(test, spm_kunit_unregister(test, 0), -EBUSY);
	KUNIT_EXPECT_GT(test, spm_evacuate_user->nr_writebacks, 1);
	spm_evacuate_expect(test, obj, 0);
	spm_evacuate_expect_works(test);

	/* Once the user can, it works. */
	spm_evacuate_user->rc = 0;
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
	spm_kunit_expect_unused(test, 0);
}

static int spm_evacuate_no_writeback(struct folio *folio)
{
	return -ENOENT;
}

/* Tests that each user is asked until one knows the page. */
static void spm_evacuate_test_two_users(struct kunit *test)
{
	struct spm_user others[2] = {
		{ .name = "first", .writeback = spm_evacuate_no_writeback,
		  .relieve = spm_evacuate_relieve },
		{ .name = "last", .writeback = spm_evacuate_no_writeback,
		  .relieve = spm_evacuate_relieve },
	};
	int rc;

	spm_kunit_register(test, 0);
	spm_evacuate_new(test);
	spm_unregister_user(&spm_evacuate_user->user);
	spm_register_user(&others[0]);

	/* Nobody knows it. */
	rc = spm_kunit_unregister(test, 0);

	spm_register_user(&spm_evacuate_user->user);
	spm_register_user(&others[1]);
	KUNIT_EXPECT_EQ(test, rc, -EBUSY);
	KUNIT_EXPECT_EQ(test, spm_evacuate_user->nr_writebacks, 0);
	if (rc)
		KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
	KUNIT_EXPECT_EQ(test, spm_evacuate_user->nr_writebacks, 1);
	spm_unregister_user(&others[0]);
	spm_unregister_user(&others[1]);
}

/* Tests that pages are counted as evacuated which were written back. */
static void spm_evacuate_test_writeback_counted(struct kunit *test)
{
	struct spm_node *node = spm_kunit_register(test, 0);

	spm_evacuate_new(test);
	spm_evacuate_new(test);
	/* Keeps the node, so that there is something to read. */
	KUNIT_ASSERT_NOT_NULL(test, spm_kunit_alloc(test));
	KUNIT_ASSERT_EQ(test, spm_kunit_unregister(test, 0), -EBUSY);
	KUNIT_EXPECT_EQ(test, spm_stat_read(node, SPM_STAT_EVACUATED), 2);
	KUNIT_EXPECT_EQ(test, spm_stat_read(node, SPM_STAT_USED), 1);
}

/* ---- Moving ---- */

/* Tests that pages move to another node with room, and are counted there. */
static void spm_evacuate_test_move(struct kunit *test)
{
	struct spm_evacuate_object *obj;
	struct spm_node *near, *far;

	spm_kunit_need_nodes(test, 2);
	near = spm_kunit_register(test, 0);
	obj = spm_evacuate_new(test);
	KUNIT_ASSERT_NOT_NULL(test, spm_kunit_alloc(test));
	far = spm_kunit_register(test, 1);
	spm_evacuate_expect(test, obj, 0);

	/* The other page keeps the node, so that there is something to read. */
	KUNIT_ASSERT_EQ(test, spm_kunit_unregister(test, 0), -EBUSY);
	spm_evacuate_expect(test, obj, 1);
	KUNIT_EXPECT_EQ(test, spm_stat_read(near, SPM_STAT_EVACUATED), 1);
	KUNIT_EXPECT_EQ(test, spm_stat_read(near, SPM_STAT_USED), 1);
	KUNIT_EXPECT_EQ(test, spm_stat_read(far, SPM_STAT_EVACUATED), 0);
	KUNIT_EXPECT_EQ(test, spm_stat_read(far, SPM_STAT_USED), 1);
	KUNIT_EXPECT_EQ(test, spm_evacuate_user->nr_writebacks, 0);

	spm_kunit_free_all(test);
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
	spm_kunit_expect_unused(test, 0);
	spm_evacuate_expect(test, obj, 1);
}

/* Tests that many pages move, each with its own contents, there and back. */
static void spm_evacuate_test_move_many(struct kunit *test)
{
	int i;

	spm_kunit_need_nodes(test, 2);
	spm_kunit_register(test, 0);
	for (i = 0; i < SPM_EVACUATE_OBJECTS; i++)
		spm_evacuate_new(test);
	spm_kunit_register(test, 1);

	KUNIT_ASSERT_EQ(test, spm_kunit_unregister(test, 0), 0);
	for (i = 0; i < SPM_EVACUATE_OBJECTS; i++)
		spm_evacuate_expect(test, &spm_evacuate_user->object[i], 1);

	spm_kunit_register(test, 0);
	KUNIT_ASSERT_EQ(test, spm_kunit_unregister(test, 1), 0);
	for (i = 0; i < SPM_EVACUATE_OBJECTS; i++)
		spm_evacuate_expect(test, &spm_evacuate_user->object[i], 0);
	KUNIT_EXPECT_EQ(test, spm_stat_total(SPM_STAT_USED), SPM_EVACUATE_OBJECTS);
	KUNIT_EXPECT_EQ(test, spm_evacuate_user->nr_writebacks, 0);
}

/* Tests that pages are written back if all other nodes are full. */
static void spm_evacuate_test_move_full(struct kunit *test)
{
	struct spm_evacuate_object *obj;

	spm_kunit_need_nodes(test, 2);
	spm_kunit_register(test, 1);
	spm_kunit_fill(test);
	spm_kunit_register(test, 0);
	obj = spm_evacuate_new(test);
	spm_evacuate_expect(test, obj, 0);

	spm_evacuate_user->rc = -EBUSY;
	KUNIT_ASSERT_EQ(test, spm_kunit_unregister(test, 0), -EBUSY);
	spm_evacuate_expect(test, obj, 0);

	spm_evacuate_user->rc = 0;
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
	KUNIT_EXPECT_NULL(test, obj->folio);
}

/* A page that someone else has isolated, and puts back after a while. */
struct spm_evacuate_late {
	struct delayed_work work;
	struct page *page;
};

static void spm_evacuate_late_putback(struct work_struct *work)
{
	struct spm_evacuate_late *late;

	late = container_of(to_delayed_work(work), struct spm_evacuate_late, work);
	spm_kunit_putback(late->page);
}

/* Tests that evacuation waits for a page that compaction has isolated. */
static void spm_evacuate_test_isolated(struct kunit *test)
{
	struct spm_evacuate_late late;
	struct spm_evacuate_object *obj;

	spm_kunit_need_nodes(test, 2);
	spm_kunit_register(test, 0);
	obj = spm_evacuate_new(test);
	spm_kunit_register(test, 1);
	spm_evacuate_user->again = INT_MAX;

	late.page = folio_page(obj->folio, 0);
	KUNIT_ASSERT_TRUE(test, spm_kunit_isolate(late.page));
	INIT_DELAYED_WORK_ONSTACK(&late.work, spm_evacuate_late_putback);
	schedule_delayed_work(&late.work, msecs_to_jiffies(300));
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
	flush_delayed_work(&late.work);
	destroy_delayed_work_on_stack(&late.work);
	spm_evacuate_expect(test, obj, 1);
}

/* Tests that a page which migrates within its node is still one page in use. */
static void spm_evacuate_test_move_within(struct kunit *test)
{
	struct spm_node *node = spm_kunit_register(test, 0);
	struct spm_evacuate_object *obj = spm_evacuate_new(test);
	struct folio *before = obj->folio;

	KUNIT_EXPECT_EQ(test, spm_kunit_migrate(&before->page), 0);
	KUNIT_EXPECT_PTR_NE(test, obj->folio, before);
	spm_evacuate_expect(test, obj, 0);
	KUNIT_EXPECT_EQ(test, spm_stat_read(node, SPM_STAT_USED), 1);
	KUNIT_EXPECT_EQ(test, spm_stat_read(node, SPM_STAT_EVACUATED), 0);
}

/* Tests that an SPM object's migration target is on SPM, whatever is asked. */
static void spm_evacuate_test_target(struct kunit *test)
{
	nodemask_t mask = node_states[N_MEMORY];
	struct migration_target_control mtc = {
		.nid = first_node(mask),
		.nmask = &mask,
		.gfp_mask = GFP_HIGHUSER_MOVABLE,
		.reason = MR_MEMORY_HOTPLUG,
	};
	struct spm_node *node = spm_kunit_register(test, 0);
	struct spm_evacuate_object *obj = spm_evacuate_new(test);
	struct folio *dst;

	KUNIT_EXPECT_TRUE(test, spm_object(obj->folio));
	dst = alloc_migration_target(obj->folio, (unsigned long)&mtc);
	KUNIT_ASSERT_NOT_NULL(test, dst);
	KUNIT_EXPECT_TRUE(test, spm_folio(dst));
	KUNIT_EXPECT_FALSE(test, spm_object(dst));
	/* Not in use before something has moved there. */
	KUNIT_EXPECT_EQ(test, spm_stat_read(node, SPM_STAT_USED), 1);
	folio_put(dst);

	spm_kunit_fill(test);
	KUNIT_EXPECT_NULL(test, alloc_migration_target(obj->folio, (unsigned long)&mtc));
}

/* Tests that contents move to SPM only, and not to a node that closes. */
static void spm_evacuate_test_folio_move(struct kunit *test)
{
	struct folio *dram, *src, *dst;
	struct spm_node *far;

	spm_kunit_need_nodes(test, 2);
	dram = folio_alloc(GFP_HIGHUSER_MOVABLE, 0);
	KUNIT_ASSERT_NOT_NULL(test, dram);
	far = spm_kunit_register(test, 1);
	dst = spm_kunit_alloc(test);
	spm_kunit_register(test, 0);
	src = spm_kunit_alloc(test);
	KUNIT_ASSERT_NOT_NULL(test, src);
	KUNIT_ASSERT_NOT_NULL(test, dst);

	KUNIT_EXPECT_EQ(test, spm_folio_move_begin(dram, src), -EBUSY);
	folio_put(dram);

	WRITE_ONCE(far->closing, true);
	KUNIT_EXPECT_EQ(test, spm_folio_move_begin(dst, src), -EBUSY);
	WRITE_ONCE(far->closing, false);
	KUNIT_EXPECT_EQ(test, spm_stat_total(SPM_STAT_USED), 2);
	KUNIT_EXPECT_EQ(test, spm_stat_read(far, SPM_STAT_USED), 1);
}

/* ---- Offlining a memory block by hand ---- */

/* As writing to its file "online" does. */
static int spm_evacuate_set_online(struct folio *folio, bool online)
{
	struct memory_block *mem;
	int rc;

	lock_device_hotplug();
	mem = find_memory_block(pfn_to_section_nr(folio_pfn(folio)));
	mem->online_type = MMOP_ONLINE_MOVABLE;
	rc = online ? device_online(&mem->dev) : device_offline(&mem->dev);
	put_device(&mem->dev);
	unlock_device_hotplug();
	return rc;
}

/* Tests that pages of a block that is offlined move to the node's other block. */
static void spm_evacuate_test_offline(struct kunit *test)
{
	unsigned long block_pages = memory_block_size_bytes() / PAGE_SIZE;
	struct spm_evacuate_object *obj;
	struct folio *before;
	struct spm_node *node;

	spm_kunit_need_blocks(test, 2);
	node = spm_kunit_register_blocks(test, 0, 2);
	obj = spm_evacuate_new(test);
	before = obj->folio;

	KUNIT_ASSERT_EQ(test, spm_evacuate_set_online(before, false), 0);
	KUNIT_EXPECT_PTR_NE(test, obj->folio, before);
	spm_evacuate_expect(test, obj, 0);
	KUNIT_EXPECT_EQ(test, spm_node_capacity_pages(node), block_pages);
	KUNIT_EXPECT_EQ(test, spm_stat_read(node, SPM_STAT_USED), 1);

	KUNIT_EXPECT_EQ(test, spm_evacuate_set_online(before, true), 0);
	KUNIT_EXPECT_EQ(test, spm_node_capacity_pages(node), 2 * block_pages);
	KUNIT_EXPECT_FALSE(test, node_state(node->nid, N_MEMORY));
}

/* Tests that a node goes one of whose blocks is offline. */
static void spm_evacuate_test_offline_unregister(struct kunit *test)
{
	struct folio *folio;

	spm_kunit_need_blocks(test, 2);
	spm_kunit_register_blocks(test, 0, 2);
	folio = spm_kunit_alloc(test);
	KUNIT_ASSERT_NOT_NULL(test, folio);
	spm_kunit_free(test, folio);
	KUNIT_ASSERT_EQ(test, spm_evacuate_set_online(folio, false), 0);
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
	spm_kunit_expect_unused(test, 0);
}

/* Tests that pages of a block that is offlined are written back without room. */
static void spm_evacuate_test_offline_writeback(struct kunit *test)
{
	struct spm_evacuate_object *obj;
	struct spm_node *node;
	struct folio *folio;

	node = spm_kunit_register(test, 0);
	obj = spm_evacuate_new(test);
	folio = obj->folio;
	KUNIT_ASSERT_EQ(test, spm_evacuate_set_online(folio, false), 0);
	KUNIT_EXPECT_NULL(test, obj->folio);
	KUNIT_EXPECT_EQ(test, spm_evacuate_user->nr_writebacks, 1);
	KUNIT_EXPECT_EQ(test, spm_stat_read(node, SPM_STAT_USED), 0);
	KUNIT_EXPECT_NULL(test, spm_kunit_alloc(test));

	KUNIT_EXPECT_EQ(test, spm_evacuate_set_online(folio, true), 0);
	spm_evacuate_expect_works(test);
}

/* Tests that a block stays online whose pages can neither move nor be written. */
static void spm_evacuate_test_offline_refused(struct kunit *test)
{
	struct spm_evacuate_object *obj;

	spm_kunit_register(test, 0);
	obj = spm_evacuate_new(test);
	spm_evacuate_user->rc = -EBUSY;
	spm_evacuate_user->stuck = true;
	KUNIT_EXPECT_EQ(test, spm_evacuate_set_online(obj->folio, false), -EBUSY);
	spm_evacuate_expect(test, obj, 0);
	spm_evacuate_expect_works(test);
}

/*
 * Tests that a page which was poisoned when it was freed keeps no block online.
 * Such a page looks movable for ever, and offlining tried to move it for ever.
 */
static void spm_evacuate_test_offline_poisoned(struct kunit *test)
{
	struct spm_evacuate_object *obj;
	struct folio *folio;

	spm_kunit_register(test, 0);
	obj = spm_evacuate_new(test);
	folio = obj->folio;
	SetPageHWPoison(&folio->page);
	spm_evacuate_free(obj);
	KUNIT_EXPECT_EQ(test, spm_evacuate_set_online(folio, false), 0);
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
	spm_kunit_expect_unused(test, 0);
}

static struct kunit_case spm_evacuate_cases[] = {
	KUNIT_CASE_SLOW(spm_evacuate_test_unmovable),
	KUNIT_CASE(spm_evacuate_test_signal),
	KUNIT_CASE(spm_evacuate_test_killed),
	KUNIT_CASE(spm_evacuate_test_writeback),
	KUNIT_CASE(spm_evacuate_test_writeback_stuck),
	KUNIT_CASE(spm_evacuate_test_writeback_again),
	KUNIT_CASE_SLOW(spm_evacuate_test_writeback_refused),
	KUNIT_CASE_SLOW(spm_evacuate_test_two_users),
	KUNIT_CASE_SLOW(spm_evacuate_test_writeback_counted),
	KUNIT_CASE_SLOW(spm_evacuate_test_move),
	KUNIT_CASE(spm_evacuate_test_move_many),
	KUNIT_CASE_SLOW(spm_evacuate_test_move_full),
	KUNIT_CASE(spm_evacuate_test_isolated),
	KUNIT_CASE(spm_evacuate_test_move_within),
	KUNIT_CASE_SLOW(spm_evacuate_test_target),
	KUNIT_CASE(spm_evacuate_test_folio_move),
	KUNIT_CASE(spm_evacuate_test_offline),
	KUNIT_CASE(spm_evacuate_test_offline_unregister),
	KUNIT_CASE(spm_evacuate_test_offline_writeback),
	KUNIT_CASE_SLOW(spm_evacuate_test_offline_refused),
	KUNIT_CASE(spm_evacuate_test_offline_poisoned),
	{}
};

static struct kunit_suite spm_evacuate_suite = {
	.name = "spm_evacuate",
	.init = spm_evacuate_init,
	.exit = spm_evacuate_exit,
	.test_cases = spm_evacuate_cases,
};

kunit_test_suite(spm_evacuate_suite);
