// SPDX-License-Identifier: GPL-2.0
/*
 * spmctl: device-dax instances, who has them, and what memory of theirs is in use
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "device.h"
#include "sysfs.h"
#include "text.h"

#define MAX_RANGES 64		/* of an instance; beyond that all of its node counts */

bool is_spm_driver(const char *driver)
{
	return !strcmp(driver, "spm_dax") || !strcmp(driver, "spm_cxl") ||
	       !strcmp(driver, "spm_emu");
}

/* A name that can be part of a path: nobody gets out of the directory by it. */
bool is_device_name(const char *name)
{
	return *name && *name != '.' && !strchr(name, '/') && strlen(name) < NAME_SIZE;
}

static int read_nid(const char *name)
{
	char text[FIGURE_SIZE];
	uint64_t nid;

	if (sysfs_read(text, sizeof(text), SYS_DAX "/devices/%s/target_node", name))
		return -1;
	return parse_u64(text, INT_MAX, &nid) ? -1 : (int)nid;
}

/* Is this the node that the kernel has made of the instance? */
static bool is_node_of(int nid, const char *name)
{
	char device[NAME_SIZE];

	return nid >= 0 && !sysfs_link(device, sizeof(device), SYS_NODES "/node%d/spm/device",
				       nid) && !strcmp(device, name);
}

struct node_search {
	const char *name;
	int nid;
};

static int try_node(const char *node, void *data)
{
	struct node_search *search = data;
	uint64_t nid;

	if (strncmp(node, "node", strlen("node")) ||
	    parse_u64(node + strlen("node"), INT_MAX, &nid) ||
	    !is_node_of((int)nid, search->name))
		return 0;
	search->nid = (int)nid;
	return 1;
}

/* Not the one that firmware has its memory in, if that was taken: see spm_spare_nodes. */
static int read_spm_nid(const char *name, int target_nid)
{
	struct node_search search = { .name = name, .nid = target_nid };

	if (!is_node_of(target_nid, name))
		sysfs_for_each(SYS_NODES, try_node, &search);
	return search.nid;
}

/* -ENODEV: there is none of this name */
int device_read(const char *name, struct device *device)
{
	if (!is_device_name(name) || !sysfs_exists(SYS_DAX "/devices/%s", name))
		return -ENODEV;
	memset(device, 0, sizeof(*device));
	strcpy(device->name, name);
	device->nid = read_nid(name);
	device->size.known = !sysfs_read_u64(&device->size.number, SYS_DAX "/devices/%s/size",
					     name);
	if (sysfs_link(device->driver, sizeof(device->driver), SYS_DAX "/devices/%s/driver", name))
		device->driver[0] = '\0';
	if (is_spm_driver(device->driver))
		device->nid = read_spm_nid(name, device->nid);
	return 0;
}

