/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A model of the world around the budgets: tasks that store folios on devices
 *
 * model.c lets it run, and checks it; model_task.c has the tasks, model_device.c the
 * devices, and the workers that read them. model_kunit.c has the tests.
 */
#ifndef _SPM_MODEL_H
#define _SPM_MODEL_H

#include <kunit/test.h>
#include <linux/prandom.h>

#include "../budget.h"

#define SPM_MODEL_NODES		3
#define SPM_MODEL_CPUS		4
#define SPM_MODEL_TASKS		32
#define SPM_MODEL_REPORTS	8
/* A budget's times; they are short, so that there are many readings. */
#define SPM_MODEL_INTERVAL_MS	10
#define SPM_MODEL_STALE_MS	100

/* Folios of a device; few, so that it is full again and again. */
enum spm_model_size {
	SPM_MODEL_SINGLE,
	SPM_MODEL_MEDIUM,
	SPM_MODEL_LARGE,
	NR_SPM_MODEL_SIZES
};

#define SPM_MODEL_NR_SINGLE	1024
#define SPM_MODEL_NR_MEDIUM	64
#define SPM_MODEL_NR_LARGE	8
#define SPM_MODEL_MEDIUM_PAGES	16
#define SPM_MODEL_LARGE_PAGES	512
#define SPM_MODEL_FOLIOS	(SPM_MODEL_NR_SINGLE + SPM_MODEL_NR_MEDIUM + SPM_MODEL_NR_LARGE)
#define SPM_MODEL_PAGES		(SPM_MODEL_NR_SINGLE +				\
				 SPM_MODEL_NR_MEDIUM * SPM_MODEL_MEDIUM_PAGES +	\
				 SPM_MODEL_NR_LARGE * SPM_MODEL_LARGE_PAGES)

/**
 * enum spm_model_state - what a folio is
 * @SPM_MODEL_FREE: in the allocator
 * @SPM_MODEL_ADMITTED: a task's, and not written yet
 * @SPM_MODEL_WRITING: being written: the device may have some of it, or all
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
	SPM_MODEL_LOAD,
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
 * struct spm_model_folio - a folio of a device's memory
 * @nr: its pages. Constant.
 * @copied: how many of these were written to
 * @zeroes: bytes that the others take, which have zeroes perhaps
 * @bytes: what the device holds for it, compressed
 * @total: what it is going to hold when caches have written back all, without @zeroes
 * @done_ns: when it was written completely
 * @wake_ns: whose it is does nothing before
 */
struct spm_model_folio {
	unsigned int nr;
	unsigned int copied;
	unsigned int zeroes;
	unsigned int bytes;
	unsigned int total;
	u64 done_ns;
	u64 wake_ns;
};

/**
 * struct spm_model_list - folios of one size in one state
 * @index: indices of these, in no order
 * @nr: number of these
 */
struct spm_model_list {
	u16 index[SPM_MODEL_NR_SINGLE];
	unsigned int nr;
};

/**
 * enum spm_model_stage - what a task does next to have a folio admitted, see spm_admit()
 * @SPM_MODEL_NO_TASK: nothing
 * @SPM_MODEL_LOOK: look whether stores are stopped
 * @SPM_MODEL_USE: use credit of its CPU, if that will do
 * @SPM_MODEL_TAKE: take all credit of its CPU, as it won't
 * @SPM_MODEL_ASK: ask the budget for more
 * @SPM_MODEL_ADD: add what it does not need to the credit of its CPU
 * @SPM_MODEL_RESTORE: add the credit that it has taken in vain
 * @SPM_MODEL_RETURN: give back to the budget what it was granted in vain
 */
enum spm_model_stage {
	SPM_MODEL_NO_TASK,
	SPM_MODEL_LOOK,
	SPM_MODEL_USE,
	SPM_MODEL_TAKE,
	SPM_MODEL_ASK,
	SPM_MODEL_ADD,
	SPM_MODEL_RESTORE,
	SPM_MODEL_RETURN,
};

/**
 * struct spm_model_task - a task that wants a folio admitted
 * @stage: how far it is
 * @node: which node it asks, and after that those behind it
 * @cpu: where it runs
 * @size: size of the folio
 * @nr: number of its pages
 * @own: credit that it has taken from a CPU, and still has
 * @granted: how many it was granted beside that, and still has
 * @physical: the most that the device could hold since it has looked
 * @wake_ns: it is preempted until then
 */
struct spm_model_task {
	enum spm_model_stage stage;
	unsigned int node;
	unsigned int cpu;
	enum spm_model_size size;
	long nr;
	long own;
	long granted;
	u64 physical;
	u64 wake_ns;
};

/**
 * struct spm_model_worker - the worker that reads the device
 * @stage: what it does next
 * @run_ns: when it does
 * @noted: number of pages written that it has just read
 * @reading: what the device has told it
 * @senseless: @reading makes no sense
 * @rc: of reading the device
 * @taken: credit that it has taken back from CPUs, and not given to the budget yet
 */
struct spm_model_worker {
	unsigned int stage;
	u64 run_ns;
	u64 noted;
	struct spm_telemetry reading;
	bool senseless;
	int rc;
	long taken;
};

