/* SPDX-License-Identifier: GPL-2.0 */
/* What the core asks of users, see struct spm_user */
#ifndef _SPM_USERS_H
#define _SPM_USERS_H

#include <linux/spm.h>

struct folio;
struct spm_turns;

/* Pages that one cgroup gives before it is the next one's turn. */
#define SPM_TURN_PAGES	32UL

int spm_users_writeback(struct folio *folio);
unsigned long spm_users_relieve(int nid, struct spm_turns *turns,
				unsigned long nr, enum spm_relief relief);

#endif /* _SPM_USERS_H */
