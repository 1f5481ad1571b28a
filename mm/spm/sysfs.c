// SPDX-License-Identifier: GPL-2.0
/*
 * SPM statistics in sysfs
 *
 * The same files for each node in /sys/devices/system/node/nodeN/spm/, and for
 * all of them together in /sys/kernel/mm/spm/. A file is described by one entry
 * of a table; what it shows for all nodes is the sum of what it shows for each,
 * and, if it counts events, of what it showed for nodes that are gone.
 *
 * Documented in Documentation/ABI/testing/sysfs-kernel-mm-spm.
 */
#include <linux/kobject.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/node.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/spm_hooks.h>
#include <linux/sysfs.h>

#include "budget.h"
#include "control.h"
#include "demote.h"
#include "mapped.h"
#include "node.h"
#include "stats.h"
#include "sysfs.h"

static struct kobject *spm_kobj;

/* The node of a directory; NULL for the directory of all nodes. */
static struct spm_node *spm_kobj_node(struct kobject *kobj)
{
	int nid;

	if (kobj == spm_kobj)
		return NULL;
	nid = container_of(kobj->parent, struct device, kobj)->id;
	/* The directory is removed, waiting for readers, before the node is. */
	return rcu_dereference_protected(spm_table[nid], true);
}

/* ---- Figures of now, which add up ---- */

static u64 spm_capacity_bytes(struct spm_node *node)
{
	return (u64)spm_node_capacity_pages(node) << PAGE_SHIFT;
}

static u64 spm_used_bytes(struct spm_node *node)
{
	return (u64)spm_stat_read(node, SPM_STAT_USED) << PAGE_SHIFT;
}

static u64 spm_untrimmed_bytes(struct spm_node *node)
{
	return (u64)spm_stat_read(node, SPM_STAT_UNTRIMMED) << PAGE_SHIFT;
}

/* What the device has contents of. */
static u64 spm_taken_bytes(struct spm_node *node)
{
	return spm_used_bytes(node) + spm_untrimmed_bytes(node);
}

static u64 spm_free_bytes(struct spm_node *node)
{
	u64 taken = spm_taken_bytes(node);
	u64 capacity = spm_capacity_bytes(node);

	return capacity - min(taken, capacity);
}

/* Without telemetry a device is taken to hold what it advertises, as it is. */
static u64 spm_physical_bytes(struct spm_node *node)
{
	struct spm_budget budget;

	if (!node->budgeted)
		return spm_capacity_bytes(node);
	spm_budget_get(&node->budget, &budget);
	return budget.reading.physical_bytes;
}

static u64 spm_physical_used_bytes(struct spm_node *node)
{
	struct spm_budget budget;

	if (!node->budgeted)
		return spm_taken_bytes(node);
	spm_budget_get(&node->budget, &budget);
	return budget.reading.used_bytes;
}

static u64 spm_budget_bytes(struct spm_node *node)
{
	return node->budgeted ? spm_budget_bound_bytes(&node->budget) :
				spm_physical_used_bytes(node);
}

static u64 spm_deficit_bytes(struct spm_node *node)
{
	return node->budgeted ? spm_budget_deficit_bytes(&node->budget) : 0;
}

static u64 spm_admitted(struct spm_node *node)
{
	struct spm_budget budget;
	long credit = 0;
	int cpu;

	if (!node->budgeted)
		return spm_node_written(node);
	spm_budget_get(&node->budget, &budget);
	for_each_possible_cpu(cpu)		/* READ_ONCE: vs this_cpu_dec */
		credit += READ_ONCE(per_cpu_ptr(node->cpu, cpu)->credit);
	return budget.granted - min_t(u64, max(credit, 0L), budget.granted);
}

/* A figure of one node, or the sum over all of them. */
static u64 spm_sum(struct kobject *kobj, u64 (*figure)(struct spm_node *node))
{
	struct spm_node *node = spm_kobj_node(kobj);
	u64 sum = 0;
	int nid;

	if (node)
		return figure(node);

	rcu_read_lock();
	for_each_node_mask(nid, spm_nodes) {
		node = rcu_dereference(spm_table[nid]);
		if (node)
			sum += figure(node);
	}
	rcu_read_unlock();
	return sum;
}

/**
 * struct spm_figure - a file that shows a figure
 * @attr: the file
 * @figure: the figure of a node
 */
struct spm_figure {
	struct kobj_attribute attr;
	u64 (*figure)(struct spm_node *node);
};

static ssize_t spm_figure_show(struct kobject *kobj, struct kobj_attribute *attr,
			       char *buf)
{
	struct spm_figure *file = container_of(attr, struct spm_figure, attr);

	spm_mapped_drain();		/* so that they are exact at rest */
	return sysfs_emit(buf, "%llu\n", spm_sum(kobj, file->figure));
}

