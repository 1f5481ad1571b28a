/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KUnit tests of the budget, function by function. Included at the end of
 * mm/spm/budget.c. What all of it together is good for, model_kunit.c shows.
 * The gate and the knobs are in gate_kunit.h, which is included below.
 *
 * The device can hold 1000 pages here, so that a share of it in permille is the
 * same number of pages: with the default knobs the limit is 970, the target 920,
 * and the mark for reopening 880. Times are in ms, from an arbitrary one on.
 */
#include <kunit/test.h>

#define SPM_BUDGET_KUNIT_LOGICAL	4000
#define SPM_BUDGET_KUNIT_PHYSICAL	1000
#define SPM_BUDGET_KUNIT_LIMIT		970
#define SPM_BUDGET_KUNIT_START_NS	(100 * (u64)NSEC_PER_SEC)
#define SPM_BUDGET_KUNIT_STALE_MS	1000

static u64 spm_budget_kunit_bytes(u64 pages)
{
	return pages << PAGE_SHIFT;
}

static u64 spm_budget_kunit_ns(u64 ms)
{
	return SPM_BUDGET_KUNIT_START_NS + ms * NSEC_PER_MSEC;
}

/* Jiffies wrap around between the start and 5 s after it. */
static unsigned long spm_budget_kunit_jiffies(u64 ms)
{
	return msecs_to_jiffies(ms) - msecs_to_jiffies(5000);
}

static int spm_budget_kunit_init(struct kunit *test)
{
	struct spm_budget *budget = kunit_kzalloc(test, sizeof(*budget), GFP_KERNEL);

	if (!budget)
		return -ENOMEM;
	spm_budget_init(budget, 0, spm_budget_kunit_bytes(SPM_BUDGET_KUNIT_LOGICAL));
	test->priv = budget;
	return 0;
}

/* Hand a reading to the budget. Return: what it says. */
static int spm_budget_kunit_read_physical(struct spm_budget *budget, u64 physical,
					  u64 used, u64 as_of_ms, u64 now_ms)
{
	struct spm_telemetry reading = {
		.physical_bytes = spm_budget_kunit_bytes(physical),
		.used_bytes = spm_budget_kunit_bytes(used),
		.as_of_ns = spm_budget_kunit_ns(as_of_ms),
	};

	return spm_budget_reading(budget, &reading, spm_budget_kunit_ns(now_ms),
				  spm_budget_kunit_jiffies(now_ms));
}

static int spm_budget_kunit_read(struct spm_budget *budget, u64 used, u64 as_of_ms,
				 u64 now_ms)
{
	return spm_budget_kunit_read_physical(budget, SPM_BUDGET_KUNIT_PHYSICAL, used,
					      as_of_ms, now_ms);
}

static void spm_budget_kunit_stop(struct spm_budget *budget, enum spm_gate gate,
				  u64 now_ms)
{
	spm_budget_stop(budget, gate, spm_budget_kunit_ns(now_ms));
}

static void spm_budget_kunit_expire(struct spm_budget *budget, u64 now_ms)
{
	spm_budget_expire(budget, spm_budget_kunit_ns(now_ms),
			  spm_budget_kunit_jiffies(now_ms));
}

static void spm_budget_kunit_snapshot(struct spm_budget *budget, u64 written, u64 now_ms)
{
	spm_budget_snapshot(budget, written, 0, spm_budget_kunit_ns(now_ms));
}

static bool spm_budget_kunit_stopped(struct spm_budget *budget, u64 now_ms)
{
	return spm_budget_stopped(budget, spm_budget_kunit_jiffies(now_ms));
}

/* More than is ever to be had. */
#define SPM_BUDGET_KUNIT_ALL	(100 * SPM_BUDGET_KUNIT_LOGICAL)

/* Take as much as there is, @max pages at most or a few more. Return: pages. */
static u64 spm_budget_kunit_take(struct spm_budget *budget, u64 max)
{
	u64 sum = 0;
	unsigned int nr;

	do {
		nr = spm_budget_grant(budget);
		sum += nr;
	} while (nr && sum < max);
	return sum;
}

