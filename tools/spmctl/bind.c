// SPDX-License-Identifier: GPL-2.0
/*
 * spmctl: makes SPM nodes of device-dax instances, and takes them away
 *
 * A device is taken from the driver that has it only if nothing is lost by that: never
 * from kmem while memory of it is online. The kernel would let that happen (writing to
 * kmem/unbind succeeds), and then has the memory, without a driver, until it reboots.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bind.h"
#include "config.h"
#include "device.h"
#include "node.h"
#include "sysfs.h"

/* As the kernel has it: by the program that it would start itself. Return: 0 or -errno */
int load_module(const char *name)
{
	char program[PATH_MAX];
	int wstatus;
	pid_t pid;

	if (sysfs_read(program, sizeof(program), "/proc/sys/kernel/modprobe") || !*program)
		return -ENOENT;
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		execl(program, program, "-q", name, (char *)NULL);
		_exit(127);
	}
	if (waitpid(pid, &wstatus, 0) < 0)
		return -errno;
	return WIFEXITED(wstatus) && !WEXITSTATUS(wstatus) ? 0 : -ENOENT;
}

/* ---- Messages that several functions give ---- */

/* In as many lines as it takes */
static void list_devices(const struct devices *devices)
{
	char safe[NAME_SIZE];
	size_t i, columns;

	columns = (size_t)fprintf(stderr, "        There %s:", devices->count > 1 ? "are" : "is");
	for (i = 0; i < devices->count; i++) {
		printable(devices->device[i].name, safe, sizeof(safe));
		if (columns + strlen(" ") + strlen(safe) > LINE_COLUMNS)
			columns = (size_t)fprintf(stderr, "\n       ") - 1;
		columns += (size_t)fprintf(stderr, " %s", safe);
	}
	fputc('\n', stderr);
}

static enum status say_absent(const char *name)
{
	struct devices devices;
	char safe[SAFE_SIZE];

	complain("%s: there is no such device-dax instance in\n        " SYS_DAX "/devices",
		 printable(name, safe, sizeof(safe)));
	if (!devices_read(&devices) && devices.count)
		list_devices(&devices);
	else
		fprintf(stderr, "        There is none at all; `spmctl check` says how to get one.\n");
	devices_free(&devices);
	return STATUS_ABSENT;
}

static enum status say_denied(const char *device, int rc)
{
	complain("%s: only root may do that (%s)", device, strerror(-rc));
	return STATUS_DENIED;
}

/* ---- Taking it from who has it ---- */

static int write_driver(const char *driver, const char *file, const char *device)
{
	return sysfs_write(device, SYS_DAX "/drivers/%s/%s", driver, file);
}

static enum status take_from_device_dax(const struct device *device)
{
	char holders[TEXT_SIZE];
	int count, rc;

	count = device_holders(device, holders, sizeof(holders));
	if (count) {
		complain("%s: %d process%s /dev/%s open: %s%s.\n"
			 "        End %s first.", device->name, count,
			 count == 1 ? " has" : "es have", device->name, holders,
			 count > 4 ? " ..." : "", count == 1 ? "it" : "them");
		return STATUS_BUSY;
	}
	rc = write_driver(device->driver, "unbind", device->name);
	if (rc == -EACCES || rc == -EPERM)
		return say_denied(device->name, rc);
	if (rc && rc != -ENODEV) {
		complain("%s: the driver device_dax does not let go of it: %s", device->name,
			 strerror(-rc));
		return status_of(rc);
	}
	return STATUS_OK;
}

/* The blocks of its node may be another's, and which are its only root may read. */
static enum status say_hidden(const char *device)
{
	complain("%s: only root sees whether its memory is free", device);
	return STATUS_DENIED;
}

static enum status say_online(const struct device *device, const struct blocks *blocks)
{
	char command[TEXT_SIZE];

	device_free_command(device, blocks, "\n            ", command, sizeof(command));
	complain("%s: the driver kmem has it, and %u of its %u memory blocks are online as ordinary\n"
		 "        memory. Free it, and try again:\n"
		 "            %s\n"
		 "            spmctl bind %s\n"
		 "        Don't write to kmem/unbind before: the memory would be lost until reboot.\n"
		 "        To have it bound at boot before kmem takes it, see spm.conf(5).",
		 device->name, blocks->online, blocks->total, command, device->name);
	return STATUS_BUSY;
}

