/* SPDX-License-Identifier: GPL-2.0 */
/* Faults that tests have happen, see inject.c */
#ifndef _SPM_INJECT_H
#define _SPM_INJECT_H

#include <linux/types.h>

struct dentry;
struct page;

#ifdef CONFIG_FAULT_INJECTION
bool spm_inject_alloc(void);
unsigned long spm_inject_copy(struct page *to, struct page *from);
#else
static inline bool spm_inject_alloc(void)
{
	return false;
}

static inline unsigned long spm_inject_copy(struct page *to, struct page *from)
{
	return 0;
}
#endif

#ifdef CONFIG_FAULT_INJECTION_DEBUG_FS
void spm_inject_debugfs_init(struct dentry *dir);
#else
static inline void spm_inject_debugfs_init(struct dentry *dir)
{
}
#endif

#endif /* _SPM_INJECT_H */
