/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KUnit tests of the budget: its gate, what others read from it, and its knobs.
 * Included at the end of budget_kunit.h, where times and sizes are explained.
 */

/* ---- The gate ---- */

/**
 * struct spm_gate_move - what a reading makes of the gate
 * @from: gate before; a hard stop is of the time 100 ms
 * @used: pages that the reading tells
 * @as_of_ms: time that it is of
 * @to: gate afterwards
 */
struct spm_gate_move {
	enum spm_gate from;
	u64 used;
	u64 as_of_ms;
	enum spm_gate to;
};

static const struct spm_gate_move spm_gate_moves[] = {
	{ SPM_GATE_OPEN, 920, 101, SPM_GATE_OPEN },
	{ SPM_GATE_OPEN, 921, 101, SPM_GATE_TARGET },
	{ SPM_GATE_OPEN, 970, 101, SPM_GATE_TARGET },
	{ SPM_GATE_OPEN, 971, 101, SPM_GATE_LIMIT },
	/* Hysteresis. */
	{ SPM_GATE_TARGET, 920, 101, SPM_GATE_TARGET },
	{ SPM_GATE_TARGET, 881, 101, SPM_GATE_TARGET },
	{ SPM_GATE_TARGET, 880, 101, SPM_GATE_OPEN },
	{ SPM_GATE_TARGET, 971, 101, SPM_GATE_LIMIT },
	{ SPM_GATE_LIMIT, 881, 101, SPM_GATE_LIMIT },
	{ SPM_GATE_LIMIT, 971, 101, SPM_GATE_LIMIT },
	{ SPM_GATE_LIMIT, 880, 101, SPM_GATE_OPEN },
	{ SPM_GATE_HIGH, 881, 101, SPM_GATE_HIGH },
	{ SPM_GATE_HIGH, 971, 101, SPM_GATE_HIGH },
	{ SPM_GATE_HIGH, 880, 101, SPM_GATE_OPEN },
	{ SPM_GATE_CAPACITY, 881, 101, SPM_GATE_CAPACITY },
	{ SPM_GATE_CAPACITY, 971, 101, SPM_GATE_CAPACITY },
	{ SPM_GATE_CAPACITY, 880, 101, SPM_GATE_OPEN },
	/* None, as being without a reading is not about usage. */
	{ SPM_GATE_STALE, 881, 101, SPM_GATE_OPEN },
	{ SPM_GATE_STALE, 920, 101, SPM_GATE_OPEN },
	{ SPM_GATE_STALE, 921, 101, SPM_GATE_TARGET },
	{ SPM_GATE_STALE, 971, 101, SPM_GATE_LIMIT },
	/* A hard stop is sticky: of before it, no reading ends it. */
	{ SPM_GATE_LIMIT, 0, 99, SPM_GATE_LIMIT },
	{ SPM_GATE_HIGH, 0, 99, SPM_GATE_HIGH },
	{ SPM_GATE_CAPACITY, 0, 99, SPM_GATE_CAPACITY },
	{ SPM_GATE_STALE, 0, 99, SPM_GATE_STALE },
	/* For ever. */
	{ SPM_GATE_REMOVED, 0, 99, SPM_GATE_REMOVED },
	{ SPM_GATE_REMOVED, 0, 101, SPM_GATE_REMOVED },
	{ SPM_GATE_REMOVED, 971, 101, SPM_GATE_REMOVED },
};

static void spm_gate_move_desc(const struct spm_gate_move *move, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "from %s by %llu as of %llu",
		 spm_gate_names[move->from], move->used, move->as_of_ms);
}

KUNIT_ARRAY_PARAM(spm_gate_moves, spm_gate_moves, spm_gate_move_desc);

/* Shuts the gate as it is shut in real life, at the time 100 ms. */
static void spm_gate_kunit_shut(struct kunit *test, enum spm_gate gate)
{
	struct spm_budget *budget = test->priv;

	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read(budget, 500, 50, 60), 0);
	if (gate == SPM_GATE_TARGET)
		KUNIT_ASSERT_EQ(test, spm_budget_kunit_read(budget, 930, 60, 70), 0);
	else if (gate != SPM_GATE_OPEN)
		spm_budget_kunit_stop(budget, gate, 100);
	KUNIT_ASSERT_EQ(test, budget->gate, gate);
}

