// SPDX-License-Identifier: GPL-2.0
/*
 * spmctl: what on this machine keeps SPM from working, line by line
 *
 * SPM works if a page would get onto a node now: there is a node whose gate is open, and
 * either swapping (zswap, zspm, swap space) or mapped mode is on. FAIL says what is in the
 * way of that; a note, what works and could be better, or what to know.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "check.h"
#include "config.h"
#include "device.h"
#include "node.h"
#include "switch.h"
#include "sysfs.h"

enum verdict { OK, NOTE, FAIL };

struct machine {
	struct nodes nodes;
	struct devices devices;
	struct config config;
	enum status config_status;	/* of reading it */
	unsigned int open;		/* nodes that take pages */
	uint64_t capacity, swap;
	bool swap_works, mapped_works;
	unsigned int in_the_way;	/* lines with FAIL */
};

static void say(struct machine *machine, enum verdict verdict, const char *what,
		const char *format, ...) __attribute__((format(printf, 4, 5)));

static void say(struct machine *machine, enum verdict verdict, const char *what,
		const char *format, ...)
{
	static const char *const words[] = { [OK] = "ok", [NOTE] = "note", [FAIL] = "FAIL" };
	char safe[NAME_SIZE];
	va_list args;

	machine->in_the_way += verdict == FAIL;
	printf("%-5s %-12s ", words[verdict], printable(what, safe, sizeof(safe)));
	va_start(args, format);
	print_safely(stdout, format, args);
	va_end(args);
	putchar('\n');
}

/* A line that goes on with the one before */
#define MORE "\n                   "

static void check_kernel(struct machine *machine)
{
	struct utsname name = { .release = "?" };

	uname(&name);
	if (sysfs_exists(SYS_SPM))
		say(machine, OK, "kernel", "%s has SPM", name.release);
	else
		say(machine, FAIL, "kernel", "%s has no SPM: boot one that is built with CONFIG_SPM=y",
		    name.release);
}

static void check_driver(struct machine *machine)
{
	static const char *const drivers[] = { "spm_dax", "spm_cxl", "spm_emu", NULL };
	const char *const *driver;
	char loaded[TEXT_SIZE] = "";

	for (driver = drivers; *driver; driver++) {
		if (!sysfs_exists(SYS_DAX "/drivers/%s", *driver))
			continue;
		if (*loaded)
			strcat(loaded, ", ");
		strcat(loaded, *driver);
	}
	if (*loaded)
		say(machine, OK, "driver", "loaded: %s", loaded);
	else if (machine->nodes.count)
		say(machine, OK, "driver", "%s has a node; spm_dax is not loaded",
		    machine->nodes.node[0].provider);
	else
		say(machine, NOTE, "driver", "spm_dax is not loaded; `spmctl bind` loads it");
}

/* Devices that it names, and that are not there: mistyped, perhaps */
static void check_named(struct machine *machine)
{
	struct section section;
	char there[TEXT_SIZE] = "";
	size_t i, length = 0;

	for (i = 0; i < machine->devices.count && length < sizeof(there); i++)
		length += snprintf(there + length, sizeof(there) - length, "%s%s", i ? ", " : "",
				   machine->devices.device[i].name);
	for (i = 0; i < machine->config.count; i++) {
		if (config_names_absent(&machine->config, i, &machine->devices, &section))
			say(machine, NOTE, "spm.conf", "names %s, which is not there; there is: %s",
			    machine->config.section[i].pattern, *there ? there : "none");
	}
}

/* Its faults were told one by one when it was read. */
static void check_config(struct machine *machine)
{
	if (machine->config_status == STATUS_DENIED)
		say(machine, NOTE, "spm.conf", "can't be read by you, so what it says is left out here");
	else if (machine->config_status)
		say(machine, NOTE, "spm.conf", "has faults, which are told above: nothing is bound at boot");
	else
		check_named(machine);
}

/* ---- Devices ---- */

static void say_no_device(struct machine *machine)
{
	if (machine->nodes.count)
		say(machine, OK, "device", "no device-dax instance, and none is needed");
	else if (sysfs_exists("/sys/bus/cxl/devices/mem0"))
		say(machine, FAIL, "device", "there is a CXL memory device, but no device-dax instance:"
		    MORE "it needs a region. `cxl` 76.1, as in Debian 12, can't make one of type ram:"
		    MORE "WITHOUT A DEVICE in spmctl(8) has the way by sysfs");
	else
		say(machine, FAIL, "device", "there is no device-dax instance, so no memory that could be"
		    MORE "an SPM node: see WITHOUT A DEVICE in spmctl(8)");
}

