// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of a node with telemetry: what is read and when, which pages are
 * admitted, what events do, and who is asked to move pages away
 *
 * The devices are fake: they tell what the test says. They can hold 1000 pages, so
 * that permille are pages: by default the limit is 970, the target 920, and the
 * mark for reopening 880. What they tell is of now, unless the test says otherwise.
 */
#include <linux/delay.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/spinlock.h>

#include "../admit.h"
#include "../alloc.h"
#include "../budget.h"
#include "../figures.h"
#include "../room.h"
#include "../users.h"
#include "kunit.h"

#define SPM_CONTROL_PHYSICAL	1000
#define SPM_CONTROL_LIMIT	970
/* Long enough that the worker does not run on its own while a test looks. */
#define SPM_CONTROL_INTERVAL_MS	5000
#define SPM_CONTROL_STALE_MS	10000
/* So long apart are snapshots then, see spm_budget_snapshot(). */
#define SPM_CONTROL_APART_MS	(SPM_CONTROL_STALE_MS / (SPM_NR_SNAPSHOTS - 2) + 20)
#define SPM_CONTROL_RELIEFS	8

/**
 * struct spm_control_relief - a request to move pages away
 * @nid: node that they are to leave
 * @nr: how many
 * @relief: where to
 */
struct spm_control_relief {
	int nid;
	unsigned long nr;
	enum spm_relief relief;
};

/**
 * struct spm_control_device - the fake devices, and a fake user
 * @lock: guards all that follows
 * @reading: what to tell; of now if as_of_ns is 0
 * @rc: what to answer to being read
 * @mute_nid: node whose device can't be read
 * @nr_reads: number of times that they were read
 * @nr_thresholds: number of times that they were told what to raise events at
 * @low_bytes: the last of these
 * @high_bytes: the same
 * @nr_written: pages that the kernel has told to have written
 * @written_pfn: the last of these
 * @nr_trims: number of times that one was asked to trim
 * @user: user for the core
 * @reliefs: what the user was asked
 * @nr_reliefs: number of requests
 * @relieve: what the user answers to each request
 * @willing: it moves all that it is asked to instead, and only counts that
 * @moved: how many
 * @nr_asked: number of requests, also of those that it has not noted
 * @delay_ms: time that the user takes for each
 * @slow_nid: node of which the user moves nothing before @go
 * @hangs: a device that is read does not answer before @go
 * @asked: somebody waits for @go
 * @go: it goes on
 * @forgotten: nobody has said @go for SPM_CONTROL_HELD, as the test waited for something
 * @nr_released: number of nodes that the provider was told are gone
 */
struct spm_control_device {
	spinlock_t lock;		/* all members */
	struct spm_telemetry reading;
	int rc;
	int mute_nid;
	int nr_reads;
	int nr_thresholds;
	u64 low_bytes;
	u64 high_bytes;
	int nr_written;
	unsigned long written_pfn;
	int nr_trims;
	struct spm_user user;
	struct spm_control_relief reliefs[SPM_CONTROL_RELIEFS];
	int nr_reliefs;
	unsigned long relieve[SPM_CONTROL_RELIEFS];
	bool willing;
	unsigned long moved;
	int nr_asked;
	unsigned int delay_ms;
	int slow_nid;
	bool hangs;
	int nr_released;
	struct completion asked;
	struct completion go;
	bool forgotten;
};

/* Much longer than anything waits that the tests are about, an operation for one. */
#define SPM_CONTROL_HELD	(30 * HZ)

/* The devices of the test that runs, as a user's calls have no argument for it. */
static struct spm_control_device *spm_control_device;

static void spm_control_wait_go(struct spm_control_device *d)
{
	complete(&d->asked);
	if (!wait_for_completion_timeout(&d->go, SPM_CONTROL_HELD))
		WRITE_ONCE(d->forgotten, true);
}

static int spm_control_op_read(struct spm_node *node, struct spm_telemetry *telemetry)
{
	struct spm_control_device *d = spm_control_device;
	int rc;

	if (READ_ONCE(d->hangs))
		spm_control_wait_go(d);
	spin_lock(&d->lock);
	d->nr_reads++;
	*telemetry = d->reading;
	rc = node->nid == d->mute_nid ? -EIO : d->rc;
	spin_unlock(&d->lock);
	if (!telemetry->as_of_ns)
		telemetry->as_of_ns = ktime_get_ns();
	return rc;
}

