/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SPMCTL_SWITCH_H
#define SPMCTL_SWITCH_H

#include <stdbool.h>
#include <stdint.h>

#include "text.h"

enum status enable_swap(void);
enum status enable_mapped(void);
enum status enable_configured(void);
enum status disable_swap(const char *zpool);
enum status disable_mapped(void);

int read_bool(const char *file, bool *value);
int swap_space(uint64_t *bytes);

#endif /* SPMCTL_SWITCH_H */
