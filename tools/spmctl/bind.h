/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SPMCTL_BIND_H
#define SPMCTL_BIND_H

#include "text.h"

enum status bind_device(const char *name, const char *driver);
enum status bind_configured(const char *name);
enum status unbind_device(const char *name);
int load_module(const char *name);

#endif /* SPMCTL_BIND_H */