static enum status take_from_kmem(const struct device *device)
{
	struct blocks blocks;
	int rc;

	rc = device_blocks(device, &blocks);
	if (rc) {
		complain_of(device->name,
			    "the driver kmem has it, and it is not known whether its memory is\n"
			    "        online: %s", strerror(-rc));
		return status_of(rc);
	}
	if (blocks_are_hidden(&blocks))
		return say_hidden(device->name);
	if (blocks.online)
		return say_online(device, &blocks);
	rc = write_driver(device->driver, "unbind", device->name);
	if (rc == -EACCES || rc == -EPERM)
		return say_denied(device->name, rc);
	if (rc && rc != -ENODEV) {
		complain("%s: the driver kmem does not let go of it: %s", device->name,
			 strerror(-rc));
		return status_of(rc);
	}
	/* It succeeds in any case, so look. */
	if (!device_blocks(device, &blocks) && blocks.total) {
		complain("%s: the driver kmem let go of it, but %u of its memory blocks are still there.\n"
			 "        The kernel log says why; until the next reboot it can't be bound.",
			 device->name, blocks.total);
		return STATUS_BUSY;
	}
	return STATUS_OK;
}

/*
 * No driver has it, but its memory is there: somebody wrote to kmem/unbind too early. Or it
 * is that of an abandoned SPM node, which the kernel takes away when we bind the device.
 */
static enum status check_left_over(const struct device *device)
{
	struct blocks blocks;

	if (device_abandoned_node(device) >= 0 || device_blocks(device, &blocks) || !blocks.total)
		return STATUS_OK;
	if (blocks_are_hidden(&blocks))
		return say_hidden(device->name);
	complain("%s: no driver has it, but node %d has %u memory blocks of it, %u of them online.\n"
		 "        kmem was unbound while its memory was online; that can't be undone until\n"
		 "        the next reboot. To bind it then before kmem takes it, see spm.conf(5).",
		 device->name, device->nid, blocks.total, blocks.online);
	return STATUS_BUSY;
}

/* Return: STATUS_OK when no driver has it any more */
static enum status take(const struct device *device, const char *driver)
{
	if (!*device->driver)
		return check_left_over(device);
	if (!strcmp(device->driver, "device_dax"))
		return take_from_device_dax(device);
	if (!strcmp(device->driver, "kmem"))
		return take_from_kmem(device);
	if (is_spm_driver(device->driver)) {
		complain("%s: it is an SPM node by the driver %s already, not by %s.\n"
			 "        To change that: spmctl unbind %s && spmctl bind %s --driver %s",
			 device->name, device->driver, driver, device->name, device->name, driver);
		return STATUS_BUSY;
	}
	complain("%s: the driver %s has it, which this command does not know.\n"
		 "        If nothing of its memory is in use:\n"
		 "            echo %s >" SYS_DAX "/drivers/%s/unbind\n"
		 "            spmctl bind %s",
		 device->name, device->driver, device->name, device->driver, device->name);
	return STATUS_BUSY;
}

/* ---- Binding ---- */

static enum status need_driver(const char *driver)
{
	if (sysfs_exists(SYS_DAX "/drivers/%s", driver))
		return STATUS_OK;
	if (!sysfs_exists(SYS_SPM))
		return nodes_explain_absence();
	load_module(driver);
	if (sysfs_exists(SYS_DAX "/drivers/%s", driver))
		return STATUS_OK;
	if (geteuid()) {
		complain("the module %s is not loaded, and only root may load it", driver);
		return STATUS_DENIED;
	}
	complain("there is no driver %s, and its module can't be loaded; try `modprobe %s`.\n"
		 "        It needs CONFIG_%s.", driver, driver,
		 !strcmp(driver, "spm_emu") ? "SPM_EMU" :
		 !strcmp(driver, "spm_cxl") ? "SPM_CXL" : "SPM_DAX");
	return STATUS_ABSENT;
}

