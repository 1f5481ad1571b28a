/* SPDX-License-Identifier: GPL-2.0 */
/* Figures of a node as it is now, for sysfs and debugfs. They add up over nodes. */
#ifndef _SPM_FIGURES_H
#define _SPM_FIGURES_H

#include <linux/types.h>

struct spm_node;

u64 spm_capacity_bytes(struct spm_node *node);
u64 spm_used_bytes(struct spm_node *node);
u64 spm_mapped_bytes(struct spm_node *node);
u64 spm_swapped_bytes(struct spm_node *node);
u64 spm_untrimmed_bytes(struct spm_node *node);
u64 spm_free_bytes(struct spm_node *node);
u64 spm_physical_bytes(struct spm_node *node);
u64 spm_physical_used_bytes(struct spm_node *node);
u64 spm_budget_bytes(struct spm_node *node);
u64 spm_deficit_bytes(struct spm_node *node);
u64 spm_relief_bytes_per_s(struct spm_node *node);
u64 spm_notice_ms(struct spm_node *node);
u64 spm_admitted(struct spm_node *node);

u64 spm_figure(struct spm_node *node, u64 (*figure)(struct spm_node *node));
u64 spm_ratio_permille(struct spm_node *node);

#endif /* _SPM_FIGURES_H */
