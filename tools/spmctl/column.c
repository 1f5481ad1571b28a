// SPDX-License-Identifier: GPL-2.0
/*
 * spmctl: the columns of its table, which are the keys of its JSON as well
 *
 * spmctl(8) defines each, with the file that it comes from.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "column.h"
#include "text.h"

#define TEXT(NAME, member, text) \
	{ .name = NAME, .kind = KIND_TEXT, .offset = offsetof(struct node, member), .help = text }
#define BYTES(NAME, FIGURE, text) \
	{ .name = NAME, .kind = KIND_BYTES, .figure = FIGURE_##FIGURE, .help = text }
#define COUNTER(NAME, FIGURE, text) \
	{ .name = NAME, .kind = KIND_COUNT, .figure = FIGURE_##FIGURE, .is_counter = true, \
	  .help = text }
#define KNOB(NAME, FIGURE, text) \
	{ .name = NAME, .kind = KIND_COUNT, .figure = FIGURE_##FIGURE, .help = text }

const struct column all_columns[] = {
	TEXT("DEVICE", device, "device-dax instance whose memory it is"),
	{ .name = "NODE", .kind = KIND_NODE, .help = "number of the NUMA node" },
	TEXT("DRIVER", provider, "driver that registered the node (provider)"),
	TEXT("GATE", state, "open: takes pages; closed, stopped: does not (gate)"),
	TEXT("REASON", reason, "why the gate is shut, none if it is open (gate)"),
	BYTES("CAPACITY", CAPACITY, "memory that is online (capacity_bytes)"),
	BYTES("PHYS", PHYSICAL, "what the device can hold (physical_bytes)"),
	BYTES("PHYS-USED", PHYSICAL_USED, "what its contents take there (physical_used_bytes)"),
	BYTES("USED", USED, "memory in use, SWAPPED + MAPPED (used_bytes)"),
	BYTES("BUDGET", BUDGET, "upper bound of what contents take (mm_stat, 5)"),
	{ .name = "RATIO", .kind = KIND_RATIO, .figure = FIGURE_RATIO,
	  .help = "how well contents compress (mm_stat, 6)" },
	BYTES("SWAPPED", SWAPPED, "pages that were swapped out (swapped_bytes)"),
	BYTES("MAPPED", MAPPED, "pages that tasks have mapped (mapped_bytes)"),
	BYTES("FALLBACK", FALLBACK, "compressed by zswap, of no node (Zswapped in /proc/meminfo)"),
	COUNTER("REFUSED", REFUSED, "pages not taken, the sum of the four REFUSED-*"),
	COUNTER("REFUSED-FULL", REFUSED_FULL, "times that no page was free (refused_full)"),
	COUNTER("REFUSED-BUDGET", REFUSED_BUDGET, "pages that might not fit (refused_budget)"),
	COUNTER("REFUSED-TARGET", REFUSED_TARGET, "pages above the target (refused_target)"),
	COUNTER("REFUSED-STOPPED", REFUSED_STOPPED, "pages after a stop (refused_stopped)"),
	COUNTER("POISON", POISONED, "pages that the device has lost (poisoned)"),
	COUNTER("LOST", LOST, "stored pages that were given up unreadable (lost)"),
	BYTES("DEFICIT", DEFICIT, "what must leave until it takes pages again (mm_stat, 7)"),
	COUNTER("ADMITTED", ADMITTED, "pages written to the node (mm_stat, 8)"),
	COUNTER("LOADED", LOADED, "pages swapped in, or written back (mm_stat, 9)"),
	COUNTER("DEMOTED", DEMOTED, "tasks' pages that went to the node (demoted)"),
	COUNTER("WRITTEN", PROMOTED_WRITE,
		"mapped pages that were written to, so copied to DRAM (promoted_write)"),
	COUNTER("PROMOTED", PROMOTED, "pages moved to DRAM for lack of space (mm_stat, 10)"),
	COUNTER("WRITTEN-BACK", WRITTEN_BACK,
		"pages moved to the swap device for lack of space (mm_stat, 11)"),
	COUNTER("TRIMMED", TRIMMED, "freed pages the device has forgotten (mm_stat, 12)"),
	BYTES("RELIEF", RELIEF, "bytes that leave a second when short (relief_bytes_per_s)"),
	KNOB("NOTICE", NOTICE, "ms before shrinking it has to say so (notice_ms)"),
	KNOB("MARGIN", MARGIN, "per mille never given out (margin_permille)"),
	KNOB("TARGET", TARGET, "per mille above which none is taken (target_permille)"),
	KNOB("REOPEN", REOPEN, "per mille at which pages are taken again (reopen_permille)"),
	KNOB("INTERVAL", INTERVAL, "ms between readings (interval_ms)"),
	KNOB("STALE", STALE, "ms after which a reading is too old (stale_ms)"),
};

const size_t nr_all_columns = ARRAY_SIZE(all_columns);

static const struct column *find_column(const char *name)
{
	size_t i;

	for (i = 0; i < nr_all_columns; i++)
		if (!strcasecmp(all_columns[i].name, name))
			return &all_columns[i];
	return NULL;
}

static void columns_add(struct columns *columns, const char *name)
{
	columns->column[columns->count++] = find_column(name);
}

void columns_default(struct columns *columns)
{
	static const char *const names[] = {
		"DEVICE", "NODE", "DRIVER", "GATE", "CAPACITY", "PHYS", "USED", "BUDGET",
		"RATIO", "SWAPPED", "MAPPED", "REFUSED", "POISON",
	};
	size_t i;

	columns->count = 0;
	for (i = 0; i < ARRAY_SIZE(names); i++)
		columns_add(columns, names[i]);
}

void columns_all(struct columns *columns)
{
	size_t i;

	columns->count = 0;
	for (i = 0; i < nr_all_columns; i++)
		columns->column[columns->count++] = &all_columns[i];
}

/* "NODE,USED"; "+LOST" adds to the default. */
int columns_parse(struct columns *columns, const char *list)
{
	char *copy, *name, *rest, safe[SAFE_SIZE];
	int rc = 0;

	columns->count = 0;
	if (*list == '+') {
		columns_default(columns);
		list++;
	}
	copy = strdup(list);
	if (!copy)
		return -ENOMEM;
	for (name = strtok_r(copy, ",", &rest); name && !rc; name = strtok_r(NULL, ",", &rest)) {
		if (!find_column(trim(name))) {
			complain("there is no column '%s'; `spmctl --help` lists them",
				 printable(name, safe, sizeof(safe)));
			rc = -EINVAL;
		} else if (columns->count == MAX_COLUMNS) {
			complain("more than %d columns", MAX_COLUMNS);
			rc = -EINVAL;
		} else {
			columns_add(columns, trim(name));
		}
	}
	free(copy);
	if (!rc && !columns->count) {
		complain("--output names no column; `spmctl --help` lists them");
		rc = -EINVAL;
	}
	return rc;
}

