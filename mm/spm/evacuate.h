/* SPDX-License-Identifier: GPL-2.0 */
/* Moving everything off a node */
#ifndef _SPM_EVACUATE_H
#define _SPM_EVACUATE_H

struct spm_node;

int spm_evacuate(struct spm_node *node);

#endif /* _SPM_EVACUATE_H */
