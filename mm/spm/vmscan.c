// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim of SPM nodes, for mapped mode. A part of mm/vmscan.c, which includes it.
 *
 * SPM nodes are in no zonelist, so nobody reclaims them but kswapd, when a zone is
 * low on pages, which hardly happens: it is the device that gets full. Then the
 * node's control loop moves cold folios away.
 */
#include <linux/spm.h>

#include "mapped.h"

/**
 * spm_shrink_node() - move cold folios of tasks off an SPM node
 * @nid: the node
 * @nr: how many pages
 * @relief: where to; SPM_PROMOTE only as long as DRAM has room
 *
 * Context: Process context without locks. May sleep.
 * Return: how many were moved. May be more than @nr.
 */
unsigned long spm_shrink_node(int nid, unsigned long nr, enum spm_relief relief)
{
	/* There is nothing but anonymous memory. */
	int __maybe_unused swappiness = MAX_SWAPPINESS;
	struct scan_control sc = {
		.nr_to_reclaim = max(nr, SWAP_CLUSTER_MAX),
		.gfp_mask = GFP_KERNEL,
		.priority = DEF_PRIORITY,
		.may_writepage = 1,
		.may_unmap = 1,
		.may_swap = 1,
		.memcg_low_reclaim = 1,		/* protection is about DRAM */
		.reclaim_idx = MAX_NR_ZONES - 1,
		.proactive = 1,
#ifdef CONFIG_MEMCG
		.proactive_swappiness = &swappiness,
#endif
		.no_demotion = 1,
		.spm_promote = relief == SPM_PROMOTE,
	};
	unsigned int noreclaim_flag;

	fs_reclaim_acquire(sc.gfp_mask);
	noreclaim_flag = memalloc_noreclaim_save();
	set_task_reclaim_state(current, &sc.reclaim_state);
	do {
		shrink_node(NODE_DATA(nid), &sc);
	} while (sc.nr_reclaimed < nr && --sc.priority >= 0);
	set_task_reclaim_state(current, NULL);
	memalloc_noreclaim_restore(noreclaim_flag);
	fs_reclaim_release(sc.gfp_mask);
	return sc.nr_reclaimed;
}
