/* SPDX-License-Identifier: GPL-2.0 */
/* The workers of each node: they read the device, relieve it, and trim */
#ifndef _SPM_CONTROL_H
#define _SPM_CONTROL_H

struct spm_node;
struct work_struct;

/* Time after which more freed pages are trimmed, while pages are being freed. */
#define SPM_TRIM_DELAY_MS	10
/* How often pages are looked for that are of no more use. */
#define SPM_TIDY_TIME		(HZ / 10)

void spm_control_init(struct spm_node *node);
void spm_control_enable(struct spm_node *node);
void spm_control_disable(struct spm_node *node);
void spm_control_start(struct spm_node *node);
int spm_control_stop(struct spm_node *node);
void spm_control_run(struct spm_node *node);
void spm_control_trim(struct spm_node *node);
void spm_control_wake(struct spm_node *node);
void spm_control_kick(struct spm_node *node);
void spm_control_help(struct work_struct *work);
void spm_control_trim_soon(struct spm_node *node);
void spm_control_tidy_soon(struct spm_node *node);

#endif /* _SPM_CONTROL_H */