static int device_append(const char *name, void *data)
{
	struct devices *devices = data;
	struct device *more;

	more = realloc(devices->device, (devices->count + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	devices->device = more;
	if (!device_read(name, &more[devices->count]))
		devices->count++;
	return 0;
}

/* A machine without a dax bus has none. */
int devices_read(struct devices *devices)
{
	int rc;

	memset(devices, 0, sizeof(*devices));
	rc = sysfs_for_each(SYS_DAX "/devices", device_append, devices);
	return rc == -ENOENT ? 0 : rc;
}

void devices_free(struct devices *devices)
{
	free(devices->device);
	memset(devices, 0, sizeof(*devices));
}

const struct device *devices_find(const struct devices *devices, const char *name)
{
	size_t i;

	for (i = 0; i < devices->count; i++)
		if (!strcmp(devices->device[i].name, name))
			return &devices->device[i];
	return NULL;
}

/* ---- Memory blocks ---- */

struct block_walk {
	const struct device *device;
	uint64_t block_bytes;
	uint64_t start[MAX_RANGES], end[MAX_RANGES];	/* the last byte is in it */
	unsigned int nr_ranges;				/* 0: not known */
	struct blocks *blocks;
};

static int read_hex(uint64_t *value, const char *device, const char *mapping, const char *file)
{
	char text[FIGURE_SIZE], *end;

	if (sysfs_read(text, sizeof(text), SYS_DAX "/devices/%s/%s/%s", device, mapping, file))
		return -ENOENT;
	errno = 0;
	*value = strtoull(text, &end, 16);
	return errno || end == text || *end ? -EINVAL : 0;
}

/* Only root may read them. */
static int add_range(const char *name, void *data)
{
	struct block_walk *walk = data;
	unsigned int i = walk->nr_ranges;

	if (strncmp(name, "mapping", strlen("mapping")) || i == MAX_RANGES)
		return 0;
	if (read_hex(&walk->start[i], walk->device->name, name, "start") ||
	    read_hex(&walk->end[i], walk->device->name, name, "end"))
		return 0;
	walk->nr_ranges++;
	return 0;
}

static bool block_is_ours(const struct block_walk *walk, uint64_t number)
{
	uint64_t start = number * walk->block_bytes;
	unsigned int i;

	for (i = 0; i < walk->nr_ranges; i++)
		if (start + walk->block_bytes > walk->start[i] && start <= walk->end[i])
			return true;
	return !walk->nr_ranges;
}

static int count_block(const char *name, void *data)
{
	struct block_walk *walk = data;
	char state[NAME_SIZE];
	uint64_t number;

	if (strncmp(name, "memory", strlen("memory")) ||
	    parse_u64(name + strlen("memory"), UINT64_MAX, &number) ||
	    !block_is_ours(walk, number) ||
	    sysfs_read(state, sizeof(state), SYS_NODES "/node%d/%s/state", walk->device->nid, name))
		return 0;
	walk->blocks->total++;
	/* "going-offline" may still fail, so only this one is safe. */
	walk->blocks->online += strcmp(state, "offline") != 0;
	return 0;
}

/*
 * Those of the device's node, and of its own ranges if we may read these. Memory of an
 * instance is in /sys/devices/system/node as soon as a driver has added it.
 */
int device_blocks(const struct device *device, struct blocks *blocks)
{
	struct block_walk walk = { .device = device, .blocks = blocks };
	char text[FIGURE_SIZE], path[PATH_MAX];
	int rc;

	memset(blocks, 0, sizeof(*blocks));
	if (device->nid < 0)
		return 0;
	rc = sysfs_read(text, sizeof(text), SYS_MEMORY "/block_size_bytes");
	if (rc)
		return rc;
	walk.block_bytes = strtoull(text, NULL, 16);
	if (!walk.block_bytes)
		return -EINVAL;
	snprintf(path, sizeof(path), SYS_DAX "/devices/%s", device->name);
	sysfs_for_each(path, add_range, &walk);
	snprintf(path, sizeof(path), SYS_NODES "/node%d", device->nid);
	rc = sysfs_for_each(path, count_block, &walk);
	return rc == -ENOENT ? 0 : rc;
}

/*
 * What frees a device that kmem has, to be run by a shell: with daxctl if it is there, as
 * that waits for blocks that are busy.
 */
void device_free_command(const struct device *device, char *text, size_t size)
{
	if (sysfs_exists("/usr/bin/daxctl") || sysfs_exists("/bin/daxctl"))
		snprintf(text, size, "daxctl offline-memory %s", device->name);
	else
		snprintf(text, size,
			 "for f in " SYS_NODES "/node%d/memory*/state; do echo offline >$f; done",
			 device->nid);
}

/* ---- Processes that have /dev/daxN.M open ---- */

struct holder_walk {
	dev_t number;
	char path[NAME_SIZE + 8];	/* as in /proc/PID/maps */
	char *text;
	size_t size;
	unsigned int count;
};

static bool has_descriptor(const char *pid, dev_t number)
{
	struct dirent *entry;
	char path[PATH_MAX];
	struct stat st;
	bool found = false;
	DIR *dir;

	if (sysfs_path(path, "/proc/%s/fd", pid))
		return false;
	dir = opendir(path);
	if (!dir)
		return false;
	while (!found && (entry = readdir(dir)))
		found = !fstatat(dirfd(dir), entry->d_name, &st, 0) && S_ISCHR(st.st_mode) &&
			st.st_rdev == number;
	closedir(dir);
	return found;
}

static bool has_mapping(const char *pid, const char *path_in_maps)
{
	char path[PATH_MAX], line[TEXT_SIZE];
	bool found = false;
	const char *name;
	FILE *maps;

	if (sysfs_path(path, "/proc/%s/maps", pid))
		return false;
	maps = fopen(path, "re");
	if (!maps)
		return false;
	while (!found && fgets(line, sizeof(line), maps)) {
		name = strchr(line, '/');
		found = name && !strncmp(name, path_in_maps, strlen(path_in_maps)) &&
			isspace((unsigned char)name[strlen(path_in_maps)]);
	}
	fclose(maps);
	return found;
}

static int add_holder(const char *pid, void *data)
{
	struct holder_walk *walk = data;
	char comm[NAME_SIZE] = "?", safe[NAME_SIZE];
	size_t used = strlen(walk->text);

	if (!isdigit((unsigned char)*pid) || atoi(pid) == getpid() ||
	    !(has_descriptor(pid, walk->number) || has_mapping(pid, walk->path)))
		return 0;
	sysfs_read(comm, sizeof(comm), "/proc/%s/comm", pid);
	if (walk->count++ < 4)
		snprintf(walk->text + used, walk->size - used, "%s%s (%s)", used ? ", " : "", pid,
			 printable(comm, safe, sizeof(safe)));
	return 0;
}

/*
 * Processes that use the character device, but for this one. @text names the first four.
 * Return: how many there are; those of other users are seen by root only.
 */
int device_holders(const struct device *device, char *text, size_t size)
{
	struct holder_walk walk = { .text = text, .size = size };
	unsigned int major, minor;
	char number[FIGURE_SIZE];

	*text = '\0';
	if (sysfs_read(number, sizeof(number), SYS_DAX "/devices/%s/dev", device->name) ||
	    sscanf(number, "%u:%u", &major, &minor) != 2)
		return 0;
	walk.number = makedev(major, minor);
	snprintf(walk.path, sizeof(walk.path), "/dev/%s", device->name);
	sysfs_for_each("/proc", add_holder, &walk);
	return (int)walk.count;
}
