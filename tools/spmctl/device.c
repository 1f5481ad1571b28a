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
#define MAX_COMMAND_COLUMNS 80	/* of a line of a command, which has others beside it */

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

/* "dax0.0", as the kernel names them, and wants them in new_id */
bool is_dax_name(const char *name)
{
	unsigned int region, number;
	char again[NAME_SIZE];

	if (sscanf(name, "dax%u.%u", &region, &number) != 2)
		return false;
	snprintf(again, sizeof(again), "dax%u.%u", region, number);
	return !strcmp(name, again);
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
	int nid;
	uint64_t block_bytes;
	uint64_t start[MAX_RANGES], end[MAX_RANGES];	/* the last byte is in it */
	unsigned int nr_ranges;
	bool unknown;					/* not all of them could be read */
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

/* Only root may read them. There is a file "mapping", too, by which ranges are added. */
static int add_range(const char *name, void *data)
{
	struct block_walk *walk = data;
	unsigned int i = walk->nr_ranges;

	if (strncmp(name, "mapping", strlen("mapping")) || !name[strlen("mapping")])
		return 0;
	if (i == MAX_RANGES || read_hex(&walk->start[i], walk->device->name, name, "start") ||
	    read_hex(&walk->end[i], walk->device->name, name, "end"))
		walk->unknown = true;
	else
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
	return !walk->blocks->exact;
}

/* They come by number. What there is no room for is told when these have been freed. */
static void add_to_runs(struct blocks *blocks, uint64_t number)
{
	struct run *last = blocks->nr_runs ? &blocks->run[blocks->nr_runs - 1] : NULL;

	if (last && last->last + 1 == number)
		last->last = number;
	else if (blocks->nr_runs < MAX_RUNS)
		blocks->run[blocks->nr_runs++] = (struct run){ number, number };
}

static int count_block(const char *name, void *data)
{
	struct block_walk *walk = data;
	char state[NAME_SIZE];
	uint64_t number;

	if (strncmp(name, "memory", strlen("memory")) ||
	    parse_u64(name + strlen("memory"), UINT64_MAX, &number) ||
	    !block_is_ours(walk, number) ||
	    sysfs_read(state, sizeof(state), SYS_NODES "/node%d/%s/state", walk->nid, name))
		return 0;
	walk->blocks->total++;
	/* "going-offline" may still fail, so only this one is safe. */
	if (strcmp(state, "offline")) {
		walk->blocks->online++;
		add_to_runs(walk->blocks, number);
	}
	return 0;
}

/* Those of a node, and of the device's ranges if we may read these. */
static int blocks_of_node(const struct device *device, int nid, struct blocks *blocks)
{
	struct block_walk walk = { .device = device, .nid = nid, .blocks = blocks };
	char text[FIGURE_SIZE], path[PATH_MAX];
	int rc;

	memset(blocks, 0, sizeof(*blocks));
	if (nid < 0)
		return 0;
	rc = sysfs_read(text, sizeof(text), SYS_MEMORY "/block_size_bytes");
	if (rc)
		return rc;
	walk.block_bytes = strtoull(text, NULL, 16);
	if (!walk.block_bytes)
		return -EINVAL;
	snprintf(path, sizeof(path), SYS_DAX "/devices/%s", device->name);
	sysfs_for_each(path, add_range, &walk);
	blocks->exact = walk.nr_ranges && !walk.unknown;
	snprintf(path, sizeof(path), SYS_NODES "/node%d", nid);
	rc = sysfs_for_each(path, count_block, &walk);
	return rc == -ENOENT ? 0 : rc;
}

/*
 * Memory of an instance is in /sys/devices/system/node as soon as a driver has added it. An
 * SPM node is not in the same place if that was taken, but it has a driver, or is abandoned.
 */
int device_blocks(const struct device *device, struct blocks *blocks)
{
	return blocks_of_node(device, device->nid, blocks);
}

/* Only root may read which blocks of the node are the device's. */
bool blocks_are_hidden(const struct blocks *blocks)
{
	return blocks->total && !blocks->exact && geteuid();
}

/* Has the node's driver gone, and left pages behind? Then it has no device, but a gate. */
static bool is_abandoned(int nid)
{
	char device[NAME_SIZE], gate[TEXT_SIZE];

	return sysfs_link(device, sizeof(device), SYS_NODES "/node%d/spm/device", nid) &&
	       !sysfs_read(gate, sizeof(gate), SYS_NODES "/node%d/spm/gate", nid) &&
	       (!strcmp(gate, "stopped abandoned") || !strcmp(gate, "stopped removed"));
}

struct abandoned_search {
	const struct device *device;
	int nid;
};

static int try_abandoned(const char *node, void *data)
{
	struct abandoned_search *search = data;
	struct blocks blocks;
	uint64_t nid;

	if (strncmp(node, "node", strlen("node")) ||
	    parse_u64(node + strlen("node"), INT_MAX, &nid) || !is_abandoned((int)nid) ||
	    blocks_of_node(search->device, (int)nid, &blocks) || !blocks.total)
		return 0;
	if (!blocks.exact && search->device->nid != (int)nid)
		return 0;
	search->nid = (int)nid;
	return 1;
}

/*
 * The SPM node that has the memory of a device without a driver. When a driver binds it, the
 * kernel tries again to move the pages away. Return: -1 if there is none
 */
int device_abandoned_node(const struct device *device)
{
	struct abandoned_search search = { .device = device, .nid = -1 };

	sysfs_for_each(SYS_NODES, try_abandoned, &search);
	return search.nid;
}

struct command {
	const char *indent;
	char *text;
	size_t size, column;
};

/* Words go on in another line where one would be too long. */
static void add_word(struct command *command, const char *word)
{
	size_t used = strlen(command->text), columns = strlen(" ") + strlen(word);
	bool breaks = command->column + columns > MAX_COMMAND_COLUMNS - strlen(command->indent);

	snprintf(command->text + used, command->size - used, "%s%s %s", breaks ? " \\" : "",
		 breaks ? command->indent : "", word);
	command->column = breaks ? columns : command->column + columns;
}

static void list_blocks(struct command *command, const struct blocks *blocks)
{
	const struct run *run;
	char word[2 * FIGURE_SIZE];
	unsigned int i;

	for (i = 0; i < blocks->nr_runs; i++) {
		run = &blocks->run[i];
		if (run->first == run->last)
			snprintf(word, sizeof(word), "%llu", (unsigned long long)run->first);
		else
			snprintf(word, sizeof(word), "$(seq %llu %llu)",
				 (unsigned long long)run->first, (unsigned long long)run->last);
		add_word(command, word);
	}
}

/*
 * What frees a device that kmem has, to be run by a shell: with daxctl if it is there, as
 * that waits for blocks that are busy. Else exactly the device's blocks go offline: others
 * of the node may be DRAM. @indent begins a line.
 */
void device_free_command(const struct device *device, const struct blocks *blocks,
			 const char *indent, char *text, size_t size)
{
	struct command command = { indent, text, size, strlen("for n in") };
	size_t used;

	if (sysfs_exists("/usr/bin/daxctl") || sysfs_exists("/bin/daxctl") ||
	    (!blocks->exact && !geteuid())) {
		snprintf(text, size, "daxctl offline-memory %s", device->name);
		return;
	}
	if (!blocks->exact) {
		snprintf(text, size, "`spmctl bind %s` as root names its blocks", device->name);
		return;
	}
	snprintf(text, size, "for n in");
	list_blocks(&command, blocks);
	used = strlen(text);
	snprintf(text + used, size - used,
		 "; do%secho offline >" SYS_MEMORY "/memory$n/state; done", indent);
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
