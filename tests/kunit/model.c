// SPDX-License-Identifier: GPL-2.0
/*
 * A model of the world around the budgets: real budgets, between devices and tasks that
 * store to them, both of which are simulated
 *
 * Each step is one thing that can happen: a task that wants a folio admitted gets one
 * stage further, writes some pages of one, has written one, gives one back, or reads one
 * back and frees it; a device trims one, makes a report, raises an event; a worker gets
 * one stage further; a CPU goes offline; or time passes. The order is random, and many
 * folios are under way at the same time. They have 1, 16 or 512 pages.
 *
 * Tasks do what spm_admit() does, stage by stage, and may be preempted after each, for
 * long, and then be on another CPU. See model_task.c. There may be several nodes: who is
 * refused by one asks the next. See model_device.c for the devices.
 *
 * After each step a device must hold no more than it can, and no more than its budget says
 * that it may, whatever caches still have; and what the budget has granted must be what
 * was admitted, and what somebody has in hand, to the page.
 *
 * Time and randomness are the model's own, so a seed gives the same run again.
 */
#include <linux/math64.h>
#include <linux/time64.h>

#include "model.h"

const unsigned int spm_model_pages_of[NR_SPM_MODEL_SIZES] = {
	[SPM_MODEL_SINGLE] = 1,
	[SPM_MODEL_MEDIUM] = SPM_MODEL_MEDIUM_PAGES,
	[SPM_MODEL_LARGE] = SPM_MODEL_LARGE_PAGES,
};

/**
 * spm_model_rnd() - a random number
 * @m: the world
 * @below: 1 above the largest one
 *
 * Return: a number from 0 on.
 */
u32 spm_model_rnd(struct spm_model *m, u32 below)
{
	return mul_u64_u32_shr(prandom_u32_state(&m->rnd), below, 32);
}

/**
 * spm_model_chance() - throw a die
 * @m: the world
 * @permille: probability
 *
 * Return: true in @permille of a thousand cases.
 */
bool spm_model_chance(struct spm_model *m, u32 permille)
{
	return spm_model_rnd(m, 1000) < permille;
}

/**
 * spm_model_fault() - throw a die, unless everything is to go well
 * @m: the world
 * @permille: probability
 *
 * Return: true in @permille of a thousand cases, if it may.
 */
bool spm_model_fault(struct spm_model *m, u32 permille)
{
	return !m->healthy && spm_model_chance(m, permille);
}

/**
 * spm_model_span_ns() - a random time
 * @m: the world
 * @ms: what it is at most
 *
 * Return: nanoseconds.
 */
u64 spm_model_span_ns(struct spm_model *m, u32 ms)
{
	return (u64)spm_model_rnd(m, ms * USEC_PER_MSEC + 1) * NSEC_PER_USEC;
}

/**
 * spm_model_jiffies() - the model's time
 * @m: the world
 *
 * Return: in jiffies.
 */
unsigned long spm_model_jiffies(const struct spm_model *m)
{
	return div_u64(m->now_ns, NSEC_PER_SEC / HZ);
}

/**
 * spm_model_wrong() - is something wrong that is to be reported?
 * @m: the world
 * @wrong: is it wrong?
 *
 * Return: @wrong, unless that is only to be counted.
 */
bool spm_model_wrong(struct spm_model *m, bool wrong)
{
	m->nr_wrong += wrong;
	return wrong && !m->hopeless;
}

/**
 * spm_model_pages_in() - how many pages are in a state?
 * @node: their node
 * @state: the state
 *
 * Return: the number.
 */
unsigned long spm_model_pages_in(const struct spm_model_node *node, enum spm_model_state state)
{
	const struct spm_model_list *list = node->list[state];

	return list[SPM_MODEL_SINGLE].nr + list[SPM_MODEL_MEDIUM].nr * SPM_MODEL_MEDIUM_PAGES +
	       list[SPM_MODEL_LARGE].nr * SPM_MODEL_LARGE_PAGES;
}

/**
 * spm_model_in_hand() - how many pages were granted that are in no CPU's credit?
 * @m: the world
 * @node: the node
 *
 * Return: those that tasks have in hand to have a folio admitted.
 */
long spm_model_in_hand(const struct spm_model *m, const struct spm_model_node *node)
{
	long nr = 0;
	int i;

	for (i = 0; i < SPM_MODEL_TASKS; i++)
		if (&m->node[m->task[i].node] == node)
			nr += m->task[i].own + m->task[i].granted;
	return nr;
}

