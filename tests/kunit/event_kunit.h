/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KUnit tests of a node with telemetry: events, who is asked to move pages away,
 * and what users read in sysfs. Included at the end of control_kunit.c, where
 * the fake device is.
 */

/* ---- Events ---- */

/**
 * struct spm_event_stop - an event that stops
 * @what: its name
 * @event: the event
 * @gate: what it does to the gate
 * @file: how that reads in sysfs
 */
struct spm_event_stop {
	const char *what;
	enum spm_event event;
	enum spm_gate gate;
	const char *file;
};

static const struct spm_event_stop spm_event_stops[] = {
	{ "high", SPM_EVENT_HIGH, SPM_GATE_HIGH, "stopped high" },
	{ "capacity", SPM_EVENT_CAPACITY, SPM_GATE_CAPACITY, "stopped capacity" },
};

KUNIT_ARRAY_PARAM_DESC(spm_event_stops, spm_event_stops, what);

/* Tests that an event stops each page, until a reading of a later time ends it. */
static void spm_event_test_stop(struct kunit *test)
{
	const struct spm_event_stop *stop = test->param_value;
	struct spm_node *node = spm_control_register(test, 0);
	u64 before_ns = ktime_get_ns();

	KUNIT_EXPECT_NOT_NULL(test, spm_control_store(test));
	KUNIT_EXPECT_GT(test, spm_control_credit(node), 0);
	spm_kunit_expect_file(test, node->kobj, "gate", "open none");

	spm_kunit_hold(test, 0);
	spm_notify(node, stop->event);
	spm_control_expect_refused(test, 0, SPM_STAT_REFUSED_STOPPED);
	spm_kunit_expect_file(test, node->kobj, "gate", stop->file);

	/* Of before the event: it is good, and ends nothing. */
	spm_control_tell(0, 0, before_ns);
	spm_kunit_release(test, 0);
	KUNIT_EXPECT_EQ(test, spm_kunit_stat(test, 0, SPM_STAT_READ_FAILED), 0);
	KUNIT_EXPECT_EQ(test, node->budget.gate, stop->gate);
	spm_control_expect_refused(test, 0, SPM_STAT_REFUSED_STOPPED);

	spm_control_tell(0, 0, 0);
	spm_kunit_run(test, 0);
	KUNIT_EXPECT_EQ(test, node->budget.gate, SPM_GATE_OPEN);
	KUNIT_EXPECT_NOT_NULL(test, spm_control_store(test));
	spm_control_expect_rest(test, node);
}

/* Tests that the device is read at once after an event. */
static void spm_event_test_reads(struct kunit *test)
{
	static const enum spm_event events[] = {
		SPM_EVENT_HIGH, SPM_EVENT_LOW, SPM_EVENT_CAPACITY,
	};
	struct spm_node *node = spm_control_register(test, 0);
	int i, nr;

	for (i = 0; i < ARRAY_SIZE(events); i++) {
		nr = READ_ONCE(spm_control_device->nr_reads);
		spm_notify(node, events[i]);
		KUNIT_EXPECT_TRUE(test, spm_control_wait_read(nr + 1));
	}
}

/* Tests that the event of low usage stops nothing, and opens nothing by itself. */
static void spm_event_test_low(struct kunit *test)
{
	struct spm_node *node = spm_control_register(test, 0);

	spm_kunit_hold(test, 0);
	spm_notify(node, SPM_EVENT_LOW);
	KUNIT_EXPECT_NOT_NULL(test, spm_control_store(test));
	spm_notify(node, SPM_EVENT_HIGH);
	spm_notify(node, SPM_EVENT_LOW);
	spm_control_expect_refused(test, 0, SPM_STAT_REFUSED_STOPPED);
	spm_kunit_release(test, 0);
	KUNIT_EXPECT_NOT_NULL(test, spm_control_store(test));
}

