// SPDX-License-Identifier: GPL-2.0
/*
 * SPM nodes in sysfs: what an operator sets, and acts on
 *
 * The same figures for each node in /sys/devices/system/node/nodeN/spm/, and for
 * all of them together in /sys/kernel/mm/spm/. What a file shows for all nodes is
 * the sum of what it shows for each, and, if it counts events, of what it showed
 * for nodes that are gone. Anybody may read them, so reading has no effect.
 *
 * Whatever else is counted is in debugfs, see debugfs.c.
 *
 * Documented in Documentation/ABI/testing/sysfs-kernel-mm-spm.
 */
#define pr_fmt(fmt) "spm: " fmt

#include <linux/kobject.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/node.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/spm_hooks.h>
#include <linux/sysfs.h>

#include "budget.h"
#include "control.h"
#include "demote.h"
#include "figures.h"
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

/* ---- Figures of now ---- */

/**
 * struct spm_figure_file - a file that shows a figure
 * @attr: the file
 * @figure: the figure of a node
 */
struct spm_figure_file {
	struct kobj_attribute attr;
	u64 (*figure)(struct spm_node *node);
};

static ssize_t spm_figure_show(struct kobject *kobj, struct kobj_attribute *attr,
			       char *buf)
{
	struct spm_figure_file *file = container_of(attr, struct spm_figure_file,
						    attr);

	return sysfs_emit(buf, "%llu\n",
			  spm_figure(spm_kobj_node(kobj), file->figure));
}

#define SPM_FIGURE(name) \
	static struct spm_figure_file name##_file = { \
		.attr = __ATTR(name, 0444, spm_figure_show, NULL), \
		.figure = spm_##name, \
	}

SPM_FIGURE(capacity_bytes);
SPM_FIGURE(used_bytes);
#ifdef CONFIG_SPM_MAPPED
SPM_FIGURE(mapped_bytes);
#endif
SPM_FIGURE(swapped_bytes);
SPM_FIGURE(physical_bytes);
SPM_FIGURE(physical_used_bytes);
/* Of one node only: they don't add up. */
SPM_FIGURE(relief_bytes_per_s);
SPM_FIGURE(notice_ms);

/* ---- Counts of events, which remain when a node goes ---- */

static unsigned long spm_kobj_stat(struct kobject *kobj, enum spm_stat stat)
{
	const struct spm_node *node = spm_kobj_node(kobj);

	return node ? spm_stat_read(node, stat) : spm_stat_total(stat);
}

static ssize_t spm_stat_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf);

#define SPM_STAT_ATTR(stat, file) \
	[stat] = __ATTR(file, 0444, spm_stat_show, NULL)

/* Those that an operator acts on. */
static struct kobj_attribute spm_stat_attrs[NR_SPM_STATS] = {
	SPM_STAT_ATTR(SPM_STAT_DEMOTED, demoted),
	SPM_STAT_ATTR(SPM_STAT_PROMOTED_WRITE, promoted_write),
	SPM_STAT_ATTR(SPM_STAT_POISONED, poisoned),
	SPM_STAT_ATTR(SPM_STAT_LOST, lost),
	SPM_STAT_ATTR(SPM_STAT_REFUSED_FULL, refused_full),
	SPM_STAT_ATTR(SPM_STAT_REFUSED_BUDGET, refused_budget),
	SPM_STAT_ATTR(SPM_STAT_REFUSED_TARGET, refused_target),
	SPM_STAT_ATTR(SPM_STAT_REFUSED_STOPPED, refused_stopped),
};

static ssize_t spm_stat_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	enum spm_stat stat = attr - spm_stat_attrs;

	return sysfs_emit(buf, "%lu\n", spm_kobj_stat(kobj, stat));
}

/*
 * A summary in one line, for scripts. New fields are added at the end.
 */