/* kmem has it: its memory is in use, or is not. */
static void check_kmem(struct machine *machine, const struct device *device, enum verdict verdict)
{
	struct section section;
	bool named = config_find(&machine->config, device->name, &section);
	const char *too_late = "spm.conf names it, but kmem was first: see AT BOOT in spm.conf(5)";
	char command[TEXT_SIZE];
	struct blocks blocks;

	if (device_blocks(device, &blocks)) {
		say(machine, verdict, device->name, "kmem has it: it is ordinary memory");
	} else if (blocks.online) {
		device_free_command(device, &blocks, MORE, command, sizeof(command));
		say(machine, verdict, device->name, "kmem has it, and %s online. To free it:"
		    MORE "%s" MORE "spmctl bind %s" MORE "%s",
		    blocks.exact || blocks.online == blocks.total ? "it is ordinary memory," :
		    "memory of its node is", command, device->name,
		    named ? too_late : "At boot, before kmem takes it: see spm.conf(5)");
	} else {
		say(machine, verdict, device->name, "kmem has it, offline: `spmctl bind %s` takes it%s%s",
		    device->name, named ? MORE : "", named ? too_late : "");
	}
}

static void check_bound(struct machine *machine, const struct device *device, enum verdict verdict)
{
	if (sysfs_exists(SYS_NODES "/node%d/spm", device->nid))
		say(machine, OK, device->name, "%s has it, it is node %d", device->driver,
		    device->nid);
	else
		say(machine, verdict, device->name, "%s has it, but there is no node: see the kernel log",
		    device->driver);
}

/* No driver has it, but its memory may be there: see check_left_over() in bind.c. */
static void check_free(struct machine *machine, const struct device *device, enum verdict verdict)
{
	int abandoned = device_abandoned_node(device);
	struct blocks blocks;

	if (abandoned >= 0)
		say(machine, verdict, device->name,
		    "no driver has it, but node %d still has pages of it (abandoned):"
		    MORE "`spmctl bind %s` moves them away and takes it", abandoned, device->name);
	else if (device_blocks(device, &blocks) || !blocks.total)
		say(machine, verdict, device->name, "no driver has it: `spmctl bind %s` takes it",
		    device->name);
	else if (blocks_are_hidden(&blocks))
		say(machine, verdict, device->name,
		    "no driver has it; only root sees whether its memory is free");
	else
		say(machine, verdict, device->name,
		    "no driver has it, but its memory is there: kmem was unbound while"
		    MORE "it was online. Only a reboot helps; see spm.conf(5) for binding at boot");
}

/* A device that is no node matters only while there is none at all. */
static void check_device(struct machine *machine, const struct device *device)
{
	enum verdict verdict = machine->nodes.count ? NOTE : FAIL;

	if (is_spm_driver(device->driver)) {
		check_bound(machine, device, verdict);
	} else if (device->nid < 0) {
		say(machine, verdict, device->name, "its memory belongs to no NUMA node");
	} else if (!strcmp(device->driver, "kmem")) {
		check_kmem(machine, device, verdict);
	} else if (!strcmp(device->driver, "device_dax")) {
		say(machine, verdict, device->name, "device_dax has it: `spmctl bind %s` takes it",
		    device->name);
	} else if (*device->driver) {
		say(machine, verdict, device->name,
		    "the driver %s has it; `spmctl bind %s` says how to free it", device->driver,
		    device->name);
	} else {
		check_free(machine, device, verdict);
	}
}

static void check_devices(struct machine *machine)
{
	size_t i;

	if (!machine->devices.count)
		say_no_device(machine);
	for (i = 0; i < machine->devices.count; i++)
		check_device(machine, &machine->devices.device[i]);
}

/* ---- Nodes ---- */

/* As the kernel has it: a node that was full counts on again when 1/128 of it is free. */
static bool is_full(const struct node *node)
{
	const struct value *used = &node->value[FIGURE_USED];
	const struct value *capacity = &node->value[FIGURE_CAPACITY];

	return used->known && capacity->known &&
	       used->number > capacity->number - capacity->number / 128;
}

static void check_gate(struct machine *machine, const struct node *node, const char *what)
{
	enum verdict verdict = machine->open ? NOTE : FAIL;
	char advice[TEXT_SIZE];

	gate_advice(node, advice, sizeof(advice));
	if (node_is_open(node))
		say(machine, OK, what, "takes pages (gate open)");
	else if (!node_has_gate(node))
		say(machine, verdict, what, "its gate can't be read");
	else
		say(machine, verdict, what, "takes no pages: gate %s, %s:" MORE "%s%s%s",
		    node->state, node->reason, gate_meaning(node->reason),
		    *advice ? ":" MORE : "", advice);
}