/* Tests that nothing is stored on, read from, or told to a device that is gone. */
static void spm_event_test_removed(struct kunit *test)
{
	struct spm_node *node = spm_control_register(test, 0);
	struct folio *folio = spm_control_store(test);
	int nr_reads = spm_control_device->nr_reads;

	KUNIT_ASSERT_NOT_NULL(test, folio);
	KUNIT_EXPECT_TRUE(test, spm_folio_readable(folio));
	spm_kunit_hold(test, 0);
	spm_notify(node, SPM_EVENT_REMOVED);
	KUNIT_EXPECT_FALSE(test, spm_folio_readable(folio));
	spm_control_expect_refused(test, 0, SPM_STAT_REFUSED_STOPPED);

	/* For ever, whatever the device tells. */
	spm_kunit_release(test, 0);
	spm_notify(node, SPM_EVENT_LOW);
	spm_kunit_run(test, 0);
	KUNIT_EXPECT_EQ(test, node->budget.gate, SPM_GATE_REMOVED);
	KUNIT_EXPECT_EQ(test, spm_control_device->nr_reads, nr_reads);
	spm_control_expect_refused(test, 0, SPM_STAT_REFUSED_STOPPED);
	spm_kunit_expect_file(test, node->kobj, "gate", "stopped removed");

	spm_kunit_free_all(test);
	spm_kunit_run(test, 0);
	KUNIT_EXPECT_EQ(test, spm_control_device->nr_trims, 0);
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
	spm_kunit_expect_unused(test, 0);
}

/* Tests that nothing is stored on a device that is gone, also without telemetry. */
static void spm_event_test_removed_no_telemetry(struct kunit *test)
{
	struct spm_kunit *t = test->priv;
	struct spm_node *node;

	t->ops.read = NULL;
	node = spm_kunit_register(test, 0);
	KUNIT_EXPECT_NOT_NULL(test, spm_control_store(test));
	spm_notify(node, SPM_EVENT_REMOVED);
	KUNIT_EXPECT_NULL(test, spm_control_store(test));
	spm_kunit_free_all(test);
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
}

/* How long who has told of a removal may wait once the node is gone. */
#define SPM_EVENT_WAIT	(10 * HZ)

/**
 * struct spm_event_waiter - one who has told that a device is gone
 * @work: its thread's
 * @node: the node
 * @returned: tasks can't read there any more, it was told
 */
struct spm_event_waiter {
	struct work_struct work;
	struct spm_node *node;
	struct completion returned;
};

static void spm_event_wait(struct work_struct *work)
{
	struct spm_event_waiter *w = container_of(work, struct spm_event_waiter, work);

	spm_sync_removed(w->node);
	complete(&w->returned);
}

static void spm_event_start_waiter(struct spm_event_waiter *w, struct spm_node *node)
{
	w->node = node;
	init_completion(&w->returned);
	INIT_WORK_ONSTACK(&w->work, spm_event_wait);
	queue_work(system_unbound_wq, &w->work);
}

/* It goes on, or else is let go: it refers to the stack of a test, and to the node. */
static void spm_event_expect_returned(struct kunit *test, struct spm_event_waiter *w)
{
	bool returned = wait_for_completion_timeout(&w->returned, SPM_EVENT_WAIT);

	KUNIT_EXPECT_TRUE(test, returned);
	if (!returned)
		complete_all(&w->node->lost);
	flush_work(&w->work);
	destroy_work_on_stack(&w->work);
}

/* Tests that who waits for tasks to have lost all goes on when the node goes. */
static void spm_event_test_removed_and_unregistered(struct kunit *test)
{
	struct spm_node *node = spm_control_register(test, 0);
	struct spm_event_waiter waiter;

	/* The worker finds that tasks have a page, and does not run any more. */
	spm_stat_inc(node, SPM_STAT_MAPPED);
	spm_notify(node, SPM_EVENT_REMOVED);
	spm_kunit_run(test, 0);
	spm_kunit_hold(test, 0);
	spm_event_start_waiter(&waiter, node);
	KUNIT_EXPECT_EQ(test, wait_for_completion_timeout(&waiter.returned, HZ / 10), 0);

	spm_stat_add(node, SPM_STAT_MAPPED, -1);
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
	spm_event_expect_returned(test, &waiter);
}

