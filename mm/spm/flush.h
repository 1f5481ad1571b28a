/* SPDX-License-Identifier: GPL-2.0 */
/* Having the device get what is in the cache */
#ifndef _SPM_FLUSH_H
#define _SPM_FLUSH_H

/* May a page count as written only when its lines are on the device? Then they can be. */
#define SPM_CAN_FLUSH	IS_ENABLED(CONFIG_ARCH_HAS_PMEM_API)

void spm_flush(unsigned long pfn, long nr);

#endif /* _SPM_FLUSH_H */
