/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SPMCTL_CHECK_H
#define SPMCTL_CHECK_H

#include "text.h"

enum status check(void);

#endif /* SPMCTL_CHECK_H */
