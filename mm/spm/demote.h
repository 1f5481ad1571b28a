/* SPDX-License-Identifier: GPL-2.0 */
/* Demotion: its knobs in sysfs, and its counters in debugfs */
#ifndef _SPM_DEMOTE_H
#define _SPM_DEMOTE_H

#include <linux/sysfs.h>

struct dentry;
struct seq_file;

#ifdef CONFIG_SPM_MAPPED
extern const struct attribute_group spm_demote_attr_group;
void spm_demote_show_refused(struct seq_file *m);
void spm_demote_debugfs_init(struct dentry *dir);
#else
static inline void spm_demote_show_refused(struct seq_file *m)
{
}

static inline void spm_demote_debugfs_init(struct dentry *dir)
{
}
#endif

#endif /* _SPM_DEMOTE_H */
