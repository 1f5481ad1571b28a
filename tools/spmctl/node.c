// SPDX-License-Identifier: GPL-2.0
/*
 * spmctl: what sysfs says of SPM nodes
 *
 * A figure that sysfs does not have is not known; none is made up. Each file is described
 * in Documentation/ABI/testing/sysfs-kernel-mm-spm of the project.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device.h"
#include "node.h"
#include "sysfs.h"
#include "text.h"

/* How often to look again for used = swapped + mapped while pages come and go */
#define MAX_LOOKS 4

/* Files with one number; those that mm_stat has are read from there. */
static const char *const figure_files[NR_FIGURES] = {
	[FIGURE_USED] = "used_bytes",
	[FIGURE_SWAPPED] = "swapped_bytes",
	[FIGURE_MAPPED] = "mapped_bytes",
	[FIGURE_DEMOTED] = "demoted",
	[FIGURE_PROMOTED_WRITE] = "promoted_write",
	[FIGURE_REFUSED_FULL] = "refused_full",
	[FIGURE_REFUSED_BUDGET] = "refused_budget",
	[FIGURE_REFUSED_TARGET] = "refused_target",
	[FIGURE_REFUSED_STOPPED] = "refused_stopped",
	[FIGURE_LOST] = "lost",
	[FIGURE_RELIEF] = "relief_bytes_per_s",
	[FIGURE_NOTICE] = "notice_ms",
	[FIGURE_MARGIN] = "margin_permille",
	[FIGURE_TARGET] = "target_permille",
	[FIGURE_REOPEN] = "reopen_permille",
	[FIGURE_INTERVAL] = "interval_ms",
	[FIGURE_STALE] = "stale_ms",
};

#define AS_PAGES_LEAVE "it opens by itself as pages leave; for good: less on it, or a larger device"

/* Why a gate is shut, from the table of the ABI's "gate", and what to do about it. */
static const struct {
	const char *reason, *meaning, *advice;
} gate_meanings[] = {
	{ "target", "usage was above the target", AS_PAGES_LEAVE },
	{ "limit", "usage was within the margin", AS_PAGES_LEAVE },
	{ "high", "the device said that usage is high", AS_PAGES_LEAVE },
	{ "capacity", "the device can hold less than it said, or holds more than it should",
	  "it opens by itself when all that is there fits again" },
	{ "stale", "there is no reading of the device, or it is too old",
	  "it opens with the next one; look for the driver in the kernel log" },
	{ "abandoned", "its driver is gone, and its pages could not leave",
	  "`spmctl bind DEVICE` moves them away, and makes a new node" },
	{ "removed", "the device is gone", NULL },
};

const char *gate_meaning(const char *reason)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(gate_meanings); i++)
		if (!strcmp(gate_meanings[i].reason, reason))
			return gate_meanings[i].meaning;
	return "this spmctl does not know the reason";
}

/* What to do about a gate that is shut, in one line; nothing if that is not known */
void gate_advice(const struct node *node, char *text, size_t size)
{
	const char *advice = "";
	size_t i;

	for (i = 0; i < ARRAY_SIZE(gate_meanings); i++)
		if (!strcmp(gate_meanings[i].reason, node->reason))
			advice = gate_meanings[i].advice;
	if (advice)
		snprintf(text, size, "%s", advice);
	else if (*node->device)
		snprintf(text, size, "`spmctl unbind %d` takes the node away; what it held is lost",
			 node->nid);
	else
		snprintf(text, size, "when it is back, `spmctl bind DEVICE` takes the node away");
}

/* May it be seen whether the node takes pages? */
bool node_has_gate(const struct node *node)
{
	return *node->state && *node->reason;
}

bool node_is_open(const struct node *node)
{
	return !strcmp(node->state, "open");
}

static const char *name_node(int nid, char *buf, size_t size)
{
	if (nid < 0)
		snprintf(buf, size, "all nodes");
	else
		snprintf(buf, size, "node %d", nid);
	return buf;
}