static void check_node(struct machine *machine, const struct node *node)
{
	const struct value *value = node->value;
	char what[FIGURE_SIZE];

	snprintf(what, sizeof(what), "node %d", node->nid);
	check_gate(machine, node, what);
	if (node_is_open(node) && is_full(node))
		say(machine, NOTE, what, "is full: what comes now takes the way of the fallback");
	if (value[FIGURE_POISONED].known && value[FIGURE_POISONED].number)
		say(machine, NOTE, what, "the device has lost %llu pages (poisoned): unbind it%s",
		    (unsigned long long)value[FIGURE_POISONED].number,
		    value[FIGURE_MARGIN].known ? ", or have a" MORE "larger margin_permille" : "");
}

static void check_nodes(struct machine *machine)
{
	const struct nodes *nodes = &machine->nodes;
	size_t i;

	if (!nodes->count)
		say(machine, FAIL, "nodes", "there is no SPM node");
	for (i = 0; i < nodes->count; i++)
		check_node(machine, &nodes->node[i]);
}

/* ---- Swapping ---- */

static bool is_rotating(const char *path)
{
	const char *name = strrchr(path, '/');
	uint64_t rotational = 0;

	name = name ? name + 1 : path;
	/* Of a partition it is the disk's. */
	if (sysfs_read_u64(&rotational, "/sys/class/block/%s/queue/rotational", name) &&
	    sysfs_read_u64(&rotational, "/sys/class/block/%s/../queue/rotational", name))
		return false;
	return rotational;
}

static void check_swap_device(struct machine *machine, const char *path)
{
	char safe[NAME_SIZE];

	printable(path, safe, sizeof(safe));
	if (strstr(path, "/zram"))
		say(machine, NOTE, "swap", "%s is in DRAM: what leaves a node is compressed into DRAM",
		    safe);
	else if (is_rotating(path))
		say(machine, NOTE, "swap", "%s rotates: huge pages are split to be swapped out",
		    safe);
}

static void check_swap_devices(struct machine *machine)
{
	char path[PATH_MAX], line[TEXT_SIZE], name[256];
	FILE *swaps;

	if (sysfs_path(path, "/proc/swaps"))
		return;
	swaps = fopen(path, "re");
	if (!swaps)
		return;
	while (fgets(line, sizeof(line), swaps))
		if (line[0] == '/' && sscanf(line, "%255s", name) == 1)
			check_swap_device(machine, name);
	fclose(swaps);
}

static void check_swap_space(struct machine *machine)
{
	char swap[FIGURE_SIZE], capacity[FIGURE_SIZE];

	format_size(machine->swap, swap, sizeof(swap));
	format_size(machine->capacity, capacity, sizeof(capacity));
	if (!machine->swap) {
		say(machine, machine->mapped_works ? NOTE : FAIL, "swap",
		    "there is no swap space: pages on SPM take slots of it (swapon)");
		machine->swap_works = false;
	} else if (machine->swap < machine->capacity) {
		say(machine, NOTE, "swap", "%s are less than the %s of SPM: each page that is swapped"
		    MORE "out to a node takes a slot, so a part of the node stays unused",
		    swap, capacity);
	} else if (!machine->capacity) {
		say(machine, OK, "swap", "%s", swap);
	} else {
		say(machine, OK, "swap", "%s, at least as much as the %s of SPM", swap, capacity);
	}
}

static void check_fallback(struct machine *machine)
{
	char fallback[NAME_SIZE] = "";

	if (sysfs_read(fallback, sizeof(fallback), "/sys/module/zspm/parameters/fallback"))
		return;
	if (!*fallback)
		say(machine, NOTE, "fallback", "none: what no node takes goes to the swap device");
	else if (machine->open)
		say(machine, OK, "fallback", "%s, compressed in DRAM, takes what no node takes",
		    fallback);
	else
		say(machine, NOTE, "fallback", "%s gets all pages, compressed in DRAM, as no node takes any",
		    fallback);
}

/* Sets swap_works as far as zswap is concerned. */
static void check_zswap(struct machine *machine)
{
	enum verdict verdict = machine->mapped_works ? NOTE : FAIL;
	char zpool[NAME_SIZE] = "";
	bool enabled = false;

	if (sysfs_read(zpool, sizeof(zpool), SYS_ZSWAP "/zpool")) {
		say(machine, verdict, "zswap", "this kernel has none (CONFIG_ZSWAP)");
		return;
	}
	read_bool(SYS_ZSWAP "/enabled", &enabled);
	if (strcmp(zpool, "zspm") && enabled)
		say(machine, verdict, "zswap", "is on and stores pages in %s, not on SPM:"
		    MORE "`spmctl enable swap`", zpool);
	else if (strcmp(zpool, "zspm"))
		say(machine, verdict, "zswap", "is off, and its zpool is %s, not zspm:"
		    MORE "`spmctl enable swap`", zpool);
	else if (!enabled)
		say(machine, verdict, "zswap", "is off: `spmctl enable swap`");
	else
		say(machine, OK, "zswap", "is on, and stores pages by zspm");
	machine->swap_works = enabled && !strcmp(zpool, "zspm");
}

