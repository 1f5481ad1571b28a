// SPDX-License-Identifier: GPL-2.0
/*
 * Which SPM node to try first
 *
 * For each NUMA node, the SPM nodes that take pages, nearest first. Made anew
 * when a node comes, closes, reopens or goes, under spm_mutex; read under RCU.
 * So a node that is in no order any more gets no new pages after
 * synchronize_rcu(), and there is no state to check on the way.
 */
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/spm_hooks.h>
#include <linux/topology.h>

#include "node.h"
#include "order.h"

struct spm_order __rcu *spm_orders[MAX_NUMNODES];

/* Nobody has told how far away a spare node is. */
static int spm_distance(int nid, const struct spm_node *node)
{
	int to = node->firmware_nid;

	return node_distance(nid, to == NUMA_NO_NODE ? node->nid : to);
}

static int spm_order_cmp(const void *a, const void *b, const void *priv)
{
	const struct spm_node *na = *(const struct spm_node **)a;
	const struct spm_node *nb = *(const struct spm_node **)b;
	int nid = *(const int *)priv;
	int diff = spm_distance(nid, na) - spm_distance(nid, nb);

	return diff ?: na->nid - nb->nid;
}

/* Put the nodes that take pages into @nodes, unless NULL. Return: how many. */
static int spm_order_collect(struct spm_node **nodes)
{
	struct spm_node *node;
	int i, nr = 0;

	for_each_node_mask(i, spm_nodes) {
		node = rcu_dereference_protected(spm_table[i],
						 lockdep_is_held(&spm_mutex));
		if (!node || node->closing)
			continue;
		if (nodes)
			nodes[nr] = node;
		nr++;
	}
	return nr;
}

static struct spm_order *spm_order_new(int nid, int nr)
{
	struct spm_order *order;

	/* Also for closing a node, which is no reason to kill anybody. */
	order = kzalloc(struct_size(order, node, nr),
			GFP_KERNEL | __GFP_RETRY_MAYFAIL);
	if (!order)
		return NULL;

	order->nr = nr;
	spm_order_collect(order->node);
	sort_r(order->node, nr, sizeof(order->node[0]), spm_order_cmp, NULL,
	       &nid);
	return order;
}

static void spm_order_set(int nid, struct spm_order *order)
{
	order = rcu_replace_pointer(spm_orders[nid], order,
				    lockdep_is_held(&spm_mutex));
	if (order)
		kfree_rcu(order, rcu);
}

/**
 * spm_order_rebuild() - make all orders anew
 *
 * To be called after a node was added to spm_table or taken out, and after its
 * closing changed. Taking a node out does not fail: if there is no memory for
 * a new order, that NUMA node has none until the next rebuild.
 *
 * Context: Under spm_mutex. Waits for readers of the old orders.
 * Return: 0, or -ENOMEM if a NUMA node was left without an order.
 */
int spm_order_rebuild(void)
{
	int nid, nr, rc = 0;

	lockdep_assert_held(&spm_mutex);

	nr = spm_order_collect(NULL);
	for_each_node(nid) {
		struct spm_order *order = nr ? spm_order_new(nid, nr) : NULL;

		if (nr && !order)
			rc = -ENOMEM;
		spm_order_set(nid, order);
	}
	synchronize_rcu();
	return rc;
}
