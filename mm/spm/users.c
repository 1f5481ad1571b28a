// SPDX-License-Identifier: GPL-2.0
/*
 * The users of SPM: who keeps swapped-out pages there, and can move them away
 *
 * When a node or a cgroup has to have fewer pages, cgroups give some in turn, each
 * its coldest ones.
 */
#include <linux/export.h>
#include <linux/memcontrol.h>
#include <linux/rwsem.h>
#include <linux/sched/signal.h>

#include "memcg.h"
#include "stats.h"
#include "users.h"

/*
 * Guards the list, and keeps users from going away while they move pages. Those who have
 * pages moved share it: a node that is slow to be relieved keeps no other one waiting.
 */
static DECLARE_RWSEM(spm_users_sem);
static LIST_HEAD(spm_users);

/**
 * spm_register_user() - someone is going to keep pages on SPM nodes
 * @user: description, to stay until spm_unregister_user()
 *
 * Context: Process context. May sleep.
 */
void spm_register_user(struct spm_user *user)
{
	guard(rwsem_write)(&spm_users_sem);
	list_add(&user->list, &spm_users);
}
EXPORT_SYMBOL_GPL(spm_register_user);

/**
 * spm_unregister_user() - a user has given back all its pages
 * @user: what was registered
 *
 * Context: Process context. May sleep.
 */
void spm_unregister_user(struct spm_user *user)
{
	guard(rwsem_write)(&spm_users_sem);
	list_del(&user->list);
}
EXPORT_SYMBOL_GPL(spm_unregister_user);

/**
 * spm_users_writeback() - have a folio's user move the data off SPM
 * @folio: the folio, with a reference
 *
 * Context: Process context. May sleep.
 * Return: see struct spm_user; -ENOENT if it is nobody's.
 */
int spm_users_writeback(struct folio *folio)
{
	struct spm_user *user;
	int rc = -ENOENT;

	guard(rwsem_read)(&spm_users_sem);
	list_for_each_entry(user, &spm_users, list) {
		rc = user->writeback(folio);
		if (rc != -ENOENT)
			break;
	}
	return rc;
}

/**
 * struct spm_users_request - what users are asked to do
 * @nid: node that pages are to leave
 * @relief: where to
 */
struct spm_users_request {
	int nid;
	enum spm_relief relief;
};

/* One cgroup's turn. */
static unsigned long spm_users_give(struct mem_cgroup *memcg, unsigned long nr,
				    void *arg)
{
	struct spm_users_request *req = arg;
	struct spm_user *user;
	unsigned long done = 0;

	lockdep_assert_held_read(&spm_users_sem);

	/* What an offline cgroup has left is on the lists of the one above it. */
	if (memcg && !mem_cgroup_online(memcg))
		return 0;
	if (req->relief == SPM_WRITE_BACK && !spm_memcg_may_write_back(memcg))
		return 0;
	nr = min(nr, SPM_TURN_PAGES);
	list_for_each_entry(user, &spm_users, list)
		if (done < nr)
			done += user->relieve(req->nid, memcg, nr - done,
					      req->relief);
	return done;
}

/**
 * spm_users_relieve() - have users move their coldest pages off a node
 * @nid: the node
 * @turns: cgroups that these are to belong to
 * @nr: how many pages
 * @relief: where to
 *
 * Context: Process context. May sleep. A signal ends it early.
 * Return: how many were moved.
 */
unsigned long spm_users_relieve(int nid, struct spm_turns *turns,
				unsigned long nr, enum spm_relief relief)
{
	struct spm_users_request req = { .nid = nid, .relief = relief };
	unsigned long done = 0, moved;
	int idle = 0;

	guard(rwsem_read)(&spm_users_sem);
	/* It may begin in the middle: only after two rounds all were asked. */
	while (done < nr && idle < 2 && !signal_pending(current)) {
		moved = spm_turns_go_on(turns, nr - done, spm_users_give, &req);
		idle = moved ? 0 : idle + 1;
		done += moved;
	}
	spm_stat_add_nid(nid, relief == SPM_PROMOTE ? SPM_STAT_PROMOTED :
						      SPM_STAT_WRITTEN_BACK, done);
	return done;
}
