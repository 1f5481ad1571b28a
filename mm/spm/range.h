/* SPDX-License-Identifier: GPL-2.0 */
/* Adding and removing a node's memory */
#ifndef _SPM_RANGE_H
#define _SPM_RANGE_H

struct spm_node;

int spm_ranges_add(struct spm_node *node);
int spm_ranges_offline(struct spm_node *node);
void spm_ranges_remove(struct spm_node *node);
int spm_ranges_undo_add(struct spm_node *node);

#endif /* _SPM_RANGE_H */
