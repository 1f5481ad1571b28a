/* SPDX-License-Identifier: GPL-2.0 */
/* The task that adds and removes the memory of SPM nodes */
#ifndef _SPM_TASK_H
#define _SPM_TASK_H

#include <linux/types.h>

int spm_task_call(int (*fn)(void *arg), void *arg, bool killable);
void spm_task_undo(void);

#endif /* _SPM_TASK_H */