/* "48M", what is there of an abandoned node */
static enum status say_abandoned_stays(const struct device *device, int nid)
{
	char used[FIGURE_SIZE] = "some";
	uint64_t bytes;

	if (!sysfs_read_u64(&bytes, SYS_NODES "/node%d/spm/used_bytes", nid))
		format_size(bytes, used, sizeof(used));
	complain("%s: pages of node %d, which no driver has, could not leave yet: %s.\n"
		 "        They need room on another SPM node, on a swap device, or in DRAM. The kernel\n"
		 "        log says more.", device->name, nid, used);
	return STATUS_BUSY;
}

/* ENODEV is what drivers say of a device that is there, too. */
static enum status say_not_taken(const struct device *device, const char *driver)
{
	struct device again;

	if (device_read(device->name, &again)) {
		complain("%s: the driver %s does not take it: it has gone", device->name, driver);
		return STATUS_ABSENT;
	}
	complain("%s: the driver %s does not take it: %s.\n"
		 "        %sThe kernel log says more.", device->name, driver, strerror(ENODEV),
		 strcmp(driver, "spm_cxl") ? "" :
		 "It is of no CXL region that the kernel has made: spm_dax is the driver to take.\n        ");
	return STATUS_FAILED;
}

static enum status say_bind_failed(const struct device *device, const char *driver, int rc)
{
	const char *hint = "The kernel log says more.";
	int abandoned = device_abandoned_node(device);

	if (abandoned >= 0 && (rc == -EBUSY || rc == -EEXIST))
		return say_abandoned_stays(device, abandoned);

	switch (-rc) {
	case EACCES:
	case EPERM:
		return say_denied(device->name, rc);
	case EBUSY:
		hint = "Its node has memory already, another driver was faster, or the machine\n"
		       "        hibernates. The kernel log says more.";
		break;
	case EINVAL:
		hint = "It is too small to hold a memory block, or its memory belongs to no node.\n"
		       "        " SYS_MEMORY "/block_size_bytes has the size of a block, in hex.";
		break;
	case ENODEV:
		return say_not_taken(device, driver);
	case EROFS:
		hint = "sysfs is mounted read-only: it is in containers. Do it outside of them.";
		break;
	}
	complain("%s: the driver %s does not take it: %s.\n        %s", device->name, driver,
		 strerror(-rc), hint);
	return status_of(rc);
}

/*
 * daxctl leaves the name with the driver that it binds an instance to, which would get it
 * ahead of ours when the instance is added again.
 */
static void forget_names(const char *name)
{
	write_driver("device_dax", "remove_id", name);
	write_driver("kmem", "remove_id", name);
}

enum status bind_device(const char *name, const char *driver)
{
	struct device device;
	enum status status;
	int rc;

	if (device_read(name, &device))
		return say_absent(name);
	if (!strcmp(device.driver, driver))
		return STATUS_OK;
	if (device.nid < 0) {
		complain("%s: its memory belongs to no NUMA node (target_node), so it can't be one",
			 name);
		return STATUS_FAILED;
	}
	status = need_driver(driver);
	if (!status)
		status = take(&device, driver);
	if (status)
		return status;
	rc = write_driver(driver, "bind", name);
	/* Somebody else has bound it to this driver meanwhile, udev for one. */
	if (rc && !device_read(name, &device) && !strcmp(device.driver, driver))
		rc = 0;
	if (rc)
		return say_bind_failed(&device, driver, rc);
	forget_names(name);
	return STATUS_OK;
}

/* ---- Binding by configuration ---- */

static const char *knob_hint(int rc)
{
	switch (-rc) {
	case ENOENT:
		return "A node without telemetry has no such knob.";
	case EINVAL:
		return "It contradicts the others: the kernel log has the rule, and spm.conf(5).";
	case ERANGE:
		return "The kernel log has its range, and spm.conf(5).";
	default:
		return "The kernel log may say more.";
	}
}

static enum status say_not_set(const struct device *device, const char *knob, const char *text,
			       int rc)
{
	char now[FIGURE_SIZE], with[SAFE_SIZE] = "";

	if (!sysfs_read(now, sizeof(now), SYS_NODES "/node%d/spm/%s", device->nid, knob) && *now)
		snprintf(with, sizeof(with), ", with %s", now);
	complain("%s: %s is not set to %s: %s.\n        %s\n        It is node %d all the same%s.",
		 device->name, knob, text, strerror(-rc), knob_hint(rc), device->nid, with);
	return status_of(rc);
}