#define SPM_FIGURE(name) \
	static struct spm_figure name##_file = { \
		.attr = __ATTR(name, 0444, spm_figure_show, NULL), \
		.figure = spm_##name, \
	}

SPM_FIGURE(capacity_bytes);
SPM_FIGURE(used_bytes);
SPM_FIGURE(untrimmed_bytes);
SPM_FIGURE(free_bytes);
SPM_FIGURE(physical_bytes);
SPM_FIGURE(physical_used_bytes);
SPM_FIGURE(budget_bytes);
SPM_FIGURE(deficit_bytes);
SPM_FIGURE(admitted);

/* How well what is stored compresses: 2000 is two to one. */
static u64 spm_ratio_permille(struct kobject *kobj)
{
	u64 physical = spm_sum(kobj, spm_physical_used_bytes);
	u64 logical = spm_sum(kobj, spm_taken_bytes);

	return physical ? div64_u64(logical * 1000, physical) : 0;
}

static ssize_t ratio_permille_show(struct kobject *kobj,
				   struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", spm_ratio_permille(kobj));
}

static struct kobj_attribute ratio_attr = __ATTR_RO(ratio_permille);

/* ---- Counts of events, which remain when a node goes ---- */

static unsigned long spm_kobj_stat(struct kobject *kobj, enum spm_stat stat)
{
	const struct spm_node *node = spm_kobj_node(kobj);

	return node ? spm_stat_read(node, stat) : spm_stat_total(stat);
}

static ssize_t spm_stat_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf);

/* One file for each counter, but for what is a figure above. */
#define SPM_STAT_ATTR(stat, file) \
	[stat] = __ATTR(file, 0444, spm_stat_show, NULL)

static struct kobj_attribute spm_stat_attrs[NR_SPM_STATS] = {
	SPM_STAT_ATTR(SPM_STAT_STORED, stored),
	SPM_STAT_ATTR(SPM_STAT_MAPPED, mapped),
	SPM_STAT_ATTR(SPM_STAT_MOVED, moved),
	SPM_STAT_ATTR(SPM_STAT_DEMOTED, demoted),
	SPM_STAT_ATTR(SPM_STAT_PROMOTED_WRITE, promoted_write),
	SPM_STAT_ATTR(SPM_STAT_PROMOTED_HOT, promoted_hot),
	SPM_STAT_ATTR(SPM_STAT_LOADED, loaded),
	SPM_STAT_ATTR(SPM_STAT_LOAD_FAILED, load_failed),
	SPM_STAT_ATTR(SPM_STAT_EVACUATED, evacuated),
	SPM_STAT_ATTR(SPM_STAT_PROMOTED, promoted),
	SPM_STAT_ATTR(SPM_STAT_WRITTEN_BACK, written_back),
	SPM_STAT_ATTR(SPM_STAT_TRIMMED, trimmed),
	SPM_STAT_ATTR(SPM_STAT_ZEROED, zeroed),
	SPM_STAT_ATTR(SPM_STAT_POISONED, poisoned),
	SPM_STAT_ATTR(SPM_STAT_LOST, lost),
	SPM_STAT_ATTR(SPM_STAT_READ, readings),
	SPM_STAT_ATTR(SPM_STAT_READ_FAILED, readings_failed),
	SPM_STAT_ATTR(SPM_STAT_REFUSED_FULL, refused_full),
	SPM_STAT_ATTR(SPM_STAT_REFUSED_BUDGET, refused_budget),
	SPM_STAT_ATTR(SPM_STAT_REFUSED_TARGET, refused_target),
	SPM_STAT_ATTR(SPM_STAT_REFUSED_STOPPED, refused_stopped),
	SPM_STAT_ATTR(SPM_STAT_REFUSED_POISON, refused_poison),
	SPM_STAT_ATTR(SPM_STAT_REFUSED_INJECTED, refused_injected),
};

static ssize_t spm_stat_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	enum spm_stat stat = attr - spm_stat_attrs;

	spm_mapped_drain();
	return sysfs_emit(buf, "%lu\n", spm_kobj_stat(kobj, stat));
}

/*
 * All that matters in one line, for scripts. New fields are added at the end.
 */
static ssize_t mm_stat_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	spm_mapped_drain();
	return sysfs_emit(buf, "%llu %llu %llu %llu %llu %llu %llu %llu %lu %lu %lu %lu %lu\n",
			  spm_sum(kobj, spm_capacity_bytes),
			  spm_sum(kobj, spm_used_bytes),
			  spm_sum(kobj, spm_physical_bytes),
			  spm_sum(kobj, spm_physical_used_bytes),
			  spm_sum(kobj, spm_budget_bytes),
			  spm_ratio_permille(kobj),
			  spm_sum(kobj, spm_deficit_bytes),
			  spm_sum(kobj, spm_admitted),
			  spm_kobj_stat(kobj, SPM_STAT_LOADED),
			  spm_kobj_stat(kobj, SPM_STAT_PROMOTED),
			  spm_kobj_stat(kobj, SPM_STAT_WRITTEN_BACK),
			  spm_kobj_stat(kobj, SPM_STAT_TRIMMED),
			  spm_kobj_stat(kobj, SPM_STAT_POISONED));
}