/* A file that is not there, or may not be read, is no fault; one with nonsense in it is. */
static struct value read_figure(int dir, int nid, const char *file)
{
	struct value value = { false, 0 };
	char whose[FIGURE_SIZE];
	int rc;

	rc = sysfs_read_u64_at(dir, file, &value.number);
	value.known = !rc;
	if (rc == -EINVAL || rc == -ERANGE)
		note("%s of %s is left out: it is no number of 64 bits", file,
		     name_node(nid, whose, sizeof(whose)));
	return value;
}

static void read_mm_stat(int dir, struct node *node)
{
	char text[TEXT_SIZE], whose[FIGURE_SIZE], *word, *rest;
	unsigned int i;

	if (sysfs_read_at(dir, "mm_stat", text, sizeof(text)))
		return;
	word = strtok_r(text, " ", &rest);
	for (i = 0; i < NR_MM_STAT && word; i++) {
		node->value[i].known = !parse_u64(word, UINT64_MAX, &node->value[i].number);
		if (!node->value[i].known)
			note("field %u of mm_stat of %s is left out: it is no number of 64 bits",
			     i + 1, name_node(node->nid, whose, sizeof(whose)));
		word = strtok_r(NULL, " ", &rest);
	}
}

static bool adds_up(const struct node *node)
{
	const struct value *value = node->value;

	return !value[FIGURE_USED].known || !value[FIGURE_SWAPPED].known ||
	       !value[FIGURE_MAPPED].known ||
	       value[FIGURE_USED].number ==
			value[FIGURE_SWAPPED].number + value[FIGURE_MAPPED].number;
}

static void read_figures(int dir, struct node *node)
{
	int figure, looks = 0;

	read_mm_stat(dir, node);
	for (figure = NR_MM_STAT; figure < NR_FIGURES; figure++)
		if (figure_files[figure])
			node->value[figure] = read_figure(dir, node->nid, figure_files[figure]);
	while (!adds_up(node) && ++looks < MAX_LOOKS)
		for (figure = FIGURE_USED; figure <= FIGURE_MAPPED; figure++)
			node->value[figure] = read_figure(dir, node->nid, figure_files[figure]);
}

/* The sum over the four reasons, if all are known. */
static void add_refused(struct node *node)
{
	struct value *sum = &node->value[FIGURE_REFUSED];
	int figure;

	sum->known = true;
	for (figure = FIGURE_REFUSED_FULL; figure <= FIGURE_REFUSED_STOPPED; figure++) {
		sum->known = sum->known && node->value[figure].known;
		sum->number += node->value[figure].number;
	}
}

/* "stopped stale" */
static void read_gate(int dir, struct node *node)
{
	char text[TEXT_SIZE];

	if (!sysfs_read_at(dir, "gate", text, sizeof(text)))
		sscanf(text, "%63s %63s", node->state, node->reason);
}

/* The instance whose memory it is. A provider need not be a driver of instances. */
static void find_device(const struct devices *devices, struct node *node)
{
	const struct device *device;
	size_t i;

	if (!sysfs_link(node->device, sizeof(node->device), SYS_NODES "/node%d/spm/device",
			node->nid))
		return;
	for (i = 0; i < devices->count; i++) {
		device = &devices->device[i];
		if (device->nid == node->nid && !strcmp(device->driver, node->provider))
			strcpy(node->device, device->name);
	}
}

struct node_walk {
	struct nodes *nodes;
	struct devices devices;
};

