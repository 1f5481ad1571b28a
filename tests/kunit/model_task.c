// SPDX-License-Identifier: GPL-2.0
/*
 * The tasks of the model: they have folios admitted, write them, read them back, and free
 * them; and the devices trim what was freed
 *
 * To have a folio admitted, a task does what spm_admit() and spm_admit_slow() do. It may
 * be preempted after each stage, and meanwhile other tasks use the same credit, events
 * stop the gate, and the worker takes credit back. It may find itself on another CPU then.
 *
 * A folio is written some pages at a time. What was written may be in a cache for a while,
 * unless the device is coherent; in the end it is written back, and only then the folio
 * counts as written.
 */
#include <linux/math64.h>
#include <linux/time64.h>

#include "model.h"

/* Bytes that a page of zeroes takes at most. */
#define SPM_MODEL_ZEROES	64

static const struct spm_model_data spm_model_data[NR_SPM_MODEL_DATA] = {
	[SPM_MODEL_WELL] = { 16, 512 },
	[SPM_MODEL_BADLY] = { 3000, PAGE_SIZE },
	[SPM_MODEL_NOT_AT_ALL] = { PAGE_SIZE, PAGE_SIZE },
	[SPM_MODEL_MIXED] = { 1, PAGE_SIZE },
};

/* ---- Folios ---- */

static enum spm_model_size spm_model_any_size(struct spm_model *m)
{
	u32 at = spm_model_rnd(m, 100);

	return at < 60 ? SPM_MODEL_SINGLE : at < 92 ? SPM_MODEL_MEDIUM : SPM_MODEL_LARGE;
}

static struct spm_model_node *spm_model_any_node(struct spm_model *m)
{
	return &m->node[spm_model_rnd(m, m->nr_nodes)];
}

static unsigned int spm_model_any_cpu(struct spm_model *m)
{
	return spm_model_rnd(m, SPM_MODEL_CPUS);
}

/* For how long nothing goes on: hardly at all, or for longer than readings are good. */
static u64 spm_model_sleep(struct spm_model *m)
{
	return spm_model_chance(m, 8) ? m->now_ns + spm_model_span_ns(m, 3 * SPM_MODEL_STALE_MS) :
					 0;
}

/*
 * Make one folio of a state one of another. Return: it, or NULL if there is none of this
 * size, or whose it is sleeps.
 */
static struct spm_model_folio *spm_model_move(struct spm_model *m, struct spm_model_node *node,
					      enum spm_model_size size,
					      enum spm_model_state from,
					      enum spm_model_state to)
{
	struct spm_model_list *src = &node->list[from][size], *dst = &node->list[to][size];
	struct spm_model_folio *folio;
	unsigned int at;
	u16 i;

	if (!src->nr)
		return NULL;
	at = spm_model_rnd(m, src->nr);
	i = src->index[at];
	folio = &node->folio[i];
	if (folio->wake_ns > m->now_ns)
		return NULL;
	src->index[at] = src->index[--src->nr];
	dst->index[dst->nr++] = i;
	folio->wake_ns = spm_model_sleep(m);
	return folio;
}

/* The same of any size. */
static struct spm_model_folio *spm_model_move_any(struct spm_model *m,
						  struct spm_model_node *node,
						  enum spm_model_state from,
						  enum spm_model_state to)
{
	enum spm_model_size size = spm_model_any_size(m);
	struct spm_model_folio *folio = NULL;
	int i;

	for (i = 0; i < NR_SPM_MODEL_SIZES && !folio; i++)
		folio = spm_model_move(m, node, (size + i) % NR_SPM_MODEL_SIZES, from, to);
	return folio;
}

/* ---- Admission ---- */

static u64 spm_model_known_physical(const struct spm_model_node *node)
{
	return min(node->accepted.physical_bytes, node->budget.logical_bytes);
}

/* What was granted must be true with the reading that was taken last. */
static void spm_model_check_grant(struct spm_model *m, struct spm_model_node *node)
{
	u64 physical = spm_model_known_physical(node);
	u64 margin = div_u64(physical * node->budget.knobs.margin_permille, 1000);
	u64 bound = spm_budget_bound_bytes(&node->budget);

	KUNIT_EXPECT_FALSE_MSG(m->test, spm_model_wrong(m, bound + margin > physical),
			       "step %lu: granted up to %llu of %llu bytes",
			       m->step, bound, physical);
}

