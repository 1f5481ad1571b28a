/* SPDX-License-Identifier: GPL-2.0 */
/* What a cgroup allows; for users of SPM see linux/spm.h */
#ifndef _SPM_MEMCG_H
#define _SPM_MEMCG_H

#include <linux/types.h>

struct folio;

#if defined(CONFIG_SPM_MAPPED) && defined(CONFIG_MEMCG)
bool spm_memcg_may_demote(struct folio *folio);
bool spm_memcg_may_promote(struct folio *folio);
int spm_charge_folio(struct folio *folio);
void spm_uncharge_folio(struct folio *folio);
#else
static inline bool spm_memcg_may_demote(struct folio *folio)
{
	return true;
}

static inline bool spm_memcg_may_promote(struct folio *folio)
{
	return true;
}

static inline int spm_charge_folio(struct folio *folio)
{
	return 0;
}

static inline void spm_uncharge_folio(struct folio *folio)
{
}
#endif

#endif /* _SPM_MEMCG_H */
