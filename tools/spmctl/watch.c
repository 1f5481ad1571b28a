// SPDX-License-Identifier: GPL-2.0
/*
 * spmctl: the nodes again and again, with what happens in a second
 */
#include <errno.h>
#include <libsmartcols/libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "watch.h"

/* A column of the list, or, with a heading of its own, how fast a counter grows. */
static const struct {
	const char *column, *rate;
} watched[] = {
	{ "DEVICE", NULL }, { "NODE", NULL }, { "GATE", NULL }, { "USED", NULL },
	{ "BUDGET", NULL }, { "RATIO", NULL }, { "SWAPPED", NULL }, { "MAPPED", NULL },
	{ "ADMITTED", "IN/s" }, { "LOADED", "OUT/s" }, { "WRITTEN", "WRITTEN/s" },
	{ "PROMOTED", "PROM/s" }, { "WRITTEN-BACK", "BACK/s" }, { "REFUSED", "REFUSED/s" },
};

#define NR_WATCHED ARRAY_SIZE(watched)

struct frame {
	struct nodes nodes;
	struct timespec time;
};

static double seconds_between(const struct frame *before, const struct frame *now)
{
	return (double)(now->time.tv_sec - before->time.tv_sec) +
	       (double)(now->time.tv_nsec - before->time.tv_nsec) / 1e9;
}

static const struct node *same_node(const struct frame *frame, const struct node *node)
{
	size_t i;

	for (i = 0; frame && i < frame->nodes.count; i++)
		if (frame->nodes.node[i].nid == node->nid)
			return &frame->nodes.node[i];
	return NULL;
}

/* Not known before the second time, and of a node that was bound again in between. */
static void format_rate(enum figure figure, const struct node *before, const struct node *now,
			double seconds, char *buf, size_t size)
{
	const struct value *old = before ? &before->value[figure] : NULL;
	const struct value *new = &now->value[figure];

	if (!old || !old->known || !new->known || new->number < old->number || seconds <= 0)
		snprintf(buf, size, "-");
	else
		snprintf(buf, size, "%.0f", (double)(new->number - old->number) / seconds);
}

static int add_line(struct libscols_table *table, const struct columns *columns,
		    const struct frame *before, const struct frame *now, const struct node *node,
		    bool bytes)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	double seconds = before ? seconds_between(before, now) : 0;
	char text[2 * NAME_SIZE + 1];
	size_t i;

	if (!line)
		return -ENOMEM;
	for (i = 0; i < NR_WATCHED; i++) {
		if (watched[i].rate)
			format_rate(columns->column[i]->figure, same_node(before, node), node,
				    seconds, text, sizeof(text));
		else
			column_format(columns->column[i], node, bytes, text, sizeof(text));
		if (scols_line_set_data(line, i, text))
			return -ENOMEM;
	}
	return 0;
}

static int fill(struct libscols_table *table, const struct frame *before, const struct frame *now,
		const struct list_options *options)
{
	struct columns columns, one;
	const char *name;
	size_t i;
	int rc = 0;

	for (i = 0; i < NR_WATCHED; i++) {
		columns_parse(&one, watched[i].column);
		columns.column[i] = one.column[0];
		name = watched[i].rate ? watched[i].rate : watched[i].column;
		if (!scols_table_new_column(table, name, 0,
					    one.column[0]->kind == KIND_TEXT ? 0 : SCOLS_FL_RIGHT))
			return -ENOMEM;
	}
	for (i = 0; i < now->nodes.count && !rc; i++)
		rc = add_line(table, &columns, before, now, &now->nodes.node[i], options->bytes);
	return rc;
}

static int draw(const struct frame *before, const struct frame *now,
		const struct list_options *options)
{
	struct libscols_table *table = scols_new_table();
	int rc = table ? 0 : -ENOMEM;

	if (!rc) {
		scols_table_enable_noheadings(table, !options->headings);
		scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
		rc = fill(table, before, now, options);
	}
	if (isatty(STDOUT_FILENO))
		fputs("\033[H\033[2J", stdout);
	else if (before)
		putchar('\n');
	if (!rc && now->nodes.count)
		rc = scols_print_table(table);
	else if (!rc)
		puts("no SPM node");
	scols_unref_table(table);
	fflush(stdout);
	return rc;
}

static void pause_ms(uint64_t ms)
{
	struct timespec time = {
		.tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000) * 1000000,
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &time, &time) == EINTR)
		;
}

/* @count: how often; 0 for ever. Whoever calls tells if the output can't be written. */
enum status watch(uint64_t interval_ms, uint64_t count, const struct list_options *options)
{
	struct frame frames[2] = { 0 };
	struct frame *now, *before = NULL;
	uint64_t i;
	int rc = 0;

	for (i = 0; !rc && !ferror(stdout) && (!count || i < count); i++) {
		if (i)
			pause_ms(interval_ms);
		now = &frames[i % 2];
		nodes_free(&now->nodes);
		rc = nodes_read(&now->nodes);
		clock_gettime(CLOCK_MONOTONIC, &now->time);
		if (!rc)
			rc = draw(before, now, options);
		before = now;
	}
	nodes_free(&frames[0].nodes);
	nodes_free(&frames[1].nodes);
	return ferror(stdout) ? STATUS_FAILED : nodes_explain(rc);
}
