/* SPDX-License-Identifier: GPL-2.0 */
/* What a cgroup allows in mapped mode */
#ifndef _SPM_MEMCG_H
#define _SPM_MEMCG_H

#include <linux/types.h>

struct folio;

#if defined(CONFIG_SPM_MAPPED) && defined(CONFIG_MEMCG)
bool spm_memcg_may_demote(struct folio *folio);
bool spm_memcg_may_promote(struct folio *folio);
#else
static inline bool spm_memcg_may_demote(struct folio *folio)
{
	return true;
}

static inline bool spm_memcg_may_promote(struct folio *folio)
{
	return true;
}
#endif

#endif /* _SPM_MEMCG_H */
