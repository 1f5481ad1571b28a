/* SPDX-License-Identifier: GPL-2.0 */
/* Checks that nobody can write to folios on SPM nodes */
#ifndef _SPM_CHECK_H
#define _SPM_CHECK_H

struct dentry;

#ifdef CONFIG_SPM_DEBUG
void spm_check_init(struct dentry *dir);
#else
static inline void spm_check_init(struct dentry *dir)
{
}
#endif

#endif /* _SPM_CHECK_H */
