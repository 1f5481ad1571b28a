// SPDX-License-Identifier: GPL-2.0
/*
 * spmctl: switches on and off what uses SPM nodes, swapping by zspm and mapped mode
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bind.h"
#include "config.h"
#include "node.h"
#include "switch.h"
#include "sysfs.h"

#define DEMOTE SYS_SPM "/demote_enabled"

/* "Y", "N", "true", "1": all that the kernel writes for a boolean */
int read_bool(const char *file, bool *value)
{
	char text[FIGURE_SIZE];
	int rc;

	rc = sysfs_read(text, sizeof(text), "%s", file);
	return rc ? rc : parse_bool(text, value);
}

/* All swap devices that are on */
int swap_space(uint64_t *bytes)
{
	int rc;

	rc = sysfs_field_kib("/proc/meminfo", "SwapTotal", bytes);
	*bytes *= 1024;
	return rc;
}

static enum status say_write_failed(const char *what, const char *file, const char *text, int rc)
{
	if (rc == -EACCES || rc == -EPERM)
		complain("%s: only root may do that (%s)", what, strerror(-rc));
	else
		complain("%s: the kernel does not take '%s' for\n"
			 "        %s: %s.\n"
			 "        The kernel log may say more.", what, text, file, strerror(-rc));
	return status_of(rc);
}

static enum status set(const char *what, const char *file, const char *text)
{
	int rc = sysfs_write(text, "%s", file);

	return rc ? say_write_failed(what, file, text, rc) : STATUS_OK;
}

/* What was switched on, and does nothing yet */
static void note_what_lacks(bool swap)
{
	struct nodes nodes;
	uint64_t bytes = 0;
	char fallback[NAME_SIZE] = "";

	if (!nodes_read(&nodes) && !nodes.count) {
		sysfs_read(fallback, sizeof(fallback), "/sys/module/zspm/parameters/fallback");
		if (!swap)
			note("nothing is demoted before there is an SPM node; see `spmctl bind --help`");
		else if (*fallback)
			note("all pages go to the fallback, %s in DRAM, before there is an SPM node;\n"
			     "        see `spmctl bind --help`", fallback);
		else
			note("all pages go to the swap device before there is an SPM node; see\n"
			     "        `spmctl bind --help`");
	}
	nodes_free(&nodes);
	if (swap && !swap_space(&bytes) && !bytes)
		note("nothing is swapped out before there is a swap device (swapon); each page on an\n"
		     "        SPM node takes a slot of it");
}

enum status enable_swap(void)
{
	enum status status;
	int rc;

	if (!sysfs_exists(SYS_SPM))
		return nodes_explain_absence();
	if (!sysfs_exists(SYS_ZSWAP)) {
		complain("this kernel has no zswap (CONFIG_ZSWAP), by which pages would be swapped out");
		return STATUS_ABSENT;
	}
	rc = sysfs_write("zspm", SYS_ZSWAP "/zpool");
	if (rc == -ENOENT) {
		complain("zswap has no zpool zspm: the module can't be loaded; try `modprobe zspm`.\n"
			 "        It needs CONFIG_ZSPM.");
		return STATUS_ABSENT;
	}
	status = rc ? say_write_failed("enable swap", SYS_ZSWAP "/zpool", "zspm", rc) :
		 set("enable swap", SYS_ZSWAP "/enabled", "1");
	if (!status)
		note_what_lacks(true);
	return status;
}

static enum status need_mapped(void)
{
	if (!sysfs_exists(SYS_SPM))
		return nodes_explain_absence();
	if (sysfs_exists(DEMOTE))
		return STATUS_OK;
	complain("this kernel has no mapped mode (CONFIG_SPM_MAPPED): there is no\n"
		 "        " DEMOTE);
	return STATUS_ABSENT;
}

enum status enable_mapped(void)
{
	enum status status = need_mapped();

	if (!status)
		status = set("enable mapped", DEMOTE, "1");
	if (!status)
		note_what_lacks(false);
	return status;
}

/* What stays is told, as switching off moves nothing. */
static void note_what_stays(enum figure figure, const char *until)
{
	const struct value *value;
	struct nodes nodes;
	char text[FIGURE_SIZE];

	if (!nodes_read(&nodes)) {
		value = &nodes.all.value[figure];
		format_size(value->number, text, sizeof(text));
		if (value->known && value->number)
			note("%s stay on SPM nodes until %s, or `spmctl unbind`", text, until);
	}
	nodes_free(&nodes);
}

static enum status choose_zpool(const char *zpool)
{
	char safe[SAFE_SIZE];
	int rc = sysfs_write(zpool, SYS_ZSWAP "/zpool");

	printable(zpool, safe, sizeof(safe));
	if (rc == -ENOENT) {
		complain("there is no zpool %s; zsmalloc, zbud and z3fold are usual", safe);
		return STATUS_ABSENT;
	}
	return rc ? say_write_failed("disable swap", SYS_ZSWAP "/zpool", safe, rc) : STATUS_OK;
}

/*
 * Without @zpool, zswap is off. With it, zswap goes on, and compresses there. If another
 * zpool than zspm is chosen, swapping does not use SPM nodes anyway.
 */
enum status disable_swap(const char *zpool)
{
	enum status status;
	char now[NAME_SIZE];

	if (!sysfs_exists(SYS_ZSWAP)) {
		complain("this kernel has no zswap (CONFIG_ZSWAP)");
		return STATUS_ABSENT;
	}
	if (zpool && !strcmp(zpool, "zspm")) {
		complain("--zpool zspm: that is the one which uses SPM nodes; take another");
		return STATUS_USAGE;
	}
	if (zpool) {
		status = choose_zpool(zpool);
	} else {
		if (!sysfs_read(now, sizeof(now), SYS_ZSWAP "/zpool") && strcmp(now, "zspm")) {
			note("zswap is left as it is: it uses %s, not zspm", now);
			return STATUS_OK;
		}
		status = set("disable swap", SYS_ZSWAP "/enabled", "0");
	}
	if (!status)
		note_what_stays(FIGURE_SWAPPED, "they are swapped in");
	return status;
}

enum status disable_mapped(void)
{
	enum status status = need_mapped();

	if (!status)
		status = set("disable mapped", DEMOTE, "0");
	if (!status)
		note_what_stays(FIGURE_MAPPED, "they are written to");
	return status;
}

/* As section [machine] says; what it does not mention stays as it is. */
enum status enable_configured(void)
{
	enum status status, one = STATUS_OK;
	struct config config;

	status = config_read(&config);
	if (!status) {
		if (config.swap.known)
			one = config.swap.number ? enable_swap() : disable_swap(NULL);
		status = one ? one : status;
		one = STATUS_OK;
		if (config.mapped.known)
			one = config.mapped.number ? enable_mapped() : disable_mapped();
		status = one ? one : status;
		if (!config.files)
			note("there is no /etc/spm.conf, so nothing is switched on or off");
		else if (!config.swap.known && !config.mapped.known)
			note("section [machine] of spm.conf names neither swap nor mapped, so they stay");
	}
	config_free(&config);
	return status;
}
