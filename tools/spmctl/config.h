/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SPMCTL_CONFIG_H
#define SPMCTL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "device.h"
#include "node.h"
#include "text.h"

/* Knobs of a node with telemetry, in the order of figures from FIGURE_MARGIN on */
#define NR_KNOBS (FIGURE_STALE - FIGURE_MARGIN + 1)

extern const char *const knob_files[NR_KNOBS];

/* What one section says of the devices whose names match its own. */
struct section {
	char pattern[NAME_SIZE];
	struct value bind;		/* a boolean; not known: yes */
	char driver[NAME_SIZE];		/* empty: spm_dax */
	struct value knob[NR_KNOBS];
};

struct config {
	struct section *section;	/* in the order of the files */
	size_t count;
	struct value swap, mapped;	/* booleans; not known: leave it as it is */
	size_t files;			/* that were read */
};

enum status config_read(struct config *config);
void config_free(struct config *config);
bool config_find(const struct config *config, const char *device, struct section *merged);
bool config_names_absent(const struct config *config, size_t i, const struct devices *devices,
			 struct section *merged);

#endif /* SPMCTL_CONFIG_H */