void columns_print_help(void)
{
	size_t i;

	for (i = 0; i < nr_all_columns; i++)
		printf("  %-16s %s\n", all_columns[i].name, all_columns[i].help);
}

/* NULL if it is not known */
const char *column_text(const struct column *column, const struct node *node)
{
	const char *text = (const char *)node + column->offset;

	return *text ? text : NULL;
}

static void format_number(const struct column *column, uint64_t number, bool bytes, char *buf,
			  size_t size)
{
	if (column->kind == KIND_BYTES && !bytes)
		format_size(number, buf, size);
	else if (column->kind == KIND_RATIO)
		snprintf(buf, size, "%llu.%02llu", (unsigned long long)(number / 1000),
			 (unsigned long long)(number % 1000 / 10));
	else
		snprintf(buf, size, "%llu", (unsigned long long)number);
}

/* For the table. The gate's reason is with it: "stopped/stale". */
void column_format(const struct column *column, const struct node *node, bool bytes,
		   char *buf, size_t size)
{
	const struct value *value = &node->value[column->figure];
	const char *text;

	snprintf(buf, size, "-");
	switch (column->kind) {
	case KIND_TEXT:
		text = column_text(column, node);
		if (text == node->state && !node_is_open(node) && *node->reason)
			snprintf(buf, size, "%s/%s", text, node->reason);
		else if (text)
			snprintf(buf, size, "%s", text);
		break;
	case KIND_NODE:
		if (node->nid >= 0)
			snprintf(buf, size, "%d", node->nid);
		break;
	case KIND_RATIO:
		/* 0 means that there is nothing to have a ratio of. */
		if (value->known && value->number)
			format_number(column, value->number, bytes, buf, size);
		break;
	default:
		if (value->known)
			format_number(column, value->number, bytes, buf, size);
	}
}

/* The column's name as JSON and Prometheus have it: refused_full */
void column_key(const struct column *column, char *buf, size_t size)
{
	size_t i;

	for (i = 0; column->name[i] && i + 1 < size; i++)
		buf[i] = column->name[i] == '-' ? '_' :
			 (char)tolower((unsigned char)column->name[i]);
	buf[i] = '\0';
}
