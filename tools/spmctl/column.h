/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SPMCTL_COLUMN_H
#define SPMCTL_COLUMN_H

#include <stdbool.h>
#include <stddef.h>

#include "node.h"

enum kind {
	KIND_TEXT,
	KIND_NODE,
	KIND_BYTES,
	KIND_COUNT,	/* pages, events, milliseconds, per mille */
	KIND_RATIO,	/* kept per mille, shown as 2.31 */
};

struct column {
	const char *name;
	enum kind kind;
	size_t offset;		/* of a text, in struct node */
	enum figure figure;	/* of a number */
	bool is_counter;	/* it only grows, while the node is there */
	const char *help;	/* where it comes from */
};

#define MAX_COLUMNS 64

struct columns {
	const struct column *column[MAX_COLUMNS];
	size_t count;
};

extern const struct column all_columns[];
extern const size_t nr_all_columns;

void columns_default(struct columns *columns);
void columns_all(struct columns *columns);
int columns_parse(struct columns *columns, const char *list);
void columns_print_help(void);

const char *column_text(const struct column *column, const struct node *node);
void column_format(const struct column *column, const struct node *node, bool bytes,
		   char *buf, size_t size);
void column_key(const struct column *column, char *buf, size_t size);

#endif /* SPMCTL_COLUMN_H */