static u64 spm_budget_kunit_bound_pages(struct spm_budget *budget)
{
	return spm_budget_bound_bytes(budget) >> PAGE_SHIFT;
}

/* Expects that nothing has changed but the lock. */
static void spm_budget_kunit_expect_same(struct kunit *test, struct spm_budget *budget,
					 const struct spm_budget *before)
{
	KUNIT_EXPECT_MEMEQ(test, budget, before, offsetof(struct spm_budget, lock));
	KUNIT_EXPECT_MEMEQ(test, &budget->granted, &before->granted,
			   sizeof(*before) - offsetof(struct spm_budget, granted));
}

/* ---- Before the first reading, and the first one ---- */

/* Tests that nothing can be stored as long as nothing has been read. */
static void spm_budget_test_init(struct kunit *test)
{
	struct spm_budget *budget = test->priv;

	KUNIT_EXPECT_EQ(test, budget->gate, SPM_GATE_STALE);
	KUNIT_EXPECT_TRUE(test, spm_budget_kunit_stopped(budget, 0));
	KUNIT_EXPECT_TRUE(test, spm_budget_stopped(budget, 0));
	KUNIT_EXPECT_EQ(test, spm_budget_grant(budget), 0);
	KUNIT_EXPECT_EQ(test, spm_budget_bound_bytes(budget), 0);
	KUNIT_EXPECT_EQ(test, spm_budget_deficit_bytes(budget), 0);
}

/* Tests that the first reading opens, also if no snapshot was ever taken. */
static void spm_budget_test_first(struct kunit *test)
{
	struct spm_budget *budget = test->priv;

	KUNIT_EXPECT_EQ(test, spm_budget_kunit_read(budget, 10, 0, 1), 0);
	KUNIT_EXPECT_EQ(test, budget->gate, SPM_GATE_OPEN);
	KUNIT_EXPECT_FALSE(test, spm_budget_kunit_stopped(budget, 1));
	KUNIT_EXPECT_EQ(test, spm_budget_kunit_bound_pages(budget), 10);
	KUNIT_EXPECT_GT(test, spm_budget_grant(budget), 0);
}

/* ---- Granting ---- */

/* Tests that pages are granted up to the limit, each of them counted at once. */
static void spm_budget_test_grant(struct kunit *test)
{
	struct spm_budget *budget = test->priv;
	unsigned int nr, first = 0;
	u64 sum = 0;

	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read(budget, 100, 0, 0), 0);
	while ((nr = spm_budget_grant(budget))) {
		KUNIT_ASSERT_LE(test, nr, SPM_CREDIT_BATCH);
		first = first ?: nr;
		sum += nr;
		KUNIT_ASSERT_EQ(test, budget->granted, sum);
		KUNIT_ASSERT_EQ(test, spm_budget_kunit_bound_pages(budget), 100 + sum);
		KUNIT_ASSERT_LE(test, 100 + sum, SPM_BUDGET_KUNIT_LIMIT);
	}
	KUNIT_EXPECT_EQ(test, 100 + sum, SPM_BUDGET_KUNIT_LIMIT);
	KUNIT_EXPECT_EQ(test, first, min_t(u64, SPM_CREDIT_BATCH,
					   (sum / (4 * num_online_cpus())) ?: 1));
	KUNIT_EXPECT_EQ(test, spm_budget_grant(budget), 0);
}

/* Tests that a part of a page is no room for one, and a page is. */
static void spm_budget_test_grant_last(struct kunit *test)
{
	struct spm_budget *budget = test->priv;
	struct spm_telemetry reading = {
		.physical_bytes = spm_budget_kunit_bytes(SPM_BUDGET_KUNIT_PHYSICAL),
		.used_bytes = spm_budget_kunit_bytes(SPM_BUDGET_KUNIT_LIMIT - 1) + 1,
		.as_of_ns = spm_budget_kunit_ns(0),
	};

	budget->knobs.target_permille = SPM_BUDGET_KUNIT_LIMIT;
	KUNIT_ASSERT_EQ(test, spm_budget_reading(budget, &reading, spm_budget_kunit_ns(0),
						 spm_budget_kunit_jiffies(0)), 0);
	KUNIT_EXPECT_EQ(test, budget->gate, SPM_GATE_OPEN);
	KUNIT_EXPECT_EQ(test, spm_budget_grant(budget), 0);

	reading.used_bytes--;
	KUNIT_ASSERT_EQ(test, spm_budget_reading(budget, &reading, spm_budget_kunit_ns(0),
						 spm_budget_kunit_jiffies(0)), 0);
	KUNIT_EXPECT_EQ(test, spm_budget_grant(budget), 1);
	KUNIT_EXPECT_EQ(test, spm_budget_grant(budget), 0);
}