/* Nobody gets further without a fresh reading, and one of after the last event that stops. */
static void spm_model_check_fresh(struct spm_model *m, const struct spm_model_node *node)
{
	u64 age_ns = m->now_ns - node->accepted.as_of_ns;

	KUNIT_EXPECT_TRUE_MSG(m->test, age_ns < spm_model_stale_ns() + NSEC_PER_SEC / HZ,
			      "step %lu: admits by a reading that is %llu ns old",
			      m->step, age_ns);
	KUNIT_EXPECT_TRUE_MSG(m->test, node->heard_ns >= node->stopped_ns,
			      "step %lu: admits by a reading of %llu after a stop at %llu",
			      m->step, node->heard_ns, node->stopped_ns);
}

/*
 * It must fit, with credit or without, into what the device was known to hold: beside all
 * that is there and all that was admitted, even if that doesn't compress.
 */
static void spm_model_check_admitted(struct spm_model *m, struct spm_model_node *node,
				     const struct spm_model_task *task)
{
	u64 most = node->total + (node->unwritten << PAGE_SHIFT);

	KUNIT_EXPECT_FALSE_MSG(m->test, spm_model_wrong(m, most > task->physical),
			       "step %lu: admitted up to %llu of %llu bytes",
			       m->step, most, task->physical);
}

static void spm_model_unadmit(struct spm_model_node *node, unsigned int cpu, long nr)
{
	node->credit[cpu] += nr;
	node->admitted -= nr;
	node->unwritten -= nr;
}

/* It is admitted; so there is a page to be written, or not. */
static void spm_model_admitted(struct spm_model *m, struct spm_model_node *node,
			       struct spm_model_task *task)
{
	struct spm_model_folio *folio;

	task->stage = SPM_MODEL_NO_TASK;
	node->admitted += task->nr;
	node->unwritten += task->nr;
	spm_model_check_admitted(m, node, task);
	folio = spm_model_move(m, node, task->size, SPM_MODEL_FREE, SPM_MODEL_ADMITTED);
	if (!folio) {
		spm_model_unadmit(node, task->cpu, task->nr);
		return;
	}
	KUNIT_EXPECT_FALSE_MSG(m->test, !m->hopeless &&
			       folio->total > folio->nr * SPM_MODEL_ZEROES,
			       "step %lu: a folio has still %u bytes of what was there before",
			       m->step, folio->total);
	folio->copied = 0;
	folio->zeroes = folio->total;
	spm_model_set_total(node, folio, 0);
	node->nr_admitted[task->size]++;
}

/* Another node may take it. */
static void spm_model_refused(struct spm_model *m, struct spm_model_node *node,
			      struct spm_model_task *task)
{
	node->nr_refused++;
	task->stage = ++task->node < m->nr_nodes ? SPM_MODEL_LOOK : SPM_MODEL_NO_TASK;
	task->node %= m->nr_nodes;
}

static void spm_model_look(struct spm_model *m, struct spm_model_node *node,
			   struct spm_model_task *task)
{
	if (spm_budget_stopped(&node->budget, spm_model_jiffies(m))) {
		spm_budget_expire(&node->budget, m->now_ns, spm_model_jiffies(m));
		spm_model_refused(m, node, task);
		return;
	}
	spm_model_check_fresh(m, node);
	task->physical = spm_model_known_physical(node);
	task->stage = SPM_MODEL_USE;
}

static void spm_model_use(struct spm_model *m, struct spm_model_node *node,
			  struct spm_model_task *task)
{
	if (node->credit[task->cpu] < task->nr) {
		task->stage = SPM_MODEL_TAKE;
		return;
	}
	node->credit[task->cpu] -= task->nr;
	spm_model_admitted(m, node, task);
}

static void spm_model_ask(struct spm_model *m, struct spm_model_node *node,
			  struct spm_model_task *task)
{
	unsigned int got = spm_budget_grant(&node->budget);

	task->granted += got;
	if (got)
		spm_model_check_grant(m, node);
	if (task->own + task->granted >= task->nr)
		task->stage = SPM_MODEL_ADD;
	else if (!got)
		task->stage = SPM_MODEL_RESTORE;
}

