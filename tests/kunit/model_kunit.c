// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit model test of the budget: whatever happens in whatever order, a device
 * never holds more than it can, and yet is used well
 *
 * What happens is random, see model.c. A run prints its seed, and is the same
 * again with spm_model_kunit.seed= on the command line. By default there are a million
 * steps and some more, all in all.
 */
#include <linux/math64.h>
#include <linux/moduleparam.h>
#include <linux/overflow.h>
#include <linux/random.h>
#include <linux/sched.h>

#include "model.h"

/* Of the tests that fill the device. Enough to do it some times. */
#define SPM_MODEL_FILL_STEPS	20000

static unsigned int spm_model_seed;
module_param_named(seed, spm_model_seed, uint, 0444);
MODULE_PARM_DESC(seed, "where random numbers of the model test begin; 0: anywhere");

static unsigned int spm_model_steps = 100000;
module_param_named(steps, spm_model_steps, uint, 0444);
MODULE_PARM_DESC(steps, "length of the random tests, for each device");

enum {
	SPM_MODEL_FILLED,
	SPM_MODEL_FILLED_SLOWLY,
	SPM_MODEL_IN_BALANCE,
	SPM_MODEL_TRIMMED_SLOWLY,
	SPM_MODEL_EMPTIED,
	SPM_MODEL_NEARLY_IDLE,
};

static const struct spm_model_trend spm_model_trends[] = {
	[SPM_MODEL_FILLED] = { { 400, 3, 250, 250, 0, 60, 37 } },
	[SPM_MODEL_FILLED_SLOWLY] = { { 400, 3, 200, 200, 50, 80, 67 } },
	[SPM_MODEL_IN_BALANCE] = { { 300, 3, 200, 200, 145, 145, 7 } },
	[SPM_MODEL_TRIMMED_SLOWLY] = { { 300, 3, 200, 200, 145, 20, 132 } },
	[SPM_MODEL_EMPTIED] = { { 100, 3, 100, 100, 300, 300, 97 } },
	[SPM_MODEL_NEARLY_IDLE] = { { 20, 3, 20, 20, 10, 10, 917 } },
};

static const struct spm_model_case spm_model_cases[] = {
	{ "1:1", 10, 20, 10 },
	{ "2:1", 20, 20, 10 },
	{ "4:1, slow", 40, 60, 30 },
	{ "8:1", 80, 10, 5 },
};

KUNIT_ARRAY_PARAM_DESC(spm_model_cases, spm_model_cases, what);

static u64 spm_model_full_bytes(const struct spm_model_node *node)
{
	return div_u64(node->budget.logical_bytes * 10, node->device->ratio);
}

/* Some of the capacity that there is at best, often hardly more than is held. */
static u64 spm_model_some_capacity(struct spm_model *m, const struct spm_model_node *node)
{
	u64 full = spm_model_full_bytes(node);
	u64 some = div_u64(full * (40 + spm_model_rnd(m, 61)), 100);
	u64 close = div_u64(node->held * (106 + spm_model_rnd(m, 20)), 100);

	return spm_model_chance(m, 500) ? some : clamp(close, full / 10, full);
}

static void spm_model_turn_node(struct spm_model *m, struct spm_model_node *node)
{
	if (spm_model_chance(m, 200))
		spm_model_raise(m, node, spm_model_rnd(m, SPM_EVENT_REMOVED));
	if (spm_model_chance(m, 500))
		spm_model_set_capacity(m, node, spm_model_some_capacity(m, node));
}

/* What changes now and then. */
static void spm_model_turn(struct spm_model *m)
{
	unsigned int i;

	m->trend = &spm_model_trends[spm_model_rnd(m, ARRAY_SIZE(spm_model_trends))];
	m->data = spm_model_rnd(m, NR_SPM_MODEL_DATA);
	if (spm_model_chance(m, 200))
		m->now_ns += spm_model_span_ns(m, 2 * SPM_MODEL_STALE_MS);
	for (i = 0; i < m->nr_nodes; i++)
		spm_model_turn_node(m, &m->node[i]);
}

