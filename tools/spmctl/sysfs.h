/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SPMCTL_SYSFS_H
#define SPMCTL_SYSFS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_SIZE 4096		/* what a file of sysfs has at most */

#define SYS_SPM		"/sys/kernel/mm/spm"
#define SYS_NODES	"/sys/devices/system/node"
#define SYS_DAX		"/sys/bus/dax"
#define SYS_MEMORY	"/sys/devices/system/memory"
#define SYS_ZSWAP	"/sys/module/zswap/parameters"
#define SYS_CGROUP	"/sys/fs/cgroup"

const char *sysfs_root(void);
int sysfs_path(char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool sysfs_exists(const char *format, ...) __attribute__((format(printf, 1, 2)));
int sysfs_open_dir(const char *format, ...) __attribute__((format(printf, 1, 2)));

int sysfs_read_at(int dir, const char *name, char *buf, size_t size);
int sysfs_read(char *buf, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int sysfs_read_u64_at(int dir, const char *name, uint64_t *value);
int sysfs_read_u64(uint64_t *value, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
int sysfs_link(char *name, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int sysfs_write(const char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

int sysfs_field_kib(const char *file, const char *field, uint64_t *kib);
int sysfs_for_each(const char *dir, int (*each)(const char *name, void *data), void *data);
int sysfs_walk_by_bytes(const char *dir, int (*each)(const char *name, void *data), void *data);

#endif /* SPMCTL_SYSFS_H */
