// SPDX-License-Identifier: GPL-2.0
/*
 * spm_emu: debugfs and faults
 *
 * Each device has a directory spm_emu/NAME. Bytes are bytes, pages are pages.
 *
 * What it was bound with:
 *   model, ratio_permille, fixed_permille, lag_ms, refresh_ms, notice_ms
 * What it holds:
 *   logical_bytes	what it advertises
 *   physical_bytes	what it can hold. Write it to change that.
 *   enforced_bytes	what it does hold: physical_bytes, after the notice
 *   used_bytes		what its contents take
 *   settled_age_ms	since when writes are not in used_bytes
 *   histogram		LZ4 model: lines "SIZE PAGES": so many pages take up to
 *			SIZE bytes, and more than the line before says
 * What has happened:
 *   written		pages written
 *   compressed		pages compressed
 *   overflowed		pages that did not fit. 0 proves that the core never
 *			stored too much.
 *   poisoned		pages lost: those, and by `poison` and less capacity, in the
 *			LZ4 model
 *   sweep		LZ4 model: reads all pages, and tells how many had contents
 *			that the device was not told of. 0 proves that the core never
 *			wrote without saying so. Write a number of pages to have so many
 *			looked at in the background each lag_ms.
 *   trim_calls, trim_failed	trims asked for, and not done
 *   trimmed		pages trimmed
 *   low_threshold_bytes, high_threshold_bytes	as the core has set them
 *   events_sent, events_lost	events delivered, and swallowed by a fault
 * Faults:
 *   telemetry		ok; frozen: the last report stays; garbage: reports that
 *			can't be true; error: no report
 *   events		ok; lost; late: by event_delay_ms
 *   trim		ok; fail; retry. A trim takes trim_delay_us longer.
 *   fail_trim/		trims fail now and then, see
 *			Documentation/fault-injection/
 *   poison		write a position in bytes: the page there is lost
 *   scribble		LZ4 model: write a position in bytes: the page there is written
 *			to, and nobody is told
 *   remove		write 1: the device is gone, until it is unbound
 *   vanish		write N: it is gone, and the core is told N ms later
 *
 * What makes no sense is refused with EINVAL or ERANGE, and changes nothing.
 *
 * Figures are read without a lock: each is a word that others write.
 */
#include <linux/debugfs.h>
#include <linux/fault-inject.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>

#include "spm_emu.h"

#define SPM_EMU_EVENT_DELAY_MS		500	/* default */
#define SPM_EMU_EVENT_DELAY_MS_MAX	60000
#define SPM_EMU_TRIM_DELAY_US_MAX	10000000
#define SPM_EMU_VANISH_MS_MAX		60000

/* Lines of the histogram, apart from the first one for empty pages. */
#define SPM_EMU_BUCKETS			8
#define SPM_EMU_BUCKET_BYTES		(PAGE_SIZE / SPM_EMU_BUCKETS)

static struct dentry *spm_emu_root;

/* ---- Figures ---- */

#define SPM_EMU_FIGURE(name, member) { name, offsetof(struct spm_emu, member) }

static const struct spm_emu_figure {
	const char *name;
	size_t offset;
} spm_emu_u32[] = {
	SPM_EMU_FIGURE("ratio_permille", config.ratio_permille),
	SPM_EMU_FIGURE("fixed_permille", config.fixed_permille),
	SPM_EMU_FIGURE("lag_ms", config.lag_ms),
	SPM_EMU_FIGURE("refresh_ms", config.refresh_ms),
	SPM_EMU_FIGURE("notice_ms", config.notice_ms),
}, spm_emu_u64[] = {
	SPM_EMU_FIGURE("logical_bytes", logical_bytes),
	SPM_EMU_FIGURE("enforced_bytes", enforced_bytes),
	SPM_EMU_FIGURE("used_bytes", used_bytes),
	SPM_EMU_FIGURE("compressed", compressed),
	SPM_EMU_FIGURE("overflowed", overflowed),
	SPM_EMU_FIGURE("poisoned", poisoned),
	SPM_EMU_FIGURE("trim_calls", trim_calls),
	SPM_EMU_FIGURE("trim_failed", trim_failed),
	SPM_EMU_FIGURE("trimmed", trimmed),
	SPM_EMU_FIGURE("low_threshold_bytes", low_bytes),
	SPM_EMU_FIGURE("high_threshold_bytes", high_bytes),
	SPM_EMU_FIGURE("events_sent", events_sent),
	SPM_EMU_FIGURE("events_lost", events_lost),
};

