/* SPDX-License-Identifier: GPL-2.0 */
/* Mapped mode: what the rest of the core needs of it */
#ifndef _SPM_MAPPED_H
#define _SPM_MAPPED_H

#include <linux/spm.h>

struct dentry;
struct folio;
struct list_head;
struct page;
struct seq_file;
struct spm_node;

#ifdef CONFIG_SPM_MAPPED
unsigned long spm_tag_age(struct folio *folio);
int spm_home_nid(struct folio *folio);
unsigned int spm_promote_folios(struct list_head *list);
struct folio *spm_mapped_new_folio(struct folio *src);
bool spm_mapped_lose(struct spm_node *node);
bool spm_mapped_forget(struct page *page);
void spm_mapped_drain(void);
void spm_mapped_show_drains(struct seq_file *m);
void spm_mapped_debugfs_init(struct dentry *dir);
#else
static inline struct folio *spm_mapped_new_folio(struct folio *src)
{
	return NULL;
}

static inline bool spm_mapped_lose(struct spm_node *node)
{
	return false;
}

static inline bool spm_mapped_forget(struct page *page)
{
	return false;
}

static inline void spm_mapped_drain(void)
{
}

static inline void spm_mapped_show_drains(struct seq_file *m)
{
}

static inline void spm_mapped_debugfs_init(struct dentry *dir)
{
}
#endif

#endif /* _SPM_MAPPED_H */