/* Tests that who waits goes on when tasks have lost all, and does not wait again. */
static void spm_event_test_removed_and_lost(struct kunit *test)
{
	struct spm_node *node = spm_control_register(test, 0);
	struct spm_event_waiter waiter;

	spm_stat_inc(node, SPM_STAT_MAPPED);
	spm_notify(node, SPM_EVENT_REMOVED);
	spm_event_start_waiter(&waiter, node);
	KUNIT_EXPECT_EQ(test, wait_for_completion_timeout(&waiter.returned, HZ / 10), 0);

	spm_stat_add(node, SPM_STAT_MAPPED, -1);
	spm_event_expect_returned(test, &waiter);
	spm_sync_removed(node);
}

/* Tests that pages are counted which the device says it has lost. */
static void spm_event_test_poisoned(struct kunit *test)
{
	struct spm_node *node = spm_control_register(test, 0);

	spm_notify_poisoned(node, 3);
	spm_notify_poisoned(node, 1);
	spm_kunit_expect_stat(test, 0, SPM_STAT_POISONED, 4);
	KUNIT_EXPECT_EQ(test, node->budget.gate, SPM_GATE_OPEN);
}

/* ---- Above the target ---- */

/* Tests that above the target only credit is used up, until below the mark. */
static void spm_event_test_target(struct kunit *test)
{
	struct spm_node *node = spm_control_register(test, 0);
	long credit;

	/* Else it would be others who have stored so much. */
	KUNIT_ASSERT_TRUE(test, spm_admit(node, 920));
	KUNIT_EXPECT_NOT_NULL(test, spm_control_store(test));
	credit = spm_control_credit(node);
	spm_control_tell(921, 0, 0);
	spm_kunit_run(test, 0);
	KUNIT_EXPECT_EQ(test, node->budget.gate, SPM_GATE_TARGET);
	KUNIT_EXPECT_LE(test, spm_control_fill(test), credit);
	KUNIT_EXPECT_EQ(test, spm_kunit_stat(test, 0, SPM_STAT_REFUSED_TARGET), 1);

	spm_control_tell(881, 0, 0);
	spm_kunit_run(test, 0);
	KUNIT_EXPECT_EQ(test, node->budget.gate, SPM_GATE_TARGET);
	spm_control_tell(880, 0, 0);
	spm_kunit_run(test, 0);
	KUNIT_EXPECT_EQ(test, node->budget.gate, SPM_GATE_OPEN);
	spm_unadmit(node, 920);
	spm_control_expect_rest(test, node);
}

static void spm_event_expect_relief(struct kunit *test, int i, unsigned long nr,
				    enum spm_relief relief)
{
	const struct spm_control_relief *asked = &spm_control_device->reliefs[i];
	struct spm_kunit *t = test->priv;

	KUNIT_EXPECT_EQ(test, asked->nid, t->memory[0].nid);
	KUNIT_EXPECT_EQ(test, asked->nr, nr);
	KUNIT_EXPECT_EQ(test, asked->relief, relief);
}

/* Have 100 pages stored that the device says take 950, which is 70 too much. */
static struct spm_node *spm_event_overfill(struct kunit *test, u64 as_of_ns)
{
	struct spm_node *node = spm_control_register(test, 0);
	int i;

	for (i = 0; i < 100; i++)
		KUNIT_ASSERT_NOT_NULL(test, spm_control_store(test));
	spm_control_tell(950, 0, as_of_ns);
	return node;
}

/*
 * Tests that users are asked for as many pages as there are too many, at the ratio
 * of now: to move them to DRAM, and if that does not do, to write them back.
 */
