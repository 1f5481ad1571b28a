// SPDX-License-Identifier: GPL-2.0
/*
 * spmctl: files of sysfs and procfs, below one root
 *
 * SPMCTL_ROOT in the environment is put before each path, for tests with a tree of their
 * own. Functions return 0, or what they say, or -errno.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sysfs.h"
#include "text.h"

const char *sysfs_root(void)
{
	const char *root = getenv("SPMCTL_ROOT");

	return root ? root : "";
}

static int sysfs_vpath(char *path, const char *format, va_list args)
{
	int used, more;

	used = snprintf(path, PATH_MAX, "%s", sysfs_root());
	if (used < 0 || used >= PATH_MAX)
		return -ENAMETOOLONG;
	more = vsnprintf(path + used, (size_t)(PATH_MAX - used), format, args);
	return more < 0 || used + more >= PATH_MAX ? -ENAMETOOLONG : 0;
}

/* @path has PATH_MAX bytes. */
int sysfs_path(char *path, const char *format, ...)
{
	va_list args;
	int rc;

	va_start(args, format);
	rc = sysfs_vpath(path, format, args);
	va_end(args);
	return rc;
}

bool sysfs_exists(const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;
	int rc;

	va_start(args, format);
	rc = sysfs_vpath(path, format, args);
	va_end(args);
	return !rc && !access(path, F_OK);
}

/* Return: a descriptor for the functions that end with _at */
int sysfs_open_dir(const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;
	int rc, fd;

	va_start(args, format);
	rc = sysfs_vpath(path, format, args);
	va_end(args);
	if (rc)
		return rc;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The file's text without the newline at its end. */
int sysfs_read_at(int dir, const char *name, char *buf, size_t size)
{
	ssize_t length;
	int fd, rc;

	fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	length = read(fd, buf, size - 1);
	rc = length < 0 ? -errno : 0;
	close(fd);
	if (rc)
		return rc;
	while (length && buf[length - 1] == '\n')
		length--;
	buf[length] = '\0';
	return 0;
}

int sysfs_read(char *buf, size_t size, const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;
	int rc;

	va_start(args, format);
	rc = sysfs_vpath(path, format, args);
	va_end(args);
	return rc ? rc : sysfs_read_at(AT_FDCWD, path, buf, size);
}

/* -EINVAL: what is there is no number */
int sysfs_read_u64_at(int dir, const char *name, uint64_t *value)
{
	char text[FIGURE_SIZE];
	int rc;

	rc = sysfs_read_at(dir, name, text, sizeof(text));
	return rc ? rc : parse_u64(text, UINT64_MAX, value);
}

int sysfs_read_u64(uint64_t *value, const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;
	int rc;

	va_start(args, format);
	rc = sysfs_vpath(path, format, args);
	va_end(args);
	return rc ? rc : sysfs_read_u64_at(AT_FDCWD, path, value);
}

/* The last component of what a link points to: of "driver", the driver's name. */
int sysfs_link(char *name, size_t size, const char *format, ...)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *last;
	ssize_t length;
	va_list args;
	int rc;

	va_start(args, format);
	rc = sysfs_vpath(path, format, args);
	va_end(args);
	if (rc)
		return rc;
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return -errno;
	target[length] = '\0';
	last = strrchr(target, '/');
	last = last ? last + 1 : target;
	if (strlen(last) >= size)
		return -ENAMETOOLONG;
	strcpy(name, last);
	return 0;
}

/* In one write, as sysfs wants it. Nothing is created. */
int sysfs_write(const char *text, const char *format, ...)
{
	char path[PATH_MAX];
	ssize_t length;
	va_list args;
	int fd, rc;

	va_start(args, format);
	rc = sysfs_vpath(path, format, args);
	va_end(args);
	if (rc)
		return rc;
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	length = write(fd, text, strlen(text));
	rc = length < 0 ? -errno : 0;
	if (close(fd) && !rc)
		rc = -errno;
	return rc;
}

/* A line "Field:   1234 kB" of /proc/meminfo and the like. */
int sysfs_field_kib(const char *file, const char *field, uint64_t *kib)
{
	char path[PATH_MAX], line[256], name[64];
	unsigned long long value;
	int rc = -ENOENT;
	FILE *stream;

	if (sysfs_path(path, "%s", file))
		return -ENAMETOOLONG;
	stream = fopen(path, "re");
	if (!stream)
		return -errno;
	while (fgets(line, sizeof(line), stream)) {
		if (sscanf(line, "%63[^:]: %llu", name, &value) == 2 && !strcmp(name, field)) {
			*kib = value;
			rc = 0;
			break;
		}
	}
	fclose(stream);
	return rc;
}

static int for_each(const char *dir,
		    int (*compare)(const struct dirent **a, const struct dirent **b),
		    int (*each)(const char *name, void *data), void *data)
{
	struct dirent **entries;
	char path[PATH_MAX];
	int i, count, rc = 0;

	if (sysfs_path(path, "%s", dir))
		return -ENAMETOOLONG;
	count = scandir(path, &entries, NULL, compare);
	if (count < 0)
		return -errno;
	for (i = 0; i < count; i++) {
		if (!rc && entries[i]->d_name[0] != '.')
			rc = each(entries[i]->d_name, data);
		free(entries[i]);
	}
	free(entries);
	return rc;
}

/*
 * Calls @each with each name in a directory, in the order of the names, numbers in them by
 * their value, as far as it returns 0. Return: what it returned last.
 */
int sysfs_for_each(const char *dir, int (*each)(const char *name, void *data), void *data)
{
	return for_each(dir, versionsort, each, data);
}

static int compare_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* The same in the order of the names' bytes: "10" before "9". */
int sysfs_walk_by_bytes(const char *dir, int (*each)(const char *name, void *data), void *data)
{
	return for_each(dir, compare_bytes, each, data);
}