/* Tests what each reading makes of each gate. */
static void spm_gate_test_gate(struct kunit *test)
{
	const struct spm_gate_move *move = test->param_value;
	struct spm_budget *budget = test->priv;

	spm_gate_kunit_shut(test, move->from);
	KUNIT_EXPECT_EQ(test, spm_budget_kunit_read(budget, move->used, move->as_of_ms, 200),
			0);
	KUNIT_EXPECT_STREQ(test, spm_gate_names[budget->gate], spm_gate_names[move->to]);
	KUNIT_EXPECT_EQ(test, spm_budget_kunit_stopped(budget, 200),
			move->to > SPM_GATE_TARGET);
	KUNIT_EXPECT_EQ(test, spm_budget_grant(budget) > 0,
			move->to == SPM_GATE_OPEN && move->used < SPM_BUDGET_KUNIT_LIMIT);
}

/* Tests that the last of several stops counts, whatever was read in between. */
static void spm_gate_test_stop_again(struct kunit *test)
{
	struct spm_budget *budget = test->priv;

	spm_gate_kunit_shut(test, SPM_GATE_HIGH);
	spm_budget_kunit_stop(budget, SPM_GATE_HIGH, 200);
	KUNIT_EXPECT_EQ(test, spm_budget_kunit_read(budget, 0, 150, 210), 0);
	KUNIT_EXPECT_EQ(test, budget->gate, SPM_GATE_HIGH);
	spm_budget_kunit_stop(budget, SPM_GATE_CAPACITY, 300);
	KUNIT_EXPECT_EQ(test, spm_budget_kunit_read(budget, 0, 250, 310), 0);
	KUNIT_EXPECT_EQ(test, budget->gate, SPM_GATE_CAPACITY);
	KUNIT_EXPECT_EQ(test, spm_budget_kunit_read(budget, 0, 301, 320), 0);
	KUNIT_EXPECT_EQ(test, budget->gate, SPM_GATE_OPEN);
}

/* Tests that a removed device is removed for ever. */
static void spm_gate_test_removed(struct kunit *test)
{
	struct spm_knobs knobs = spm_knobs_default;
	struct spm_budget *budget = test->priv;
	enum spm_gate gate;

	spm_gate_kunit_shut(test, SPM_GATE_REMOVED);
	for (gate = SPM_GATE_LIMIT; gate < NR_SPM_GATES; gate++) {
		spm_budget_kunit_stop(budget, gate, 200);
		KUNIT_EXPECT_EQ(test, budget->gate, SPM_GATE_REMOVED);
	}
	KUNIT_EXPECT_EQ(test, spm_budget_set_knobs(budget, &knobs), 0);
	spm_budget_kunit_read(budget, 0, 300, 300);
	KUNIT_EXPECT_EQ(test, budget->gate, SPM_GATE_REMOVED);
	KUNIT_EXPECT_TRUE(test, spm_budget_kunit_stopped(budget, 300));
	KUNIT_EXPECT_EQ(test, spm_budget_grant(budget), 0);
}

/* Tests that less fits when the device can hold less, and more when it can. */
static void spm_gate_test_capacity(struct kunit *test)
{
	struct spm_budget *budget = test->priv;
	u64 nr;

	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read(budget, 0, 0, 0), 0);
	nr = spm_budget_kunit_take(budget, 600);
	spm_budget_kunit_snapshot(budget, nr, 100);

	/* As far as is known they may need 600 of 500. */
	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read_physical(budget, 500, 100, 90, 110), 0);
	KUNIT_EXPECT_EQ(test, spm_budget_grant(budget), 0);
	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read_physical(budget, 500, 100, 110, 120), 0);
	KUNIT_EXPECT_EQ(test, spm_budget_kunit_take(budget, SPM_BUDGET_KUNIT_ALL), 485 - 100);

	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read_physical(budget, 500, 461, 130, 130), 0);
	KUNIT_EXPECT_EQ(test, budget->gate, SPM_GATE_TARGET);
	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read_physical(budget, 470, 461, 140, 140), 0);
	KUNIT_EXPECT_EQ(test, budget->gate, SPM_GATE_LIMIT);
	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read(budget, 461, 150, 150), 0);
	KUNIT_EXPECT_EQ(test, budget->gate, SPM_GATE_OPEN);
}

