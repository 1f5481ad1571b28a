// SPDX-License-Identifier: GPL-2.0
/*
 * spmctl: lists nodes, as a table (libsmartcols), as JSON (json-c), or for Prometheus
 */
#include <errno.h>
#include <json-c/json.h>
#include <libsmartcols/libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "list.h"
#include "text.h"

/* ---- Table ---- */

static int add_row(struct libscols_table *table, const struct columns *columns,
		   const struct node *node, bool bytes)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	const struct column *column;
	char text[2 * NAME_SIZE + 1];
	size_t i;

	if (!line)
		return -ENOMEM;
	for (i = 0; i < columns->count; i++) {
		column = columns->column[i];
		if (node->nid < 0 && !strcmp(column->name, "DEVICE"))
			snprintf(text, sizeof(text), "total");
		else
			column_format(column, node, bytes, text, sizeof(text));
		if (scols_line_set_data(line, i, text))
			return -ENOMEM;
	}
	return 0;
}

static int fill_table(struct libscols_table *table, const struct nodes *nodes,
		      const struct columns *columns, const struct list_options *options, bool total)
{
	struct node sum;
	size_t i;
	int rc = 0;

	for (i = 0; i < columns->count; i++)
		if (!scols_table_new_column(table, columns->column[i]->name, 0,
					    columns->column[i]->kind == KIND_TEXT ? 0 :
					    SCOLS_FL_RIGHT))
			return -ENOMEM;
	for (i = 0; i < nodes->count && !rc; i++)
		rc = add_row(table, columns, &nodes->node[i], options->bytes);
	if (!rc && total) {
		nodes_sum(nodes, &sum);
		rc = add_row(table, columns, &sum, options->bytes);
	}
	return rc;
}

enum status print_table(const struct nodes *nodes, const struct columns *columns,
			const struct list_options *options, bool total)
{
	struct libscols_table *table = scols_new_table();
	int rc = table ? 0 : -ENOMEM;

	if (!rc) {
		scols_table_enable_noheadings(table, !options->headings);
		scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
		rc = fill_table(table, nodes, columns, options, total);
	}
	if (!rc)
		rc = scols_print_table(table);
	scols_unref_table(table);
	if (rc && !ferror(stdout))	/* that is told when all is over */
		complain("the table can't be printed: %s", strerror(-rc));
	return rc ? STATUS_FAILED : STATUS_OK;
}

/* A column of its own would make the table wider than a terminal. */
static void print_fallback(const struct nodes *nodes, bool bytes)
{
	struct columns columns;
	char text[2 * NAME_SIZE + 1];

	if (columns_parse(&columns, "FALLBACK"))
		return;
	column_format(columns.column[0], &nodes->all, bytes, text, sizeof(text));
	printf("FALLBACK %s: compressed by zswap in DRAM, of no node\n", text);
}

/* ---- JSON ---- */

/* Text of bytes that need not be UTF-8, as names of cgroups are, but JSON is */
struct json_object *json_text(const char *text)
{
	char *valid = make_utf8(text);
	struct json_object *object = valid ? json_object_new_string(valid) : NULL;

	free(valid);
	return object;
}

static struct json_object *json_value(const struct column *column, const struct node *node)
{
	const struct value *value = &node->value[column->figure];
	char ratio[FIGURE_SIZE];
	const char *text;

	switch (column->kind) {
	case KIND_TEXT:
		text = column_text(column, node);
		return text ? json_text(text) : NULL;
	case KIND_NODE:
		return json_object_new_int(node->nid);
	case KIND_RATIO:
		if (!value->known || !value->number)
			return NULL;
		snprintf(ratio, sizeof(ratio), "%llu.%03llu",
			 (unsigned long long)(value->number / 1000),
			 (unsigned long long)(value->number % 1000));
		return json_object_new_double_s((double)value->number / 1000, ratio);
	default:
		return value->known ? json_object_new_uint64(value->number) : NULL;
	}
}

/* A figure that is not known is null, so each node has the same keys. */
static struct json_object *json_node(const struct columns *columns, const struct node *node)
{
	struct json_object *object = json_object_new_object();
	const struct column *column;
	char key[NAME_SIZE];
	size_t i;

	for (i = 0; i < columns->count; i++) {
		column = columns->column[i];
		if (node->nid < 0 && (column->kind == KIND_TEXT || column->kind == KIND_NODE))
			continue;	/* of one node only */
		if (node->nid >= 0 && column->figure == FIGURE_FALLBACK)
			continue;	/* of all of them only */
		column_key(column, key, sizeof(key));
		json_object_object_add(object, key, json_value(column, node));
	}
	return object;
}

enum status print_json(const struct nodes *nodes, const struct columns *columns)
{
	struct json_object *root = json_object_new_object();
	struct json_object *array = json_object_new_array();
	size_t i;

	for (i = 0; i < nodes->count; i++)
		json_object_array_add(array, json_node(columns, &nodes->node[i]));
	json_object_object_add(root, "nodes", array);
	json_object_object_add(root, "all", json_node(columns, &nodes->all));
	puts(json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY |
					    JSON_C_TO_STRING_SPACED));
	json_object_put(root);
	return STATUS_OK;
}

