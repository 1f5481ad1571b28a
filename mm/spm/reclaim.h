/* SPDX-License-Identifier: GPL-2.0 */
/* Reclaim of what tasks have mapped on SPM nodes */
#ifndef _SPM_RECLAIM_H
#define _SPM_RECLAIM_H

#include <linux/spm.h>

struct spm_node;
struct spm_turns;

#ifdef CONFIG_SPM_MAPPED
unsigned long spm_reclaim(int nid, struct spm_turns *turns, unsigned long nr,
			  enum spm_relief relief);
unsigned long spm_reclaim_cold(int nid, struct spm_turns *turns, unsigned long nr,
			       unsigned int round);
bool spm_tidy(struct spm_node *node);
#else
static inline unsigned long spm_reclaim(int nid, struct spm_turns *turns,
					unsigned long nr, enum spm_relief relief)
{
	return 0;
}

static inline unsigned long spm_reclaim_cold(int nid, struct spm_turns *turns,
					     unsigned long nr, unsigned int round)
{
	return 0;
}

static inline bool spm_tidy(struct spm_node *node)
{
	return false;
}
#endif

#endif /* _SPM_RECLAIM_H */
