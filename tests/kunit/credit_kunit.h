/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KUnit tests of the credit that CPUs have for a node with telemetry. Included at the end of
 * control_kunit.c, where the fake device is.
 */
#include <linux/cpu.h>
#include <linux/smp.h>

/* How often a folio of how many pages is admitted: so many take several grants. */
#define SPM_CREDIT_ROUNDS	300
#define SPM_CREDIT_PAGES	300

/* Store a page on a CPU, which gives that credit; free it there, if asked to. */
static void spm_credit_store_on(struct kunit *test, int cpu, bool free)
{
	struct folio *folio;

	KUNIT_ASSERT_EQ(test, set_cpus_allowed_ptr(current, cpumask_of(cpu)), 0);
	folio = spm_control_store(test);
	if (folio && free)
		spm_kunit_free(test, folio);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	KUNIT_ASSERT_NOT_NULL(test, folio);
}

/*
 * Tests that a CPU that goes offline gives back its credit, and that what it had
 * freed is trimmed.
 */
static void spm_credit_test_cpu_dead(struct kunit *test)
{
	int cpu = cpumask_last(cpu_online_mask);
	struct spm_node *node;

	if (!cpu)
		kunit_skip(test, "there is one CPU only");
	node = spm_control_register(test, 0);
	spm_kunit_hold(test, 0);
	spm_credit_store_on(test, cpu, true);
	KUNIT_EXPECT_GT(test, per_cpu_ptr(node->cpu, cpu)->credit, 0);
	KUNIT_EXPECT_EQ(test, spm_kunit_stat(test, 0, SPM_STAT_UNTRIMMED), 1);

	KUNIT_ASSERT_EQ(test, remove_cpu(cpu), 0);
	KUNIT_EXPECT_EQ(test, per_cpu_ptr(node->cpu, cpu)->credit, 0);
	KUNIT_EXPECT_EQ(test, node->budget.granted, spm_node_written(node));
	spm_kunit_release(test, 0);
	KUNIT_EXPECT_EQ(test, spm_kunit_stat(test, 0, SPM_STAT_UNTRIMMED), 0);
	KUNIT_EXPECT_EQ(test, spm_kunit_stat(test, 0, SPM_STAT_TRIMMED), 1);
	KUNIT_EXPECT_EQ(test, add_cpu(cpu), 0);

	spm_credit_store_on(test, cpu, false);
	spm_control_expect_rest(test, node);
}

/* Tests that each CPU has its own credit, all of which counts as admitted. */
static void spm_credit_test_each_cpu(struct kunit *test)
{
	struct spm_node *node = spm_control_register(test, 0);
	unsigned long granted = 0;
	int cpu;

	for_each_online_cpu(cpu) {
		spm_credit_store_on(test, cpu, false);
		KUNIT_EXPECT_GT(test, node->budget.granted, granted);
		granted = node->budget.granted;
		/* From its credit. */
		spm_credit_store_on(test, cpu, false);
		KUNIT_EXPECT_EQ(test, node->budget.granted, granted);
	}
	KUNIT_EXPECT_EQ(test, spm_budget_bound_bytes(&node->budget), granted << PAGE_SHIFT);
	KUNIT_EXPECT_LE(test, granted, SPM_CONTROL_LIMIT);
	spm_control_expect_rest(test, node);
}

/* Tests that CPUs lose their credit when the device can hold less. */
static void spm_credit_test_take_back(struct kunit *test)
{
	struct spm_node *node = spm_control_register(test, 0);
	unsigned long nr = 0;
	int cpu;

	for_each_online_cpu(cpu) {
		spm_credit_store_on(test, cpu, false);
		nr++;
	}
	KUNIT_ASSERT_GT(test, spm_control_credit(node), 10);

	spm_control_device->reading.physical_bytes = (nr + 10) << PAGE_SHIFT;
	spm_kunit_run(test, 0);
	KUNIT_EXPECT_EQ(test, spm_control_credit(node), 0);
	KUNIT_EXPECT_EQ(test, node->budget.granted, nr);
	spm_control_expect_rest(test, node);

	/* What was written is in none of these readings, and there is room for 10. */
	KUNIT_EXPECT_EQ(test, node->budget.gate, SPM_GATE_OPEN);
	KUNIT_EXPECT_LE(test, spm_control_fill(test), 10);
	KUNIT_EXPECT_GT(test, spm_kunit_stat(test, 0, SPM_STAT_USED), nr);
	spm_control_expect_rest(test, node);
}