/* ---- Prometheus ---- */

/* Names by its rules: base units, _total for counters */
static void metric_name(const struct column *column, char *buf, size_t size)
{
	char key[NAME_SIZE];

	column_key(column, key, sizeof(key));
	snprintf(buf, size, "spm_%s%s", key,
		 column->is_counter ? "_total" :
		 column->figure == FIGURE_RELIEF ? "_bytes_per_second" :
		 column->kind == KIND_BYTES ? "_bytes" :
		 column->figure == FIGURE_INTERVAL || column->figure == FIGURE_STALE ||
		 column->figure == FIGURE_NOTICE ? "_milliseconds" :
		 column->kind == KIND_COUNT ? "_permille" : "");
}

/* Quotes and backslashes would have to be escaped, and no device or driver has any. */
static const char *label(const char *text, char *buf)
{
	char *c;

	printable(text, buf, NAME_SIZE);
	for (c = buf; *c; c++)
		if (*c == '"' || *c == '\\')
			*c = '?';
	return buf;
}

static void print_labels(const char *name, const struct node *node)
{
	char device[NAME_SIZE], driver[NAME_SIZE];

	printf("%s{device=\"%s\",node=\"%d\",driver=\"%s\"", name,
	       label(node->device, device), node->nid, label(node->provider, driver));
}

static void print_sample(const struct column *column, const struct node *node, const char *name)
{
	uint64_t number = node->value[column->figure].number;

	print_labels(name, node);
	if (column->kind == KIND_RATIO)
		printf("} %llu.%03llu\n", (unsigned long long)(number / 1000),
		       (unsigned long long)(number % 1000));
	else
		printf("} %llu\n", (unsigned long long)number);
}

static void print_metric(const struct nodes *nodes, const struct column *column)
{
	char name[2 * NAME_SIZE];
	bool described = false;
	size_t i;

	if (column->kind == KIND_TEXT || column->kind == KIND_NODE ||
	    column->figure == FIGURE_FALLBACK)
		return;
	metric_name(column, name, sizeof(name));
	for (i = 0; i < nodes->count; i++) {
		if (!nodes->node[i].value[column->figure].known)
			continue;
		if (!described)
			printf("# HELP %s %s\n# TYPE %s %s\n", name, column->help, name,
			       column->is_counter ? "counter" : "gauge");
		described = true;
		print_sample(column, &nodes->node[i], name);
	}
}

/* The gate is 1 if open; its reason is a label. */
static void print_gates(const struct nodes *nodes)
{
	const struct node *node;
	char reason[NAME_SIZE];
	size_t i;

	if (nodes->count)
		printf("# HELP spm_gate_open 1 if the node takes pages (gate)\n"
		       "# TYPE spm_gate_open gauge\n");
	for (i = 0; i < nodes->count; i++) {
		node = &nodes->node[i];
		if (!*node->state)
			continue;
		print_labels("spm_gate_open", node);
		printf(",reason=\"%s\"} %d\n", label(node->reason, reason), node_is_open(node));
	}
}

enum status print_prometheus(const struct nodes *nodes)
{
	size_t i;

	printf("# HELP spm_nodes Number of SPM nodes\n# TYPE spm_nodes gauge\nspm_nodes %zu\n",
	       nodes->count);
	print_gates(nodes);
	for (i = 0; i < nr_all_columns; i++)
		print_metric(nodes, &all_columns[i]);
	if (nodes->all.value[FIGURE_FALLBACK].known)
		printf("# HELP spm_fallback_bytes Compressed by zswap, of no node (Zswapped)\n"
		       "# TYPE spm_fallback_bytes gauge\nspm_fallback_bytes %llu\n",
		       (unsigned long long)nodes->all.value[FIGURE_FALLBACK].number);
	return STATUS_OK;
}

/* ---- All of them ---- */

enum status list_print(const struct nodes *nodes, const struct list_options *options)
{
	bool total = options->total || nodes->count > 1;
	struct columns columns;
	enum status status;
	int rc;

	if (options->output) {
		rc = columns_parse(&columns, options->output);
		if (rc)
			return rc == -EINVAL ? STATUS_USAGE : STATUS_FAILED;
		total = options->total;
	} else if (options->form == FORM_TABLE) {
		columns_default(&columns);
	} else {
		columns_all(&columns);
	}

	if (options->form == FORM_JSON)
		return print_json(nodes, &columns);
	if (options->form == FORM_PROMETHEUS)
		return print_prometheus(nodes);
	if (!nodes->count) {
		note("there is no SPM node; `spmctl check` tells what is in the way");
		return STATUS_OK;
	}
	status = print_table(nodes, &columns, options, total);
	if (status == STATUS_OK && total && !options->output && options->headings)
		print_fallback(nodes, options->bytes);
	return status;
}

enum status list(const struct list_options *options)
{
	enum status status;
	struct nodes nodes;

	status = nodes_explain(nodes_read(&nodes));
	if (status == STATUS_OK)
		status = list_print(&nodes, options);
	nodes_free(&nodes);
	return status;
}
