/* SPDX-License-Identifier: GPL-2.0 */
/* Reading what the device tells about itself */
#ifndef _SPM_READING_H
#define _SPM_READING_H

struct spm_node;

void spm_read_device(struct spm_node *node);

#endif /* _SPM_READING_H */