static int spm_emu_physical_get(void *data, u64 *val)
{
	const struct spm_emu *emu = data;

	*val = READ_ONCE(emu->physical_bytes);
	return 0;
}

static int spm_emu_physical_set(void *data, u64 val)
{
	return spm_emu_set_physical(data, val);
}
DEFINE_DEBUGFS_ATTRIBUTE(spm_emu_physical_fops, spm_emu_physical_get,
			 spm_emu_physical_set, "%llu\n");

static int spm_emu_settled_age_get(void *data, u64 *val)
{
	const struct spm_emu *emu = data;

	*val = div_u64(ktime_get_ns() - READ_ONCE(emu->settled_ns),
		       NSEC_PER_MSEC);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(spm_emu_settled_age_fops, spm_emu_settled_age_get,
			 NULL, "%llu\n");

static int spm_emu_written_get(void *data, u64 *val)
{
	const struct spm_emu *emu = data;
	u64 written = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		written += READ_ONCE(per_cpu_ptr(emu->cpu, cpu)->written);
	*val = written;
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(spm_emu_written_fops, spm_emu_written_get, NULL,
			 "%llu\n");

static int spm_emu_model_show(struct seq_file *m, void *v)
{
	const struct spm_emu *emu = m->private;

	seq_printf(m, "%s\n", spm_emu_model_names[emu->config.model]);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(spm_emu_model);

static int spm_emu_histogram_show(struct seq_file *m, void *v)
{
	unsigned long nr[SPM_EMU_BUCKETS + 1] = {};
	const struct spm_emu *emu = m->private;
	unsigned long index;
	unsigned int bytes;

	for (index = 0; index < emu->nr_pages; index++) {
		/* READ_ONCE: pairs with WRITE_ONCE in spm_emu_set_granules(). */
		bytes = READ_ONCE(emu->granules[index]) * SPM_EMU_GRANULE;
		nr[DIV_ROUND_UP(bytes, SPM_EMU_BUCKET_BYTES)]++;
		cond_resched();
	}
	for (index = 0; index < ARRAY_SIZE(nr); index++)
		seq_printf(m, "%lu %lu\n", index * SPM_EMU_BUCKET_BYTES,
			   nr[index]);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(spm_emu_histogram);

/* ---- Faults that are chosen by name ---- */

static const char *const spm_emu_telemetry_names[] = {
	[SPM_EMU_TELEMETRY_OK] = "ok",
	[SPM_EMU_TELEMETRY_FROZEN] = "frozen",
	[SPM_EMU_TELEMETRY_GARBAGE] = "garbage",
	[SPM_EMU_TELEMETRY_ERROR] = "error",
};

static const char *const spm_emu_events_names[] = {
	[SPM_EMU_EVENTS_OK] = "ok",
	[SPM_EMU_EVENTS_LOST] = "lost",
	[SPM_EMU_EVENTS_LATE] = "late",
};

static const char *const spm_emu_trim_names[] = {
	[SPM_EMU_TRIM_OK] = "ok",
	[SPM_EMU_TRIM_FAIL] = "fail",
	[SPM_EMU_TRIM_RETRY] = "retry",
};

static ssize_t spm_emu_choice_read(struct file *file, char __user *to,
				   size_t count, loff_t *pos)
{
	const struct spm_emu_choice *choice = file->private_data;
	char buf[16];
	int len;

	len = scnprintf(buf, sizeof(buf), "%s\n",
			choice->names[READ_ONCE(choice->value)]);
	return simple_read_from_buffer(to, count, pos, buf, len);
}

static ssize_t spm_emu_choice_write(struct file *file, const char __user *from,
				    size_t count, loff_t *pos)
{
	struct spm_emu_choice *choice = file->private_data;
	char buf[16] = {};
	int value;

	if (count >= sizeof(buf))
		return -EINVAL;
	if (copy_from_user(buf, from, count))
		return -EFAULT;
	value = __sysfs_match_string(choice->names, choice->nr_names, buf);
	if (value < 0)
		return value;
	WRITE_ONCE(choice->value, value);	/* see struct spm_emu_choice */
	return count;
}

static const struct file_operations spm_emu_choice_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = spm_emu_choice_read,
	.write = spm_emu_choice_write,
};

static void spm_emu_choice_add(struct spm_emu *emu, const char *name,
			       struct spm_emu_choice *choice,
			       const char *const *names, unsigned int nr_names)
{
	choice->names = names;
	choice->nr_names = nr_names;
	debugfs_create_file(name, 0600, emu->dir, choice, &spm_emu_choice_fops);
}

/* ---- Other faults ---- */

static int spm_emu_event_delay_get(void *data, u64 *val)
{
	const struct spm_emu *emu = data;

	*val = READ_ONCE(emu->faults.event_delay_ms);
	return 0;
}

static int spm_emu_event_delay_set(void *data, u64 val)
{
	struct spm_emu *emu = data;

	if (val > SPM_EMU_EVENT_DELAY_MS_MAX)
		return -ERANGE;
	WRITE_ONCE(emu->faults.event_delay_ms, val); /* see struct spm_emu_faults */
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(spm_emu_event_delay_fops, spm_emu_event_delay_get,
			 spm_emu_event_delay_set, "%llu\n");

static int spm_emu_trim_delay_get(void *data, u64 *val)
{
	const struct spm_emu *emu = data;

	*val = READ_ONCE(emu->faults.trim_delay_us);
	return 0;
}

static int spm_emu_trim_delay_set(void *data, u64 val)
{
	struct spm_emu *emu = data;

	if (val > SPM_EMU_TRIM_DELAY_US_MAX)
		return -ERANGE;
	WRITE_ONCE(emu->faults.trim_delay_us, val); /* see struct spm_emu_faults */
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(spm_emu_trim_delay_fops, spm_emu_trim_delay_get,
			 spm_emu_trim_delay_set, "%llu\n");

static int spm_emu_poison_set(void *data, u64 val)
{
	struct spm_emu *emu = data;

	if (val >= emu->logical_bytes)
		return -ERANGE;
	return spm_emu_poison(emu, val >> PAGE_SHIFT);
}
DEFINE_DEBUGFS_ATTRIBUTE(spm_emu_poison_fops, NULL, spm_emu_poison_set,
			 "%llu\n");

static int spm_emu_sweep_get(void *data, u64 *val)
{
	s64 rc = spm_emu_sweep(data);

	if (rc < 0)
		return rc;
	*val = rc;
	return 0;
}

static int spm_emu_sweep_set(void *data, u64 val)
{
	struct spm_emu *emu = data;

	if (val > emu->nr_pages)
		return -ERANGE;
	WRITE_ONCE(emu->sweep_pages, val);	/* see struct spm_emu */
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(spm_emu_sweep_fops, spm_emu_sweep_get, spm_emu_sweep_set,
			 "%llu\n");

static int spm_emu_scribble_set(void *data, u64 val)
{
	struct spm_emu *emu = data;

	if (val >= emu->logical_bytes)
		return -ERANGE;
	return spm_emu_scribble(emu, val >> PAGE_SHIFT);
}
DEFINE_DEBUGFS_ATTRIBUTE(spm_emu_scribble_fops, NULL, spm_emu_scribble_set, "%llu\n");

static int spm_emu_remove_get(void *data, u64 *val)
{
	const struct spm_emu *emu = data;

	*val = READ_ONCE(emu->removed);
	return 0;
}

static int spm_emu_remove_set(void *data, u64 val)
{
	return val == 1 ? spm_emu_remove(data) : -EINVAL;
}
DEFINE_DEBUGFS_ATTRIBUTE(spm_emu_remove_fops, spm_emu_remove_get,
			 spm_emu_remove_set, "%llu\n");

static int spm_emu_vanish_set(void *data, u64 val)
{
	return val <= SPM_EMU_VANISH_MS_MAX ? spm_emu_vanish(data, val) : -ERANGE;
}
DEFINE_DEBUGFS_ATTRIBUTE(spm_emu_vanish_fops, NULL, spm_emu_vanish_set, "%llu\n");

#ifdef CONFIG_FAULT_INJECTION
static void spm_emu_fail_trim_add(struct spm_emu *emu)
{
	struct fault_attr *attr = &emu->faults.fail_trim;

	*attr = (struct fault_attr)FAULT_ATTR_INITIALIZER;
	/* The initializer's lock is for static attributes only. */
	ratelimit_state_init(&attr->ratelimit_state, 0, DEFAULT_RATELIMIT_BURST);
	fault_create_debugfs_attr("fail_trim", emu->dir, attr);
}
#else
static void spm_emu_fail_trim_add(struct spm_emu *emu)
{
}
#endif

/* ---- Directories ---- */

static void spm_emu_figures_add(struct spm_emu *emu)
{
	const struct spm_emu_figure *figure;
	int i;

	for (i = 0; i < ARRAY_SIZE(spm_emu_u32); i++) {
		figure = &spm_emu_u32[i];
		debugfs_create_u32(figure->name, 0400, emu->dir,
				   (void *)emu + figure->offset);
	}
	for (i = 0; i < ARRAY_SIZE(spm_emu_u64); i++) {
		figure = &spm_emu_u64[i];
		debugfs_create_u64(figure->name, 0400, emu->dir,
				   (void *)emu + figure->offset);
	}
	debugfs_create_file("model", 0400, emu->dir, emu, &spm_emu_model_fops);
	debugfs_create_file("physical_bytes", 0600, emu->dir, emu,
			    &spm_emu_physical_fops);
	debugfs_create_file("settled_age_ms", 0400, emu->dir, emu,
			    &spm_emu_settled_age_fops);
	debugfs_create_file("written", 0400, emu->dir, emu,
			    &spm_emu_written_fops);
	if (emu->config.model != SPM_EMU_LZ4)
		return;
	debugfs_create_file("histogram", 0400, emu->dir, emu, &spm_emu_histogram_fops);
	debugfs_create_file("sweep", 0600, emu->dir, emu, &spm_emu_sweep_fops);
	debugfs_create_file("scribble", 0200, emu->dir, emu, &spm_emu_scribble_fops);
}

static void spm_emu_faults_add(struct spm_emu *emu)
{
	struct spm_emu_faults *faults = &emu->faults;

	faults->event_delay_ms = SPM_EMU_EVENT_DELAY_MS;
	spm_emu_choice_add(emu, "telemetry", &faults->telemetry,
			   spm_emu_telemetry_names,
			   ARRAY_SIZE(spm_emu_telemetry_names));
	spm_emu_choice_add(emu, "events", &faults->events, spm_emu_events_names,
			   ARRAY_SIZE(spm_emu_events_names));
	spm_emu_choice_add(emu, "trim", &faults->trim, spm_emu_trim_names,
			   ARRAY_SIZE(spm_emu_trim_names));
	debugfs_create_file("event_delay_ms", 0600, emu->dir, emu,
			    &spm_emu_event_delay_fops);
	debugfs_create_file("trim_delay_us", 0600, emu->dir, emu,
			    &spm_emu_trim_delay_fops);
	debugfs_create_file("poison", 0200, emu->dir, emu, &spm_emu_poison_fops);
	debugfs_create_file("remove", 0600, emu->dir, emu, &spm_emu_remove_fops);
	debugfs_create_file("vanish", 0200, emu->dir, emu, &spm_emu_vanish_fops);
	spm_emu_fail_trim_add(emu);
}

/**
 * spm_emu_debugfs_add() - add a device's directory
 * @emu: the device
 *
 * Context: Process context. May sleep.
 */
void spm_emu_debugfs_add(struct spm_emu *emu)
{
	emu->dir = debugfs_create_dir(emu->name, spm_emu_root);
	spm_emu_figures_add(emu);
	spm_emu_faults_add(emu);
}

/**
 * spm_emu_debugfs_del() - remove a device's directory, and wait for its users
 * @emu: the device
 *
 * Context: Process context. May sleep.
 */
void spm_emu_debugfs_del(struct spm_emu *emu)
{
	debugfs_remove(emu->dir);
}

/**
 * spm_emu_debugfs_init() - add the driver's directory
 *
 * Context: Process context. May sleep.
 */
void spm_emu_debugfs_init(void)
{
	spm_emu_root = debugfs_create_dir("spm_emu", NULL);
}

/**
 * spm_emu_debugfs_exit() - remove the driver's directory
 *
 * Context: Process context. May sleep.
 */
void spm_emu_debugfs_exit(void)
{
	debugfs_remove(spm_emu_root);
}