static void spm_control_op_thresholds(struct spm_node *node, u64 low, u64 high)
{
	struct spm_control_device *d = spm_control_device;

	spin_lock(&d->lock);
	d->nr_thresholds++;
	d->low_bytes = low;
	d->high_bytes = high;
	spin_unlock(&d->lock);
}

static int spm_control_op_trim(struct spm_node *node, const unsigned long *pfn,
			       unsigned int nr)
{
	struct spm_control_device *d = spm_control_device;

	spin_lock(&d->lock);
	d->nr_trims++;
	spin_unlock(&d->lock);
	return 0;
}

static void spm_control_op_written(struct spm_node *node, unsigned long pfn)
{
	struct spm_control_device *d = spm_control_device;

	spin_lock(&d->lock);
	d->nr_written++;
	d->written_pfn = pfn;
	spin_unlock(&d->lock);
}

static void spm_control_op_release(struct spm_node *node)
{
	spm_control_device->nr_released++;
}

static int spm_control_writeback(struct folio *folio)
{
	return -ENOENT;
}

static bool spm_control_same(const struct spm_control_relief *r, int nid,
			     unsigned long nr, enum spm_relief relief)
{
	return r->nid == nid && r->nr == nr && r->relief == relief;
}

static unsigned long spm_control_relieve(int nid, struct mem_cgroup *memcg,
					 unsigned long nr, enum spm_relief relief)
{
	struct spm_control_device *d = spm_control_device;
	unsigned long done = 0;

	if (nid == d->slow_nid)
		spm_control_wait_go(d);
	if (d->delay_ms)
		msleep(d->delay_ms);
	spin_lock(&d->lock);
	d->nr_asked++;
	if (d->willing) {
		d->moved += nr;
		done = nr;
	} else if (d->nr_reliefs && !d->relieve[d->nr_reliefs - 1] &&
		   spm_control_same(&d->reliefs[d->nr_reliefs - 1], nid, nr, relief)) {
		done = 0;	/* the next walk over cgroups asks once more */
	} else if (d->nr_reliefs < SPM_CONTROL_RELIEFS) {
		d->reliefs[d->nr_reliefs] = (struct spm_control_relief) { nid, nr, relief };
		done = d->relieve[d->nr_reliefs++];
	}
	spin_unlock(&d->lock);
	return done;
}

static int spm_control_kunit_init(struct kunit *test)
{
	struct spm_control_device *d;
	int rc = spm_kunit_init(test);
	struct spm_kunit *t = test->priv;

	if (rc)
		return rc;
	d = kunit_kzalloc(test, sizeof(*d), GFP_KERNEL);
	if (!d)
		return -ENOMEM;
	spin_lock_init(&d->lock);
	d->reading.physical_bytes = SPM_CONTROL_PHYSICAL << PAGE_SHIFT;
	d->mute_nid = NUMA_NO_NODE;
	d->slow_nid = NUMA_NO_NODE;
	init_completion(&d->asked);
	init_completion(&d->go);
	d->user.name = "spm_control_kunit";
	d->user.writeback = spm_control_writeback;
	d->user.relieve = spm_control_relieve;
	spm_control_device = d;
	spm_register_user(&d->user);
	t->ops.read = spm_control_op_read;
	t->ops.set_thresholds = spm_control_op_thresholds;
	t->ops.trim = spm_control_op_trim;
	t->ops.written = spm_control_op_written;
	t->ops.release = spm_control_op_release;
	return 0;
}

static void spm_control_kunit_exit(struct kunit *test)
{
	spm_kunit_exit(test);
	if (!spm_control_device)
		return;
	spm_unregister_user(&spm_control_device->user);
	KUNIT_EXPECT_FALSE(test, READ_ONCE(spm_control_device->forgotten));
	spm_control_device = NULL;
}

/* Have the device tell this from now on. @as_of_ns: 0 for now */
static void spm_control_tell(u64 used_pages, int rc, u64 as_of_ns)
{
	struct spm_control_device *d = spm_control_device;

	spin_lock(&d->lock);
	d->reading.used_bytes = used_pages << PAGE_SHIFT;
	d->reading.as_of_ns = as_of_ns;
	d->rc = rc;
	spin_unlock(&d->lock);
}

/* The worker only runs when it is asked to. */
static struct spm_node *spm_control_register(struct kunit *test, int i)
{
	struct spm_node *node = spm_kunit_register(test, i);
	struct spm_knobs knobs = spm_knobs_default;

