/* SPDX-License-Identifier: GPL-2.0 */
/* Moving raw pages out of zswap: what its pools call. */
#ifndef _SPM_ZSWAP_H
#define _SPM_ZSWAP_H

#include <linux/swap.h>

int zswap_evict(swp_entry_t swp, unsigned long handle, bool promote);
unsigned long zswap_evict_cold(unsigned long nr,
			       bool (*match)(unsigned long handle, int nid),
			       int nid, bool promote);

#endif /* _SPM_ZSWAP_H */