/* Knobs may contradict each other until all are set, so those that fail are tried again. */
static enum status set_knobs(const struct device *device, const struct section *section)
{
	enum status status = STATUS_OK;
	bool done[NR_KNOBS];
	char text[FIGURE_SIZE];
	unsigned int pass;
	size_t i;
	int rc;

	for (i = 0; i < NR_KNOBS; i++)
		done[i] = !section->knob[i].known;
	for (pass = 1; pass <= NR_KNOBS; pass++) {
		for (i = 0; i < NR_KNOBS; i++) {
			if (done[i])
				continue;
			snprintf(text, sizeof(text), "%llu",
				 (unsigned long long)section->knob[i].number);
			rc = sysfs_write(text, SYS_NODES "/node%d/spm/%s", device->nid,
					 knob_files[i]);
			done[i] = !rc;
			if (rc && pass == NR_KNOBS)
				status = say_not_set(device, knob_files[i], text, rc);
		}
	}
	return status;
}

static enum status bind_section(const char *name, const struct section *section)
{
	struct device device;
	enum status status;

	status = bind_device(name, section->driver);
	if (!status && !device_read(name, &device))
		status = set_knobs(&device, section);
	return status;
}

/*
 * Has the kernel give a device to the driver as soon as there is one of this name, ahead
 * of kmem if that is loaded later.
 */
static enum status claim(const char *name, const char *driver)
{
	int rc;

	rc = write_driver(driver, "new_id", name);
	if (rc == -EACCES || rc == -EPERM)
		return say_denied(name, rc);
	if (rc && rc != -ENOENT) {
		complain("%s: the driver %s can't be told to take it when it comes: %s", name,
			 driver, strerror(-rc));
		return status_of(rc);
	}
	return STATUS_OK;
}

static enum status claim_absent(const struct config *config, const struct devices *devices)
{
	enum status status = STATUS_OK, one;
	struct section section;
	const char *name;
	size_t i;

	for (i = 0; i < config->count; i++) {
		if (!config_names_absent(config, i, devices, &section))
			continue;
		name = config->section[i].pattern;
		one = need_driver(section.driver);
		if (!one)
			one = claim(name, section.driver);
		if (!one)
			note("%s: spm.conf names it, but it is not there now; %s gets it when it comes",
			     name, section.driver);
		status = one ? one : status;
	}
	return status;
}

/* It is no fault, and nothing to be silent about: names are mistyped. */
static void note_unnamed(const struct config *config, const char *only)
{
	if (!config->files)
		note("there is no /etc/spm.conf, so nothing is bound");
	else if (only)
		note("%s: spm.conf does not name it, so it is not bound", only);
	else if (!config->count)
		note("spm.conf names no device, so nothing is bound");
}

static enum status bind_present(const struct config *config, const struct devices *devices,
				const char *only)
{
	enum status status = STATUS_OK, one;
	struct section section;
	const char *name;
	bool named = false;
	size_t i;

	for (i = 0; i < devices->count; i++) {
		name = devices->device[i].name;
		if ((only && strcmp(only, name)) || !config_find(config, name, &section))
			continue;
		named = true;
		one = bind_section(name, &section);
		if (!one && is_dax_name(name))
			one = claim(name, section.driver);
		status = one ? one : status;
	}
	if (!named)
		note_unnamed(config, only);
	return status;
}

/* All devices that the configuration names, or one of them; none is no fault. */
enum status bind_configured(const char *name)
{
	enum status status, one;
	struct devices devices;
	struct config config;
	int rc;

	status = config_read(&config);
	rc = devices_read(&devices);
	if (rc) {
		complain("device-dax instances can't be listed: %s", strerror(-rc));
		status = status_of(rc);
	} else if (name && !devices_find(&devices, name)) {
		status = say_absent(name);
	} else if (!status) {
		one = name ? STATUS_OK : claim_absent(&config, &devices);
		status = one ? one : status;
		one = bind_present(&config, &devices, name);
		status = one ? one : status;
	}
	devices_free(&devices);
	config_free(&config);
	return status;
}

