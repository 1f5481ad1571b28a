// SPDX-License-Identifier: GPL-2.0
/*
 * spmctl: what a cgroup has on SPM nodes, and may have
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "cgroup.h"
#include "node.h"
#include "sysfs.h"
#include "text.h"

/* With page_counter's own limit a larger one is "max". */
#define MAX_LIMIT ((uint64_t)INT64_MAX)

/* "/sys/fs/cgroup/a/b", "/a/b" and "a/b" are the same group: @name gets "a/b". */
static enum status find_group(const char *path, char *name, size_t size)
{
	const char *start = path;
	char safe[SAFE_SIZE];

	if (!strncmp(start, SYS_CGROUP, strlen(SYS_CGROUP)) &&
	    (start[strlen(SYS_CGROUP)] == '/' || !start[strlen(SYS_CGROUP)]))
		start += strlen(SYS_CGROUP);
	while (*start == '/')
		start++;
	snprintf(name, size, "%s", start);
	while (*name && name[strlen(name) - 1] == '/')
		name[strlen(name) - 1] = '\0';
	printable(path, safe, sizeof(safe));

	if (!strcmp(name, "..") || !strncmp(name, "../", 3) || strstr(name, "/../") ||
	    (strlen(name) > 3 && !strcmp(name + strlen(name) - 3, "/.."))) {
		complain("%s: name a cgroup without '..'", safe);
		return STATUS_USAGE;
	}
	if (!sysfs_exists(SYS_CGROUP "/cgroup.controllers")) {
		complain("there is no cgroup of version 2 at " SYS_CGROUP);
		return STATUS_ABSENT;
	}
	if (!*name) {
		complain("the root group has no limit; name another one, as system.slice");
		return STATUS_ABSENT;
	}
	if (!sysfs_exists(SYS_CGROUP "/%s", name)) {
		complain("%s: there is no such cgroup below " SYS_CGROUP, safe);
		return STATUS_ABSENT;
	}
	if (sysfs_exists(SYS_CGROUP "/%s/memory.spm.max", name))
		return STATUS_OK;
	if (!sysfs_exists(SYS_SPM))
		return nodes_explain_absence();
	complain("%s: it has no memory.spm.max: its parent does not hand on the memory controller.\n"
		 "        To change that: echo +memory >PARENT/cgroup.subtree_control", safe);
	return STATUS_ABSENT;
}

static enum status say_failed(const char *name, const char *file, int rc)
{
	char safe[SAFE_SIZE];

	printable(name, safe, sizeof(safe));
	if (rc == -EACCES || rc == -EPERM)
		complain("%s: you may not do that with %s (%s)", safe, file, strerror(-rc));
	else
		complain("%s: %s: %s", safe, file, strerror(-rc));
	return status_of(rc);
}

static void print_json_group(const char *name, uint64_t current, bool is_max, uint64_t limit)
{
	struct json_object *root = json_object_new_object();

	json_object_object_add(root, "cgroup", json_object_new_string(name));
	json_object_object_add(root, "current", json_object_new_uint64(current));
	json_object_object_add(root, "max", is_max ? NULL : json_object_new_uint64(limit));
	puts(json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY |
					    JSON_C_TO_STRING_SPACED));
	json_object_put(root);
}

static void print_group(const char *name, uint64_t current, bool is_max, uint64_t limit,
			const struct list_options *options)
{
	char have[FIGURE_SIZE], max[FIGURE_SIZE];

	if (options->bytes) {
		snprintf(have, sizeof(have), "%llu", (unsigned long long)current);
		snprintf(max, sizeof(max), "%llu", (unsigned long long)limit);
	} else {
		format_size(current, have, sizeof(have));
		format_size(limit, max, sizeof(max));
	}
	if (options->headings)
		printf("%10s %10s CGROUP\n", "CURRENT", "MAX");
	printf("%10s %10s %s\n", have, is_max ? "max" : max, name);
}

enum status cgroup_show(const char *path, const struct list_options *options)
{
	char name[PATH_MAX], max[FIGURE_SIZE];
	uint64_t current, limit = 0;
	enum status status;
	int rc;

	status = find_group(path, name, sizeof(name));
	if (status)
		return status;
	rc = sysfs_read_u64(&current, SYS_CGROUP "/%s/memory.spm.current", name);
	if (rc)
		return say_failed(name, "memory.spm.current", rc);
	rc = sysfs_read(max, sizeof(max), SYS_CGROUP "/%s/memory.spm.max", name);
	if (!rc && strcmp(max, "max"))
		rc = parse_u64(max, UINT64_MAX, &limit);
	if (rc)
		return say_failed(name, "memory.spm.max", rc);
	if (options->form == FORM_JSON)
		print_json_group(name, current, !strcmp(max, "max"), limit);
	else
		print_group(name, current, !strcmp(max, "max"), limit, options);
	return STATUS_OK;
}

/* The kernel returns when what is beyond the limit has gone, or can't go. */
static void note_what_stays(const char *name, uint64_t limit)
{
	char have[FIGURE_SIZE], max[FIGURE_SIZE], safe[SAFE_SIZE];
	uint64_t current;

	if (sysfs_read_u64(&current, SYS_CGROUP "/%s/memory.spm.current", name) || current <= limit)
		return;
	format_size(current, have, sizeof(have));
	format_size(limit, max, sizeof(max));
	note("%s: the limit is %s, but it still has %s there, which can't leave now",
	     printable(name, safe, sizeof(safe)), max, have);
}

enum status cgroup_limit(const char *path, const char *limit)
{
	char name[PATH_MAX], text[FIGURE_SIZE] = "max", safe[SAFE_SIZE];
	uint64_t bytes = UINT64_MAX;
	enum status status;
	int rc = 0;

	if (strcmp(limit, "max"))
		rc = parse_size(limit, MAX_LIMIT, &bytes);
	if (rc) {
		complain("limit '%s': %s; give max, 0, or a size as 512M or 1.5G",
			 printable(limit, safe, sizeof(safe)),
			 rc == -ERANGE ? "it is too large" : "it is no size");
		return STATUS_USAGE;
	}
	status = find_group(path, name, sizeof(name));
	if (status)
		return status;
	if (bytes != UINT64_MAX)
		snprintf(text, sizeof(text), "%llu", (unsigned long long)bytes);
	rc = sysfs_write(text, SYS_CGROUP "/%s/memory.spm.max", name);
	if (rc)
		return say_failed(name, "memory.spm.max", rc);
	note_what_stays(name, bytes);
	return STATUS_OK;
}