	knobs.interval_ms = SPM_CONTROL_INTERVAL_MS;
	knobs.stale_ms = SPM_CONTROL_STALE_MS;
	KUNIT_ASSERT_EQ(test, spm_budget_set_knobs(&node->budget, &knobs), 0);
	spm_kunit_run(test, i);
	return node;
}

static struct folio *spm_control_store(struct kunit *test)
{
	struct folio *folio = spm_kunit_alloc(test);

	if (folio)
		spm_kunit_written(folio, 0);
	return folio;
}

/* Store as many pages as are taken, all on one CPU, whose credit that uses up. */
static unsigned long spm_control_fill(struct kunit *test)
{
	unsigned long nr = 0;

	KUNIT_ASSERT_EQ(test, set_cpus_allowed_ptr(current, cpumask_of(0)), 0);
	while (spm_control_store(test))
		nr++;
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	return nr;
}

static void spm_control_expect_refused(struct kunit *test, int i, enum spm_stat stat)
{
	unsigned long before = spm_kunit_stat(test, i, stat);

	KUNIT_EXPECT_NULL(test, spm_kunit_alloc(test));
	KUNIT_EXPECT_EQ_MSG(test, spm_kunit_stat(test, i, stat), before + 1, "%s",
			    spm_stat_names[stat]);
}

/* What all CPUs may still store. */
static long spm_control_credit(struct spm_node *node)
{
	long credit = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		credit += per_cpu_ptr(node->cpu, cpu)->credit;
	return credit;
}

/* Expects that what was admitted and is not credit has been written. */
static void spm_control_expect_rest(struct kunit *test, struct spm_node *node)
{
	long credit = spm_control_credit(node);

	KUNIT_EXPECT_GE(test, credit, 0);
	KUNIT_EXPECT_EQ(test, node->budget.granted - credit, spm_node_written(node));
}

/* ---- Reading, and what it admits ---- */

/* Tests that nothing is admitted while the device can't be read, and then is. */
static void spm_control_test_unread(struct kunit *test)
{
	struct spm_node *node;

	spm_control_tell(0, -EIO, 0);
	node = spm_control_register(test, 0);
	KUNIT_EXPECT_EQ(test, node->budget.gate, SPM_GATE_STALE);
	spm_control_expect_refused(test, 0, SPM_STAT_REFUSED_STOPPED);
	KUNIT_EXPECT_GE(test, spm_kunit_stat(test, 0, SPM_STAT_READ_FAILED), 2);
	KUNIT_EXPECT_EQ(test, spm_kunit_stat(test, 0, SPM_STAT_READ), 0);

	spm_control_tell(0, 0, 0);
	spm_kunit_run(test, 0);
	KUNIT_EXPECT_EQ(test, spm_kunit_stat(test, 0, SPM_STAT_READ), 1);
	KUNIT_EXPECT_EQ(test, node->budget.gate, SPM_GATE_OPEN);
	KUNIT_EXPECT_NOT_NULL(test, spm_control_store(test));
	spm_control_expect_rest(test, node);
}

/* Tests that a reading that makes no sense counts as none. */
static void spm_control_test_senseless(struct kunit *test)
{
	struct spm_node *node;

	spm_control_tell(0, 0, U64_MAX);
	node = spm_control_register(test, 0);
	KUNIT_EXPECT_EQ(test, node->budget.gate, SPM_GATE_STALE);
	spm_control_expect_refused(test, 0, SPM_STAT_REFUSED_STOPPED);
	KUNIT_EXPECT_GE(test, spm_kunit_stat(test, 0, SPM_STAT_READ_FAILED), 2);
}

/* Tests that a node is open as soon as it is registered. */
static void spm_control_test_opens(struct kunit *test)
{
	struct spm_node *node = spm_kunit_register(test, 0);

	KUNIT_EXPECT_TRUE(test, node->budgeted);
	KUNIT_EXPECT_EQ(test, node->budget.gate, SPM_GATE_OPEN);
	KUNIT_EXPECT_NOT_NULL(test, spm_kunit_alloc(test));
}

