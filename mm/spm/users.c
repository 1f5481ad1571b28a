// SPDX-License-Identifier: GPL-2.0
/*
 * The users of SPM: who keeps pages there, and can move them away
 */
#include <linux/export.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spm.h>

#include "users.h"

/* Guards the list, and keeps users from going away while they move pages. */
static DEFINE_MUTEX(spm_users_mutex);
static LIST_HEAD(spm_users);

/**
 * spm_register_user() - someone is going to keep pages on SPM nodes
 * @user: description, to stay until spm_unregister_user()
 *
 * Context: Process context. May sleep.
 */
void spm_register_user(struct spm_user *user)
{
	guard(mutex)(&spm_users_mutex);
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
	guard(mutex)(&spm_users_mutex);
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

	guard(mutex)(&spm_users_mutex);
	list_for_each_entry(user, &spm_users, list) {
		rc = user->writeback(folio);
		if (rc != -ENOENT)
			break;
	}
	return rc;
}

/**
 * spm_users_relieve() - have users move their coldest pages off a node
 * @nid: the node
 * @nr: how many pages
 * @relief: where to
 *
 * Context: Process context. May sleep.
 * Return: how many were moved.
 */
unsigned long spm_users_relieve(int nid, unsigned long nr, enum spm_relief relief)
{
	struct spm_user *user;
	unsigned long done = 0;

	guard(mutex)(&spm_users_mutex);
	list_for_each_entry(user, &spm_users, list) {
		if (done >= nr)
			break;
		done += user->relieve(nid, nr - done, relief);
	}
	return done;
}
