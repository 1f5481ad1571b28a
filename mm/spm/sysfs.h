/* SPDX-License-Identifier: GPL-2.0 */
/* A node's files in sysfs */
#ifndef _SPM_SYSFS_H
#define _SPM_SYSFS_H

struct spm_node;

int spm_sysfs_add(struct spm_node *node);
void spm_sysfs_del(struct spm_node *node);
void spm_sysfs_forget_device(struct spm_node *node);

#endif /* _SPM_SYSFS_H */