/*
 * Tests that credit which was given for a larger capacity is not used after it has
 * fallen: not before all of it is known to fit, as some was taken back.
 */
static void spm_gate_test_uncovered(struct kunit *test)
{
	struct spm_budget *budget = test->priv;
	u64 nr;

	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read(budget, 0, 0, 0), 0);
	nr = spm_budget_kunit_take(budget, 150);
	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read_physical(budget, 100, 0, 110, 110), 0);
	KUNIT_EXPECT_EQ(test, budget->gate, SPM_GATE_CAPACITY);
	KUNIT_EXPECT_TRUE(test, spm_budget_kunit_stopped(budget, 110));
	KUNIT_EXPECT_EQ(test, spm_budget_grant(budget), 0);

	/* No reading makes it fit. */
	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read_physical(budget, 100, 0, 120, 120), 0);
	KUNIT_EXPECT_EQ(test, budget->gate, SPM_GATE_CAPACITY);
	spm_budget_take_back(budget, nr - 98);
	KUNIT_EXPECT_EQ(test, budget->gate, SPM_GATE_CAPACITY);
	spm_budget_take_back(budget, 1);
	KUNIT_EXPECT_EQ(test, budget->gate, SPM_GATE_OPEN);
	KUNIT_EXPECT_EQ(test, spm_budget_kunit_bound_pages(budget), 97);
	KUNIT_EXPECT_EQ(test, spm_budget_grant(budget), 0);

	/* Nor does the gate open early that an event has stopped. */
	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read_physical(budget, 50, 0, 130, 130), 0);
	spm_budget_kunit_stop(budget, SPM_GATE_HIGH, 140);
	spm_budget_take_back(budget, 97);
	KUNIT_EXPECT_EQ(test, budget->gate, SPM_GATE_HIGH);
	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read_physical(budget, 50, 0, 150, 150), 0);
	KUNIT_EXPECT_EQ(test, budget->gate, SPM_GATE_OPEN);
}

/*
 * Tests that the gate stops when the device holds what nobody here has stored, until what
 * CPUs may still store fits beside that.
 */
static void spm_gate_test_uncovered_by_others(struct kunit *test)
{
	struct spm_budget *budget = test->priv;
	u64 nr;

	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read(budget, 0, 0, 0), 0);
	nr = spm_budget_kunit_take(budget, 200);

	/* It is what we have been granted, perhaps. */
	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read(budget, nr, 100, 100), 0);
	KUNIT_EXPECT_EQ(test, budget->gate, SPM_GATE_OPEN);

	/* There is room for 70 beside it, and only a reading has told of it. */
	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read(budget, 900, 200, 200), 0);
	KUNIT_EXPECT_EQ(test, budget->gate, SPM_GATE_CAPACITY);
	spm_budget_take_back(budget, nr - 71);
	KUNIT_EXPECT_TRUE(test, budget->uncovered);
	spm_budget_take_back(budget, 1);
	KUNIT_EXPECT_FALSE(test, budget->uncovered);

	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read(budget, 100, 300, 300), 0);
	KUNIT_EXPECT_EQ(test, budget->gate, SPM_GATE_OPEN);
}

/*
 * Tests that as many pages have to leave as take what is too much, less those that were
 * moved and may be in the reading.
 */