static struct kobj_attribute mm_stat_attr = __ATTR_RO(mm_stat);

static struct attribute *spm_attrs[] = {
	&capacity_bytes_file.attr.attr,
	&used_bytes_file.attr.attr,
	&untrimmed_bytes_file.attr.attr,
	&free_bytes_file.attr.attr,
	&physical_bytes_file.attr.attr,
	&physical_used_bytes_file.attr.attr,
	&budget_bytes_file.attr.attr,
	&deficit_bytes_file.attr.attr,
	&admitted_file.attr.attr,
	&ratio_attr.attr,
	&mm_stat_attr.attr,
	&spm_stat_attrs[SPM_STAT_STORED].attr,
	&spm_stat_attrs[SPM_STAT_MOVED].attr,
#ifdef CONFIG_SPM_MAPPED
	&spm_stat_attrs[SPM_STAT_MAPPED].attr,
	&spm_stat_attrs[SPM_STAT_DEMOTED].attr,
	&spm_stat_attrs[SPM_STAT_PROMOTED_WRITE].attr,
	&spm_stat_attrs[SPM_STAT_PROMOTED_HOT].attr,
#endif
	&spm_stat_attrs[SPM_STAT_LOADED].attr,
	&spm_stat_attrs[SPM_STAT_LOAD_FAILED].attr,
	&spm_stat_attrs[SPM_STAT_EVACUATED].attr,
	&spm_stat_attrs[SPM_STAT_PROMOTED].attr,
	&spm_stat_attrs[SPM_STAT_WRITTEN_BACK].attr,
	&spm_stat_attrs[SPM_STAT_TRIMMED].attr,
	&spm_stat_attrs[SPM_STAT_ZEROED].attr,
	&spm_stat_attrs[SPM_STAT_POISONED].attr,
	&spm_stat_attrs[SPM_STAT_LOST].attr,
	&spm_stat_attrs[SPM_STAT_READ].attr,
	&spm_stat_attrs[SPM_STAT_READ_FAILED].attr,
	&spm_stat_attrs[SPM_STAT_REFUSED_FULL].attr,
	&spm_stat_attrs[SPM_STAT_REFUSED_BUDGET].attr,
	&spm_stat_attrs[SPM_STAT_REFUSED_TARGET].attr,
	&spm_stat_attrs[SPM_STAT_REFUSED_STOPPED].attr,
	&spm_stat_attrs[SPM_STAT_REFUSED_POISON].attr,
	&spm_stat_attrs[SPM_STAT_REFUSED_INJECTED].attr,
	NULL
};

static const struct attribute_group spm_attr_group = {
	.attrs = spm_attrs,
};

static ssize_t provider_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%s\n", spm_kobj_node(kobj)->name);
}

/* Why nothing is stored, or "open none". */
static ssize_t gate_show(struct kobject *kobj, struct kobj_attribute *attr,
			 char *buf)
{
	const struct spm_node *node = spm_kobj_node(kobj);
	enum spm_gate gate = SPM_GATE_OPEN;

	if (node->budgeted || READ_ONCE(node->removed))
		gate = READ_ONCE(node->budget.gate);
	/* Nobody has tried to store since the reading got too old. */
	if (node->budgeted && gate <= SPM_GATE_TARGET &&
	    spm_budget_stopped(&node->budget, jiffies))
		gate = SPM_GATE_STALE;
	return sysfs_emit(buf, "%s\n", spm_gate_names[gate]);
}

/* ---- Knobs ---- */

/**
 * struct spm_knob - a file that shows and sets a knob
 * @attr: the file
 * @offset: of the knob in struct spm_knobs, where it is a u32
 */
struct spm_knob {
	struct kobj_attribute attr;
	size_t offset;
};

static u32 *spm_knob_of(struct kobj_attribute *attr, struct spm_knobs *knobs)
{
	return (void *)knobs + container_of(attr, struct spm_knob, attr)->offset;
}

static ssize_t spm_knob_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	struct spm_budget budget;

	spm_budget_get(&spm_kobj_node(kobj)->budget, &budget);
	return sysfs_emit(buf, "%u\n", *spm_knob_of(attr, &budget.knobs));
}

/* One writer at a time, so that knobs are checked against what others wrote. */
static DEFINE_MUTEX(spm_knobs_mutex);

