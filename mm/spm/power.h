/* SPDX-License-Identifier: GPL-2.0 */
/* SPM nodes and hibernation */
#ifndef _SPM_POWER_H
#define _SPM_POWER_H

#include <linux/types.h>

#ifdef CONFIG_PM_SLEEP
bool spm_hibernating(void);
#else
static inline bool spm_hibernating(void)
{
	return false;
}
#endif

#endif /* _SPM_POWER_H */
