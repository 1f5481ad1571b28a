// SPDX-License-Identifier: GPL-2.0
/*
 * spmctl: what a cgroup has on SPM nodes, and may have
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroup.h"
#include "node.h"
#include "sysfs.h"
#include "text.h"

/* With page_counter's own limit a larger one is "max". */
#define MAX_LIMIT ((uint64_t)INT64_MAX)

static bool has_controller(const char *controller)
{
	char text[TEXT_SIZE], *word, *rest;

	if (sysfs_read(text, sizeof(text), SYS_CGROUP "/cgroup.controllers"))
		return false;
	for (word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		if (!strcmp(word, controller))
			return true;
	return false;
}

/* What hands the memory controller down to a group, from the topmost group that does not */
static void print_way_down(const char *name)
{
	char group[PATH_MAX], safe[PATH_MAX];
	size_t length, parent = 0;

	for (length = 1; parent < strlen(name); length++) {
		if (name[length] && name[length] != '/')
			continue;
		snprintf(group, sizeof(group), "%.*s", (int)length, name);
		if (!sysfs_exists(SYS_CGROUP "/%s/memory.spm.max", group)) {
			group[parent] = '\0';
			fprintf(stderr, "            echo +memory >'" SYS_CGROUP "%s%s/cgroup.subtree_control'\n",
				parent ? "/" : "", printable(group, safe, sizeof(safe)));
		}
		parent = length;
	}
}

/* The group is there, but has no limit. */
static enum status explain_no_limit(const char *path, const char *name)
{
	if (!sysfs_exists(SYS_SPM))
		return nodes_explain_absence();
	if (!has_controller("memory")) {
		complain_of(path, "it has no memory.spm.max, as the kernel has the memory controller\n"
			    "        off: boot without cgroup_disable=memory");
		return STATUS_ABSENT;
	}
	complain_of(path, "it has no memory.spm.max, as the memory controller is not handed on to\n"
		    "        it. To change that:");
	print_way_down(name);
	return STATUS_ABSENT;
}

static bool is_group(const char *name)
{
	int dir = sysfs_open_dir(SYS_CGROUP "/%s", name);

	if (dir >= 0)
		close(dir);
	return dir != -ENOTDIR;
}

/*
 * "/sys/fs/cgroup/a/b", "/a/b", "./a//b/" and "a/b" are the same group: @name gets "a/b".
 * Return: -EINVAL if there is a ".." in it.
 */
static int normalize(const char *path, char *name, size_t size)
{
	size_t length, used = 0;

	if (!strncmp(path, SYS_CGROUP, strlen(SYS_CGROUP)) &&
	    (path[strlen(SYS_CGROUP)] == '/' || !path[strlen(SYS_CGROUP)]))
		path += strlen(SYS_CGROUP);
	*name = '\0';
	for (path += strspn(path, "/"); *path; path += strspn(path, "/")) {
		length = strcspn(path, "/");
		if (length == 2 && !strncmp(path, "..", length))
			return -EINVAL;
		if ((length != 1 || *path != '.') && used < size)
			used += snprintf(name + used, size - used, "%s%.*s", used ? "/" : "",
					 (int)length, path);
		path += length;
	}
	return 0;
}

static enum status find_group(const char *path, char *name, size_t size)
{
	if (normalize(path, name, size)) {
		complain_of(path, "name a cgroup without '..'");
		return STATUS_USAGE;
	}
	if (!sysfs_exists(SYS_CGROUP "/cgroup.controllers")) {
		complain("there is no cgroup of version 2 at " SYS_CGROUP ", and limits work with that\n"
			 "        version only: boot with systemd.unified_cgroup_hierarchy=1");
		return STATUS_ABSENT;
	}
	if (!*name) {
		complain("the root group has no limit; name another one, as system.slice");
		return STATUS_ABSENT;
	}
	if (!sysfs_exists(SYS_CGROUP "/%s", name)) {
		complain_of(path, "there is no such cgroup below " SYS_CGROUP);
		return STATUS_ABSENT;
	}
	if (!is_group(name)) {
		complain_of(path, "this is a file; name the group that it is in");
		return STATUS_USAGE;
	}
	return sysfs_exists(SYS_CGROUP "/%s/memory.spm.max", name) ? STATUS_OK :
	       explain_no_limit(path, name);
}

static enum status say_failed(const char *name, const char *file, int rc)
{
	if (rc == -EACCES || rc == -EPERM)
		complain_of(name, "you may not do that with %s (%s)", file, strerror(-rc));
	else
		complain_of(name, "%s: %s", file, strerror(-rc));
	return status_of(rc);
}

static enum status say_unreadable(const char *name, const char *file, int rc)
{
	if (rc != -EINVAL && rc != -ERANGE)
		return say_failed(name, file, rc);
	complain_of(name, "%s holds no number", file);
	return STATUS_FAILED;
}

static void print_json_group(const char *name, uint64_t current, bool is_max, uint64_t limit)
{
	struct json_object *root = json_object_new_object();

	json_object_object_add(root, "cgroup", json_text(name));
	json_object_object_add(root, "current", json_object_new_uint64(current));
	json_object_object_add(root, "max", is_max ? NULL : json_object_new_uint64(limit));
	puts(json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY |
					    JSON_C_TO_STRING_SPACED));
	json_object_put(root);
}

