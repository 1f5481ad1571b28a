/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SPMCTL_CGROUP_H
#define SPMCTL_CGROUP_H

#include "list.h"

/* What a limit may be, for messages */
#define LIMIT_FORMS "give max, 0, or a size as 512M or 1.5G"

enum status cgroup_show(const char *path, const struct list_options *options);
enum status cgroup_limit(const char *path, const char *limit);

#endif /* SPMCTL_CGROUP_H */