/* Tests that nothing is granted unless the gate is open, however much room. */
static void spm_budget_test_grant_gate(struct kunit *test)
{
	struct spm_budget *budget = test->priv;
	enum spm_gate gate;

	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read(budget, 0, 0, 0), 0);
	for (gate = SPM_GATE_OPEN; gate < NR_SPM_GATES; gate++) {
		budget->gate = gate;
		KUNIT_EXPECT_EQ_MSG(test, spm_budget_grant(budget) > 0,
				    gate == SPM_GATE_OPEN, "%s", spm_gate_names[gate]);
		KUNIT_EXPECT_EQ_MSG(test, spm_budget_kunit_stopped(budget, 0),
				    gate > SPM_GATE_TARGET, "%s", spm_gate_names[gate]);
	}
}

/* Tests that what is freed makes room when a reading shows it, and not before. */
static void spm_budget_test_free(struct kunit *test)
{
	struct spm_budget *budget = test->priv;
	u64 nr;

	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read(budget, 0, 0, 0), 0);
	nr = spm_budget_kunit_take(budget, SPM_BUDGET_KUNIT_ALL);
	KUNIT_EXPECT_EQ(test, nr, SPM_BUDGET_KUNIT_LIMIT);
	spm_budget_kunit_snapshot(budget, nr, 100);
	KUNIT_EXPECT_EQ(test, spm_budget_grant(budget), 0);
	KUNIT_EXPECT_EQ(test, spm_budget_kunit_bound_pages(budget), nr);

	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read(budget, 300, 100, 110), 0);
	KUNIT_EXPECT_EQ(test, spm_budget_kunit_bound_pages(budget), 300);
	KUNIT_EXPECT_EQ(test, spm_budget_kunit_take(budget, SPM_BUDGET_KUNIT_ALL),
			SPM_BUDGET_KUNIT_LIMIT - 300);
}

/* ---- Snapshots ---- */

/*
 * Tests that a page counts as not compressible until a reading has it for sure:
 * one of a time at which a snapshot had been taken that has it.
 */
static void spm_budget_test_base(struct kunit *test)
{
	struct spm_budget *budget = test->priv;
	u64 nr;

	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read(budget, 0, 0, 0), 0);
	nr = spm_budget_kunit_take(budget, 200);
	spm_budget_kunit_snapshot(budget, 50, 100);
	spm_budget_kunit_snapshot(budget, nr, 200);

	/* Of before the first snapshot, between them, and of after the second. */
	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read(budget, 5, 99, 300), 0);
	KUNIT_EXPECT_EQ(test, spm_budget_kunit_bound_pages(budget), 5 + nr);
	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read(budget, 5, 100, 300), 0);
	KUNIT_EXPECT_EQ(test, spm_budget_kunit_bound_pages(budget), 5 + nr - 50);
	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read(budget, 5, 199, 300), 0);
	KUNIT_EXPECT_EQ(test, spm_budget_kunit_bound_pages(budget), 5 + nr - 50);
	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read(budget, 5, 300, 300), 0);
	KUNIT_EXPECT_EQ(test, spm_budget_kunit_bound_pages(budget), 5);

	/* What is granted after that is not in it. */
	nr = spm_budget_kunit_take(budget, SPM_BUDGET_KUNIT_ALL);
	KUNIT_EXPECT_EQ(test, nr, SPM_BUDGET_KUNIT_LIMIT - 5);
	KUNIT_EXPECT_EQ(test, spm_budget_kunit_bound_pages(budget), 5 + nr);
}

