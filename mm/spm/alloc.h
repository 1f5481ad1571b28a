/* SPDX-License-Identifier: GPL-2.0 */
/* Taking pages from SPM nodes, inside of the core */
#ifndef _SPM_ALLOC_H
#define _SPM_ALLOC_H

#include <linux/gfp.h>
#include <linux/types.h>

struct folio;
struct spm_node;

/* Don't wait for memory of DRAM: what doesn't go there can go elsewhere. */
#define SPM_DRAM_GFP	((GFP_HIGHUSER_MOVABLE & ~__GFP_RECLAIM) | __GFP_NOWARN | \
			 __GFP_NOMEMALLOC | GFP_NOWAIT)

struct folio *spm_alloc_unadmitted(int nid);
struct folio *spm_alloc_probed(int nid, unsigned int order);
bool spm_move_admit(struct spm_node *to, const struct spm_node *from, long nr);

#endif /* _SPM_ALLOC_H */