/* ---- Unbinding ---- */

static enum status say_unbind_failed(const struct node *node, int rc)
{
	char swapped[FIGURE_SIZE], mapped[FIGURE_SIZE];

	if (rc == -EACCES || rc == -EPERM)
		return say_denied(node->device, rc);
	if (rc == -ETIMEDOUT) {
		complain("%s: the device does not answer, so node %d stays as it is; try again",
			 node->device, node->nid);
		return STATUS_FAILED;
	}
	if (rc != -EBUSY) {
		complain("%s: the driver %s does not let go of it: %s", node->device,
			 node->provider, strerror(-rc));
		return status_of(rc);
	}
	format_size(node->value[FIGURE_SWAPPED].number, swapped, sizeof(swapped));
	format_size(node->value[FIGURE_MAPPED].number, mapped, sizeof(mapped));
	complain("%s: not all pages of node %d can leave, so it stays as it is (%s swapped out,\n"
		 "        %s mapped). They need room on another SPM node, on a swap device, or, those\n"
		 "        that are mapped, in DRAM and below their cgroup's limit. Where they may not\n"
		 "        go to a swap device, memory.zswap.writeback is 0. Or the machine hibernates.",
		 node->device, node->nid, swapped, mapped);
	return STATUS_BUSY;
}

/* By the name of the device, or the number of the node: "1", "node1" */
static const struct node *find_node(const struct nodes *nodes, const char *name)
{
	const char *number = strncmp(name, "node", strlen("node")) ? name : name + strlen("node");
	uint64_t nid;
	size_t i;
	bool by_number = !parse_u64(number, INT_MAX, &nid);

	for (i = 0; i < nodes->count; i++)
		if (by_number ? nodes->node[i].nid == (int)nid :
				!strcmp(nodes->node[i].device, name))
			return &nodes->node[i];
	return NULL;
}

/* No driver can be told to let go of it. */
static enum status say_not_unbound(const struct node *node)
{
	if (!*node->provider)
		complain("node %d: its driver is not known, as its file provider can't be read",
			 node->nid);
	else if (!is_spm_driver(node->provider))
		complain("node %d: its driver, %s, is not one of device-dax instances. To unload that\n"
			 "        module takes the node away.", node->nid, node->provider);
	else if (!strcmp(node->reason, "removed"))
		complain("node %d: the device is gone, and no driver has it any more (gate removed). When\n"
			 "        it is back, `spmctl bind DEVICE` takes the node away.",
			 node->nid);
	else
		complain("node %d: no driver has it any more (gate %s): `spmctl bind DEVICE` moves its\n"
			 "        pages away, and then takes the node away as well.", node->nid,
			 node->reason);
	return STATUS_FAILED;
}

static enum status unbind_node(const struct node *node)
{
	int rc;

	if (!is_spm_driver(node->provider) || !*node->device)
		return say_not_unbound(node);
	rc = write_driver(node->provider, "unbind", node->device);
	if (rc)
		return say_unbind_failed(node, rc);
	/* Or it would be bound again as soon as the device is added again. */
	write_driver(node->provider, "remove_id", node->device);
	return STATUS_OK;
}

static enum status say_no_node(const char *name)
{
	struct device device;
	char safe[SAFE_SIZE];

	printable(name, safe, sizeof(safe));
	if (device_read(name, &device))
		complain("%s: there is no SPM node of this number or device; `spmctl` lists them",
			 safe);
	else if (*device.driver)
		complain("%s: it is no SPM node, the driver %s has it", safe, device.driver);
	else
		complain("%s: it is no SPM node, and no driver has it", safe);
	return STATUS_ABSENT;
}

enum status unbind_device(const char *name)
{
	const struct node *node;
	enum status status;
	struct nodes nodes;

	status = nodes_explain(nodes_read(&nodes));
	if (status == STATUS_OK) {
		node = find_node(&nodes, name);
		status = node ? unbind_node(node) : say_no_node(name);
	}
	nodes_free(&nodes);
	return status;
}
