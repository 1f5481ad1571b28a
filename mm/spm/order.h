/* SPDX-License-Identifier: GPL-2.0 */
/* Which SPM nodes a NUMA node uses, nearest first */
#ifndef _SPM_ORDER_H
#define _SPM_ORDER_H

#include <linux/rcupdate.h>

struct spm_node;

/**
 * struct spm_order - SPM nodes in the order in which one NUMA node uses them
 * @rcu: for freeing
 * @nr: number of entries
 * @node: SPM nodes, nearest first
 */
struct spm_order {
	struct rcu_head rcu;
	int nr;
	struct spm_node *node[] __counted_by(nr);
};

extern struct spm_order __rcu *spm_orders[MAX_NUMNODES];

/**
 * spm_order_get() - SPM nodes by distance
 * @nid: NUMA node that the pages come from
 *
 * Context: Under RCU, which the result is valid in.
 * Return: the order, NULL if no SPM node takes pages.
 */
static inline const struct spm_order *spm_order_get(int nid)
{
	return rcu_dereference(spm_orders[nid]);
}

int spm_order_rebuild(void);

#endif /* _SPM_ORDER_H */