/* Add to its CPU's credit what a task has in hand, but for so many pages. */
static void spm_model_add(struct spm_model_node *node, struct spm_model_task *task, long but)
{
	node->credit[task->cpu] += task->own - but;
	task->own = 0;
}

static void spm_model_return(struct spm_model_node *node, struct spm_model_task *task)
{
	if (task->granted)
		spm_budget_take_back(&node->budget, task->granted);
	task->granted = 0;
}

/* The stages of spm_admit() and spm_admit_slow(). */
static void spm_model_go_on(struct spm_model *m, struct spm_model_task *task)
{
	struct spm_model_node *node = &m->node[task->node];

	switch (task->stage) {
	case SPM_MODEL_NO_TASK:
		break;
	case SPM_MODEL_LOOK:
		spm_model_look(m, node, task);
		break;
	case SPM_MODEL_USE:
		spm_model_use(m, node, task);
		break;
	case SPM_MODEL_TAKE:
		task->own = node->credit[task->cpu];
		node->credit[task->cpu] = 0;
		task->stage = SPM_MODEL_ASK;
		break;
	case SPM_MODEL_ASK:
		spm_model_ask(m, node, task);
		break;
	case SPM_MODEL_ADD:
		task->own += task->granted;
		task->granted = 0;
		spm_model_add(node, task, task->nr);
		spm_model_admitted(m, node, task);
		break;
	case SPM_MODEL_RESTORE:
		spm_model_add(node, task, 0);
		task->stage = SPM_MODEL_RETURN;
		break;
	case SPM_MODEL_RETURN:
		spm_model_return(node, task);
		spm_model_refused(m, node, task);
		break;
	}
}

static void spm_model_begin(struct spm_model *m, struct spm_model_task *task)
{
	task->stage = SPM_MODEL_LOOK;
	task->node = 0;
	task->cpu = spm_model_any_cpu(m);
	task->size = spm_model_any_size(m);
	task->nr = spm_model_pages_of[task->size];
}

/* A task goes on until it is preempted. */
static void spm_model_op_admit(struct spm_model *m)
{
	struct spm_model_task *task = &m->task[spm_model_rnd(m, SPM_MODEL_TASKS)];

	if (task->wake_ns > m->now_ns)
		return;
	if (task->stage == SPM_MODEL_NO_TASK)
		spm_model_begin(m, task);
	do {
		spm_model_go_on(m, task);
	} while (task->stage != SPM_MODEL_NO_TASK && !spm_model_chance(m, 150));
	task->wake_ns = spm_model_sleep(m);
	if (spm_model_chance(m, 100))
		task->cpu = spm_model_any_cpu(m);
}

static void spm_model_op_unadmit(struct spm_model *m)
{
	struct spm_model_node *node = spm_model_any_node(m);
	struct spm_model_folio *folio;

	folio = spm_model_move_any(m, node, SPM_MODEL_ADMITTED, SPM_MODEL_FREE);
	if (!folio)
		return;
	spm_model_set_total(node, folio, folio->zeroes);
	folio->zeroes = 0;
	spm_model_unadmit(node, spm_model_any_cpu(m), folio->nr);
}

/* As spm_cpu_give_back() does. */
static void spm_model_cpu_dead(struct spm_model *m)
{
	struct spm_model_node *node = spm_model_any_node(m);
	unsigned int cpu = spm_model_any_cpu(m);

	spm_budget_take_back(&node->budget, node->credit[cpu]);
	node->credit[cpu] = 0;
}

/* ---- What is done with it ---- */

/* Some pages, at least one. */
static void spm_model_copy(struct spm_model *m, struct spm_model_node *node,
			   struct spm_model_folio *folio)
{
	const struct spm_model_data *data = &spm_model_data[m->data];
	unsigned int left = folio->nr - folio->copied, nr = 1 + spm_model_rnd(m, left);
	unsigned int bytes = data->min + spm_model_rnd(m, data->max - data->min + 1);

	spm_model_set_total(node, folio, folio->total + nr * bytes);
	folio->zeroes = folio->zeroes * (left - nr) / left;
	folio->copied += nr;
	node->unwritten -= nr;
	if (node->cache == SPM_MODEL_COHERENT)
		spm_model_hold(node, folio, folio->total + folio->zeroes);
}