static ssize_t spm_knob_store(struct kobject *kobj, struct kobj_attribute *attr,
			      const char *buf, size_t count)
{
	struct spm_node *node = spm_kobj_node(kobj);
	struct spm_budget budget;
	int rc;

	guard(mutex)(&spm_knobs_mutex);
	spm_budget_get(&node->budget, &budget);
	rc = kstrtou32(buf, 0, spm_knob_of(attr, &budget.knobs));
	if (!rc)
		rc = spm_budget_set_knobs(&node->budget, &budget.knobs);
	if (rc)
		return rc;
	spm_control_kick(node);
	return count;
}

#define SPM_KNOB(file, member) \
	static struct spm_knob file##_knob = { \
		.attr = __ATTR(file, 0644, spm_knob_show, spm_knob_store), \
		.offset = offsetof(struct spm_knobs, member), \
	}

SPM_KNOB(margin_permille, margin_permille);
SPM_KNOB(target_permille, target_permille);
SPM_KNOB(reopen_permille, reopen_permille);
SPM_KNOB(interval_ms, interval_ms);
SPM_KNOB(stale_ms, stale_ms);

/* ---- Directories ---- */

static ssize_t nodes_show(struct kobject *kobj, struct kobj_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%*pbl\n",
			  nodemask_pr_args(&node_states[N_SPM_MEMORY]));
}

static ssize_t refused_no_node_show(struct kobject *kobj,
				    struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%lu\n", spm_refused_no_node());
}

static struct kobj_attribute spm_provider_attr = __ATTR_RO(provider);
static struct kobj_attribute spm_gate_attr = __ATTR_RO(gate);
static struct kobj_attribute spm_nodes_attr = __ATTR_RO(nodes);
static struct kobj_attribute spm_no_node_attr = __ATTR_RO(refused_no_node);

static struct attribute *spm_node_attrs[] = {
	&spm_provider_attr.attr,
	&spm_gate_attr.attr,
	NULL
};

static const struct attribute_group spm_node_attr_group = {
	.attrs = spm_node_attrs,
};

static struct attribute *spm_knob_attrs[] = {
	&margin_permille_knob.attr.attr,
	&target_permille_knob.attr.attr,
	&reopen_permille_knob.attr.attr,
	&interval_ms_knob.attr.attr,
	&stale_ms_knob.attr.attr,
	NULL
};

/* Only where there is telemetry that they could be about. */
static umode_t spm_knob_visible(struct kobject *kobj, struct attribute *attr, int n)
{
	return spm_kobj_node(kobj)->budgeted ? attr->mode : 0;
}

static const struct attribute_group spm_knob_attr_group = {
	.attrs = spm_knob_attrs,
	.is_visible = spm_knob_visible,
};

static const struct attribute_group *spm_node_attr_groups[] = {
	&spm_attr_group,
	&spm_node_attr_group,
	&spm_knob_attr_group,
	NULL
};

static struct attribute *spm_total_attrs[] = {
	&spm_nodes_attr.attr,
	&spm_no_node_attr.attr,
	NULL
};

static const struct attribute_group spm_total_attr_group = {
	.attrs = spm_total_attrs,
};

static const struct attribute_group *spm_total_attr_groups[] = {
	&spm_attr_group,
	&spm_total_attr_group,
#ifdef CONFIG_SPM_MAPPED
	&spm_demote_attr_group,
#endif
	NULL
};

/**
 * spm_sysfs_add() - show a node's statistics
 * @node: the node; its memory is added, so its NUMA node is in sysfs
 *
 * Context: Process context, under spm_mutex. Published in spm_table.
 * Return: 0 or -errno.
 */
int spm_sysfs_add(struct spm_node *node)
{
	int rc;

	node->kobj = kobject_create_and_add("spm",
					    &node_devices[node->nid]->dev.kobj);
	if (!node->kobj)
		return -ENOMEM;

	rc = sysfs_create_groups(node->kobj, spm_node_attr_groups);
	if (rc) {
		kobject_put(node->kobj);
		node->kobj = NULL;
	}
	return rc;
}

/**
 * spm_sysfs_del() - show a node's statistics no more
 * @node: the node
 *
 * Context: Process context, under spm_mutex. Waits for readers.
 */
void spm_sysfs_del(struct spm_node *node)
{
	if (!node->kobj)
		return;
	sysfs_remove_groups(node->kobj, spm_node_attr_groups);
	kobject_put(node->kobj);
	node->kobj = NULL;
}

static int __init spm_sysfs_init(void)
{
	int rc;

	spm_kobj = kobject_create_and_add("spm", mm_kobj);
	if (!spm_kobj)
		return -ENOMEM;
	rc = sysfs_create_groups(spm_kobj, spm_total_attr_groups);
	if (rc)
		kobject_put(spm_kobj);
	return rc;
}
subsys_initcall(spm_sysfs_init);