static void print_group(const char *name, uint64_t current, bool is_max, uint64_t limit,
			const struct list_options *options)
{
	char have[FIGURE_SIZE], max[FIGURE_SIZE], safe[PATH_MAX];

	if (options->bytes) {
		snprintf(have, sizeof(have), "%llu", (unsigned long long)current);
		snprintf(max, sizeof(max), "%llu", (unsigned long long)limit);
	} else {
		format_size(current, have, sizeof(have));
		format_size(limit, max, sizeof(max));
	}
	if (options->headings)
		printf("%10s %10s CGROUP\n", "CURRENT", "MAX");
	printf("%10s %10s %s\n", have, is_max ? "max" : max, printable(name, safe, sizeof(safe)));
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
		return say_unreadable(name, "memory.spm.current", rc);
	rc = sysfs_read(max, sizeof(max), SYS_CGROUP "/%s/memory.spm.max", name);
	if (!rc && strcmp(max, "max"))
		rc = parse_u64(max, UINT64_MAX, &limit);
	if (rc)
		return say_unreadable(name, "memory.spm.max", rc);
	if (options->form == FORM_JSON)
		print_json_group(name, current, !strcmp(max, "max"), limit);
	else
		print_group(name, current, !strcmp(max, "max"), limit, options);
	return STATUS_OK;
}

/* The kernel returns when what is beyond the limit has gone, or can't go. */
static void note_what_stays(const char *name, uint64_t limit)
{
	char have[FIGURE_SIZE], max[FIGURE_SIZE];
	uint64_t current;

	if (sysfs_read_u64(&current, SYS_CGROUP "/%s/memory.spm.current", name) || current <= limit)
		return;
	format_size(current, have, sizeof(have));
	format_size(limit, max, sizeof(max));
	note_of(name, "the limit is %s, but it still has %s there, which can't leave now", max,
		have);
}

/* The kernel rounds down to whole pages. Who forgot a unit gets much less than he wanted. */
static void note_rounding(const char *name, uint64_t asked)
{
	char max[FIGURE_SIZE], page[FIGURE_SIZE];
	uint64_t limit;

	if (sysfs_read_u64(&limit, SYS_CGROUP "/%s/memory.spm.max", name) || limit == asked)
		return;
	format_size(limit, max, sizeof(max));
	format_size(sysconf(_SC_PAGESIZE), page, sizeof(page));
	note_of(name, "the limit is %s, and not %llu bytes, as it is a number of pages of %s.\n"
		"        A size has a unit, as in 512M or 1.5G", max, (unsigned long long)asked,
		page);
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
		complain("limit '%s': %s; " LIMIT_FORMS,
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
	if (bytes != UINT64_MAX)
		note_rounding(name, bytes);
	note_what_stays(name, bytes);
	return STATUS_OK;
}
