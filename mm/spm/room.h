/* SPDX-License-Identifier: GPL-2.0 */
/* Is there room for tasks' pages on SPM nodes? And who wants some */
#ifndef _SPM_ROOM_H
#define _SPM_ROOM_H

#include <linux/minmax.h>
#include <linux/types.h>

struct spm_node;

/*
 * What was full is open again when it has room for so many pages, a huge page, and for
 * this part of all that it may have: 1/128.
 */
#define SPM_REOPEN_PAGES	512UL
#define SPM_REOPEN_SHIFT	7

static inline unsigned long spm_reopen_room(unsigned long all)
{
	return max(all >> SPM_REOPEN_SHIFT, SPM_REOPEN_PAGES);
}

/* A device that says nothing for so long, while reclaim waits for it, is silent. */
#define SPM_ANSWER_TIME	(2 * HZ)

bool spm_takes_tasks(int nid, unsigned long nr);
bool spm_will_take_tasks(int nid, unsigned long nr);
void spm_wait_for_room(int nid, unsigned long nr);
void spm_room_changed(struct spm_node *node);
bool spm_open_to_tasks(int nid);
void spm_want_for_users(int nid);
void spm_want_for_tasks(int nid);
void spm_near_full(int nid);
unsigned long spm_sure_pages(void);
unsigned long spm_room_missing(const struct spm_node *node);
bool spm_short_of_room(const struct spm_node *node);

#endif /* _SPM_ROOM_H */