static void spm_model_op_write(struct spm_model *m)
{
	struct spm_model_node *node = spm_model_any_node(m);
	struct spm_model_folio *folio;

	folio = spm_model_move_any(m, node, SPM_MODEL_ADMITTED, SPM_MODEL_WRITING);
	if (!folio)
		return;
	folio->done_ns = U64_MAX;
	spm_model_copy(m, node, folio);
}

static void spm_model_written(struct spm_model *m, struct spm_model_node *node,
			      struct spm_model_folio *folio)
{
	while (folio->copied < folio->nr)
		spm_model_copy(m, node, folio);
	if (node->cache == SPM_MODEL_FLUSHED)
		spm_model_hold(node, folio, folio->total);
	folio->done_ns = m->now_ns;
	node->written += folio->nr;
}

/* Another part of one, or all that is left. */
static void spm_model_op_written(struct spm_model *m)
{
	struct spm_model_node *node = spm_model_any_node(m);
	struct spm_model_folio *folio;

	folio = spm_model_move_any(m, node, SPM_MODEL_WRITING, SPM_MODEL_WRITING);
	if (folio && folio->copied < folio->nr)
		spm_model_copy(m, node, folio);
	folio = spm_model_move_any(m, node, SPM_MODEL_WRITING, SPM_MODEL_STORED);
	if (folio)
		spm_model_written(m, node, folio);
}

static struct spm_model_folio *spm_model_load(struct spm_model *m, struct spm_model_node *node)
{
	return spm_model_move(m, node, spm_model_any_size(m), SPM_MODEL_STORED, SPM_MODEL_FREED);
}

static void spm_model_op_load(struct spm_model *m)
{
	spm_model_load(m, spm_model_any_node(m));
}

/*
 * A trim that fails leaves zeroes, which take hardly any space. What a cache has of the
 * folio comes later.
 */
static void spm_model_op_trim(struct spm_model *m)
{
	struct spm_model_node *node = spm_model_any_node(m);
	struct spm_model_folio *folio;
	unsigned int bytes = 0;
	bool dirty;

	folio = spm_model_move_any(m, node, SPM_MODEL_FREED, SPM_MODEL_FREE);
	if (!folio)
		return;
	dirty = folio->bytes != folio->total;
	KUNIT_EXPECT_FALSE_MSG(m->test, dirty && !m->hopeless,
			       "step %lu: a folio is trimmed, and caches have some of it",
			       m->step);
	if (spm_model_fault(m, 50))
		bytes = min(folio->bytes, folio->nr * SPM_MODEL_ZEROES);
	spm_model_hold(node, folio, bytes);
	if (!dirty)
		spm_model_set_total(node, folio, bytes);
}

static void spm_model_op_idle(struct spm_model *m)
{
}

/* What the worker moves away is freed as anything else. */
static void spm_model_relieve(struct spm_model *m, struct spm_model_node *node)
{
	struct spm_model_folio *folio = spm_model_load(m, node);

	node->relief -= min(node->relief, folio ? folio->nr : 1);
	if (!node->relief)
		node->relieved_ns = m->now_ns;
}

static void (*const spm_model_ops[NR_SPM_MODEL_OPS])(struct spm_model *) = {
	[SPM_MODEL_ADMIT] = spm_model_op_admit,
	[SPM_MODEL_UNADMIT] = spm_model_op_unadmit,
	[SPM_MODEL_WRITE] = spm_model_op_write,
	[SPM_MODEL_WRITTEN] = spm_model_op_written,
	[SPM_MODEL_LOAD] = spm_model_op_load,
	[SPM_MODEL_TRIM] = spm_model_op_trim,
	[SPM_MODEL_IDLE] = spm_model_op_idle,
};

/**
 * spm_model_act() - a task, or who acts for one, does something
 * @m: the world
 */
void spm_model_act(struct spm_model *m)
{
	struct spm_model_node *node = spm_model_any_node(m);
	u32 at = spm_model_rnd(m, 1000);
	enum spm_model_op op;

	if (spm_model_fault(m, 1))
		spm_model_cpu_dead(m);
	if (node->relief && spm_model_chance(m, 300)) {
		spm_model_relieve(m, node);
		return;
	}
	for (op = 0; op < SPM_MODEL_IDLE && at >= m->trend->weight[op]; op++)
		at -= m->trend->weight[op];
	spm_model_ops[op](m);
}
