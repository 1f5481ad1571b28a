// SPDX-License-Identifier: GPL-2.0
/*
 * A model of the world around the budget: the real budget, between a device and
 * CPUs that store to it, both of which are simulated
 *
 * Each step is one thing that can happen: a CPU asks for a page, begins to write
 * one, has written one, gives one back, frees one; the device trims one, makes a
 * report, raises an event; the worker gets one stage further; or time passes. The
 * order is random, and many pages are under way at the same time.
 *
 * The device compresses each page to a size that is random, in turns well and
 * badly, up to PAGE_SIZE. What it tells is what it noticed some time ago: it has
 * in it all that was written completely before that, and by chance some of what
 * was written since. There may be a cache, which writes back when it likes, in any
 * order. A report may be lost, be delivered late, make no sense, or not be renewed
 * for a while; events are late or lost; capacity falls and rises.
 *
 * After each step the device must hold no more than it can, and no more than the
 * budget says that it may.
 *
 * Time and randomness are the model's own, so a seed gives the same run again.
 */
#include <linux/math64.h>
#include <linux/time64.h>

#include "model.h"

static const struct spm_model_data spm_model_data[NR_SPM_MODEL_DATA] = {
	[SPM_MODEL_WELL] = { 16, 512 },
	[SPM_MODEL_BADLY] = { 3000, PAGE_SIZE },
	[SPM_MODEL_NOT_AT_ALL] = { PAGE_SIZE, PAGE_SIZE },
	[SPM_MODEL_MIXED] = { 1, PAGE_SIZE },
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

/* True in @permille of a thousand cases, unless everything is to go well. */
static bool spm_model_fault(struct spm_model *m, u32 permille)
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

static unsigned long spm_model_jiffies(const struct spm_model *m)
{
	return div_u64(m->now_ns, NSEC_PER_SEC / HZ);
}

static u64 spm_model_stale_ns(void)
{
	return (u64)SPM_MODEL_STALE_MS * NSEC_PER_MSEC;
}

/* ---- Pages ---- */

/* Make one page of a state one of another. Return: it, or NULL if there is none. */
static struct spm_model_page *spm_model_move(struct spm_model *m,
					     enum spm_model_state from,
					     enum spm_model_state to)
{
	unsigned int at;
	u16 i;

	if (!m->nr[from])
		return NULL;
	at = spm_model_rnd(m, m->nr[from]);
	i = m->list[from][at];
	m->list[from][at] = m->list[from][--m->nr[from]];
	m->list[to][m->nr[to]++] = i;
	return &m->page[i];
}

static void spm_model_hold(struct spm_model *m, struct spm_model_page *page,
			   unsigned int bytes)
{
	m->held += bytes;
	m->held -= page->bytes;
	m->peak = max(m->peak, m->held);
	page->bytes = bytes;
}

static void spm_model_clean(struct spm_model *m, struct spm_model_page *page)
{
	if (!page->dirty)
		return;
	page->dirty = false;
	m->dirty_bytes -= page->dirty_bytes;
	spm_model_hold(m, page, page->dirty_bytes);
}

static void spm_model_dirty(struct spm_model *m, struct spm_model_page *page,
			    unsigned int bytes)
{
	if (page->dirty)
		m->dirty_bytes -= page->dirty_bytes;
	page->dirty = true;
	page->dirty_bytes = bytes;
	m->dirty_bytes += bytes;
}

/* A cache writes back what it likes. */
static void spm_model_evict(struct spm_model *m)
{
	if (m->cache != SPM_MODEL_COHERENT && spm_model_chance(m, 300))
		spm_model_clean(m, &m->page[spm_model_rnd(m, SPM_MODEL_PAGES)]);
}

/* Is this to be reported? */
static bool spm_model_wrong(struct spm_model *m, bool wrong)
{
	m->nr_wrong += wrong;
	return wrong && !m->hopeless;
}

/* ---- The CPUs ---- */

/* What was admitted must be true with the reading that was taken last. */
static void spm_model_check_grant(struct spm_model *m)
{
	u64 physical = min(m->accepted.physical_bytes, m->budget.logical_bytes);
	u64 margin = div_u64(physical * m->budget.knobs.margin_permille, 1000);
	u64 bound = spm_budget_bound_bytes(&m->budget);

	KUNIT_EXPECT_FALSE_MSG(m->test, spm_model_wrong(m, bound + margin > physical),
			       "step %lu: granted up to %llu of %llu bytes",
			       m->step, bound, physical);
}

/*
 * Not without a fresh reading, and one of after the last event that stops. And not,
 * with credit or without, if it does not fit into what the device is known to hold:
 * beside all that is there and all that was admitted, even if that doesn't compress.
 */
static void spm_model_check_admitted(struct spm_model *m)
{
	u64 physical = min(m->accepted.physical_bytes, m->budget.logical_bytes);
	u64 most = m->held + m->dirty_bytes +
		   ((u64)(m->nr[SPM_MODEL_ADMITTED] + 1) << PAGE_SHIFT);
	u64 age_ns = m->now_ns - m->accepted.as_of_ns;

	KUNIT_EXPECT_FALSE_MSG(m->test, spm_model_wrong(m, most > physical),
			       "step %lu: admitted up to %llu of %llu bytes",
			       m->step, most, physical);
	KUNIT_EXPECT_TRUE_MSG(m->test, age_ns < spm_model_stale_ns() + NSEC_PER_SEC / HZ,
			      "step %lu: admitted by a reading that is %llu ns old",
			      m->step, age_ns);
	KUNIT_EXPECT_TRUE_MSG(m->test, m->heard_ns >= m->stopped_ns,
			      "step %lu: admitted by a reading of %llu after a stop at %llu",
			      m->step, m->heard_ns, m->stopped_ns);
}

/* As spm_admit() does. */
static bool spm_model_admit(struct spm_model *m)
{
	unsigned int nr, *credit = &m->credit[spm_model_rnd(m, SPM_MODEL_CPUS)];

	if (spm_budget_stopped(&m->budget, spm_model_jiffies(m))) {
		spm_budget_expire(&m->budget, m->now_ns, spm_model_jiffies(m));
		return false;
	}
	if (*credit) {
		--*credit;
		return true;
	}
	nr = spm_budget_grant(&m->budget);
	if (!nr)
		return false;
	spm_model_check_grant(m);
	*credit = nr - 1;
	return true;
}

static void spm_model_op_admit(struct spm_model *m)
{
	if (!m->nr[SPM_MODEL_FREE])
		return;
	if (!spm_model_admit(m)) {
		m->nr_refused++;
		return;
	}
	m->nr_admitted++;
	spm_model_check_admitted(m);
	spm_model_move(m, SPM_MODEL_FREE, SPM_MODEL_ADMITTED);
}

static void spm_model_op_unadmit(struct spm_model *m)
{
	if (spm_model_move(m, SPM_MODEL_ADMITTED, SPM_MODEL_FREE))
		m->credit[spm_model_rnd(m, SPM_MODEL_CPUS)]++;
}

static void spm_model_op_write(struct spm_model *m)
{
	const struct spm_model_data *data = &spm_model_data[m->data];
	struct spm_model_page *page;

	page = spm_model_move(m, SPM_MODEL_ADMITTED, SPM_MODEL_WRITING);
	if (!page)
		return;
	page->done_ns = U64_MAX;
	spm_model_dirty(m, page, data->min + spm_model_rnd(m, data->max - data->min + 1));
	if (m->cache == SPM_MODEL_COHERENT)
		spm_model_clean(m, page);
}

static void spm_model_op_written(struct spm_model *m)
{
	struct spm_model_page *page;

	page = spm_model_move(m, SPM_MODEL_WRITING, SPM_MODEL_STORED);
	if (!page)
		return;
	if (m->cache == SPM_MODEL_FLUSHED)
		spm_model_clean(m, page);
	page->done_ns = m->now_ns;
	m->written++;
}

/* A trim that fails leaves zeroes, which take hardly any space. */
static void spm_model_op_trim(struct spm_model *m)
{
	struct spm_model_page *page;

	page = spm_model_move(m, SPM_MODEL_FREED, SPM_MODEL_FREE);
	if (page)
		spm_model_hold(m, page, spm_model_fault(m, 50) ? min(page->bytes, 64) : 0);
}

static void spm_model_op_release(struct spm_model *m)
{
	spm_model_move(m, SPM_MODEL_STORED, SPM_MODEL_FREED);
}

static void spm_model_op_idle(struct spm_model *m)
{
}

static void (*const spm_model_ops[NR_SPM_MODEL_OPS])(struct spm_model *) = {
	[SPM_MODEL_ADMIT] = spm_model_op_admit,
	[SPM_MODEL_UNADMIT] = spm_model_op_unadmit,
	[SPM_MODEL_WRITE] = spm_model_op_write,
	[SPM_MODEL_WRITTEN] = spm_model_op_written,
	[SPM_MODEL_RELEASE] = spm_model_op_release,
	[SPM_MODEL_TRIM] = spm_model_op_trim,
	[SPM_MODEL_IDLE] = spm_model_op_idle,
};

static void spm_model_act(struct spm_model *m)
{
	u32 at = spm_model_rnd(m, 1000);
	enum spm_model_op op;

	/* What the worker moves away is freed as anything else. */
	if (m->relief && spm_model_chance(m, 300)) {
		spm_model_op_release(m);
		if (!--m->relief)
			m->relieved_ns = m->now_ns;
		return;
	}
	for (op = 0; op < SPM_MODEL_IDLE && at >= m->trend->weight[op]; op++)
		at -= m->trend->weight[op];
	spm_model_ops[op](m);
}

/* ---- The device ---- */

/* Bytes that it has noticed: all of before @as_of_ns, and some of what came since. */
static u64 spm_model_noticed(struct spm_model *m, u64 as_of_ns)
{
	u64 sum = 0;
	int i;

	for (i = 0; i < SPM_MODEL_PAGES; i++)
		if (m->page[i].bytes && (m->page[i].done_ns <= as_of_ns ||
					 spm_model_chance(m, 500)))
			sum += m->page[i].bytes;
	return sum;
}

/**
 * spm_model_raise() - the device raises an event, which is delivered later, if at all
 * @m: the world
 * @event: the event. There may be one at a time; the last one wins.
 */
void spm_model_raise(struct spm_model *m, enum spm_event event)
{
	if (spm_model_fault(m, 300))
		return;
	m->event = event;
	m->event_ns = m->now_ns + spm_model_span_ns(m, 5);
}

static void spm_model_refresh(struct spm_model *m)
{
	u64 as_of_ns = m->now_ns - spm_model_span_ns(m, m->device->lag_ms);
	u64 low, high, used = spm_model_noticed(m, as_of_ns);

	m->report[m->nr_reports++ % SPM_MODEL_REPORTS] = (struct spm_telemetry) {
		.physical_bytes = m->told,
		.used_bytes = used,
		.as_of_ns = as_of_ns,
	};
	spm_budget_marks(&m->budget, &low, &high);
	if (used > high)
		spm_model_raise(m, SPM_EVENT_HIGH);
	else if (used < low)
		spm_model_raise(m, SPM_EVENT_LOW);
	m->refresh_ns = m->now_ns + spm_model_span_ns(m, m->device->refresh_ms);
	/* Frozen: no other report for a while, or for too long. */
	if (spm_model_fault(m, 10))
		m->refresh_ns += spm_model_span_ns(m, 3 * SPM_MODEL_STALE_MS);
}

/**
 * spm_model_set_capacity() - the device can hold less soon, or more at once
 * @m: the world
 * @bytes: what it can hold
 *
 * That there will be less is told before it is so: for so long that it is known in
 * time even if the event is lost. What is there by then, or admitted, may stay.
 */
void spm_model_set_capacity(struct spm_model *m, u64 bytes)
{
	if (bytes < m->told)
		spm_model_raise(m, SPM_EVENT_CAPACITY);
	m->told = bytes;
	m->physical = max(m->physical, bytes);
	m->enforce_ns = m->now_ns + 2 * spm_model_stale_ns();
}

static void spm_model_enforce(struct spm_model *m)
{
	u64 bytes = m->held + ((u64)m->nr[SPM_MODEL_ADMITTED] << PAGE_SHIFT);

	if (m->physical == m->told || m->now_ns < m->enforce_ns)
		return;
	m->physical = clamp(bytes, m->told, m->physical);
}

static void spm_model_deliver(struct spm_model *m)
{
	m->event_ns = 0;
	m->run_ns = m->now_ns;
	if (m->event == SPM_EVENT_LOW)
		return;
	m->stopped_ns = m->now_ns;
	spm_budget_stop(&m->budget, m->event == SPM_EVENT_HIGH ?
				    SPM_GATE_HIGH : SPM_GATE_CAPACITY, m->now_ns);
}

static void spm_model_device(struct spm_model *m)
{
	spm_model_enforce(m);
	if (m->now_ns >= m->refresh_ns)
		spm_model_refresh(m);
	if (m->event_ns && m->now_ns >= m->event_ns)
		spm_model_deliver(m);
}

/* A reading that can be seen to make no sense. */
static void spm_model_garble(struct spm_model *m)
{
	m->senseless = true;
	switch (spm_model_rnd(m, 4)) {
	case 0:
		m->reading.physical_bytes = 0;
		break;
	case 1:
		m->reading.used_bytes = m->budget.logical_bytes + 1 + spm_model_rnd(m, U32_MAX);
		break;
	case 2:
		m->reading.as_of_ns = m->now_ns + NSEC_PER_SEC;
		break;
	case 3:
		m->reading.as_of_ns = 0;
		break;
	}
}

static void spm_model_read(struct spm_model *m)
{
	unsigned int back = 1;

	m->read_rc = !m->nr_reports || spm_model_fault(m, 80) ? -EIO : 0;
	m->senseless = false;
	if (m->read_rc)
		return;
	if (spm_model_fault(m, 150))
		back += spm_model_rnd(m, min(m->nr_reports, SPM_MODEL_REPORTS));
	m->reading = m->report[(m->nr_reports - min(back, m->nr_reports)) %
			       SPM_MODEL_REPORTS];
	if (spm_model_fault(m, 60))
		spm_model_garble(m);
	else if (spm_model_fault(m, 20))	/* wrong, but not too low */
		m->reading.used_bytes += spm_model_rnd(m, m->reading.used_bytes + 1);
}

/* ---- The worker ---- */

static void spm_model_accepted(struct spm_model *m)
{
	u64 deficit = spm_budget_deficit_bytes(&m->budget);

	KUNIT_EXPECT_TRUE_MSG(m->test, !m->senseless,
			      "step %lu: took a reading that makes no sense",
			      m->step);
	m->accepted = m->reading;
	m->heard_ns = max(m->heard_ns, m->reading.as_of_ns);
	if (m->relief || !deficit || m->reading.as_of_ns < m->relieved_ns)
		return;
	m->relief = div64_u64(m->nr[SPM_MODEL_STORED] * deficit,
			      m->reading.used_bytes) + 1;
}

/* As spm_take_back_credit() does. */
static void spm_model_take_back(struct spm_model *m)
{
	u64 nr = 0;
	int i;

	if (!m->budget.uncovered)
		return;
	for (i = 0; i < SPM_MODEL_CPUS; i++) {
		nr += m->credit[i];
		m->credit[i] = 0;
	}
	spm_budget_take_back(&m->budget, nr);
}

/* As the real one does, and anything may happen between the stages. */
static void spm_model_worker(struct spm_model *m)
{
	if (m->now_ns < m->run_ns || spm_model_chance(m, 300))
		return;
	switch (m->stage++) {
	case 0:
		m->noted = m->written;
		return;
	case 1:
		spm_budget_snapshot(&m->budget, m->noted, 0, m->now_ns);
		return;
	case 2:
		spm_model_read(m);
		return;
	case 3:
		if (!m->read_rc && !spm_budget_reading(&m->budget, &m->reading, m->now_ns,
						       spm_model_jiffies(m)))
			spm_model_accepted(m);
		return;
	case 4:
		spm_model_take_back(m);
		m->run_ns = m->now_ns + (u64)SPM_MODEL_INTERVAL_MS * NSEC_PER_MSEC;
		m->stage = 0;
	}
}

/* ---- Running ---- */

static void spm_model_check(struct spm_model *m)
{
	u64 bound = spm_budget_bound_bytes(&m->budget);

	KUNIT_EXPECT_FALSE_MSG(m->test, spm_model_wrong(m, m->held > m->physical),
			       "step %lu: the device holds %llu bytes, and can hold %llu",
			       m->step, m->held, m->physical);
	KUNIT_EXPECT_FALSE_MSG(m->test, spm_model_wrong(m, m->held > bound),
			       "step %lu: the device holds %llu bytes, and the budget says %llu",
			       m->step, m->held, bound);
	if (m->budget.gate == SPM_GATE_OPEN && m->gate != SPM_GATE_OPEN)
		m->nr_opened++;
	m->gate = m->budget.gate;
}

/**
 * spm_model_step() - let one thing happen, and see whether all is well
 * @m: the world
 */
void spm_model_step(struct spm_model *m)
{
	m->step++;
	m->now_ns += spm_model_rnd(m, 100 * NSEC_PER_USEC);
	spm_model_device(m);
	spm_model_worker(m);
	spm_model_act(m);
	spm_model_evict(m);
	spm_model_check(m);
}

/**
 * spm_model_init() - a world in which nothing has happened
 * @m: the world, zeroed; its user sets what CPUs do, and what they write
 * @test: test that fails when something is wrong
 * @device: the device
 * @seed: where random numbers begin
 */
void spm_model_init(struct spm_model *m, struct kunit *test,
		    const struct spm_model_case *device, u32 seed)
{
	static const struct spm_knobs knobs = {
		.margin_permille = 30,
		.target_permille = 920,
		.reopen_permille = 880,
		.interval_ms = SPM_MODEL_INTERVAL_MS,
		.stale_ms = SPM_MODEL_STALE_MS,
	};
	int i;

	prandom_seed_state(&m->rnd, seed);
	m->test = test;
	m->device = device;
	m->healthy = true;
	m->now_ns = NSEC_PER_SEC;
	for (i = 0; i < SPM_MODEL_PAGES; i++)
		m->list[SPM_MODEL_FREE][m->nr[SPM_MODEL_FREE]++] = i;

	spm_budget_init(&m->budget, NUMA_NO_NODE, (u64)SPM_MODEL_PAGES << PAGE_SHIFT);
	KUNIT_ASSERT_EQ(test, spm_budget_set_knobs(&m->budget, &knobs), 0);
	m->physical = div_u64(m->budget.logical_bytes * 10, device->ratio);
	m->told = m->physical;
	m->gate = m->budget.gate;
}