/* Tests that snapshots are as far apart as to cover what a reading may be old. */
static void spm_budget_test_snapshot_apart(struct kunit *test)
{
	u64 apart = SPM_BUDGET_KUNIT_STALE_MS / (SPM_NR_SNAPSHOTS - 2) + 1;
	struct spm_budget *budget = test->priv;

	KUNIT_EXPECT_EQ(test, budget->knobs.stale_ms, SPM_BUDGET_KUNIT_STALE_MS);
	KUNIT_EXPECT_EQ(test, budget->nr_snapshots, 1);
	spm_budget_kunit_snapshot(budget, 1, 0);
	KUNIT_EXPECT_EQ(test, budget->nr_snapshots, 2);
	spm_budget_kunit_snapshot(budget, 2, 0);
	spm_budget_kunit_snapshot(budget, 3, apart - 2);
	KUNIT_EXPECT_EQ(test, budget->nr_snapshots, 2);
	spm_budget_kunit_snapshot(budget, 4, apart);
	KUNIT_EXPECT_EQ(test, budget->nr_snapshots, 3);
	KUNIT_EXPECT_EQ(test, budget->snapshot[1].written, 1);
	KUNIT_EXPECT_EQ(test, budget->snapshot[2].written, 4);
	KUNIT_EXPECT_EQ(test, budget->snapshot[2].time_ns, spm_budget_kunit_ns(apart));
}

/* Expects that a snapshot is found for each time that may be asked for. */
static void spm_budget_kunit_expect_found(struct kunit *test, u64 from_ms, u64 now_ms,
					  u64 apart_ms)
{
	struct spm_budget *budget = test->priv;
	const struct spm_snapshot *snapshot;
	u64 ms;

	for (ms = from_ms; ms <= now_ms; ms += 3) {
		snapshot = spm_budget_find_snapshot(budget, spm_budget_kunit_ns(ms));
		KUNIT_ASSERT_NOT_NULL_MSG(test, snapshot, "of %llu at %llu", ms, now_ms);
		/* The number written is the time. */
		KUNIT_ASSERT_EQ(test, snapshot->time_ns,
				spm_budget_kunit_ns(snapshot->written));
		KUNIT_ASSERT_EQ(test, snapshot->written, ms - ms % apart_ms);
	}
}

/* Tests that the right snapshot is found when they have wrapped around. */
static void spm_budget_test_snapshot_ring(struct kunit *test)
{
	u64 apart = SPM_BUDGET_KUNIT_STALE_MS / (SPM_NR_SNAPSHOTS - 2) + 1;
	struct spm_budget *budget = test->priv;
	u64 last, i;

	for (i = 0; i < 3 * SPM_NR_SNAPSHOTS; i++) {
		last = i * apart;
		spm_budget_kunit_snapshot(budget, last, last);
		if (i < SPM_NR_SNAPSHOTS)
			continue;
		spm_budget_kunit_expect_found(test, last - SPM_BUDGET_KUNIT_STALE_MS,
					      last + apart - 1, apart);
	}
	/* And none for what is farther back than there are any. */
	last -= (SPM_NR_SNAPSHOTS - 1) * apart;
	KUNIT_EXPECT_NOT_NULL(test, spm_budget_find_snapshot(budget,
							     spm_budget_kunit_ns(last)));
	KUNIT_EXPECT_NULL(test, spm_budget_find_snapshot(budget,
							 spm_budget_kunit_ns(last) - 1));
}

/* Tests that a wrong snapshot is never found when their number overflows. */
static void spm_budget_test_snapshot_overflow(struct kunit *test)
{
	struct spm_budget *budget = test->priv;
	const struct spm_snapshot *snapshot;
	u64 i;

	budget->nr_snapshots = UINT_MAX - 2 * SPM_NR_SNAPSHOTS;
	for (i = 1; i <= 4 * SPM_NR_SNAPSHOTS; i++) {
		spm_budget_kunit_snapshot(budget, i, i * 100);
		/* Without a snapshot a reading is too old, for once. */
		snapshot = spm_budget_find_snapshot(budget, spm_budget_kunit_ns(i * 100));
		if (snapshot)
			KUNIT_EXPECT_EQ(test, snapshot->written, i);
		else
			KUNIT_EXPECT_EQ(test, budget->nr_snapshots, 0);
	}
	KUNIT_EXPECT_LT(test, budget->nr_snapshots, 4 * SPM_NR_SNAPSHOTS);
}

