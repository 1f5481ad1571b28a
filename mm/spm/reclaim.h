/* SPDX-License-Identifier: GPL-2.0 */
/* Reclaim of what tasks have mapped on SPM nodes */
#ifndef _SPM_RECLAIM_H
#define _SPM_RECLAIM_H

#include <linux/spm.h>

struct spm_turns;

#ifdef CONFIG_SPM_MAPPED
unsigned long spm_reclaim(int nid, struct spm_turns *turns, unsigned long nr,
			  enum spm_relief relief);
#else
static inline unsigned long spm_reclaim(int nid, struct spm_turns *turns,
					unsigned long nr, enum spm_relief relief)
{
	return 0;
}
#endif

#endif /* _SPM_RECLAIM_H */
