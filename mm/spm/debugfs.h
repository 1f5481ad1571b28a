/* SPDX-License-Identifier: GPL-2.0 */
/* A node's directory in debugfs */
#ifndef _SPM_DEBUGFS_H
#define _SPM_DEBUGFS_H

struct spm_node;

#ifdef CONFIG_DEBUG_FS
void spm_debugfs_add(struct spm_node *node);
void spm_debugfs_del(struct spm_node *node);
#else
static inline void spm_debugfs_add(struct spm_node *node)
{
}

static inline void spm_debugfs_del(struct spm_node *node)
{
}
#endif

#endif /* _SPM_DEBUGFS_H */