/* Tests that a node without telemetry takes what it has memory for. */
static void spm_control_test_no_telemetry(struct kunit *test)
{
	struct spm_kunit *t = test->priv;
	struct spm_node *node;

	t->ops.read = NULL;
	node = spm_kunit_register(test, 0);
	KUNIT_EXPECT_FALSE(test, node->budgeted);
	KUNIT_EXPECT_NOT_NULL(test, spm_control_store(test));
	KUNIT_EXPECT_EQ(test, spm_control_device->nr_reads, 0);
	KUNIT_EXPECT_EQ(test, spm_control_device->nr_thresholds, 0);
	KUNIT_EXPECT_EQ(test, spm_kunit_write_file(test, node->kobj, "stale_ms", "500\n"),
			-ENOENT);
}

/*
 * Tests that as many pages are admitted as fit if they don't compress, and that
 * more are when the device tells that they do.
 */
static void spm_control_test_budget(struct kunit *test)
{
	struct spm_node *node = spm_control_register(test, 0);
	struct spm_kunit *t = test->priv;
	unsigned long nr;

	spm_kunit_hold(test, 0);
	nr = spm_control_fill(test);
	KUNIT_EXPECT_EQ(test, nr, SPM_CONTROL_LIMIT);
	KUNIT_EXPECT_EQ(test, spm_kunit_stat(test, 0, SPM_STAT_REFUSED_BUDGET), 1);
	KUNIT_EXPECT_EQ(test, spm_budget_bound_bytes(&node->budget), nr << PAGE_SHIFT);
	spm_control_expect_rest(test, node);

	/* What is freed makes no room as long as the device does not say so. */
	spm_kunit_free(test, list_first_entry(&t->folios, struct folio, lru));
	spm_control_expect_refused(test, 0, SPM_STAT_REFUSED_BUDGET);

	msleep(SPM_CONTROL_APART_MS);
	spm_control_tell(100, 0, 0);
	spm_kunit_release(test, 0);
	KUNIT_EXPECT_EQ(test, spm_budget_bound_bytes(&node->budget), 100 << PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, spm_control_fill(test), SPM_CONTROL_LIMIT - 100);
	spm_control_expect_rest(test, node);
}

/* Tests that what was admitted and found no page is given back. */
static void spm_control_test_full(struct kunit *test)
{
	struct spm_node *node;

	spm_control_device->reading.physical_bytes = U64_MAX;
	node = spm_control_register(test, 0);
	KUNIT_ASSERT_EQ(test, spm_kunit_write_file(test, node->kobj, "margin_permille", "0"), 0);
	while (spm_control_store(test))
		cond_resched();
	KUNIT_EXPECT_EQ(test, spm_kunit_stat(test, 0, SPM_STAT_REFUSED_FULL), 1);
	KUNIT_EXPECT_EQ(test, spm_kunit_stat(test, 0, SPM_STAT_REFUSED_BUDGET), 0);
	spm_control_expect_rest(test, node);
}

/* Tests that a page is only moved to where it is admitted, and counts there. */
static void spm_control_test_move(struct kunit *test)
{
	struct spm_node *node = spm_control_register(test, 0);
	struct folio *src = spm_control_store(test), *dst;

	KUNIT_ASSERT_NOT_NULL(test, src);
	dst = spm_alloc_migration_target(src);
	KUNIT_ASSERT_NOT_NULL(test, dst);
	spm_kunit_hold(test, 0);
	spm_notify(node, SPM_EVENT_HIGH);
	KUNIT_EXPECT_EQ(test, spm_folio_move_begin(dst, src), -EBUSY);
	spm_kunit_expect_stat(test, 0, SPM_STAT_USED, 1);
	spm_control_expect_rest(test, node);

	spm_kunit_release(test, 0);
	KUNIT_ASSERT_EQ(test, spm_folio_move_begin(dst, src), 0);
	spm_kunit_expect_stat(test, 0, SPM_STAT_USED, 2);
	copy_highpage(folio_page(dst, 0), folio_page(src, 0));
	spm_folio_move_end(dst, src, 0);
	KUNIT_EXPECT_EQ(test, spm_control_device->written_pfn, folio_pfn(dst));
	spm_kunit_free(test, src);
	spm_kunit_expect_stat(test, 0, SPM_STAT_USED, 1);
	spm_kunit_expect_stat(test, 0, SPM_STAT_MOVED, 1);
	spm_kunit_expect_stat(test, 0, SPM_STAT_EVACUATED, 0);
	spm_control_expect_rest(test, node);
	spm_free_folio(dst);
}

