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
#include <linux/node.h>
#include <linux/sysfs.h>

#include "spm_core.h"

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

static unsigned long spm_kobj_stat(struct kobject *kobj, enum spm_stat stat)
{
	const struct spm_node *node = spm_kobj_node(kobj);

	return node ? spm_stat_read(node, stat) : spm_stat_total(stat);
}

static unsigned long spm_sum_capacity(const struct spm_node *node)
{
	unsigned long sum = 0;
	int nid;

	if (node)
		return spm_node_capacity_pages(node);

	rcu_read_lock();
	for_each_node_mask(nid, spm_nodes) {
		node = rcu_dereference(spm_table[nid]);
		if (node)
			sum += spm_node_capacity_pages(node);
	}
	rcu_read_unlock();
	return sum;
}

static ssize_t capacity_bytes_show(struct kobject *kobj,
				   struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%lu\n",
			  spm_sum_capacity(spm_kobj_node(kobj)) << PAGE_SHIFT);
}

static ssize_t used_bytes_show(struct kobject *kobj,
			       struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%lu\n",
			  spm_kobj_stat(kobj, SPM_STAT_USED) << PAGE_SHIFT);
}

static ssize_t free_bytes_show(struct kobject *kobj,
			       struct kobj_attribute *attr, char *buf)
{
	unsigned long capacity = spm_sum_capacity(spm_kobj_node(kobj));
	unsigned long used = spm_kobj_stat(kobj, SPM_STAT_USED);

	return sysfs_emit(buf, "%lu\n",
			  (capacity - min(used, capacity)) << PAGE_SHIFT);
}

static struct kobj_attribute spm_capacity_attr = __ATTR_RO(capacity_bytes);
static struct kobj_attribute spm_used_attr = __ATTR_RO(used_bytes);
static struct kobj_attribute spm_free_attr = __ATTR_RO(free_bytes);

static ssize_t spm_stat_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf);

/* One file for each counter; SPM_STAT_USED is used_bytes above instead. */
#define SPM_STAT_ATTR(stat, file) \
	[stat] = __ATTR(file, 0444, spm_stat_show, NULL)

static struct kobj_attribute spm_stat_attrs[NR_SPM_STATS] = {
	SPM_STAT_ATTR(SPM_STAT_STORED, stored),
	SPM_STAT_ATTR(SPM_STAT_LOADED, loaded),
	SPM_STAT_ATTR(SPM_STAT_LOAD_FAILED, load_failed),
	SPM_STAT_ATTR(SPM_STAT_EVACUATED, evacuated),
	SPM_STAT_ATTR(SPM_STAT_TRIMMED, trimmed),
	SPM_STAT_ATTR(SPM_STAT_REFUSED_FULL, refused_full),
	SPM_STAT_ATTR(SPM_STAT_REFUSED_POISON, refused_poison),
	SPM_STAT_ATTR(SPM_STAT_REFUSED_INJECTED, refused_injected),
};

static ssize_t spm_stat_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	enum spm_stat stat = attr - spm_stat_attrs;

	return sysfs_emit(buf, "%lu\n", spm_kobj_stat(kobj, stat));
}

static struct attribute *spm_attrs[] = {
	&spm_capacity_attr.attr,
	&spm_used_attr.attr,
	&spm_free_attr.attr,
	&spm_stat_attrs[SPM_STAT_STORED].attr,
	&spm_stat_attrs[SPM_STAT_LOADED].attr,
	&spm_stat_attrs[SPM_STAT_LOAD_FAILED].attr,
	&spm_stat_attrs[SPM_STAT_EVACUATED].attr,
	&spm_stat_attrs[SPM_STAT_TRIMMED].attr,
	&spm_stat_attrs[SPM_STAT_REFUSED_FULL].attr,
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
static struct kobj_attribute spm_nodes_attr = __ATTR_RO(nodes);
static struct kobj_attribute spm_no_node_attr = __ATTR_RO(refused_no_node);

static struct attribute *spm_node_attrs[] = {
	&spm_provider_attr.attr,
	NULL
};

static const struct attribute_group spm_node_attr_group = {
	.attrs = spm_node_attrs,
};

static const struct attribute_group *spm_node_attr_groups[] = {
	&spm_attr_group,
	&spm_node_attr_group,
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