/* Tests that a reading is refused for which no snapshot is old enough. */
static void spm_budget_test_snapshot_gone(struct kunit *test)
{
	struct spm_knobs knobs = spm_knobs_default;
	struct spm_budget *budget = test->priv;
	struct spm_budget before;
	u64 i;

	for (i = 0; i <= SPM_NR_SNAPSHOTS; i++)
		spm_budget_kunit_snapshot(budget, i, i * 100);
	knobs.stale_ms = 10 * SPM_BUDGET_KUNIT_STALE_MS;
	KUNIT_ASSERT_EQ(test, spm_budget_set_knobs(budget, &knobs), 0);
	spm_budget_get(budget, &before);

	/* 0 is overwritten, 1 is the oldest. */
	KUNIT_EXPECT_EQ(test, spm_budget_kunit_read(budget, 0, 99, 3500), -ESTALE);
	spm_budget_kunit_expect_same(test, budget, &before);
	KUNIT_EXPECT_EQ(test, spm_budget_kunit_read(budget, 0, 100, 3500), 0);
	KUNIT_EXPECT_EQ(test, budget->base, 1);
}

/* ---- Readings that are no good ---- */

/**
 * struct spm_budget_bad - a reading that changes nothing
 * @what: what is wrong with it
 * @physical: pages
 * @used: pages
 * @as_of_ms: time; the time is 2000 ms
 * @rc: what the budget says to it
 */
struct spm_budget_bad {
	const char *what;
	u64 physical;
	u64 used;
	u64 as_of_ms;
	int rc;
};

static const struct spm_budget_bad spm_budget_bad[] = {
	{ "no capacity", 0, 0, 2000, -EINVAL },
	{ "more used than advertised", 1000, SPM_BUDGET_KUNIT_LOGICAL + 1, 2000, -EINVAL },
	{ "all bits set", U64_MAX >> PAGE_SHIFT, U64_MAX >> PAGE_SHIFT, 2000, -EINVAL },
	{ "of the future", 1000, 0, 2001, -EINVAL },
	{ "just too old", 1000, 0, 1000, -ESTALE },
	{ "long too old", 1000, 0, 0, -ESTALE },
};

KUNIT_ARRAY_PARAM_DESC(spm_budget_bad, spm_budget_bad, what);

static void spm_budget_kunit_expect_bad(struct kunit *test)
{
	const struct spm_budget_bad *bad = test->param_value;
	struct spm_budget *budget = test->priv;
	struct spm_budget before;

	spm_budget_get(budget, &before);
	KUNIT_EXPECT_EQ(test, spm_budget_kunit_read_physical(budget, bad->physical,
							     bad->used, bad->as_of_ms,
							     2000), bad->rc);
	spm_budget_kunit_expect_same(test, budget, &before);
}

/* Tests that a reading which is no good changes nothing, and opens nothing. */
static void spm_budget_test_bad(struct kunit *test)
{
	struct spm_budget *budget = test->priv;

	spm_budget_kunit_expect_bad(test);
	KUNIT_EXPECT_TRUE(test, spm_budget_kunit_stopped(budget, 2000));

	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read(budget, 500, 1900, 1950), 0);
	spm_budget_kunit_take(budget, 100);
	spm_budget_kunit_expect_bad(test);
	KUNIT_EXPECT_FALSE(test, spm_budget_kunit_stopped(budget, 2000));
	/* The good one gets old, whatever was read after it. */
	KUNIT_EXPECT_TRUE(test, spm_budget_kunit_stopped(budget, 2920));
}