static void spm_gate_test_surplus(struct kunit *test)
{
	struct spm_budget *budget = test->priv;

	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read(budget, 900, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, spm_budget_surplus(budget, 100, 0), 0);
	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read(budget, 950, 100, 100), 0);
	KUNIT_EXPECT_EQ(test, spm_budget_surplus(budget, 100, 0), 100 * 70 / 950 + 1);
	KUNIT_EXPECT_EQ(test, spm_budget_surplus(budget, 95, 5), 100 * 70 / 950 + 1 - 5);
	KUNIT_EXPECT_EQ(test, spm_budget_surplus(budget, 92, 8), 0);
	KUNIT_EXPECT_EQ(test, spm_budget_surplus(budget, 80, 20), 0);
	KUNIT_EXPECT_EQ(test, spm_budget_moving(budget, 8), 8);

	/* The device knew that 5 were gone when it said that it was the same. */
	spm_budget_snapshot(budget, 0, 5, spm_budget_kunit_ns(200));
	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read(budget, 950, 250, 260), 0);
	KUNIT_EXPECT_EQ(test, spm_budget_moving(budget, 8), 3);
	KUNIT_EXPECT_EQ(test, spm_budget_surplus(budget, 92, 8), 95 * 70 / 950 + 1 - 3);

	/* Without anything on the node there is nothing to be moved. */
	KUNIT_EXPECT_EQ(test, spm_budget_surplus(budget, 0, 5), 0);
}

/* Tests that only a reading that is too old is taken for one. */
static void spm_gate_test_expire(struct kunit *test)
{
	struct spm_budget *budget = test->priv;

	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read(budget, 0, 0, 0), 0);
	spm_budget_kunit_expire(budget, SPM_BUDGET_KUNIT_STALE_MS);
	KUNIT_EXPECT_EQ(test, budget->gate, SPM_GATE_OPEN);
	spm_budget_kunit_expire(budget, SPM_BUDGET_KUNIT_STALE_MS + 100);
	KUNIT_EXPECT_EQ(test, budget->gate, SPM_GATE_STALE);
	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read(budget, 0, 1050, 1150), 0);
	KUNIT_EXPECT_EQ(test, budget->gate, SPM_GATE_STALE);

	/* Nor does it count as the reason if there is another. */
	spm_budget_kunit_stop(budget, SPM_GATE_HIGH, 1200);
	spm_budget_kunit_expire(budget, 5000);
	KUNIT_EXPECT_EQ(test, budget->gate, SPM_GATE_HIGH);
}

/* ---- What others want to know ---- */

/* Tests that there is a deficit if usage has shut the gate, and how much. */
static void spm_gate_test_deficit(struct kunit *test)
{
	struct spm_budget *budget = test->priv;
	enum spm_gate gate;

	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read(budget, 900, 0, 0), 0);
	for (gate = SPM_GATE_OPEN; gate < NR_SPM_GATES; gate++) {
		bool usage = gate != SPM_GATE_OPEN && gate != SPM_GATE_STALE &&
			     gate != SPM_GATE_ABANDONED && gate != SPM_GATE_REMOVED;

		budget->gate = gate;
		budget->reading.used_bytes = spm_budget_kunit_bytes(900);
		KUNIT_EXPECT_EQ_MSG(test, spm_budget_deficit_bytes(budget),
				    usage ? spm_budget_kunit_bytes(20) : 0, "%s",
				    spm_gate_names[gate]);
		budget->reading.used_bytes = spm_budget_kunit_bytes(880);
		KUNIT_EXPECT_EQ(test, spm_budget_deficit_bytes(budget), 0);
	}
}

/* Tests which marks the device is to tell about. */
static void spm_gate_test_marks(struct kunit *test)
{
	struct spm_budget *budget = test->priv;
	u64 low, high;

	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read(budget, 0, 0, 0), 0);
	spm_budget_marks(budget, &low, &high);
	KUNIT_EXPECT_EQ(test, low, spm_budget_kunit_bytes(880));
	KUNIT_EXPECT_EQ(test, high, spm_budget_kunit_bytes(945));
	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read_physical(budget, 500, 0, 0, 0), 0);
	spm_budget_marks(budget, &low, &high);
	KUNIT_EXPECT_EQ(test, low, spm_budget_kunit_bytes(440));
	KUNIT_EXPECT_EQ(test, high, spm_budget_kunit_bytes(945) / 2);
}

/* ---- Knobs ---- */

/**
 * struct spm_gate_knobs - knobs, and whether they are taken
 * @what: what is special
 * @knobs: all of them
 * @rc: what the budget says to them
 */
struct spm_gate_knobs {
	const char *what;
	struct spm_knobs knobs;
	int rc;
};