static void spm_model_run(struct spm_model *m, unsigned long nr_steps)
{
	while (nr_steps-- && m->test->status != KUNIT_FAILURE) {
		spm_model_step(m);
		if (!(nr_steps % 1024))
			cond_resched();
	}
}

/* Nodes of these devices. */
static struct spm_model *spm_model_new_nodes(struct kunit *test,
					     const struct spm_model_case *device, unsigned int nr)
{
	u32 seed = spm_model_seed ?: get_random_u32();
	struct spm_model *m;
	unsigned int i;

	m = kunit_kzalloc(test, struct_size(m, node, nr), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m);
	kunit_info(test, "seed %u\n", seed);
	m->nr_nodes = nr;
	spm_model_init(m, test, seed);
	for (i = 0; i < nr; i++)
		spm_model_init_node(m, &m->node[i], &device[i]);
	m->trend = &spm_model_trends[SPM_MODEL_FILLED];
	return m;
}

static struct spm_model *spm_model_new(struct kunit *test)
{
	return spm_model_new_nodes(test, test->param_value, 1);
}

static unsigned int spm_model_permille(const struct spm_model_node *node, u64 bytes)
{
	return div64_u64(bytes * 1000, node->physical);
}

static unsigned long spm_model_nr_admitted(const struct spm_model_node *node)
{
	return node->nr_admitted[SPM_MODEL_SINGLE] + node->nr_admitted[SPM_MODEL_MEDIUM] +
	       node->nr_admitted[SPM_MODEL_LARGE];
}

static void spm_model_report(struct spm_model *m, const struct spm_model_node *node)
{
	kunit_info(m->test, "%s: %lu steps, %u reports, %lu folios admitted, %lu of them large, %lu refused, gate opened %lu times, credit taken back %lu times, %llu of %llu bytes held at most\n",
		   node->device->what, m->step, node->nr_reports, spm_model_nr_admitted(node),
		   node->nr_admitted[SPM_MODEL_LARGE], node->nr_refused, node->nr_opened,
		   node->nr_taken_back, node->peak, spm_model_full_bytes(node));
}

/* Each node was neither always full, nor shut most of the time. */
static void spm_model_expect_used(struct spm_model *m, const struct spm_model_node *node)
{
	spm_model_report(m, node);
	KUNIT_EXPECT_GT(m->test, spm_model_nr_admitted(node), m->step / 1000);
	KUNIT_EXPECT_GT(m->test, node->nr_refused, m->step / 500);
	KUNIT_EXPECT_GT(m->test, node->nr_opened, m->step / 50000);
	KUNIT_EXPECT_GT(m->test, node->nr_taken_back, 0);
	if (node->device->ratio <= 20)
		KUNIT_EXPECT_GT(m->test, node->nr_admitted[SPM_MODEL_LARGE], 0);
}

/* Whatever happens in whatever order. */
static void spm_model_run_at_random(struct spm_model *m, unsigned long nr_steps)
{
	unsigned int i;

	m->healthy = false;
	while (m->step < nr_steps && m->test->status != KUNIT_FAILURE) {
		spm_model_turn(m);
		spm_model_run(m, 200 + spm_model_rnd(m, 3000));
	}
	for (i = 0; i < m->nr_nodes && m->test->status != KUNIT_FAILURE; i++)
		spm_model_expect_used(m, &m->node[i]);
}

/* Tests that a device never holds more than it can, nor more than the budget says. */
static void spm_model_test_random(struct kunit *test)
{
	spm_model_run_at_random(spm_model_new(test), spm_model_steps);
}

/*
 * Tests the same of a device that is behind a cache, if what was written is written back
 * before it counts as written.
 */
static void spm_model_test_cached(struct kunit *test)
{
	struct spm_model *m = spm_model_new(test);

	m->node->cache = SPM_MODEL_FLUSHED;
	spm_model_run_at_random(m, spm_model_steps);
}