/* Tests that a large folio takes as much of the budget as it has pages, or nothing. */
static void spm_credit_test_large(struct kunit *test)
{
	struct spm_node *node = spm_control_register(test, 0);
	u64 granted;

	spm_kunit_hold(test, 0);
	KUNIT_EXPECT_TRUE(test, spm_admit(node, 512));
	granted = node->budget.granted;
	KUNIT_EXPECT_EQ(test, granted - spm_control_credit(node), 512);
	KUNIT_EXPECT_FALSE(test, spm_admit(node, 512));
	KUNIT_EXPECT_EQ(test, spm_kunit_stat(test, 0, SPM_STAT_REFUSED_BUDGET), 1);
	KUNIT_EXPECT_EQ(test, node->budget.granted - spm_control_credit(node), 512);
	spm_unadmit(node, 512);
	spm_control_expect_rest(test, node);
	spm_kunit_release(test, 0);
}

/**
 * struct spm_credit_other - what another CPU does
 * @node: the node that it has folios admitted to
 * @nr: how many were
 * @done: it does nothing any more
 */
struct spm_credit_other {
	struct spm_node *node;
	unsigned int nr;
	bool done;
};

/* Has a large folio admitted again and again, and no credit each time. */
static void spm_credit_use_up(void *arg)
{
	struct spm_credit_other *other = arg;
	struct spm_node *node = other->node;
	int i;

	for (i = 0; i < SPM_CREDIT_ROUNDS; i++) {
		if (spm_admit(node, SPM_CREDIT_PAGES)) {
			spm_unadmit(node, SPM_CREDIT_PAGES);
			other->nr++;
		}
		spm_budget_take_back(&node->budget, this_cpu_xchg(node->cpu->credit, 0));
	}
	smp_store_release(&other->done, true);	/* vs spm_credit_test_never_negative() */
}

/*
 * Tests that a CPU never has less credit than none. What a task owes to one CPU it pays to
 * another one if it is moved there meanwhile; then others have more than was granted.
 */
static void spm_credit_test_never_negative(struct kunit *test)
{
	struct spm_credit_other other = {};
	long least = 0;
	int cpu;

	other.node = spm_control_register(test, 0);
	spm_kunit_hold(test, 0);
	cpu = cpumask_any_but(cpu_online_mask, get_cpu());
	if (cpu < nr_cpu_ids && !smp_call_function_single(cpu, spm_credit_use_up, &other, 0))
		while (!smp_load_acquire(&other.done))	/* vs spm_credit_use_up() */
			least = min(least, READ_ONCE(per_cpu_ptr(other.node->cpu, cpu)->credit));
	put_cpu();
	if (cpu >= nr_cpu_ids)
		kunit_skip(test, "there is one CPU only");
	KUNIT_EXPECT_EQ(test, least, 0);
	KUNIT_EXPECT_EQ(test, other.nr, SPM_CREDIT_ROUNDS);
	spm_control_expect_rest(test, other.node);
	spm_kunit_release(test, 0);
}

static struct kunit_case spm_credit_cases[] = {
	KUNIT_CASE(spm_credit_test_cpu_dead),
	KUNIT_CASE(spm_credit_test_each_cpu),
	KUNIT_CASE(spm_credit_test_take_back),
	KUNIT_CASE(spm_credit_test_large),
	KUNIT_CASE(spm_credit_test_never_negative),
	{}
};

static struct kunit_suite spm_credit_suite = {
	.name = "spm_credit",
	.init = spm_control_kunit_init,
	.exit = spm_control_kunit_exit,
	.test_cases = spm_credit_cases,
};

kunit_test_suite(spm_credit_suite);