static void spm_event_test_relief(struct kunit *test)
{
	struct spm_control_device *d = spm_control_device;
	struct spm_node *node = spm_event_overfill(test, 0);
	unsigned long nr = 100 * 70 / 950 + 1;

	KUNIT_EXPECT_EQ(test, d->nr_reliefs, 0);
	d->relieve[0] = 3;
	d->relieve[2] = 2;
	spm_kunit_run(test, 0);
	KUNIT_EXPECT_EQ(test, spm_budget_deficit_bytes(&node->budget), 70 << PAGE_SHIFT);
	spm_event_expect_relief(test, 0, nr, SPM_PROMOTE);
	spm_event_expect_relief(test, 1, nr - 3, SPM_PROMOTE);
	spm_event_expect_relief(test, 2, nr - 3, SPM_WRITE_BACK);
	spm_event_expect_relief(test, 3, nr - 5, SPM_WRITE_BACK);

	/* As some could be moved, they are asked at once for the others. */
	spm_kunit_run(test, 0);
	KUNIT_EXPECT_GE(test, d->nr_reliefs, 6);
	spm_event_expect_relief(test, 4, nr - 5, SPM_PROMOTE);
	spm_event_expect_relief(test, 5, nr - 5, SPM_WRITE_BACK);
	spm_kunit_expect_stat(test, 0, SPM_STAT_PROMOTED, 3);
	spm_kunit_expect_stat(test, 0, SPM_STAT_WRITTEN_BACK, 2);
}

/* Tests that nothing is written back if DRAM has taken it all. */
static void spm_event_test_relief_promoted(struct kunit *test)
{
	spm_event_overfill(test, 0);
	spm_control_device->relieve[0] = 100 * 70 / 950 + 1;
	spm_kunit_run(test, 0);
	KUNIT_EXPECT_EQ(test, spm_control_device->nr_reliefs, 1);
	spm_kunit_expect_stat(test, 0, SPM_STAT_WRITTEN_BACK, 0);
}

/* Tests that no more is moved away until a reading shows what that was good for. */
static void spm_event_test_relief_again(struct kunit *test)
{
	struct spm_control_device *d = spm_control_device;
	unsigned long nr = 100 * 70 / 950 + 1;

	d->willing = true;
	spm_event_overfill(test, ktime_get_ns());
	spm_kunit_run(test, 0);
	KUNIT_EXPECT_EQ(test, d->moved, nr);
	spm_kunit_run(test, 0);
	KUNIT_EXPECT_EQ(test, d->moved, nr);

	/* It was good for nothing. */
	spm_control_tell(950, 0, 0);
	msleep(SPM_CONTROL_APART_MS);
	spm_kunit_run(test, 0);
	KUNIT_EXPECT_EQ(test, d->moved, 2 * nr);

	/* And nothing at all when it is enough. */
	spm_control_tell(880, 0, 0);
	msleep(SPM_CONTROL_APART_MS);
	spm_kunit_run(test, 0);
	KUNIT_EXPECT_EQ(test, d->moved, 2 * nr);
}

/* Tests that trying takes a small part of the time only, if nothing can be moved. */
static void spm_event_test_relief_in_vain(struct kunit *test)
{
	struct spm_control_device *d = spm_control_device;
	struct spm_node *node;
	int nr;

	d->delay_ms = 10;
	node = spm_event_overfill(test, 0);
	spm_kunit_run(test, 0);
	nr = d->nr_asked;
	KUNIT_EXPECT_GE(test, nr, 2);
	/* It has taken 20 ms at least, and waits for 20 times as long. */
	spm_kunit_run(test, 0);
	msleep(200);
	spm_kunit_run(test, 0);
	KUNIT_EXPECT_EQ(test, d->nr_asked, nr);

	node->relieve_after = jiffies;
	spm_kunit_run(test, 0);
	KUNIT_EXPECT_GT(test, d->nr_asked, nr);
}

/*
 * Tests that a node whose pages move slowly is read all the same, and that another one is
 * read and relieved.
 */
