// SPDX-License-Identifier: GPL-2.0
/*
 * Admission to an SPM node when this CPU's credit does not do
 *
 * The usual case is inline, see admit.h: nothing has stopped stores, and the CPU has
 * credit. Else the budget is asked for more, and whoever is refused is counted.
 */
#include <linux/percpu.h>
#include <linux/timekeeping.h>

#include "admit.h"
#include "budget.h"
#include "control.h"
#include "node.h"
#include "stats.h"

/**
 * spm_admit_stopped() - refuse a page, as the gate is stopped
 * @node: the node
 *
 * Context: Any.
 * Return: false.
 */
bool spm_admit_stopped(struct spm_node *node)
{
	/* If nobody has stopped it, the reading got too old. */
	if (READ_ONCE(node->budget.gate) <= SPM_GATE_TARGET)
		spm_budget_expire(&node->budget, ktime_get_ns(), jiffies);
	spm_refuse(node, SPM_STAT_REFUSED_STOPPED);
	return false;
}

/**
 * spm_admit_slow() - admit pages when this CPU has too little credit left
 * @node: the node
 * @nr: number of pages
 *
 * What it has in hand meanwhile counts as granted.
 *
 * Context: Any.
 * Return: true if the pages are admitted. If not, that is counted.
 */
bool spm_admit_slow(struct spm_node *node, long nr)
{
	long own = this_cpu_xchg(node->cpu->credit, 0), granted = 0;
	unsigned int got;

	do {
		got = spm_budget_grant(&node->budget);
		granted += got;
	} while (got && own + granted < nr);

	if (own + granted >= nr) {
		this_cpu_add(node->cpu->credit, own + granted - nr);
		return true;
	}
	/* What one large folio could not use is for others. */
	this_cpu_add(node->cpu->credit, own);
	if (granted)
		spm_budget_take_back(&node->budget, granted);
	spm_refuse(node, READ_ONCE(node->budget.gate) == SPM_GATE_TARGET ?
			 SPM_STAT_REFUSED_TARGET : SPM_STAT_REFUSED_BUDGET);
	spm_control_kick(node);
	return false;
}