/* Tests that readings are taken that are nearly no good. */
static void spm_budget_test_nearly_bad(struct kunit *test)
{
	struct spm_budget *budget = test->priv;

	KUNIT_EXPECT_EQ(test, spm_budget_kunit_read(budget, 1, 1001, 2000), 0);
	KUNIT_EXPECT_EQ(test, spm_budget_kunit_read(budget, 2, 2000, 2000), 0);
	KUNIT_EXPECT_EQ(test, spm_budget_kunit_read(budget, SPM_BUDGET_KUNIT_LOGICAL,
						    2000, 2000), 0);
	KUNIT_EXPECT_EQ(test, budget->gate, SPM_GATE_LIMIT);
	KUNIT_EXPECT_EQ(test, spm_budget_kunit_read_physical(budget, 1, 0, 2000, 2000), 0);
	KUNIT_EXPECT_EQ(test, spm_budget_grant(budget), 0);
}

/* Tests that a device which can hold more than the node has is full with that. */
static void spm_budget_test_physical_large(struct kunit *test)
{
	struct spm_budget *budget = test->priv;

	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read_physical(budget, U64_MAX >> PAGE_SHIFT,
							     0, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, budget->reading.physical_bytes, budget->logical_bytes);
	KUNIT_EXPECT_EQ(test, spm_budget_kunit_take(budget, SPM_BUDGET_KUNIT_ALL),
			SPM_BUDGET_KUNIT_LOGICAL * SPM_BUDGET_KUNIT_LIMIT / 1000);
}

/* Tests that stores stop when the last reading is too old, and not before. */
static void spm_budget_test_stale(struct kunit *test)
{
	u64 tick = 2 * jiffies_to_msecs(1);
	struct spm_budget *budget = test->priv;

	/* The age counts from what it is of. Jiffies wrap around meanwhile. */
	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read(budget, 0, 4500, 4900), 0);
	KUNIT_EXPECT_FALSE(test, spm_budget_kunit_stopped(budget, 4900));
	KUNIT_EXPECT_FALSE(test, spm_budget_kunit_stopped(budget, 5500 - tick));
	KUNIT_EXPECT_TRUE(test, spm_budget_kunit_stopped(budget, 5500 + tick));
	KUNIT_EXPECT_TRUE(test, spm_budget_kunit_stopped(budget, 60000));

	/* The same one again is no younger. */
	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read(budget, 0, 4500, 5400), 0);
	KUNIT_EXPECT_TRUE(test, spm_budget_kunit_stopped(budget, 5500 + tick));
	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read(budget, 0, 5000, 5900), 0);
	KUNIT_EXPECT_FALSE(test, spm_budget_kunit_stopped(budget, 5900));
	KUNIT_EXPECT_TRUE(test, spm_budget_kunit_stopped(budget, 6000 + tick));
}

static struct kunit_case spm_budget_cases[] = {
	KUNIT_CASE(spm_budget_test_init),
	KUNIT_CASE(spm_budget_test_first),
	KUNIT_CASE(spm_budget_test_grant),
	KUNIT_CASE(spm_budget_test_grant_last),
	KUNIT_CASE(spm_budget_test_grant_gate),
	KUNIT_CASE(spm_budget_test_free),
	KUNIT_CASE(spm_budget_test_base),
	KUNIT_CASE(spm_budget_test_snapshot_apart),
	KUNIT_CASE(spm_budget_test_snapshot_ring),
	KUNIT_CASE(spm_budget_test_snapshot_overflow),
	KUNIT_CASE(spm_budget_test_snapshot_gone),
	KUNIT_CASE_PARAM(spm_budget_test_bad, spm_budget_bad_gen_params),
	KUNIT_CASE(spm_budget_test_nearly_bad),
	KUNIT_CASE(spm_budget_test_physical_large),
	KUNIT_CASE(spm_budget_test_stale),
	{}
};

static struct kunit_suite spm_budget_suite = {
	.name = "spm_budget",
	.init = spm_budget_kunit_init,
	.test_cases = spm_budget_cases,
};

kunit_test_suite(spm_budget_suite);

#include "gate_kunit.h"
