/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SPMCTL_LIST_H
#define SPMCTL_LIST_H

#include <stdbool.h>

#include "column.h"
#include "node.h"
#include "text.h"

enum form {
	FORM_TABLE,
	FORM_JSON,
	FORM_PROMETHEUS,
};

struct list_options {
	enum form form;
	bool bytes;
	bool headings;
	bool total;			/* a row of all nodes, though there is only one */
	const char *output;		/* columns; NULL for the default */
};

struct json_object;

struct json_object *json_text(const char *text);

enum status list(const struct list_options *options);
enum status list_print(const struct nodes *nodes, const struct list_options *options);

enum status print_table(const struct nodes *nodes, const struct columns *columns,
			const struct list_options *options, bool total);
enum status print_json(const struct nodes *nodes, const struct columns *columns);
enum status print_prometheus(const struct nodes *nodes);

#endif /* SPMCTL_LIST_H */