/* In the order of struct spm_knobs. */
static const struct spm_gate_knobs spm_gate_knobs[] = {
	{ "the default", { 30, 920, 880, 100, 1000 }, 0 },
	{ "no margin", { 0, 1000, 999, 100, 1000 }, 0 },
	{ "the largest margin", { 500, 500, 1, 100, 1000 }, 0 },
	{ "often", { 30, 920, 880, 10, 20 }, 0 },
	{ "seldom", { 30, 920, 880, 60000, 600000 }, 0 },
	{ "margin too large", { 501, 400, 300, 100, 1000 }, -ERANGE },
	{ "target too large", { 0, 1001, 300, 100, 1000 }, -ERANGE },
	{ "too often", { 30, 920, 880, 9, 1000 }, -ERANGE },
	{ "too seldom", { 30, 920, 880, 60001, 600000 }, -ERANGE },
	{ "stale too late", { 30, 920, 880, 100, 600001 }, -ERANGE },
	{ "all ones", { U32_MAX, U32_MAX, U32_MAX, U32_MAX, U32_MAX }, -ERANGE },
	{ "never reopens", { 30, 920, 0, 100, 1000 }, -EINVAL },
	{ "no hysteresis", { 30, 920, 920, 100, 1000 }, -EINVAL },
	{ "reopens above the target", { 30, 920, 921, 100, 1000 }, -EINVAL },
	{ "reopens far above", { 30, 920, U32_MAX, 100, 1000 }, -EINVAL },
	{ "target in the margin", { 81, 920, 880, 100, 1000 }, -EINVAL },
	{ "stale before the second reading", { 30, 920, 880, 100, 199 }, -EINVAL },
	{ "stale at once", { 30, 920, 880, 100, 0 }, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(spm_gate_knobs, spm_gate_knobs, what);

/* Tests which knobs are taken, and that others change nothing. */
static void spm_gate_test_knobs(struct kunit *test)
{
	const struct spm_gate_knobs *param = test->param_value;
	struct spm_budget *budget = test->priv;
	struct spm_budget before;

	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read(budget, 100, 0, 0), 0);
	spm_budget_get(budget, &before);
	KUNIT_EXPECT_EQ(test, spm_budget_set_knobs(budget, &param->knobs), param->rc);
	if (param->rc)
		spm_budget_kunit_expect_same(test, budget, &before);
	else
		KUNIT_EXPECT_MEMEQ(test, &budget->knobs, &param->knobs,
				   sizeof(param->knobs));
}

/* Tests that knobs act at once on what was read last. */
static void spm_gate_test_knobs_act(struct kunit *test)
{
	struct spm_knobs knobs = spm_knobs_default;
	struct spm_budget *budget = test->priv;
	u64 nr;

	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read(budget, 500, 0, 0), 0);
	knobs.margin_permille = 80;
	KUNIT_ASSERT_EQ(test, spm_budget_set_knobs(budget, &knobs), 0);
	nr = spm_budget_kunit_take(budget, SPM_BUDGET_KUNIT_ALL);
	KUNIT_EXPECT_EQ(test, nr, 920 - 500);
	knobs.margin_permille = 0;
	KUNIT_ASSERT_EQ(test, spm_budget_set_knobs(budget, &knobs), 0);
	KUNIT_EXPECT_EQ(test, spm_budget_kunit_take(budget, SPM_BUDGET_KUNIT_ALL), 80);

	knobs.target_permille = 499;
	knobs.reopen_permille = 400;
	KUNIT_ASSERT_EQ(test, spm_budget_set_knobs(budget, &knobs), 0);
	KUNIT_EXPECT_EQ(test, budget->gate, SPM_GATE_TARGET);
	knobs.target_permille = 600;
	KUNIT_ASSERT_EQ(test, spm_budget_set_knobs(budget, &knobs), 0);
	KUNIT_EXPECT_EQ(test, budget->gate, SPM_GATE_TARGET);
	knobs.reopen_permille = 500;
	KUNIT_ASSERT_EQ(test, spm_budget_set_knobs(budget, &knobs), 0);
	KUNIT_EXPECT_EQ(test, budget->gate, SPM_GATE_OPEN);
}