/* Tests the same of several nodes, which have the same CPUs and tasks. */
static void spm_model_test_nodes(struct kunit *test)
{
	struct spm_model *m = spm_model_new_nodes(test, spm_model_cases, SPM_MODEL_NODES);

	m->node[1].cache = SPM_MODEL_FLUSHED;
	spm_model_run_at_random(m, 2 * spm_model_steps);
}

/* Tests that the model notices if nobody thinks of the cache. */
static void spm_model_test_cache_forgotten(struct kunit *test)
{
	struct spm_model *m = spm_model_new(test);

	m->node->cache = SPM_MODEL_NOT_FLUSHED;
	m->hopeless = true;
	m->data = SPM_MODEL_NOT_AT_ALL;
	spm_model_run(m, SPM_MODEL_FILL_STEPS);
	KUNIT_EXPECT_GT(test, m->nr_wrong, 0);
}

/* Tests that nearly all is used of a device, with data that don't compress. */
static void spm_model_test_full(struct kunit *test)
{
	struct spm_model *m = spm_model_new(test);
	struct spm_model_node *node = m->node;

	m->data = SPM_MODEL_NOT_AT_ALL;
	spm_model_run(m, SPM_MODEL_FILL_STEPS);
	spm_model_report(m, node);

	KUNIT_EXPECT_GT(test, node->nr_refused, 0);
	KUNIT_EXPECT_GT(test, spm_model_permille(node, node->peak), 850);
	KUNIT_EXPECT_GT(test, spm_model_permille(node, node->held), 750);
}

/*
 * Tests that the gate opens again when data that don't compress make room for
 * such that do, and that more of these are stored than fit as they are.
 */
static void spm_model_test_reopen(struct kunit *test)
{
	struct spm_model *m = spm_model_new(test);
	struct spm_model_node *node = m->node;
	unsigned long before, least;

	m->data = SPM_MODEL_NOT_AT_ALL;
	spm_model_run(m, SPM_MODEL_FILL_STEPS);
	KUNIT_EXPECT_GT(test, node->nr_refused, 0);
	before = spm_model_nr_admitted(node);

	m->data = SPM_MODEL_WELL;
	m->trend = &spm_model_trends[SPM_MODEL_IN_BALANCE];
	spm_model_run(m, SPM_MODEL_FILL_STEPS);
	m->trend = &spm_model_trends[SPM_MODEL_FILLED];
	spm_model_run(m, SPM_MODEL_FILL_STEPS);
	spm_model_report(m, node);

	KUNIT_EXPECT_EQ(test, node->budget.gate, SPM_GATE_OPEN);
	KUNIT_EXPECT_GT(test, spm_model_nr_admitted(node) - before, SPM_MODEL_FOLIOS);
	/* All that it advertises; or twice what fits, as large folios find no room. */
	least = min(SPM_MODEL_PAGES * 9 / 10, 2 * (unsigned long)(node->physical >> PAGE_SHIFT));
	KUNIT_EXPECT_GT(test, spm_model_pages_in(node, SPM_MODEL_STORED), least);
}

static struct kunit_case spm_model_kunit_cases[] = {
	KUNIT_CASE_PARAM(spm_model_test_random, spm_model_cases_gen_params),
	KUNIT_CASE_PARAM(spm_model_test_cached, spm_model_cases_gen_params),
	KUNIT_CASE_SLOW(spm_model_test_nodes),
	KUNIT_CASE_PARAM(spm_model_test_cache_forgotten, spm_model_cases_gen_params),
	KUNIT_CASE_PARAM(spm_model_test_full, spm_model_cases_gen_params),
	KUNIT_CASE_PARAM(spm_model_test_reopen, spm_model_cases_gen_params),
	{}
};

static struct kunit_suite spm_model_suite = {
	.name = "spm_model",
	.test_cases = spm_model_kunit_cases,
};

kunit_test_suite(spm_model_suite);