/* Tests that a copy that fails leaves nothing of what it has copied. */
static void spm_control_test_move_fails(struct kunit *test)
{
	struct spm_node *node = spm_control_register(test, 0);
	struct folio *src = spm_control_store(test), *dst;

	KUNIT_ASSERT_NOT_NULL(test, src);
	dst = spm_alloc_migration_target(src);
	KUNIT_ASSERT_NOT_NULL(test, dst);
	KUNIT_ASSERT_EQ(test, spm_folio_move_begin(dst, src), 0);
	KUNIT_EXPECT_EQ(test, spm_stat_read(node, SPM_STAT_USED), 2);
	memset(folio_address(dst), 0x5a, PAGE_SIZE);
	spm_folio_move_end(dst, src, -EHWPOISON);
	KUNIT_EXPECT_NULL(test, memchr_inv(folio_address(dst), 0, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, spm_stat_read(node, SPM_STAT_USED), 1);
	KUNIT_EXPECT_EQ(test, spm_stat_read(node, SPM_STAT_MOVED), 1);
	spm_control_expect_rest(test, node);
	folio_put(dst);
}

/* Tests that the device is told of each page that is written, once. */
static void spm_control_test_written(struct kunit *test)
{
	struct spm_node *node = spm_control_register(test, 0);
	struct folio *folio = spm_kunit_alloc(test);

	KUNIT_ASSERT_NOT_NULL(test, folio);
	KUNIT_EXPECT_EQ(test, spm_control_device->nr_written, 0);
	spm_kunit_written(folio, 0);
	KUNIT_EXPECT_EQ(test, spm_control_device->nr_written, 1);
	KUNIT_EXPECT_EQ(test, spm_control_device->written_pfn, folio_pfn(folio));

	/* Also if it holds but a part of what it should. */
	folio = spm_kunit_alloc(test);
	KUNIT_ASSERT_NOT_NULL(test, folio);
	spm_kunit_written(folio, -EHWPOISON);
	KUNIT_EXPECT_EQ(test, spm_control_device->nr_written, 2);
	KUNIT_EXPECT_EQ(test, spm_control_device->written_pfn, folio_pfn(folio));
	spm_control_expect_rest(test, node);
}

/* Tests that pages come from the next node when the nearest one is stopped. */
static void spm_control_test_next_node(struct kunit *test)
{
	struct spm_kunit *t = test->priv;

	spm_kunit_need_nodes(test, 2);
	spm_control_device->mute_nid = t->memory[0].nid;
	spm_control_register(test, 0);
	spm_control_register(test, 1);
	KUNIT_EXPECT_EQ(test, folio_nid(spm_control_store(test)), t->memory[1].nid);
	KUNIT_EXPECT_EQ(test, spm_kunit_stat(test, 0, SPM_STAT_REFUSED_STOPPED), 1);

	spm_control_device->mute_nid = NUMA_NO_NODE;
	spm_kunit_run(test, 0);
	KUNIT_EXPECT_EQ(test, folio_nid(spm_control_store(test)), t->memory[0].nid);
}

/* ---- Both kinds of pages ---- */

#define SPM_CONTROL_MANY	8000

/* A node that has room for all of them, if they don't compress. */
static struct spm_node *spm_control_roomy(struct kunit *test)
{
	spm_control_device->reading.physical_bytes = 4 * SPM_CONTROL_MANY << PAGE_SHIFT;
	return spm_control_register(test, 0);
}

/* Some tasks' pages found no room a moment ago. */
static void spm_control_want(struct spm_node *node, enum spm_kind kind, long nr)
{
	atomic_long_add(nr, &node->wanted[kind]);
}

/* Tests that users make room for tasks, and get no more pages meanwhile. */
static void spm_control_test_users_yield(struct kunit *test)
{
	struct spm_control_device *d = spm_control_device;
	struct spm_node *node = spm_control_roomy(test);
	int i;

	for (i = 0; i < SPM_CONTROL_MANY; i++)
		KUNIT_ASSERT_NOT_NULL(test, spm_control_store(test));
	spm_kunit_run(test, 0);
	KUNIT_EXPECT_EQ(test, d->nr_reliefs, 0);

	/* To the swap device only: what wants room is being reclaimed. */
	d->relieve[0] = 30;
	spm_control_want(node, SPM_TASKS, 50);
	spm_kunit_run(test, 0);
	KUNIT_ASSERT_GE(test, d->nr_reliefs, 1);
	for (i = 0; i < d->nr_reliefs; i++)
		KUNIT_EXPECT_EQ(test, d->reliefs[i].relief, SPM_WRITE_BACK);
	spm_control_expect_refused(test, 0, SPM_STAT_REFUSED_TARGET);
	KUNIT_EXPECT_TRUE(test, spm_takes_tasks(0, 1));

	/* Never more than a part of what they have more at a time. */
	d->willing = true;
	spm_control_want(node, SPM_TASKS, SPM_CONTROL_MANY);
	msleep(SPM_CONTROL_APART_MS);
	spm_kunit_run(test, 0);
	KUNIT_EXPECT_EQ(test, d->moved, SPM_CONTROL_MANY / 8);
	d->willing = false;

	/* Until tasks want no more. */
	node->wanted_until[SPM_TASKS] = jiffies - 1;
	atomic_long_set(&node->wanted[SPM_TASKS], 0);
	msleep(SPM_CONTROL_APART_MS);
	spm_kunit_run(test, 0);
	KUNIT_EXPECT_NOT_NULL(test, spm_control_store(test));
}

/* No task's folio gets in. One that does all the same is given back, as its node is to go. */
static void spm_control_expect_no_folio(struct kunit *test)
{
	struct folio *folio = spm_alloc_probed(0, 0);

	KUNIT_EXPECT_NULL(test, folio);
	if (folio)
		folio_put(folio);
}

/* Tests that tasks get no more pages while users want some and have less. */
static void spm_control_test_tasks_yield(struct kunit *test)
{
	struct spm_node *node = spm_control_roomy(test);

	spm_stat_add(node, SPM_STAT_USED, SPM_CONTROL_MANY);
	spm_stat_add(node, SPM_STAT_MAPPED, SPM_CONTROL_MANY);
	KUNIT_EXPECT_TRUE(test, spm_takes_tasks(0, 1));
	spm_control_want(node, SPM_USERS, 10);
	spm_kunit_run(test, 0);
	KUNIT_EXPECT_EQ(test, spm_control_device->nr_reliefs, 0);
	KUNIT_EXPECT_FALSE(test, spm_takes_tasks(0, 1));
	spm_control_expect_no_folio(test);
	KUNIT_EXPECT_NOT_NULL(test, spm_control_store(test));
	spm_stat_add(node, SPM_STAT_MAPPED, -SPM_CONTROL_MANY);
	spm_stat_add(node, SPM_STAT_USED, -SPM_CONTROL_MANY);
}

/* Does reclaim wait, as it takes what is in the way for short? Nothing gets in meanwhile. */
static void spm_control_expect_waits(struct kunit *test, bool waits)
{
	KUNIT_EXPECT_FALSE(test, spm_takes_tasks(0, 1));
	spm_control_expect_no_folio(test);
	KUNIT_EXPECT_EQ(test, spm_will_take_tasks(0, 1), waits);
	KUNIT_EXPECT_EQ(test, spm_open_to_tasks(0), waits);
}

/* Tests that reclaim waits for a reading that is late. */
static void spm_control_test_late(struct kunit *test)
{
	struct spm_budget *budget = &spm_control_roomy(test)->budget;

	KUNIT_EXPECT_TRUE(test, spm_takes_tasks(0, 1));

	spm_kunit_hold(test, 0);
	WRITE_ONCE(budget->fresh_until, jiffies - 2);
	spm_control_expect_waits(test, true);
	spm_kunit_release(test, 0);
	KUNIT_EXPECT_TRUE(test, spm_takes_tasks(0, 1));
}

/*
 * Tests that reclaim waits on if what is read is of a time before somebody noticed that
 * readings are late, as it does not open the gate.
 */
static void spm_control_test_late_again(struct kunit *test)
{
	struct spm_budget *budget = &spm_control_roomy(test)->budget;
	u64 before = ktime_get_ns();

	spm_kunit_hold(test, 0);
	WRITE_ONCE(budget->fresh_until, jiffies - 2);
	KUNIT_EXPECT_NULL(test, spm_control_store(test));
	KUNIT_EXPECT_EQ(test, budget->gate, SPM_GATE_STALE);

	spm_control_tell(0, 0, before);
	spm_kunit_release(test, 0);
	KUNIT_EXPECT_TRUE(test, time_before(jiffies, budget->fresh_until));
	spm_control_expect_waits(test, true);

	spm_control_tell(0, 0, 0);
	spm_kunit_run(test, 0);
	KUNIT_EXPECT_TRUE(test, spm_takes_tasks(0, 1));
}

/*
 * Tests that reclaim waits for what is read after an event, and no longer if that shuts the
 * gate.
 */
static void spm_control_test_event_waits(struct kunit *test)
{
	static const enum spm_event events[] = { SPM_EVENT_HIGH, SPM_EVENT_CAPACITY };
	struct spm_node *node = spm_control_roomy(test);
	int i;

	for (i = 0; i < ARRAY_SIZE(events); i++) {
		spm_control_tell(0, 0, 0);
		spm_kunit_run(test, 0);
		KUNIT_EXPECT_TRUE(test, spm_takes_tasks(0, 1));
		spm_kunit_hold(test, 0);
		spm_notify(node, events[i]);
		spm_control_expect_waits(test, true);

		spm_control_tell(4 * SPM_CONTROL_MANY, 0, 0);
		spm_kunit_release(test, 0);
		spm_control_expect_waits(test, false);
	}
}

/*
 * Tests that reclaim does not wait for a silent device, one that was never read, or one that
 * is gone. The time begins when it asks, and anew if there was a reading.
 */
static void spm_control_test_silent(struct kunit *test)
{
	struct spm_node *node = spm_control_roomy(test);

	spm_kunit_hold(test, 0);
	WRITE_ONCE(node->budget.fresh_until, jiffies - 100 * HZ);
	spm_control_expect_waits(test, true);
	WRITE_ONCE(node->asked_since, jiffies - SPM_ANSWER_TIME - 2);
	spm_control_expect_waits(test, false);

	spm_control_tell(0, -EIO, 0);
	spm_kunit_release(test, 0);
	spm_control_expect_waits(test, false);
	spm_control_tell(0, 0, 0);
	spm_kunit_run(test, 0);
	KUNIT_EXPECT_EQ(test, node->asked_since, 0);
	KUNIT_EXPECT_TRUE(test, spm_takes_tasks(0, 1));

	spm_kunit_hold(test, 0);
	WRITE_ONCE(node->budget.fresh_until, jiffies - 2);
	spm_control_expect_waits(test, true);
	spm_notify(node, SPM_EVENT_REMOVED);
	spm_control_expect_waits(test, false);
	spm_kunit_release(test, 0);
}

/* Tests the same of one that has raised an event, but was never read. */
static void spm_control_test_silent_at_first(struct kunit *test)
{
	struct spm_node *node;

	spm_control_tell(0, -EIO, 0);
	node = spm_control_register(test, 0);
	spm_control_expect_waits(test, false);
	spm_notify(node, SPM_EVENT_CAPACITY);
	spm_control_expect_waits(test, false);
}

/* Tests that who has little gives nothing, and who wants nothing gets nothing. */
static void spm_control_test_nobody_yields(struct kunit *test)
{
	struct spm_node *node = spm_control_roomy(test);
	int i;

	for (i = 0; i < 100; i++)
		KUNIT_ASSERT_NOT_NULL(test, spm_control_store(test));
	spm_control_want(node, SPM_TASKS, 50);
	spm_kunit_run(test, 0);
	KUNIT_EXPECT_EQ(test, spm_control_device->nr_reliefs, 0);
	KUNIT_EXPECT_NOT_NULL(test, spm_control_store(test));
}

/* ---- When it is read ---- */

/* Waits until the device was read so many times. Return: false if it was not. */
static bool spm_control_wait_read(int nr)
{
	unsigned long end = jiffies + 10 * HZ;

	while (READ_ONCE(spm_control_device->nr_reads) < nr && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	return READ_ONCE(spm_control_device->nr_reads) >= nr;
}

/* Tests that the device is read again and again, and never again without a node. */
static void spm_control_test_interval(struct kunit *test)
{
	struct spm_node *node = spm_kunit_register(test, 0);
	int nr;

	KUNIT_EXPECT_EQ(test, spm_kunit_write_file(test, node->kobj, "interval_ms", "10"), 0);
	KUNIT_EXPECT_TRUE(test, spm_control_wait_read(5));
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
	nr = spm_control_device->nr_reads;
	msleep(50);
	KUNIT_EXPECT_EQ(test, spm_control_device->nr_reads, nr);
}

/* Tests that a store that finds no room has the device read. */
static void spm_control_test_kick(struct kunit *test)
{
	int nr;

	spm_control_tell(930, 0, 0);
	spm_control_register(test, 0);
	msleep(50);
	nr = spm_control_device->nr_reads;
	spm_control_expect_refused(test, 0, SPM_STAT_REFUSED_TARGET);
	KUNIT_EXPECT_TRUE(test, spm_control_wait_read(nr + 1));
}

/* Tests that stores stop when there is no fresh reading, also if nothing runs. */
static void spm_control_test_stale(struct kunit *test)
{
	struct spm_node *node = spm_kunit_register(test, 0);

	KUNIT_ASSERT_EQ(test, spm_kunit_write_file(test, node->kobj, "interval_ms", "10"), 0);
	KUNIT_ASSERT_EQ(test, spm_kunit_write_file(test, node->kobj, "stale_ms", "100"), 0);
	spm_kunit_run(test, 0);
	KUNIT_EXPECT_NOT_NULL(test, spm_control_store(test));
	KUNIT_EXPECT_GT(test, spm_control_credit(node), 0);

	spm_kunit_hold(test, 0);
	msleep(200);
	spm_control_expect_refused(test, 0, SPM_STAT_REFUSED_STOPPED);
	KUNIT_EXPECT_EQ(test, node->budget.gate, SPM_GATE_STALE);
	spm_kunit_release(test, 0);
	KUNIT_EXPECT_EQ(test, node->budget.gate, SPM_GATE_OPEN);
	spm_control_expect_rest(test, node);
}

/* Tests that the device is told the marks, and again only if they have moved. */
static void spm_control_test_thresholds(struct kunit *test)
{
	struct spm_control_device *d = spm_control_device;
	struct spm_node *node = spm_control_register(test, 0);

	KUNIT_EXPECT_EQ(test, d->nr_thresholds, 1);
	KUNIT_EXPECT_EQ(test, d->low_bytes, 880 << PAGE_SHIFT);
	/* Between the target and the limit, so that the one is reached before it. */
	KUNIT_EXPECT_EQ(test, d->high_bytes, 945 << PAGE_SHIFT);
	spm_kunit_run(test, 0);
	KUNIT_EXPECT_EQ(test, d->nr_thresholds, 1);

	KUNIT_ASSERT_EQ(test, spm_kunit_write_file(test, node->kobj, "reopen_permille", "500"),
			0);
	spm_kunit_run(test, 0);
	KUNIT_EXPECT_EQ(test, d->nr_thresholds, 2);
	KUNIT_EXPECT_EQ(test, d->low_bytes, 500 << PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, d->high_bytes, 945 << PAGE_SHIFT);
}

static struct kunit_case spm_control_cases[] = {
	KUNIT_CASE(spm_control_test_unread),
	KUNIT_CASE(spm_control_test_senseless),
	KUNIT_CASE(spm_control_test_opens),
	KUNIT_CASE(spm_control_test_no_telemetry),
	KUNIT_CASE(spm_control_test_budget),
	KUNIT_CASE_SLOW(spm_control_test_full),
	KUNIT_CASE(spm_control_test_move),
	KUNIT_CASE(spm_control_test_move_fails),
	KUNIT_CASE(spm_control_test_written),
	KUNIT_CASE(spm_control_test_next_node),
	KUNIT_CASE_SLOW(spm_control_test_users_yield),
	KUNIT_CASE(spm_control_test_tasks_yield),
	KUNIT_CASE(spm_control_test_late),
	KUNIT_CASE(spm_control_test_late_again),
	KUNIT_CASE(spm_control_test_event_waits),
	KUNIT_CASE(spm_control_test_silent),
	KUNIT_CASE(spm_control_test_silent_at_first),
	KUNIT_CASE(spm_control_test_nobody_yields),
	KUNIT_CASE(spm_control_test_interval),
	KUNIT_CASE(spm_control_test_kick),
	KUNIT_CASE(spm_control_test_stale),
	KUNIT_CASE(spm_control_test_thresholds),
	{}
};

static struct kunit_suite spm_control_suite = {
	.name = "spm_control",
	.init = spm_control_kunit_init,
	.exit = spm_control_kunit_exit,
	.test_cases = spm_control_cases,
};

kunit_test_suite(spm_control_suite);

#include "credit_kunit.h"
#include "event_kunit.h"