/**
 * struct spm_model_node - a device, and what stands before it
 * @device: which device this is
 * @budget: what is tested
 * @cache: what all that is written goes through
 * @folio: all folios
 * @list: those of each size in each state
 * @credit: of each CPU
 * @admitted: number of pages that were admitted, all in all
 * @written: number of pages that were written, as CPUs have counted
 * @unwritten: number of pages that were admitted, and are still to be written
 * @held: bytes that the device holds
 * @total: bytes that it is going to hold when caches have written back all
 * @physical: bytes that it can hold
 * @told: bytes that it says it can hold, or will be able to soon
 * @enforce_ns: when @physical falls to @told
 * @refresh_ns: when the next report is due
 * @report: the last ones
 * @nr_reports: number of reports
 * @event: what was raised
 * @event_ns: when it is delivered; 0 if there is none
 * @worker: the worker
 * @relief: pages that it still has to move away
 * @relieved_ns: when it had moved away all
 * @accepted: last reading that was taken
 * @heard_ns: the latest time that a reading was of
 * @stopped_ns: time of the last event that stops
 * @peak: the most bytes that were held
 * @nr_admitted: folios that were admitted, of each size
 * @nr_refused: folios that were refused
 * @nr_opened: how often the gate opened
 * @nr_taken_back: how often CPUs had to give back credit
 * @gate: how it was in the last step
 */
struct spm_model_node {
	const struct spm_model_case *device;
	struct spm_budget budget;
	enum spm_model_cache cache;

	struct spm_model_folio folio[SPM_MODEL_FOLIOS];
	struct spm_model_list list[NR_SPM_MODEL_STATES][NR_SPM_MODEL_SIZES];
	long credit[SPM_MODEL_CPUS];
	u64 admitted;
	u64 written;
	u64 unwritten;

	u64 held;
	u64 total;
	u64 physical;
	u64 told;
	u64 enforce_ns;
	u64 refresh_ns;
	struct spm_telemetry report[SPM_MODEL_REPORTS];
	unsigned int nr_reports;
	enum spm_event event;
	u64 event_ns;

	struct spm_model_worker worker;
	unsigned int relief;
	u64 relieved_ns;

	struct spm_telemetry accepted;
	u64 heard_ns;
	u64 stopped_ns;
	u64 peak;
	unsigned long nr_admitted[NR_SPM_MODEL_SIZES];
	unsigned long nr_refused;
	unsigned long nr_opened;
	unsigned long nr_taken_back;
	enum spm_gate gate;
};

/**
 * struct spm_model - the world
 * @test: the test
 * @rnd: random numbers
 * @now_ns: time
 * @step: number of the step
 * @healthy: nothing is lost, late, or makes no sense
 * @trend: what tasks do
 * @data: what they write
 * @hopeless: that it goes wrong is counted only
 * @nr_wrong: how often it has
 * @task: the tasks
 * @nr_nodes: number of @node
 * @node: the nodes, nearest first
 */
struct spm_model {
	struct kunit *test;
	struct rnd_state rnd;
	u64 now_ns;
	unsigned long step;
	bool healthy;
	const struct spm_model_trend *trend;
	enum spm_model_data_kind data;
	bool hopeless;
	unsigned long nr_wrong;
	struct spm_model_task task[SPM_MODEL_TASKS];
	unsigned int nr_nodes;
	struct spm_model_node node[] __counted_by(nr_nodes);
};

/* model.c */
extern const unsigned int spm_model_pages_of[NR_SPM_MODEL_SIZES];

void spm_model_init(struct spm_model *m, struct kunit *test, u32 seed);
void spm_model_init_node(struct spm_model *m, struct spm_model_node *node,
			 const struct spm_model_case *device);
void spm_model_step(struct spm_model *m);
u32 spm_model_rnd(struct spm_model *m, u32 below);
bool spm_model_chance(struct spm_model *m, u32 permille);
bool spm_model_fault(struct spm_model *m, u32 permille);
u64 spm_model_span_ns(struct spm_model *m, u32 ms);
unsigned long spm_model_jiffies(const struct spm_model *m);
bool spm_model_wrong(struct spm_model *m, bool wrong);
unsigned long spm_model_pages_in(const struct spm_model_node *node, enum spm_model_state state);
long spm_model_in_hand(const struct spm_model *m, const struct spm_model_node *node);

static inline u64 spm_model_stale_ns(void)
{
	return (u64)SPM_MODEL_STALE_MS * NSEC_PER_MSEC;
}

/* model_task.c */
void spm_model_act(struct spm_model *m);

/* model_device.c */
void spm_model_hold(struct spm_model_node *node, struct spm_model_folio *folio,
		    unsigned int bytes);
void spm_model_set_total(struct spm_model_node *node, struct spm_model_folio *folio,
			 unsigned int total);
void spm_model_device(struct spm_model *m, struct spm_model_node *node);
void spm_model_worker(struct spm_model *m, struct spm_model_node *node);
void spm_model_raise(struct spm_model *m, struct spm_model_node *node, enum spm_event event);
void spm_model_set_capacity(struct spm_model *m, struct spm_model_node *node, u64 bytes);

#endif /* _SPM_MODEL_H */