/* Only where swapping uses SPM, or would have to, as nothing else does */
static void check_swapping(struct machine *machine)
{
	uint64_t cluster;
	bool uses_zspm;

	check_zswap(machine);
	uses_zspm = machine->swap_works;
	if (uses_zspm || !machine->mapped_works)
		check_swap_space(machine);
	if (!uses_zspm)
		return;
	check_swap_devices(machine);
	check_fallback(machine);
	if (!sysfs_read_u64(&cluster, "/proc/sys/vm/page-cluster") && cluster && cluster < 32)
		say(machine, NOTE, "page-cluster", "vm.page-cluster is %llu: a fault swaps in up to %llu pages, and SPM needs"
		    MORE "no read-ahead: `sysctl vm.page-cluster=0` makes the longest faults shorter",
		    (unsigned long long)cluster, 1ULL << cluster);
}

/* ---- Mapped mode, and what is about both ---- */

static void check_mapped(struct machine *machine)
{
	bool enabled = false;

	if (read_bool(SYS_SPM "/demote_enabled", &enabled)) {
		say(machine, NOTE, "mapped mode", "this kernel has none (CONFIG_SPM_MAPPED)");
		return;
	}
	machine->mapped_works = enabled;
	say(machine, enabled ? OK : NOTE, "mapped mode", enabled ?
	    "is on: reclaim demotes cold pages" : "is off: `spmctl enable mapped`");
}

static void check_huge_pages(struct machine *machine)
{
	char text[TEXT_SIZE];

	if (sysfs_read(text, sizeof(text), "/sys/kernel/mm/transparent_hugepage/enabled"))
		return;
	if (strstr(text, "[always]"))
		say(machine, OK, "huge pages", "always: one goes to a node as a whole if there is room for all"
		    MORE "of it; when demoted, it is split otherwise");
	else
		say(machine, OK, "huge pages", "%s", strstr(text, "[never]") ? "never" : "madvise");
}

static int check_process(const char *pid, void *data)
{
	struct machine *machine = data;
	char comm[NAME_SIZE];

	if (!isdigit((unsigned char)*pid) || sysfs_read(comm, sizeof(comm), "/proc/%s/comm", pid))
		return 0;
	if (!strcmp(comm, "systemd-oomd"))
		say(machine, NOTE, "oomd", "systemd-oomd runs (%s). It kills by SwapUsedLimit, and pages that"
		    MORE "are swapped out to SPM count as swap in use", pid);
	else if (!strcmp(comm, "earlyoom") && machine->mapped_works && !machine->swap)
		say(machine, NOTE, "oomd", "earlyoom runs (%s), and there is no swap: it kills when DRAM is"
		    MORE "nearly used up, before reclaim demotes. Have swap", pid);
	else if (!strcmp(comm, "earlyoom"))
		say(machine, NOTE, "oomd", "earlyoom runs (%s). It kills when DRAM and swap are nearly used"
		    MORE "up; pages that are swapped out to SPM count as swap in use", pid);
	return 0;
}

/* ---- All of it ---- */

static void look(struct machine *machine)
{
	size_t i;

	memset(machine, 0, sizeof(*machine));
	nodes_read(&machine->nodes);
	devices_read(&machine->devices);
	machine->config_status = config_read(&machine->config);
	swap_space(&machine->swap);
	for (i = 0; i < machine->nodes.count; i++) {
		machine->open += node_is_open(&machine->nodes.node[i]);
		machine->capacity += machine->nodes.node[i].value[FIGURE_CAPACITY].number;
	}
}

static enum status conclude(const struct machine *machine)
{
	const char *by = machine->swap_works && machine->mapped_works ? "swapping and mapped mode" :
			 machine->swap_works ? "swapping" : "mapped mode";

	if (machine->open && (machine->swap_works || machine->mapped_works)) {
		printf("SPM works, by %s.\n", by);
		return STATUS_OK;
	}
	printf("SPM does not work now. In the way %s marked FAIL: %u.\n",
	       machine->in_the_way == 1 ? "is the line" : "are the lines", machine->in_the_way);
	return STATUS_FAILED;
}

enum status check(void)
{
	struct machine machine;
	enum status status;

	look(&machine);
	check_kernel(&machine);
	if (sysfs_exists(SYS_SPM)) {
		check_driver(&machine);
		check_config(&machine);
		check_devices(&machine);
		check_nodes(&machine);
		check_mapped(&machine);
		check_swapping(&machine);
		check_huge_pages(&machine);
		sysfs_for_each("/proc", check_process, &machine);
	}
	status = conclude(&machine);
	nodes_free(&machine.nodes);
	devices_free(&machine.devices);
	config_free(&machine.config);
	return status;
}
