/* SPDX-License-Identifier: GPL-2.0 */
/* Relief: moving pages off a node that is short of space */
#ifndef _SPM_RELIEF_H
#define _SPM_RELIEF_H

#include <linux/types.h>

struct mem_cgroup;
struct spm_node;

void spm_relief_init(struct spm_node *node);
void spm_relief_let_go(struct spm_node *node);
void spm_relief_end(struct spm_node *node);
bool spm_relieve(struct spm_node *node);
unsigned long spm_relieve_memcg(struct mem_cgroup *memcg, unsigned long nr);

#endif /* _SPM_RELIEF_H */