/* Tests that more margin does not let credit be used that has no room any more. */
static void spm_gate_test_knobs_uncovered(struct kunit *test)
{
	struct spm_knobs knobs = spm_knobs_default;
	struct spm_budget *budget = test->priv;

	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read(budget, 0, 0, 0), 0);
	spm_budget_kunit_take(budget, 600);
	knobs.margin_permille = 500;
	knobs.target_permille = 500;
	knobs.reopen_permille = 400;
	KUNIT_ASSERT_EQ(test, spm_budget_set_knobs(budget, &knobs), 0);
	KUNIT_EXPECT_EQ(test, budget->gate, SPM_GATE_CAPACITY);
	knobs.margin_permille = 300;
	KUNIT_ASSERT_EQ(test, spm_budget_set_knobs(budget, &knobs), 0);
	KUNIT_EXPECT_EQ(test, budget->gate, SPM_GATE_OPEN);
}

/* Tests that the age at which a reading is too old acts on the last one too. */
static void spm_gate_test_knobs_stale(struct kunit *test)
{
	struct spm_knobs knobs = spm_knobs_default;
	struct spm_budget *budget = test->priv;

	KUNIT_ASSERT_EQ(test, spm_budget_kunit_read(budget, 0, 0, 0), 0);
	knobs.stale_ms = 500;
	KUNIT_ASSERT_EQ(test, spm_budget_set_knobs(budget, &knobs), 0);
	KUNIT_EXPECT_FALSE(test, spm_budget_kunit_stopped(budget, 500));
	KUNIT_EXPECT_TRUE(test, spm_budget_kunit_stopped(budget, 540));
	knobs.stale_ms = 2000;
	KUNIT_ASSERT_EQ(test, spm_budget_set_knobs(budget, &knobs), 0);
	KUNIT_EXPECT_FALSE(test, spm_budget_kunit_stopped(budget, 2000));
	KUNIT_EXPECT_TRUE(test, spm_budget_kunit_stopped(budget, 2040));
}

/* Tests that no knob opens what a reading has to open. */
static void spm_gate_test_knobs_stopped(struct kunit *test)
{
	struct spm_knobs knobs = spm_knobs_default;
	struct spm_budget *budget = test->priv;

	KUNIT_ASSERT_EQ(test, spm_budget_set_knobs(budget, &knobs), 0);
	KUNIT_EXPECT_EQ(test, budget->gate, SPM_GATE_STALE);
	KUNIT_EXPECT_EQ(test, spm_budget_grant(budget), 0);

	spm_gate_kunit_shut(test, SPM_GATE_HIGH);
	knobs.stale_ms = 2 * SPM_BUDGET_KUNIT_STALE_MS;
	KUNIT_ASSERT_EQ(test, spm_budget_set_knobs(budget, &knobs), 0);
	KUNIT_EXPECT_EQ(test, budget->gate, SPM_GATE_HIGH);
	KUNIT_EXPECT_EQ(test, spm_budget_grant(budget), 0);
}

static struct kunit_case spm_gate_cases[] = {
	KUNIT_CASE_PARAM(spm_gate_test_gate, spm_gate_moves_gen_params),
	KUNIT_CASE(spm_gate_test_stop_again),
	KUNIT_CASE(spm_gate_test_removed),
	KUNIT_CASE(spm_gate_test_capacity),
	KUNIT_CASE(spm_gate_test_uncovered),
	KUNIT_CASE(spm_gate_test_uncovered_by_others),
	KUNIT_CASE(spm_gate_test_surplus),
	KUNIT_CASE(spm_gate_test_expire),
	KUNIT_CASE(spm_gate_test_deficit),
	KUNIT_CASE(spm_gate_test_marks),
	KUNIT_CASE_PARAM(spm_gate_test_knobs, spm_gate_knobs_gen_params),
	KUNIT_CASE(spm_gate_test_knobs_act),
	KUNIT_CASE(spm_gate_test_knobs_uncovered),
	KUNIT_CASE(spm_gate_test_knobs_stale),
	KUNIT_CASE(spm_gate_test_knobs_stopped),
	{}
};

static struct kunit_suite spm_gate_suite = {
	.name = "spm_gate",
	.init = spm_budget_kunit_init,
	.test_cases = spm_gate_cases,
};

kunit_test_suite(spm_gate_suite);