static void spm_event_test_relief_slow(struct kunit *test)
{
	struct spm_control_device *d = spm_control_device;
	struct spm_kunit *t = test->priv;
	int nr;

	spm_kunit_need_nodes(test, 2);
	d->slow_nid = t->memory[0].nid;
	spm_event_overfill(test, 0);
	spm_notify(t->node[0], SPM_EVENT_HIGH);
	KUNIT_EXPECT_GT(test, wait_for_completion_timeout(&d->asked, SPM_EVENT_WAIT), 0);

	nr = d->nr_reads;
	spm_notify(t->node[0], SPM_EVENT_HIGH);
	KUNIT_EXPECT_TRUE(test, spm_control_wait_read(nr + 1));

	spm_control_register(test, 1);
	spm_stat_add(t->node[1], SPM_STAT_USED, 100);
	spm_kunit_run(test, 1);
	KUNIT_EXPECT_GT(test, d->nr_asked, 0);
	spm_stat_add(t->node[1], SPM_STAT_USED, -100);

	d->slow_nid = NUMA_NO_NODE;
	complete_all(&d->go);
}

/*
 * Tests that a device that does not answer keeps nobody from anything but its own node:
 * which can't be unregistered, and is as before when the device answers.
 */
static void spm_event_test_read_hangs(struct kunit *test)
{
	struct spm_control_device *d = spm_control_device;
	struct spm_node *node = spm_control_register(test, 0);
	int nr = d->nr_reads;

	WRITE_ONCE(d->hangs, true);
	spm_notify(node, SPM_EVENT_HIGH);
	KUNIT_EXPECT_GT(test, wait_for_completion_timeout(&d->asked, SPM_EVENT_WAIT), 0);
	KUNIT_EXPECT_EQ(test, spm_unregister_node(node), -ETIMEDOUT);
	spm_control_expect_refused(test, 0, SPM_STAT_REFUSED_STOPPED);
	/* At once, as long as it is still the same reading. */
	KUNIT_EXPECT_EQ(test, spm_unregister_node(node), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, d->nr_released, 0);

	WRITE_ONCE(d->hangs, false);
	complete_all(&d->go);
	KUNIT_EXPECT_TRUE(test, spm_control_wait_read(nr + 2));
	spm_kunit_run(test, 0);
	KUNIT_EXPECT_EQ(test, node->budget.gate, SPM_GATE_OPEN);
	KUNIT_EXPECT_EQ(test, spm_kunit_unregister(test, 0), 0);
	KUNIT_EXPECT_EQ(test, d->nr_released, 1);
}

/*
 * Tests that a node whose provider goes stays with what could not be moved away, that
 * the provider has no more to do with it, and that it goes when the id is wanted again.
 */
static void spm_event_test_abandoned(struct kunit *test)
{
	struct spm_control_device *d = spm_control_device;
	struct spm_node *node = spm_control_register(test, 0);
	struct folio *folio = spm_control_store(test);
	struct spm_kunit *t = test->priv;
	int nr_reads, nr_written;

	KUNIT_ASSERT_NOT_NULL(test, folio);
	memset(folio_address(folio), 0x5a, PAGE_SIZE);
	spm_abandon_node(node);
	KUNIT_EXPECT_EQ(test, d->nr_released, 1);
	KUNIT_EXPECT_NULL(test, node->owner);
	spm_kunit_expect_file(test, node->kobj, "gate", "stopped abandoned");
	spm_kunit_expect_stat(test, 0, SPM_STAT_USED, 1);
	KUNIT_EXPECT_TRUE(test, spm_folio_readable(folio));
	KUNIT_EXPECT_NULL(test, spm_kunit_alloc(test));

	nr_reads = d->nr_reads;
	nr_written = d->nr_written;
	spm_kunit_run(test, 0);
	spm_kunit_free_all(test);
	spm_kunit_run(test, 0);
	KUNIT_EXPECT_EQ(test, d->nr_reads, nr_reads);
	KUNIT_EXPECT_EQ(test, d->nr_written, nr_written);
	KUNIT_EXPECT_EQ(test, d->nr_trims, 0);
	spm_kunit_expect_stat(test, 0, SPM_STAT_ZEROED, 1);
	spm_kunit_expect_stat(test, 0, SPM_STAT_UNTRIMMED, 0);

	t->node[0] = NULL;
	node = spm_kunit_register(test, 0);
	KUNIT_EXPECT_EQ(test, node->budget.gate, SPM_GATE_OPEN);
	KUNIT_EXPECT_EQ(test, d->nr_released, 1);
}