static int node_append(const char *name, void *data)
{
	struct node_walk *walk = data;
	struct node *more, *node;
	char text[TEXT_SIZE];
	uint64_t nid;
	int dir;

	if (strncmp(name, "node", strlen("node")) ||
	    parse_u64(name + strlen("node"), INT_MAX, &nid))
		return 0;
	dir = sysfs_open_dir(SYS_NODES "/%s/spm", name);
	if (dir < 0)
		return 0;	/* it is no SPM node, or has just gone */

	more = realloc(walk->nodes->node, (walk->nodes->count + 1) * sizeof(*more));
	if (!more) {
		close(dir);
		return -ENOMEM;
	}
	walk->nodes->node = more;
	node = &more[walk->nodes->count++];
	memset(node, 0, sizeof(*node));
	node->nid = (int)nid;
	if (!sysfs_read_at(dir, "provider", text, sizeof(text)))
		sscanf(text, "%63s", node->provider);
	read_gate(dir, node);
	read_figures(dir, node);
	add_refused(node);
	find_device(&walk->devices, node);
	close(dir);
	return 0;
}

/* What zswap has compressed, in its zpool or, for zspm, in zspm's fallback. */
static void read_fallback(struct node *all)
{
	struct value *value = &all->value[FIGURE_FALLBACK];

	value->known = !sysfs_field_kib("/proc/meminfo", "Zswapped", &value->number);
	value->number *= 1024;
}

static void read_all(struct node *all)
{
	int dir;

	memset(all, 0, sizeof(*all));
	all->nid = -1;
	dir = sysfs_open_dir(SYS_SPM);
	if (dir < 0)
		return;
	read_figures(dir, all);
	add_refused(all);
	read_fallback(all);
	close(dir);
}

/* -ENOENT: this kernel has no SPM; -ENOMEM. The caller frees it in any case. */
int nodes_read(struct nodes *nodes)
{
	struct node_walk walk = { .nodes = nodes };
	int rc;

	memset(nodes, 0, sizeof(*nodes));
	if (!sysfs_exists(SYS_SPM))
		return -ENOENT;
	rc = devices_read(&walk.devices);
	if (!rc || rc == -EACCES)
		rc = sysfs_for_each(SYS_NODES, node_append, &walk);
	devices_free(&walk.devices);
	read_all(&nodes->all);
	return rc == -ENOENT ? 0 : rc;	/* no NUMA, so no SPM node */
}

void nodes_free(struct nodes *nodes)
{
	free(nodes->node);
	memset(nodes, 0, sizeof(*nodes));
}

/*
 * The last row of a table: what stands above it, added up. The kernel's own totals differ
 * in that they have the events of nodes that are gone. Quotients and what zswap has
 * compressed are the kernel's; knobs and times don't add up.
 */
void nodes_sum(const struct nodes *nodes, struct node *sum)
{
	const struct value *value;
	size_t i;
	int figure;

	memset(sum, 0, sizeof(*sum));
	sum->nid = -1;
	for (figure = 0; figure < NR_FIGURES; figure++) {
		if (figure >= FIGURE_RELIEF && figure <= FIGURE_STALE)
			continue;
		sum->value[figure].known = nodes->count > 0;
		for (i = 0; i < nodes->count; i++) {
			value = &nodes->node[i].value[figure];
			sum->value[figure].known = sum->value[figure].known && value->known;
			sum->value[figure].number += value->number;
		}
	}
	sum->value[FIGURE_RATIO] = nodes->all.value[FIGURE_RATIO];
	sum->value[FIGURE_FALLBACK] = nodes->all.value[FIGURE_FALLBACK];
}

/* Says that this kernel has no SPM. Return: the exit status for that. */
int nodes_explain_absence(void)
{
	complain("this kernel has no SPM: there is no " SYS_SPM ".\n"
		 "        Boot one that is built with CONFIG_SPM=y; `uname -r` tells which runs.");
	return STATUS_ABSENT;
}

/* Says why nodes_read() failed, if it did. Return: the exit status for that. */
int nodes_explain(int rc)
{
	if (rc == -ENOENT)
		return nodes_explain_absence();
	if (rc)
		complain("SPM nodes can't be listed: %s", strerror(-rc));
	return status_of(rc);
}
