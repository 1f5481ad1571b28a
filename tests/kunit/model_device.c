// SPDX-License-Identifier: GPL-2.0
/*
 * The devices of the model, and the workers that read them
 *
 * A device compresses each page to a size that is random, in turns well and badly, up to
 * PAGE_SIZE. What it tells is what it noticed some time ago: it has in it all that was
 * written completely before that, and by chance some of what was written since. There may
 * be a cache, which writes back when it likes, in any order. A report may be lost, be
 * delivered late, make no sense, or not be renewed for a while; events are late or lost;
 * capacity falls and rises.
 *
 * The worker takes back credit as spm_take_back_credit() does, one CPU after the other, as
 * interrupts reach CPUs at different times.
 */
#include <linux/math64.h>
#include <linux/time64.h>

#include "model.h"

/* ---- What it holds ---- */

/**
 * spm_model_hold() - a device holds so much of a folio now
 * @node: its node
 * @folio: the folio
 * @bytes: compressed
 */
void spm_model_hold(struct spm_model_node *node, struct spm_model_folio *folio,
		    unsigned int bytes)
{
	node->held += bytes;
	node->held -= folio->bytes;
	node->peak = max(node->peak, node->held);
	folio->bytes = bytes;
}

/**
 * spm_model_set_total() - a device is going to hold so much of a folio
 * @node: its node
 * @folio: the folio
 * @total: compressed, when caches have written back all
 */
void spm_model_set_total(struct spm_model_node *node, struct spm_model_folio *folio,
			 unsigned int total)
{
	node->total += total;
	node->total -= folio->total;
	folio->total = total;
}

/* A cache writes back what it likes: some lines of a folio, or all. */
static void spm_model_evict(struct spm_model *m, struct spm_model_node *node)
{
	struct spm_model_folio *folio;
	unsigned int bytes;

	if (node->cache == SPM_MODEL_COHERENT || !spm_model_chance(m, 300))
		return;
	folio = &node->folio[spm_model_rnd(m, SPM_MODEL_FOLIOS)];
	if (spm_model_chance(m, 50))
		folio = &node->folio[SPM_MODEL_FOLIOS - 1 - spm_model_rnd(m, SPM_MODEL_NR_LARGE)];
	bytes = folio->total + folio->zeroes;
	if (bytes > folio->bytes && spm_model_chance(m, 500))
		bytes = folio->bytes + spm_model_rnd(m, bytes - folio->bytes + 1);
	spm_model_hold(node, folio, bytes);
}

/* Bytes that it has noticed: all of before @as_of_ns, and some of what came since. */
static u64 spm_model_noticed(struct spm_model *m, struct spm_model_node *node, u64 as_of_ns)
{
	const struct spm_model_folio *folio;
	u64 sum = 0;
	int i;

	for (i = 0; i < SPM_MODEL_FOLIOS; i++) {
		folio = &node->folio[i];
		if (folio->bytes && folio->done_ns <= as_of_ns)
			sum += folio->bytes;
		else if (folio->bytes && spm_model_chance(m, 500))
			sum += spm_model_rnd(m, folio->bytes + 1);
	}
	return sum;
}

/* ---- What it tells ---- */

/**
 * spm_model_raise() - a device raises an event, which is delivered later, if at all
 * @m: the world
 * @node: the device's node
 * @event: the event. There may be one at a time; the last one wins.
 */
void spm_model_raise(struct spm_model *m, struct spm_model_node *node, enum spm_event event)
{
	if (spm_model_fault(m, 300))
		return;
	node->event = event;
	node->event_ns = m->now_ns + spm_model_span_ns(m, 5);
}