/* Tests that nothing is left of a node that is empty when its provider goes. */
static void spm_event_test_abandoned_empty(struct kunit *test)
{
	struct spm_kunit *t = test->priv;

	spm_abandon_node(spm_control_register(test, 0));
	t->node[0] = NULL;
	KUNIT_EXPECT_EQ(test, spm_control_device->nr_released, 1);
	spm_kunit_expect_unused(test, 0);
}

/* Tests that what was freed is trimmed soon, however rarely the device is read. */
static void spm_event_test_trims_soon(struct kunit *test)
{
	struct spm_node *node = spm_control_register(test, 0);
	unsigned long end = jiffies + SPM_CONTROL_INTERVAL_MS * HZ / 2000;

	KUNIT_ASSERT_NOT_NULL(test, spm_control_store(test));
	spm_kunit_free_all(test);
	while (spm_stat_read(node, SPM_STAT_UNTRIMMED) && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	spm_kunit_expect_stat(test, 0, SPM_STAT_UNTRIMMED, 0);
	spm_kunit_expect_stat(test, 0, SPM_STAT_TRIMMED, 1);
}

/* ---- Files ---- */

static void spm_event_expect_number(struct kunit *test, struct spm_node *node,
				    const char *file, u64 number)
{
	char want[24];

	snprintf(want, sizeof(want), "%llu", number);
	spm_kunit_expect_file(test, node->kobj, file, want);
}

/* Tests that what the budget goes by can be read. */
static void spm_event_test_figures(struct kunit *test)
{
	struct spm_node *node = spm_event_overfill(test, 0);

	spm_kunit_run(test, 0);
	spm_event_expect_number(test, node, "physical_bytes",
				SPM_CONTROL_PHYSICAL << PAGE_SHIFT);
	spm_event_expect_number(test, node, "physical_used_bytes", 950 << PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, spm_deficit_bytes(node), 70 << PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, spm_budget_bytes(node),
			spm_budget_bound_bytes(&node->budget));
	KUNIT_EXPECT_EQ(test, spm_admitted(node), 100);
	KUNIT_EXPECT_EQ(test, spm_ratio_permille(node), 100 * 1000 / 950);
	/* Nobody here has stored as much. */
	spm_kunit_expect_file(test, node->kobj, "gate", "stopped capacity");
}

static void spm_event_expect_knobs(struct kunit *test, struct spm_node *node,
				   const struct spm_knobs *knobs)
{
	spm_event_expect_number(test, node, "margin_permille", knobs->margin_permille);
	spm_event_expect_number(test, node, "target_permille", knobs->target_permille);
	spm_event_expect_number(test, node, "reopen_permille", knobs->reopen_permille);
	spm_event_expect_number(test, node, "interval_ms", knobs->interval_ms);
	spm_event_expect_number(test, node, "stale_ms", knobs->stale_ms);
}

/* Tests that knobs can be read and set, each on its own. */
static void spm_event_test_knobs(struct kunit *test)
{
	struct spm_node *node = spm_kunit_register(test, 0);
	struct kobject *dir = node->kobj;
	struct spm_knobs knobs = {
		.margin_permille = 40,
		.target_permille = 900,
		.reopen_permille = 800,
		.interval_ms = 50,
		.stale_ms = 2000,
	};

	spm_event_expect_knobs(test, node, &spm_knobs_default);
	KUNIT_EXPECT_EQ(test, spm_kunit_write_file(test, dir, "margin_permille", "40\n"), 0);
	KUNIT_EXPECT_EQ(test, spm_kunit_write_file(test, dir, "target_permille", "900"), 0);
	KUNIT_EXPECT_EQ(test, spm_kunit_write_file(test, dir, "reopen_permille", "800"), 0);
	KUNIT_EXPECT_EQ(test, spm_kunit_write_file(test, dir, "interval_ms", "0x32"), 0);
	KUNIT_EXPECT_EQ(test, spm_kunit_write_file(test, dir, "stale_ms", "2000"), 0);
	spm_event_expect_knobs(test, node, &knobs);
}

/* Tests that a value which makes no sense is refused, and changes nothing. */
static void spm_event_test_knobs_bad(struct kunit *test)
{
	struct spm_node *node = spm_kunit_register(test, 0);
	struct kobject *dir = node->kobj;

	KUNIT_EXPECT_EQ(test, spm_kunit_write_file(test, dir, "margin_permille", ""), -EINVAL);
	KUNIT_EXPECT_EQ(test, spm_kunit_write_file(test, dir, "margin_permille", "x"), -EINVAL);
	KUNIT_EXPECT_EQ(test, spm_kunit_write_file(test, dir, "margin_permille", "-1"), -EINVAL);
	KUNIT_EXPECT_EQ(test, spm_kunit_write_file(test, dir, "margin_permille", "501"), -ERANGE);
	KUNIT_EXPECT_EQ(test, spm_kunit_write_file(test, dir, "target_permille", "1001"), -ERANGE);
	KUNIT_EXPECT_EQ(test, spm_kunit_write_file(test, dir, "target_permille", "971"), -EINVAL);
	KUNIT_EXPECT_EQ(test, spm_kunit_write_file(test, dir, "reopen_permille", "920"), -EINVAL);
	KUNIT_EXPECT_EQ(test, spm_kunit_write_file(test, dir, "interval_ms", "9"), -ERANGE);
	KUNIT_EXPECT_EQ(test, spm_kunit_write_file(test, dir, "interval_ms", "501"), -EINVAL);
	KUNIT_EXPECT_EQ(test, spm_kunit_write_file(test, dir, "stale_ms", "4294967296"), -ERANGE);
	spm_event_expect_knobs(test, node, &spm_knobs_default);
}

static struct kunit_case spm_event_cases[] = {
	KUNIT_CASE_PARAM(spm_event_test_stop, spm_event_stops_gen_params),
	KUNIT_CASE(spm_event_test_reads),
	KUNIT_CASE(spm_event_test_low),
	KUNIT_CASE(spm_event_test_removed),
	KUNIT_CASE(spm_event_test_removed_no_telemetry),
	KUNIT_CASE(spm_event_test_removed_and_unregistered),
	KUNIT_CASE(spm_event_test_removed_and_lost),
	KUNIT_CASE(spm_event_test_poisoned),
	KUNIT_CASE(spm_event_test_target),
	KUNIT_CASE(spm_event_test_relief),
	KUNIT_CASE(spm_event_test_relief_promoted),
	KUNIT_CASE(spm_event_test_relief_again),
	KUNIT_CASE(spm_event_test_relief_in_vain),
	KUNIT_CASE(spm_event_test_relief_slow),
	KUNIT_CASE(spm_event_test_trims_soon),
	KUNIT_CASE_SLOW(spm_event_test_read_hangs),
	KUNIT_CASE(spm_event_test_abandoned),
	KUNIT_CASE(spm_event_test_abandoned_empty),
	KUNIT_CASE(spm_event_test_figures),
	KUNIT_CASE(spm_event_test_knobs),
	KUNIT_CASE(spm_event_test_knobs_bad),
	{}
};

static struct kunit_suite spm_event_suite = {
	.name = "spm_event",
	.init = spm_control_kunit_init,
	.exit = spm_control_kunit_exit,
	.test_cases = spm_event_cases,
};

kunit_test_suite(spm_event_suite);
