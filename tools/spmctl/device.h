/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SPMCTL_DEVICE_H
#define SPMCTL_DEVICE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "node.h"

/* A device-dax instance */
struct device {
	char name[NAME_SIZE];
	char driver[NAME_SIZE];		/* empty: no driver has it */
	int nid;			/* -1: its memory belongs to no node, or is not known */
	struct value size;
};

struct devices {
	struct device *device;		/* by name */
	size_t count;
};

/* Numbers of memory blocks, both of them in it */
struct run {
	uint64_t first, last;
};

#define MAX_RUNS 64

/* Memory blocks of a device that the kernel has as memory. */
struct blocks {
	unsigned int total;
	unsigned int online;
	bool exact;			/* false: all of its node, as it can't be read which */
	struct run run[MAX_RUNS];	/* those that are online, as far as there is room */
	unsigned int nr_runs;
};

int devices_read(struct devices *devices);
void devices_free(struct devices *devices);
const struct device *devices_find(const struct devices *devices, const char *name);

/* Those that make SPM nodes, as messages name them */
#define SPM_DRIVERS "spm_dax, spm_cxl or spm_emu"

bool is_spm_driver(const char *driver);
bool is_device_name(const char *name);
bool is_dax_name(const char *name);
int device_read(const char *name, struct device *device);
int device_blocks(const struct device *device, struct blocks *blocks);
int device_holders(const struct device *device, char *text, size_t size);
bool blocks_are_hidden(const struct blocks *blocks);
int device_abandoned_node(const struct device *device);
void device_free_command(const struct device *device, const struct blocks *blocks,
			 const char *indent, char *text, size_t size);

#endif /* SPMCTL_DEVICE_H */