static void spm_model_refresh(struct spm_model *m, struct spm_model_node *node)
{
	u64 as_of_ns = m->now_ns - spm_model_span_ns(m, node->device->lag_ms);
	u64 low, high, used = spm_model_noticed(m, node, as_of_ns);

	node->report[node->nr_reports++ % SPM_MODEL_REPORTS] = (struct spm_telemetry) {
		.physical_bytes = node->told,
		.used_bytes = used,
		.as_of_ns = as_of_ns,
	};
	spm_budget_marks(&node->budget, &low, &high);
	if (used > high)
		spm_model_raise(m, node, SPM_EVENT_HIGH);
	else if (used < low)
		spm_model_raise(m, node, SPM_EVENT_LOW);
	node->refresh_ns = m->now_ns + spm_model_span_ns(m, node->device->refresh_ms);
	/* Frozen: no other report for a while, or for too long. */
	if (spm_model_fault(m, 10))
		node->refresh_ns += spm_model_span_ns(m, 3 * SPM_MODEL_STALE_MS);
}

/**
 * spm_model_set_capacity() - a device can hold less soon, or more at once
 * @m: the world
 * @node: the device's node
 * @bytes: what it can hold
 *
 * That there will be less is told before it is so: for so long that it is known in
 * time even if the event is lost. What is there by then, or admitted, may stay; and so may
 * what tasks have admitted that had looked before, however long they were preempted.
 */
void spm_model_set_capacity(struct spm_model *m, struct spm_model_node *node, u64 bytes)
{
	if (bytes < node->told)
		spm_model_raise(m, node, SPM_EVENT_CAPACITY);
	node->told = bytes;
	node->physical = max(node->physical, bytes);
	node->enforce_ns = m->now_ns + 2 * spm_model_stale_ns();
}

/* Pages of tasks that have looked whether the gate is stopped. */
static unsigned long spm_model_under_way(const struct spm_model *m,
					 const struct spm_model_node *node)
{
	const struct spm_model_task *task;
	unsigned long nr = 0;
	int i;

	for (i = 0; i < SPM_MODEL_TASKS; i++) {
		task = &m->task[i];
		if (&m->node[task->node] == node && task->stage >= SPM_MODEL_USE &&
		    task->stage < SPM_MODEL_RESTORE)
			nr += task->nr;
	}
	return nr;
}

static void spm_model_enforce(struct spm_model *m, struct spm_model_node *node)
{
	u64 bytes;

	if (node->physical == node->told || m->now_ns < node->enforce_ns)
		return;
	bytes = max(node->held, node->total);
	bytes += (node->unwritten + spm_model_under_way(m, node)) << PAGE_SHIFT;
	node->physical = clamp(bytes, node->told, node->physical);
}

static void spm_model_deliver(struct spm_model *m, struct spm_model_node *node)
{
	node->event_ns = 0;
	node->worker.run_ns = m->now_ns;
	if (node->event == SPM_EVENT_LOW)
		return;
	node->stopped_ns = m->now_ns;
	spm_budget_stop(&node->budget, node->event == SPM_EVENT_HIGH ?
				       SPM_GATE_HIGH : SPM_GATE_CAPACITY, m->now_ns);
}

/**
 * spm_model_device() - a device does what is due
 * @m: the world
 * @node: its node
 */
void spm_model_device(struct spm_model *m, struct spm_model_node *node)
{
	spm_model_enforce(m, node);
	if (m->now_ns >= node->refresh_ns)
		spm_model_refresh(m, node);
	if (node->event_ns && m->now_ns >= node->event_ns)
		spm_model_deliver(m, node);
	spm_model_evict(m, node);
}

/* A reading that can be seen to make no sense. */
static void spm_model_garble(struct spm_model *m, struct spm_model_node *node)
{
	struct spm_telemetry *reading = &node->worker.reading;

	node->worker.senseless = true;
	switch (spm_model_rnd(m, 4)) {
	case 0:
		reading->physical_bytes = 0;
		break;
	case 1:
		reading->used_bytes = node->budget.logical_bytes + 1 + spm_model_rnd(m, U32_MAX);
		break;
	case 2:
		reading->as_of_ns = m->now_ns + NSEC_PER_SEC;
		break;
	case 3:
		reading->as_of_ns = 0;
		break;
	}
}