static ssize_t mm_stat_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	struct spm_node *node = spm_kobj_node(kobj);

	return sysfs_emit(buf, "%llu %llu %llu %llu %llu %llu %llu %llu %lu %lu %lu %lu %lu\n",
			  spm_figure(node, spm_capacity_bytes),
			  spm_figure(node, spm_used_bytes),
			  spm_figure(node, spm_physical_bytes),
			  spm_figure(node, spm_physical_used_bytes),
			  spm_figure(node, spm_budget_bytes),
			  spm_ratio_permille(node),
			  spm_figure(node, spm_deficit_bytes),
			  spm_figure(node, spm_admitted),
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
	&swapped_bytes_file.attr.attr,
	&physical_bytes_file.attr.attr,
	&physical_used_bytes_file.attr.attr,
	&mm_stat_attr.attr,
#ifdef CONFIG_SPM_MAPPED
	&mapped_bytes_file.attr.attr,
	&spm_stat_attrs[SPM_STAT_DEMOTED].attr,
	&spm_stat_attrs[SPM_STAT_PROMOTED_WRITE].attr,
#endif
	&spm_stat_attrs[SPM_STAT_POISONED].attr,
	&spm_stat_attrs[SPM_STAT_LOST].attr,
	&spm_stat_attrs[SPM_STAT_REFUSED_FULL].attr,
	&spm_stat_attrs[SPM_STAT_REFUSED_BUDGET].attr,
	&spm_stat_attrs[SPM_STAT_REFUSED_TARGET].attr,
	&spm_stat_attrs[SPM_STAT_REFUSED_STOPPED].attr,
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

	/* vs spm_notify(), spm_abandon_node() */
	if (node->budgeted || READ_ONCE(node->removed) || READ_ONCE(node->abandoned))
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

/* The error number alone tells neither the range, nor which other knob is in the way. */
static void spm_knob_explain(const struct spm_node *node, const struct kobj_attribute *attr,
			     u32 value, int rc)
{
	if (rc == -ERANGE)
		pr_info_ratelimited("node %d: %s can't be %u: margin_permille <= %u, target_permille <= %u, %u <= interval_ms <= %u, stale_ms <= %u\n",
				    node->nid, attr->attr.name, value,
				    SPM_MARGIN_PERMILLE_MAX, SPM_TARGET_PERMILLE_MAX,
				    SPM_INTERVAL_MS_MIN, SPM_INTERVAL_MS_MAX, SPM_STALE_MS_MAX);
	else
		pr_info_ratelimited("node %d: %s contradicts the others: 0 < reopen_permille < target_permille, target_permille + margin_permille <= 1000, 2 * interval_ms <= stale_ms\n",
				    node->nid, attr->attr.name);
}

static ssize_t spm_knob_store(struct kobject *kobj, struct kobj_attribute *attr,
			      const char *buf, size_t count)
{
	struct spm_node *node = spm_kobj_node(kobj);
	struct spm_budget budget;
	int rc;

	guard(mutex)(&spm_knobs_mutex);
	spm_budget_get(&node->budget, &budget);
	rc = kstrtou32(buf, 0, spm_knob_of(attr, &budget.knobs));
	if (rc)
		return rc;
	rc = spm_budget_set_knobs(&node->budget, &budget.knobs);
	if (rc) {
		spm_knob_explain(node, attr, *spm_knob_of(attr, &budget.knobs), rc);
		return rc;
	}
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

static struct kobj_attribute spm_provider_attr = __ATTR_RO(provider);
static struct kobj_attribute spm_gate_attr = __ATTR_RO(gate);
static struct kobj_attribute spm_nodes_attr = __ATTR_RO(nodes);

static struct attribute *spm_node_attrs[] = {
	&spm_provider_attr.attr,
	&spm_gate_attr.attr,
	NULL
};

static const struct attribute_group spm_node_attr_group = {
	.attrs = spm_node_attrs,
};

static struct attribute *spm_telemetry_attrs[] = {
	&relief_bytes_per_s_file.attr.attr,
	&notice_ms_file.attr.attr,
	&margin_permille_knob.attr.attr,
	&target_permille_knob.attr.attr,
	&reopen_permille_knob.attr.attr,
	&interval_ms_knob.attr.attr,
	&stale_ms_knob.attr.attr,
	NULL
};

/* Only where there is telemetry that they could be about. */
static umode_t spm_telemetry_visible(struct kobject *kobj, struct attribute *attr, int n)
{
	return spm_kobj_node(kobj)->budgeted ? attr->mode : 0;
}

static const struct attribute_group spm_telemetry_attr_group = {
	.attrs = spm_telemetry_attrs,
	.is_visible = spm_telemetry_visible,
};

static const struct attribute_group *spm_node_attr_groups[] = {
	&spm_attr_group,
	&spm_node_attr_group,
	&spm_telemetry_attr_group,
	NULL
};

static struct attribute *spm_total_attrs[] = {
	&spm_nodes_attr.attr,
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
	if (rc)
		goto err_kobj;
	if (node->dev)
		rc = sysfs_create_link(node->kobj, &node->dev->kobj, "device");
	if (rc)
		goto err_groups;
	return 0;

err_groups:
	sysfs_remove_groups(node->kobj, spm_node_attr_groups);
err_kobj:
	kobject_put(node->kobj);
	node->kobj = NULL;
	return rc;
}

/**
 * spm_sysfs_forget_device() - the provider's device is about to go
 * @node: the node, which stays
 *
 * Context: Process context, under spm_mutex.
 */
void spm_sysfs_forget_device(struct spm_node *node)
{
	if (node->kobj && node->dev)
		sysfs_remove_link(node->kobj, "device");
	node->dev = NULL;
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
	if (node->dev)
		sysfs_remove_link(node->kobj, "device");
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