/*
 * Whatever was granted is somewhere, and nowhere less than nothing: then others would have
 * more than was granted.
 */
static void spm_model_check_books(struct spm_model *m, struct spm_model_node *node)
{
	u64 sum = node->admitted + node->worker.taken + spm_model_in_hand(m, node);
	int i;

	for (i = 0; i < SPM_MODEL_CPUS; i++) {
		sum += node->credit[i];
		KUNIT_EXPECT_GE_MSG(m->test, node->credit[i], 0,
				    "step %lu: a CPU has less credit than none", m->step);
	}
	KUNIT_EXPECT_EQ_MSG(m->test, node->budget.granted, sum,
			    "step %lu: what was granted was lost, or is there twice", m->step);
}

static void spm_model_check(struct spm_model *m, struct spm_model_node *node)
{
	u64 bound = spm_budget_bound_bytes(&node->budget);
	u64 most = node->total + (node->unwritten << PAGE_SHIFT);

	KUNIT_EXPECT_FALSE_MSG(m->test, spm_model_wrong(m, node->held > node->physical),
			       "step %lu: the device holds %llu bytes, and can hold %llu",
			       m->step, node->held, node->physical);
	KUNIT_EXPECT_FALSE_MSG(m->test, spm_model_wrong(m, max(most, node->held) > bound),
			       "step %lu: the device will hold %llu bytes, and the budget says %llu",
			       m->step, most, bound);
	spm_model_check_books(m, node);
	if (node->budget.gate == SPM_GATE_OPEN && node->gate != SPM_GATE_OPEN)
		node->nr_opened++;
	node->gate = node->budget.gate;
}

/**
 * spm_model_step() - let one thing happen, and see whether all is well
 * @m: the world
 */
void spm_model_step(struct spm_model *m)
{
	unsigned int i;

	m->step++;
	m->now_ns += spm_model_rnd(m, 100 * NSEC_PER_USEC);
	for (i = 0; i < m->nr_nodes; i++) {
		spm_model_device(m, &m->node[i]);
		spm_model_worker(m, &m->node[i]);
	}
	spm_model_act(m);
	for (i = 0; i < m->nr_nodes; i++)
		spm_model_check(m, &m->node[i]);
}

static void spm_model_init_folios(struct spm_model_node *node)
{
	static const unsigned int nr_of[NR_SPM_MODEL_SIZES] = {
		[SPM_MODEL_SINGLE] = SPM_MODEL_NR_SINGLE,
		[SPM_MODEL_MEDIUM] = SPM_MODEL_NR_MEDIUM,
		[SPM_MODEL_LARGE] = SPM_MODEL_NR_LARGE,
	};
	struct spm_model_list *list;
	enum spm_model_size size;
	u16 index = 0;

	for (size = 0; size < NR_SPM_MODEL_SIZES; size++) {
		list = &node->list[SPM_MODEL_FREE][size];
		while (list->nr < nr_of[size]) {
			node->folio[index].nr = spm_model_pages_of[size];
			list->index[list->nr++] = index++;
		}
	}
}

/**
 * spm_model_init_node() - a node that nothing was stored on
 * @m: its world
 * @node: the node, zeroed
 * @device: its device
 */
void spm_model_init_node(struct spm_model *m, struct spm_model_node *node,
			 const struct spm_model_case *device)
{
	static const struct spm_knobs knobs = {
		.margin_permille = 30,
		.target_permille = 920,
		.reopen_permille = 880,
		.interval_ms = SPM_MODEL_INTERVAL_MS,
		.stale_ms = SPM_MODEL_STALE_MS,
	};

	node->device = device;
	spm_model_init_folios(node);
	spm_budget_init(&node->budget, NUMA_NO_NODE, (u64)SPM_MODEL_PAGES << PAGE_SHIFT);
	KUNIT_ASSERT_EQ(m->test, spm_budget_set_knobs(&node->budget, &knobs), 0);
	node->physical = div_u64(node->budget.logical_bytes * 10, device->ratio);
	node->told = node->physical;
	node->gate = node->budget.gate;
}

/**
 * spm_model_init() - a world in which nothing has happened
 * @m: the world, zeroed; its user makes the nodes, and sets what tasks do and write
 * @test: test that fails when something is wrong
 * @seed: where random numbers begin
 */
void spm_model_init(struct spm_model *m, struct kunit *test, u32 seed)
{
	prandom_seed_state(&m->rnd, seed);
	m->test = test;
	m->healthy = true;
	m->now_ns = NSEC_PER_SEC;
}
