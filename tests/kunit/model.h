/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A model of the world around the budget: CPUs that store to a device
 *
 * model.c is the model, model_kunit.c has the tests that let it run.
 */
#ifndef _SPM_MODEL_H
#define _SPM_MODEL_H

#include <kunit/test.h>
#include <linux/prandom.h>

#include "../budget.h"

/* Pages that the device advertises; few, so that it is full again and again. */
#define SPM_MODEL_PAGES		1024
#define SPM_MODEL_CPUS		4
#define SPM_MODEL_REPORTS	8
/* A budget's times; they are short, so that there are many readings. */
#define SPM_MODEL_INTERVAL_MS	10
#define SPM_MODEL_STALE_MS	100

/**
 * enum spm_model_state - what a page is
 * @SPM_MODEL_FREE: in the allocator
 * @SPM_MODEL_ADMITTED: taken by a CPU, and not written yet
 * @SPM_MODEL_WRITING: being written: the device may have all of it already
 * @SPM_MODEL_STORED: written, and counted as such
 * @SPM_MODEL_FREED: nobody's, but not trimmed yet
 * @NR_SPM_MODEL_STATES: how many there are
 */
enum spm_model_state {
	SPM_MODEL_FREE,
	SPM_MODEL_ADMITTED,
	SPM_MODEL_WRITING,
	SPM_MODEL_STORED,
	SPM_MODEL_FREED,
	NR_SPM_MODEL_STATES
};

enum spm_model_op {
	SPM_MODEL_ADMIT,
	SPM_MODEL_UNADMIT,
	SPM_MODEL_WRITE,
	SPM_MODEL_WRITTEN,
	SPM_MODEL_RELEASE,
	SPM_MODEL_TRIM,
	SPM_MODEL_IDLE,
	NR_SPM_MODEL_OPS
};

/* How often each operation is tried, in a thousand, when things go one way. */
struct spm_model_trend {
	unsigned int weight[NR_SPM_MODEL_OPS];
};

/**
 * struct spm_model_data - how data compress
 * @min: bytes of a page at least
 * @max: bytes of a page at most
 */
struct spm_model_data {
	unsigned int min;
	unsigned int max;
};

enum spm_model_data_kind {
	SPM_MODEL_WELL,
	SPM_MODEL_BADLY,
	SPM_MODEL_NOT_AT_ALL,
	SPM_MODEL_MIXED,
	NR_SPM_MODEL_DATA
};

/**
 * struct spm_model_case - a device
 * @what: its description
 * @ratio: advertised size by size, in tenths
 * @lag_ms: what it noticed is as old as this at most
 * @refresh_ms: time between reports at most
 */
struct spm_model_case {
	const char *what;
	unsigned int ratio;
	unsigned int lag_ms;
	unsigned int refresh_ms;
};

/**
 * enum spm_model_cache - what is between CPUs and the device
 * @SPM_MODEL_COHERENT: nothing, or the device knows what is in there
 * @SPM_MODEL_FLUSHED: a cache; what was written is written back, then it counts as written
 * @SPM_MODEL_NOT_FLUSHED: a cache that nobody thinks of
 */
enum spm_model_cache {
	SPM_MODEL_COHERENT,
	SPM_MODEL_FLUSHED,
	SPM_MODEL_NOT_FLUSHED,
};

/**
 * struct spm_model_page - a page
 * @bytes: what the device holds for it, compressed
 * @dirty: a cache has something that the device does not have yet
 * @dirty_bytes: what the device is going to hold when it has it
 * @done_ns: when it was written completely
 */
struct spm_model_page {
	unsigned int bytes;
	bool dirty;
	unsigned int dirty_bytes;
	u64 done_ns;
};

/**
 * struct spm_model - the world
 * @test: the test
 * @device: which device this is
 * @rnd: random numbers
 * @budget: what is tested
 * @now_ns: time
 * @step: number of the step
 * @healthy: nothing is lost, late, or makes no sense
 * @trend: what CPUs do
 * @data: what they write
 * @cache: what that goes through
 * @hopeless: that it goes wrong is counted only
 * @nr_wrong: how often it has
 * @page: all pages
 * @list: indices of the pages in each state, in no order
 * @nr: number of these
 * @credit: of each CPU
 * @written: number of pages that were written, as CPUs have counted
 * @held: bytes that the device holds
 * @dirty_bytes: bytes that it is going to hold when caches have written back all
 * @physical: bytes that it can hold
 * @told: bytes that it says it can hold, or will be able to soon
 * @enforce_ns: when @physical falls to @told
 * @refresh_ns: when the next report is due
 * @report: the last ones
 * @nr_reports: number of reports
 * @event: what was raised
 * @event_ns: when it is delivered; 0 if there is none
 * @stage: what the worker does next
 * @run_ns: when it does
 * @noted: number of pages written that it has just read
 * @reading: what the device has told it
 * @senseless: @reading makes no sense
 * @read_rc: of reading the device
 * @relief: pages that it still has to move away
 * @relieved_ns: when it had moved away all
 * @accepted: last reading that was taken
 * @heard_ns: the latest time that a reading was of
 * @stopped_ns: time of the last event that stops
 * @peak: the most bytes that were held
 * @nr_admitted: pages that were admitted
 * @nr_refused: pages that were refused
 * @nr_opened: how often the gate opened
 * @gate: how it was in the last step
 */
struct spm_model {
	struct kunit *test;
	const struct spm_model_case *device;
	struct rnd_state rnd;
	struct spm_budget budget;
	u64 now_ns;
	unsigned long step;
	bool healthy;
	const struct spm_model_trend *trend;
	enum spm_model_data_kind data;
	enum spm_model_cache cache;
	bool hopeless;
	unsigned long nr_wrong;

	struct spm_model_page page[SPM_MODEL_PAGES];
	u16 list[NR_SPM_MODEL_STATES][SPM_MODEL_PAGES];
	unsigned int nr[NR_SPM_MODEL_STATES];
	unsigned int credit[SPM_MODEL_CPUS];
	u64 written;

	u64 held;
	u64 dirty_bytes;
	u64 physical;
	u64 told;
	u64 enforce_ns;
	u64 refresh_ns;
	struct spm_telemetry report[SPM_MODEL_REPORTS];
	unsigned int nr_reports;
	enum spm_event event;
	u64 event_ns;

	unsigned int stage;
	u64 run_ns;
	u64 noted;
	struct spm_telemetry reading;
	bool senseless;
	int read_rc;
	unsigned int relief;
	u64 relieved_ns;

	struct spm_telemetry accepted;
	u64 heard_ns;
	u64 stopped_ns;
	u64 peak;
	unsigned long nr_admitted;
	unsigned long nr_refused;
	unsigned long nr_opened;
	enum spm_gate gate;
};

void spm_model_init(struct spm_model *m, struct kunit *test,
		    const struct spm_model_case *device, u32 seed);
void spm_model_step(struct spm_model *m);
u32 spm_model_rnd(struct spm_model *m, u32 below);
bool spm_model_chance(struct spm_model *m, u32 permille);
u64 spm_model_span_ns(struct spm_model *m, u32 ms);
void spm_model_raise(struct spm_model *m, enum spm_event event);
void spm_model_set_capacity(struct spm_model *m, u64 bytes);

#endif /* _SPM_MODEL_H */
