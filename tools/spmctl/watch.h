/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SPMCTL_WATCH_H
#define SPMCTL_WATCH_H

#include <stdint.h>

#include "list.h"

enum status watch(uint64_t interval_ms, uint64_t count, const struct list_options *options);

#endif /* SPMCTL_WATCH_H */
