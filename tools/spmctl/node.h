/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SPMCTL_NODE_H
#define SPMCTL_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAME_SIZE 64

/* What is known of a node in numbers. The order is that of figures[] in node.c. */
enum figure {
	/* from mm_stat, in its order */
	FIGURE_CAPACITY, FIGURE_MM_USED, FIGURE_PHYSICAL, FIGURE_PHYSICAL_USED, FIGURE_BUDGET,
	FIGURE_RATIO, FIGURE_DEFICIT, FIGURE_ADMITTED, FIGURE_LOADED, FIGURE_PROMOTED,
	FIGURE_WRITTEN_BACK, FIGURE_TRIMMED, FIGURE_POISONED,
	/* from files of their own */
	FIGURE_USED, FIGURE_SWAPPED, FIGURE_MAPPED, FIGURE_DEMOTED, FIGURE_PROMOTED_WRITE,
	FIGURE_REFUSED_FULL, FIGURE_REFUSED_BUDGET, FIGURE_REFUSED_TARGET,
	FIGURE_REFUSED_STOPPED, FIGURE_LOST, FIGURE_RELIEF, FIGURE_NOTICE, FIGURE_MARGIN,
	FIGURE_TARGET, FIGURE_REOPEN, FIGURE_INTERVAL, FIGURE_STALE,
	/* made of others */
	FIGURE_REFUSED,
	/* of all nodes only, from /proc/meminfo */
	FIGURE_FALLBACK,
	NR_FIGURES
};

#define NR_MM_STAT (FIGURE_POISONED + 1)

/* A number, or that there is none. */
struct value {
	bool known;
	uint64_t number;
};

struct node {
	int nid;			/* -1: all nodes together */
	char device[NAME_SIZE];		/* empty if no device-dax instance has the memory */
	char provider[NAME_SIZE];
	char state[NAME_SIZE];		/* of the gate: open, closed, stopped */
	char reason[NAME_SIZE];
	struct value value[NR_FIGURES];
};

struct nodes {
	struct node *node;		/* by number */
	size_t count;
	struct node all;		/* as the kernel adds them up */
};

int nodes_read(struct nodes *nodes);
void nodes_free(struct nodes *nodes);
void nodes_sum(const struct nodes *nodes, struct node *sum);
int nodes_explain_absence(void);
int nodes_explain(int rc);
bool node_is_open(const struct node *node);
bool node_has_gate(const struct node *node);
const char *gate_meaning(const char *reason);
void gate_advice(const struct node *node, char *text, size_t size);

#endif /* SPMCTL_NODE_H */