static void spm_model_read(struct spm_model *m, struct spm_model_node *node)
{
	struct spm_model_worker *worker = &node->worker;
	unsigned int back = 1;

	worker->rc = !node->nr_reports || spm_model_fault(m, 80) ? -EIO : 0;
	worker->senseless = false;
	if (worker->rc)
		return;
	if (spm_model_fault(m, 150))
		back += spm_model_rnd(m, min(node->nr_reports, SPM_MODEL_REPORTS));
	worker->reading = node->report[(node->nr_reports - min(back, node->nr_reports)) %
				       SPM_MODEL_REPORTS];
	if (spm_model_fault(m, 60))
		spm_model_garble(m, node);
	else if (spm_model_fault(m, 20))	/* wrong, but not too low */
		worker->reading.used_bytes += spm_model_rnd(m, worker->reading.used_bytes + 1);
}

/* ---- The worker ---- */

/* For tasks that have looked before: they may still be admitted by the old one. */
static void spm_model_know_physical(struct spm_model *m, struct spm_model_node *node)
{
	u64 physical = min(node->accepted.physical_bytes, node->budget.logical_bytes);
	int i;

	for (i = 0; i < SPM_MODEL_TASKS; i++)
		if (&m->node[m->task[i].node] == node)
			m->task[i].physical = max(m->task[i].physical, physical);
}

static void spm_model_accepted(struct spm_model *m, struct spm_model_node *node)
{
	const struct spm_telemetry *reading = &node->worker.reading;
	u64 deficit = spm_budget_deficit_bytes(&node->budget);

	KUNIT_EXPECT_TRUE_MSG(m->test, !node->worker.senseless,
			      "step %lu: took a reading that makes no sense",
			      m->step);
	node->accepted = *reading;
	node->heard_ns = max(node->heard_ns, reading->as_of_ns);
	spm_model_know_physical(m, node);
	if (node->relief || !deficit || reading->as_of_ns < node->relieved_ns)
		return;
	node->relief = div64_u64(spm_model_pages_in(node, SPM_MODEL_STORED) * deficit,
				 reading->used_bytes) + 1;
}

/* One CPU's credit. */
static void spm_model_take_back_from(struct spm_model_node *node, unsigned int cpu)
{
	node->worker.taken += node->credit[cpu];
	node->credit[cpu] = 0;
}

static void spm_model_take_back(struct spm_model_node *node)
{
	node->nr_taken_back++;
	spm_budget_take_back(&node->budget, node->worker.taken);
	node->worker.taken = 0;
}

static void spm_model_rest(struct spm_model *m, struct spm_model_worker *worker)
{
	worker->run_ns = m->now_ns + (u64)SPM_MODEL_INTERVAL_MS * NSEC_PER_MSEC;
	worker->stage = 0;
}

/**
 * spm_model_worker() - a worker gets one stage further, or not
 * @m: the world
 * @node: its node
 *
 * As spm_read_device() does, and anything may happen between the stages.
 */
void spm_model_worker(struct spm_model *m, struct spm_model_node *node)
{
	struct spm_model_worker *worker = &node->worker;

	if (m->now_ns < worker->run_ns || spm_model_chance(m, 300))
		return;
	switch (worker->stage++) {
	case 0:
		worker->noted = node->written;
		return;
	case 1:
		spm_budget_snapshot(&node->budget, worker->noted, 0, m->now_ns);
		return;
	case 2:
		spm_model_read(m, node);
		return;
	case 3:
		if (!worker->rc && !spm_budget_reading(&node->budget, &worker->reading, m->now_ns,
						       spm_model_jiffies(m)))
			spm_model_accepted(m, node);
		return;
	case 4:
		if (!node->budget.uncovered) {
			spm_model_rest(m, worker);
			return;
		}
		fallthrough;
	default:
		if (worker->stage - 5 < SPM_MODEL_CPUS) {
			spm_model_take_back_from(node, worker->stage - 5);
			return;
		}
		spm_model_take_back(node);
		spm_model_rest(m, worker);
	}
}
