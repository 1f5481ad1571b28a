/* SPDX-License-Identifier: GPL-2.0 */
/* Telling the device to forget what was freed */
#ifndef _SPM_TRIM_H
#define _SPM_TRIM_H

#include <linux/types.h>

struct folio;
struct spm_node;

void spm_trim_defer(struct spm_node *node, struct folio *folio);
bool spm_trim(struct spm_node *node);
unsigned int spm_trim_delay_ms(const struct spm_node *node);
void spm_trim_flush(struct spm_node *node);

#endif /* _SPM_TRIM_H */
